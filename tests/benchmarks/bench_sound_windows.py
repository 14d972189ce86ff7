"""Compare windows pooled from a track's frames with windows heard one by one.

Run `python tests/benchmarks/bench_sound_windows.py [FOLDER]`; FOLDER holds sounds that
are joined to tracks of one minute, without it chimes are made. It takes the default
checkpoint and, where $PANO_SOUNDNET names the published trunk, untrained heads on it.
Times are processor seconds of one thread, so that a busy machine does not change them.
"""

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import torch
from numpy.typing import NDArray

from soundloc.architecture.config import LocalizerConfig
from soundloc.checkpoint_file import default_checkpoint_path
from soundloc.inference.loudness import at_reference_level
from soundloc.inference.torch_localizer import localizer_of
from soundloc.network.checkpoint import load_checkpoint
from soundloc.network.model import (
    SAMPLE_RATE_HZ,
    SoundLocalizationNet,
    SoundStream,
)
from soundloc.network.trunks.soundnet import SoundNet8
from soundloc.network.trunks.soundnet_weights import PATH_VARIABLE, load_pretrained

TRACK_S = 60
N_TRACKS = 6
WINDOWS_S = (20.0, 5.0)
RATE_HZ = 30


def read_sound(path: Path) -> NDArray[np.float32]:
    resampler = av.AudioResampler("flt", "mono", SAMPLE_RATE_HZ)
    with av.open(str(path)) as container:
        frames = [
            part.to_ndarray()[0]
            for frame in container.decode(audio=0)
            for part in resampler.resample(frame)
        ]
    return np.concatenate(frames).astype(np.float32)


def real_tracks(folder: Path) -> list[NDArray[np.float32]]:
    paths = sorted(p for p in folder.rglob("*") if p.suffix in {".ogg", ".wav"})
    np.random.default_rng(0).shuffle(paths)
    tracks, sounds, n_samples = [], [], 0
    for path in paths:
        sounds.append(read_sound(path)[: 10 * SAMPLE_RATE_HZ])
        n_samples += len(sounds[-1])
        if n_samples >= TRACK_S * SAMPLE_RATE_HZ:
            tracks.append(np.concatenate(sounds)[: TRACK_S * SAMPLE_RATE_HZ])
            sounds, n_samples = [], 0
        if len(tracks) == N_TRACKS:
            break
    return tracks


def chimes(seed: int) -> NDArray[np.float32]:
    rng, t = np.random.default_rng(seed), np.arange(TRACK_S * SAMPLE_RATE_HZ)
    pitch_hz = rng.uniform(200, 3000, 2 * TRACK_S).repeat(SAMPLE_RATE_HZ // 2)
    phase = 2 * np.pi * np.cumsum(pitch_hz) / SAMPLE_RATE_HZ
    fading = np.exp(-6 * (t % (SAMPLE_RATE_HZ // 2)) / SAMPLE_RATE_HZ)
    noise = rng.normal(0, 0.01, len(t))
    return (0.3 * np.sin(phase) * fading + noise).astype(np.float32)


def cosines(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float32]:
    return (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)


def hear_alone(
    sound: SoundStream, track: NDArray[np.float32], center_s: float, window_s: float
) -> torch.Tensor:
    start = round((center_s - window_s / 2) * SAMPLE_RATE_HZ)
    stop = start + round(window_s * SAMPLE_RATE_HZ)
    with torch.inference_mode():
        return sound(torch.from_numpy(track[None, start:stop]))[0]


def compare(
    net: SoundLocalizationNet, tracks: list[NDArray[np.float32]], window_s: float
) -> None:
    """Print how near the pooled windows are to those heard alone."""
    rng, sound = np.random.default_rng(1), net.sound
    pooled, alone = [], []
    for track in tracks:
        heard = localizer_of(net).hear(track)
        for center_s in rng.uniform(window_s / 2, TRACK_S - window_s / 2, 12):
            pooled.append(heard.pooled(center_s, window_s))
            alone.append(hear_alone(sound, track, center_s, window_s).numpy())
    a, b = torch.from_numpy(np.stack(pooled)), torch.from_numpy(np.stack(alone))
    with torch.inference_mode():
        h = cosines(sound.head(a).numpy(), sound.head(b).numpy())
        f_s = cosines(sound.standardise(a).numpy(), sound.standardise(b).numpy())
    raw = cosines(a.numpy(), b.numpy())
    for name, values in (("pooled", raw), ("f_s", f_s), ("h", h)):
        print(
            f"  {window_s:4.0f} s  {name:7s} cosine mean {values.mean():.4f}"
            f"  lowest {values.min():.4f}"
        )


def race(
    net: SoundLocalizationNet, track: NDArray[np.float32], window_s: float
) -> None:
    """Print what 30 windows a second cost in both ways."""
    sound = net.sound
    began = time.process_time()
    heard = localizer_of(net).hear(track)
    heard_s = time.process_time() - began
    centers_s = np.arange(TRACK_S * RATE_HZ) / RATE_HZ
    began = time.process_time()
    for center_s in centers_s.tolist():
        heard.window(center_s, window_s)
    windows_s = time.process_time() - began
    began = time.process_time()
    some = np.linspace(window_s / 2, TRACK_S - window_s / 2, 20)
    for center_s in some:
        with torch.inference_mode():
            sound.head(hear_alone(sound, track, float(center_s), window_s)[None])
    alone_s = (time.process_time() - began) / len(some) * len(centers_s)
    print(
        f"  {window_s:4.0f} s  one minute at {RATE_HZ} Hz: track {heard_s:.2f} s"
        f" + windows {windows_s:.2f} s; heard one by one {alone_s:.0f} s;"
        f" ratio {alone_s / (heard_s + windows_s):.0f}"
    )


def networks(
    tracks: list[NDArray[np.float32]],
) -> Iterator[tuple[str, SoundLocalizationNet]]:
    """Yield the trained network, then untrained heads fitted to single sounds."""
    if default_checkpoint_path().is_file():
        yield "default checkpoint", load_checkpoint().net
    if not os.environ.get(PATH_VARIABLE):
        return
    for features in ("conv5+conv7", "conv8"):
        torch.manual_seed(0)
        config = LocalizerConfig(sound_features=features, sound_norm="standardise")
        net = SoundLocalizationNet(config).eval()
        sound = net.sound
        assert isinstance(sound.trunk, SoundNet8)
        load_pretrained(sound.trunk)
        centers_s = np.arange(2.5, TRACK_S - 2.5, 5.0)
        sound.head.fit(
            torch.stack(
                [hear_alone(sound, t, c, 5.0) for t in tracks for c in centers_s]
            )
        )
        yield f"{features}, random head", net


def main() -> None:
    torch.set_num_threads(1)
    tracks = (
        real_tracks(Path(sys.argv[1]))
        if len(sys.argv) > 1
        else [chimes(seed) for seed in range(N_TRACKS)]
    )
    tracks = [at_reference_level(track) for track in tracks]
    for name, net in networks(tracks):
        print(f"{name}, {len(tracks)} tracks of {TRACK_S} s")
        for window_s in WINDOWS_S:
            compare(net, tracks, window_s)
        for window_s in WINDOWS_S:
            race(net, tracks[0], window_s)


if __name__ == "__main__":
    main()
