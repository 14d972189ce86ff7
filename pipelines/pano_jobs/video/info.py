"""The `info` job: the properties of a video file, read from its header."""

from __future__ import annotations

from pathlib import Path

from pano.media import probe
from pano_jobs.results import InfoResult


def describe(source: Path) -> InfoResult:
    """Read projection, stereo layout, sound and clock from a file's header.

    Raises
    ------
    MediaError
        If the file cannot be read as video.
    """
    media = probe(source)
    layout, rate, sound = media.layout(), media.average_frame_rate, media.audio
    sphere = media.spherical
    projection = None if layout is None else "equirectangular (from the 2:1 picture)"
    if sphere is not None:
        projection = f"{sphere.projection} (from the metadata, {sphere.source})"
    return InfoResult(
        source=source,
        container=media.container,
        codec=media.codec,
        pixel_format=media.pixel_format,
        bit_depth=media.bit_depth,
        width_px=media.width_px,
        height_px=media.height_px,
        rotation_deg=media.rotation_deg,
        sample_aspect_ratio=str(media.sample_aspect_ratio),
        projection=projection,
        stereo_layout=None if layout is None else str(layout),
        average_frame_rate_hz=None if rate is None else str(rate),
        time_base=str(media.time_base),
        duration_from_header_s=media.duration_from_header_s,
        n_frames_from_header=media.n_frames_from_header,
        audio_codec=None if sound is None else sound.codec,
        audio_channels=None if sound is None else sound.channels,
        audio_channel_layout=None if sound is None else sound.channel_layout,
        audio_sample_rate_hz=None if sound is None else sound.sample_rate_hz,
    )
