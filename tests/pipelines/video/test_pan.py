from __future__ import annotations

import json
import math

import av
import numpy as np
import pytest

from pano.camera.motion_limits import MotionLimits
from pano.camera.path import CameraPath
from pano.director.wishes import CutRules, Pin, Wishes
from pano.errors import MediaError, NoAudioError, SettingsError
from pano.media import SphericalMetadata, write_spherical
from pano.sphere import Direction, angle_between_deg, wrap_deg
from pano_jobs.settings import (
    DirectSettings,
    LensSettings,
    LocalizeSettings,
    PanSettings,
)
from pano_jobs.video.pan import pan
from pano_jobs.video.render import render
from tests.fake_localizer import RedLocalizer

LENS = LensSettings(width_px=128, height_px=72)
SETTINGS = PanSettings(lens=LENS)
NO_CUTS = CutRules(cost_s=math.inf)
# A source that stands is found to about a cell of the map and a half.
NEAR_DEG = 12.0
# A source that moves may wander in the picture before the camera turns; its border
# is 32.7° from the middle.
IN_VIEW_DEG = 26.0


def pictures(path):
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def sound_packets(path):
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(audio=0) if packet.size]


def redness_column(picture):
    """Return the mean column of what is red, in [-1, 1], or None."""
    values = picture.astype(int)
    red = (values[..., 0] > 150) & (values[..., 1] < 90)
    if not red.any():
        return None
    return 2.0 * float(np.nonzero(red)[1].mean() + 0.5) / picture.shape[1] - 1.0


def test_what_of_the_file_is_not_believed_is_noted(tmp_path, clip_of_disc):
    source, path = clip_of_disc(lambda _: 0.0, duration_s=0.5), tmp_path / "path.json"
    write_spherical(source, SphericalMetadata(pitch_deg=-32768.0))
    panned = pan(
        source,
        tmp_path / "a.mp4",
        SETTINGS,
        path_target=path,
        localizer=RedLocalizer(),
    )
    rendered = render(source, path, tmp_path / "b.mp4", LENS)
    for result in (panned, rendered):
        assert any("pitch -32768°" in note for note in result.notes)


def test_the_camera_ends_up_looking_at_what_sounds(tmp_path, clip_of_disc):
    source = clip_of_disc(lambda _: 100.0, pitch_deg=20.0)
    result = pan(
        source,
        tmp_path / "out.mp4",
        SETTINGS,
        path_target=tmp_path / "path.json",
        localizer=RedLocalizer(),
    )
    pose = CameraPath.load(tmp_path / "path.json").at(2.9)
    assert angle_between_deg(pose.direction, Direction(100.0, 20.0)) < NEAR_DEG
    column = redness_column(pictures(tmp_path / "out.mp4")[-1])
    assert column is not None
    assert abs(column) < 0.4
    assert result.n_frames == len(pictures(tmp_path / "out.mp4")) == 45


def test_a_source_that_crosses_the_seam_is_followed_the_short_way(
    tmp_path, clip_of_disc
):
    source = clip_of_disc(lambda time_s: 150.0 + 10.0 * time_s, duration_s=6.0)
    pan(
        source,
        tmp_path / "out.mp4",
        SETTINGS,
        path_target=tmp_path / "path.json",
        localizer=RedLocalizer(),
    )
    path = CameraPath.load(tmp_path / "path.json")
    for time_s in (2.0, 3.0, 4.0, 5.5):
        off_deg = wrap_deg(path.at(time_s).yaw_deg - (150.0 + 10.0 * time_s))
        assert abs(off_deg) < IN_VIEW_DEG
    late = path.yaw_deg[path.time_s > 2.0]
    assert np.ptp(late) < 60.0
    columns = [redness_column(image) for image in pictures(tmp_path / "out.mp4")[30:]]
    assert all(column is not None and abs(column) < 0.8 for column in columns)


def test_the_sound_is_copied_bit_for_bit(tmp_path, clip_of_disc):
    source = clip_of_disc(lambda _: 0.0)
    pan(source, tmp_path / "out.mp4", SETTINGS, localizer=RedLocalizer())
    assert sound_packets(tmp_path / "out.mp4") == sound_packets(source)


def test_the_speed_limit_is_kept(tmp_path, clip_of_disc):
    source = clip_of_disc(lambda time_s: 0.0 if time_s < 2 else 120.0, duration_s=5.0)
    settings = PanSettings(lens=LENS, direct=DirectSettings(cuts=NO_CUTS))
    result = pan(source, tmp_path / "out.mp4", settings, localizer=RedLocalizer())
    limit = MotionLimits().max_speed_deg_per_s
    assert 0.0 < result.max_speed_deg_per_s <= limit * (1 + 1e-6)


