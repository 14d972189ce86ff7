"""Video encoders by FFmpeg's names, those in graphics hardware included.

Values alone, without FFmpeg; `pano.media.target` tries whether one works here.
"""

from __future__ import annotations

from dataclasses import dataclass, field

DEFAULT_ENCODER = "libx264"


@dataclass(frozen=True, slots=True)
class Encoder:
    """The options of one video encoder.

    Parameters
    ----------
    quality_option
        The option that takes the quality, 0 to 51, small is good.
    has_x264_presets
        Whether x264's names of presets apply.
    options
        What else it needs.
    is_hardware
        Whether it may be missing from a machine.
    """

    quality_option: str
    has_x264_presets: bool = False
    options: dict[str, str] = field(default_factory=dict)
    is_hardware: bool = True


ENCODERS: dict[str, Encoder] = {
    "libx264": Encoder("crf", has_x264_presets=True, is_hardware=False),
    "libx265": Encoder(
        "crf",
        has_x264_presets=True,
        options={"x265-params": "log-level=error"},
        is_hardware=False,
    ),
    "h264_nvenc": Encoder("cq"),
    "hevc_nvenc": Encoder("cq"),
    "av1_nvenc": Encoder("cq"),
    "h264_qsv": Encoder("global_quality"),
    "hevc_qsv": Encoder("global_quality"),
    "h264_amf": Encoder("qp_p", options={"rc": "cqp"}),
    "hevc_amf": Encoder("qp_p", options={"rc": "cqp"}),
}
