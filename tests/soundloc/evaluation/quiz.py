"""A pair set with everything questions can be asked about, and random answers to it."""

from pathlib import Path

import numpy as np

from soundloc.data.pairs import (
    Box,
    Opinion,
    PairSet,
    PictureEntry,
    PlacedObject,
    SoundEntry,
)
from soundloc.evaluation.predictions import Predictions, Strength
from soundloc.evaluation.queries import Question, ask

KINDS = ("bell", "dog", "siren", "cat")
LEFT, RIGHT = (0.0, 0.2, 0.4, 0.9), (0.6, 0.1, 0.9, 0.7)
HEIGHT, WIDTH = 6, 8


def same(a: str | None, b: str | None) -> bool:
    return a == b


def draw_pair_set(n_pictures: int = 12, *, seed: int = 0) -> PairSet:
    """Two kinds in every picture, three sounds of each kind, wind; boxes at random."""
    rng = np.random.default_rng(seed)
    pictures = []
    for number in range(n_pictures):
        kinds = rng.choice(KINDS, 2, replace=False)
        boxes: list[Box] = []
        for x0 in (0.0, 0.5):
            corner = (x0 + 0.2 * rng.random(), 0.5 * rng.random())
            size = 0.1 + 0.2 * rng.random(2)
            far = (corner[0] + float(size[0]), corner[1] + float(size[1]))
            boxes.append((*corner, *far))
        objects = tuple(
            PlacedObject(str(kind), (box,))
            for kind, box in zip(kinds, boxes, strict=True)
        )
        source = f"clip {number // 2}"
        pictures.append(PictureEntry(f"{number}.jpg", "test", source, objects))
    sounds = [
        SoundEntry(f"{kind}-{i}.wav", kind, "test", f"{kind}-{i}")
        for kind in KINDS
        for i in range(3)
    ]
    sounds += [SoundEntry(f"wind-{i}.wav", None, "test", f"wind-{i}") for i in range(2)]
    return PairSet(Path("nowhere"), tuple(pictures), tuple(sounds))


def draw_own_sounds(n_pictures: int = 6) -> PairSet:
    """Draw pictures with sounds of their own, seen by three subjects; one ambient."""
    pictures, sounds = [], []
    for number in range(n_pictures):
        name = f"clip-{number}"
        opinions: tuple[Opinion, ...] = (
            Opinion((LEFT,), "object"),
            Opinion((LEFT, RIGHT), "object"),
            Opinion((RIGHT,), "ambient"),
        )
        if number == n_pictures - 1:
            opinions = (Opinion((LEFT,), "ambient"), Opinion((), "ambient"))
        objects = (PlacedObject(None, instance=name, opinions=opinions),)
        pictures.append(PictureEntry(f"{name}.jpg", "test", name, objects))
        sounds.append(SoundEntry(f"{name}.wav", None, "test", name, name))
    return PairSet(Path("nowhere"), tuple(pictures), tuple(sounds))


def random_predictions(
    pair_set: PairSet,
    questions: tuple[Question, ...] | None = None,
    *,
    seed: int = 0,
    ties: bool = False,
) -> Predictions:
    """Draw every response; with `ties` from few levels."""
    rng = np.random.default_rng(seed)
    if questions is None:
        questions = ask(pair_set, related=same, n_noises=5)
    shape = (len(questions), HEIGHT, WIDTH)
    maps = rng.uniform(-1.0, 1.0, shape)
    maps = np.round(4.0 * maps) / 4.0 if ties else maps
    priors = rng.uniform(-1.0, 1.0, (len(pair_set.pictures), HEIGHT, WIDTH))

    def strength() -> Strength:
        levels = rng.uniform(0.0, 1.0, (2, len(questions)))
        return Strength(*(np.round(levels, 1) if ties else levels).astype(np.float32))

    return Predictions(
        pair_set,
        questions,
        maps.astype(np.float16),
        priors.astype(np.float16),
        rng.uniform(0.0, 1.0, len(questions)).astype(np.float32),
        strength(),
        strength(),
        "cosine",
    )
