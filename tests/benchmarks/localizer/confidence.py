"""Line 4: is confidence high where the source is there, and does it mean a share?"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from soundloc.evaluation.analyses.calibration import curve, expected_error
from soundloc.evaluation.analyses.negatives import balanced
from soundloc.evaluation.weighted_statistics import auroc
from soundloc.scoring.intervals import Interval, bootstrap_statistic
from tests.benchmarks.localizer.composed import Denied, Pointed
from tests.benchmarks.localizer.table import Figure, Section

_GOALS = {
    "silence": 0.97,
    "coloured noise": 0.97,
    "recorded wind and rain": 0.97,
    "sounds of absent kinds": 0.85,
}


def measure_confidence(
    own: Sequence[Pointed], denied: Sequence[Denied], noisy: dict[float, list[Pointed]]
) -> Section:
    """Compare own sounds with those that nothing in the scene makes."""
    figures = [
        Figure(
            f"AUROC, own sounds against {what}",
            own_against(own, [d for d in denied if d.what == what]),
            chance=0.5,
            goal=goal,
        )
        for what, goal in _GOALS.items()
    ]
    absent = [d for d in denied if d.what == "sounds of absent kinds"]
    for snr_db, rows in noisy.items():
        name = f"AUROC, own sounds at {snr_db:.0f} dB against sounds of absent kinds"
        figures.append(Figure(name, own_against(rows, absent), chance=0.5))
    figures += [
        Figure('calibration error of "peak in the right place"', found_error(own, [])),
        Figure(
            "the same, with as many sounds of absent kinds", found_error(own, absent)
        ),
    ]
    return Section("4. Confidence, scenes of three", figures, reliability(own, absent))


def own_against(own: Sequence[Pointed], denied: Sequence[Denied]) -> Interval:
    """Measure how often an own sound has the higher confidence, scenes resampled."""
    confidence, is_own, groups = _columns(own, denied)
    return bootstrap_statistic(partial(auroc, confidence, is_own), groups)


def found_error(own: Sequence[Pointed], denied: Sequence[Denied]) -> Interval:
    """Measure how far confidence is from the share of peaks in the right place.

    A sound that nothing makes has no right place.
    """
    confidence, is_own, groups = _columns(own, denied)
    right = np.array([*(r.is_hit for r in own), *(0.0 for _ in denied)])

    def error(times: NDArray[np.float64]) -> NDArray[np.float64]:
        weights = balanced(times, is_own) if denied else times
        return expected_error(confidence, right, weights)

    return bootstrap_statistic(error, groups)


def reliability(own: Sequence[Pointed], denied: Sequence[Denied]) -> list[str]:
    """Describe the curve: by tenths of confidence, what came true."""
    confidence, is_own, _ = _columns(own, denied)
    right = np.array([*(r.is_hit for r in own), *(0.0 for _ in denied)])
    weights = balanced(np.ones(len(right)), is_own)
    rows = zip(*curve(confidence, right, weights), strict=True)
    bins = [f"{m:.2f}→{s:.2f} ({w:.0%})" for m, s, w in rows if w > 0]
    return ["confidence → share found (weight), own and absent: " + "  ".join(bins)]


def _columns(
    own: Sequence[Pointed], denied: Sequence[Denied]
) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.int64]]:
    rows: list[Pointed | Denied] = [*own, *denied]
    return (
        np.array([r.confidence for r in rows], dtype=np.float64),
        np.arange(len(rows)) < len(own),
        np.array([r.scene for r in rows], dtype=np.int64),
    )
