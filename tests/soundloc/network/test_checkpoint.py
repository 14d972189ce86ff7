import json
import pickle
from dataclasses import replace

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from soundloc.checkpoint_file import default_checkpoint_path
from soundloc.errors import CheckpointError
from soundloc.network import checkpoint
from soundloc.network.checkpoint import load_checkpoint, save_checkpoint
from soundloc.network.model import SoundLocalizationNet


@pytest.fixture(scope="module")
def saved(lite_net, tmp_path_factory):
    path = tmp_path_factory.mktemp("checkpoint") / "net.safetensors"
    save_checkpoint(path, lite_net, step=7, metrics={"cIoU": 0.5})
    return path


def edited(saved, path, *, metadata=None, tensors=None):
    """Copy the checkpoint with some of its entries replaced; None removes one."""
    with safe_open(saved, framework="pt") as file:
        meta = {**file.metadata(), **(metadata or {})}
    state = {**load_file(saved), **(tensors or {})}
    save_file({k: v for k, v in state.items() if v is not None}, path, meta)
    return path


def test_a_checkpoint_brings_back_the_network_and_its_story(saved, lite_net):
    loaded = load_checkpoint(saved)
    assert (loaded.step, loaded.metrics) == (7, {"cIoU": 0.5})
    assert loaded.net.config == lite_net.config
    assert not loaded.net.training
    for name, tensor in loaded.net.state_dict().items():
        assert torch.equal(tensor, lite_net.state_dict()[name]), name


def test_half_precision_halves_the_file_and_hardly_moves_the_attention(
    saved, lite_net, tmp_path
):
    path = tmp_path / "half.safetensors"
    save_checkpoint(path, lite_net, step=0, metrics={}, half_precision=True)
    assert path.stat().st_size < 0.52 * saved.stat().st_size
    loaded = load_checkpoint(path).net
    assert {t.dtype for t in loaded.parameters()} == {torch.float32}
    torch.manual_seed(0)
    pixels, sound = torch.rand(1, 3, 32, 48) * 255, torch.randn(1, 30_000) * 0.1
    with torch.no_grad():
        difference = loaded(pixels, sound).response - lite_net(pixels, sound).response
    assert difference.abs().max() < 2e-3


def test_the_older_name_of_the_presence_head_is_read(lite_net, tmp_path):
    net = SoundLocalizationNet(replace(lite_net.config, judges_sound=True))
    new, old = tmp_path / "new.safetensors", tmp_path / "old.safetensors"
    save_checkpoint(new, net, step=0, metrics={})
    with safe_open(new, framework="pt") as file:
        metadata = file.metadata()
    older = {
        name.replace(".presence_head.", ".judge."): tensor
        for name, tensor in load_file(new).items()
    }
    save_file(older, old, metadata)
    found = load_checkpoint(old).net.sound.head.presence_head
    assert torch.equal(found.weight, net.sound.head.presence_head.weight)
    assert torch.equal(found.bias, net.sound.head.presence_head.bias)


def test_half_precision_leaves_what_it_cannot_hold(saved, lite_net, tmp_path):
    big = load_checkpoint(saved).net
    with torch.no_grad():
        big.sound.head.fc9.weight[0, 0] = 1e6
    path = tmp_path / "big.safetensors"
    save_checkpoint(path, big, step=0, metrics={}, half_precision=True)
    assert load_checkpoint(path).net.sound.head.fc9.weight[0, 0] == 1e6


def test_a_failed_save_leaves_the_old_file_alone(lite_net, tmp_path, monkeypatch):
    path = tmp_path / "net.safetensors"
    path.write_bytes(b"old")

    def fail(state, part, metadata):
        part.write_bytes(b"half of it")
        raise OSError("disk full")

    monkeypatch.setattr(checkpoint, "save_file", fail)
    with pytest.raises(OSError, match="disk full"):
        save_checkpoint(path, lite_net, step=0, metrics={})
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_file_names_path_and_remedy(tmp_path):
    with pytest.raises(CheckpointError, match=r"none\.safetensors.*pano train"):
        load_checkpoint(tmp_path / "none.safetensors")


def test_a_truncated_file_is_refused(saved, tmp_path):
    path = tmp_path / "cut.safetensors"
    path.write_bytes(saved.read_bytes()[:-100])
    with pytest.raises(CheckpointError, match=r"cut\.safetensors is damaged"):
        load_checkpoint(path)


def test_pickles_are_refused_unread(tmp_path):
    path = tmp_path / "net.pth"
    path.write_bytes(pickle.dumps({}))
    with pytest.raises(CheckpointError, match=r"net\.pth is a pickle.*any code"):
        load_checkpoint(path)
    disguised = path.rename(tmp_path / "net.safetensors")
    with pytest.raises(CheckpointError, match="damaged or no safetensors"):
        load_checkpoint(disguised)


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({"format": "soundloc.localizer/9"}, "format 'soundloc.localizer/9'"),
        ({"config": json.dumps({"colour": "red"})}, "unknown settings colour"),
        ({"config": json.dumps({"temperature": -1.0})}, "temperature must be positive"),
        ({"config": "{"}, "does not fit this version"),
        ({"step": "many"}, "does not fit this version"),
    ],
)
def test_a_foreign_story_is_refused(saved, tmp_path, metadata, message):
    path = edited(saved, tmp_path / "odd.safetensors", metadata=metadata)
    with pytest.raises(CheckpointError, match=rf"odd\.safetensors.*{message}"):
        load_checkpoint(path)


@pytest.mark.parametrize(
    "tensors",
    [
        {"confidence_bias": None},
        {"extra": torch.zeros(1)},
        {"sound.head.fc10.bias": torch.zeros(3)},
    ],
)
def test_other_tensors_are_refused(saved, tmp_path, tensors):
    path = edited(saved, tmp_path / "odd.safetensors", tensors=tensors)
    with pytest.raises(CheckpointError, match=next(iter(tensors))):
        load_checkpoint(path)


def test_the_default_lies_in_the_package():
    path = default_checkpoint_path()
    assert path.name == "default.safetensors"
    assert path.parent.name == "weights"
    assert path.parent.is_dir()
