"""Find out by looking what a file's metadata do not say, or say wrongly."""

from __future__ import annotations

from dataclasses import replace

from pano.equirect.layouts import StereoLayout
from pano.media.inspection.black_bars import find_black_rows
from pano.media.inspection.dual_fisheye import looks_like_dual_fisheye
from pano.media.inspection.samples import sample_brightness
from pano.media.inspection.two_eyes import looks_like_two_eyes
from pano.media.media_info import MediaInfo

_TWO_EYES_NOTE = (
    "the left and the right half of the picture show nearly the same; if they are two "
    "eyes, say --layout side-by-side, and --projection half-equirectangular for VR180"
)


def look_at_pictures(info: MediaInfo) -> MediaInfo:
    """Return what is known of a file once some of its pictures were looked at.

    A sphere between black bars is found, and two fish-eyes that are no sphere. Little
    is decoded of a file that is what it seems.
    """
    if info.rotation_deg % 180:
        return info
    if info.is_two_to_one:
        return info if info.spherical is not None else _look_at_halves(info)
    if not _may_have_bars(info):
        return info
    n_rows = find_black_rows(
        sample_brightness(info),
        pixel_aspect=float(info.sample_aspect_ratio),
        is_known_sphere=info.spherical is not None,
    )
    if n_rows == 0:
        return info
    inner_px = info.height_px - 2 * n_rows
    note = (
        f"black bars of {n_rows} rows above and below were found and cut off; the "
        f"sphere is {info.width_px}×{inner_px}"
    )
    return replace(
        info, height_px=inner_px, black_rows_px=n_rows, notes=(*info.notes, note)
    )


def _look_at_halves(info: MediaInfo) -> MediaInfo:
    """Tell what else than a sphere a 2:1 picture without a word may be."""
    if looks_like_dual_fisheye(sample_brightness(info)):
        return replace(info, is_dual_fisheye=True)
    if looks_like_two_eyes(sample_brightness(info)):
        return replace(info, notes=(*info.notes, _TWO_EYES_NOTE))
    return info


def _may_have_bars(info: MediaInfo) -> bool:
    if info.displayed_aspect >= 2.0:
        return False
    if info.spherical is None:
        return True
    return info.bounds.is_full and info.layout() is StereoLayout.MONO
