"""How well a sound field tells where to look, alone and beside the picture.

    python tests/benchmarks/bench_sound_field.py [--clips 9] [--rounds 5] [--part NAME]

Points: noise and real-looking sounds placed over the sphere, alone and with diffuse
noise; the angle of the direction that is heard, and how surely it is. Clips: three
look-alikes of which one sounds, and the demo's scene, panned by each kind of evidence;
the share of the sounding time with the source in view, with the 95 % interval of a
bootstrap over clips. Speed: the processor's time for what a field adds to a pan of the
demo's clip, against the same pan without it in the same round: the median, the least
and the most over rounds. Memory: the peak of a pan with the field, in a process of its
own, over two lengths.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from pano.ambisonics.harmonics import encode, spherical_harmonics
from pano.ambisonics.heard_directions import FieldEvidence, HeardDirections
from pano.ambisonics.intensity import IntensityMeter
from pano.camera.path import CameraPath
from pano.media import MediaWriter, SphericalMetadata
from pano.media.sound.choice import SoundOut
from pano.media.sound.hearing import choose_hearing
from pano.media.sound.route import SoundRoute
from pano.media.sound.write_sound import write_sound
from pano.sphere import Direction, angle_between_deg
from pano_jobs.analysis.localizer import load_localizer
from pano_jobs.settings import (
    DemoSettings,
    Evidence,
    LensSettings,
    LocalizeSettings,
    PanSettings,
)
from pano_jobs.synthetic.sprites import SourceKind
from pano_jobs.synthetic.synthesis import sound
from pano_jobs.synthetic.world import DrawnSource, DrawnWorld, default_world
from pano_jobs.video.demo import draw_clip, report
from pano_jobs.video.pan import pan

RATE_HZ = 48_000
FIELD_RATE_HZ = 22_050
FRAME_RATE_HZ = 10
VISUAL_RATE_HZ = 1.0  # of things that hardly move
WIDTH_PX = 960
DURATION_S = 10.0
LENGTHS_S = (20.0, 60.0)  # between which memory must not grow
LENS = LensSettings(width_px=320, height_px=180)
PANS: tuple[tuple[str, Evidence, SoundOut], ...] = (
    ("picture alone, sound copied", "picture", "copy"),
    ("picture and field, sound copied", "both", "copy"),
    ("picture and field, stereo", "both", "stereo"),
    ("picture and field, binaural", "both", "binaural"),
)
EVIDENCE: tuple[Evidence, ...] = get_args(Evidence)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=9)
    parser.add_argument("--points", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--part", choices=["points", "clips", "speed", "memory"])
    asked = parser.parse_args()
    if asked.part in (None, "points"):
        bench_points(asked.points)
    if asked.part in (None, "clips"):
        bench_clips(asked.clips)
    if asked.part in (None, "speed"):
        bench_speed(asked.rounds)
    if asked.part in (None, "memory"):
        bench_memory()


def bench_points(n: int) -> None:
    print(f"{'diffuse noise':<16}{'sound':<8}{'median':>8}{'90 %':>8}{'trust':>18}")
    for words, snr_db in (
        ("none", None),
        ("at -10 dB", 10.0),
        ("at 0 dB", 0.0),
        ("at +10 dB", -10.0),
    ):
        for kind in ("noise", "drawn"):
            rng = np.random.default_rng(360)
            found = [_point(rng, kind, snr_db) for _ in range(n)]
            errors = [error for error, _ in found]
            trust = np.percentile([trust for _, trust in found], [5, 50, 95])
            print(
                f"{words:<16}{kind:<8}{np.median(errors):>7.1f}°"
                f"{np.percentile(errors, 90):>7.1f}°"
                f"{'':>4}" + " – ".join(f"{value:.2f}" for value in trust)
            )
    rng = np.random.default_rng(361)
    alone = [heard(diffuse(rng, 3 * FIELD_RATE_HZ)).trust for _ in range(n)]
    print(f"{'diffuse alone':<24}{'':>20}{max(alone):.2f} at the most")
    silent = heard(np.zeros((4, 3 * FIELD_RATE_HZ), np.float32)).trust
    print(f"{'silence':<24}{'':>20}{silent:.2f}")


def _point(
    rng: np.random.Generator, kind: str, snr_db: float | None
) -> tuple[float, float]:
    """Place one sound somewhere; return its error and the trust in it."""
    n = 3 * FIELD_RATE_HZ
    where = Direction(
        float(rng.uniform(-180.0, 180.0)),
        float(np.degrees(np.arcsin(rng.uniform(-1.0, 1.0)))),
    )
    if kind == "noise":
        samples = rng.standard_normal(n)
    else:
        drawn = list(SourceKind)[int(rng.integers(len(SourceKind)))]
        drawn_sound = sound(drawn, int(rng.integers(1 << 30)), 3.0, FIELD_RATE_HZ)
        samples = drawn_sound[:n].astype(np.float64)
    field = encode(0.05 * samples / np.std(samples), where)
    if snr_db is not None:
        field += np.float32(10.0 ** (-snr_db / 20.0)) * diffuse(rng, field.shape[1])
    evidence = heard(field)
    if not evidence.sources:
        return 180.0, evidence.trust
    return angle_between_deg(evidence.sources[0].direction, where), evidence.trust


def diffuse(
    rng: np.random.Generator, n: int, *, n_waves: int = 64
) -> NDArray[np.float32]:
    """Noise of 0.05 RMS from everywhere at once, (4, n)."""
    units = rng.standard_normal((n_waves, 3))
    units /= np.linalg.norm(units, axis=1, keepdims=True)
    noise = rng.standard_normal((n_waves, n)).astype(np.float32)
    mixed = spherical_harmonics(units, 1).T.astype(np.float32) @ noise
    return np.asarray(0.05 * mixed / np.sqrt(n_waves), np.float32)


def heard(field: NDArray[np.float32]) -> FieldEvidence:
    meter = IntensityMeter(FIELD_RATE_HZ)
    meter.add(np.asarray(field, np.float32))
    return HeardDirections(meter.finish()).around(1.5)


def look_alikes(seed: int) -> DrawnWorld:
    """Three of one kind and look, far apart; one sounds from second 1 to the end."""
    rng = np.random.default_rng([seed, 20])
    kind = list(SourceKind)[int(rng.integers(len(SourceKind)))]
    individual = int(rng.integers(1 << 30))
    sounding = int(rng.integers(3))
    turn_deg = float(rng.uniform(-180.0, 180.0))
    sources = tuple(
        DrawnSource(
            kind,
            individual,
            Direction(
                turn_deg + 120.0 * k + float(rng.uniform(-15.0, 15.0)),
                float(rng.uniform(-12.0, 2.0)),
            ),
            22.0,
            ((1.0, DURATION_S),) if k == sounding else (),
        )
        for k in range(3)
    )
    return DrawnWorld(seed, DURATION_S, sources)


def demo_scene(seed: int) -> DrawnWorld:
    return default_world(1000 + seed, duration_s=2.0 * DURATION_S)


@dataclass(frozen=True)
class Scene:
    """Clips of one kind."""

    words: str
    world: Callable[[int], DrawnWorld]
    has_noise: bool


SCENES = (
    Scene("three look-alikes", look_alikes, False),
    Scene("three look-alikes, diffuse at 0 dB", look_alikes, True),
    Scene("demo scenes", demo_scene, False),
    Scene("demo scenes, diffuse at 0 dB", demo_scene, True),
)


def bench_clips(n_clips: int) -> None:
    print(f"{'source in view':<38}" + "".join(f"{name:>22}" for name in EVIDENCE))
    localizer = load_localizer(None, "auto")
    for scene in SCENES:
        n = n_clips if scene.world is look_alikes else max(n_clips // 3, 2)
        shares: dict[Evidence, list[float]] = {name: [] for name in EVIDENCE}
        for seed in range(n):
            with tempfile.TemporaryDirectory() as folder:
                world, clip = scene.world(seed), Path(folder) / "clip.mp4"
                write_clip(world, clip, has_noise=scene.has_noise)
                for name in EVIDENCE:
                    path_file = Path(folder) / f"{name}.json"
                    settings = PanSettings(
                        localize=LocalizeSettings(
                            evidence=name, visual_rate_hz=VISUAL_RATE_HZ
                        ),
                        lens=LENS,
                    )
                    pan(
                        clip,
                        Path(folder) / f"{name}.mp4",
                        settings,
                        path_target=path_file,
                        localizer=localizer,
                    )
                    path = CameraPath.load(path_file)
                    found = report(path, world, aspect=LENS.aspect)
                    shares[name].append(found.share_in_view)
        cells = "".join(f"{_with_interval(shares[name]):>22}" for name in EVIDENCE)
        print(f"{f'{scene.words} ({n})':<38}{cells}", flush=True)


def _with_interval(shares: list[float]) -> str:
    rng = np.random.default_rng(0)
    drawn = rng.choice(shares, (2000, len(shares))).mean(axis=1)
    low, high = np.percentile(drawn, [2.5, 97.5])
    return f"{np.mean(shares):.0%} ({low:.0%} – {high:.0%})"


def write_clip(world: DrawnWorld, target: Path, *, has_noise: bool) -> None:
    field = world.sound_field(sample_rate_hz=RATE_HZ)
    if has_noise:
        sounding = np.abs(field[0]) > 0.0
        rms = float(np.sqrt(np.mean(np.square(field[0][sounding]))))
        rng = np.random.default_rng([world.seed, 21])
        field = field + diffuse(rng, field.shape[1], n_waves=24) * (rms / 0.05)
        field = 0.5 * field
    sound_file = target.with_suffix(".m4a")
    write_sound(sound_file, np.asarray(field, np.float32), sample_rate_hz=RATE_HZ)
    with MediaWriter(
        target,
        width_px=WIDTH_PX,
        height_px=WIDTH_PX // 2,
        frame_rate=Fraction(FRAME_RATE_HZ),
        time_base=Fraction(1, FRAME_RATE_HZ),
        sound_from=sound_file,
        route=SoundRoute(choose_hearing(sound_file), is_sphere=True),
        spherical=SphericalMetadata(),
        preset="veryfast",
    ) as writer:
        for k in range(round(world.duration_s * FRAME_RATE_HZ)):
            writer.write(world.frame(k / FRAME_RATE_HZ, width_px=WIDTH_PX), k)


def bench_speed(n_rounds: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "clip.mp4"
        world = default_world(0, duration_s=20.0)
        draw_clip(world, clip, DemoSettings())
        localizer = load_localizer(None, "auto")
        took_s: dict[str, list[float]] = {}
        for _ in range(n_rounds):  # in turns, so that a busy machine hits all alike
            for words, evidence, out in PANS:
                start_s = time.process_time()
                pan(
                    clip,
                    Path(folder) / "flat.mp4",
                    PanSettings(
                        localize=LocalizeSettings(evidence=evidence), sound_out=out
                    ),
                    localizer=localizer,
                    overwrite=True,
                )
                took_s.setdefault(words, []).append(time.process_time() - start_s)
    plain_s = np.array(took_s[PANS[0][0]])
    print(
        f"{'pan of 20 s of 1920x960':<44}{'CPU s':>8}{'against':>9}{'from':>8}{'to':>8}"
    )
    for words, times in took_s.items():
        more = np.array(times) / plain_s - 1.0
        print(
            f"{words:<44}{np.median(times):>8.1f}{np.median(more):>+9.1%}"
            f"{more.min():>+8.1%}{more.max():>+8.1%}"
        )


# Says the peak memory of a command in gigabytes.
_PEAK = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, capture_output=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024**2)
"""


def bench_memory() -> None:
    peaks_gb: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        for duration_s in LENGTHS_S:
            clip = Path(folder) / f"clip-{duration_s:g}.mp4"
            draw_clip(default_world(0, duration_s=duration_s), clip, DemoSettings())
            command = [sys.executable, "-m", "pano_jobs.cli", "pan", str(clip)]
            command += ["--evidence", "both", "--sound-out", "binaural"]
            command += ["-o", str(Path(folder) / f"flat-{duration_s:g}.mp4")]
            done = subprocess.run(
                [sys.executable, "-c", _PEAK, *command],
                check=True,
                capture_output=True,
                text=True,
            )
            peaks_gb.append(float(done.stdout))
            words = f"picture and field, binaural {duration_s:>4.0f} s"
            print(f"{words:<33}{peaks_gb[-1]:>8.2f} GB")
    print(f"{'the longer against the shorter':<33}{peaks_gb[-1] / peaks_gb[0]:>8.2f}")


if __name__ == "__main__":
    main()
