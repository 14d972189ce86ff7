"""The `rig` job: film several fixed views of a 360° video at once, with their poses.

The clip is decoded once for all views. The folder gets its name when all of it is
written.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from pano.camera.path import CameraPath
from pano.camera.rig.pose_files import (
    FilmedView,
    colmap_cameras,
    colmap_images,
    transforms_json,
)
from pano.camera.rig.views import RigView
from pano.equirect.planes import Planes
from pano.errors import MediaError
from pano.media import Media, PlanarFrame, StereoLayout, open_media, planes_to_rgb
from pano.media.sound.choice import SoundChoice, SoundOut
from pano.projections.kinds import ProjectionChoice
from pano.rendering.renderer import ViewportRenderer
from pano_jobs.analysis.analysis_pass import file_notes
from pano_jobs.outputs import POSES, StrPath, written_whole_folder
from pano_jobs.overlap import in_order
from pano_jobs.progress import SILENT, Progress
from pano_jobs.results import RigResult
from pano_jobs.settings import MIN_SIDE_PX, EncoderSettings, LensSettings
from pano_jobs.video.picture_choice import PictureChoice
from pano_jobs.video.render_pass import OutputCamera, render_frames
from pano_jobs.video.takes import filmed_clip, size_note

_JPEG_QUALITY = 95
# Of a ring or a cube, where nobody asks for a size: a side that H.264 still takes.
_MAX_SIDE_PX = 4096


def film_rig(
    source: StrPath,
    target: StrPath,
    views: Sequence[RigView],
    *,
    size: tuple[int, int] | None = None,
    pictures: PictureChoice | None = None,
    encoder: EncoderSettings | None = None,
    layout: StereoLayout | None = None,
    stored_projection: ProjectionChoice | None = None,
    sound: SoundChoice | None = None,
    sound_out: SoundOut = "auto",
    overwrite: bool = False,
    progress: Progress = SILENT,
) -> RigResult:
    """Film fixed views of a clip into a folder, with their poses.

    Parameters
    ----------
    target
        The folder; it is written whole or not at all.
    size
        Of every picture; by default square, with the pixels that the clip has in view.
    pictures
        Writes pictures of some frames in place of films of all.

    Raises
    ------
    PanoError
        If the clip cannot be read or the folder cannot be written.
    """
    source, target = Path(source), Path(target)
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(
            written_whole_folder(target, source=source, overwrite=overwrite)
        )
        media = stack.enter_context(
            open_media(source, layout=layout, sound=sound, projection=stored_projection)
        )
        width_px, height_px = size or _own_size(media, views)
        lens = LensSettings(width_px, height_px, encoder=encoder or EncoderSettings())
        paths = [_held(view) for view in views]
        if pictures is None:
            filmed, n_frames = _films(
                media, views, paths, lens, folder, sound_out, progress
            )
        else:
            filmed, n_frames = _pictures(media, views, lens, folder, pictures, progress)
        _write_poses(folder, views, filmed, lens)
        return RigResult(
            source=source,
            target=target,
            views=tuple(view.name for view in views),
            n_frames=n_frames,
            n_files=len(filmed),
            width_px=width_px,
            height_px=height_px,
            notes=_notes(media, views, min(paths, key=_hfov_deg), lens),
        )


def _own_size(media: Media, views: Sequence[RigView]) -> tuple[int, int]:
    """Return a square that has as many pixels as the clip has in the narrowest view."""
    narrowest_deg = min(view.pose.hfov_deg for view in views)
    half_width = LensSettings().lens.half_width(narrowest_deg)
    side_px = 2 * int(filmed_clip(media).px_per_rad * half_width)
    side_px = min(max(side_px, MIN_SIDE_PX), _MAX_SIDE_PX)
    return side_px, side_px


def _held(view: RigView) -> CameraPath:
    """Return a path that never moves."""
    pose = view.pose
    return CameraPath(
        time_s=np.zeros(1),
        yaw_deg=np.array([pose.yaw_deg]),
        pitch_deg=np.array([pose.pitch_deg]),
        roll_deg=np.array([pose.roll_deg]),
        hfov_deg=np.array([pose.hfov_deg]),
        cut=np.zeros(1, np.bool_),
        trust=np.ones(1),
        confidence=np.full(1, np.nan),
    )


def _films(
    media: Media,
    views: Sequence[RigView],
    paths: Sequence[CameraPath],
    lens: LensSettings,
    folder: Path,
    sound_out: SoundOut,
    progress: Progress,
) -> tuple[list[FilmedView], int]:
    filmed = [FilmedView(k, f"{view.name}.mp4") for k, view in enumerate(views)]
    cameras = [
        OutputCamera.prepare(
            media,
            folder / one.file,
            dataclasses.replace(lens, hfov_deg=views[one.view].pose.hfov_deg),
            sound_out=sound_out,
            overwrite=False,
        )
        for one in filmed
    ]
    takes = list(zip(cameras, paths, strict=True))
    return filmed, render_frames(media, takes, progress=progress)


def _pictures(
    media: Media,
    views: Sequence[RigView],
    lens: LensSettings,
    folder: Path,
    choice: PictureChoice,
    progress: Progress,
) -> tuple[list[FilmedView], int]:
    renderer = ViewportRenderer(lens.width_px, lens.height_px, sphere=media.sphere)
    frames = progress.follow(
        media.planar_frames(),
        words="Filming",
        duration_s=media.info.duration_from_header_s,
    )

    def film(frame: PlanarFrame) -> list[Planes]:
        return [renderer.render_planes(frame.planes, view.pose) for view in views]

    for view in views:
        (folder / "images" / view.name).mkdir(parents=True)
    filmed: list[FilmedView] = []
    n_frames = 0
    for frame, seen in in_order(film, choice.chosen(frames)):
        n_frames += 1
        for k, planes in enumerate(seen):
            file = f"images/{views[k].name}/{n_frames:06d}.{choice.format}"
            _write_picture(folder / file, planes)
            filmed.append(FilmedView(k, file, frame.time_s))
    return filmed, n_frames


def _write_picture(target: Path, planes: Planes) -> None:
    options = [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY]
    bgr = np.ascontiguousarray(planes_to_rgb(planes)[..., ::-1])
    is_made, encoded = cv2.imencode(
        target.suffix, bgr, options if target.suffix == ".jpg" else []
    )
    if not is_made:
        raise MediaError(f"{target} cannot be made a picture; choose another --size")
    target.write_bytes(encoded.tobytes())


def _write_poses(
    folder: Path,
    views: Sequence[RigView],
    filmed: Sequence[FilmedView],
    lens: LensSettings,
) -> None:
    """Write nerfstudio's file, and COLMAP's, which name pictures from their folder."""
    width_px, height_px = lens.width_px, lens.height_px
    named = [
        dataclasses.replace(one, file=one.file.removeprefix("images/"))
        for one in filmed
    ]
    texts = {
        POSES: transforms_json(views, filmed, width_px=width_px, height_px=height_px),
        "sparse/0/cameras.txt": colmap_cameras(
            views, width_px=width_px, height_px=height_px
        ),
        "sparse/0/images.txt": colmap_images(views, named),
        "sparse/0/points3D.txt": "",
    }
    (folder / "sparse" / "0").mkdir(parents=True)
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8", newline="")


def _hfov_deg(path: CameraPath) -> float:
    return float(path.hfov_deg[0])


def _notes(
    media: Media, views: Sequence[RigView], narrowest: CameraPath, lens: LensSettings
) -> tuple[str, ...]:
    return (
        *size_note(narrowest, lens, filmed_clip(media)),
        *_unseen_note(media, views),
        *file_notes(media),
    )


def _unseen_note(media: Media, views: Sequence[RigView]) -> tuple[str, ...]:
    """Name the views that look beyond what the clip covers."""
    bounds = media.bounds
    unseen = []
    for view in views:
        direction = view.pose.direction
        across, down = (
            direction.yaw_deg / 360.0 + 0.5,
            0.5 - direction.pitch_deg / 180.0,
        )
        is_across = bounds.left <= across <= 1.0 - bounds.right
        if not (is_across and bounds.top <= down <= 1.0 - bounds.bottom):
            unseen.append(view.name)
    if bounds.is_full or not unseen:
        return ()
    return (
        f"the clip covers part of the sphere only; {', '.join(unseen)} look beyond it",
    )
