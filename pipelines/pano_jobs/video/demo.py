"""The `demo` job: pan a synthetic clip and measure the error of the camera.

The world is drawn by code, so the truth is known for every frame. The truth is used
for the report and the contact sheet only; the camera never sees it.
"""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from pano.camera.path import CameraPath, CameraPose
from pano.media import Frame, MediaWriter, SphericalMetadata
from pano.media.sound.hearing import choose_hearing
from pano.media.sound.route import SoundRoute
from pano.media.sound.write_sound import write_sound
from pano.media.writing.encoders import suffix_of
from pano.sphere import great_circle_deg
from pano_jobs.analysis.localizer import Localizer
from pano_jobs.outputs import check_output
from pano_jobs.progress import SILENT, Progress
from pano_jobs.results import DemoResult
from pano_jobs.settings import DemoSettings, PanSettings
from pano_jobs.synthetic.world import DrawnWorld, default_world
from pano_jobs.video.pan import pan

SOUND_RATE_HZ = 48_000
_REPORT_RATE_HZ = 10


@dataclass(frozen=True, slots=True)
class DemoFiles:
    """The output files of the demo."""

    clip: Path
    video: Path
    path: Path
    sheet: Path

    @classmethod
    def of(cls, folder: Path, *, suffix: str = ".mp4") -> DemoFiles:
        """Return their names in a folder; a suffix of the film."""
        return cls(
            clip=folder / "demo-360.mp4",
            video=folder / f"demo-nfov{suffix}",
            path=folder / "demo-path.json",
            sheet=folder / "demo-sheet.png",
        )


@dataclass(frozen=True, slots=True)
class Report:
    """The accuracy of a camera path: its angle to the sounding source.

    Parameters
    ----------
    median_angle_deg
        Great-circle angle between the view's centre and the nearest sounding source.
    share_in_view
        Share of the sounding time in which it is inside the picture.
    """

    median_angle_deg: float
    share_in_view: float


def demo(
    folder: Path,
    settings: DemoSettings,
    pan_settings: PanSettings,
    *,
    localizer: Localizer | None = None,
    overwrite: bool = False,
    progress: Progress = SILENT,
) -> DemoResult:
    """Draw a 360° clip, pan it and compare the camera with the truth.

    Raises
    ------
    PanoError, soundloc.errors.SoundlocError
        If a file cannot be written or the localizer cannot be loaded.
    """
    folder.mkdir(parents=True, exist_ok=True)
    suffix = suffix_of(pan_settings.lens.encoder.name)
    files = DemoFiles.of(folder, suffix=suffix)
    for output in (files.clip, files.video, files.path, files.sheet):
        check_output(output, source=None, overwrite=overwrite)
    world = default_world(settings.seed, duration_s=settings.duration_s)
    draw_clip(world, files.clip, settings, overwrite=overwrite, progress=progress)
    result = pan(
        files.clip,
        files.video,
        pan_settings,
        path_target=files.path,
        sheet_target=files.sheet,
        truth=world.truth,
        localizer=localizer,
        overwrite=overwrite,
        progress=progress,
    )
    path = CameraPath.load(files.path)
    found = report(path, world, aspect=pan_settings.lens.aspect)
    still = report(_held(path), world, aspect=pan_settings.lens.aspect)
    return DemoResult(
        clip=files.clip,
        target=files.video,
        path=files.path,
        sheet=files.sheet,
        n_frames=result.n_frames,
        duration_s=settings.duration_s,
        median_angle_deg=found.median_angle_deg,
        share_of_sound_in_view=found.share_in_view,
        share_in_view_if_still=still.share_in_view,
        notes=result.notes,
    )


def draw_clip(
    world: DrawnWorld,
    target: Path,
    settings: DemoSettings,
    *,
    overwrite: bool = False,
    progress: Progress = SILENT,
) -> None:
    """Write a drawn world as a 360° video with its sound field, ambiX."""
    time_base = 1 / Fraction(settings.frame_rate_hz)
    n_frames = round(world.duration_s * settings.frame_rate_hz)

    def frames() -> Iterator[Frame]:
        for k in range(n_frames):
            time_s = float(k * time_base)
            image = world.frame(time_s, width_px=settings.width_px)
            yield Frame(image, k, time_base)

    with tempfile.TemporaryDirectory(prefix=".pano-", dir=target.parent) as beside:
        sound = Path(beside) / "sound.m4a"
        samples = world.sound_field(sample_rate_hz=SOUND_RATE_HZ)
        write_sound(sound, samples, sample_rate_hz=SOUND_RATE_HZ)
        with MediaWriter(
            target,
            width_px=settings.width_px,
            height_px=settings.width_px // 2,
            frame_rate=Fraction(settings.frame_rate_hz),
            time_base=time_base,
            sound_from=sound,
            route=SoundRoute(choose_hearing(sound), is_sphere=True),
            spherical=SphericalMetadata(),
            preset="veryfast",
            overwrite=overwrite,
        ) as writer:
            for frame in progress.follow(
                frames(), words="Drawing", duration_s=world.duration_s
            ):
                writer.write(frame.image, frame.pts)


def report(path: CameraPath, world: DrawnWorld, *, aspect: float) -> Report:
    """Compare a camera path with the truth, at the times at which something sounds."""
    angles_deg: list[float] = []
    n_seen = 0
    for k in range(round(world.duration_s * _REPORT_RATE_HZ)):
        time_s = k / _REPORT_RATE_HZ
        truths = [direction.unit() for direction in world.truth(time_s)]
        if not truths:
            continue
        pose = path.at(time_s)
        units = np.stack(truths)
        off_deg = great_circle_deg(units, pose.direction.unit())
        angles_deg.append(float(np.min(off_deg)))
        n_seen += bool(np.any(pose.sees(units, aspect=aspect, lens=path.source.lens)))
    if not angles_deg:
        raise ValueError("nothing sounds in this world")
    return Report(float(np.median(angles_deg)), n_seen / len(angles_deg))


def _held(path: CameraPath) -> CameraPath:
    """Return a camera that stays as `path` begins."""
    first: CameraPose = path.at(float(path.time_s[0]))
    n = len(path)
    return dataclasses.replace(
        path,
        yaw_deg=np.full(n, first.yaw_deg),
        pitch_deg=np.full(n, first.pitch_deg),
        cut=np.zeros(n, dtype=np.bool_),
    )
