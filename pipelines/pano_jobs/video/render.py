"""The `render` job: render a 360° video along a saved camera path.

For a path that was edited by hand, or another lens or picture size. It is pass 2 of
`pan` alone.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np

from pano.camera.filmed_clip import FilmedClip
from pano.camera.horizon import Tilt
from pano.camera.lens import Lens
from pano.camera.path import CameraPath
from pano.media import Media, StereoLayout, open_media, probe
from pano.media.cameras.chapters import chapters_of
from pano.media.sound.choice import SoundChoice, SoundOut
from pano.projections.kinds import ProjectionChoice
from pano.sphere import great_circle_deg, unit_vectors
from pano_jobs.analysis.analysis_pass import file_notes
from pano_jobs.outputs import StrPath, check_output
from pano_jobs.progress import SILENT, Progress
from pano_jobs.results import PanResult
from pano_jobs.settings import LensSettings
from pano_jobs.video.leveling import Leveling, choose_leveling
from pano_jobs.video.render_pass import OutputCamera, render_frames
from pano_jobs.video.takes import (
    filmed_clip,
    magnified,
    of_aspect,
    size_note,
    with_lens,
)


def render(
    source: StrPath,
    path_source: StrPath,
    target: StrPath,
    lens: LensSettings | None = None,
    *,
    hfov_deg: float | None = None,
    projection: Lens | None = None,
    aspects: Sequence[Fraction] = (),
    layout: StereoLayout | None = None,
    stored_projection: ProjectionChoice | None = None,
    sound: SoundChoice | None = None,
    sound_out: SoundOut = "auto",
    overwrite: bool = False,
    progress: Progress = SILENT,
) -> PanResult:
    """Render a clip again along a saved path.

    Parameters
    ----------
    hfov_deg, projection
        Replace the path's own field of view and lens.
    layout
        How the clip's eyes are packed; ``None`` is what the path remembers of this
        clip, or else the file's word.
    stored_projection
        How each eye of the clip holds the sphere; ``None`` likewise.
    aspects
        Films as many videos at once, the path's magnification in each.
    sound, sound_out
        Which sound track is heard, and what becomes of a field in it.

    Raises
    ------
    PanoError
        If the path or the clip cannot be read or the video cannot be written.
    """
    source, path_source, target = Path(source), Path(path_source), Path(target)
    lens = lens or LensSettings()
    path = with_lens(CameraPath.load(path_source), hfov_deg, projection)
    layout, stored_projection = remembered_packing(
        path, source, layout, stored_projection
    )
    wide = dataclasses.replace(
        lens, lens=path.source.lens, hfov_deg=float(path.hfov_deg[0])
    )
    lenses = [wide.with_aspect(aspect) for aspect in aspects] or [wide]
    targets = [of_aspect(target, one, lenses) for one in lenses]
    for output in targets:
        check_output(output, source=source, overwrite=overwrite)
    with open_media(
        source, layout=layout, sound=sound, projection=stored_projection
    ) as media:
        leveling = Leveling()
        if lens.level != "auto":  # the path was levelled when it was planned
            leveling = choose_leveling(lens.level, media.info, Tilt())
        path = leveling.tilt.level(path)
        takes = [
            (
                OutputCamera.prepare(
                    media, name, one, sound_out=sound_out, overwrite=overwrite
                ),
                magnified(path, wide, one),
            )
            for name, one in zip(targets, lenses, strict=True)
        ]
        n_frames = render_frames(media, takes, progress=progress)
        result = video_result(media, takes[0], n_frames)
    others = tuple(camera.target for camera, _ in takes[1:])
    return dataclasses.replace(
        result,
        path=path_source,
        others=others,
        notes=leveling.notes + result.notes,
    )


def remembered_packing(
    path: CameraPath,
    source: Path,
    layout: StereoLayout | None,
    stored_projection: ProjectionChoice | None,
) -> tuple[StereoLayout | None, ProjectionChoice | None]:
    """Return how to open a clip: as it is said, else as its path remembers it."""
    remembered = _remembered(path, source)
    if remembered is None:
        return layout, stored_projection
    if stored_projection in (None, ProjectionChoice()):
        stored_projection = remembered.projection
    return layout or _packing(remembered, source), stored_projection


def _remembered(path: CameraPath, source: Path) -> FilmedClip | None:
    """Return how the clip was opened when its path was planned."""
    clip = path.source.clip
    if clip is None or path.source.file != chapters_of(source)[0].name:
        return None
    return clip


def _packing(remembered: FilmedClip, source: Path) -> StereoLayout | None:
    """Return the remembered layout where the file might say another.

    One eye is what a file without a word is taken for; to say so would keep it from
    being looked at for black bars.
    """
    if remembered.layout is not StereoLayout.MONO:
        return remembered.layout
    return (
        None
        if probe(source).layout() in (None, remembered.layout)
        else remembered.layout
    )


def turned_deg(path: CameraPath) -> float:
    """Sum the angles the camera turned through, cuts left out."""
    axes = unit_vectors(path.yaw_deg, path.pitch_deg)
    steps_deg = great_circle_deg(axes[1:], axes[:-1])
    return float(np.sum(steps_deg[~path.cut[1:]]))


def video_result(
    media: Media, take: tuple[OutputCamera, CameraPath], n_frames: int
) -> PanResult:
    """Describe the first of the videos that were rendered."""
    camera, path = take
    return PanResult(
        source=media.info.path,
        target=camera.target,
        path=None,
        sheet=None,
        n_frames=n_frames,
        n_corrupt_frames=media.n_corrupt_frames,
        width_px=camera.lens.width_px,
        height_px=camera.lens.height_px,
        turned_deg=turned_deg(path),
        n_cuts=int(np.count_nonzero(path.cut[1:])),
        max_speed_deg_per_s=path.certificate().max_speed_deg_per_s,
        mean_confidence=float(path.confidence.mean()),
        notes=(
            *camera.writer.notes,
            *size_note(path, camera.lens, filmed_clip(media)),
            *file_notes(media),
        ),
    )
