import struct
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import cast

import av
import numpy as np
import pytest
from av.sidedata.sidedata import SideData, Type

from pano.errors import MediaError
from pano.media import (
    MediaWriter,
    Projection,
    SphereBounds,
    SphericalMetadata,
    StereoLayout,
    convert,
    open_media,
    probe,
    write_spherical,
)
from pano.media.metadata.mp4_boxes import (
    child_boxes,
    children,
    find,
    make_box,
    missing_bytes,
    read_moov,
    top_level_boxes,
    video_track,
)
from pano.media.metadata.spherical_reader import (
    from_side_data,
    parse_v1_xml,
    read_spherical,
)
from tests.synthetic import (
    Clip,
    SoundTrack,
    cut_short,
    picture_index,
    sine,
    write_clip,
)

WITH_SOUND = SoundTrack(sine(1.0))
QUARTER = SphereBounds(left=0.25, top=0.125, right=0.25, bottom=0.375)


def ffmpeg_says(path: Path) -> dict[Type, bytes]:
    """Return what FFmpeg's own demuxer makes of a file's spherical boxes."""
    with av.open(str(path)) as container:
        picture = next(container.decode(video=0))
        # PyAV declares side data as a dict of strings; it is a sequence of buffers.
        entries = cast("Iterable[SideData]", picture.side_data)
        return {data.type: bytes(data) for data in entries}


@pytest.mark.parametrize("movflags", ["", "faststart"])
@pytest.mark.parametrize("name", ["clip.mp4", "clip.mov"])
@pytest.mark.parametrize(
    ("layout", "ffmpeg_number"),
    [
        (StereoLayout.MONO, 0),
        (StereoLayout.SIDE_BY_SIDE, 1),
        (StereoLayout.TOP_BOTTOM, 2),
    ],
)
def test_ffmpeg_recognises_what_is_written(
    tmp_path: Path, name: str, movflags: str, layout: StereoLayout, ffmpeg_number: int
) -> None:
    clip = Clip(sound=WITH_SOUND, movflags=movflags)
    path = write_clip(tmp_path / name, clip)
    write_spherical(path, SphericalMetadata(layout=layout))

    found = ffmpeg_says(path)
    assert struct.unpack_from("=I", found[Type.SPHERICAL]) == (0,)  # equirectangular
    assert struct.unpack_from("=I", found[Type.STEREO3D]) == (ffmpeg_number,)


@pytest.mark.parametrize("movflags", ["", "faststart"])
def test_marking_leaves_pictures_and_sound_as_they_were(
    tmp_path: Path, movflags: str
) -> None:
    # With faststart the index lies before the data: every chunk offset must move.
    path = write_clip(tmp_path / "clip.mp4", Clip(sound=WITH_SOUND, movflags=movflags))

    def packets() -> list[bytes]:
        with av.open(str(path)) as container:
            return [bytes(packet) for packet in container.demux() if packet.size]

    before = packets()
    write_spherical(path, SphericalMetadata())
    assert packets() == before
    with open_media(path) as media:
        shown = [picture_index(frame.image) for frame in media.frames()]
    assert shown == list(range(30))
    assert missing_bytes(path) == 0


def test_ffmpeg_reads_the_same_pose_and_bounds(tmp_path: Path) -> None:
    metadata = SphericalMetadata(
        yaw_deg=-30.5, pitch_deg=10.25, roll_deg=5.0, bounds=QUARTER
    )
    path = write_clip(tmp_path / "clip.mp4", Clip())
    write_spherical(path, metadata)

    kind, yaw, pitch, roll, left, top, right, bottom = struct.unpack_from(
        "=Iiii4I", ffmpeg_says(path)[Type.SPHERICAL]
    )
    assert kind == 2  # a tile of an equirectangular picture
    assert [angle / 65536 for angle in (yaw, pitch, roll)] == [-30.5, 10.25, 5.0]
    edges = [edge / 2**32 for edge in (left, top, right, bottom)]
    assert edges == [0.25, 0.125, 0.25, 0.375]


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    metadata = SphericalMetadata(
        layout=StereoLayout.TOP_BOTTOM,
        yaw_deg=90.0,
        pitch_deg=-5.5,
        roll_deg=1.0,
        bounds=QUARTER,
    )
    path = write_clip(tmp_path / "clip.mp4", Clip())
    write_spherical(path, metadata)
    assert read_spherical(path) == metadata


