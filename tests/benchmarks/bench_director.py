"""How well the directors do on scenes whose truth is known, and how long they take.

Run: python -m tests.benchmarks.bench_director, or as a file from the repository root.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from pano.camera import CameraPath, MotionLimits
from pano.director import plan_path
from pano.metrics import angular_errors_deg, share_in_view
from pano.saliency import SaliencyMap
from pano.sphere import Direction, grid_unit_vectors, unit_vectors

HEIGHT, WIDTH, RATE_HZ, ASPECT = 30, 60, 30.0, 16.0 / 9.0


@dataclass(frozen=True, slots=True)
class Moment:
    """One moment of a scene: the truth, what distracts from it, and how loud it is."""

    yaw_deg: float
    pitch_deg: float
    is_sounding: bool = True
    flash: Direction | None = None


def walker(t: float) -> Moment:
    return Moment(140.0 + 9.0 * t, 10.0 * np.sin(t / 6.0))


def runner(t: float) -> Moment:
    return Moment(25.0 * t, 5.0)


def talk_6s(t: float) -> Moment:
    return Moment(-60.0 if t % 12.0 < 6.0 else 60.0, 0.0)


def talk_2s(t: float) -> Moment:
    return Moment(-60.0 if t % 4.0 < 2.0 else 60.0, 0.0)


def debate(t: float) -> Moment:
    return Moment(-20.0 if t % 4.0 < 2.0 else 20.0, 0.0)


def pause(t: float) -> Moment:
    return Moment(170.0 if t < 25.0 else -80.0, -10.0, not 20.0 < t < 35.0)


def flashes(t: float) -> Moment:
    flash = Direction(120.0 * (1 + int(t / 5.0) % 2), 30.0) if t % 5.0 < 0.7 else None
    return Moment(0.0, -5.0, flash=flash)


def overhead(t: float) -> Moment:
    along_deg = 4.0 * t - 30.0
    over = along_deg > 90.0
    return Moment(180.0 if over else 0.0, 180.0 - along_deg if over else along_deg)


SCENES: tuple[Callable[[float], Moment], ...] = (
    walker,
    runner,
    talk_6s,
    talk_2s,
    debate,
    pause,
    flashes,
    overhead,
)


def maps_of(
    scene: Callable[[float], Moment], duration_s: float, *, clutter: float, seed: int
) -> Iterator[SaliencyMap]:
    """Draw a blob of 10° in clutter of the given share, which drifts like a video's."""
    rng = np.random.default_rng(seed)
    units = grid_unit_vectors(HEIGHT, WIDTH)
    noise = rng.normal(size=(HEIGHT, WIDTH))
    for k in range(int(duration_s * RATE_HZ)):
        moment = scene(k / RATE_HZ)
        noise = 0.97 * noise + 0.24 * rng.normal(size=(HEIGHT, WIDTH))
        ground = np.exp(0.8 * noise)
        ground /= ground.sum()
        attention = clutter * ground
        if moment.is_sounding:
            where = unit_vectors(moment.yaw_deg, moment.pitch_deg)
            attention = attention + (1.0 - clutter) * _blob(units, where)
        if moment.flash is not None:
            attention = attention + 2.0 * _blob(units, moment.flash.unit())
        yield SaliencyMap.from_attention(
            attention,
            np.zeros((HEIGHT, WIDTH)),
            time_s=k / RATE_HZ,
            confidence=float(
                np.clip(rng.normal(0.8 if moment.is_sounding else 0.2, 0.1), 0, 1)
            ),
            level_db=-25.0 if moment.is_sounding else -90.0,
        )


def _blob(units: np.ndarray, where: np.ndarray) -> np.ndarray:
    blob = np.exp((units @ where - 1.0) / np.radians(10.0) ** 2)
    return np.asarray(blob / blob.sum())


def judge(
    path: CameraPath, scene: Callable[[float], Moment]
) -> tuple[float, float, float]:
    """Return share in view, median and 95th percentile of the angle, while sounding."""
    moments = [(t, scene(float(t))) for t in path.time_s]
    time_s = np.array([t for t, moment in moments if moment.is_sounding])
    truth = np.array(
        [
            unit_vectors(moment.yaw_deg, moment.pitch_deg)
            for _, moment in moments
            if moment.is_sounding
        ]
    )
    errors_deg = angular_errors_deg(path, time_s, truth)
    share = share_in_view(path, time_s, truth, aspect=ASPECT)
    return share, float(np.median(errors_deg)), float(np.percentile(errors_deg, 95))


def main() -> None:
    """Print one line per scene and director."""
    limits = MotionLimits()
    print(f"{'scene':10} {'director':8} in view  median     p95   speed  accel   jerk")
    for scene in SCENES:
        maps = list(maps_of(scene, 60.0, clutter=0.7, seed=0))
        for director in ("follow", "autocam"):
            path = plan_path(iter(maps), director=director, aspect=ASPECT)
            share, median_deg, p95_deg = judge(path, scene)
            found = path.certificate()
            print(
                f"{scene.__name__:10} {director:8} {share:7.1%} {median_deg:6.1f}° "
                f"{p95_deg:6.1f}° {found.max_speed_deg_per_s:6.1f} "
                f"{found.max_acceleration_deg_per_s2:6.1f} "
                f"{found.max_jerk_deg_per_s3:6.1f} "
                f"{'kept' if found.is_within(limits) else 'BROKEN'}"
            )
    maps = list(maps_of(walker, 600.0, clutter=0.7, seed=0))
    for director in ("follow", "autocam"):
        begin_s = time.perf_counter()
        plan_path(iter(maps), director=director)
        print(f"{director}: 10 minutes in {time.perf_counter() - begin_s:.1f} s")


if __name__ == "__main__":
    main()
