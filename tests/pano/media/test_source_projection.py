"""Which word counts: the file's, its kind's, or a person's."""

import dataclasses

import pytest

from pano.equirect.layouts import StereoLayout
from pano.errors import NotSphericalError
from pano.media import Projection, SphericalMetadata, open_media, probe
from pano.media.source_projection import choose_layout
from pano.projections.kinds import ProjectionChoice, SourceProjection
from tests.source_matrix import cubemap_boxes
from tests.synthetic import Clip, write_clip

NO_WORD = ProjectionChoice()
MONO, TOP_BOTTOM = StereoLayout.MONO, StereoLayout.TOP_BOTTOM
EQUIRECTANGULAR = SourceProjection.EQUIRECTANGULAR


@pytest.fixture
def info(tmp_path):
    return probe(write_clip(tmp_path / "clip.mp4", Clip(n_pictures=1)))


def saying(info, projection, layout=MONO):
    said = SphericalMetadata(projection=projection, layout=layout)
    return dataclasses.replace(info, spherical=said)


def test_a_mesh_is_refused_whatever_its_eyes(info):
    for layout in (None, MONO):
        with pytest.raises(NotSphericalError, match="sphere as mesh; export it"):
            choose_layout(saying(info, Projection.MESH), layout, NO_WORD)


def test_a_projection_of_no_known_name_needs_a_person(info):
    other = saying(info, Projection.OTHER)
    with pytest.raises(NotSphericalError, match="sphere as other"):
        choose_layout(other, None, NO_WORD)
    assert choose_layout(other, TOP_BOTTOM, NO_WORD) == (TOP_BOTTOM, EQUIRECTANGULAR)
    eac = ProjectionChoice(SourceProjection.EAC)
    assert choose_layout(other, None, eac) == (MONO, SourceProjection.EAC)


def test_eyes_of_no_known_packing_need_a_person(info):
    unknown = saying(info, Projection.EQUIRECTANGULAR, None)
    with pytest.raises(NotSphericalError, match="packs its eyes in a way"):
        choose_layout(unknown, None, NO_WORD)
    assert choose_layout(unknown, MONO, NO_WORD) == (MONO, EQUIRECTANGULAR)


def test_a_row_of_faces_is_told_from_two_rows(info):
    said = saying(info, Projection.CUBEMAP)
    for size, kind in (
        ((96, 16), SourceProjection.CUBEMAP_6X1),
        ((96, 64), SourceProjection.CUBEMAP_3X2),
    ):
        sized = dataclasses.replace(said, width_px=size[0], height_px=size[1])
        assert choose_layout(sized, None, NO_WORD) == (MONO, kind)


def test_a_flat_picture_is_a_sphere_if_a_person_says_so(info):
    flat = dataclasses.replace(info, width_px=64, height_px=48)
    with pytest.raises(NotSphericalError, match="--layout mono"):
        choose_layout(flat, None, NO_WORD)
    assert choose_layout(flat, MONO, NO_WORD) == (MONO, EQUIRECTANGULAR)


def test_faces_without_a_pixel_between_their_padding_are_taken_for_whole(tmp_path):
    path = write_clip(tmp_path / "clip.mp4", Clip(96, 64, n_pictures=2))
    cubemap_boxes(padding_px=128)(path)
    with open_media(path) as media:
        assert media.projection.kind is SourceProjection.CUBEMAP_3X2
        assert next(media.analysis_frames()).image.mean() > 10
        assert "128 pixels around each face" in media.notes[0]
