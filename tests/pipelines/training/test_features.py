from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import get_args

import cv2
import numpy as np
import pytest

from pano_jobs.training.features import load_features
from pano_jobs.training.presets import PRESETS
from pano_jobs.training.trunks import load_trunks
from soundloc.architecture.config import SoundPooling
from soundloc.architecture.efficientnet_lite0 import STRIDE_PX
from soundloc.data.pairs import (
    SAMPLE_RATE_HZ,
    PairSet,
    PictureEntry,
    PlacedObject,
    SoundEntry,
    write_sound,
)
from soundloc.errors import DatasetError
from soundloc.inference.torch_engine import TorchEngine
from soundloc.network.checkpoint import load_checkpoint

SIZES_PX = ((64, 96), (80, 80))


@pytest.fixture
def pair_set(tmp_path: Path) -> PairSet:
    rng = np.random.default_rng(0)
    pictures, sounds = [], []
    for number, (height, width) in enumerate(SIZES_PX):
        image = rng.integers(0, 255, (height, width, 3), dtype=np.uint8)
        cv2.imwrite(str(tmp_path / f"{number}.png"), image)
        placed = PlacedObject(None, (), f"clip{number}")
        pictures.append(PictureEntry(f"{number}.png", "test", f"{number}", (placed,)))
    noise = rng.standard_normal(SAMPLE_RATE_HZ).astype(np.float32)
    for number, gain in enumerate((0.2, 0.02)):
        write_sound(tmp_path / f"{number}.wav", np.asarray(gain * noise, np.float32))
        sound = SoundEntry(f"{number}.wav", None, "test", f"{number}", f"clip{number}")
        sounds.append(sound)
    return PairSet(tmp_path, tuple(pictures), tuple(sounds))


def test_pictures_of_several_sizes_ask_for_one(pair_set: PairSet) -> None:
    net = load_checkpoint().net
    load = partial(load_features, net, pair_set, "test", clean=True)
    engine = TorchEngine(net.visual.trunk)  # OpenVINO would compile for each size
    with pytest.raises(DatasetError, match="320×320"):
        load(engine=engine)
    for size_px in (64, 32):
        cache = load(engine=engine, picture_size_px=(size_px, size_px))
        n_cells = size_px // STRIDE_PX
        assert cache.pictures.shape == (2, 432, n_cells, n_cells)


@pytest.mark.slow
def test_clean_sounds_come_once_and_at_one_level(pair_set: PairSet) -> None:
    net = load_checkpoint().net
    cache = load_features(net, pair_set, "test", clean=True, picture_size_px=(64, 64))
    loud, soft = np.asarray(cache.sounds[:, 0], np.float32)
    assert cache.sounds.shape == (2, 1, net.config.sound_dim)
    assert np.corrcoef(loud, soft)[0, 1] > 0.999
    varied = load_features(net, pair_set, "test", picture_size_px=(64, 64))
    assert varied.sounds.shape == (2, 6, net.config.sound_dim)


@pytest.mark.slow
def test_ways_of_pooling_share_no_features(pair_set: PairSet) -> None:
    noise = np.random.default_rng(1).standard_normal(4 * SAMPLE_RATE_HZ)
    noise[SAMPLE_RATE_HZ:] *= 1e-3
    write_sound(pair_set.folder / "0.wav", np.asarray(0.1 * noise, np.float32))
    heard = []
    for pooling in get_args(SoundPooling):
        config = replace(PRESETS["light"].config, sound_pooling=pooling)
        cache = load_features(
            load_trunks(config, None),
            pair_set,
            "test",
            clean=True,
            picture_size_px=(64, 64),
        )
        heard.append(np.float32(cache.sounds[0, 0]))
    assert np.linalg.norm(heard[1] - heard[0]) > 0.1 * np.linalg.norm(heard[0])
