"""Video encoders by FFmpeg's names, those in graphics hardware included.

Values alone, without FFmpeg; `pano.media.target` tries whether one works here. The
names of presets are those of `ffmpeg -h encoder=NAME`, the quickest first.
"""

from __future__ import annotations

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
_NVENC_PRESETS = ("p1", "p2", "p3", "p4", "p5", "p6", "p7")
_QSV_PRESETS = _X264_PRESETS[2:]
_AMF_PRESETS = ("speed", "balanced", "quality")


@dataclass(frozen=True, slots=True)
class Encoder:
    """The options of one video encoder.

    Parameters
    ----------
    quality_option
        The option that takes the quality, 0 to 51, small is good.
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
    """

    quality_option: str
    presets: tuple[str, ...] = ()
    preset_option: str = "preset"
    preset: str | None = None
    qualities: dict[str, int] = field(default_factory=dict)
    options: dict[str, str] = field(default_factory=dict)
    is_hardware: bool = True

    def settings(self, preset: str | None, quality: int | None) -> dict[str, str]:
        """Return FFmpeg's options; a preset or quality of None is the default."""
        preset = preset or self.preset
        if quality is None:
            quality = self.qualities.get(preset or "", DEFAULT_QUALITY)
        chosen = {} if preset is None else {self.preset_option: preset}
        return self.options | chosen | {self.quality_option: str(quality)}


ENCODERS: dict[str, Encoder] = {
    "libx264": Encoder(
        "crf",
        _X264_PRESETS,
        preset=_X264_DEFAULT,
        qualities=_X264_QUALITIES,
        is_hardware=False,
    ),
    "libx265": Encoder(
        "crf",
        _X264_PRESETS,
        preset="medium",
        options={"x265-params": "log-level=error"},
        is_hardware=False,
    ),
    "h264_nvenc": Encoder("cq", _NVENC_PRESETS),
    "hevc_nvenc": Encoder("cq", _NVENC_PRESETS),
    "av1_nvenc": Encoder("cq", _NVENC_PRESETS),
    "h264_qsv": Encoder("global_quality", _QSV_PRESETS),
    "hevc_qsv": Encoder("global_quality", _QSV_PRESETS),
    "h264_amf": Encoder("qp_p", _AMF_PRESETS, "quality", options={"rc": "cqp"}),
    "hevc_amf": Encoder("qp_p", _AMF_PRESETS, "quality", options={"rc": "cqp"}),
}


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
