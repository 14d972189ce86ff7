"""Draws short media files whose truth is known, for the tests.

Picture k of a file is one grey level, `grey_level(k)`, so that a decoded picture
tells which one it is; sounds are sines or clicks at known times.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Literal

import av
import numpy as np
from av.video.stream import VideoStream
from numpy.typing import NDArray

Painter = Callable[[int], NDArray[np.uint8]]


def grey_level(k: int) -> int:
    """Return the grey of picture k; neighbours differ by 6 of 255."""
    return 20 + 6 * (k % 35)


def picture_index(image: NDArray[np.uint8]) -> int:
    """Return which picture (modulo 35) an image shows."""
    return round((float(image.mean()) - 20.0) / 6.0)


def sine(duration_s: float, *, sample_rate_hz: int = 44_100, frequency_hz: float = 440):
    """Return a sine at half scale, float32, shape (n,)."""
    time_s = np.arange(round(duration_s * sample_rate_hz)) / sample_rate_hz
    return (0.5 * np.sin(2 * np.pi * frequency_hz * time_s)).astype(np.float32)


def click_at(at_s: float, duration_s: float, *, sample_rate_hz: int = 44_100):
    """Return silence with 20 ms of a loud 1 kHz tone at one time, float32 (n,)."""
    samples = np.zeros(round(duration_s * sample_rate_hz), np.float32)
    tone = sine(0.02, sample_rate_hz=sample_rate_hz, frequency_hz=1000.0)
    first = round(at_s * sample_rate_hz)
    samples[first : first + len(tone)] = 1.6 * tone
    return samples


@dataclass(frozen=True)
class SoundTrack:
    """A sound track to write: samples of shape (n,) go to every channel.

    Samples of shape (n_channels, n) are written as they are.
    """

    samples: NDArray[np.float32]
    sample_rate_hz: int = 44_100
    codec: str = "aac"
    layout: str = "mono"
    options: dict[str, str] = field(default_factory=dict)
    start_s: float = 0.0
    hole_s: tuple[float, float] | None = None  # left out: no packets at all


@dataclass(frozen=True)
class Clip:
    """What to write; the defaults are one second of a tiny 2:1 sphere."""

    width_px: int = 64
    height_px: int = 32
    rate: Fraction = Fraction(30)
    n_pictures: int = 30
    pts: Sequence[int] | None = None  # for a variable rate, in `time_base`
    time_base: Fraction | None = None
    codec: str = "libx264"
    pixel_format: str = "yuv420p"
    options: dict[str, str] = field(
        default_factory=lambda: {"qp": "1", "preset": "ultrafast"}
    )
    sample_aspect_ratio: Fraction | None = None
    rotation_deg: int = 0
    movflags: str = ""
    timecode: str = ""
    sound: SoundTrack | None = None
    paint: Painter | None = None


def write_clip(path: Path, clip: Clip) -> Path:
    """Write a clip; the container follows from the name."""
    options = {"movflags": clip.movflags} if clip.movflags else {}
    with av.open(str(path), "w", options=options) as container:
        if clip.timecode:
            container.metadata["timecode"] = clip.timecode
        video = container.add_stream(clip.codec, rate=clip.rate, options=clip.options)
        assert isinstance(video, VideoStream)
        video.width, video.height = clip.width_px, clip.height_px
        video.pix_fmt = clip.pixel_format
        time_base = clip.time_base or 1 / clip.rate
        video.codec_context.time_base = time_base
        if clip.sample_aspect_ratio is not None:
            video.codec_context.sample_aspect_ratio = clip.sample_aspect_ratio
        if clip.rotation_deg:
            video.set_display_rotation(clip.rotation_deg)
        audio = _add_sound(container, clip.sound) if clip.sound else None
        if clip.sound and audio:
            _write_sound(container, audio, clip.sound)
        times = clip.pts if clip.pts is not None else range(clip.n_pictures)
        for k, pts in enumerate(times):
            image = clip.paint(k) if clip.paint else _plain(clip, k)
            picture = av.VideoFrame.from_ndarray(image, format="rgb24")
            picture.pts, picture.time_base = pts, time_base
            container.mux(video.encode(picture))
        container.mux(video.encode(None))
    return path


def write_sound_only(path: Path, track: SoundTrack) -> Path:
    """Write a file with a sound track and nothing else."""
    with av.open(str(path), "w") as container:
        _write_sound(container, _add_sound(container, track), track)
    return path


def cut_short(source: Path, target: Path, *, share: float = 0.5) -> Path:
    """Copy the first part of a file's bytes."""
    data = source.read_bytes()
    target.write_bytes(data[: int(len(data) * share)])
    return target


def with_broken_packets(
    source: Path,
    target: Path,
    broken: Sequence[int],
    *,
    kind: Literal["video", "audio"] = "video",
) -> Path:
    """Copy a file, filling the packets of these numbers of a stream with rubbish."""
    data = bytearray(source.read_bytes())
    with av.open(str(source)) as container:
        stream = container.streams.best(kind)
        packets = [packet for packet in container.demux(stream) if packet.size]
        for k in broken:
            position, size = packets[k].pos, packets[k].size
            data[position : position + size] = b"\xff" * size
    target.write_bytes(data)
    return target


def _plain(clip: Clip, k: int) -> NDArray[np.uint8]:
    return np.full((clip.height_px, clip.width_px, 3), grey_level(k), np.uint8)


def _add_sound(container, track: SoundTrack):
    stream = container.add_stream(
        track.codec, rate=track.sample_rate_hz, options=track.options
    )
    stream.layout = track.layout
    return stream


def _write_sound(container, stream, track: SoundTrack) -> None:
    rate = track.sample_rate_hz
    layout = av.AudioLayout(track.layout)
    fits_codec = av.AudioResampler(stream.format.name, layout, stream.rate)
    channels = np.broadcast_to(
        track.samples, (layout.nb_channels, track.samples.shape[-1])
    )
    for at in range(0, channels.shape[1], 1024):
        if track.hole_s and track.hole_s[0] * rate <= at < track.hole_s[1] * rate:
            continue
        # Packed: PyAV cannot fill eight planes.
        block = channels[:, at : at + 1024].T.reshape(1, -1).astype(np.float32)
        frame = av.AudioFrame.from_ndarray(block, format="flt", layout=layout.name)
        frame.sample_rate, frame.time_base = rate, Fraction(1, rate)
        frame.pts = round(track.start_s * rate) + at
        for converted in fits_codec.resample(frame):
            container.mux(stream.encode(converted))
    container.mux(stream.encode(None))
