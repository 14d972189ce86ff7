"""Three held-back pictures, three held-back sounds each: where does the map peak?

Each picture shows a dog, a person and an emergency vehicle of the test split on a
panorama of the test split; each is heard with a bark, with speech and with a siren of
the test split. Run as

    python -m tests.benchmarks.show_three_sounds MATERIAL -o sheet.png [--seed N]
"""

from __future__ import annotations

import argparse
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from pano.draw.overlay import blend_heatmap
from pano.media.sound.track import decode_sound
from pano.sphere import cell_solid_angles_sr, pixel_to_angles_deg
from pano_jobs.datasets.compose import ScenePainter
from pano_jobs.datasets.material import SoundSource, read_material
from soundloc import SoundLocalizer
from soundloc.data.pairs import SAMPLE_RATE_HZ, SoundEntry

# The folder of sounds, and the kind of object that makes them.
SOUNDS = {"dog": "dog", "speech": "person", "siren": "siren"}
N_PICTURES = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("material", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--checkpoint", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    material = read_material(options.material)
    heard = [
        SoundEntry(str(s.path), s.kind, s.split, s.source) for s in material.sounds
    ]
    painter = ScenePainter(material, heard, "test")
    localizer = SoundLocalizer.load(options.checkpoint)
    rows = []
    n_right = 0
    for number in range(N_PICTURES):
        rng = np.random.default_rng([options.seed, number])
        picture, objects = painter.scene(rng, kinds=list(SOUNDS.values()))
        seen = localizer.see(picture, wrap=True)
        row = [picture]
        for folder, kind in SOUNDS.items():
            sound = draw_sound(material.sounds, folder, rng)
            track = localizer.hear(sound)
            window = track.window(track.duration_s / 2, track.duration_s)
            found = localizer.attend(seen, window)
            height, width = found.response.shape
            y, x = np.unravel_index(found.response.argmax(), found.response.shape)
            yaw_deg, pitch_deg = pixel_to_angles_deg(x, y, width, height)
            hit = next(
                (
                    o.kind
                    for o in objects
                    for box in o.boxes
                    if inside((x + 0.5) / width, (y + 0.5) / height, box)
                ),
                "background",
            )
            n_right += hit == kind
            print(
                f"picture {number + 1}, {folder:6s}: peak at yaw {yaw_deg:+4.0f}°, "
                f"pitch {pitch_deg:+3.0f}°, on the {hit}, "
                f"confidence {found.confidence:.2f}"
            )
            density = found.attention / cell_solid_angles_sr(height, width)
            density /= density.mean() * 4.0 * np.pi
            row.append(blend_heatmap(picture, np.asarray(density, np.float32)))
        rows.append(np.hstack(row))
    print(f"{n_right} of {N_PICTURES * len(SOUNDS)} peaks on the right object")
    sheet = cv2.cvtColor(np.vstack(rows), cv2.COLOR_RGB2BGR)
    cv2.imwrite(str(options.output), cv2.resize(sheet, None, fx=0.5, fy=0.5))


def draw_sound(
    sounds: tuple[SoundSource, ...], folder: str, rng: np.random.Generator
) -> np.ndarray:
    pool = [s for s in sounds if s.split == "test" and s.path.parent.name == folder]
    chosen = pool[int(rng.integers(len(pool)))]
    return decode_sound(
        chosen.path, start=Fraction(0), sample_rate_hz=SAMPLE_RATE_HZ
    ).samples


def inside(x: float, y: float, box: tuple[float, float, float, float]) -> bool:
    x0, y0, x1, y1 = box
    across = x0 <= x <= x1 if x0 < x1 else x >= x0 or x <= x1
    return across and y0 <= y <= y1


if __name__ == "__main__":
    main()
