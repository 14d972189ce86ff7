"""`pano pan --maps`: planned again from kept maps, without an analysis."""

from __future__ import annotations

import dataclasses
import json
import shutil
import subprocess
import sys
from fractions import Fraction

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from pano.camera.path import CameraPath
from pano.director.wishes import CutRules, NeverRegion, Pin, Wishes
from pano.errors import MediaError, SettingsError
from pano.media import StereoLayout
from pano.media.sound.choice import SoundChoice
from pano.sphere import Direction
from pano_jobs.cli import main
from pano_jobs.maps import MapsWriter, open_maps
from pano_jobs.settings import (
    DirectSettings,
    LensSettings,
    LocalizeSettings,
    PanSettings,
)
from pano_jobs.video.pan import pan
from tests.fake_localizer import RedLocalizer
from tests.pipelines.conftest import red_disc
from tests.pipelines.first_version_maps import write_first_version
from tests.pipelines.video.test_pan import pictures
from tests.synthetic import Clip, SoundTrack, sine, write_clip

LENS = LensSettings(width_px=128, height_px=72)
SETTINGS = PanSettings(lens=LENS)
# Maps are kept in 16 bits; so far two filmed clips and the demo kept within 0.004°.
SAME_DEG = 0.01
COLUMNS_DEG = ("yaw_deg", "pitch_deg", "hfov_deg")


class Forbidden(RedLocalizer):
    """A localizer that must not be asked."""

    def hear(self, track, *, sample_rate_hz=22_050):
        raise AssertionError("the clip was listened to again")


@pytest.fixture
def kept(tmp_path, clip_of_disc):
    """Make a clip, pan it, and keep the maps of its analysis."""
    source = clip_of_disc(lambda time_s: -60.0 if time_s < 1.5 else 50.0)
    pan(
        source,
        tmp_path / "first.mp4",
        SETTINGS,
        path_target=tmp_path / "first.json",
        maps_target=tmp_path / "maps.npz",
        localizer=RedLocalizer(),
    )
    return source


def from_maps(source, target, settings=SETTINGS, **changes):
    return pan(
        source,
        target,
        settings,
        maps_source=target.with_name("maps.npz"),
        localizer=Forbidden(),
        **changes,
    )


def assert_same(one: CameraPath, other: CameraPath) -> None:
    np.testing.assert_array_equal(one.time_s, other.time_s)
    np.testing.assert_array_equal(one.cut, other.cut)
    for name in COLUMNS_DEG:
        np.testing.assert_allclose(
            getattr(one, name), getattr(other, name), atol=SAME_DEG, err_msg=name
        )
    for name in ("trust", "confidence"):
        np.testing.assert_allclose(
            getattr(one, name), getattr(other, name), atol=2e-3, err_msg=name
        )


def test_keeping_the_maps_changes_nothing(tmp_path, kept):
    target = tmp_path / "plain.mp4"
    pan(
        kept,
        target,
        SETTINGS,
        path_target=tmp_path / "plain.json",
        localizer=RedLocalizer(),
    )
    plain, first = (tmp_path / name for name in ("plain.json", "first.json"))
    assert plain.read_text() == first.read_text()
    for one, other in zip(
        pictures(target), pictures(tmp_path / "first.mp4"), strict=True
    ):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    "direct",
    [
        DirectSettings(),
        DirectSettings(motion="lively", narrowest_hfov_deg=40.0),
        DirectSettings(
            motion="calm",
            wishes=Wishes(
                pins=(Pin(1.0, Direction(20.0, 5.0)),),
                never=(NeverRegion(Direction(60.0, 0.0), 20.0),),
            ),
        ),
        DirectSettings(director="autocam", start=Direction(37.0, 0.0)),
    ],
)
def test_another_path_is_planned_without_analysing_again(tmp_path, kept, direct):
    settings = PanSettings(lens=LENS, direct=direct)
    again = from_maps(
        kept, tmp_path / "out.mp4", settings, path_target=tmp_path / "out.json"
    )
    fresh = pan(
        kept,
        tmp_path / "fresh.mp4",
        settings,
        path_target=tmp_path / "fresh.json",
        localizer=RedLocalizer(),
    )
    assert_same(*(CameraPath.load(tmp_path / f"{n}.json") for n in ("out", "fresh")))
    assert again.n_frames == fresh.n_frames
    assert again.mean_confidence == pytest.approx(fresh.mean_confidence, abs=1e-3)


