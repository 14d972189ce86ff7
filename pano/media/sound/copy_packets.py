"""Copy the sound of a source into an output, packet by packet.

Packets are copied, so nothing is lost and nothing is heard anew; they are read in
step with the picture, so a film costs no more memory than a clip. What the output's
container cannot carry is encoded anew as AAC, all channels of it.
"""

from __future__ import annotations

import io
import logging
import math
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
from av.audio.frame import AudioFrame
from av.audio.layout import AudioLayout
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.error import FFmpegError, InvalidDataError
from av.packet import Packet

from pano.media.containers.carriers import (
    AAC_BITS_PER_S_AND_CHANNEL,
    Carriage,
    aac_layout,
    aac_rate_hz,
)
from pano.media.reading import (
    DecodingReport,
    decode_sounds,
    demux,
    find_sound_stream,
    open_input,
)

# What a listener is told of a track, beside its sound.
_TAGS = ("language", "title", "handler_name")
# Sound ahead of the origin by more is not trimmed by a player, but played too late.
_MAX_TRIMMED_S = Fraction(1, 10)
# Containers round times, Matroska to a millisecond.
_ROUNDING_S = 0.002

_log = logging.getLogger(__name__)


def is_writable(target: Path, source: Path, layout: str, *, track: int | None) -> bool:
    """Try in memory whether FFmpeg copies a sound into a container.

    The table of `pano.media.containers.carriers` knows codecs and layouts, but no file
    that contradicts itself; without this, its film is lost when the header is written.
    """
    try:
        with (
            open_input(source) as media,
            av.open(io.BytesIO(), "w", format=_muxer(target)) as trial,
        ):
            stream = find_sound_stream(media, track)
            if stream is None:
                return True
            copy = _same_stream(trial, stream, layout)
            for packet in demux(media, stream, DecodingReport()):
                if packet.size:
                    packet.stream = copy
                    packet.pts = packet.dts = 0
                    trial.mux(packet)
                    break
    except (FFmpegError, ValueError):
        return False
    return True


class SoundCopy:
    """A sound track of a source, on its way into an output.

    Parameters
    ----------
    source
        The file to read; the object owns it until `close`.
    output
        Gets a sound stream at once if the source has one.
    carriage
        Whether its packets are copied, and under which layout it is written.
    track
        Which sound track, from 0; None is the one FFmpeg calls the best.
    """

    def __init__(
        self,
        source: Path,
        output: OutputContainer,
        carriage: Carriage,
        *,
        track: int | None = None,
    ) -> None:
        self._source = source
        self._input: InputContainer = open_input(source)
        self._output = output
        self._stream = find_sound_stream(self._input, track)
        self._packets: Iterator[Packet[AudioStream]] = iter(())
        self._waiting: Packet[AudioStream] | None = None
        self._last: Fraction | None = None
        self._last_ticks: int | None = None
        self._n_broken = self._n_moved = 0
        self.origin = Fraction(0)
        if self._stream is not None:
            self._packets = self._carry(self._stream, carriage)

    @property
    def start_time(self) -> Fraction | None:
        """Return when the sound begins, in seconds; None without sound."""
        if self._stream is None or self._stream.time_base is None:
            return None
        return (self._stream.start_time or 0) * self._stream.time_base

    def advance(self, until: Fraction) -> None:
        """Write all packets that begin before a time of the source, in seconds."""
        while True:
            packet = self._waiting or next(self._packets, None)
            self._waiting = packet
            if packet is None or packet.pts is None:
                return
            if packet.pts * packet.time_base >= until:
                return
            if packet.pts * packet.time_base < self.origin - _MAX_TRIMMED_S:
                self._waiting = None  # from long before the picture: left out
                continue
            shift = round(self.origin / packet.time_base)
            packet.pts -= shift
            if packet.dts is not None:
                packet.dts -= shift
            self._waiting = None
            at = packet.pts if packet.dts is None else packet.dts
            if self._last is not None and at * packet.time_base < self._last:
                continue  # FFmpeg gives up a file whose times jump back
            self._last = at * packet.time_base
            try:
                self._keep_apart(packet)
                self._output.mux(packet)
                self._last_ticks = packet.dts
            except InvalidDataError:
                # FFmpeg unwraps the AAC of a transport stream for MP4 and Matroska,
                # which it cannot where a packet is broken.
                self._n_broken += 1

    def _keep_apart(self, packet: Packet[AudioStream]) -> None:
        """Put a packet behind the one before where both have one time.

        Coarse clocks give short packets the same time. All but Matroska refuse that;
        there, where ticks are coarse too, it stays so.
        """
        base, last = packet.stream.time_base, self._last_ticks
        if last is None or base is None or self._output.format.name == "matroska":
            return
        ticks, begin, length = (
            _rescaled(number, packet.time_base, base)
            for number in (packet.dts, packet.pts, packet.duration)
        )
        if ticks > last:
            return
        packet.dts = last + 1
        packet.pts, packet.duration = max(begin, last + 1), length
        packet.time_base = base
        self._n_moved += 1

    def finish(self, until: Fraction) -> None:
        """Write what is left before a time of the source, in seconds."""
        self.advance(until)

    def close(self) -> None:
        """Close the source."""
        self._input.close()
        if self._n_broken:
            _log.warning(
                "%s: %d corrupt packets of sound were skipped",
                self._source,
                self._n_broken,
            )
            self._n_broken = 0
        if self._n_moved:
            _log.warning(
                "%s: %d packets of sound with the time of another were put behind it",
                self._source,
                self._n_moved,
            )
            self._n_moved = 0

    def _carry(
        self, stream: AudioStream, carriage: Carriage
    ) -> Iterator[Packet[AudioStream]]:
        if carriage.fate == "copied":
            target = _same_stream(self._output, stream, carriage.layout)
            packets = self._copy(stream, target)
        else:
            rate_hz = aac_rate_hz(stream.codec_context.sample_rate)
            target = self._output.add_stream("aac", rate=rate_hz)
            target.layout = carriage.layout
            n_channels = target.layout.nb_channels
            target.bit_rate = AAC_BITS_PER_S_AND_CHANNEL * n_channels
            packets = self._encode(stream, target)
        for name in _TAGS:
            if name in stream.metadata:
                target.metadata[name] = stream.metadata[name]
        return packets

    def _copy(
        self, stream: AudioStream, target: AudioStream
    ) -> Iterator[Packet[AudioStream]]:
        next_pts = 0
        for packet in demux(self._input, stream, DecodingReport()):
            if packet.size == 0:  # the demuxer's end mark
                continue
            if packet.pts is None:
                packet.pts = next_pts if packet.dts is None else packet.dts
            next_pts = packet.pts + (packet.duration or 1)
            packet.stream = target
            yield packet

    def _encode(
        self, stream: AudioStream, target: AudioStream
    ) -> Iterator[Packet[AudioStream]]:
        run: AudioResampler | None = None
        setup: tuple[str, str, int] | None = None
        clock = _SampleClock(target.sample_rate)
        for frame in decode_sounds(self._input, stream):
            named = _named(frame, target.layout.name)
            if named is None or not clock.admits(frame):
                continue
            if run is None or setup != _setup(named):
                for part in run.resample(None) if run else ():
                    yield from target.encode(clock.stamped(part))
                run = AudioResampler("fltp", target.layout, target.sample_rate)
                setup = _setup(named)
            for part in run.resample(named):
                yield from target.encode(clock.stamped(part))
        for part in run.resample(None) if run else ():
            yield from target.encode(clock.stamped(part))
        yield from target.encode(None)


