"""Join the parts of a film, made by whomever, without encoding anything again.

Every part begins with a picture that needs none before it, so that its packets follow
those of the part before as they are. The times are those that a film in one piece would
have: the parts' own tell only in which order its pictures are.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from av.container import OutputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from pano.errors import MediaError
from pano.media.containers.film_clock import FilmClock
from pano.media.frames import ASSUMED_RATE_HZ
from pano.media.reading import find_video_stream, open_input
from pano.media.writing.mux import FilmMuxer

# Of HEVC: VPS, SPS and PPS, which decoding depends on. Beside them x265 notes how many
# threads it had.
_HEVC_PARAMETERS = frozenset({32, 33, 34})


@dataclass(frozen=True, slots=True)
class _Order:
    """The order of a part's packets, and by how many they run ahead of the pictures.

    Parameters
    ----------
    places
        Of each packet: the how-manieth picture of the part it is.
    """

    places: tuple[int, ...]
    n_ahead: int
    parameters: bytes


def join_parts(
    muxer: FilmMuxer,
    clock: FilmClock,
    parts: Sequence[Path],
    source_pts: Sequence[int],
    time_base: Fraction,
) -> None:
    """Write one film of the packets of all parts; `MediaWriter.join` says how.

    Parameters
    ----------
    time_base
        Unit of `source_pts`.
    """
    orders = [_read_order(path) for path in parts]
    _check(parts, orders, n_pictures=len(source_pts))
    with muxer.whole_or_nothing():
        video = muxer.open(lambda output: _same_stream(output, parts[0]))
        video.time_base = clock.time_base
        first_picture = source_pts[0] * time_base
        origin = muxer.begin(video, first_picture)
        begin = round((first_picture - origin) / clock.time_base)
        pts = [begin + clock.pts(one) for one in source_pts]
        interval = 1 / ((clock.frame_rate or ASSUMED_RATE_HZ) * clock.time_base)
        last = pts[-1] - pts[-2] if len(pts) > 1 else max(1, round(interval))
        dts = _decoding_times(pts, max(order.n_ahead for order in orders))
        n_before = 0
        for path, order in zip(parts, orders, strict=True):
            for number, packet in enumerate(_packets(path)):
                packet.pts = pts[n_before + order.places[number]]
                packet.dts = dts[n_before + number]
                packet.time_base, packet.stream = clock.time_base, video
                muxer.mux([packet], last * clock.time_base)
            n_before += len(order.places)
        muxer.finish((pts[-1] + last) * clock.time_base)


def _same_stream(output: OutputContainer, part: Path) -> VideoStream:
    with open_input(part) as container:
        template = find_video_stream(container, part)
        # By the decoder: an encoder of that name need not be there.
        video = output.add_stream_from_template(template, opaque=True)
        video.codec_context.codec_tag = template.codec_context.codec_tag
        return video


def _packets(path: Path) -> Iterator[Packet[VideoStream]]:
    with open_input(path) as container:
        for packet in container.demux(find_video_stream(container, path)):
            if packet.size:
                yield packet


def _read_order(path: Path) -> _Order:
    with open_input(path) as container:
        stream = find_video_stream(container, path)
        packets = [
            (packet.pts, packet.dts, packet.is_keyframe)
            for packet in container.demux(stream)
            if packet.size and packet.pts is not None
        ]
        parameters = _parameters(
            stream.codec_context.extradata or b"", stream.codec_context.name
        )
    if not packets or not packets[0][2]:
        raise MediaError(f"{path} does not begin with a keyframe; start again")
    times = sorted(pts for pts, _, _ in packets)
    places = tuple(bisect_left(times, pts) for pts, _, _ in packets)
    n_reordered = max(number - place for number, place in enumerate(places))
    n_early = sum(dts is not None and dts < times[0] for _, dts, _ in packets)
    # An encoder runs ahead by as many as it may reorder, whether it did or not.
    n_ahead = max(n_reordered, n_early if n_early < len(packets) else 0)
    return _Order(places, n_ahead, parameters)


def _parameters(extradata: bytes, codec: str) -> bytes:
    """Return of a stream's header what decoding depends on."""
    if codec != "hevc" or extradata[:1] != b"\x01":
        return extradata
    found, at = [extradata[:22]], 23  # ISO/IEC 14496-15, 8.3.2.1
    for _ in range(extradata[22]):
        kind, n_units = extradata[at] & 0x3F, int.from_bytes(extradata[at + 1 : at + 3])
        at += 3
        for _ in range(n_units):
            end = at + 2 + int.from_bytes(extradata[at : at + 2])
            if kind in _HEVC_PARAMETERS:
                found.append(extradata[at:end])
            at = end
    return b"".join(found)


def _check(parts: Sequence[Path], orders: Sequence[_Order], *, n_pictures: int) -> None:
    n_found = sum(len(order.places) for order in orders)
    if n_found != n_pictures:
        raise MediaError(
            f"the parts of the film hold {n_found} pictures in the place of "
            f"{n_pictures}; start again"
        )
    for path, order in zip(parts, orders, strict=True):
        if order.parameters != orders[0].parameters:
            raise MediaError(
                f"{path.name} was encoded otherwise than {parts[0].name}, perhaps by "
                "another version of the encoder; start again, with the same version "
                "on all machines"
            )


def _decoding_times(pts: Sequence[int], n_ahead: int) -> list[int]:
    """Return when each packet is decoded, as x264 counts: times of earlier pictures."""
    ahead = pts[min(n_ahead, len(pts) - 1)] - pts[0]
    early = [one - ahead for one in pts[:n_ahead]]
    return [*early, *pts[: len(pts) - len(early)]]
