"""How well directors keep known sources in view, how calmly, and how long they take.

Run: python -m tests.benchmarks.bench_director [--families] [--long].
The constants of the directors were chosen on seeds below 100; the table is of seed 100.
"""

from __future__ import annotations

import argparse
import dataclasses
import math
import resource
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from pano.camera.motion_limits import MotionLimits
from pano.camera.path import CameraPath
from pano.director.plan import Brief, plan_path, plan_takes
from pano.director.published.trivial import (
    EYE_LEVEL_YAWS_DEG,
    centroid,
    kang_cho_path,
    still,
)
from pano.director.wishes import CutRules
from pano.metrics.path_quality import path_quality
from pano.metrics.trajectories import pilot_overlap
from pano.saliency_maps.saliency_map import SaliencyMap
from tests.benchmarks.director_clips import RATE_HZ, KnownClip, known_clips, maps_of

ASPECT = 16.0 / 9.0
NO_CUTS = CutRules(cost_s=math.inf)

EYE_LEVEL = "eye level, mean of 18"

Direct = Callable[[Sequence[SaliencyMap]], CameraPath]


def ours(maps: Sequence[SaliencyMap]) -> CameraPath:
    return plan_takes(maps, Brief(aspect=ASPECT))[0]


def ours_turning(maps: Sequence[SaliencyMap]) -> CameraPath:
    return plan_takes(maps, Brief(aspect=ASPECT, cuts=NO_CUTS))[0]


def autocam(maps: Sequence[SaliencyMap]) -> CameraPath:
    return plan_path(maps, director="autocam", aspect=ASPECT)


def kang_cho(maps: Sequence[SaliencyMap]) -> CameraPath:
    return kang_cho_path(maps, aspect=ASPECT)


def centre(maps: Sequence[SaliencyMap]) -> CameraPath:
    return still(np.array([item.time_s for item in maps]), 0.0)


METHODS: dict[str, Direct] = {
    "ours": ours,
    "ours, --no-cuts": ours_turning,
    "autocam": autocam,
    "Kang & Cho": kang_cho,
    "centroid + Gaussian": centroid,
    "centre": centre,
}


@dataclasses.dataclass(frozen=True, slots=True)
class Score:
    """One path on one clip."""

    coverage: float
    overlap: float
    mvd_px: float
    p95_deg_per_s: float
    jerk_rms: float
    still: float
    steady: float
    reversals_per_s: float
    cuts_per_min: float
    is_within: float


def score(path: CameraPath, clip: KnownClip) -> Score:
    """Judge by the loudest source's frames, and by any that is in view."""
    frames = np.minimum(np.searchsorted(clip.time_s, path.time_s - 1e-6), clip.n - 1)
    is_heard = clip.is_sounding[frames]
    seen = np.zeros(len(path), dtype=np.bool_)
    for index in np.flatnonzero(is_heard):
        pose = path.at(float(path.time_s[index]))
        for track in clip.tracks:
            if track.loudness[frames[index]] > 0.0:
                unit = track.units[frames[index]]
                seen[index] |= bool(
                    pose.sees(unit, aspect=ASPECT, lens=path.source.lens)
                )
    loudest = clip.loudest_deg[frames]
    trajectory = np.stack([path.yaw_deg, path.pitch_deg], axis=1)
    quality = path_quality(path)
    return Score(
        coverage=float(np.mean(seen[is_heard])),
        overlap=pilot_overlap(trajectory[is_heard], loudest[is_heard]),
        mvd_px=quality.velocity_difference_px,
        p95_deg_per_s=quality.speed_p95_deg_per_s,
        jerk_rms=quality.jerk_rms_deg_per_s3,
        still=quality.share_still,
        steady=quality.share_steady,
        reversals_per_s=quality.reversals_per_s,
        cuts_per_min=quality.cuts_per_min,
        is_within=float(path.certificate().is_within(MotionLimits())),
    )


