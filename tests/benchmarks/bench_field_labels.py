"""Do labels from the sound field teach a localizer that hears mono?

    python tests/benchmarks/bench_field_labels.py [--clips 48] [--seeds 3] [--steps 350]

A composed world of six things that no checkpoint knows: coloured figures, each with a
sound of its own. In every clip three of them stand on a panorama and one sounds; the
sound is a first-order field with diffuse noise. `pano prepare --from videos` makes
pairs of the clips, the field labels them, and `pano train` learns from them, with and
without the labels. Then the localizer hears other clips of the world in mono: how often
is the peak of its map in the thing that sounds, among three? The interval is of a
bootstrap over clips, seeds together.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from pano.ambisonics.harmonics import encode, spherical_harmonics
from pano.draw.billboard import paint_billboard
from pano.media import MediaWriter, SphericalMetadata
from pano.media.sound.hearing import choose_hearing
from pano.media.sound.route import SoundRoute
from pano.media.sound.write_sound import write_sound
from pano.sphere import Direction, angle_between_deg, pixel_to_angles_deg
from pano_jobs.analysis.localize import log_solid_angles
from pano_jobs.analysis.localizer import SOUND_RATE_HZ
from pano_jobs.synthetic.landscape import panorama
from soundloc import SoundLocalizer

WIDTH_PX, HEIGHT_PX = 960, 480
CLIP_S = 4.0
RATE_HZ = 44_100
N_KINDS, N_SHOWN = 6, 3
FIGURE_DEG = 26.0
# (corners of the figure, colour, pitch in Hz, beats in Hz, overtones)
KINDS = [
    (3, (230, 40, 40), 220.0, 2.0, 8),
    (4, (40, 60, 230), 1500.0, 7.0, 2),
    (5, (250, 220, 40), 440.0, 0.0, 1),
    (6, (180, 40, 200), 110.0, 14.0, 20),
    (8, (30, 200, 210), 2800.0, 3.0, 1),
    (24, (250, 140, 20), 700.0, 21.0, 5),
]


@dataclass(frozen=True)
class Clip:
    """Three things at places, the first of which sounds."""

    seed: int

    def things(self) -> list[tuple[int, Direction]]:
        rng = np.random.default_rng([self.seed, 50])
        kinds = rng.permutation(N_KINDS)[:N_SHOWN]
        first_deg = float(rng.uniform(-180.0, 180.0))
        return [
            (
                int(kind),
                Direction(
                    first_deg + 120.0 * k + float(rng.uniform(-25.0, 25.0)),
                    float(rng.uniform(-20.0, 10.0)),
                ),
            )
            for k, kind in enumerate(kinds)
        ]

    def picture(self) -> NDArray[np.uint8]:
        rng = np.random.default_rng([self.seed, 51])
        image = panorama(self.seed % 7, WIDTH_PX, HEIGHT_PX).copy()
        for kind, where in self.things():
            roll_deg = float(rng.uniform(-30.0, 30.0))
            paint_billboard(
                image,
                figure(kind),
                center=where,
                width_deg=FIGURE_DEG,
                roll_deg=roll_deg,
            )
        return image

    def sound(self, rate_hz: int) -> NDArray[np.float32]:
        rng = np.random.default_rng([self.seed, 52])
        kind, _ = self.things()[0]
        return hum(kind, rng, rate_hz)


def figure(kind: int) -> NDArray[np.uint8]:
    """Draw a thing: RGBA, with a dark rim and stripes."""
    n_corners, color, *_ = KINDS[kind]
    angles = 2.0 * np.pi * np.arange(n_corners) / n_corners - np.pi / 2.0
    corners = np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    points = np.round(128.0 + 115.0 * corners).astype(np.int32)
    sprite = np.zeros((256, 256, 4), np.uint8)
    cv2.fillPoly(sprite, [points], (*color, 255), cv2.LINE_AA)
    for k in range(2 + kind):
        y = 60 + 140 * k // (2 + kind)
        stripe = sprite[y : y + 8]
        stripe[..., :3][stripe[..., 3] > 0] = 255 - np.array(color)
    cv2.polylines(sprite, [points], True, (20, 20, 20, 255), 5, cv2.LINE_AA)
    return sprite


def hum(kind: int, rng: np.random.Generator, rate_hz: int) -> NDArray[np.float32]:
    """Sound a thing: a tone with overtones that beats, never twice the same."""
    _, _, pitch_hz, beats_hz, n_overtones = KINDS[kind]
    time_s = np.arange(round(CLIP_S * rate_hz)) / rate_hz
    pitch_hz = pitch_hz * float(rng.uniform(0.94, 1.06))
    tone = sum(
        np.sin(2.0 * np.pi * n * pitch_hz * time_s + rng.uniform(0.0, 6.28)) / n
        for n in range(1, n_overtones + 1)
        if n * pitch_hz < 9_000.0
    )
    beating = 1.0 + 0.9 * np.sin(2.0 * np.pi * beats_hz * time_s + rng.uniform(0, 6.28))
    hummed = np.asarray(tone * beating + 0.02 * rng.standard_normal(len(time_s)))
    return np.asarray(0.1 * hummed / hummed.std(), np.float32)


def write_clip(clip: Clip, target: Path) -> None:
    rng = np.random.default_rng([clip.seed, 53])
    _, where = clip.things()[0]
    field = encode(clip.sound(RATE_HZ), where)
    units = rng.standard_normal((24, 3))
    units /= np.linalg.norm(units, axis=1, keepdims=True)
    noise = rng.standard_normal((24, field.shape[1])).astype(np.float32)
    diffuse = spherical_harmonics(units, 1).T.astype(np.float32) @ noise
    field += 0.02 * diffuse / np.float32(np.sqrt(24.0))
    beside = target.with_suffix(".m4a")
    write_sound(beside, np.asarray(field, np.float32), sample_rate_hz=RATE_HZ)
    with MediaWriter(
        target,
        width_px=WIDTH_PX,
        height_px=HEIGHT_PX,
        frame_rate=Fraction(5),
        time_base=Fraction(1, 5),
        sound_from=beside,
        route=SoundRoute(choose_hearing(beside), is_sphere=True),
        spherical=SphericalMetadata(),
        preset="veryfast",
    ) as writer:
        image = clip.picture()
        for k in range(round(5 * CLIP_S)):
            writer.write(image, k)
    beside.unlink()


def pointing(checkpoint: Path | None, clips: list[Clip]) -> list[bool]:
    """Tell for each clip whether the peak lies in the thing that sounds."""
    localizer = SoundLocalizer.load(checkpoint)
    found = []
    for clip in clips:
        visual = localizer.see(clip.picture(), wrap=True)
        track = localizer.hear(clip.sound(SOUND_RATE_HZ))
        window = track.window(CLIP_S / 2.0, CLIP_S)
        prior = log_solid_angles(*visual.shape[1:])
        masses = localizer.attend(visual, window, log_prior=prior).attention
        density = masses / np.exp(prior)
        row, column = np.unravel_index(int(np.argmax(density)), density.shape)
        height, width = density.shape
        yaw_deg, pitch_deg = pixel_to_angles_deg(column, row, width, height)
        peak = Direction(float(yaw_deg), float(pitch_deg))
        _, where = clip.things()[0]
        found.append(angle_between_deg(peak, where) <= FIGURE_DEG / 2.0)
    return found


def run(*words: object) -> None:
    command = [sys.executable, "-m", "pano_jobs.cli", *map(str, words), "--quiet"]
    subprocess.run(command, check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=48)
    parser.add_argument("--tests", type=int, default=24)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=350)
    parser.add_argument("--folder", type=Path)
    asked = parser.parse_args()
    tests = [Clip(100_000 + k) for k in range(asked.tests)]
    with tempfile.TemporaryDirectory() as temporary:
        folder = asked.folder or Path(temporary)
        folder.mkdir(exist_ok=True)
        footage, pairs = folder / "footage", folder / "pairs"
        if not pairs.exists():
            footage.mkdir(exist_ok=True)
            for k in range(asked.clips):
                write_clip(Clip(k), footage / f"clip{k:03}.mp4")
            run("prepare", footage, "-o", pairs, "--from", "videos", "--every", 2.0)
        print(f"{'trained on':<44}{'peak in the thing that sounds':>32}", flush=True)
        print(_row("nothing of this world (default)", [pointing(None, tests)]))
        for words, supervision in (
            ("pictures and sounds, no labels", "unsupervised"),
            ("the same, labelled by the field", "semi-supervised"),
        ):
            found = []
            for seed in range(asked.seeds):
                target = folder / f"{supervision}-{seed}.safetensors"
                if not target.exists():
                    run(
                        "train", pairs, "-o", target, "--supervision", supervision,
                        "--seed", seed, "--steps", asked.steps,
                    )  # fmt: skip
                found.append(pointing(target, tests))
            print(_row(words, found), flush=True)


def _row(words: str, found: list[list[bool]]) -> str:
    rng = np.random.default_rng(0)
    hits = np.array(found, dtype=np.float64)
    drawn = rng.integers(0, hits.shape[1], (2000, hits.shape[1]))
    low, high = np.percentile(hits.mean(axis=0)[drawn].mean(axis=1), [2.5, 97.5])
    by_seed = ", ".join(f"{share:.0%}" for share in hits.mean(axis=1))
    return f"{words:<44}{f'{hits.mean():.0%} ({low:.0%} – {high:.0%})':>20}   {by_seed}"


if __name__ == "__main__":
    main()
