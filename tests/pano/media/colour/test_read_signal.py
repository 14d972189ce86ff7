"""What a file says about its colours, and what is assumed where it does not."""

from __future__ import annotations

import json

import numpy as np
import pytest
from av.video.frame import VideoFrame
from click.testing import CliRunner

from pano.equirect.planes import PQ
from pano.errors import MediaError
from pano.media import open_media, planes_to_rgb, probe
from pano.media.colour.read_signal import matrix_of, signal_of
from pano.media.colour.signal import MasteringDisplay, VideoSignal
from pano_jobs.cli.main import main
from tests.pano.media.colour.hdr_clips import pq_codes, write_steps
from tests.synthetic import Clip, write_clip

GREYS = pq_codes(np.linspace(0.0, 400.0, 8))
BT709, BT601, BT2020, ICTCP = 1, 6, 9, 14


def test_light_levels_are_read(tmp_path):
    signal = probe(write_steps(tmp_path / "clip.mp4", GREYS, PQ)).signal
    display = signal.mastering
    assert (signal.transfer, signal.primaries, signal.matrix) == (PQ, BT2020, BT2020)
    assert (signal.max_cll_nit, signal.max_fall_nit) == (1000, 400)
    assert display is not None
    assert (display.min_nit, display.max_nit) == pytest.approx((0.005, 1000.0))
    assert display.green == pytest.approx((0.265, 0.69))
    assert display.white == pytest.approx((0.3127, 0.329), abs=1e-4)


def test_info_says_that_a_clip_is_hdr(tmp_path):
    clip = write_steps(tmp_path / "clip.mp4", GREYS, PQ)
    result = CliRunner().invoke(main, ["info", str(clip), "--json"])
    words = json.loads(result.stdout)["dynamic_range"]
    assert words == (
        "HDR (PQ, BT.2020, mastered for 0.005 to 1000 nit, "
        "MaxCLL 1000 nit, MaxFALL 400 nit)"
    )


def test_an_ordinary_clip_is_sdr(tmp_path):
    signal = probe(write_clip(tmp_path / "clip.mp4", Clip(n_pictures=2))).signal
    assert signal.words() == "SDR"
    assert (signal.transfer, signal.primaries) == (BT709, BT709)


@pytest.mark.parametrize(
    ("width_px", "height_px", "matrix"),
    [
        (720, 576, BT601),
        (1152, 576, BT601),
        (1156, 578, BT709),
        (1280, 320, BT709),
        (640, 640, BT709),
    ],
)
def test_untagged_pictures_have_the_matrix_that_players_assume(
    width_px, height_px, matrix
):
    assert matrix_of(VideoFrame(width_px, height_px, "yuv420p")) == matrix


@pytest.mark.parametrize("side_px", [64, 1280])
def test_every_way_to_rgb_takes_the_same_matrix(tmp_path, side_px):
    colour = np.array([200, 40, 90], np.uint8)
    clip = write_clip(
        tmp_path / "clip.mkv",
        Clip(
            width_px=side_px,
            height_px=side_px // 2,
            n_pictures=1,
            paint=lambda _: np.broadcast_to(colour, (side_px // 2, side_px, 3)).copy(),
        ),
    )
    with open_media(clip) as media:
        full = next(iter(media.frames())).image
        scaled = next(iter(media.analysis_frames(height_px=16, width_px=32))).image
        planes = next(iter(media.planar_frames())).planes
    shown = [image.mean(axis=(0, 1)) for image in (full, scaled, planes_to_rgb(planes))]
    assert np.ptp(np.array(shown), axis=0).max() <= 1.0


def test_colours_that_cannot_be_converted_are_refused_at_once(tmp_path):
    clip = write_steps(tmp_path / "clip.mp4", GREYS, PQ, matrix=ICTCP)
    with (
        pytest.raises(MediaError, match=r"number 14 .*export it as BT\.2020"),
        open_media(clip),
    ):
        pass


def test_a_reserved_matrix_says_nothing():
    picture = VideoFrame(64, 32, "yuv420p")
    picture.colorspace = 3
    assert matrix_of(picture) == BT601


def test_hdr_that_says_no_matrix_is_taken_for_bt2020():
    picture = VideoFrame(64, 32, "yuv420p10le")
    picture.color_trc = PQ
    signal = signal_of(picture)
    assert (signal.matrix, signal.primaries, signal.bit_depth) == (BT2020, BT2020, 10)


@pytest.mark.parametrize(
    ("max_cll_nit", "mastered_nit", "peak_nit"),
    [
        (None, None, 1000.0),
        (None, 4000.0, 4000.0),
        (600, 4000.0, 600.0),
        (90, None, 203.0),
        (10_000, None, 4000.0),
    ],
)
def test_the_peak_of_pq_is_what_was_graded_within_reason(
    max_cll_nit, mastered_nit, peak_nit
):
    point = (0.3, 0.3)
    display = None
    if mastered_nit is not None:
        display = MasteringDisplay(point, point, point, point, mastered_nit, 0.005)
    signal = VideoSignal(transfer=PQ, mastering=display, max_cll_nit=max_cll_nit)
    assert signal.light.peak_nit == peak_nit
