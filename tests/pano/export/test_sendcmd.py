"""The command file is rendered by the ffmpeg program itself and compared with ours."""

from __future__ import annotations

import dataclasses
import itertools
import re
import shlex
import subprocess
from fractions import Fraction

import numpy as np
import pytest

from pano.camera.filmed_clip import FilmedClip
from pano.camera.lens import Lens
from pano.camera.path import CameraPath, PathSource
from pano.export.sendcmd import command_line, write_sendcmd
from pano.export.timeline import Timeline
from pano.media import ffmpeg_program, open_media
from pano.rendering.renderer import ViewportRenderer
from pano.sphere import grid_unit_vectors
from tests.synthetic import Clip, write_clip

WIDTH_PX, HEIGHT_PX = 480, 240
SIZE = Timeline(width_px=192, height_px=108, file_name="path.cmd")
RATE_HZ = 10
N = 14
# 44.9 to 49.5 dB are reached; a yaw that is off by 0.1° leaves 43.8, by 0.25° 41.9.
MIN_PSNR_DB = 44.0


def drawn_sphere() -> np.ndarray:
    """Waves in three dimensions, of at least 14° each: no seam, no poles, no edges."""
    units = grid_unit_vectors(HEIGHT_PX, WIDTH_PX)
    rng = np.random.default_rng(0)
    image = np.full((HEIGHT_PX, WIDTH_PX, 3), 127.0)
    for channel in range(3):
        for _ in range(8):
            wave = rng.normal(size=3)
            wave *= rng.uniform(3.0, 25.0) / np.linalg.norm(wave)
            image[..., channel] += 14.0 * np.sin(units @ wave + rng.uniform(0.0, 6.28))
    return np.clip(np.round(image), 0, 255).astype(np.uint8)


def path_of(*, start_s: float = 0.0, **columns) -> CameraPath:
    """Cross the seam, tilt, roll and zoom, and cut once."""
    k = np.arange(N)
    values = {
        "yaw_deg": np.where(k < 9, 160.0 + 5.0 * k, -30.0 - 2.0 * k),
        "pitch_deg": 20.0 * np.sin(k / 4.0),
        "roll_deg": 3.0 * np.cos(k / 3.0),
        "hfov_deg": 65.5 + 1.5 * k,
    }
    return CameraPath(
        time_s=start_s + k / RATE_HZ,
        **(values | columns),
        cut=k == 9,
        trust=np.ones(N),
        confidence=np.ones(N),
        source=PathSource(file="clip.mkv"),
    )


def psnr_db(a: np.ndarray, b: np.ndarray) -> float:
    return 10.0 * np.log10(255.0**2 / np.mean((a.astype(float) - b) ** 2))


def clip_at(tmp_path, *, start_s: float, pixel_format: str = "rgb24"):
    first = round(start_s * RATE_HZ)
    image = drawn_sphere()
    return write_clip(
        tmp_path / "clip.mkv",
        Clip(
            WIDTH_PX,
            HEIGHT_PX,
            rate=Fraction(RATE_HZ),
            pts=range(first, first + N),
            codec="libx264rgb" if pixel_format == "rgb24" else "libx264",
            pixel_format=pixel_format,
            options={"qp": "0", "preset": "ultrafast"},
            paint=lambda k: image,
        ),
    )


def filmed_by_ffmpeg(command: str, folder, *, pixel_format: str = "yuv420p"):
    """Run the command line of the file, as it stands but for where pixels go."""
    words = shlex.split(command)
    words[0] = str(ffmpeg_program())
    graph = words.index("-vf") + 1
    if pixel_format == "rgb24":
        # Without 4:2:0 at either end the geometry alone is compared.
        words[graph] = re.sub(r"^.*?(?=sendcmd)", "format=gbrp,", words[graph])
        words[graph] = words[graph].removesuffix(",format=yuv420p")
    raw = ["-an", "-f", "rawvideo", "-pix_fmt", pixel_format, "-"]
    done = subprocess.run(
        [*words[: graph + 1], *raw], cwd=folder, capture_output=True, check=True
    )
    assert b"Numerical result out of range" not in done.stderr
    return np.frombuffer(done.stdout, np.uint8)


