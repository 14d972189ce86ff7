"""A pair set to train on in a second: red squares hum low, blue squares hum high."""

from pathlib import Path

import cv2
import numpy as np

from soundloc.data.pairs import (
    SAMPLE_RATE_HZ,
    SPLITS,
    PictureEntry,
    PlacedObject,
    SoundEntry,
    write_sound,
    write_tables,
)

PITCHES_HZ = {"red": 200.0, "blue": 3000.0}
RED, BLUE = (0.125, 0.25, 0.375, 0.75), (0.625, 0.25, 0.875, 0.75)


def draw_humming_squares(
    folder: Path, *, n_pictures: int = 4, source: str = "pictures/{split}-{number}.jpg"
) -> Path:
    """Write the pair set, `n_pictures` in every split."""
    (folder / "pictures").mkdir(parents=True)
    (folder / "sounds").mkdir()
    pictures, sounds = [], []
    time_s = np.arange(SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
    for split in SPLITS:
        for number in range(n_pictures):
            image = np.full((64, 128, 3), 110 + number, np.uint8)
            image[16:48, 16:48] = (0, 0, 255)
            image[16:48, 80:112] = (255, 0, 0)
            name = f"pictures/{split}-{number}.jpg"
            cv2.imwrite(str(folder / name), image)
            objects = (PlacedObject("red", (RED,)), PlacedObject("blue", (BLUE,)))
            of = source.format(split=split, number=number)
            pictures.append(PictureEntry(name, split, of, objects, wrap=True))
        for kind, pitch_hz in PITCHES_HZ.items():
            name = f"sounds/{split}-{kind}.wav"
            hum = np.asarray(0.3 * np.sin(2 * np.pi * pitch_hz * time_s), np.float32)
            write_sound(folder / name, hum)
            sounds.append(SoundEntry(name, kind, split, name))
    write_tables(folder, pictures, sounds)
    return folder
