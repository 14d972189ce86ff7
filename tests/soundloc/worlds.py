"""A tiny world whose trunk features are drawn, so that training takes seconds.

Each kind has a direction in the visual and in the sound features; a picture shows its
kinds in different corners over noise.
"""

from pathlib import Path

import numpy as np

from soundloc.data.feature_cache import FeatureCache
from soundloc.data.pairs import PairSet, PictureEntry, PlacedObject, SoundEntry

KINDS = ("bell", "dog", "siren")
VISUAL_CHANNELS, SOUND_FEATURES = 432, 1280
HEIGHT, WIDTH = 6, 8
_CORNERS = ((0, 0), (0, 4), (3, 2))


def draw_world(
    n_pictures: int = 12, n_sounds: int = 4, *, seed: int = 0
) -> FeatureCache:
    rng = np.random.default_rng(seed)
    directions = np.random.default_rng(99)
    looks = {k: directions.standard_normal(VISUAL_CHANNELS) for k in KINDS}
    voices = {k: directions.standard_normal(SOUND_FEATURES) for k in KINDS}
    features = 0.3 * rng.standard_normal((n_pictures, VISUAL_CHANNELS, HEIGHT, WIDTH))
    pictures = []
    for number in range(n_pictures):
        objects = []
        for kind, corner in zip(rng.permutation(KINDS), _CORNERS, strict=True):
            y, x = corner
            features[number, :, y : y + 2, x : x + 2] += looks[str(kind)][:, None, None]
            box = (x / WIDTH, y / HEIGHT, (x + 2) / WIDTH, (y + 2) / HEIGHT)
            objects.append(PlacedObject(str(kind), (box,)))
        entry = PictureEntry(f"{number}.jpg", "train", str(number), tuple(objects))
        pictures.append(entry)
    sounds = [
        SoundEntry(f"{kind}-{i}.wav", kind, "train", f"{kind}-{i}")
        for kind in KINDS
        for i in range(n_sounds)
    ]
    heard = np.stack([voices[str(s.kind)] for s in sounds])[:, None]
    heard = heard + 0.3 * rng.standard_normal((len(sounds), 2, SOUND_FEATURES))
    noises = rng.standard_normal((5, SOUND_FEATURES))
    return FeatureCache(
        PairSet(Path("nowhere"), tuple(pictures), tuple(sounds)),
        features.astype(np.float16),
        heard.astype(np.float16),
        noises.astype(np.float16),
    )
