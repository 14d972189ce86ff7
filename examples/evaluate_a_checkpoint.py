"""How well a checkpoint points, and whether it listens: nine drawn pictures.

Run it as `python examples/evaluate_a_checkpoint.py [FILE.safetensors]`; without a file
it is the network that comes with the package. `pano evaluate` prints all of it.
"""

import sys
from itertools import combinations
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np

from pano.draw.billboard import paint_billboard
from pano.sphere import (
    Direction,
    angles_deg_to_pixel,
)
from pano_jobs.evaluation.evaluate import EvaluateSettings, evaluate
from pano_jobs.synthetic.landscape import panorama
from pano_jobs.synthetic.sprites import SourceKind, sprite
from pano_jobs.synthetic.synthesis import sound
from soundloc.data.pairs import (
    PictureEntry,
    PlacedObject,
    SoundEntry,
    write_sound,
    write_tables,
)

KINDS = (SourceKind.FIRE, SourceKind.BELL, SourceKind.SIREN)
PITCH_DEG, HALF_DEG = -6.0, 14.0
WIDTH_PX, HEIGHT_PX = 960, 480


def main() -> None:
    """Draw a pair set, measure the checkpoint on it, print the main figures."""
    checkpoint = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    with TemporaryDirectory() as name:
        draw_pair_set(Path(name))
        report = evaluate(EvaluateSettings(Path(name), checkpoint)).report
    for row in report.localization:
        if row.protocol == "adaptive":
            print(f"pointing, {row.predictor:14s} {row.pointing}")
    for row in report.negatives:
        print(f"AUROC against {row.relation:10s} {row.auroc}")
    gap = report.shuffle[0]
    print(f"worth of listening       {gap.gap}, p = {gap.p_value:.4f}")
    print("\n".join(report.notes))


def draw_pair_set(folder: Path) -> None:
    """Draw pictures of two things each, three sounds of each kind, and wind."""
    pictures, sounds = [], []
    for seed in range(3):
        for pair in combinations(KINDS, 2):
            picture = panorama(seed, WIDTH_PX, HEIGHT_PX)
            objects = []
            for kind, yaw_deg in zip(pair, (-120.0 + 50.0 * seed, 60.0), strict=True):
                center = Direction(yaw_deg, PITCH_DEG)
                drawn = sprite(kind, seed, 0.0)
                paint_billboard(picture, drawn, center=center, width_deg=2 * HALF_DEG)
                objects.append(PlacedObject(kind.value, (box_around(center),)))
            name = f"{'-'.join(pair)}-{seed}.png"
            cv2.imwrite(str(folder / name), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
            pictures.append(PictureEntry(name, "test", name, tuple(objects), wrap=True))
        for kind in KINDS:
            name = f"{kind}-{seed}.wav"
            write_sound(folder / name, sound(kind, seed, 5.0))
            sounds.append(SoundEntry(name, kind.value, "test", name))
    noise = np.random.default_rng(0).standard_normal(22_050 * 5)
    wind = np.convolve(noise, np.ones(60) / 60, mode="same") * 0.3
    write_sound(folder / "wind.wav", np.float32(wind))
    sounds.append(SoundEntry("wind.wav", None, "test", "wind"))
    write_tables(folder, pictures, sounds)


def box_around(center: Direction) -> tuple[float, float, float, float]:
    """Return what a thing covers, in fractions of width and height."""
    left, top = angles_deg_to_pixel(
        center.yaw_deg - HALF_DEG, center.pitch_deg + HALF_DEG, WIDTH_PX, HEIGHT_PX
    )
    right, bottom = angles_deg_to_pixel(
        center.yaw_deg + HALF_DEG, center.pitch_deg - HALF_DEG, WIDTH_PX, HEIGHT_PX
    )
    edges = (left / WIDTH_PX, top / HEIGHT_PX, right / WIDTH_PX, bottom / HEIGHT_PX)
    return tuple(float(edge) for edge in edges)


if __name__ == "__main__":
    main()
