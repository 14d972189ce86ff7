"""The `pan` job: an ordinary video that looks where the sound comes from.

Pass 1 turns the clip into a camera path of some kilobytes, pass 2 renders every
full-resolution frame along it. `render` is pass 2 alone, after a hand edit of the
path or with another lens.
"""

from __future__ import annotations

import contextlib
import dataclasses
from pathlib import Path

import numpy as np

from pano.camera import CameraPath, PathSource
from pano.director import Brief, plan_takes
from pano.media import (
    Media,
    MediaWriter,
    StereoLayout,
    open_media,
    planes_to_rgb,
)
from pano.render import ViewportRenderer
from pano.sphere import great_circle_deg, unit_vectors
from pipelines.analyse import Analysis, corrupt_note
from pipelines.heatmap import temporary_maps
from pipelines.localizer import Localizer
from pipelines.maps import MapsWriter, open_maps
from pipelines.outputs import check_output
from pipelines.progress import Progress, SilentProgress
from pipelines.results import PanResult
from pipelines.settings import LensSettings, PanSettings
from pipelines.sheet import ContactSheet, Truth

SILENT = SilentProgress()


def pan(
    source: Path,
    target: Path,
    settings: PanSettings | None = None,
    *,
    path_target: Path | None = None,
    sheet_target: Path | None = None,
    truth: Truth | None = None,
    localizer: Localizer | None = None,
    overwrite: bool = False,
    progress: Progress = SILENT,
) -> PanResult:
    """Turn a 360° video into one that looks where the sound comes from.

    `truth` is drawn on the contact sheet and used for nothing else.

    Raises
    ------
    PanoError, soundloc.errors.SoundlocError
        If the clip cannot be analysed or a result cannot be written.
    """
    settings = settings or PanSettings()
    n_takes = settings.direct.n_takes
    for output in filter(None, (target, path_target)):
        for number in range(1, n_takes + 1):
            check_output(of_take(output, number), source=source, overwrite=overwrite)
    if sheet_target is not None:
        check_output(sheet_target, source=source, overwrite=overwrite)
    with contextlib.ExitStack() as stack:
        layout = settings.localize.layout
        media = stack.enter_context(open_media(source, layout=layout))
        # Made before the long first pass: it refuses a bad target at once.
        writer = _writer(media, target, settings.lens, overwrite=overwrite)
        analysis = Analysis(
            media, settings.localize, localizer=localizer, progress=progress
        )
        sheet = None
        if sheet_target is None:
            paths = _plan(analysis, settings)
        else:
            maps_path = stack.enter_context(temporary_maps(target))
            paths = _plan(analysis, settings, maps_path)
            sheet = ContactSheet.over(open_maps(maps_path), truth=truth)
        described = _source(source, settings)
        paths = tuple(dataclasses.replace(path, source=described) for path in paths)
        if path_target is not None:
            for number, path in enumerate(paths, start=1):
                path.save(of_take(path_target, number))
        n_frames = _film(media, writer, paths[0], settings.lens, sheet, progress)
        if sheet is not None and sheet_target is not None:
            sheet.save(sheet_target)
        result = _result(media, target, paths[0], settings.lens, n_frames)
        others = []
        for number, path in enumerate(paths[1:], start=2):
            others.append(of_take(target, number))
            writer = _writer(media, others[-1], settings.lens, overwrite=overwrite)
            _film(media, writer, path, settings.lens, None, progress)
        return dataclasses.replace(
            result,
            other_takes=tuple(others),
            path=path_target,
            sheet=sheet_target,
            mean_confidence=analysis.mean_confidence,
            notes=analysis.notes() + result.notes,
        )


