"""Pairs from Flickr-SoundNet: a picture and 20 s of sound by one id, boxes by XML.

Both published layouts are read, `Data/<0-9>/<id>.jpg` with the sound beside it and
`frames/<id>.jpg` with `audio/<id>.wav`: files are looked up by id. Pairs without
boxes are for unsupervised training; those that a list or a box names and that are not
there are counted, because test sets of 250, 249 and 178 of them are in use.
"""

from __future__ import annotations

from pathlib import Path

from pano_jobs.datasets.gather_settings import GatherSettings
from pano_jobs.datasets.pair_writer import PairWriter
from pano_jobs.datasets.sources.clip_pairs import ClipPairs
from pano_jobs.datasets.sources.clips import middle_window
from pano_jobs.datasets.sources.files import MediaIndex
from pano_jobs.datasets.sources.sounds import is_usable_window, usable_track
from pano_jobs.datasets.sources.stills import is_usable_still
from pano_jobs.datasets.splits import Splits
from soundloc.data.annotations import Annotations, read_flickr_json, read_flickr_xml
from soundloc.data.clip_names import clip_name
from soundloc.data.pairs import Opinion
from soundloc.progress import StepProgress


def gather_flickr(
    source: Path,
    settings: GatherSettings,
    splits: Splits,
    writer: PairWriter,
    tell: StepProgress,
) -> None:
    """Take every pair that is there, with the boxes of its subjects.

    Raises
    ------
    DatasetError
        If the annotations or a list cannot be read.
    """
    index = MediaIndex.of(source)
    annotations = _annotations(source, settings)
    opinions: dict[str, tuple[Opinion, ...]] = {}
    if annotations is not None:
        writer.repairs = annotations.repairs
        opinions = {clip_name(p.picture): p.opinions for p in annotations.pictures}
        tested = {clip_name(p.picture) for p in annotations.pictures if p.split}
        splits = splits.completed({"test": tested})
    wanted = {
        *opinions,
        *splits.missing(()),
        *(set(index.pictures) & set(index.sounds)),
    }
    for number, clip in enumerate(sorted(wanted), start=1):
        _gather_pair(clip, opinions.get(clip, ()), settings, index, splits, writer)
        tell("pairs", number, len(wanted))


def _annotations(source: Path, settings: GatherSettings) -> Annotations | None:
    boxes = settings.boxes
    if boxes is None:
        folders = sorted(source.rglob("Annotations"))
        boxes = next((folder for folder in folders if folder.is_dir()), None)
    if boxes is None:
        return None
    return read_flickr_xml(boxes) if boxes.is_dir() else read_flickr_json(boxes)


def _gather_pair(
    clip: str,
    opinions: tuple[Opinion, ...],
    settings: GatherSettings,
    index: MediaIndex,
    splits: Splits,
    writer: PairWriter,
) -> None:
    placement = splits.place(clip, clip)
    picture = index.picture(clip)
    if placement.reason:
        writer.leave_out(placement.reason, clip)
        return
    if not is_usable_still(writer, picture, clip) or picture is None:
        return
    track = usable_track(writer, index.sound(clip), clip)
    if track is None:
        return
    window = middle_window(track, settings.window_s)
    if is_usable_window(writer, window, clip):
        pairs = ClipPairs(writer, clip, None, placement.split, clip)
        pairs.add_still(picture, clip, (pairs.placed(window, opinions),))
