"""The `saliency` job: overlay a heat map of the sound source on a 360° video.

Pass 1 writes the maps to disk, pass 2 maps that file into memory while it paints
every full-resolution frame, so that an hour costs no more memory than a second.
"""

from __future__ import annotations

import contextlib
import dataclasses
import tempfile
from collections.abc import Iterator
from pathlib import Path

from pano.draw.overlay import blend_heatmap
from pano.errors import SettingsError
from pano.media import Media, MediaWriter, SphericalMetadata, open_media
from pano.media.writing.encoders import suffix_of
from pano_jobs.analysis.analysis_pass import Analysis, file_notes
from pano_jobs.analysis.kept_maps import KeptAnalysis
from pano_jobs.analysis.localizer import Localizer
from pano_jobs.explain.contact_sheet import ContactSheet
from pano_jobs.maps import Maps, MapsWriter
from pano_jobs.outputs import StrPath, check_output, optional_path
from pano_jobs.progress import SILENT, Progress
from pano_jobs.results import SaliencyResult
from pano_jobs.settings import EncoderSettings, LocalizeSettings


def default_target(source: Path, encoder: EncoderSettings | None = None) -> Path:
    """Name the heat-map video of a clip: beside it."""
    suffix = suffix_of((encoder or EncoderSettings()).name)
    return source.with_name(f"{source.stem}.saliency{suffix}")


def saliency(
    source: StrPath,
    target: StrPath,
    settings: LocalizeSettings | None = None,
    *,
    encoder: EncoderSettings | None = None,
    maps_source: StrPath | None = None,
    maps_target: StrPath | None = None,
    sheet_target: StrPath | None = None,
    localizer: Localizer | None = None,
    overwrite: bool = False,
    progress: Progress = SILENT,
) -> SaliencyResult:
    """Paint where the sound comes from over every frame of a 360° video.

    The sound is copied, and the file says that it is a sphere. Stereo sources are
    written as mono, their left eye.

    Parameters
    ----------
    maps_source
        Maps of the clip to paint instead of analysing it.

    Raises
    ------
    PanoError, soundloc.errors.SoundlocError
        If the clip cannot be analysed or a result cannot be written.
    """
    settings = settings or LocalizeSettings()
    encoder = encoder or EncoderSettings()
    source, target = Path(source), Path(target)
    kept = None
    if maps_source is not None:
        kept = KeptAnalysis(Path(maps_source), progress=progress)
        kept.check_sound(settings.sound)
    maps_target, sheet_target = optional_path(maps_target), optional_path(sheet_target)
    for output in filter(None, (target, maps_target, sheet_target)):
        check_output(output, source=source, overwrite=overwrite)
    with contextlib.ExitStack() as stack:
        media = stack.enter_context(
            open_media(
                source,
                layout=settings.layout,
                sound=settings.sound,
                projection=settings.projection,
            )
        )
        # Made before the long first pass: it refuses a bad target at once.
        writer = _writer(media, target, encoder, overwrite=overwrite)
        if kept is None:
            maps_path = maps_target or stack.enter_context(temporary_maps(target))
            analysis = Analysis(media, settings, localizer=localizer, progress=progress)
            with MapsWriter(maps_path, meta=analysis.meta) as maps_writer:
                for found in analysis.maps():
                    maps_writer.write(found)
            kept = KeptAnalysis(maps_path, progress=progress)
        else:
            kept.check(media)
        maps = kept.opened
        sheet = None if sheet_target is None else ContactSheet.over(maps)
        n_frames = _paint(media, writer, maps, sheet, progress)
        if sheet is not None and sheet_target is not None:
            sheet.save(sheet_target)
        return SaliencyResult(
            source=source,
            target=target,
            maps=maps_target,
            sheet=sheet_target,
            n_frames=n_frames,
            n_maps=len(maps),
            n_corrupt_frames=media.n_corrupt_frames,
            mean_confidence=kept.mean_confidence,
            notes=kept.notes()
            + _tone_mapped_note(media)
            + file_notes(media)
            + writer.notes,
        )


@contextlib.contextmanager
def temporary_maps(target: Path) -> Iterator[Path]:
    """Lend a place for maps that nobody asked to keep, on the disk of `target`."""
    with tempfile.TemporaryDirectory(prefix=".pano-", dir=target.parent) as folder:
        yield Path(folder) / "maps.npz"


def _writer(
    media: Media, target: Path, encoder: EncoderSettings, *, overwrite: bool
) -> MediaWriter:
    signal = media.info.signal
    if encoder.dynamic_range == "source" and signal.is_hdr:
        raise SettingsError(
            f"{media.info.path} is HDR ({signal.transfer_name}), and heat maps are "
            "painted on SDR; leave --dynamic-range source out"
        )
    width_px, height_px = media.size_px
    sound_from, route = media.clip_sound.written()
    return MediaWriter(
        target,
        width_px=width_px,
        height_px=height_px,
        frame_rate=media.info.average_frame_rate,
        time_base=media.info.time_base,
        sound_from=sound_from,
        said_by=media.info.path,
        route=dataclasses.replace(route, is_sphere=True),
        spherical=_whole_sphere(media.info.spherical),
        encoder=encoder.name,
        preset=encoder.preset,
        overwrite=overwrite,
    )


def _tone_mapped_note(media: Media) -> tuple[str, ...]:
    signal = media.info.signal
    if not signal.is_hdr:
        return ()
    return (f"the source is {signal.words()}: the heat map is painted on it as SDR",)


def _paint(
    media: Media,
    writer: MediaWriter,
    maps: Maps,
    sheet: ContactSheet | None,
    progress: Progress,
) -> int:
    n_frames = 0
    with writer:
        for frame in progress.follow(
            media.frames(),
            words="Painting",
            duration_s=media.info.duration_from_header_s,
        ):
            belief = maps.belief_at(frame.time_s)
            writer.write(blend_heatmap(frame.image, belief), frame.pts)
            if sheet is not None and sheet.wants(frame.time_s):
                sheet.see(frame.time_s, frame.image)
            n_frames += 1
    return n_frames


def _whole_sphere(source: SphericalMetadata | None) -> SphericalMetadata:
    """Describe what is written: one eye, the whole sphere, the pose of the source."""
    if source is None:
        return SphericalMetadata()
    return SphericalMetadata(
        yaw_deg=source.yaw_deg, pitch_deg=source.pitch_deg, roll_deg=source.roll_deg
    )