class _SampleClock:
    """Stamps sound that is encoded anew in samples, and never back in time.

    An encoder loses its place where times jump back, and FFmpeg its patience.
    """

    def __init__(self, sample_rate_hz: int) -> None:
        self._rate_hz = sample_rate_hz
        self._next: int | None = None
        self._end_s = -math.inf

    def admits(self, frame: AudioFrame) -> bool:
        """Tell whether a frame of the source begins after the one before ended."""
        begin_s = self._end_s if frame.time is None else frame.time
        if begin_s < self._end_s - _ROUNDING_S:
            return False
        self._end_s = begin_s + frame.samples / frame.sample_rate
        return True

    def stamped(self, part: AudioFrame) -> AudioFrame:
        """Return a resampled piece with its time in samples."""
        due = self._next
        if part.pts is None or part.time_base is None:
            at = due or 0
        else:
            at = round(part.pts * part.time_base * self._rate_hz)
        if due is not None and at < due + _ROUNDING_S * self._rate_hz:
            at = due
        part.pts, part.time_base = at, Fraction(1, self._rate_hz)
        self._next = at + part.samples
        return part


def _rescaled(number: int | None, base: Fraction, other: Fraction) -> int:
    """Return a time in another base, rounded as FFmpeg rounds it."""
    return math.floor((number or 0) * base / other + Fraction(1, 2))


def _muxer(target: Path) -> str:
    return {".m4v": "ipod", ".mkv": "matroska", ".ts": "mpegts"}.get(
        target.suffix.lower(), target.suffix.lower().lstrip(".")
    )


def _same_stream(
    output: OutputContainer, stream: AudioStream, layout: str
) -> AudioStream:
    target = output.add_stream_from_template(stream)
    if stream.layout.name != layout:
        # MP4 has no number for channels without a name, and FFmpeg then refuses the
        # file; the channels are the same under the name that players expect.
        target.codec_context.layout = layout
    return target


def _named(frame: AudioFrame, layout: str) -> AudioFrame | None:
    """Return a frame whose channels are named so that they can be written as a layout.

    Where a track has another number of channels half-way, FFmpeg mixes them, and for
    that they need names of their own; for more than eight there are none.
    """
    n_channels = frame.layout.nb_channels
    if n_channels != AudioLayout(layout).nb_channels:
        name = aac_layout(frame.layout.name, n_channels)
        return None if name is None else _renamed(frame, name)
    return _renamed(frame, layout)


def _renamed(frame: AudioFrame, layout: str) -> AudioFrame:
    """Return the same channels under another layout's name."""
    if frame.layout.name == layout:
        return frame
    # PyAV reads behind the last of eight planes and crashes: packed, there is one.
    packing = AudioResampler(frame.format.packed.name, frame.layout, frame.sample_rate)
    (packed,) = packing.resample(frame)
    renamed = AudioFrame.from_ndarray(
        packed.to_ndarray(), format=packed.format.name, layout=layout
    )
    renamed.sample_rate = frame.sample_rate
    renamed.pts, renamed.time_base = frame.pts, frame.time_base
    return renamed


def _setup(frame: AudioFrame) -> tuple[str, str, int]:
    return frame.format.name, frame.layout.name, frame.sample_rate