def v1_of(path: Path) -> SphericalMetadata | None:
    moov = read_moov(path)
    track = video_track(moov)
    assert track is not None
    [box] = [box for box in children(moov, track) if box.kind == b"uuid"]
    return parse_v1_xml(moov[box.payload + 16 : box.end].decode())


def test_v1_says_the_same_as_v2(tmp_path: Path) -> None:
    metadata = SphericalMetadata(layout=StereoLayout.SIDE_BY_SIDE, yaw_deg=12.0)
    path = write_clip(tmp_path / "clip.mp4", Clip())
    write_spherical(path, metadata)
    v1 = v1_of(path)
    assert v1 is not None
    assert (v1.layout, v1.yaw_deg) == (StereoLayout.SIDE_BY_SIDE, 12.0)
    assert v1.source == "V1"


def test_v1_carries_the_crop_in_pixels(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mp4", Clip(64, 32))
    write_spherical(path, SphericalMetadata(bounds=QUARTER))
    v1 = v1_of(path)
    assert v1 is not None
    assert v1.bounds == QUARTER


def test_marking_twice_leaves_one_mark(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mp4", Clip())
    write_spherical(path, SphericalMetadata())
    once = path.read_bytes()
    write_spherical(path, SphericalMetadata(layout=StereoLayout.TOP_BOTTOM))
    assert ffmpeg_says(path)[Type.STEREO3D][:1] == b"\x02"
    write_spherical(path, SphericalMetadata())
    assert path.read_bytes() == once


def test_box_sizes_still_add_up(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mp4", Clip(sound=WITH_SOUND))
    write_spherical(path, SphericalMetadata())
    moov = read_moov(path)
    [root] = child_boxes(moov, 0, len(moov))
    assert list(children(moov, root))[-1].end == len(moov)
    track = video_track(moov)
    assert track is not None
    assert list(children(moov, track))[-1].end == track.end
    chain = find(moov, track, b"mdia", b"minf", b"stbl", b"stsd")
    assert next(iter(children(moov, chain[-1]))).end == chain[-1].end


def test_a_file_without_metadata_has_none(tmp_path: Path) -> None:
    assert read_spherical(write_clip(tmp_path / "clip.mp4", Clip())) is None


def test_v1_survives_spaces_newlines_and_missing_namespaces() -> None:
    text = """<rdf:SphericalVideo>
      <GSpherical:Spherical> true </GSpherical:Spherical>
      <GSpherical:StereoMode>
        top-bottom </GSpherical:StereoMode>
      <GSpherical:ProjectionType>equirectangular</GSpherical:ProjectionType>"""
    found = parse_v1_xml(text)
    assert found is not None
    assert found.layout is StereoLayout.TOP_BOTTOM


def test_v1_that_says_not_spherical_is_none() -> None:
    assert parse_v1_xml("<GSpherical:Spherical>false</GSpherical:Spherical>") is None


def test_v1_with_nonsense_numbers_is_a_full_sphere() -> None:
    found = parse_v1_xml(
        "<GSpherical:Spherical>true</GSpherical:Spherical>"
        "<GSpherical:FullPanoWidthPixels>wide</GSpherical:FullPanoWidthPixels>"
    )
    assert found is not None
    assert found.bounds.is_full


def test_a_mesh_in_v2_gives_way_to_the_crop_in_v1(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mp4", Clip())
    write_spherical(path, SphericalMetadata(bounds=QUARTER))
    data = path.read_bytes()
    path.write_bytes(data.replace(b"equi" + bytes(4), b"mshp" + bytes(4)))
    found = read_spherical(path)
    assert found is not None
    assert found.source == "V1"
    assert found.projection is Projection.EQUIRECTANGULAR
    assert found.bounds == QUARTER


def test_side_data_of_other_containers_are_understood() -> None:
    spherical = struct.pack("=Iiii5I", 0, 65536, 0, -65536, 0, 0, 0, 0, 0)
    stereo = struct.pack("=I8I", 2, *[0] * 8)
    found = from_side_data(spherical, stereo)
    assert found == SphericalMetadata(
        layout=StereoLayout.TOP_BOTTOM, yaw_deg=1.0, roll_deg=-1.0, source="side data"
    )
    assert from_side_data(None, stereo) is None


@pytest.mark.parametrize("name", ["clip.mkv", "clip.webm"])
def test_matroska_says_it_through_side_data(tmp_path: Path, name: str) -> None:
    codec = {".mkv": "libx264", ".webm": "libvpx-vp9"}[Path(name).suffix]
    clip = Clip(n_pictures=3, codec=codec, options={})
    marked = write_clip(tmp_path / "marked.mp4", clip)
    write_spherical(marked, SphericalMetadata(layout=StereoLayout.TOP_BOTTOM))
    # PyAV cannot write it to Matroska, the ffmpeg program copies it there.
    copy = {"c": "copy", "strict": "unofficial"}
    convert(marked, tmp_path / name, output_options=copy)
    found = probe(tmp_path / name).spherical
    assert found is not None
    assert found.source == "side data"
    assert found.layout is StereoLayout.TOP_BOTTOM


def test_side_data_of_a_cubemap_are_named() -> None:
    found = from_side_data(struct.pack("=9I", 1, *[0] * 8), None)
    assert found is not None
    assert found.projection is Projection.CUBEMAP


def test_a_marked_square_video_opens_as_its_left_eye(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mp4", Clip(64, 64, n_pictures=2))
    write_spherical(path, SphericalMetadata(layout=StereoLayout.TOP_BOTTOM))
    with open_media(path) as media:
        assert media.layout is StereoLayout.TOP_BOTTOM
        assert next(media.frames()).image.shape == (32, 64, 3)


def test_a_partial_sphere_is_placed_on_black(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mp4", Clip(64, 32, n_pictures=2))
    write_spherical(path, SphericalMetadata(bounds=QUARTER))
    with open_media(path) as media:
        full = next(media.frames()).image
        small = next(media.analysis_frames(height_px=32, width_px=64)).image
    assert full.shape == (64, 128, 3)
    assert full[8:40, 32:96].min() > 10
    assert small[4:20, 16:48].min() > 10
    assert full[:8].max() == full[40:].max() == full[:, :32].max() == 0
    assert small[:4].max() == small[20:].max() == small[:, 48:].max() == 0


def test_only_equirectangular_is_written(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mp4", Clip(n_pictures=2))
    with pytest.raises(ValueError, match="only equirectangular"):
        write_spherical(path, SphericalMetadata(Projection.CUBEMAP))


def test_a_file_without_a_movie_box_cannot_be_marked(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mkv", Clip(n_pictures=2))
    with pytest.raises(MediaError, match="no movie box"):
        write_spherical(path, SphericalMetadata())


def test_long_boxes_and_boxes_to_the_end_are_walked(tmp_path: Path) -> None:
    path = tmp_path / "boxes"
    long = struct.pack(">I4sQ", 1, b"long", 20) + b"abcd"
    path.write_bytes(
        make_box(b"ftyp", b"1234") + long + struct.pack(">I4s", 0, b"mdat")
    )
    with path.open("rb") as file:
        found = [(box.kind, box.start, box.end) for box in top_level_boxes(file)]
    assert found == [(b"ftyp", 0, 12), (b"long", 12, 32), (b"mdat", 32, 40)]


def test_no_damage_to_the_boxes_is_worse_than_no_metadata(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mp4", Clip(n_pictures=3))
    write_spherical(path, SphericalMetadata(bounds=QUARTER))
    whole = path.read_bytes()
    at_moov = whole.index(b"moov") - 4
    rng = np.random.default_rng(0)
    for _ in range(300):
        data = bytearray(whole)
        for at in rng.integers(at_moov, len(data), 4):
            data[at] = rng.integers(256)
        path.write_bytes(data[: rng.integers(at_moov + 8, len(data) + 1)])
        found = read_spherical(path)
        assert found is None or isinstance(found, SphericalMetadata)
        assert missing_bytes(path) >= 0


def test_missing_bytes_are_counted(tmp_path: Path) -> None:
    whole = write_clip(tmp_path / "whole.mp4", Clip(movflags="faststart"))
    half = cut_short(whole, tmp_path / "half.mp4", share=0.9)
    n_cut = whole.stat().st_size - half.stat().st_size
    assert (missing_bytes(whole), missing_bytes(half)) == (0, n_cut)


def test_a_saliency_video_keeps_sound_and_sphere(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "source.mp4", Clip(sound=WITH_SOUND))
    target = tmp_path / "out.mp4"
    with (
        open_media(source) as media,
        MediaWriter(
            target,
            width_px=64,
            height_px=32,
            frame_rate=media.info.average_frame_rate,
            time_base=media.info.time_base,
            sound_from=source,
            spherical=SphericalMetadata(),
            preset="ultrafast",
        ) as out,
    ):
        for frame in media.frames():
            out.write(frame.image, frame.pts)
    assert Type.SPHERICAL in ffmpeg_says(target)
    info = probe(target)
    assert info.layout() is StereoLayout.MONO
    assert info.audio is not None


def v1_xml(**fields: str) -> str:
    named = {"Spherical": "true", "ProjectionType": "equirectangular", **fields}
    return "".join(
        f"<GSpherical:{name}>{value}</GSpherical:{name}>"
        for name, value in named.items()
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PoseRollDegrees", "inf"),
        ("PosePitchDegrees", "-32768"),
        ("PoseHeadingDegrees", "nan"),
        ("PoseRollDegrees", "1e400"),
    ],
)
def test_a_pose_in_v1_that_no_camera_has_is_ignored_with_a_note(name, value) -> None:
    found = parse_v1_xml(v1_xml(**{name: value}))
    assert found is not None
    assert (found.yaw_deg, found.pitch_deg, found.roll_deg) == (0.0, 0.0, 0.0)
    assert "which is not believed; the camera is taken for level" in found.notes[0]


@pytest.mark.parametrize("full_width", ["1e9", "inf", "nan", "99"])
def test_bounds_in_v1_that_hold_no_picture_are_ignored_with_a_note(full_width) -> None:
    found = parse_v1_xml(
        v1_xml(
            FullPanoWidthPixels=full_width,
            FullPanoHeightPixels="50",
            CroppedAreaImageWidthPixels="100",
            CroppedAreaImageHeightPixels="50",
            CroppedAreaLeftPixels="99",
        )
    )
    assert found is not None
    assert found.bounds.is_full
    assert "bounds that leave nothing of the sphere" in found.notes[0]


def test_a_pose_in_side_data_that_no_camera_has_is_ignored_with_a_note() -> None:
    found = from_side_data(struct.pack("=Iiii5I", 0, 0, -(2**31), 0, *[0] * 5), None)
    assert found is not None
    assert found.pitch_deg == 0.0
    assert "pitch -32768°" in found.notes[0]


def test_a_short_box_behind_a_long_header_is_not_read_beyond_its_end() -> None:
    long = struct.pack(">I4sQ", 1, b"prhd", 24) + bytes(8)
    proj = make_box(b"proj", make_box(b"equi", bytes(20)), long)
    entry = make_box(b"avc1", bytes(78), make_box(b"sv3d", proj))
    stbl = make_box(b"stbl", make_box(b"stsd", bytes(8), entry))
    hdlr = make_box(b"hdlr", bytes(8), b"vide", bytes(13))
    mdia = make_box(b"mdia", hdlr, make_box(b"minf", stbl))
    found = _read(make_box(b"moov", make_box(b"trak", mdia)))
    assert found is not None
    assert found.pitch_deg == 0.0


def _read(moov: bytes) -> SphericalMetadata | None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "boxes.mp4"
        path.write_bytes(moov)
        return read_spherical(path)
