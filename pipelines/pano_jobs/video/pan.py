"""The `pan` job: an ordinary video that looks where the sound comes from.

Pass 1 turns the clip into a camera path of some kilobytes, pass 2 renders every
full-resolution frame along it.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Sequence
from pathlib import Path

from pano.camera.horizon import Tilt
from pano.camera.path import CameraPath
from pano.director.evidence import gather
from pano.director.plan import takes_from
from pano.media import Media, open_media
from pano_jobs.analysis.analysis_pass import Analysis, corrupt_note
from pano_jobs.analysis.localizer import Localizer
from pano_jobs.explain.contact_sheet import ContactSheet, Truth
from pano_jobs.explain.map_timeline import Trace
from pano_jobs.explain.why import WhyPage
from pano_jobs.maps import MapsWriter, open_maps
from pano_jobs.outputs import check_output
from pano_jobs.progress import SILENT, Progress
from pano_jobs.results import PanResult
from pano_jobs.settings import LensSettings, PanSettings
from pano_jobs.video.heat_map import temporary_maps
from pano_jobs.video.render import video_result
from pano_jobs.video.render_pass import Camera, film
from pano_jobs.video.takes import (
    brief,
    described,
    each_take,
    lenses_of,
    named,
)


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
        paths = _plan(analysis, settings, lenses, trace, maps_path, tilt, source)
        for path, name in zip(paths, path_targets, strict=False):
            path.save(name)
        pages = _pages(maps_path, trace, paths[0], sheet_target, why_target, truth)
        takes = list(zip(cameras, paths, strict=True))
        n_frames = film(media, takes, watchers=list(pages.values()), progress=progress)
        for name, page in pages.items():
            page.save(name)
        return dataclasses.replace(
            video_result(media, takes[0], n_frames),
            others=tuple(camera.target for camera, _ in takes[1:]),
            path=path_target,
            sheet=sheet_target,
            why=why_target,
            mean_confidence=analysis.mean_confidence,
            notes=analysis.notes() + corrupt_note(media.n_corrupt_frames),
        )


def _pages(
    maps_path: Path | None,
    trace: Trace,
    path: CameraPath,
    sheet_target: Path | None,
    why_target: Path | None,
    truth: Truth | None,
) -> dict[Path, ContactSheet | WhyPage]:
    """Prepare the pages that explain a path, each under the file it is saved to."""
    pages: dict[Path, ContactSheet | WhyPage] = {}
    if maps_path is None:
        return pages
    maps = open_maps(maps_path)
    if sheet_target is not None:
        lens = path.source.lens
        pages[sheet_target] = ContactSheet.over(maps, truth=truth, lens=lens)
    if why_target is not None:
        pages[why_target] = WhyPage(trace, maps, path)
    return pages


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
    tilt: Tilt,
    source: Path,
) -> list[CameraPath]:
    """Plan the takes of every aspect from one analysis, aspect by aspect."""
    with contextlib.ExitStack() as stack:
        maps = trace.passing(analysis.maps())
        if maps_target is not None:
            writer = MapsWriter(maps_target, meta=analysis.meta)
            maps = stack.enter_context(writer).passing(maps)
        evidence = gather(maps, start=settings.direct.start)
    paths = []
    for lens in lenses:
        asked = brief(
            settings,
            lens,
            bounds=analysis.origin.bounds,
            found_cuts_s=analysis.source_cuts_s,
        )
        takes = takes_from(evidence, asked, n_takes=settings.direct.n_takes)
        paths += [tilt.level(described(path, lens, settings, source)) for path in takes]
    return paths
