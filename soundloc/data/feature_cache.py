"""Trunk features of a whole pair set, computed once and kept on disk.

The trunks stay frozen, so their features never change: with the cache the heads
train in minutes on two CPU cores. Arrays are float16 and memory-mapped; a sound has
several variations, each heard in another window, at another level, over other noise.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from soundloc.data.augment import (
    SoundVariation,
    colored_noise,
    scale_to_level,
    vary_sound,
)
from soundloc.data.pairs import SAMPLE_RATE_HZ, PairSet, read_sound
from soundloc.data.views import View, apply_view, cells_behind, draw_view
from soundloc.errors import DatasetError
from soundloc.progress import StepProgress, untold
from soundloc.whole_file import written_whole

SeePicture = Callable[[NDArray[np.uint8], bool], NDArray[np.float32]]
HearSound = Callable[[NDArray[np.float32]], NDArray[np.float32]]

N_NOISES = 240
_NOISE_S = 5.0
# Of each picture, when two views of it are compared.
_N_VIEW_CELLS = 48


@dataclass(frozen=True, slots=True, eq=False)
class FeatureCache:
    """Features of one split, in the order of its tables.

    Parameters
    ----------
    pictures
        float16 (n_pictures, channels, h, w), visual trunk features.
    sounds
        float16 (n_sounds, n_variations, features), pooled sound trunk features.
    noises
        float16 (n_noises, features), the same of synthetic noise.
    views
        float16 (n_pictures, channels, h, w), of a second view of every picture.
    behind
        (n_pictures, h·w), the cell of the picture that each cell of the view shows.
    """

    pair_set: PairSet
    pictures: NDArray[np.float16]
    sounds: NDArray[np.float16]
    noises: NDArray[np.float16]
    views: NDArray[np.float16] | None = None
    behind: NDArray[np.int64] | None = None

    def draw_two_views(
        self, pictures: NDArray[np.int64], rng: np.random.Generator
    ) -> NDArray[np.float32] | None:
        """Draw cells of some pictures and the same cells of their views.

        Returns (2, n, channels, cells), or None where there are no views.
        """
        if self.views is None or self.behind is None:
            return None
        n_cells = self.behind.shape[1]
        pairs = []
        for picture in pictures:
            cells = rng.choice(n_cells, min(_N_VIEW_CELLS, n_cells), replace=False)
            seen = self.views[picture].reshape(-1, n_cells)[:, cells]
            behind = self.behind[picture, cells]
            whole = self.pictures[picture].reshape(-1, n_cells)[:, behind]
            pairs.append(np.stack([whole, seen]))
        return np.stack(pairs, axis=1).astype(np.float32)


@dataclass(frozen=True, slots=True)
class CacheRecipe:
    """What the cached features depend on, besides the pair set.

    Parameters
    ----------
    visual_trunk, sound_trunk
        Names of the trunks, which change with whatever changes what they give.
    variation
        How sounds are varied; None leaves them as they are, whole, to measure with.
    picture_size_px
        (height, width) that pictures are brought to; None leaves them as they are,
        and they must then be of one size.
    """

    visual_trunk: str
    sound_trunk: str
    n_variations: int = 6
    variation: SoundVariation | None = field(default_factory=SoundVariation)
    seed: int = 0
    picture_size_px: tuple[int, int] | None = None
    has_views: bool = False


def cache_features(
    pair_set: PairSet,
    split: str,
    recipe: CacheRecipe,
    *,
    see: SeePicture,
    hear: HearSound,
    on_step: StepProgress = untold,
) -> FeatureCache:
    """Load the features of a split, computing what is not on disk yet.

    `see` maps (picture, wrap) to (channels, h, w), `hear` a waveform to (features,).
    """
    chosen = pair_set.split(split)
    folder = pair_set.folder / "features"
    folder.mkdir(exist_ok=True)
    names = [p.picture for p in chosen.pictures]
    sight = _fingerprint(recipe.visual_trunk, names, *_size_note(recipe))
    pictures = _stored(
        folder / f"{split}-pictures-{sight}.npy",
        len(chosen.pictures),
        lambda: (see(image, wrap) for image, wrap in _pictures(chosen, recipe)),
        lambda done, total: on_step(f"seeing {split}", done, total),
    )
    stamp = _fingerprint(_sound_note(recipe), [s.sound for s in chosen.sounds])
    sounds = _stored(
        folder / f"{split}-sounds-{stamp}.npy",
        len(chosen.sounds),
        lambda: _hear_all(chosen, recipe, hear),
        lambda done, total: on_step(f"hearing {split}", done, total),
    )
    noises = _stored(
        folder / f"{split}-noises-{stamp}.npy",
        N_NOISES,
        lambda: (hear(noise) for noise in _noises(recipe)),
        lambda done, total: on_step(f"noises {split}", done, total),
    )
    cache = FeatureCache(chosen, pictures, sounds, noises)
    if not recipe.has_views:
        return cache
    views = _stored(
        folder / f"{split}-views-{sight}.npy",
        len(chosen.pictures),
        lambda: _see_views(chosen, recipe, see),
        lambda done, total: on_step(f"seeing {split} again", done, total),
    )
    behind = np.stack(
        [cells_behind(view, *views.shape[-2:]) for view in _views(chosen, recipe)]
    )
    return replace(cache, views=views, behind=behind)


def _size_note(recipe: CacheRecipe) -> list[object]:
    return [recipe.picture_size_px] if recipe.picture_size_px else []


def _sound_note(recipe: CacheRecipe) -> dict[str, object]:
    note = asdict(recipe)
    del note["visual_trunk"], note["picture_size_px"], note["has_views"]
    return note


def _views(chosen: PairSet, recipe: CacheRecipe) -> Iterator[View]:
    for number, entry in enumerate(chosen.pictures):
        rng = np.random.default_rng([recipe.seed, 2, number])
        yield draw_view(rng, wrap=entry.wrap)


def _see_views(
    chosen: PairSet, recipe: CacheRecipe, see: SeePicture
) -> Iterator[NDArray[np.float32]]:
    views = _views(chosen, recipe)
    for (image, wrap), view in zip(_pictures(chosen, recipe), views, strict=True):
        yield see(apply_view(image, view), wrap)


def _pictures(
    chosen: PairSet, recipe: CacheRecipe
) -> Iterator[tuple[NDArray[np.uint8], bool]]:
    shape: tuple[int, ...] | None = None
    for entry in chosen.pictures:
        image = read_picture(chosen.folder / entry.picture)
        if recipe.picture_size_px is not None:
            image = _resized(image, recipe.picture_size_px)
        if shape is not None and image.shape != shape:
            raise DatasetError(
                f"{entry.picture} of {chosen.folder} has {image.shape[1]}×"
                f"{image.shape[0]} pixels, others {shape[1]}×{shape[0]}; name one "
                "size to bring all pictures to, 320×320 is the paper's."
            )
        shape = image.shape
        yield image, entry.wrap


def _resized(image: NDArray[np.uint8], size_px: tuple[int, int]) -> NDArray[np.uint8]:
    height, width = size_px
    shrinks = height < image.shape[0]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, (width, height), interpolation=how), np.uint8)


def read_picture(path: Path) -> NDArray[np.uint8]:
    """Read a picture as RGB, shape (h, w, 3), uint8.

    Raises
    ------
    DatasetError
        If the file is missing or no picture.
    """
    bgr = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if bgr is None:
        raise DatasetError(f"{path} cannot be read as a picture.")
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), dtype=np.uint8)


def _hear_all(
    chosen: PairSet, recipe: CacheRecipe, hear: HearSound
) -> Iterator[NDArray[np.float32]]:
    backgrounds = [
        read_sound(chosen.folder / s.sound) for s in chosen.sounds if s.is_unlocalizable
    ]

    for number, entry in enumerate(chosen.sounds):
        rng = np.random.default_rng([recipe.seed, number])
        clip = read_sound(chosen.folder / entry.sound)
        if recipe.variation is None:
            yield hear(clip)[None]
            continue
        yield np.stack(
            [
                hear(vary_sound(clip, backgrounds, recipe.variation, rng))
                for _ in range(recipe.n_variations)
            ]
        )


def _noises(recipe: CacheRecipe) -> Iterator[NDArray[np.float32]]:
    for number in range(N_NOISES):
        rng = np.random.default_rng([recipe.seed, 1, number])
        noise = colored_noise(int(_NOISE_S * SAMPLE_RATE_HZ), rng)
        variation = recipe.variation or SoundVariation()
        yield scale_to_level(noise, rng.uniform(*variation.level_db))


def _stored(
    path: Path,
    n: int,
    rows: Callable[[], Iterator[NDArray[np.float32]]],
    tell: Callable[[int, int], None],
) -> NDArray[np.float16]:
    """Map an array from disk, writing it row by row first if it is not there."""
    if not path.exists():
        with written_whole(path) as part:
            target: np.memmap[tuple[int, ...], np.dtype[np.float16]] | None = None
            for number, row in enumerate(rows()):
                if target is None:
                    target = np.lib.format.open_memmap(
                        part, mode="w+", dtype=np.float16, shape=(n, *row.shape)
                    )
                target[number] = row
                tell(number + 1, n)
            if target is None:
                raise DatasetError(
                    f"{path.parent.parent} has nothing to compute features of."
                )
            target.flush()
    return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))


def _fingerprint(*content: object) -> str:
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:12]
