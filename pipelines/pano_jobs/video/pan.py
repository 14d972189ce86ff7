"""The `pan` job: an ordinary video that looks where the sound comes from.

Pass 1 turns the clip into a camera path of some kilobytes, pass 2 renders every
full-resolution frame along it. `render` is pass 2 alone, after a hand edit of the
path or with another lens.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np

from pano.camera.horizon import Tilt
from pano.camera.lens import Lens
from pano.camera.path import CameraPath
from pano.director.evidence import gather
from pano.director.plan import takes_from
from pano.media import Media, StereoLayout, open_media
from pano.sphere import great_circle_deg, unit_vectors
from pano_jobs.analysis.analysis_pass import Analysis, corrupt_note
from pano_jobs.analysis.localizer import Localizer
from pano_jobs.explain.contact_sheet import ContactSheet, Truth
from pano_jobs.explain.map_timeline import Trace
from pano_jobs.explain.why import WhyPage
from pano_jobs.maps import MapsWriter, open_maps
from pano_jobs.outputs import check_output
from pano_jobs.progress import Progress, SilentProgress
from pano_jobs.results import PanResult
from pano_jobs.settings import LensSettings, PanSettings
from pano_jobs.video.heat_map import temporary_maps
from pano_jobs.video.render_pass import Camera, film
from pano_jobs.video.takes import (
    brief,
    described,
    each_take,
    lenses_of,
    magnified,
    named,
    of_aspect,
    with_lens,
)

SILENT = SilentProgress()


def pan(
    source: Path,
    target: Path,
    settings: PanSettings | None = None,
    *,
    path_target: Path | None = None,
    sheet_target: Path | None = None,
    why_target: Path | None = None,
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
    lenses = lenses_of(settings)
    targets = named(target, settings, lenses)
    path_targets = [] if path_target is None else named(path_target, settings, lenses)
    for output in filter(None, (*targets, *path_targets, sheet_target, why_target)):
        check_output(output, source=source, overwrite=overwrite)
    with contextlib.ExitStack() as stack:
        media = stack.enter_context(open_media(source, layout=settings.localize.layout))
        # Loaded before the long first pass: it refuses a bad target at once.
        cameras = [
            Camera.loaded(media, name, lens, overwrite=overwrite)
            for name, lens in zip(targets, each_take(lenses, settings), strict=True)
        ]
        analysis = Analysis(
            media, settings.localize, localizer=localizer, progress=progress
        )
        maps_path, trace = None, Trace()
        if sheet_target is not None or why_target is not None:
            maps_path = stack.enter_context(temporary_maps(target))
        tilt = _tilt(media, settings.lens)
        paths = [
            tilt.levelled(path)
            for path in _plan(
                analysis, settings, lenses, trace, maps_path, source=source
            )
        ]
        for path, name in zip(paths, path_targets, strict=False):
            path.save(name)
        pages: dict[Path, ContactSheet | WhyPage] = {}
        if maps_path is not None:
            maps, lens = open_maps(maps_path), paths[0].source.lens
            if sheet_target is not None:
                sheet = ContactSheet.over(maps, truth=truth, lens=lens)
                pages[sheet_target] = sheet
            if why_target is not None:
                pages[why_target] = WhyPage(trace, maps, paths[0])
        takes = list(zip(cameras, paths, strict=True))
        watchers = list(pages.values())
        n_frames = film(media, takes, watchers=watchers, progress=progress)
        for name, page in pages.items():
            page.save(name)
        return dataclasses.replace(
            _result(media, takes[0], n_frames),
            others=tuple(camera.target for camera, _ in takes[1:]),
            path=path_target,
            sheet=sheet_target,
            why=why_target,
            mean_confidence=analysis.mean_confidence,
            notes=analysis.notes() + corrupt_note(media.n_corrupt_frames),
        )


def render(
    source: Path,
    path_source: Path,
    target: Path,
    lens: LensSettings | None = None,
    *,
    hfov_deg: float | None = None,
    projection: Lens | None = None,
    aspects: Sequence[Fraction] = (),
    layout: StereoLayout | None = None,
    overwrite: bool = False,
    progress: Progress = SILENT,
) -> PanResult:
    """Film a clip again along a saved path.

    Parameters
    ----------
    hfov_deg, projection
        Replace the path's own field of view and lens.
    aspects
        Films as many videos at once, the path's magnification in each.

    Raises
    ------
    PanoError
        If the path or the clip cannot be read or the video cannot be written.
    """
    lens = lens or LensSettings()
    path = with_lens(CameraPath.load(path_source), hfov_deg, projection)
    if lens.tilt is not None:
        path = lens.tilt.levelled(path)
    wide = dataclasses.replace(
        lens, lens=path.source.lens, hfov_deg=float(path.hfov_deg[0])
    )
    lenses = [wide.with_aspect(aspect) for aspect in aspects] or [wide]
    targets = [of_aspect(target, one, lenses) for one in lenses]
    for output in targets:
        check_output(output, source=source, overwrite=overwrite)
    with open_media(source, layout=layout) as media:
        takes = [
            (
                Camera.loaded(media, name, one, overwrite=overwrite),
                magnified(path, wide, one),
            )
            for name, one in zip(targets, lenses, strict=True)
        ]
        n_frames = film(media, takes, progress=progress)
        result = _result(media, takes[0], n_frames)
    others = tuple(camera.target for camera, _ in takes[1:])
    return dataclasses.replace(result, path=path_source, others=others)


def turned_deg(path: CameraPath) -> float:
    """Sum the angles the camera turned through, cuts left out."""
    axes = unit_vectors(path.yaw_deg, path.pitch_deg)
    steps_deg = great_circle_deg(axes[1:], axes[:-1])
    return float(np.sum(steps_deg[~path.cut[1:]]))


def _result(media: Media, take: tuple[Camera, CameraPath], n_frames: int) -> PanResult:
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
        notes=corrupt_note(media.n_corrupt_frames),
    )


def _tilt(media: Media, lens: LensSettings) -> Tilt:
    """Return how the camera was tilted, by the user's word or by the file's."""
    said = media.info.spherical
    if lens.tilt is not None or said is None:
        return lens.tilt or Tilt()
    return Tilt(said.roll_deg, said.pitch_deg)


def _plan(
    analysis: Analysis,
    settings: PanSettings,
    lenses: Sequence[LensSettings],
    trace: Trace,
    maps_target: Path | None,
    *,
    source: Path,
) -> list[CameraPath]:
    """Plan the takes of every aspect from one analysis, aspect by aspect."""
    with contextlib.ExitStack() as stack:
        maps = trace.passing(analysis.maps())
        if maps_target is not None:
            writer = MapsWriter(maps_target, meta=analysis.meta())
            maps = stack.enter_context(writer).passing(maps)
        evidence = gather(maps, start=settings.direct.start)
    settings = settings.with_source_cuts(analysis.source_cuts_s)
    bounds = analysis.bounds
    return [
        described(path, lens, settings, source)
        for lens in lenses
        for path in takes_from(
            evidence, brief(settings, lens, bounds), n_takes=settings.direct.n_takes
        )
    ]
