"""Copy the sound of a source into an output, packet by packet.

Packets are copied, so nothing is lost and nothing is heard anew; they are read in
step with the picture, so a film costs no more memory than a clip.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
from av.audio.frame import AudioFrame
from av.audio.layout import AudioLayout
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.error import FFmpegError
from av.packet import Packet

from pano.errors import MediaError
from pano.media.reading import (
    DecodingReport,
    decode_sounds,
    demux,
    find_sound_stream,
    open_input,
)
from pano.media.sound.decode_field import AAC_LAYOUTS, AAC_RATES_HZ

_AAC_BITS_PER_S_AND_CHANNEL = 96_000
_AAC_MAX_CHANNELS = 8

_log = logging.getLogger(__name__)


def refusal(
    source: Path, output: OutputContainer, *, track: int | None = None
) -> Exception | None:
    """Return what an output's container says against a file's sound, if anything.

    Some codecs are refused at once, some layouts only when the header is written, and
    then the whole film is lost: so both are tried in memory first.
    """
    name = output.format.name
    try:
        with (
            open_input(source) as media,
            av.open(io.BytesIO(), "w", format=name) as trial,
        ):
            stream = find_sound_stream(media, track)
            if stream is None:
                return None
            target = _same_stream(trial, stream)
            for packet in demux(media, stream, DecodingReport()):
                if packet.size:
                    packet.stream = target
                    packet.pts = packet.dts = 0
                    trial.mux(packet)
                    break
    except (FFmpegError, ValueError) as error:
        return error
    return None


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
    track
        Which sound track, from 0; None is the one FFmpeg calls the best.
    """

    def __init__(
        self, source: Path, output: OutputContainer, *, track: int | None = None
    ) -> None:
        self._source = source
        self._input: InputContainer = open_input(source)
        self._output = output
        self._stream = find_sound_stream(self._input, track)
        self._packets: Iterator[Packet[AudioStream]] = iter(())
        self._waiting: Packet[AudioStream] | None = None
        self.origin = Fraction(0)
        if self._stream is not None:
            reason = refusal(source, output, track=track)
            self._packets = self._carry(self._stream, reason)

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

    def finish(self, until: Fraction) -> None:
        """Write what is left before a time of the source, in seconds."""
        self.advance(until)

    def close(self) -> None:
        """Close the source."""
        self._input.close()

    def _carry(
        self, stream: AudioStream, reason: Exception | None
    ) -> Iterator[Packet[AudioStream]]:
        if reason is not None:
            return self._transcode(stream, reason)
        return self._copy(stream, _same_stream(self._output, stream))

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
        self, stream: AudioStream, reason: Exception
    ) -> Iterator[Packet[AudioStream]]:
        context = stream.codec_context
        if context is None or not context.sample_rate:
            raise MediaError(
                f"the sound of {self._source} can neither be copied nor decoded; "
                "convert its sound to AAC first"
            ) from reason
        _log.warning("%s: sound encoded anew as AAC (%s)", self._source, reason)
        rate_hz = min(AAC_RATES_HZ, key=lambda rate: abs(rate - context.sample_rate))
        layout = context.layout.name
        n_channels = context.layout.nb_channels
        if layout.startswith("ambisonic") or layout.endswith("channels"):
            # AAC has names for loudspeakers alone; `SA3D` says what they hold.
            layout = AAC_LAYOUTS.get(n_channels, "")
        if not layout or n_channels > _AAC_MAX_CHANNELS:
            layout, n_channels = "mono", 1
        target: AudioStream = self._output.add_stream("aac", rate=rate_hz)
        target.layout = layout
        target.bit_rate = _AAC_BITS_PER_S_AND_CHANNEL * n_channels
        return self._encode(stream, target)

    def _encode(
        self, stream: AudioStream, target: AudioStream
    ) -> Iterator[Packet[AudioStream]]:
        layout, rate_hz = target.layout.name, target.sample_rate
        is_renamed = layout == AAC_LAYOUTS.get(target.layout.nb_channels)
        resampler: AudioResampler | None = None
        for frame in decode_sounds(self._input, stream):
            if is_renamed and frame.layout.name != layout:
                frame = _renamed(frame, layout)
            if resampler is None:
                resampler = AudioResampler("fltp", layout, rate_hz, frame_size=1024)
            for part in resampler.resample(frame):
                yield from target.encode(part)
        for part in resampler.resample(None) if resampler else ():
            yield from target.encode(part)
        yield from target.encode(None)


def _same_stream(output: OutputContainer, stream: AudioStream) -> AudioStream:
    target = output.add_stream_from_template(stream)
    if stream.layout.name == "ambisonic 1":
        # MP4 has no number for it, and FFmpeg then refuses the file; the channels
        # are the same under the name that YouTube asks for.
        target.codec_context.layout = "4.0"
    return target


def _renamed(frame: AudioFrame, layout: str) -> AudioFrame:
    """Return the same channels under another layout's name."""
    if frame.layout.nb_channels != len(AudioLayout(layout).channels):
        return frame
    renamed = AudioFrame.from_ndarray(
        frame.to_ndarray(), format=frame.format.name, layout=layout
    )
    renamed.sample_rate = frame.sample_rate
    renamed.pts, renamed.time_base = frame.pts, frame.time_base
    return renamed