def test_autocam_directs_too(tmp_path, clip_of_disc):
    source = clip_of_disc(lambda _: 40.0, duration_s=6.0)
    settings = PanSettings(lens=LENS, direct=DirectSettings(director="autocam"))
    pan(
        source,
        tmp_path / "out.mp4",
        settings,
        path_target=tmp_path / "path.json",
        localizer=RedLocalizer(),
    )
    pose = CameraPath.load(tmp_path / "path.json").at(3.0)
    # AutoCam's directions lie on a grid of 20°.
    assert angle_between_deg(pose.direction, Direction(40.0, 0.0)) < 21.0


def test_takes_are_filmed_from_one_analysis_beside_each_other(tmp_path, clip_of_disc):
    source = clip_of_disc(lambda _: 40.0)
    settings = PanSettings(lens=LENS, direct=DirectSettings(n_takes=2))
    result = pan(
        source,
        tmp_path / "out.mp4",
        settings,
        path_target=tmp_path / "path.json",
        localizer=RedLocalizer(),
    )
    assert result.others == (tmp_path / "out-take2.mp4",)
    assert len(pictures(tmp_path / "out-take2.mp4")) == result.n_frames
    assert len(CameraPath.load(tmp_path / "path-take2.json")) > 0
    (tmp_path / "out.mp4").unlink()
    with pytest.raises(MediaError, match="out-take2"):
        pan(source, tmp_path / "out.mp4", settings)


def test_wishes_of_the_command_line_reach_the_path(tmp_path, clip_of_disc):
    source = clip_of_disc(lambda _: 40.0)
    wishes = Wishes(pins=(Pin(1.4, Direction(70.0, 0.0)),))
    pan(
        source,
        tmp_path / "out.mp4",
        PanSettings(lens=LENS, direct=DirectSettings(wishes=wishes)),
        path_target=tmp_path / "path.json",
        localizer=RedLocalizer(),
    )
    assert abs(CameraPath.load(tmp_path / "path.json").at(1.4).yaw_deg - 70.0) < 1.0


def test_a_clip_without_sound_is_refused_before_anything_is_written(
    tmp_path, clip_of_disc
):
    source = clip_of_disc(lambda _: 0.0, silent=True)
    with pytest.raises(NoAudioError, match="--no-sound-ok"):
        pan(source, tmp_path / "out.mp4", SETTINGS, localizer=RedLocalizer())
    assert [path.name for path in tmp_path.iterdir()] == ["clip.mp4"]


@pytest.mark.parametrize("director", ["follow", "autocam"])
def test_without_sound_the_camera_may_hold_its_start_view(
    tmp_path, clip_of_disc, director
):
    source = clip_of_disc(lambda _: 100.0, silent=True)
    settings = PanSettings(
        LocalizeSettings(require_sound=False),
        LENS,
        DirectSettings(director=director, start=Direction(30.0, 10.0)),
    )
    result = pan(
        source, tmp_path / "out.mp4", settings, path_target=tmp_path / "path.json"
    )
    path = CameraPath.load(tmp_path / "path.json")
    np.testing.assert_allclose(path.yaw_deg, 30.0, atol=1e-6)
    np.testing.assert_allclose(path.pitch_deg, 10.0, atol=1e-6)
    assert result.notes


def test_sound_that_ends_early_is_said(tmp_path, clip_of_disc):
    source = clip_of_disc(lambda _: 0.0, duration_s=3.0, sound_s=1.0)
    result = pan(source, tmp_path / "out.mp4", SETTINGS, localizer=RedLocalizer())
    assert len([note for note in result.notes if "shorter than" in note]) == 1


def test_an_existing_output_is_kept(tmp_path, clip_of_disc):
    source = clip_of_disc(lambda _: 0.0)
    (tmp_path / "out.mp4").write_text("precious")
    with pytest.raises(MediaError, match="--force"):
        pan(source, tmp_path / "out.mp4", SETTINGS, localizer=RedLocalizer())
    assert (tmp_path / "out.mp4").read_text() == "precious"


def test_an_unknown_container_is_refused_before_the_first_pass(tmp_path, clip_of_disc):
    source = clip_of_disc(lambda _: 0.0)
    localizer = RedLocalizer()
    with pytest.raises(SettingsError, match=r"out\.txt"):
        pan(source, tmp_path / "out.txt", SETTINGS, localizer=localizer)
    assert localizer.track is None


class Interruption:
    """Ctrl-C after some frames of a stage."""

    def __init__(self, words: str) -> None:
        self._words = words

    def follow(self, items, *, words: str, duration_s: float | None):
        for k, item in enumerate(items):
            if words == self._words and k == 10:
                raise KeyboardInterrupt
            yield item