def render(
    source: Path,
    path_source: Path,
    target: Path,
    lens: LensSettings,
    *,
    hfov_deg: float | None = None,
    layout: StereoLayout | None = None,
    overwrite: bool = False,
    progress: Progress = SILENT,
) -> PanResult:
    """Film a clip again along a saved path; `hfov_deg` replaces the path's lens.

    Raises
    ------
    PanoError
        If the path or the clip cannot be read or the video cannot be written.
    """
    check_output(target, source=source, overwrite=overwrite)
    path = CameraPath.load(path_source)
    if hfov_deg is not None:
        lens_deg = np.full(len(path), hfov_deg)
        path = dataclasses.replace(path, hfov_deg=lens_deg)
    with open_media(source, layout=layout) as media:
        writer = _writer(media, target, lens, overwrite=overwrite)
        n_frames = _film(media, writer, path, lens, None, progress)
        result = _result(media, target, path, lens, n_frames)
    return dataclasses.replace(result, path=path_source)


def of_take(target: Path, number: int) -> Path:
    """Return the name of a take's file, `target` itself for the first."""
    return target if number == 1 else target.with_stem(f"{target.stem}-take{number}")


def turned_deg(path: CameraPath) -> float:
    """Sum the angles the camera turned through, cuts left out."""
    axes = unit_vectors(path.yaw_deg, path.pitch_deg)
    steps_deg = great_circle_deg(axes[1:], axes[:-1])
    return float(np.sum(steps_deg[~path.cut[1:]]))


def _writer(
    media: Media, target: Path, lens: LensSettings, *, overwrite: bool
) -> MediaWriter:
    return MediaWriter(
        target,
        width_px=lens.width_px,
        height_px=lens.height_px,
        frame_rate=media.info.average_frame_rate,
        time_base=media.info.time_base,
        sound_from=media.info.path,
        overwrite=overwrite,
    )


def _film(
    media: Media,
    writer: MediaWriter,
    path: CameraPath,
    lens: LensSettings,
    sheet: ContactSheet | None,
    progress: Progress,
) -> int:
    renderer = ViewportRenderer(lens.width_px, lens.height_px)
    n_frames = 0
    with writer:
        for frame in progress.follow(
            media.planar_frames(),
            words="Filming",
            duration_s=media.info.duration_from_header_s,
        ):
            pose = path.at(frame.time_s)
            view = renderer.render_planes(frame.planes, pose)
            writer.write_planes(view, frame.pts)
            if sheet is not None and sheet.wants(frame.time_s):
                sheet.see(
                    frame.time_s,
                    planes_to_rgb(frame.planes),
                    pose=pose,
                    picture=planes_to_rgb(view),
                )
            n_frames += 1
    return n_frames


def _result(
    media: Media, target: Path, path: CameraPath, lens: LensSettings, n_frames: int
) -> PanResult:
    return PanResult(
        source=media.info.path,
        target=target,
        path=None,
        sheet=None,
        n_frames=n_frames,
        n_corrupt_frames=media.n_corrupt_frames,
        width_px=lens.width_px,
        height_px=lens.height_px,
        turned_deg=turned_deg(path),
        n_cuts=int(np.count_nonzero(path.cut[1:])),
        max_speed_deg_per_s=path.certificate().max_speed_deg_per_s,
        mean_confidence=float(path.confidence.mean()),
        notes=corrupt_note(media.n_corrupt_frames),
    )


def _plan(
    analysis: Analysis, settings: PanSettings, maps_target: Path | None = None
) -> tuple[CameraPath, ...]:
    with contextlib.ExitStack() as stack:
        maps = analysis.maps()
        if maps_target is not None:
            writer = MapsWriter(maps_target, meta=analysis.meta())
            maps = stack.enter_context(writer).passing(maps)
        direct = settings.direct
        brief = Brief(
            director=direct.director,
            motion=direct.motion,
            limits=direct.limits,
            hfov_deg=settings.lens.hfov_deg,
            narrowest_hfov_deg=direct.narrowest_hfov_deg,
            aspect=settings.lens.aspect,
            start=direct.start,
            cuts=direct.cuts,
            wishes=direct.wishes,
        )
        return plan_takes(maps, brief, n_takes=direct.n_takes)


def _source(source: Path, settings: PanSettings) -> PathSource:
    return PathSource(
        file=source.name,
        director=settings.direct.director,
        width_px=settings.lens.width_px,
        height_px=settings.lens.height_px,
    )
