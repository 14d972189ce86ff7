"""Pass 2 of `pan` and `render`: render every full-resolution frame along its paths.

However many videos are made of a clip – takes, aspects – it is decoded once.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from pano.ambisonics.turning import AxesAt
from pano.camera.motion_blur import poses_while_open
from pano.camera.path import CameraPath
from pano.camera.pose import CameraPose
from pano.camera.stabilize import Shake, measure_shake
from pano.equirect.planes import Planes
from pano.media import Media, MediaWriter, PlanarFrame, planes_to_rgb
from pano.media.frames import ASSUMED_RATE_HZ
from pano.media.sound.choice import SoundOut
from pano.media.sound.route import check_sound_out
from pano.rendering.renderer import ViewportRenderer
from pano_jobs.overlap import in_order
from pano_jobs.progress import Progress
from pano_jobs.settings import LensSettings

FloatArray = NDArray[np.float64]


@runtime_checkable
class FrameObserver(Protocol):
    """Gets some of the rendered frames as pictures, such as a contact sheet."""

    def wants(self, time_s: float) -> bool:
        """Tell whether the frame of this time is wanted."""
        ...

    def see(
        self,
        time_s: float,
        image: NDArray[np.uint8],
        *,
        pose: CameraPose,
        picture: NDArray[np.uint8],
    ) -> None:
        """Take the sphere, RGB, and the view that was rendered of it."""
        ...


@runtime_checkable
class FilmTakes(Protocol):
    """Makes the films of all cameras along their paths, or leaves it for later."""

    def __call__(
        self,
        media: Media,
        takes: Sequence[tuple[OutputCamera, CameraPath]],
        *,
        observers: Sequence[FrameObserver],
        progress: Progress,
    ) -> int:
        """Return the number of frames that observers saw the first camera film."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class OutputCamera:
    """One output video of the render pass: its lens and its writer.

    Its path is known later than the file is opened, which refuses a bad target before
    the long first pass.
    """

    target: Path
    lens: LensSettings
    writer: MediaWriter

    @classmethod
    def prepare(
        cls,
        media: Media,
        target: Path,
        lens: LensSettings,
        *,
        sound_out: SoundOut = "auto",
        is_part: bool = False,
        overwrite: bool,
    ) -> OutputCamera:
        """Check the target and the encoder; nothing is written yet.

        Parameters
        ----------
        is_part
            Whether it is a part of a film: pictures and nothing else.

        Raises
        ------
        PanoError
            If the target or the encoder cannot be used, or there is no sound field
            for `sound_out`.
        """
        sound_from, route = None, None
        if not is_part:
            sound_from, route = media.clip_sound.written(sound_out)
            check_sound_out(sound_out, route.hearing)
        writer = MediaWriter(
            target,
            width_px=lens.width_px,
            height_px=lens.height_px,
            frame_rate=media.info.average_frame_rate,
            time_base=media.info.time_base,
            sound_from=sound_from,
            said_by=None if is_part else media.info.path,
            route=route,
            encoder=lens.encoder.name,
            preset=lens.encoder.preset,
            source_signal=media.info.signal,
            dynamic_range=lens.encoder.dynamic_range,
            overwrite=overwrite,
        )
        return cls(target, lens, writer)


