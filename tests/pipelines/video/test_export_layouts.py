"""ffmpeg and melt film every layout, from any start, out of any folder, as we do."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from pano.camera.path import CameraPath, PathSource
from pano.equirect.layouts import FULL_SPHERE, SphereBounds, StereoLayout
from pano.media import (
    SphericalMetadata,
    ffmpeg_program,
    open_media,
    probe,
    write_spherical,
)
from pano.rendering.renderer import ViewportRenderer
from pano.sphere import grid_unit_vectors
from pano_jobs.video.export import export
from pano_jobs.video.takes import filmed_clip
from tests.synthetic import Clip, SoundTrack, click_at, write_clip

N, RATE_HZ = 8, 10
FIRST = 114  # at 10 Hz: the clip begins at 11.4 s
WIDTH_PX, HEIGHT_PX = 192, 108
# 48 and 43 dB are reached; both eyes taken for one sphere leave 16 or less.
FFMPEG_PSNR_DB = 37.0
MELT_PSNR_DB = 32.0

VR180 = SphereBounds(left=0.25, right=0.25)
PART = SphereBounds(left=0.125, right=0.25, top=0.1, bottom=0.2)
LAYOUTS = {
    "mono": (StereoLayout.MONO, FULL_SPHERE),
    "top-bottom": (StereoLayout.TOP_BOTTOM, FULL_SPHERE),
    "side-by-side": (StereoLayout.SIDE_BY_SIDE, FULL_SPHERE),
    "VR180": (StereoLayout.SIDE_BY_SIDE, VR180),
    "part": (StereoLayout.MONO, PART),
}


def sphere(finest: float = 15.0) -> np.ndarray:
    """Draw waves of up to `finest` radians a radian on the sphere."""
    height, width = 240, 480
    units = grid_unit_vectors(height, width)
    rng = np.random.default_rng(0)
    grey = np.full((height, width), 127.0)
    for _ in range(8):
        wave = rng.normal(size=3)
        wave *= rng.uniform(3.0, finest) / np.linalg.norm(wave)
        grey += 14.0 * np.sin(units @ wave + rng.uniform(0.0, 6.28))
    return np.repeat(np.clip(np.round(grey), 0, 255).astype(np.uint8)[..., None], 3, 2)


def clip_of(
    folder: Path,
    layout: StereoLayout,
    bounds: SphereBounds,
    *,
    sound: SoundTrack | None = None,
    finest: float = 15.0,
) -> Path:
    """Draw a clip whose other eye is the negative of the left one."""
    x0, y0, x1, y1 = bounds.rectangle(480, 240)
    eye = sphere(finest)[y0:y1, x0:x1]
    axis = 0 if layout is StereoLayout.TOP_BOTTOM else 1
    eyes = [eye] if layout is StereoLayout.MONO else [eye, 255 - eye]
    image = np.concatenate(eyes, axis)
    clip = write_clip(
        folder / "a clip.mp4",
        Clip(
            width_px=image.shape[1],
            height_px=image.shape[0],
            rate=Fraction(RATE_HZ),
            pts=range(FIRST, FIRST + N),
            paint=lambda _: image,
            sound=sound,
        ),
    )
    write_spherical(clip, SphericalMetadata(layout=layout, bounds=bounds))
    return clip


def path_of(clip: Path) -> CameraPath:
    """Pan and cut, inside what the smallest part of the sphere shows."""
    k = np.arange(N)
    with open_media(clip) as media:
        known = filmed_clip(media)
    return CameraPath(
        time_s=(FIRST + k) / RATE_HZ,
        yaw_deg=np.where(k < 5, -25.0 + 5.0 * k, 20.0),
        pitch_deg=np.full(N, 4.0),
        roll_deg=np.zeros(N),
        hfov_deg=np.full(N, 60.0),
        cut=k == 5,
        trust=np.ones(N),
        confidence=np.ones(N),
        source=PathSource(
            file=clip.name, width_px=WIDTH_PX, height_px=HEIGHT_PX, clip=known
        ),
    )


def exported(tmp_path: Path, clip: Path, format_name: str) -> Path:
    """Save the path beside the clip and export it to another folder."""
    path_of(clip).save(tmp_path / "path.json")
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    result = export(tmp_path / "path.json", folder / "out.mlt", format_name)
    is_larger = ["scale the film" in note for note in result.notes]
    assert is_larger == ([True] if format_name == "mlt" else [])
    return result.target


def worst_psnr_db(film: Path, clip: Path) -> float:
    path = path_of(clip)
    found: list[float] = []
    with (
        open_media(film, layout=StereoLayout.MONO) as theirs,
        open_media(clip) as media,
    ):
        renderer = ViewportRenderer(WIDTH_PX, HEIGHT_PX, sphere=media.sphere)
        pairs = zip(theirs.planar_frames(), media.planar_frames(), strict=True)
        for flat, frame in pairs:
            ours = renderer.render_planes(frame.planes, path.at(frame.time_s))
            size = (WIDTH_PX, HEIGHT_PX)
            shown = cv2.resize(flat.planes.y, size, interpolation=cv2.INTER_AREA)
            error = np.mean((ours.y.astype(float) - shown) ** 2)
            found.append(float(10.0 * np.log10(255.0**2 / (error + 1e-9))))
    return min(found)


def run_first_line(commands: Path) -> Path:
    """Run the command line of a command file, as it stands, in its folder."""
    line = commands.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ")
    words = [str(ffmpeg_program()), *shlex.split(line)[1:]]
    subprocess.run(words, cwd=commands.parent, capture_output=True, check=True)
    return commands.with_name("flat.mp4")


def melted(project: Path) -> Path:
    """Have melt film a project, without loss."""
    film = project.with_name("flat.mkv")
    target = [f"avformat:{film}", "vcodec=ffv1", "an=1", "real_time=-1"]
    words = ["melt", str(project), "-consumer", *target]
    subprocess.run(words, cwd=project.parent, capture_output=True, check=True)
    return film


@pytest.mark.parametrize("name", LAYOUTS)
def test_ffmpeg_films_every_layout_as_we_do(tmp_path, name):
    clip = clip_of(tmp_path, *LAYOUTS[name])
    film = run_first_line(exported(tmp_path, clip, "sendcmd"))
    assert worst_psnr_db(film, clip) >= FFMPEG_PSNR_DB


@pytest.mark.skipif(shutil.which("melt") is None, reason="melt is not installed")
@pytest.mark.parametrize("name", LAYOUTS)
def test_melt_films_every_layout_as_we_do(tmp_path, name):
    clip = clip_of(tmp_path, *LAYOUTS[name])
    film = melted(exported(tmp_path, clip, "mlt"))
    assert worst_psnr_db(film, clip) >= MELT_PSNR_DB


@pytest.mark.skipif(shutil.which("melt") is None, reason="melt is not installed")
def test_melt_keeps_the_detail_of_a_sphere_larger_than_the_film(tmp_path):
    # A project of the film's own size comes to 25 dB.
    clip = clip_of(tmp_path, StereoLayout.MONO, FULL_SPHERE, finest=160.0)
    film = melted(exported(tmp_path, clip, "mlt"))
    assert worst_psnr_db(film, clip) >= MELT_PSNR_DB


def test_a_clip_that_begins_late_becomes_a_film_that_begins_at_0_with_its_sound(
    tmp_path,
):
    sound = SoundTrack(click_at(0.4, 0.8), start_s=FIRST / RATE_HZ)
    clip = clip_of(tmp_path, StereoLayout.MONO, FULL_SPHERE, sound=sound)
    film = run_first_line(exported(tmp_path, clip, "sendcmd"))
    assert probe(film).start_time == 0
    with open_media(film, layout=StereoLayout.MONO) as media:
        heard = media.sound()
    loudest_s = int(np.argmax(np.abs(heard.samples))) / heard.sample_rate_hz
    assert loudest_s == pytest.approx(0.41, abs=0.03)
