"""Video encoders by FFmpeg's names, those in graphics hardware included.

Values alone, without FFmpeg; `pano.media.writing.target` tries whether one works here.
The names of presets are those of `ffmpeg -h encoder=NAME`, the quickest first.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field

from pano.errors import SettingsError

DEFAULT_ENCODER = "libx264"

# As a constant rate factor "visually lossless or nearly so", says FFmpeg's guide to
# H.264 (https://trac.ffmpeg.org/wiki/Encode/H.264).
DEFAULT_QUALITY = 18

# Against medium at 18, of 1280×720 views (tests/benchmarks/bench_encoders.py), veryfast
# at 16 takes 0.39 of the processor time and 1.09 of the bits of a drawn clip, 0.34 and
# 1.20 of a grainy one, and its SSIM is not lower: 0.9936 to 0.9934, 0.945 to 0.927. At
# the very same SSIM that is 0.38 and 0.32 of the time, 1.05 and 0.94 of the bits.
# superfast takes 0.25 and 0.17, but 1.33 of the bits of the drawn clip. Of two real
# clips veryfast at 16 makes one truer, 0.9958 to 0.9956, one not quite as true, 0.9929
# to 0.9932. Of 3840×1920 spheres medium looks so far ahead that it also takes 0.7 GB
# more memory.
_X264_DEFAULT = "veryfast"

# With these a quicker preset makes a larger film, not one that looks worse: from
# ultrafast to slow, none has an SSIM more than 0.0014 below that of medium at 18.
_X264_QUALITIES = {"ultrafast": 16, "superfast": 19, "veryfast": 16}

_X264_PRESETS = (
    *("ultrafast", "superfast", "veryfast", "faster", "fast"),
    *("medium", "slow", "slower", "veryslow"),
)
_PRORES_PROFILES = ("proxy", "lt", "standard", "hq")
_NVENC_PRESETS = ("p1", "p2", "p3", "p4", "p5", "p6", "p7")
_QSV_PRESETS = _X264_PRESETS[2:]
_AMF_PRESETS = ("speed", "balanced", "quality")


@dataclass(frozen=True, slots=True)
class Encoder:
    """The options of one video encoder.

    Parameters
    ----------
    quality_option
        The option that takes the quality, 0 to 51, small is good; None where the
        preset says it all.
    presets
        Its trades of speed for size, by its own names, the quickest first.
    preset_option
        The option that takes one.
    preset
        The one that is taken where none is asked for; None leaves it to FFmpeg.
    qualities
        The presets that need another quality than `DEFAULT_QUALITY` to look as good.
    options
        What else it needs.
    is_hardware
        Whether it may be missing from a machine.
    format, deep_format
        FFmpeg's pixel format for pictures of 8 bits, and of 10; None if it has no such.
    is_deep
        Whether it writes 10 bits unasked, where the source has them. H.264 could, but
        few players read it.
    tells_range
        Whether its films say that they use the full range.
    suffixes
        The containers it can be put into; any if empty.
    light_options
        The option that takes parameters of its own, and their names for the mastering
        display and the light levels.
    """

    quality_option: str | None
    presets: tuple[str, ...] = ()
    preset_option: str = "preset"
    preset: str | None = None
    qualities: dict[str, int] = field(default_factory=dict)
    options: dict[str, str] = field(default_factory=dict)
    is_hardware: bool = True
    format: str = "yuv420p"
    deep_format: str | None = None
    is_deep: bool = False
    tells_range: bool = True
    suffixes: tuple[str, ...] = ()
    light_options: tuple[str, str, str] | None = None

    def settings(self, preset: str | None, quality: int | None) -> dict[str, str]:
        """Return FFmpeg's options; a preset or quality of None is the default."""
        preset = preset or self.preset
        if quality is None:
            quality = self.qualities.get(preset or "", DEFAULT_QUALITY)
        chosen = {} if preset is None else {self.preset_option: preset}
        asked = {} if self.quality_option is None else {self.quality_option: quality}
        numbers = {option: str(value) for option, value in asked.items()}
        return self.options | chosen | numbers


def _deep(hardware: Encoder) -> Encoder:
    return dataclasses.replace(hardware, deep_format="p010le", is_deep=True)


ENCODERS: dict[str, Encoder] = {
    "libx264": Encoder(
        "crf",
        _X264_PRESETS,
        preset=_X264_DEFAULT,
        qualities=_X264_QUALITIES,
        is_hardware=False,
        deep_format="yuv420p10le",
        light_options=("x264-params", "mastering-display", "cll"),
    ),
    "libx265": Encoder(
        "crf",
        _X264_PRESETS,
        preset="medium",
        options={"x265-params": "log-level=error"},
        is_hardware=False,
        deep_format="yuv420p10le",
        is_deep=True,
        light_options=("x265-params", "master-display", "max-cll"),
    ),
    "prores_ks": Encoder(
        None,
        _PRORES_PROFILES,
        "profile",
        preset="hq",
        options={"vendor": "apl0"},
        is_hardware=False,
        format="yuv422p10le",
        deep_format="yuv422p10le",
        is_deep=True,
        tells_range=False,
        suffixes=(".mov",),
    ),
    "h264_nvenc": Encoder("cq", _NVENC_PRESETS),
    "hevc_nvenc": _deep(Encoder("cq", _NVENC_PRESETS)),
    "av1_nvenc": _deep(Encoder("cq", _NVENC_PRESETS)),
    "h264_qsv": Encoder("global_quality", _QSV_PRESETS),
    "hevc_qsv": _deep(Encoder("global_quality", _QSV_PRESETS)),
    "h264_amf": Encoder("qp_p", _AMF_PRESETS, "quality", options={"rc": "cqp"}),
    "hevc_amf": _deep(
        Encoder("qp_p", _AMF_PRESETS, "quality", options={"rc": "cqp"}),
    ),
}


def suffix_of(encoder: str) -> str:
    """Return the ending of a film that nobody named."""
    suffixes = ENCODERS[encoder].suffixes
    return suffixes[0] if suffixes else ".mp4"


def check_preset(encoder: str, preset: str | None) -> None:
    """Refuse an encoder or a preset that is not known; None is always known.

    Raises
    ------
    SettingsError
        With the names that are known.
    """
    if encoder not in ENCODERS:
        raise SettingsError(
            f"unknown encoder {encoder!r}; choose one of {', '.join(ENCODERS)}"
        )
    known = ENCODERS[encoder].presets
    if preset is not None and preset not in known:
        raise SettingsError(
            f"{encoder} has no preset {preset!r}; choose one of {', '.join(known)}"
        )
