"""Drawing the page of `pano pan --why` with matplotlib."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from pano.camera.path import CameraPath, CameraPose
from pano.camera.viewport import Viewport
from pano.director.viewing.eye_level import unsure_share
from pano.saliency_maps.saliency_map import SILENCE_DB
from pano_jobs.explain.map_timeline import STEP_S, MapTimeline
from pano_jobs.outputs import written_whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import SubFigure

Image = NDArray[np.uint8]
FloatArray = NDArray[np.float64]

_DPI = 110
_WIDTH_IN, _TIMELINE_IN, _ROW_IN = 16.0, 8.6, 2.35
_N_COLUMNS = 2
# Okabe and Ito's colours, told apart by everybody.
_VIEW, _LEVEL, _TRUST, _CALL = "#0072B2", "#666666", "#009E73", "#D55E00"
_CUT, _FIELD = "#222222", "#CC79A7"
_EVIDENCE = ("white", "#fdb863", "#8c2d04")
_QUIETEST_DB = -80.0


@dataclass(frozen=True, slots=True, eq=False)
class Moment:
    """A moment of the clip, ready to be shown."""

    time_s: float
    sphere: Image
    picture: Image
    pose: CameraPose
    is_close_call: bool


def draw_page(
    timeline: MapTimeline,
    path: CameraPath,
    calls: NDArray[np.bool_],
    moments: list[Moment],
    target: Path,
) -> None:
    """Write the page as a PNG, complete or not at all."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    n_rows = -(-len(moments) // _N_COLUMNS)
    height_in = _TIMELINE_IN + _ROW_IN * n_rows
    figure = Figure(figsize=(_WIDTH_IN, height_in), dpi=_DPI, layout="constrained")
    FigureCanvasAgg(figure)
    heights = [_TIMELINE_IN, _ROW_IN * n_rows]
    grid = figure.add_gridspec(2, 1, height_ratios=heights)
    above, below = (figure.add_subfigure(grid[row]) for row in range(2))
    figure.suptitle(_title(timeline, path, calls), fontsize=15, x=0.01, ha="left")
    _draw_timeline(above, timeline, path, calls, moments)
    cells = below.subplots(n_rows, _N_COLUMNS, squeeze=False).flat
    for number, (axes, moment) in enumerate(zip(cells, moments, strict=False), start=1):
        _draw_moment(axes, number, moment)
    for axes in below.axes:
        axes.set_axis_off()
    with written_whole(target) as part:
        figure.savefig(part, format="png")


def _title(timeline: MapTimeline, path: CameraPath, calls: NDArray[np.bool_]) -> str:
    duration_s = float(path.time_s[-1] - path.time_s[0])
    heard = float(np.mean(path.trust >= 0.5))
    doubtful = float(np.mean(calls)) if len(calls) else 0.0
    unsure = unsure_share(path)
    n_cuts = int(np.count_nonzero(path.cut[1:]))
    field = float(np.mean(timeline.field_share)) if timeline.field_share else 0.0
    return (
        f"{path.source.file or 'clip'}: {duration_s:.0f} s, director "
        f"{path.source.director or 'unknown'}, {n_cuts} cuts; evidence bears the view "
        f"{heard:.0%} of the time, another place was nearly as good {doubtful:.0%}"
        + (f"\nthe sound field gave {field:.0%} of the evidence" if field else "")
        + (f"\nunsure, so at eye level, {unsure:.0%} of the time" if unsure else "")
    )


