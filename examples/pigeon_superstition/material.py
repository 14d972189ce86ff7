"""What is learned from and measured on: the world's pictures and sounds, as features.

Nobody names a kind here. A picture and its sounds only belong together, as the frame
and the track of a video do, so that an unsupervised training knows no more than the
paper's.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from examples.pigeon_superstition.world import FIRST_SEEDS, KINDS, Scene, draw_scene
from pano_jobs.synthetic.synthesis import sound
from soundloc.data.feature_cache import FeatureCache
from soundloc.data.pairs import PairSet, PictureEntry, PlacedObject, SoundEntry
from soundloc.inference.engine import VisualEngine
from soundloc.inference.torch_engine import choose_engine
from soundloc.network.model import SoundLocalizationNet
from soundloc.progress import StepProgress, untold

_N_SOUNDS = {"train": 40, "test": 20}  # of every kind
_SOUND_S = 4.0


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """Scenes and their features; sounds 2k and 2k + 1 are those of picture k."""

    scenes: tuple[Scene, ...]
    cache: FeatureCache


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """What is trained on, and held-out pictures as ever and with grounds crossed.

    Parameters
    ----------
    trunks
        The network whose frozen trunks saw and heard it.
    """

    trunks: SoundLocalizationNet
    train: Material
    test: Material
    crossed: Material


def make_world(
    trunks: SoundLocalizationNet,
    *,
    n_train: int,
    n_test: int,
    on_step: StepProgress = untold,
) -> World:
    """Draw the pictures, synthesise the sounds, and let the trunks see and hear them.

    The crossed pictures have the same sources and sounds as the test pictures.
    """
    sight = choose_engine(trunks.visual.trunk)
    made = {}
    for split, n in (("train", n_train), ("test", n_test)):
        voices = _hear(trunks, split, n, on_step)
        for crossed in (False, True) if split == "test" else (False,):
            scenes = [draw_scene(split, k, crossed=crossed) for k in range(n)]
            made[split, crossed] = _see(sight, split, scenes, voices, on_step)
    return World(trunks, made["train", False], made["test", False], made["test", True])


def _see(
    sight: VisualEngine,
    split: str,
    scenes: list[Scene],
    voices: dict[str, NDArray[np.float16]],
    on_step: StepProgress,
) -> Material:
    """Look at every scene, and give each of its sources one voice of its kind."""
    rng = np.random.default_rng(FIRST_SEEDS[split])
    pictures, sounds, seen, heard = [], [], [], []
    for number, scene in enumerate(scenes):
        objects = []
        for place, standing in enumerate(scene.standing):
            instance = f"{number}:{place}"
            objects.append(PlacedObject(None, (standing.source,), instance))
            sounds.append(SoundEntry("", None, split, instance, instance))
            of_kind = voices[standing.kind]
            heard.append(of_kind[rng.integers(len(of_kind))])
        pictures.append(PictureEntry("", split, str(number), tuple(objects)))
        seen.append(sight.see(scene.picture, wrap=False).astype(np.float16))
        on_step(f"seeing {split}", number + 1, len(scenes))
    features = np.stack(heard)[:, None]
    silence = np.zeros_like(features[:1, 0])
    pair_set = PairSet(Path("a drawn world"), tuple(pictures), tuple(sounds))
    return Material(
        tuple(scenes), FeatureCache(pair_set, np.stack(seen), features, silence)
    )


@torch.inference_mode()
def _hear(
    trunks: SoundLocalizationNet, split: str, n_pictures: int, on_step: StepProgress
) -> dict[str, NDArray[np.float16]]:
    """Synthesise and hear the sounds of a split: (n, features) for every kind."""
    n = min(_N_SOUNDS[split], max(2, n_pictures // 3))
    voices: dict[str, NDArray[np.float16]] = {}
    for number, kind in enumerate(KINDS):
        waves = [sound(kind, FIRST_SEEDS[split] + k, _SOUND_S) for k in range(n)]
        pooled = [trunks.sound(torch.from_numpy(wave)[None])[0] for wave in waves]
        voices[kind] = torch.stack(pooled).numpy().astype(np.float16)
        on_step(f"hearing {split}", number + 1, len(KINDS))
    return voices