def render_frames(
    media: Media,
    takes: Sequence[tuple[OutputCamera, CameraPath]],
    *,
    observers: Sequence[FrameObserver] = (),
    frames: Iterable[PlanarFrame] | None = None,
    shake: Shake | None = None,
    progress: Progress,
) -> int:
    """Render a clip by every camera along its path, and return the number of frames.

    Observers see what the first camera does.

    Parameters
    ----------
    frames
        Those of the clip that are filmed; None for all.
    shake
        Of the clip, where it was measured before.
    """
    renderers = [_renderer(media, camera, path) for camera, path in takes]
    rate_hz = media.info.average_frame_rate or ASSUMED_RATE_HZ
    shake = shake or shake_of(media, takes, progress)
    for camera, path in takes:
        camera.writer.turn_sound(axes_along(path, shake))

    def film(frame: PlanarFrame) -> list[Planes]:
        views = []
        for (camera, path), renderer in zip(takes, renderers, strict=True):
            poses = _poses(path, frame.time_s, camera.lens, float(1 / rate_hz))
            poses = [_steady(pose, frame.time_s, shake) for pose in poses]
            views.append(renderer.expose_planes(frame.planes, poses))
        return views

    n_frames = 0
    with contextlib.ExitStack() as stack:
        for camera, _ in takes:
            stack.enter_context(camera.writer)
        followed = progress.follow(
            media.planar_frames() if frames is None else frames,
            words="Filming",
            duration_s=media.info.duration_from_header_s,
        )
        for frame, views in in_order(film, followed):
            for (camera, _), view in zip(takes, views, strict=True):
                camera.writer.write_planes(view, frame.pts)
            pose = _steady(takes[0][1].at(frame.time_s), frame.time_s, shake)
            _show(observers, media, frame, views[0], pose)
            n_frames += 1
    return n_frames


def shake_of(
    media: Media,
    takes: Sequence[tuple[OutputCamera, CameraPath]],
    progress: Progress,
) -> Shake | None:
    """Measure a clip's shake in a pass of its own, if a camera is to be rid of it."""
    if not any(camera.lens.is_stabilized for camera, _ in takes):
        return None
    frames = progress.follow(
        media.planar_frames(),
        words="Looking for shake",
        duration_s=media.info.duration_from_header_s,
    )
    return measure_shake((frame.time_s, media.equirect_luma(frame)) for frame in frames)


def show_stills(
    media: Media,
    take: tuple[OutputCamera, CameraPath],
    observers: Sequence[FrameObserver],
    frames: Iterable[PlanarFrame],
    shake: Shake | None,
) -> None:
    """Show frames of a clip to observers, as `render_frames` would."""
    camera, path = take
    renderer = _renderer(media, camera, path)
    rate_hz = media.info.average_frame_rate or ASSUMED_RATE_HZ
    for frame in frames:
        poses = _poses(path, frame.time_s, camera.lens, float(1 / rate_hz))
        poses = [_steady(pose, frame.time_s, shake) for pose in poses]
        view = renderer.expose_planes(frame.planes, poses)
        pose = _steady(path.at(frame.time_s), frame.time_s, shake)
        _show(observers, media, frame, view, pose)


def _renderer(media: Media, camera: OutputCamera, path: CameraPath) -> ViewportRenderer:
    return ViewportRenderer(
        camera.lens.width_px,
        camera.lens.height_px,
        lens=path.source.lens,
        sphere=media.sphere,
    )


def axes_along(path: CameraPath, shake: Shake | None) -> AxesAt:
    """Return what tells how the film's camera stands, for the sound to turn with."""

    def axes_at(time_s: float) -> FloatArray:
        return _steady(path.at(time_s), time_s, shake).axes()

    return axes_at


def _steady(pose: CameraPose, time_s: float, shake: Shake | None) -> CameraPose:
    return pose if shake is None else shake.stabilized(pose, time_s)


def _poses(
    path: CameraPath, time_s: float, lens: LensSettings, frame_s: float
) -> list[CameraPose]:
    if lens.shutter_deg == 0.0:
        return [path.at(time_s)]
    exposure_s = frame_s * lens.shutter_deg / 360.0
    return poses_while_open(path, time_s, exposure_s, width_px=lens.width_px)


def _show(
    observers: Sequence[FrameObserver],
    media: Media,
    frame: PlanarFrame,
    view: Planes,
    pose: CameraPose,
) -> None:
    wanting = [observer for observer in observers if observer.wants(frame.time_s)]
    if not wanting:
        return
    image, picture = media.equirect(frame), planes_to_rgb(view)
    for observer in wanting:
        observer.see(frame.time_s, image, pose=pose, picture=picture)
