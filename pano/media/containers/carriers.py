"""Which sound the container of a film can carry: container × codec × channel layout.

Values alone, without FFmpeg, so that a film is planned before a clip is analysed.
FFmpeg says no only when the header is written, and to some cells not at all: FLAC in a
transport stream is written, and nobody reads it. So a cell holds what FFmpeg writes
*and* reads back, less what no common player takes (Vorbis in MP4); a test tries all.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, get_args

Fate: TypeAlias = Literal["copied", "encoded", "refused"]
FATES: tuple[Fate, ...] = get_args(Fate)

AAC_RATES_HZ = (
    *(8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000),
    *(44_100, 48_000, 64_000, 88_200, 96_000),
)
AAC_MAX_CHANNELS = 8
AAC_BITS_PER_S_AND_CHANNEL = 96_000

# What unnamed channels are called, by their number. Three are no 2.1 and seven no 7.0,
# as FFmpeg has it: the first are those of AAC's own table (ISO/IEC 14496-3, 1.19), and
# an LFE loses all above some 120 Hz.
_LAYOUT_OF_COUNT = {
    **{1: "mono", 2: "stereo", 3: "3.0", 4: "4.0"},
    **{5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"},
}
# Layouts that FFmpeg's AAC encoder takes; side speakers are written as back ones, which
# every player knows.
_AAC_LAYOUTS = frozenset(
    {
        *("mono", "stereo", "2.1", "3.0", "3.0(back)", "4.0", "quad", "3.1"),
        *("5.0", "4.1", "5.1", "6.0", "6.0(front)", "hexagonal"),
        *("6.1", "6.1(back)", "6.1(front)", "7.0", "7.0(front)"),
        *("7.1", "7.1(wide)", "7.1(wide-side)", "octagonal"),
    }
)
_BACK_FOR_SIDE = {"quad(side)": "quad", "5.0(side)": "5.0", "5.1(side)": "5.1"}

_PCM = frozenset(
    f"pcm_{kind}{bits}{end}"
    for kind, bits in (("s", 16), ("s", 24), ("s", 32), ("f", 32), ("f", 64))
    for end in ("be", "le")
)
_DOLBY = frozenset({"ac3", "eac3"})
_MPEG = frozenset({"aac", "mp2", "mp3"})

# FLAC says its layout by the number of channels alone where, as in MP4, it stands
# without its comments (RFC 9639, 9.1.3); back and side speakers are the same to it.
_FLAC_BY_COUNT = frozenset(
    {
        *("mono", "stereo", "3.0", "quad", "quad(side)", "5.0", "5.0(side)"),
        *("5.1", "5.1(side)", "6.1", "7.1"),
    }
)
# FFmpeg writes a wrong channel count for seven.
_OPUS_IN_TS = frozenset({"mono", "stereo", "3.0", "quad", "5.0", "5.1", "7.1"})


@dataclass(frozen=True, slots=True)
class Carrier:
    """What a container can carry.

    Parameters
    ----------
    codecs
        By FFmpeg's names.
    layouts
        Of a codec that is carried in some layouts only: which. A field's channels are
        no loudspeakers and may have any name.
    named
        Codecs whose channels must have a name: unnamed ones get that of their number.
    lowest_hz
        Of a codec that is carried from some sample rate on only.
    """

    codecs: Set[str]
    layouts: Mapping[str, Set[str]] = field(default_factory=dict)
    named: Set[str] = frozenset()
    lowest_hz: Mapping[str, int] = field(default_factory=dict)


CARRIERS: dict[str, Carrier] = {
    ".mp4": Carrier(
        _MPEG | _DOLBY | _PCM | {"dts", "alac", "flac", "opus"},
        layouts={"flac": _FLAC_BY_COUNT},
        named=_PCM | {"opus"},
        lowest_hz={"mp3": 16_000},
    ),
    ".m4v": Carrier(frozenset({"aac", "ac3", "alac"})),
    ".mov": Carrier(
        _MPEG
        | _DOLBY
        | _PCM
        | {"pcm_u8", "pcm_s8", "pcm_mulaw", "pcm_alaw", "adpcm_ima_qt"}
        | {"dts", "alac", "amr_nb"}
    ),
    ".mkv": Carrier(
        _MPEG
        | _DOLBY
        | (_PCM - {"pcm_f32be", "pcm_f64be"})
        | {"pcm_u8", "dts", "truehd", "mlp"}
        | {"alac", "flac", "opus", "vorbis", "wavpack"}
    ),
    ".ts": Carrier(_MPEG | _DOLBY | {"dts", "opus"}, layouts={"opus": _OPUS_IN_TS}),
}


@dataclass(frozen=True, slots=True)
class Carriage:
    """How a sound track gets into a film.

    Parameters
    ----------
    fate
        Copied packet by packet, encoded anew as AAC, or refused: neither keeps its
        channels.
    layout
        The name under which the channels are written.
    """

    fate: Fate
    layout: str


def carriage(
    suffix: str,
    codec: str,
    layout: str,
    n_channels: int,
    *,
    sample_rate_hz: int = 48_000,
    is_field: bool = False,
) -> Carriage:
    """Look up how a sound track gets into a container.

    Parameters
    ----------
    suffix
        Of the film's name, such as `.mp4`; one without a row can carry nothing.
    codec, layout
        By FFmpeg's names.
    is_field
        The channels are a sound field, whatever their layout is called.
    """
    carrier = CARRIERS.get(suffix.lower(), Carrier(frozenset()))
    written: str | None = layout
    if codec in carrier.named and not _is_named(layout):
        written = _LAYOUT_OF_COUNT.get(n_channels)
    is_carried = (
        codec in carrier.codecs
        and written is not None
        and sample_rate_hz >= carrier.lowest_hz.get(codec, 0)
        and (is_field or written in carrier.layouts.get(codec, {written}))
    )
    if is_carried and written is not None:
        return Carriage("copied", written)
    aac = aac_layout(layout, n_channels)
    return Carriage("refused", layout) if aac is None else Carriage("encoded", aac)


def aac_layout(layout: str, n_channels: int) -> str | None:
    """Return the layout in which AAC keeps all channels; None if they are too many."""
    layout = _BACK_FOR_SIDE.get(layout, layout)
    return layout if layout in _AAC_LAYOUTS else _LAYOUT_OF_COUNT.get(n_channels)


def aac_rate_hz(sample_rate_hz: int) -> int:
    """Return the rate of AAC that is nearest to another."""
    return min(AAC_RATES_HZ, key=lambda rate: abs(rate - sample_rate_hz))


def carried_by(
    codec: str, layout: str, n_channels: int, *, is_field: bool = False
) -> tuple[str, ...]:
    """Return the endings of the containers into which a sound can be copied."""
    return tuple(
        suffix
        for suffix in CARRIERS
        if carriage(suffix, codec, layout, n_channels, is_field=is_field).fate
        == "copied"
    )


def _is_named(layout: str) -> bool:
    return not layout.endswith("channels") and not layout.startswith("ambisonic")
