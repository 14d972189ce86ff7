"""Line 5: real 360° clips, where the map peaks at a few moments of each."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pano.errors import NoAudioError, PanoError
from pano.sphere import pixel_to_angles_deg
from pano_jobs.analysis.localize import log_solid_angles
from pano_jobs.datasets.sources.clips import open_clip
from pano_jobs.settings import LocalizeSettings
from soundloc.data.pairs import SAMPLE_RATE_HZ, Box
from soundloc.inference.localizer import Localization
from tests.benchmarks.localizer.listening import Listener
from tests.benchmarks.localizer.sheets import Sheet
from tests.benchmarks.localizer.table import Figure, Section, mean

N_MOMENTS = 4
# A place that was read off one frame is not believed for longer.
_STILL_S = 4.0
# Moments that are nearer than this show the same.
_APART_S = 1.0
# A mark of the table of truths with less is told of in words only, no place.
_WHERE_AND_WHEN = {"t", "yaw", "pitch"}


@dataclass(frozen=True, slots=True)
class Place:
    """Where the sound may come from at some time.

    Parameters
    ----------
    start_s, stop_s
        When; the same for a place read off one frame.
    left_deg, right_deg
        Yaw; left of right, or over the seam.
    """

    what: str
    start_s: float
    stop_s: float
    left_deg: float
    right_deg: float
    low_deg: float
    high_deg: float
    is_sure: bool

    def holds(self, yaw_deg: float, pitch_deg: float) -> bool:
        """Tell whether a direction lies in it."""
        width_deg = (self.right_deg - self.left_deg) % 360.0
        across = (yaw_deg - self.left_deg) % 360.0 <= width_deg
        return across and self.low_deg <= pitch_deg <= self.high_deg

    def distance_s(self, time_s: float) -> float:
        """Return how far a moment is from the time it was seen at."""
        return max(self.start_s - time_s, time_s - self.stop_s, 0.0)

    def box(self) -> Box:
        """Return it as fractions of an equirectangular picture."""
        x0, x1 = ((yaw / 360.0 + 0.5) % 1.0 for yaw in (self.left_deg, self.right_deg))
        return (x0, 0.5 - self.high_deg / 180.0, x1, 0.5 - self.low_deg / 180.0)


@dataclass(frozen=True, slots=True)
class SphereClip:
    """A clip, where its sound may come from, and what else was seen where."""

    path: Path
    layout: str | None
    sounding: list[Place]
    other: list[Place]


@dataclass(frozen=True, slots=True)
class SphereRow:
    """What the map says at one moment of a clip; `is_hit` None without sure truth."""

    clip: str
    time_s: float
    yaw_deg: float
    pitch_deg: float
    confidence: float
    where: str
    is_hit: bool | None
    prior_hit: bool | None


def ask_spheres(
    material: Path, listener: Listener, sheets: Path | None
) -> tuple[list[SphereRow], list[str]]:
    """Ask every clip at a few moments; also say which could not be asked."""
    rows: list[SphereRow] = []
    refused = []
    for clip in read_clips(material):
        name, sheet = clip.path.name, Sheet(columns=3)
        try:
            rows += _ask_sphere(clip, listener, sheet)
        except NoAudioError:
            refused.append(f"{name}: no sound")
        except PanoError as error:
            refused.append(f"{name}: {error}")
        if sheets is not None:
            sheet.write(sheets / f"clips360-{clip.path.stem}.png")
    return rows, refused


def read_clips(material: Path) -> Iterator[SphereClip]:
    """Read the table of truths."""
    folder = material / "clips360"
    table = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    for name, truth in table["clips"].items():
        layout = truth.get("layout", "").partition(",")[0].partition(" ")[0] or None
        sounding, other = (
            [read_place(e) for e in truth.get(part, ()) if e.keys() >= _WHERE_AND_WHEN]
            for part in ("sounding", "other")
        )
        yield SphereClip(folder / name, layout, sounding, other)


def read_place(entry: dict) -> Place:
    """Read an entry of the table of truths; its time is a moment or a span."""
    times = entry["t"] if isinstance(entry["t"], list) else [entry["t"]] * 2
    what = entry["what"].partition(":")[0].partition("(")[0].partition(";")[0].strip()
    start_s, stop_s = times
    left_deg, right_deg = entry["yaw"]
    low_deg, high_deg = entry["pitch"]
    is_sure = entry.get("certainty") == "sure"
    return Place(what, start_s, stop_s, left_deg, right_deg, low_deg, high_deg, is_sure)


def _ask_sphere(truth: SphereClip, listener: Listener, sheet: Sheet) -> list[SphereRow]:
    rows, path, places = [], truth.path, truth.sounding
    with open_clip(path, layout=truth.layout) as clip:
        samples = clip.track()
        track = listener.localizer.hear(samples)
        duration_s = len(samples) / SAMPLE_RATE_HZ
        for time_s in moments(places, duration_s):
            picture = clip.frame_at(time_s)
            if picture is None:
                continue
            visual = listener.localizer.see(picture, wrap=True)
            found = listener.localizer.attend(
                visual,
                track.window(time_s, LocalizeSettings().window_s),
                log_prior=log_solid_angles(*visual.shape[1:]),
            )
            known = known_at(places, time_s)
            row = describe(path.name, time_s, found, listener.prior(visual), known)
            rows.append(row)
            _show(sheet, picture, found, row, known)
    return rows


def moments(places: Sequence[Place], duration_s: float) -> list[float]:
    """Return those that the truth was read at, and some spread between them."""
    single = sorted({p.start_s for p in places if p.start_s == p.stop_s})
    spread = [duration_s * (k + 0.5) / N_MOMENTS for k in range(N_MOMENTS)]
    apart_s = _APART_S if single else 0.0
    new = [t for t in spread if all(abs(t - s) > apart_s for s in single)]
    return sorted([*single, *new])


def known_at(places: Sequence[Place], time_s: float) -> list[Place]:
    """Return the places seen nearest to a moment."""
    nearest_s = min((p.distance_s(time_s) for p in places), default=_STILL_S)
    if nearest_s >= _STILL_S:
        return []
    return [p for p in places if p.distance_s(time_s) == nearest_s]


def describe(
    clip: str,
    time_s: float,
    found: Localization,
    prior: np.ndarray,
    known: Sequence[Place],
) -> SphereRow:
    """Tell where the map peaks, and whether that is a place where the sound is."""
    yaw_deg, pitch_deg = peak_direction(found.response)
    inside = [p for p in known if p.holds(yaw_deg, pitch_deg)]
    sure = [p for p in known if p.is_sure]
    where = inside[0].what + ("" if inside[0].is_sure else ", unsure") if inside else ""
    return SphereRow(
        clip,
        time_s,
        yaw_deg,
        pitch_deg,
        found.confidence,
        where or ("elsewhere" if known else "no truth"),
        any(p in sure for p in inside) if sure else None,
        any(p.holds(*peak_direction(prior)) for p in sure) if sure else None,
    )


def peak_direction(response: np.ndarray) -> tuple[float, float]:
    """Return yaw and pitch of the highest cell, in degrees."""
    height, width = response.shape
    y, x = np.unravel_index(response.argmax(), response.shape)
    yaw_deg, pitch_deg = pixel_to_angles_deg(float(x), float(y), width, height)
    return float(yaw_deg), float(pitch_deg)


def summarise_spheres(rows: Sequence[SphereRow], refused: Sequence[str]) -> Section:
    scored = [r for r in rows if r.is_hit is not None]
    names = sorted({r.clip for r in scored})
    groups = [names.index(r.clip) for r in scored]
    figure = Figure(
        "peak in the sounding place, where that is sure",
        mean([float(bool(r.is_hit)) for r in scored], groups),
        mean([float(bool(r.prior_hit)) for r in scored], groups),
    )
    remarks = [
        f"{r.clip:<40} {r.time_s:5.1f} s  yaw {r.yaw_deg:+5.0f}°  "
        f"pitch {r.pitch_deg:+4.0f}°  confidence {r.confidence:.2f}  {r.where}"
        for r in rows
    ]
    return Section("5. 360° clips", [figure], [*remarks, *refused])


def _show(
    sheet: Sheet,
    picture: np.ndarray,
    found: Localization,
    row: SphereRow,
    known: Sequence[Place],
) -> None:
    omega = np.exp(log_solid_angles(*found.attention.shape))
    # The sheet paints what a cell holds; a density is that by its solid angle.
    flat = Localization(
        np.asarray(found.attention / omega, np.float32),
        found.response,
        found.confidence,
    )
    words = f"{row.time_s:.1f} s  confidence {row.confidence:.2f}  {row.where}"
    sheet.add(
        picture,
        flat,
        words.replace("°", ""),
        right=[p.box() for p in known if p.is_sure],
        others=[p.box() for p in known if not p.is_sure],
    )
