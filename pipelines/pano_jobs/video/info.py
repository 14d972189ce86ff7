"""The `info` job: the properties of a video file.

All are read from its header, but three things: whether untagged channels are a sound
field, for which a minute of them is heard; what a few pictures look like; and how the
camera was tilted, which its sensors tell.
"""

from __future__ import annotations

from pathlib import Path

from pano.errors import NotSphericalError
from pano.media import Hearing, MediaInfo, StereoLayout, probe
from pano.media.cameras.companions import projection_by_name
from pano.media.inspection.look import look_at_pictures
from pano.media.sound.hearing import choose_hearing
from pano.media.source_projection import (
    choose_layout,
    known_projection,
    projection_notes,
)
from pano.projections.kinds import ProjectionChoice, SourceProjection
from pano_jobs.results import InfoResult
from pano_jobs.video.leveling import level_words


def describe(source: Path) -> InfoResult:
    """Read projection, stereo layout, sound and clock of a file.

    Raises
    ------
    MediaError
        If the file cannot be read as video.
    """
    stated = probe(source)
    media = stated if stated.companion else look_at_pictures(stated)
    rate, projection = media.average_frame_rate, known_projection(media)
    layout = media.layout()
    if layout is None and projection is not None:
        layout = (
            StereoLayout.MONO if media.spherical is None else media.spherical.layout
        )
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
        projection=_projection_words(media, projection),
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
        level=level_words(media),
        notes=(*media.notes, *_projection_notes(projection), *_refusal(media)),
    )


def _refusal(media: MediaInfo) -> tuple[str, ...]:
    """Tell why it would be refused, and which option it needs."""
    try:
        choose_layout(media, None, ProjectionChoice())
    except NotSphericalError as error:
        return (str(error),)
    return ()


def _projection_words(
    media: MediaInfo, projection: SourceProjection | None
) -> str | None:
    sphere, companion = media.spherical, media.companion
    if companion is not None:
        what = "tracks" if companion.path == media.path else "files"
        return f"{companion.projection} (from two {what} of one size)"
    if sphere is not None:
        named = sphere.projection if projection is None else projection
        return f"{named} (from the metadata, {sphere.source})"
    if projection is None:
        return None
    if projection is SourceProjection.DUAL_FISHEYE:
        by_name = projection_by_name(media.path, media.width_px, media.height_px)
        seen = "picture" if by_name is None else "file's name"
        return f"{projection} (from the {seen})"
    inside = " inside black bars" if media.black_rows_px else ""
    return f"{projection} (from the 2:1 picture{inside})"


def _projection_notes(projection: SourceProjection | None) -> tuple[str, ...]:
    return (
        () if projection is None else projection_notes(projection, ProjectionChoice())
    )


def _field_words(hearing: Hearing) -> str:
    if hearing.format is not None:
        planar = ", planar" if hearing.is_planar else ""
        return f"{hearing.format.words}{planar} ({hearing.reason})"
    return f"{'none' if hearing.is_sure else 'in doubt'} ({hearing.reason})"
