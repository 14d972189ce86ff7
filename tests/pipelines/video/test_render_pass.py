"""Several aspects, lenses and the shutter, from one analysis and one decode."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from pano.camera.lens import Lens
from pano.camera.path import CameraPath, PathSource
from pano.errors import NotSphericalError, SettingsError
from pano.media import Media, PlanarFrame, StereoLayout, open_media, probe
from pano_jobs.cli import main
from pano_jobs.settings import (
    DirectSettings,
    EncoderSettings,
    LensSettings,
    PanSettings,
)
from pano_jobs.video.pan import pan
from pano_jobs.video.render import render
from pano_jobs.video.takes import filmed_clip
from tests.fake_localizer import RedLocalizer
from tests.synthetic import Clip, write_clip

LENS = LensSettings(width_px=128, height_px=72)


def mean_picture(path):
    with open_media(path, layout=StereoLayout.MONO) as media:
        return np.mean([frame.image for frame in media.frames()], axis=0)


def test_aspects_are_filmed_from_one_analysis_and_one_decode(
    tmp_path, clip_of_disc, monkeypatch
):
    source = clip_of_disc(lambda _: 60.0)
    passes = []
    decode = Media.planar_frames

    def counted(media: Media) -> Iterator[PlanarFrame]:
        passes.append(1)
        return decode(media)

    monkeypatch.setattr(Media, "planar_frames", counted)
    localizer = RedLocalizer()
    aspects = Fraction(16, 9), Fraction(9, 16), Fraction(1)
    result = pan(
        source,
        tmp_path / "out.mp4",
        PanSettings(lens=LENS, aspects=aspects),
        path_target=tmp_path / "path.json",
        localizer=localizer,
    )
    assert len(passes) == 1
    sizes = {"16x9": (128, 72), "9x16": (72, 128), "1x1": (72, 72)}
    for name, size in sizes.items():
        film = probe(tmp_path / f"out-{name}.mp4")
        assert (film.width_px, film.height_px) == size
        path = CameraPath.load(tmp_path / f"path-{name}.json")
        assert (path.source.width_px, path.source.height_px) == size
    assert result.target == tmp_path / "out-16x9.mp4"
    assert result.others == (tmp_path / "out-9x16.mp4", tmp_path / "out-1x1.mp4")
    assert not (tmp_path / "out.mp4").exists()


def test_every_aspect_shows_the_world_at_the_same_size():
    tall = LENS.with_aspect(Fraction(9, 16))
    assert (tall.width_px, tall.height_px) == (72, 128)
    per_px = [
        np.tan(np.radians(lens.hfov_deg / 2.0)) / lens.width_px for lens in (LENS, tall)
    ]
    assert per_px[0] == pytest.approx(per_px[1])


def test_a_clip_is_opened_again_as_its_path_remembers(tmp_path):
    eye = np.zeros((64, 128, 3), np.uint8)
    image = np.concatenate([eye + 200, eye])
    source = write_clip(
        tmp_path / "a.mp4", Clip(128, 128, n_pictures=2, paint=lambda _: image)
    )
    with open_media(source, layout=StereoLayout.TOP_BOTTOM) as media:
        known = filmed_clip(media)
    for k, name in enumerate(["a.mp4", "another.mp4"]):
        CameraPath(
            time_s=np.zeros(1),
            yaw_deg=np.zeros(1),
            pitch_deg=np.zeros(1),
            roll_deg=np.zeros(1),
            hfov_deg=np.full(1, 90.0),
            cut=np.zeros(1, bool),
            trust=np.ones(1),
            confidence=np.ones(1),
            source=PathSource(name, clip=known),
        ).save(tmp_path / f"{k}.json")
    render(source, tmp_path / "0.json", tmp_path / "out.mp4", LENS)
    np.testing.assert_allclose(mean_picture(tmp_path / "out.mp4"), 200.0, atol=3.0)
    with pytest.raises(NotSphericalError, match="--layout"):
        render(source, tmp_path / "1.json", tmp_path / "other.mp4", LENS)


def test_a_single_aspect_keeps_the_name(tmp_path, clip_of_disc):
    source = clip_of_disc(lambda _: 60.0, duration_s=1.0)
    settings = PanSettings(lens=LENS, aspects=(Fraction(1),))
    pan(source, tmp_path / "out.mp4", settings, localizer=RedLocalizer())
    assert probe(tmp_path / "out.mp4").width_px == 72


def test_the_encoder_gets_its_preset(tmp_path, clip_of_disc):
    source = clip_of_disc(lambda _: 60.0, duration_s=1.0)
    target = tmp_path / "out.mp4"
    lens = LensSettings(
        width_px=128, height_px=72, encoder=EncoderSettings(preset="faster")
    )
    pan(source, target, PanSettings(lens=lens), localizer=RedLocalizer())
    assert b"subme=4" in target.read_bytes()


def test_takes_and_aspects_have_names_of_their_own(tmp_path, clip_of_disc):
    source = clip_of_disc(lambda _: 60.0, duration_s=1.0)
    settings = PanSettings(
        lens=LENS,
        direct=DirectSettings(n_takes=2),
        aspects=(Fraction(16, 9), Fraction(1)),
    )
    result = pan(source, tmp_path / "out.mp4", settings, localizer=RedLocalizer())
    names = [path.name for path in (result.target, *result.others)]
    assert names == [
        "out-16x9.mp4",
        "out-16x9-take2.mp4",
        "out-1x1.mp4",
        "out-1x1-take2.mp4",
    ]
    assert all((tmp_path / name).is_file() for name in names)


def test_a_little_planet_is_planned_filmed_and_filmed_again(tmp_path, clip_of_disc):
    source = clip_of_disc(lambda _: 60.0, duration_s=1.0)
    lens = LensSettings(96, 96, 300.0, Lens.STEREOGRAPHIC)
    pan(
        source,
        tmp_path / "out.mp4",
        PanSettings(lens=lens),
        path_target=tmp_path / "path.json",
        localizer=RedLocalizer(),
    )
    path = CameraPath.load(tmp_path / "path.json")
    assert path.source.lens is Lens.STEREOGRAPHIC
    assert np.all(path.hfov_deg == 300.0)
    render(source, tmp_path / "path.json", tmp_path / "again.mp4", lens)
    again = mean_picture(tmp_path / "again.mp4")
    np.testing.assert_array_equal(again, mean_picture(tmp_path / "out.mp4"))


def test_a_path_is_filmed_again_through_another_lens_and_aspects(
    tmp_path, clip_of_disc
):
    source = clip_of_disc(lambda _: 60.0, duration_s=1.0)
    path_file = tmp_path / "path.json"
    pan(
        source,
        tmp_path / "out.mp4",
        PanSettings(lens=LENS),
        path_target=path_file,
        localizer=RedLocalizer(),
    )
    words = ["render", source, "--path", path_file, "-o", tmp_path / "wide.mp4"]
    options = ["--lens", "pannini", "--hfov", "150", "--size", "128x72"]
    aspects = ["--aspect", "16:9", "--aspect", "4:5", "--shutter", "180"]
    done = CliRunner().invoke(
        main, [str(word) for word in (*words, *options, *aspects)]
    )
    assert done.exit_code == 0, done.output
    assert probe(tmp_path / "wide-16x9.mp4").width_px == 128
    assert probe(tmp_path / "wide-4x5.mp4").height_px == 90
    with pytest.raises(SettingsError, match="--lens"):
        render(source, path_file, tmp_path / "no.mp4", hfov_deg=200.0)


@pytest.mark.parametrize(
    "options", [["--aspect", "wide"], ["--aspect", "16:0"], ["--aspect", "1:1"] * 2]
)
def test_an_aspect_that_is_none_is_wrong_usage(tmp_path, options):
    words = ["pan", "clip.mp4", "-o", str(tmp_path / "out.mp4"), *options]
    assert CliRunner().invoke(main, words).exit_code == 2


def test_a_stabilized_film_of_a_shaken_sphere_holds_still(tmp_path):
    rng = np.random.default_rng(0)
    # Spots of many sizes, the whole sphere thrown about by whole pixels of 0.75°.
    still = rng.integers(0, 256, (30, 60, 3), np.uint8).repeat(8, 0).repeat(8, 1)
    still = cv2.GaussianBlur(np.tile(still, (1, 3, 1)), (0, 0), 3.0)[:, 480:960]
    jolts_px = rng.integers(-2, 3, 30)
    clip = Clip(
        width_px=480,
        height_px=240,
        rate=Fraction(15),
        pixel_format="yuv420p",
        paint=lambda k: np.roll(still, jolts_px[k], axis=1),
    )
    source = write_clip(tmp_path / "clip.mp4", clip)
    path_file = tmp_path / "path.json"
    CameraPath(
        time_s=np.array([0.0]),
        yaw_deg=np.array([10.0]),
        pitch_deg=np.array([0.0]),
        roll_deg=np.array([0.0]),
        hfov_deg=np.array([65.5]),
        cut=np.array([False]),
        trust=np.array([1.0]),
        confidence=np.array([1.0]),
    ).save(path_file)
    changes = {}
    for name, is_stabilized in (("shaken", False), ("stabilized", True)):
        lens = LensSettings(320, 180, is_stabilized=is_stabilized)
        target = tmp_path / f"{name}.mp4"
        render(source, path_file, target, lens)
        with open_media(target, layout=StereoLayout.MONO) as media:
            films = np.array([frame.image[..., 1] for frame in media.frames()], float)
        changes[name] = np.abs(np.diff(films[5:-5], axis=0)).mean()
    assert changes["stabilized"] < 0.5 * changes["shaken"]
