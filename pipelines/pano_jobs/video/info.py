"""The `info` job: the properties of a video file.

All are read from its header, but two things: whether untagged channels are a sound
field, for which a minute of them is heard, and what a few pictures look like.
"""

from __future__ import annotations

from pathlib import Path

from pano.media import Hearing, MediaInfo, probe
from pano.media.inspection.look import look_at_pictures
from pano.media.sound.hearing import choose_hearing
from pano_jobs.results import InfoResult


def describe(source: Path) -> InfoResult:
    """Read projection, stereo layout, sound and clock of a file.

    Raises
    ------
    MediaError
        If the file cannot be read as video.
    """
    stated = probe(source)
    media = look_at_pictures(stated)
    layout, rate = media.layout(), media.average_frame_rate
    hearing = choose_hearing(source)
    sound = media.audio if hearing is None else hearing.track
    return InfoResult(
        source=source,
        container=media.container,
        codec=media.codec,
        pixel_format=media.pixel_format,
        bit_depth=media.bit_depth,
        width_px=media.width_px,
        height_px=stated.height_px,
        rotation_deg=media.rotation_deg,
        sample_aspect_ratio=str(media.sample_aspect_ratio),
        projection=_projection_words(media),
        stereo_layout=None if layout is None else str(layout),
        average_frame_rate_hz=None if rate is None else str(rate),
        time_base=str(media.time_base),
        duration_from_header_s=media.duration_from_header_s,
        n_frames_from_header=media.n_frames_from_header,
        audio_codec=None if sound is None else sound.codec,
        audio_channels=None if sound is None else sound.channels,
        audio_channel_layout=None if sound is None else sound.channel_layout,
        audio_sample_rate_hz=None if sound is None else sound.sample_rate_hz,
        audio_track=None if sound is None else sound.index,
        n_audio_tracks=len(media.sound_tracks),
        dynamic_range=media.signal.words(),
        sound_field=None if hearing is None else _field_words(hearing),
        notes=media.notes,
    )


def _projection_words(media: MediaInfo) -> str | None:
    sphere = media.spherical
    if sphere is not None:
        return f"{sphere.projection} (from the metadata, {sphere.source})"
    if media.is_dual_fisheye:
        return "two fisheyes side by side (from the picture)"
    if media.has_cube_strips:
        return "two strips of a cube's faces (from the file's shape)"
    if media.layout() is None:
        return None
    inside = " inside black bars" if media.black_rows_px else ""
    return f"equirectangular (from the 2:1 picture{inside})"


def _field_words(hearing: Hearing) -> str:
    if hearing.format is not None:
        planar = ", planar" if hearing.is_planar else ""
        return f"{hearing.format.words}{planar} ({hearing.reason})"
    return f"{'none' if hearing.is_sure else 'in doubt'} ({hearing.reason})"
