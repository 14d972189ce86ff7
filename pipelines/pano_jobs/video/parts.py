"""A film in parts: where they begin, each filmed by itself, all of them joined.

A part's pictures are those that the whole film would have there, which each part makes
sure of: the plan lists when every picture of the clip is shown. What cannot be planned
so is filmed in one piece.
"""

from __future__ import annotations

import dataclasses
import json
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import zip_longest
from pathlib import Path

import numpy as np

from pano.camera.path import CameraPath
from pano.camera.stabilize import Shake
from pano.errors import MediaError
from pano.media import Media, PlanarFrame, open_media
from pano.media.stretch import Stretch, can_enter, read_picture_times
from pano_jobs.analysis.analysis_pass import file_notes
from pano_jobs.analysis.kept_maps import KeptAnalysis
from pano_jobs.outputs import written_whole
from pano_jobs.progress import Progress
from pano_jobs.settings import PanSettings
from pano_jobs.video.render_pass import (
    FrameObserver,
    OutputCamera,
    axes_along,
    render_frames,
    show_stills,
)
from pano_jobs.video.takes import each_take, lenses_of, planned_before

# What is left at the end becomes a part of its own from half a part on.
_LEAST_SHARE = Fraction(1, 2)


class UnevenPartError(MediaError):
    """A part whose pictures are not those that the clip's packets promise."""


