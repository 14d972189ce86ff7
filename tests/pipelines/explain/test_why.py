from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from pano.camera.path import CameraPath
from pano.errors import MediaError
from pano.saliency_maps.saliency_map import SaliencyMap
from pano.sphere import Direction, cell_solid_angles_sr, grid_unit_vectors
from pano_jobs.explain.map_timeline import STEP_S, MapTimeline
from pano_jobs.explain.why import N_MOMENTS, close_calls, moments_to_show, page_target
from pano_jobs.settings import LensSettings, PanSettings
from pano_jobs.video.pan import pan
from tests.fake_localizer import RedLocalizer
from tests.synthetic import Clip, SoundTrack, sine, write_clip

SHAPE = (30, 60)
RATE_HZ = 10.0


def found(time_s: float, *yaws_deg: float, level_db: float = -20.0) -> SaliencyMap:
    """Draw a map with equal spots at some yaws, uniform without any."""
    units, omega = grid_unit_vectors(*SHAPE), cell_solid_angles_sr(*SHAPE)
    density = np.ones(SHAPE) * (0.01 if yaws_deg else 1.0)
    for yaw_deg in yaws_deg:
        density += np.exp((units @ Direction(yaw_deg, 0.0).unit() - 1.0) / 0.02)
    density /= np.sum(density * omega)
    response = np.zeros(SHAPE, np.float32)
    return SaliencyMap(time_s, density.astype(np.float32), response, 0.9, level_db)


def path_of(n: int, trust: float = 1.0) -> CameraPath:
    return CameraPath(
        time_s=np.arange(n) / RATE_HZ,
        yaw_deg=np.zeros(n),
        pitch_deg=np.zeros(n),
        roll_deg=np.zeros(n),
        hfov_deg=np.full(n, 65.5),
        cut=np.zeros(n, bool),
        trust=np.full(n, trust),
        confidence=np.full(n, 0.05),
    )


def traced(maps) -> MapTimeline:
    timeline = MapTimeline()
    assert len(list(timeline.passing(maps))) > 0
    return timeline


def test_the_trace_hands_every_map_on_and_notes_five_a_second():
    timeline = MapTimeline()
    maps = [found(k / 30.0, 0.0, level_db=-30.0) for k in range(60)]
    assert list(timeline.passing(maps)) == maps
    assert len(timeline.time_s) == pytest.approx(2.0 / STEP_S, abs=1)
    assert timeline.level_db[0] == -30.0
    assert np.argmax(timeline.by_yaw[0]) in (29, 30)
    assert np.sum(timeline.by_pitch[0]) == pytest.approx(1.0, abs=1e-3)


def test_two_places_alike_are_a_close_call_while_the_evidence_counts():
    def maps():
        return (
            found(k / RATE_HZ, *((0.0, 120.0) if k >= 50 else (0.0,)))
            for k in range(100)
        )

    calls = close_calls(traced(maps()), path_of(100))
    times = np.arange(len(calls)) * STEP_S
    np.testing.assert_array_equal(calls, times >= 5.0 - 1e-9)
    assert not close_calls(traced(maps()), path_of(100, trust=0.1)).any()


def test_the_sheet_shows_an_eighth_each_and_close_calls_first():
    maps = (
        found(k / RATE_HZ, *((0.0, 120.0) if 31 <= k < 35 else (0.0,)))
        for k in range(160)
    )
    timeline, path = traced(maps), path_of(160)
    moments = moments_to_show(timeline, path, close_calls(timeline, path))
    assert len(moments) == N_MOMENTS
    assert moments == sorted(moments)
    assert any(3.1 <= moment < 3.5 for moment in moments)


def test_a_clip_shorter_than_the_sheet_is_shown_once_per_moment():
    timeline, path = traced([found(0.0, 0.0)]), path_of(1)
    assert moments_to_show(timeline, path, close_calls(timeline, path)) == [0.0]


def two_discs(tmp_path: Path) -> Path:
    """Paint two red discs 150° apart, the left one slowly growing."""

    def paint(k: int) -> np.ndarray:
        image = np.full((240, 480, 3), 90, np.uint8)
        for x, radius in ((180, 14 + k // 10), (380, 16)):
            cv2.circle(image, (x, 120), radius, (255, 0, 0), -1)
        return image

    clip = Clip(
        width_px=480,
        height_px=240,
        rate=Fraction(15),
        n_pictures=60,
        sound=SoundTrack(sine(4.0)),
        paint=paint,
    )
    return write_clip(tmp_path / "clip.mp4", clip)


def test_pan_draws_the_page_beside_the_video(tmp_path):
    result = pan(
        two_discs(tmp_path),
        tmp_path / "out.mp4",
        PanSettings(lens=LensSettings(128, 72)),
        why_target=tmp_path / "why.png",
        localizer=RedLocalizer(),
    )
    assert result.why == tmp_path / "why.png"
    page = cv2.imread(str(tmp_path / "why.png"))
    assert page.shape[1] == 1760
    # The discs are painted on the spheres, and what was filmed stands beside them.
    red = (page[..., 2] > 200) & (page[..., 1] < 90) & (page[..., 0] < 90)
    assert red.sum() > 2_000


def test_a_picture_that_stays_is_on_page_and_sheet(tmp_path):
    """All moments to show are later than the only picture begins."""
    still = Clip(rate=Fraction(1, 4), n_pictures=1, sound=SoundTrack(sine(4.0)))
    result = pan(
        write_clip(tmp_path / "clip.mp4", still),
        tmp_path / "out.mp4",
        PanSettings(lens=LensSettings(128, 72)),
        why_target=tmp_path / "why.png",
        sheet_target=tmp_path / "sheet.png",
        localizer=RedLocalizer(),
    )
    assert result.n_frames == 1
    assert cv2.imread(str(tmp_path / "why.png")).shape[1] == 1760
    assert cv2.imread(str(tmp_path / "sheet.png")) is not None


def test_the_page_goes_into_a_folder_under_the_clips_name(tmp_path):
    source = Path("concert.mp4")
    assert page_target(tmp_path, source) == tmp_path / "concert-why.png"
    assert page_target(tmp_path / "page.png", source) == tmp_path / "page.png"


def test_a_missing_folder_is_said_before_the_clip_is_analysed(tmp_path):
    localizer = RedLocalizer()
    with pytest.raises(MediaError, match="folder"):
        pan(
            two_discs(tmp_path),
            tmp_path / "out.mp4",
            why_target=page_target(tmp_path / "nowhere", Path("clip.mp4")),
            localizer=localizer,
        )
    assert localizer.track is None
