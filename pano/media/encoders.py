"""Encoders by name, those in graphics hardware included.

That FFmpeg was built with an encoder does not mean that this machine has the hardware
and the driver for it: only encoding a picture tells, which takes milliseconds, and is
better done before hours of work than after.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

import av
from av.error import FFmpegError
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

from pano.errors import SettingsError

DEFAULT_ENCODER = "libx264"
# Hardware refuses pictures that are smaller than its blocks.
_TRIAL_SIDE_PX = 256


@dataclass(frozen=True, slots=True)
class Encoder:
    """How one encoder is told what to do.

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


def check_encoder(name: str) -> None:
    """Refuse an encoder that this machine does not have.

    Raises
    ------
    SettingsError
        With what FFmpeg says, and what to do instead.
    """
    if not ENCODERS[name].is_hardware:
        return
    try:
        context = av.CodecContext.create(name, "w")
        if not isinstance(context, VideoCodecContext):
            raise SettingsError(f"{name} does not encode video")
        context.width = context.height = _TRIAL_SIDE_PX
        context.pix_fmt = "yuv420p"
        context.time_base, context.framerate = Fraction(1, 30), Fraction(30)
        context.options = ENCODERS[name].options
        picture = VideoFrame(_TRIAL_SIDE_PX, _TRIAL_SIDE_PX, "yuv420p")
        picture.pts = 0
        context.encode(picture)
        context.encode(None)
    except (FFmpegError, ValueError, OSError) as error:
        raise SettingsError(
            f"the encoder {name} does not work on this machine ({error}); it needs its "
            f"hardware and driver: choose {DEFAULT_ENCODER}, which always works"
        ) from error
