"""Believe the numbers of a file only where they can be true.

Headers are written by anyone, and one wrong number asks for a sphere of 600 TiB or for
an analysis without end. Each number is checked where it is read: one that only colours
the result is put aside with a note, one that the result stands on is refused.
"""

from __future__ import annotations

import math
from fractions import Fraction
from pathlib import Path

from pano.errors import MediaError
from pano.sphere import wrap_deg

# Twice a square of 16,384: more than any camera films, 1.6 GB as RGB.
MAX_PICTURE_PX = 2 * 16_384**2
MAX_SPHERE_WIDTH_PX = 32_768
# A picture each ten minutes; beyond a thousand a second FFmpeg counts ticks.
_FRAME_RATES_HZ = (Fraction(1, 600), Fraction(1000))
# From below telephones to above DSD.
_SOUND_RATES_HZ = (2_000, 800_000)
_MAX_CHANNELS = 256
_MAX_DURATION_S = 7 * 86_400.0
# Live streams count from 1970; three centuries on, a float still tells microseconds.
MAX_TIME_S = 10_000_000_000
# Squeezed eyes are 1:2 or 2:1, anamorphic lenses less.
_PIXEL_SHAPES = (Fraction(1, 8), Fraction(8))
# A face has at least a quarter of a picture's shorter side: half of it stays.
_MAX_PADDING_SHARE = 1 / 16
# Displays are turned by quarters; writers round by less than this.
_MAX_OFF_QUARTER_DEG = 1


def believed_frame_rate(
    stated: Fraction | None, notes: list[str] | None = None
) -> Fraction | None:
    """Return an average rate; None where none is stated or it cannot be true."""
    if stated is None or stated == 0:
        return None
    slowest, fastest = _FRAME_RATES_HZ
    if slowest <= stated <= fastest:
        return stated
    # A picture that stays for longer has no rate worth a word.
    if notes is not None and not 0 < stated < slowest:
        notes.append(
            f"the file states {float(stated):.4g} pictures a second, which is not "
            "believed; their own times count"
        )
    return None


def believed_pixel_shape(stated: Fraction | None, notes: list[str]) -> Fraction:
    """Return width : height of a pixel; square where nothing sensible is stated."""
    if not stated:
        return Fraction(1)
    narrowest, widest = _PIXEL_SHAPES
    if narrowest <= stated <= widest:
        return Fraction(stated)
    notes.append(
        f"the file states pixels of {stated.numerator}:{stated.denominator}, which is "
        "not believed; they are taken for square"
    )
    return Fraction(1)


def believed_rotation_deg(stated_deg: float, notes: list[str]) -> int:
    """Return the quarter turns of a display matrix, in degrees from 0 to 270."""
    if not math.isfinite(stated_deg) or abs(stated_deg) > 360.0:
        notes.append("the file states a rotation that is no angle; it is not turned")
        return 0
    turned_deg = round(stated_deg / 90.0) * 90
    if abs(stated_deg - turned_deg) > _MAX_OFF_QUARTER_DEG:
        notes.append(
            f"the file states a rotation by {stated_deg:g}°; only quarter turns are "
            f"followed, and it is turned by {turned_deg}°"
        )
    return turned_deg % 360


def believed_duration_s(stated_s: float | None, notes: list[str]) -> float | None:
    """Return a duration; None where none is stated or it cannot be true."""
    if stated_s is None or stated_s == 0.0:
        return None
    if 0.0 < stated_s <= _MAX_DURATION_S:
        return stated_s
    notes.append(
        f"the file states a duration of {stated_s:.6g} s, which is not believed"
    )
    return None


def believed_n_frames(stated: int, size_bytes: int, notes: list[str]) -> int | None:
    """Return a number of frames; None where it is not stated or more than bytes."""
    if stated == 0:
        return None
    if 0 < stated <= size_bytes:
        return stated
    notes.append(f"the file states {stated} frames, more than it has room for")
    return None


