"""Pairs from a folder of footage: pictures at a steady spacing, each with its sound.

Nothing has to be known about the footage: a picture and the sound around it belong
together, whatever they show. Classes, where a table or folders tell them, let pictures
answer to other recordings of their class as well. A sound field tells where the sound
comes from, and so labels the pictures of a 360° video by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pano.errors import MediaError, NoAudioError
from pano_jobs.datasets.gather_settings import GatherSettings
from pano_jobs.datasets.pair_writer import PairWriter
from pano_jobs.datasets.sources.clip_pairs import ClipPairs
from pano_jobs.datasets.sources.clips import Clip, cut_window, open_clip
from pano_jobs.datasets.sources.fields import HeardTrack
from pano_jobs.datasets.sources.files import files_below
from pano_jobs.datasets.sources.places import box_around, sure_direction
from pano_jobs.datasets.sources.sounds import is_usable_window
from pano_jobs.datasets.sources.tables import Labels
from pano_jobs.datasets.splits import Splits
from soundloc.data.clip_names import VIDEO_SUFFIXES, clip_name, source_name
from soundloc.data.pairs import Opinion
from soundloc.errors import DatasetError
from soundloc.progress import StepProgress


@dataclass(slots=True)
class _FieldLabels:
    """Counts the pictures of clips with a sound field, and those it could label."""

    n_clips: int = 0
    n_pictures: int = 0
    n_labelled: int = 0

    def say(self, writer: PairWriter) -> None:
        if self.n_clips:
            writer.note(
                f"{self.n_clips} videos have a sound field; it labelled "
                f"{self.n_labelled} of their {self.n_pictures} pictures"
            )


def gather_videos(
    source: Path,
    settings: GatherSettings,
    splits: Splits,
    writer: PairWriter,
    tell: StepProgress,
) -> None:
    """Take pictures and windows of sound from every video below a folder.

    Raises
    ------
    DatasetError
        If there is no video.
    """
    paths = files_below(source, VIDEO_SUFFIXES)
    if not paths:
        raise DatasetError(f"{source} holds no video.")
    labels = Labels.read(settings.labels)
    splits = splits.completed(labels.splits())
    spheres: list[str] = []
    ordinary: list[str] = []
    field_labels = _FieldLabels()
    for number, path in enumerate(paths, start=1):
        name = path.relative_to(source).with_suffix("").as_posix()
        recording = _recording(name)
        placement = splits.place(name, recording)
        if placement.reason:
            writer.leave_out(placement.reason, name)
            continue
        pairs = ClipPairs(writer, name, labels.kind(name), placement.split, recording)
        try:
            with open_clip(path, layout=settings.layout) as clip:
                (spheres if clip.is_sphere else ordinary).append(name)
                _gather_clip(clip, name, pairs, settings, writer, field_labels)
        except NoAudioError:
            writer.leave_out("without sound", name)
        except MediaError as error:
            writer.leave_out("not readable, or not to the end", f"{name} ({error})")
        tell("videos", number, len(paths))
    _say_what_they_are(spheres, ordinary, writer)
    field_labels.say(writer)


def _say_what_they_are(
    spheres: list[str], ordinary: list[str], writer: PairWriter
) -> None:
    writer.note(f"{len(spheres)} videos are 360°, {len(ordinary)} ordinary")
    if spheres and ordinary:
        # A square picture may be two eyes of a sphere, and nobody could tell.
        named = ", ".join(ordinary[:5]) + (" …" if len(ordinary) > 5 else "")
        writer.note(f"taken for ordinary video: {named}")


def _recording(name: str) -> str:
    """Name the recording: clips cut from one YouTube video are one."""
    clip = clip_name(name)
    video = source_name(clip)
    return video if video != clip else name


def _gather_clip(
    clip: Clip,
    name: str,
    pairs: ClipPairs,
    settings: GatherSettings,
    writer: PairWriter,
    field_labels: _FieldLabels,
) -> None:
    track = clip.heard_track()
    has_field = track.directions is not None
    field_labels.n_clips += has_field
    for time_s, image in clip.frames_every(settings.every_s):
        picture = f"{name}@{time_s:.2f}"
        window = cut_window(track.samples, time_s, settings.window_s)
        if is_usable_window(writer, window, picture):
            places = _places(track, time_s)
            objects = (pairs.placed(window, places),)
            pairs.add_picture(image, picture, objects, wrap=clip.is_sphere)
            field_labels.n_pictures += has_field
            field_labels.n_labelled += bool(places)


def _places(track: HeardTrack, time_s: float) -> tuple[Opinion, ...]:
    """Return where the field says that the sound of a moment comes from, if it does."""
    if track.directions is None:
        return ()
    direction = sure_direction(track.directions.around(time_s))
    return () if direction is None else (Opinion((box_around(direction),)),)