def table(scores: dict[str, list[Score]]) -> None:
    """Print the means over clips, and how many paths kept the limits."""
    print(
        "| | in view | overlap | velocity difference, px | p95 speed | jerk RMS "
        "| still | still or steady | reversals/s | cuts/min | within limits |"
    )
    print("|---" * 11 + "|")
    for name, found in scores.items():
        rows = np.array([dataclasses.astuple(item) for item in found])
        mean = Score(*rows.mean(axis=0))
        print(
            f"| {name} | {mean.coverage:.1%} | {mean.overlap:.2f} | {mean.mvd_px:.2f} "
            f"(worst {rows[:, 2].max():.2f}) | {mean.p95_deg_per_s:.1f} "
            f"| {mean.jerk_rms:.0f} | {mean.still:.0%} | {mean.steady:.0%} "
            f"| {mean.reversals_per_s:.2f} | {mean.cuts_per_min:.1f} "
            f"| {int(rows[:, -1].sum())} of {len(rows)} |"
        )


def by_family(clips: list[KnownClip], scores: dict[str, list[Score]]) -> None:
    """Print the coverage in each family of clips."""
    groups: dict[str, list[int]] = defaultdict(list)
    for index, clip in enumerate(clips):
        groups[clip.family].append(index)
    print("\n| in view | " + " | ".join(scores) + " |")
    print("|---" * (len(scores) + 1) + "|")
    for family, members in groups.items():
        cells = (
            f"{np.mean([found[k].coverage for k in members]):.0%}"
            for found in scores.values()
        )
        print(f"| {family} | " + " | ".join(cells) + " |")


def long_maps(minutes: float) -> Iterator[SaliencyMap]:
    """Go through clips of other seeds, end to end, at 30 Hz."""
    n_left, begin_s, seed = round(minutes * 60 * RATE_HZ), 0.0, 5000
    while True:
        for clip in known_clips(seed, 1):
            for item in maps_of(clip):
                if n_left == 0:
                    return
                n_left -= 1
                yield dataclasses.replace(item, time_s=begin_s + item.time_s)
            begin_s += clip.n / RATE_HZ
        seed += 1


def time_long(minutes: float) -> None:
    """Print how long planning took, drawing left out, and the most memory.

    The time of the processor is what it took; the clock also shows its other work.
    """
    drawing = np.zeros(2)

    def clocks() -> np.ndarray:
        return np.array([time.perf_counter(), time.process_time()])

    def timed() -> Iterator[SaliencyMap]:
        nonlocal drawing
        maps = long_maps(minutes)
        while True:
            begin = clocks()
            item = next(maps, None)
            drawing += clocks() - begin
            if item is None:
                return
            yield item

    begin = clocks()
    path = plan_takes(timed(), Brief(aspect=ASPECT))[0]
    wall_s, processor_s = clocks() - begin - drawing
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    kept = path.certificate().is_within(MotionLimits())
    print(
        f"{minutes:g} minutes: {len(path)} frames planned in {processor_s:.1f} s of "
        f"one core ({wall_s:.1f} s by the clock), at most {peak_mb:.0f} MB; limits "
        f"{'kept' if kept else 'BROKEN'}"
    )


def main() -> None:
    """Print the table; with --long also times and memory."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=100)
    parser.add_argument("--each", type=int, default=3, help="clips of each family")
    parser.add_argument("--families", action="store_true", help="coverage of each")
    parser.add_argument("--long", action="store_true", help="10 minutes and 2 hours")
    options = parser.parse_args()
    clips = list(known_clips(options.seed, options.each))
    scores: dict[str, list[Score]] = {name: [] for name in (*METHODS, EYE_LEVEL)}
    for clip in clips:
        maps = list(maps_of(clip))
        for name, direct in METHODS.items():
            scores[name].append(score(direct(maps), clip))
        time_s = np.array([item.time_s for item in maps])
        ways = [score(still(time_s, yaw), clip) for yaw in EYE_LEVEL_YAWS_DEG]
        mean = np.mean([dataclasses.astuple(one) for one in ways], axis=0)
        scores[EYE_LEVEL].append(Score(*mean))
    print(f"{len(clips)} clips of {clips[0].n / RATE_HZ:.0f} s, seed {options.seed}\n")
    table(scores)
    print("\nThese clips are maps: what only sees a picture has nothing to go by here.")
    if options.families:
        by_family(clips, scores)
    if options.long:
        time_long(10.0)
        time_long(120.0)


if __name__ == "__main__":
    main()