def filmed_by_us(clip, path: CameraPath):
    renderer = ViewportRenderer(SIZE.width_px, SIZE.height_px)
    with open_media(clip) as media:
        for frame in media.frames():
            yield renderer.render(frame.image, path.at(frame.time_s))


def planes_by_us(clip, path: CameraPath):
    renderer = ViewportRenderer(SIZE.width_px, SIZE.height_px)
    with open_media(clip) as media:
        for frame in media.planar_frames():
            yield renderer.render_planes(frame.planes, path.at(frame.time_s))


def command_file(tmp_path, path: CameraPath, size: Timeline = SIZE) -> str:
    text = write_sendcmd(path, size)
    (tmp_path / "path.cmd").write_text(text, encoding="utf-8")
    return text.splitlines()[0].removeprefix("# ")


@pytest.mark.parametrize("start_s", [0.0, 2.0])
def test_ffmpeg_films_what_we_film_across_the_seam_and_a_cut(tmp_path, start_s):
    path = path_of(start_s=start_s)
    command = command_file(tmp_path, path)
    clip = clip_at(tmp_path, start_s=start_s)
    pixels = filmed_by_ffmpeg(command, tmp_path, pixel_format="rgb24")
    theirs = pixels.reshape(-1, SIZE.height_px, SIZE.width_px, 3)
    ours = list(filmed_by_us(clip, path))
    assert len(theirs) == len(ours) == N
    worst = min(psnr_db(a, b) for a, b in zip(ours, theirs, strict=True))
    assert worst >= MIN_PSNR_DB


def test_ffmpeg_films_a_wide_stereographic_view_as_we_do(tmp_path):
    stereographic = Lens.STEREOGRAPHIC
    source = PathSource(file="clip.mkv", lens=stereographic)
    path = dataclasses.replace(
        path_of(), hfov_deg=np.linspace(110.0, 190.0, N), source=source
    )
    size = dataclasses.replace(SIZE, lens=stereographic)
    command = command_file(tmp_path, path, size)
    clip = clip_at(tmp_path, start_s=0.0)
    pixels = filmed_by_ffmpeg(command, tmp_path, pixel_format="rgb24")
    theirs = pixels.reshape(-1, SIZE.height_px, SIZE.width_px, 3)
    # v360 does not average where the view shrinks: neither do we here.
    renderer = ViewportRenderer(
        SIZE.width_px, SIZE.height_px, lens=stereographic, antialias=False
    )
    with open_media(clip) as media:
        for frame, other in zip(media.frames(), theirs, strict=True):
            view = renderer.render(frame.image, path.at(frame.time_s))
            assert psnr_db(view, other) >= MIN_PSNR_DB


