"""How well can kinds be read from what a sound trunk hears? A linear probe.

Run: python -m tests.benchmarks.bench_sound_trunks PAIRS [--teacher YAMNET.onnx]

A ridge regression from the pooled features of the training sounds, each kind as heavy
as the square root of its number, names the sounds of the validation split, recordings
apart. PAIRS is made by `pano prepare`; the published SoundNet-8 is asked for as in
`pano train`, and left out where it is not at hand.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from pano_jobs.training.presets import PRESETS, SoundTrunk
from pano_jobs.training.yamnet import YamNet
from soundloc.data.pairs import SoundEntry, read_pair_set, read_sound
from soundloc.errors import CheckpointError
from soundloc.inference.loudness import at_reference_level
from soundloc.network.checkpoint import load_checkpoint
from soundloc.network.model import SAMPLE_RATE_HZ, SoundStream
from soundloc.network.trunks.soundnet import SoundNet8
from soundloc.network.trunks.soundnet_weights import load_pretrained

LONGEST_S = 5.0
RIDGE = 100.0

Features = NDArray[np.float64]
Hear = Callable[[NDArray[np.float32]], NDArray[np.float32]]


def probe(train: Features, kinds: list[str], asked: Features) -> list[str]:
    """Name the kinds of sounds (m, c) from those of (n, c)."""
    mean, deviation = train.mean(axis=0), train.std(axis=0) + 1e-3
    names, numbers = np.unique(kinds, return_inverse=True)
    weights = 1.0 / np.sqrt(np.bincount(numbers))[numbers][:, None]
    x = (train - mean) / deviation
    y = np.where(numbers[:, None] == np.arange(len(names)), 1.0, -1.0)
    inner = (x * weights).T @ x + RIDGE * np.eye(x.shape[1])
    scores = (asked - mean) / deviation @ np.linalg.solve(inner, (x * weights).T @ y)
    return [str(name) for name in names[scores.argmax(axis=1)]]


def trunks(teacher: Path | None) -> Iterator[tuple[str, Hear]]:
    """Yield what can hear here."""
    yield "default checkpoint", _pooled(load_checkpoint().net.sound)
    stream = SoundStream(PRESETS["light"].with_sound_trunk(SoundTrunk.SOUNDNET).config)
    assert isinstance(stream.trunk, SoundNet8)
    try:
        load_pretrained(stream.trunk)
    except CheckpointError as error:
        print(f"without SoundNet-8: {error}")
    else:
        yield "SoundNet-8, conv5 and conv7", _pooled(stream.eval())
    if teacher is not None:
        said = YamNet(teacher)
        yield "YAMNet, the teacher", lambda sound: said(sound[None])[0]


def _pooled(stream: SoundStream) -> Hear:
    @torch.inference_mode()
    def hear(sound: NDArray[np.float32]) -> NDArray[np.float32]:
        heard: NDArray[np.float32] = stream(torch.from_numpy(sound)[None])[0].numpy()
        return heard

    return hear


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pairs", type=Path)
    parser.add_argument("--teacher", type=Path)
    options = parser.parse_args()
    pair_set = read_pair_set(options.pairs)

    def heard_by(hear: Hear, entries: list[SoundEntry]) -> Features:
        n = round(LONGEST_S * SAMPLE_RATE_HZ)
        sounds = (read_sound(pair_set.folder / e.sound)[:n] for e in entries)
        heard = [hear(at_reference_level(sound)) for sound in sounds]
        return np.array(heard, dtype=np.float64)

    named = [s for s in pair_set.sounds if s.kind is not None]
    train = [s for s in named if s.split == "train"]
    kinds = [str(s.kind) for s in train]
    asked = [s for s in named if s.split == "validation" and s.kind in kinds]
    truth = np.array([s.kind for s in asked])
    print(f"{len(asked)} sounds of {len(set(truth))} kinds; {len(train)} to learn from")
    for name, hear in trunks(options.teacher):
        said = probe(heard_by(hear, train), kinds, heard_by(hear, asked))
        is_right = truth == np.array(said)
        by_kind = [is_right[truth == kind].mean() for kind in sorted(set(truth))]
        print(
            f"{name:28s} named {is_right.mean():.3f}, mean over kinds "
            f"{np.mean(by_kind):.3f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
