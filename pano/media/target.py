"""What an output may be: checked before hours of work, not after.

Everything here can be asked without opening a file, so a job calls it first.
"""

from __future__ import annotations

from pathlib import Path

from pano.errors import MediaError, SettingsError
from pano.media.encoders import ENCODERS, check_encoder
from pano.media.metadata.spherical import SphericalMetadata

_SUFFIXES = frozenset({".mp4", ".m4v", ".mov", ".mkv", ".ts"})
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
    quality: int,
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
    if encoder not in ENCODERS:
        raise SettingsError(
            f"unknown encoder {encoder!r}; choose one of {', '.join(ENCODERS)}"
        )
    if not 0 <= quality <= 51:
        raise SettingsError(f"quality must be in 0 to 51, got {quality}")
    if target.suffix.lower() not in _SUFFIXES:
        raise SettingsError(
            f"{target} names no container of video; end it in .mp4, .mov or .mkv"
        )
    if spherical is not None and target.suffix.lower() not in _SPHERICAL_SUFFIXES:
        raise SettingsError(
            f"{target} cannot be marked as spherical; end it in .mp4 or .mov"
        )
    check_encoder(encoder)