def _draw_timeline(
    figure: SubFigure,
    timeline: MapTimeline,
    path: CameraPath,
    calls: NDArray[np.bool_],
    moments: list[Moment],
) -> None:
    panels = figure.subplots(5, 1, sharex=True, height_ratios=[0.8, 0.8, 2.6, 1.5, 0.7])
    level, trust, yaw, pitch, lens = panels
    time_s = np.array(timeline.time_s)
    _draw_level(level, time_s, np.array(timeline.level_db))
    _draw_trust(trust, timeline, path)
    _draw_yaw(yaw, timeline, path)
    _draw_pitch(pitch, timeline, path)
    _draw_calls(yaw, pitch, timeline, path, calls)
    lens.plot(path.time_s, path.hfov_deg, color=_VIEW)
    lens.set(ylabel="hfov °", xlabel="time in the clip, s")
    middle = float(np.mean(path.hfov_deg))
    spread = max(float(np.ptp(path.hfov_deg)), 10.0)
    lens.set_ylim(middle - 0.7 * spread, middle + 0.7 * spread)
    for axes in panels:
        axes.margins(x=0.0)
        axes.spines[["top", "right"]].set_visible(False)
        for cut_s in path.time_s[1:][path.cut[1:]]:
            axes.axvline(cut_s, color=_CUT, lw=1.2, ls=(0, (4, 2)))
    for number, moment in enumerate(moments, start=1):
        level.annotate(
            str(number),
            (moment.time_s, 1.0),
            xycoords=("data", "axes fraction"),
            ha="center",
            va="bottom",
            fontsize=9,
            fontweight="bold",
            color=_CALL if moment.is_close_call else _CUT,
        )
    level.set_xlim(path.time_s[0], path.time_s[-1])


def _draw_trust(axes: Axes, timeline: MapTimeline, path: CameraPath) -> None:
    axes.fill_between(path.time_s, path.trust, color=_TRUST, alpha=0.35, lw=0)
    axes.plot(path.time_s, path.trust, color=_TRUST, label="director's trust")
    axes.plot(
        timeline.time_s,
        timeline.confidence,
        color=_CUT,
        lw=0.8,
        label="confidence of the maps",
    )
    axes.set(ylabel="trust,\nconfidence", ylim=(0.0, 1.02))
    axes.legend(loc="upper right", ncols=2, fontsize=8, framealpha=0.8)


def _draw_level(axes: Axes, time_s: FloatArray, level_db: FloatArray) -> None:
    shown_db = np.maximum(level_db, _QUIETEST_DB)
    # A moment stands for the time until the next.
    ends_s = np.append(time_s, time_s[-1] + STEP_S)
    levels_db = np.append(shown_db, shown_db[-1])
    axes.fill_between(ends_s, _QUIETEST_DB, levels_db, color=_LEVEL, alpha=0.5, lw=0)
    axes.set(ylabel="sound, dBFS", ylim=(_QUIETEST_DB, 0.0))
    if np.all(level_db <= SILENCE_DB):
        axes.text(0.5, 0.4, "silence", transform=axes.transAxes, ha="center")


def _draw_yaw(axes: Axes, timeline: MapTimeline, path: CameraPath) -> None:
    _draw_evidence(axes, timeline.time_s, np.array(timeline.by_yaw).T, (-180.0, 180.0))
    low_deg = path.yaw_deg - path.hfov_deg / 2.0
    high_deg = path.yaw_deg + path.hfov_deg / 2.0
    first, last = (
        int(np.floor((end_deg + 180.0) / 360.0))
        for end_deg in (low_deg.min(), high_deg.max())
    )
    # Unwrapped yaw is drawn once for each turn it reaches into, so that nothing runs
    # across the picture where it leaves at one side and comes in at the other.
    for turn_deg in 360.0 * np.arange(first, last + 1):
        is_first = turn_deg == 360.0 * first
        for shot in _shots(path):
            time_s = path.time_s[shot]
            low, high = low_deg[shot] - turn_deg, high_deg[shot] - turn_deg
            axes.fill_between(time_s, low, high, color=_VIEW, alpha=0.18, lw=0)
            label = "camera and its view" if is_first and shot.start == 0 else None
            yaw_deg = path.yaw_deg[shot] - turn_deg
            axes.plot(time_s, yaw_deg, color=_VIEW, lw=2.2, label=label)
    _draw_heard(axes, timeline, "yaw_deg")
    axes.set(ylabel="yaw °  (right +)", ylim=(-180.0, 180.0))
    axes.set_yticks(range(-180, 181, 90))


def _shots(path: CameraPath) -> list[slice]:
    edges = [0, *(np.flatnonzero(path.cut[1:]) + 1).tolist(), len(path)]
    return [slice(start, stop) for start, stop in itertools.pairwise(edges)]