@dataclass(frozen=True, slots=True)
class PartPlan:
    """When every picture of a clip is shown, and with which of them parts begin.

    Parameters
    ----------
    pts
        In the clip's time base, in their order.
    begins
        Places in `pts`; the first is 0.
    notes
        What a user should know of the clip, as far as analysing it has told.
    shake_rows
        A row (time_s, and a turn's three numbers) for each time of a `Shake`; none
        where no camera is to be rid of it.
    """

    pts: tuple[int, ...]
    begins: tuple[int, ...]
    notes: tuple[str, ...] = ()
    shake_rows: tuple[tuple[float, ...], ...] = ()

    @classmethod
    def of(
        cls, pts: Sequence[int], time_base: Fraction, part_s: float
    ) -> PartPlan | None:
        """Part a clip every `part_s` from its first picture on; None if it is short.

        What is left at the end, if it is shorter than half a part, is filmed with the
        part before.
        """
        length = round(Fraction(part_s) / time_base)
        last = pts[-1] - pts[0]
        ends = range(length, last - round(length * _LEAST_SHARE) + 1, length)
        begins = sorted({0, *(bisect_left(pts, pts[0] + end) for end in ends)})
        return cls(tuple(pts), tuple(begins)) if len(begins) > 1 else None

    @property
    def n_parts(self) -> int:
        """How many parts there are."""
        return len(self.begins)

    def pts_of(self, number: int) -> tuple[int, ...]:
        """Return when the pictures of a part, from 0, are shown."""
        ends = (*self.begins[1:], len(self.pts))
        return self.pts[self.begins[number] : ends[number]]

    @property
    def shake(self) -> Shake | None:
        """The shake of the clip, where a camera is to be rid of it."""
        if not self.shake_rows:
            return None
        rows = np.array(self.shake_rows)
        return Shake(rows[:, 0], rows[:, 1:])

    def with_shake(self, shake: Shake | None) -> PartPlan:
        """Return the plan with the shake that its parts take out."""
        if shake is None:
            return self
        rows = np.column_stack([shake.time_s, shake.turns])
        return dataclasses.replace(self, shake_rows=tuple(map(tuple, rows.tolist())))

    def save(self, path: Path) -> None:
        """Write the plan, whole or not at all."""
        document = dataclasses.asdict(self)
        with written_whole(path) as part:
            part.write_text(json.dumps(document), encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> PartPlan:
        """Read a plan.

        Raises
        ------
        MediaError
            If it is missing or damaged.
        """
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
            document["shake_rows"] = map(tuple, document["shake_rows"])
            return cls(**{name: tuple(document[name]) for name in cls.__slots__})
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise MediaError(
                f"the plan of the parts is gone ({path}); start the batch again"
            ) from error


def plan_parts(media: Media, part_s: float, *, has_stills: bool) -> PartPlan | None:
    """Plan the parts of a clip; None where it is to be filmed in one piece.

    That is where it is short, where its packets do not tell when its pictures are
    shown, or where stills are wanted of a clip that cannot be entered half-way.
    """
    info = media.info
    stated_s = info.duration_from_header_s
    if stated_s is not None and stated_s < part_s * float(1 + _LEAST_SHARE):
        return None
    if has_stills and not can_enter(info):
        return None
    pts = read_picture_times(info)
    plan = None if pts is None else PartPlan.of(pts, info.time_base, part_s)
    return plan and dataclasses.replace(plan, notes=file_notes(media))


def film_part(
    source: Path,
    settings: PanSettings,
    plan: PartPlan,
    number: int,
    *,
    maps_source: Path,
    path_source: Path,
    targets: Sequence[Path],
    progress: Progress,
) -> None:
    """Film one part of a clip along its planned paths, without sound.

    Parameters
    ----------
    maps_source, path_source
        What `pan` kept.
    targets
        A file for each take.

    Raises
    ------
    UnevenPartError
        If the pictures are not those of the plan.
    PanoError
        If the clip cannot be read or a part cannot be written.
    """
    kept = KeptAnalysis(maps_source, progress=progress)
    lenses = lenses_of(settings)
    # Entered at its begin rather than half-way where that shows other pictures.
    for is_entered in (True, False):
        with open_media(
            source,
            layout=kept.stated_layout,
            sound=settings.localize.sound,
            projection=kept.origin.projection,
        ) as media:
            kept.check(media)
            cameras = [
                OutputCamera.prepare(media, name, lens, is_part=True, overwrite=True)
                for name, lens in zip(targets, each_take(lenses, settings), strict=True)
            ]
            paths = planned_before(path_source, settings, lenses, media)
            try:
                render_frames(
                    media,
                    list(zip(cameras, paths, strict=True)),
                    frames=_as_planned(media, plan, number, is_entered=is_entered),
                    shake=plan.shake,
                    progress=progress,
                )
                return
            except UnevenPartError:
                if not is_entered:
                    raise


def _as_planned(
    media: Media, plan: PartPlan, number: int, *, is_entered: bool
) -> Iterator[PlanarFrame]:
    """Yield the frames of a part, and make sure that they are those of the plan."""
    pts = plan.pts_of(number)
    is_last = number == plan.n_parts - 1
    end_pts = None if is_last else plan.pts_of(number + 1)[0]
    frames = media.planar_frames(Stretch(pts[0], end_pts, is_entered))
    for frame, planned in zip_longest(frames, pts):
        if frame is None or frame.pts != planned:
            raise UnevenPartError(
                f"{media.info.path} does not show the pictures that its packets promise"
            )
        yield frame


def join_films(
    media: Media,
    takes: Sequence[tuple[OutputCamera, CameraPath]],
    plan: PartPlan,
    parts: Sequence[Sequence[Path]],
    *,
    observers: Sequence[FrameObserver],
    progress: Progress,
) -> int:
    """Join the parts of every take, and return the number of frames.

    Parameters
    ----------
    parts
        Of each part the films of all takes.
    """
    shake = plan.shake
    for number, (camera, path) in enumerate(takes):
        films = [films[number] for films in parts]
        camera.writer.turn_sound(axes_along(path, shake))
        camera.writer.join(films, plan.pts)
    if observers:
        stills = _stills(media, plan, observers)
        show_stills(media, takes[0], observers, stills, shake)
    return len(plan.pts)


def _stills(
    media: Media, plan: PartPlan, observers: Sequence[FrameObserver]
) -> Iterator[PlanarFrame]:
    """Yield the frames that observers want, each decoded by itself."""
    for pts, end_pts in zip(plan.pts, (*plan.pts[1:], None), strict=True):
        time_s = float(pts * media.info.time_base)
        if any(observer.wants(time_s) for observer in observers):
            yield from media.planar_frames(Stretch(pts, end_pts))