def test_takes_aspects_sheet_and_page_come_from_maps_too(tmp_path, kept):
    settings = PanSettings(
        lens=LENS,
        direct=DirectSettings(n_takes=2),
        aspects=(Fraction(16, 9), Fraction(1)),
    )
    before = (tmp_path / "maps.npz").read_bytes()
    result = from_maps(
        kept,
        tmp_path / "out.mp4",
        settings,
        sheet_target=tmp_path / "sheet.png",
        why_target=tmp_path / "why.png",
    )
    assert len(result.others) == 3
    assert all(other.exists() for other in (result.target, *result.others))
    for page in ("sheet.png", "why.png"):
        assert cv2.imread(str(tmp_path / page)).std() > 10
    assert (tmp_path / "maps.npz").read_bytes() == before


def test_where_the_clip_itself_cuts_is_kept(tmp_path, clip_of_disc):
    source = clip_of_disc(
        lambda time_s: -100.0 if time_s < 2.48 else 80.0,
        duration_s=5.0,
        rate_hz=25,
        ground=lambda time_s: 30 if time_s < 2.48 else 90,
    )
    no_cuts = DirectSettings(cuts=CutRules(cost_s=float("inf")))
    settings = PanSettings(lens=LENS, direct=no_cuts)
    pan(
        source,
        tmp_path / "first.mp4",
        settings,
        maps_target=tmp_path / "maps.npz",
        localizer=RedLocalizer(),
    )
    assert open_maps(tmp_path / "maps.npz").source_cuts_s == pytest.approx((2.48,))
    from_maps(source, tmp_path / "out.mp4", settings, path_target=tmp_path / "out.json")
    path = CameraPath.load(tmp_path / "out.json")
    assert path.time_s[path.cut] == pytest.approx([2.48])


def test_what_the_analysis_noted_is_said_again(tmp_path, clip_of_disc):
    source = clip_of_disc(lambda _: 0.0, sound_s=1.0)
    first = pan(
        source,
        tmp_path / "first.mp4",
        SETTINGS,
        maps_target=tmp_path / "maps.npz",
        localizer=RedLocalizer(),
    )
    assert first.notes
    assert from_maps(source, tmp_path / "out.mp4").notes == first.notes


def test_the_layout_that_was_analysed_is_filmed(tmp_path, clip_of_disc):
    source = clip_of_disc(lambda _: 0.0)
    two_eyes = LocalizeSettings(layout=StereoLayout.TOP_BOTTOM)
    pan(
        source,
        tmp_path / "first.mp4",
        PanSettings(two_eyes, LENS),
        maps_target=tmp_path / "maps.npz",
        localizer=RedLocalizer(),
    )
    from_maps(source, tmp_path / "out.mp4")
    for one, other in zip(
        pictures(tmp_path / "out.mp4"), pictures(tmp_path / "first.mp4"), strict=True
    ):
        assert np.abs(one.astype(int) - other).mean() < 1.0


def test_bars_that_were_found_for_the_maps_are_cut_off_again(tmp_path):
    def between_bars(_):
        image = np.zeros((272, 480, 3), np.uint8)
        image[16:-16] = red_disc(30.0, 0.0, 90)
        return image

    boxed = Clip(
        480, 272, n_pictures=12, sound=SoundTrack(sine(0.4)), paint=between_bars
    )
    source = write_clip(tmp_path / "boxed.mp4", boxed)
    pan(
        source,
        tmp_path / "first.mp4",
        SETTINGS,
        maps_target=tmp_path / "maps.npz",
        localizer=RedLocalizer(),
    )
    result = from_maps(source, tmp_path / "out.mp4")
    assert any("black bars of 16 rows" in note for note in result.notes)
    for one, other in zip(
        pictures(tmp_path / "out.mp4"), pictures(tmp_path / "first.mp4"), strict=True
    ):
        assert np.abs(one.astype(int) - other).mean() < 1.0


