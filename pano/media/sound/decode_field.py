"""Decode a sound field for a flat film, turned with the camera, and encode it."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import OutputContainer
from numpy.typing import NDArray

from pano.ambisonics.decoding import BinauralDecoder, cardioid_pair
from pano.ambisonics.turning import AxesAt, FieldTurner
from pano.media.containers.carriers import (
    AAC_BITS_PER_S_AND_CHANNEL,
    aac_layout,
    aac_rate_hz,
)
from pano.media.sound.channels import Mono, contiguous, decode_channels
from pano.media.sound.hearing import Hearing
from pano.media.sound.route import SoundRoute

_BITS_PER_S = {"first": 128_000, "stereo": 224_000, "binaural": 224_000}
_AMBISONIC_BITS_PER_S = 448_000
_BLOCK = 1024  # what AAC codes at a time

FloatArray = NDArray[np.float32]


class FieldSound:
    """A sound field on its way into an output, decoded and encoded anew as AAC.

    Parameters
    ----------
    source
        The file to read.
    route
        Says what is decoded of it.
    output
        Gets a sound stream at once.
    """

    def __init__(
        self, source: Path, route: SoundRoute, output: OutputContainer
    ) -> None:
        hearing = route.hearing
        if hearing is None or route.decoded is None:
            raise ValueError("there is nothing to decode; copy the packets instead")
        self.origin = Fraction(0)
        self._source, self._route, self._hearing = source, route, hearing
        self._output = output
        kind = route.decoded
        self._rate_hz = aac_rate_hz(hearing.track.sample_rate_hz)
        target: AudioStream = output.add_stream("aac", rate=self._rate_hz)
        self._mono: Mono | None = "first" if kind == "first" else None
        layout = {"first": "mono", "ambisonic": "4.0"}.get(kind, "stereo")
        if kind == "channels":
            track = hearing.track
            kept = aac_layout(track.channel_layout, track.channels)
            layout = kept or "mono"
            self._mono = "mean" if kept is None else None
        target.layout = layout
        target.bit_rate = max(
            _BITS_PER_S.get(kind, _AMBISONIC_BITS_PER_S),
            AAC_BITS_PER_S_AND_CHANNEL * target.layout.nb_channels,
        )
        self._target = target
        self._blocks: Iterator[FloatArray] | None = None
        self._n_written = 0

    @property
    def start_time(self) -> None:
        """It begins with the picture: what sounds before is left out."""
        return None

    def advance(self, until: Fraction) -> None:
        """Write all that begins before a time of the source, in seconds."""
        self._write(until, is_last=False)

    def finish(self, until: Fraction) -> None:
        """Write what is left before a time, and what the encoder still holds."""
        self._write(until, is_last=True)
        for packet in self._target.encode(None):
            self._output.mux(packet)

    def close(self) -> None:
        """Forget the source."""
        self._blocks = None

    def _write(self, until: Fraction, *, is_last: bool) -> None:
        if self._blocks is None:
            self._blocks = _in_blocks(self._decoded(), _BLOCK)
        n_until = round((until - self.origin) * self._rate_hz)
        while self._n_written < n_until:
            block = next(self._blocks, None)
            if block is None:
                return
            if is_last:
                block = block[:, : n_until - self._n_written]
            # Packed: PyAV cannot fill eight planes.
            packed = np.ascontiguousarray(block.T).reshape(1, -1)
            frame = AudioFrame.from_ndarray(
                packed, format="flt", layout=self._target.layout
            )
            frame.sample_rate = self._rate_hz
            frame.pts, frame.time_base = self._n_written, Fraction(1, self._rate_hz)
            self._n_written += block.shape[1]
            for packet in self._target.encode(frame):
                self._output.mux(packet)

    def _decoded(self) -> Iterator[FloatArray]:
        blocks = decode_channels(
            self._source,
            track=self._hearing.track.index,
            sample_rate_hz=self._rate_hz,
            mono=self._mono,
            clock=self._route.clock,
        )
        n_channels = 1 if self._mono else self._hearing.track.channels
        pieces = (
            _fitted(piece, n_channels)
            for piece in contiguous(
                blocks, start=self.origin, sample_rate_hz=self._rate_hz
            )
        )
        if self._route.decoded in ("first", "channels"):
            return pieces
        turned = _Decoder(
            self._hearing,
            self._route.decoded or "stereo",
            self._route.axes_at,
            self._rate_hz,
            float(self.origin),
        )
        # Turned in larger pieces: many small ones are dear.
        return map(turned.decode, _in_blocks(pieces, self._rate_hz // 4))


class _Decoder:
    """Turns a track's channels with the camera and decodes them."""

    def __init__(
        self,
        hearing: Hearing,
        kind: str,
        axes_at: AxesAt | None,
        sample_rate_hz: int,
        start_s: float,
    ) -> None:
        if hearing.format is None:
            raise ValueError("only a field is turned")
        self._format = hearing.format
        # Only the first order is decoded, and a rotation mixes no orders.
        self._turner = FieldTurner(
            axes_at or (lambda _: np.eye(3)),
            sample_rate_hz,
            start_s=start_s,
            decoder=cardioid_pair() if kind == "stereo" else None,
        )
        self._ears = BinauralDecoder(sample_rate_hz) if kind == "binaural" else None
        self._has_pair = kind != "ambisonic"

    def decode(self, samples: FloatArray) -> FloatArray:
        """Decode the next samples of the track, shape (channels, n)."""
        field = self._format.to_ambix(samples)[:4]
        turned = self._turner.turn(field)
        if self._ears is not None:
            turned = self._ears.decode(turned)
        pair = self._format.head_locked(samples) if self._has_pair else None
        return turned if pair is None else turned + pair


def _fitted(samples: FloatArray, n_channels: int) -> FloatArray:
    """Keep the first channel alone where a track has another layout half-way."""
    if len(samples) == n_channels:
        return samples
    fitted = np.zeros((n_channels, samples.shape[1]), np.float32)
    fitted[0] = samples[0]
    return fitted


def _in_blocks(pieces: Iterator[FloatArray], n_block: int) -> Iterator[FloatArray]:
    """Cut pieces of any length into blocks of one length; the last is shorter."""
    waiting: list[FloatArray] = []
    n_waiting = 0
    for piece in pieces:
        waiting.append(piece)
        n_waiting += piece.shape[1]
        if n_waiting < n_block:
            continue
        joined = np.concatenate(waiting, axis=1)
        n_whole = n_waiting // n_block * n_block
        for first in range(0, n_whole, n_block):
            yield joined[:, first : first + n_block]
        waiting, n_waiting = [joined[:, n_whole:]], n_waiting - n_whole
    if n_waiting:
        yield np.concatenate(waiting, axis=1)