@pytest.mark.parametrize("stage", ["Listening and looking", "Filming"])
def test_an_interruption_leaves_no_half_file(tmp_path, clip_of_disc, stage):
    source = clip_of_disc(lambda _: 0.0)
    with pytest.raises(KeyboardInterrupt):
        pan(
            source,
            tmp_path / "out.mp4",
            SETTINGS,
            sheet_target=tmp_path / "sheet.png",
            localizer=RedLocalizer(),
            progress=Interruption(stage),
        )
    assert [path.name for path in tmp_path.iterdir()] == ["clip.mp4"]


def test_a_saved_path_is_filmed_again_with_another_lens(tmp_path, clip_of_disc):
    source = clip_of_disc(lambda _: -60.0)
    path_file = tmp_path / "path.json"
    pan(
        source,
        tmp_path / "out.mp4",
        SETTINGS,
        path_target=path_file,
        localizer=RedLocalizer(),
    )
    document = json.loads(path_file.read_text())
    for frame in document["frames"]:
        frame["yaw_deg"], frame["pitch_deg"] = -60.0, 0.0
    path_file.write_text(json.dumps(document))
    tall = LensSettings(width_px=72, height_px=128)
    render(source, path_file, tmp_path / "tall.mp4", tall, hfov_deg=40.0)
    first = pictures(tmp_path / "tall.mp4")[0]
    assert first.shape == (128, 72, 3)
    assert abs(redness_column(first)) < 0.1


def test_the_path_file_names_its_source(tmp_path, clip_of_disc):
    source = clip_of_disc(lambda _: 0.0)
    pan(
        source,
        tmp_path / "out.mp4",
        SETTINGS,
        path_target=tmp_path / "path.json",
        localizer=RedLocalizer(),
    )
    document = json.loads((tmp_path / "path.json").read_text())
    assert document["schema"] == "pano.camera-path/2"
    assert document["source"]["file"] == "clip.mp4"
    assert document["source"]["director"] == "follow"
    clip = document["source"]["clip"]
    assert (clip["place"], clip["layout"], clip["start_s"]) == ("clip.mp4", "mono", 0.0)


def test_the_confidence_that_is_told_is_the_localizers(tmp_path, clip_of_disc):
    source, path_file = clip_of_disc(lambda _: 0.0), tmp_path / "path.json"
    doubting = RedLocalizer(confidence=0.05)
    result = pan(
        source,
        tmp_path / "out.mp4",
        SETTINGS,
        path_target=path_file,
        localizer=doubting,
    )
    again = render(source, path_file, tmp_path / "again.mp4", LENS)
    for told in (result, again):
        assert told.mean_confidence == pytest.approx(0.05)
        assert "mean confidence 0.05" in told.words()
    assert any("unsure 100% of the time" in note for note in result.notes)
    assert np.all(CameraPath.load(path_file).trust > 0.3)
    document = json.loads(path_file.read_text())
    document["schema"] = "pano.camera-path/1"
    path_file.write_text(json.dumps(document))
    old = render(source, path_file, tmp_path / "old.mp4", LENS)
    assert "confidence unknown" in old.words()


def test_where_the_clip_itself_cuts_the_camera_is_free(tmp_path, clip_of_disc):
    def place(time_s: float) -> float:
        return -100.0 if time_s < 2.48 else 80.0

    def ground(time_s: float) -> int:
        return 30 if time_s < 2.48 else 90

    source = clip_of_disc(place, duration_s=5.0, rate_hz=25, ground=ground)
    pan(
        source,
        tmp_path / "out.mp4",
        PanSettings(lens=LENS, direct=DirectSettings(cuts=NO_CUTS)),
        path_target=tmp_path / "path.json",
        localizer=RedLocalizer(),
    )
    path = CameraPath.load(tmp_path / "path.json")
    assert path.time_s[path.cut] == pytest.approx([2.48])
    assert abs(wrap_deg(path.at(2.44).yaw_deg + 100.0)) < NEAR_DEG
    assert abs(wrap_deg(path.at(2.48).yaw_deg - 80.0)) < NEAR_DEG
    # No picture shows the new shot in the old view: the disc is in all of them.
    assert all(
        redness_column(one) is not None for one in pictures(tmp_path / "out.mp4")
    )


def test_files_may_be_named_by_text(clip_of_disc, tmp_path) -> None:
    source, target = clip_of_disc(lambda _: 40.0), tmp_path / "flat.mp4"
    path_target = tmp_path / "path.json"
    result = pan(
        str(source),
        str(target),
        path_target=str(path_target),
        localizer=RedLocalizer(),
    )
    assert (result.target, result.path) == (target, path_target)
    again = tmp_path / "again.mp4"
    assert render(str(source), str(path_target), str(again)).target == again