def _draw_pitch(axes: Axes, timeline: MapTimeline, path: CameraPath) -> None:
    _draw_evidence(
        axes, timeline.time_s, np.array(timeline.by_pitch)[:, ::-1].T, (-90.0, 90.0)
    )
    source = path.source
    viewport = Viewport(max(source.width_px, 1), max(source.height_px, 1), source.lens)
    half_deg = np.array([viewport.vfov_deg(float(h)) for h in path.hfov_deg]) / 2.0
    low, high = path.pitch_deg - half_deg, path.pitch_deg + half_deg
    for shot in _shots(path):
        time_s = path.time_s[shot]
        axes.fill_between(time_s, low[shot], high[shot], color=_VIEW, alpha=0.18, lw=0)
        axes.plot(time_s, path.pitch_deg[shot], color=_VIEW, lw=2.2)
    _draw_heard(axes, timeline, "pitch_deg")
    axes.set(ylabel="pitch °  (up +)", ylim=(-90.0, 90.0))
    axes.set_yticks(range(-90, 91, 45))


def _draw_heard(axes: Axes, timeline: MapTimeline, angle: str) -> None:
    """Dot the direction of the loudest source in the sound field."""
    found = [
        (time_s, getattr(direction, angle))
        for time_s, direction in zip(timeline.time_s, timeline.heard_at, strict=True)
        if direction is not None
    ]
    if found:
        time_s, angles_deg = zip(*found, strict=True)
        label = "direction in the sound field"
        axes.plot(time_s, angles_deg, ".", color=_FIELD, ms=3, label=label)


def _draw_evidence(
    axes: Axes, time_s: list[float], shares: FloatArray, ends_deg: tuple[float, float]
) -> None:
    """Paint where the maps lay: white for nothing, dark for much."""
    from matplotlib.colors import LinearSegmentedColormap

    top = max(float(np.percentile(shares, 99.5)), 1e-6)
    axes.imshow(
        shares,
        aspect="auto",
        origin="lower",
        extent=(time_s[0], time_s[-1] + STEP_S, *ends_deg),
        cmap=LinearSegmentedColormap.from_list("evidence", _EVIDENCE),
        vmin=0.0,
        vmax=1.3 * top,
        interpolation="bilinear",
    )


def _draw_calls(
    yaw: Axes,
    pitch: Axes,
    timeline: MapTimeline,
    path: CameraPath,
    calls: NDArray[np.bool_],
) -> None:
    """Mark the places that were not taken though they were nearly as good."""
    indices = np.flatnonzero(calls)
    rest = []
    for index in indices:
        rivals, axis = timeline.rivals[index], path.at(timeline.time_s[index]).direction
        places = rivals.best, rivals.second
        rest.append(min(places, key=lambda place: place.unit() @ axis.unit()))
    moments_s = np.array(timeline.time_s)[indices]
    for axes, name in ((yaw, "yaw_deg"), (pitch, "pitch_deg")):
        axes.plot(
            moments_s,
            [getattr(place, name) for place in rest],
            "D",
            ms=4.5,
            mfc="none",
            mec=_CALL,
            label="another place, nearly as good",
        )
    yaw.legend(loc="upper right", ncols=2, fontsize=8, framealpha=0.8)


def _draw_moment(axes: Axes, number: int, moment: Moment) -> None:
    """Show the sphere and, at the same height, what was filmed."""
    height = moment.sphere.shape[0]
    shape = moment.picture.shape
    size = max(1, round(height * shape[1] / shape[0])), height
    view = cv2.resize(moment.picture, size, interpolation=cv2.INTER_AREA)
    gap = np.full((height, 8, 3), 255, np.uint8)
    axes.imshow(np.concatenate([moment.sphere, gap, view], axis=1))
    direction = moment.pose.direction
    words = (
        f"{number}   {moment.time_s:.1f} s   yaw {direction.yaw_deg:+.0f}°  "
        f"pitch {direction.pitch_deg:+.0f}°"
    )
    if moment.is_close_call:
        words += "   ring: nearly as good"
    color = _CALL if moment.is_close_call else _CUT
    axes.set_title(words, fontsize=10, loc="left", color=color)