def believed_pts(stated: int | None, time_base: Fraction) -> int | None:
    """Return a time in its unit; None where none is stated or no clock shows it."""
    if stated is None or abs(stated * time_base) > MAX_TIME_S:
        return None
    return stated


def believed_padding_px(
    stated_px: int, width_px: int, height_px: int, notes: list[str]
) -> int:
    """Return what is not shown around each face of a cubemap; 0 if it is too much."""
    if stated_px <= _MAX_PADDING_SHARE * min(width_px, height_px):
        return stated_px
    notes.append(
        f"the metadata state {stated_px} pixels around each face, more than faces in a "
        f"picture of {width_px}×{height_px} can have; they are taken for none"
    )
    return 0


def believed_time_base(stated: Fraction | None, path: Path) -> Fraction:
    """Return the unit of a stream's times in seconds.

    Raises
    ------
    MediaError
        If there is none.
    """
    if stated is None or stated <= 0:
        raise MediaError(f"{path} says nothing about time; convert it to mp4 first")
    return stated


def refuse_fast_pictures(path: Path, n_pictures: int, last_s: Fraction) -> None:
    """Refuse pictures that follow each other faster than any camera takes them.

    A film of them would end before the first tick of its clock.

    Parameters
    ----------
    last_s
        When the last of them appears, from the first.

    Raises
    ------
    MediaError
        Which says how many there are.
    """
    if n_pictures > 1 and (n_pictures - 1) > _FRAME_RATES_HZ[1] * last_s:
        raise MediaError(
            f"{path} shows its {n_pictures} pictures within {float(last_s):.3g} s: "
            "their times are damaged; convert it first"
        )


def refuse_large_picture(path: Path, width_px: int, height_px: int) -> None:
    """Refuse a picture that no memory should be asked for.

    Raises
    ------
    MediaError
        Which says how large it is and how large it may be.
    """
    if width_px * height_px > MAX_PICTURE_PX:
        raise MediaError(
            f"{path} states pictures of {width_px}×{height_px}; no more than "
            f"{MAX_SPHERE_WIDTH_PX}×{MAX_SPHERE_WIDTH_PX // 2} are read: scale it down"
        )


def refuse_large_sphere(path: Path, width_px: int, height_px: int) -> None:
    """Refuse a sphere that a part of it, or its shape, would make far too large.

    Raises
    ------
    MediaError
        Which says how large it would be.
    """
    if width_px > MAX_SPHERE_WIDTH_PX:
        raise MediaError(
            f"{path} would be a sphere of {width_px}×{height_px} by its shape and the "
            f"bounds in its metadata, and no more than {MAX_SPHERE_WIDTH_PX}×"
            f"{MAX_SPHERE_WIDTH_PX // 2} is read; correct its metadata or scale it down"
        )


def believed_pose_deg(
    yaw_deg: float, pitch_deg: float, roll_deg: float
) -> tuple[float, float, float] | None:
    """Return a pose with yaw and roll in [-180, 180]; None if it is no pose."""
    if not all(map(math.isfinite, (yaw_deg, pitch_deg, roll_deg))):
        return None
    # GPano counts headings to 360°.
    if abs(pitch_deg) > 90.0 or max(abs(yaw_deg), abs(roll_deg)) > 360.0:
        return None
    return _wrapped_deg(yaw_deg), pitch_deg, _wrapped_deg(roll_deg)


def is_sound_plausible(sample_rate_hz: int, channels: int) -> bool:
    """Tell whether a sound can have so many samples a second and channels."""
    slowest, fastest = _SOUND_RATES_HZ
    return slowest <= sample_rate_hz <= fastest and 0 < channels <= _MAX_CHANNELS


def _wrapped_deg(angle_deg: float) -> float:
    return angle_deg if abs(angle_deg) <= 180.0 else float(wrap_deg(angle_deg))
