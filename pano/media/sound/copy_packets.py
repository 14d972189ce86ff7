"""Copy the sound of a source into an output, packet by packet.

Packets are copied, so nothing is lost and nothing is heard anew; they are read in
step with the picture, so a film costs no more memory than a clip.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.packet import Packet

from pano.errors import MediaError
from pano.media.reading import DecodingReport, decode_sounds, demux, open_input

_AAC_BITS_PER_S_AND_CHANNEL = 96_000
_AAC_RATES_HZ = (8_000, 16_000, 22_050, 32_000, 44_100, 48_000, 96_000)
_AAC_MAX_CHANNELS = 8

_log = logging.getLogger(__name__)


class SoundCopy:
    """The best sound track of a source, on its way into an output.

    What the output's container cannot carry is encoded to AAC instead, with a
    warning in the log.

    Parameters
    ----------
    source
        The file to read; the object owns it until `close`.
    output
        Gets a sound stream at once if the source has one.
    """

    def __init__(self, source: Path, output: OutputContainer) -> None:
        self._source = source
        self._input: InputContainer = open_input(source)
        self._output = output
        found = self._input.streams.best("audio")
        self._stream = found if isinstance(found, AudioStream) else None
        self._packets: Iterator[Packet[AudioStream]] = iter(())
        self._waiting: Packet[AudioStream] | None = None
        self.origin = Fraction(0)
        if self._stream is not None:
            self._packets = self._carry(self._stream)

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
            shift = round(self.origin / packet.time_base)
            packet.pts -= shift
            if packet.dts is not None:
                packet.dts -= shift
            self._waiting = None
            self._output.mux(packet)

    def close(self) -> None:
        """Close the source."""
        self._input.close()

    def _carry(self, stream: AudioStream) -> Iterator[Packet[AudioStream]]:
        try:
            target = self._output.add_stream_from_template(stream)
        except ValueError as error:
            return self._transcode(stream, error)
        return self._copy(stream, target)

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

    def _transcode(
        self, stream: AudioStream, reason: ValueError
    ) -> Iterator[Packet[AudioStream]]:
        context = stream.codec_context
        if context is None or not context.sample_rate:
            raise MediaError(
                f"the sound of {self._source} can neither be copied nor decoded; "
                "convert its sound to AAC first"
            ) from reason
        _log.warning("%s: sound encoded anew as AAC (%s)", self._source, reason)
        rate_hz = min(_AAC_RATES_HZ, key=lambda rate: abs(rate - context.sample_rate))
        layout = context.layout.name
        n_channels = context.layout.nb_channels
        if layout.endswith("channels") or n_channels > _AAC_MAX_CHANNELS:
            layout, n_channels = "mono", 1
        target: AudioStream = self._output.add_stream("aac", rate=rate_hz)
        target.layout = layout
        target.bit_rate = _AAC_BITS_PER_S_AND_CHANNEL * n_channels
        resampler = AudioResampler("fltp", layout, rate_hz, frame_size=1024)
        return self._encode(stream, target, resampler)

    def _encode(
        self, stream: AudioStream, target: AudioStream, resampler: AudioResampler
    ) -> Iterator[Packet[AudioStream]]:
        for frame in decode_sounds(self._input, stream):
            for part in resampler.resample(frame):
                yield from target.encode(part)
        for part in resampler.resample(None):
            yield from target.encode(part)
        yield from target.encode(None)
