"""The `pan` job: render a 360° video along a path that follows the sound.

Pass 1 turns the clip, or the maps kept of it, into a camera path of some kilobytes,
pass 2 renders every full-resolution frame along it.
"""

from __future__ import annotations

import collections
import contextlib
import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pano.camera.path import CameraPath
from pano.director.evidence import gather
from pano.director.plan import takes_from
from pano.director.viewing.eye_level import unsure_share
from pano.media import Media, open_media
from pano_jobs.analysis.analysis_pass import Analysis
from pano_jobs.analysis.kept_maps import KeptAnalysis, Origin
from pano_jobs.analysis.localizer import Localizer
from pano_jobs.explain.contact_sheet import ContactSheet, Truth
from pano_jobs.explain.map_timeline import MapTimeline
from pano_jobs.explain.why import WhyPage
from pano_jobs.maps import MapsWriter, open_maps
from pano_jobs.outputs import StrPath, check_output, optional_path
from pano_jobs.progress import SILENT, Progress
from pano_jobs.results import PanResult
from pano_jobs.settings import LensSettings, PanSettings
from pano_jobs.video.heat_map import temporary_maps
from pano_jobs.video.leveling import choose_leveling
from pano_jobs.video.render import video_result
from pano_jobs.video.render_pass import FilmTakes, OutputCamera, render_frames
from pano_jobs.video.takes import (
    brief,
    described,
    each_take,
    lenses_of,
    named,
    planned_before,
)

# Of the time; the camera's pitch in a shorter stretch surprises nobody.
_MUCH_UNSURE = 0.5


def pan(
    source: StrPath,
    target: StrPath,
    settings: PanSettings | None = None,
    *,
    path_source: StrPath | None = None,
    path_target: StrPath | None = None,
    maps_source: StrPath | None = None,
    maps_target: StrPath | None = None,
    plans_from_kept_maps: bool = False,
    sheet_target: StrPath | None = None,
    why_target: StrPath | None = None,
    truth: Truth | None = None,
    localizer: Localizer | None = None,
    film: FilmTakes = render_frames,
    overwrite: bool = False,
    progress: Progress = SILENT,
) -> PanResult:
    """Turn a 360° video into one that looks where the sound comes from.

    Parameters
    ----------
    path_source
        What `path_target` wrote when these maps were planned from with these settings:
        its paths are filmed, and nothing is planned.
    maps_source
        Maps of the clip to plan from instead of analysing it: `settings.localize` and
        `localizer` are not used then, and nothing is kept again.
    maps_target
        Keeps the maps of the analysis.
    plans_from_kept_maps
        Plans a new analysis from the maps as they are kept in `maps_target`, in 16
        bits, so that planning from them again makes the same film.
    truth
        Drawn on the contact sheet and used for nothing else.
    film
        Films all takes once their paths are there, or leaves that, and the pages, for
        later, with no frames.

    Raises
    ------
    PanoError, soundloc.errors.SoundlocError
        If the clip cannot be analysed, the maps are not its own or a result cannot be
        written.
    """
    settings, source = settings or PanSettings(), Path(source)
    layout, projection = settings.localize.layout, settings.localize.projection
    kept = None
    if maps_source is not None:
        kept = KeptAnalysis(Path(maps_source), progress=progress)
        kept.check_sound(settings.localize.sound)
        layout, projection = kept.stated_layout, kept.origin.projection
    files = _Files.of(path_target, maps_target, sheet_target, why_target)
    lenses = lenses_of(settings)
    targets = named(Path(target), settings, lenses)
    path_targets = [] if files.path is None else named(files.path, settings, lenses)
    for output in filter(None, (*targets, *path_targets, *files.once)):
        check_output(output, source=source, overwrite=overwrite)
    with contextlib.ExitStack() as stack:
        media = stack.enter_context(
            open_media(
                source,
                layout=layout,
                sound=settings.localize.sound,
                projection=projection,
            )
        )
        if kept is not None:
            kept.check(media)
        # Made before the long first pass: it refuses a bad target at once.
        cameras = [
            OutputCamera.prepare(
                media, name, lens, sound_out=settings.sound_out, overwrite=overwrite
            )
            for name, lens in zip(targets, each_take(lenses, settings), strict=True)
        ]
        origin = Origin.of(media) if kept is None else kept.origin
        leveling = choose_leveling(settings.lens.level, media.info, origin.tilt)
        analysis = kept or Analysis(
            media, settings.localize, localizer=localizer, progress=progress
        )
        timeline, maps_path = MapTimeline(), optional_path(maps_source) or files.maps
        if plans_from_kept_maps and files.maps and isinstance(analysis, Analysis):
            analysis = _kept(analysis, files.maps, progress)
        if maps_path is None and (files.sheet or files.why):
            maps_path = stack.enter_context(temporary_maps(targets[0]))
        if path_source is None:
            paths = [
                leveling.tilt.level(path)
                for path in _plan(
                    analysis, settings, lenses, timeline, maps_path, media
                )
            ]
        else:
            paths = planned_before(Path(path_source), settings, lenses, media)
            if files.why is not None:
                collections.deque(timeline.passing(analysis.maps()), maxlen=0)
        for path, name in zip(paths, path_targets, strict=False):
            path.save(name)
        pages = files.pages(maps_path, timeline, paths[0], truth)
        takes = list(zip(cameras, paths, strict=True))
        result = _rendered(film, media, takes, pages, progress)
        return dataclasses.replace(
            result,
            **dataclasses.asdict(files),
            mean_confidence=analysis.mean_confidence,
            field_share=analysis.field_share,
            notes=(
                *analysis.notes(),
                *leveling.notes,
                *_unsure_notes(paths[0]),
                *result.notes,
            ),
        )


