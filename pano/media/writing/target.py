"""Checks of output files and encoder settings, before hours of work and not after.

They can be asked without opening a file, so a job calls them first.
"""

from __future__ import annotations

import errno
from fractions import Fraction
from pathlib import Path

import av
from av.error import FFmpegError
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

from pano.errors import MediaError, SettingsError
from pano.media.metadata.spherical import SphericalMetadata
from pano.media.writing.encoders import DEFAULT_ENCODER, ENCODERS, check_preset
from pano.whole_file import why_unwritten

# Hardware refuses pictures that are smaller than its blocks.
_TRIAL_SIDE_PX = 256

SUFFIXES = frozenset({".mp4", ".m4v", ".mov", ".mkv", ".ts"})
_SPHERICAL_SUFFIXES = frozenset({".mp4", ".mov", ".m4v"})


def check_target(
    target: Path, *, source: Path | None = None, overwrite: bool = False
) -> None:
    """Refuse an output that cannot or must not be written, before any work is done.

    Raises
    ------
    MediaError
        If it exists and may not be overwritten, if it is the source, or if its
        folder is missing.
    """
    if target.is_dir():
        raise MediaError(f"{target} is a folder; name a file in it")
    if source is not None and target.exists() and target.samefile(source):
        raise MediaError(f"{target} is the source itself; choose another name")
    if target.exists() and not overwrite:
        raise MediaError(f"{target} exists; choose another name or add --force")
    if not target.parent.is_dir():
        raise MediaError(f"the folder {target.parent} does not exist; create it first")


def check_settings(
    target: Path,
    width_px: int,
    height_px: int,
    spherical: SphericalMetadata | None,
    encoder: str,
    preset: str | None,
    quality: int | None,
) -> None:
    """Refuse settings of a `MediaWriter` that do not fit each other.

    Raises
    ------
    SettingsError
        With the value that does not fit.
    """
    if width_px <= 0 or height_px <= 0 or width_px % 2 or height_px % 2:
        raise SettingsError(
            f"the picture must have even sides, got {width_px}×{height_px}"
        )
    check_preset(encoder, preset)
    suffixes = ENCODERS[encoder].suffixes
    if suffixes and target.suffix.lower() not in suffixes:
        raise SettingsError(
            f"{encoder} cannot be put into {target}; end it in {' or '.join(suffixes)}"
        )
    if quality is not None and ENCODERS[encoder].quality_option is None:
        raise SettingsError(f"{encoder} takes no quality; choose a preset instead")
    if quality is not None and not 0 <= quality <= 51:
        raise SettingsError(f"quality must be in 0 to 51, got {quality}")
    if target.suffix.lower() not in SUFFIXES:
        raise SettingsError(
            f"{target} names no container of video; end it in .mp4, .mov or .mkv"
        )
    if spherical is not None and target.suffix.lower() not in _SPHERICAL_SUFFIXES:
        raise SettingsError(
            f"{target} cannot be marked as spherical; end it in .mp4 or .mov"
        )


def check_encoder(name: str, pixel_format: str = "yuv420p") -> None:
    """Refuse an encoder that this machine does not have.

    That FFmpeg was built with an encoder does not mean that this machine has the
    hardware and the driver for it: only encoding a picture tells, which takes
    milliseconds, and is better done before hours of work than after.

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
        context.pix_fmt = pixel_format
        context.time_base, context.framerate = Fraction(1, 30), Fraction(30)
        context.options = ENCODERS[name].options
        picture = VideoFrame(_TRIAL_SIDE_PX, _TRIAL_SIDE_PX, pixel_format)
        picture.pts = 0
        context.encode(picture)
        context.encode(None)
    except (FFmpegError, ValueError, OSError) as error:
        raise SettingsError(
            f"the encoder {name} does not work on this machine ({error}); it needs its "
            f"hardware and driver: choose {DEFAULT_ENCODER}, which always works"
        ) from error


def why_unwritable(target: Path, error: FFmpegError | OSError) -> str:
    """Say what stopped a film, and what would not."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return why_unwritten(target, error.errno, error)
    words = f"{target} cannot be written ({error.strerror or error})"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"{words}; check the folder's permissions"
    if error.errno == errno.EINVAL:
        # FFmpeg's only word for a stream that it does not like.
        other = ".mp4" if target.suffix.lower() == ".mkv" else ".mkv"
        return (
            f"{words}: FFmpeg refuses its picture or sound so; choose another "
            f"--encoder, or end its name in {other}"
        )
    return f"{words}; check the folder, the disk and the encoder"