def test_maps_of_another_clip_are_refused(tmp_path, kept, clip_of_disc):
    renamed = shutil.copy(kept, tmp_path / "other.mp4")
    with pytest.raises(SettingsError, match=r"name was clip\.mp4, not other\.mp4"):
        from_maps(renamed, tmp_path / "out.mp4")
    clip_of_disc(lambda _: 0.0, duration_s=4.0)  # under the same name
    with pytest.raises(SettingsError, match=r"another clip than .*size in bytes was"):
        from_maps(kept, tmp_path / "out.mp4")
    assert not (tmp_path / "out.mp4").exists()


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        (SoundChoice(yaw_deg=40.0), "--sound-yaw 0.0, not 40.0"),
        (SoundChoice(field="fuma"), "--sound-field auto, not fuma"),
        (SoundChoice(track=1), "--sound-track None, not 1"),
    ],
    ids=["yaw", "field", "track"],
)
def test_a_sound_heard_otherwise_than_for_the_maps_is_refused(
    tmp_path, kept, choice, words
):
    settings = dataclasses.replace(SETTINGS, localize=LocalizeSettings(sound=choice))
    with pytest.raises(SettingsError, match=words):
        pan(
            kept,
            tmp_path / "again.mp4",
            settings,
            maps_source=tmp_path / "maps.npz",
            localizer=Forbidden(),
        )
    assert not (tmp_path / "again.mp4").exists()


def test_maps_of_the_first_version_are_refused_with_the_remedy(tmp_path, kept):
    maps = open_maps(tmp_path / "maps.npz")
    write_first_version(tmp_path / "maps.npz", list(maps.each()))
    result = CliRunner().invoke(
        main,
        f"pan {kept} -o {tmp_path}/out.mp4 --maps {tmp_path}/maps.npz".split(),
    )
    assert result.exit_code == 1
    assert "of the first version" in result.stderr
    assert "--save-maps" in result.stderr
    assert result.stderr.count("\n") == 1


def test_maps_that_do_not_say_of_which_clip_they_are_are_refused(tmp_path, kept):
    maps = list(open_maps(tmp_path / "maps.npz").each())
    with MapsWriter(tmp_path / "maps.npz", meta=dict) as writer:
        for found in maps:
            writer.write(found)
    with pytest.raises(MediaError, match="does not say of which clip"):
        from_maps(kept, tmp_path / "out.mp4")


def test_existing_maps_are_kept(tmp_path, kept):
    with pytest.raises(MediaError, match=r"maps\.npz.*--force"):
        pan(
            kept,
            tmp_path / "out.mp4",
            SETTINGS,
            maps_target=tmp_path / "maps.npz",
            localizer=RedLocalizer(),
        )


@pytest.mark.parametrize(
    "option",
    [
        ("--window", "4"),
        ("--visual-rate", "5"),
        ("--motion-gain", "0"),
        ("--layout", "mono"),
        ("--projection", "eac"),
        ("--fov", "200"),
        ("--yaw-offset", "180"),
        ("--checkpoint", "mine.safetensors"),
        ("--compute", "torch"),
        ("--no-sound-ok",),
        ("--save-maps", "more.npz"),
    ],
)
def test_what_would_change_an_analysis_is_wrong_usage_with_maps(option):
    arguments = ["pan", "a.mp4", "-o", "b.mp4", "--maps", "maps.npz", *option]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 2
    assert option[0] in result.stderr
    assert "with --maps" in result.stderr


def test_a_configuration_may_say_how_other_clips_are_analysed(tmp_path, kept):
    (tmp_path / "pano.toml").write_text('window = 8\nsize = "128x72"\n')
    command = (
        f"pan {kept} -o {tmp_path}/out.mp4 --maps {tmp_path}/maps.npz "
        f"--save-path {tmp_path}/out.json --config {tmp_path}/pano.toml --json"
    )
    result = CliRunner().invoke(main, command.split())
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["n_frames"] == 45
    assert_same(*(CameraPath.load(tmp_path / f"{n}.json") for n in ("out", "first")))


def test_planning_from_maps_loads_no_network(tmp_path, kept):
    command = (
        f"pan {kept} -o {tmp_path}/out.mp4 --maps {tmp_path}/maps.npz --size 128x72 "
        f"--why {tmp_path}/why.png --motion calm --quiet"
    )
    code = (
        "import sys; from pano_jobs.cli import main\n"
        f"try: main({command.split()!r})\n"
        "except SystemExit as end: assert end.code == 0, end.code\n"
        "heavy = {'torch', 'openvino', 'soundloc.inference.engine'}\n"
        "loaded = heavy & set(sys.modules)\n"
        "assert not loaded, loaded"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert (tmp_path / "out.mp4").exists()