def _unsure_notes(path: CameraPath) -> tuple[str, ...]:
    """Tell that a path is a guess where its maps were, unless they never counted."""
    share = unsure_share(path)
    if share < _MUCH_UNSURE:
        return ()
    return (
        f"where the sound comes from stayed unsure {share:.0%} of the time; the camera "
        "kept to eye level there, and --pin says better where to look",
    )


@dataclass(frozen=True, slots=True)
class _Files:
    """The files that `pan` can write beside its videos."""

    path: Path | None
    maps: Path | None
    sheet: Path | None
    why: Path | None

    @classmethod
    def of(cls, *files: StrPath | None) -> _Files:
        """Take the files in the order of the fields."""
        return cls(*(optional_path(file) for file in files))

    @property
    def once(self) -> tuple[Path | None, ...]:
        """Those that are written once, however many videos there are."""
        return self.maps, self.sheet, self.why

    def pages(
        self,
        maps_path: Path | None,
        timeline: MapTimeline,
        path: CameraPath,
        truth: Truth | None,
    ) -> dict[Path, ContactSheet | WhyPage]:
        """Prepare the pages that explain a path, each under the file it is saved to."""
        pages: dict[Path, ContactSheet | WhyPage] = {}
        if maps_path is None:
            return pages
        maps = open_maps(maps_path)
        if self.sheet is not None:
            lens = path.source.lens
            pages[self.sheet] = ContactSheet.over(maps, truth=truth, lens=lens)
        if self.why is not None:
            pages[self.why] = WhyPage(timeline, maps, path)
        return pages


def _rendered(
    film: FilmTakes,
    media: Media,
    takes: Sequence[tuple[OutputCamera, CameraPath]],
    pages: Mapping[Path, ContactSheet | WhyPage],
    progress: Progress,
) -> PanResult:
    """Film all takes and save the pages that looked on."""
    n_frames = film(media, takes, observers=list(pages.values()), progress=progress)
    for name, page in pages.items() if n_frames else ():
        page.save(name)
    others = tuple(camera.target for camera, _ in takes[1:])
    return dataclasses.replace(video_result(media, takes[0], n_frames), others=others)


def _kept(analysis: Analysis, maps_path: Path, progress: Progress) -> KeptAnalysis:
    """Analyse to the end, and take what was kept in the place of the analysis."""
    with MapsWriter(maps_path, meta=analysis.meta) as writer:
        for found in analysis.maps():
            writer.write(found)
    return KeptAnalysis(maps_path, progress=progress)


def _plan(
    analysis: Analysis | KeptAnalysis,
    settings: PanSettings,
    lenses: Sequence[LensSettings],
    timeline: MapTimeline,
    maps_path: Path | None,
    media: Media,
) -> list[CameraPath]:
    """Plan the takes of every aspect from one analysis, aspect by aspect.

    The maps of a new analysis are written to `maps_path`, if there is one.
    """
    with contextlib.ExitStack() as stack:
        maps = timeline.passing(analysis.maps())
        if maps_path is not None and isinstance(analysis, Analysis):
            writer = MapsWriter(maps_path, meta=analysis.meta)
            maps = stack.enter_context(writer).passing(maps)
        evidence = gather(maps, start=settings.direct.start)
    paths = []
    for lens in lenses:
        asked = brief(
            settings,
            lens,
            bounds=analysis.origin.bounds,
            found_cuts_s=analysis.source_cuts_s,
            start_s=float(media.info.start_time),
        )
        takes = takes_from(evidence, asked, n_takes=settings.direct.n_takes)
        paths += [described(path, lens, settings, media) for path in takes]
    return paths