def test_ffmpeg_films_strong_chroma_of_4_2_0_as_we_do(tmp_path):
    path = path_of()
    command = command_file(tmp_path, path)
    clip = clip_at(tmp_path, start_s=0.0, pixel_format="yuv420p")
    n_y = SIZE.width_px * SIZE.height_px
    frames = filmed_by_ffmpeg(command, tmp_path).reshape(N, n_y * 3 // 2)
    for ours, theirs in zip(planes_by_us(clip, path), frames, strict=True):
        # The scene's chroma is as strong as its luma.
        assert min(ours.u.std(), ours.v.std()) > 0.5 * ours.y.std()
        parts = np.split(theirs, [n_y, n_y * 5 // 4])
        for plane, part in zip((ours.y, ours.u, ours.v), parts, strict=True):
            assert psnr_db(plane, part.reshape(plane.shape)) >= MIN_PSNR_DB


def test_what_stays_the_same_is_said_once_and_a_still_camera_is_filmed(tmp_path):
    zeros, hfov_deg = np.zeros(N), np.full(N, 65.5)
    still = path_of(yaw_deg=zeros, pitch_deg=zeros, roll_deg=zeros, hfov_deg=hfov_deg)
    command = command_file(tmp_path, still)
    assert "yaw=0:pitch=0:roll=0:h_fov=65.5:v_fov=39.78" in command
    said = commands_of((tmp_path / "path.cmd").read_text())
    assert {text for _, _, text in said} == {"v360 yaw 0"}
    clip_at(tmp_path, start_s=0.0)
    pixels = filmed_by_ffmpeg(command, tmp_path, pixel_format="rgb24")
    assert pixels.size == N * SIZE.height_px * SIZE.width_px * 3


def test_fields_are_woven_and_bars_are_cut_off_before_the_sphere_is_filmed():
    clip = FilmedClip(WIDTH_PX, HEIGHT_PX, black_rows_px=16, is_interlaced=True)
    path = dataclasses.replace(path_of(), source=PathSource(clip=clip))
    words = shlex.split(command_line(path, SIZE))
    filters = words[words.index("-vf") + 1].split(",")
    assert filters[:2] == [
        "bwdif=mode=send_frame:parity=auto:deint=interlaced",
        "crop=480:240:0:16:exact=1",
    ]


def commands_of(text: str) -> list[tuple[float, float | None, str]]:
    """Read the file by ffmpeg's grammar: START[-END] [flags] TARGET COMMAND ARG, …;"""
    found = []
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    for interval in filter(None, " ".join(lines).split(";")):
        span, _, rest = interval.strip().partition(" ")
        start, _, end = span.partition("-")
        for command in re.split(r",\s*(?=\[|v360)", rest):
            assert re.fullmatch(r"(\[expr\] )?v360 [a-z_]+ ('[^']+'|\S+)", command)
            found.append((float(start), float(end) if end else None, command))
    return found


def test_every_yaw_is_within_half_a_turn_however_often_the_camera_goes_round():
    yaw_deg = np.linspace(-1000.0, 1000.0, N)
    for _, _, command in commands_of(write_sendcmd(path_of(yaw_deg=yaw_deg), SIZE)):
        if " yaw " not in command:
            continue
        numbers = re.findall(r"-?\d+\.?\d*", command.split(" yaw ")[1])
        assert all(-180.0 <= float(number) <= 180.0 for number in numbers)


def test_moves_follow_each_other_without_gap_or_overlap():
    spans = sorted({(s, e) for s, e, _ in commands_of(write_sendcmd(path_of(), SIZE))})
    moves = [span for span in spans if span[1] is not None]
    for (_, end_s), (start_s, _) in itertools.pairwise(moves):
        assert start_s == end_s or start_s == pytest.approx(0.9)  # the cut


def test_any_name_survives_the_shell_and_the_filter_graph(tmp_path):
    name = "it's [a], 50%; b:c.cmd"
    size = dataclasses.replace(SIZE, width_px=32, height_px=18, file_name=name)
    text = write_sendcmd(path_of(), size)
    (tmp_path / name).write_text(text, encoding="utf-8")
    clip_at(tmp_path, start_s=0.0)
    assert len(filmed_by_ffmpeg(text.splitlines()[0].removeprefix("# "), tmp_path))


def test_a_line_break_in_a_name_does_not_end_the_comment():
    path = dataclasses.replace(path_of(), source=PathSource(file="a\nb.mp4"))
    assert write_sendcmd(path, SIZE).splitlines()[1].startswith("# A stereo")


def test_a_clip_that_the_path_does_not_know_is_filmed_as_a_mono_sphere_from_its_times():
    command = write_sendcmd(path_of(start_s=2.0), SIZE).splitlines()[0]
    assert not re.search("crop|pad|-output_ts_offset", command)
    assert "in_stereo=tb" in write_sendcmd(path_of(), SIZE).splitlines()[1]
