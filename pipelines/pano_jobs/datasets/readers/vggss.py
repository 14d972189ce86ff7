"""Pairs from VGGSound and its boxes, VGG-SS.

The boxes belong to the 125th picture of a copy at 25 Hz: five seconds into the clip.
Clips are videos, a picture with a sound, or a folder of pictures with a sound, under
any of the names that are in use. VGG-SS is a test set; what else VGGSound's table
knows is trained on, but never a clip of a video that is tested on.
"""

from __future__ import annotations

import re
from pathlib import Path

from pano.errors import MediaError, NoAudioError
from pano_jobs.datasets.gather_settings import GatherSettings
from pano_jobs.datasets.pair_writer import PairWriter
from pano_jobs.datasets.sources.clip_pairs import ClipPairs
from pano_jobs.datasets.sources.clips import FLAT, cut_window, open_clip
from pano_jobs.datasets.sources.files import MediaIndex
from pano_jobs.datasets.sources.sounds import is_usable_window, usable_track
from pano_jobs.datasets.sources.stills import is_usable_still
from pano_jobs.datasets.sources.tables import Labels
from pano_jobs.datasets.splits import Splits
from soundloc.data.annotations import AnnotatedPicture, read_vggss
from soundloc.data.clip_names import clip_name, source_name
from soundloc.data.pairs import Opinion
from soundloc.errors import DatasetError
from soundloc.progress import StepProgress

PICTURE_AT_S = 5.0
# The same moment in folders of pictures, by how many a second were kept.
_NUMBER_AT_5_S = ((25, 125), (10, 50))


def gather_vggss(
    source: Path,
    settings: GatherSettings,
    splits: Splits,
    writer: PairWriter,
    tell: StepProgress,
) -> None:
    """Take the annotated picture of every clip, and the same moment of all others.

    Raises
    ------
    DatasetError
        If neither boxes nor a table are named, or one cannot be read.
    """
    if settings.boxes is None and settings.labels is None:
        raise DatasetError(
            "VGG-SS needs its boxes (--boxes vggss.json) or VGGSound's table "
            "(--labels vggsound.csv), or both."
        )
    annotated: dict[str, AnnotatedPicture] = {}
    if settings.boxes is not None:
        annotations = read_vggss(settings.boxes)
        writer.repairs = annotations.repairs
        annotated = {clip_name(p.picture): p for p in annotations.pictures}
    labels = Labels.read(settings.labels)
    said = labels.splits()
    splits = splits.completed(said | {"test": said["test"] | frozenset(annotated)})
    index = MediaIndex.of(source)
    wanted = sorted(labels.names | set(annotated))
    for number, clip in enumerate(wanted, start=1):
        picture = annotated.get(clip)
        kind = picture.kind if picture else labels.kind(clip)
        placement = splits.place(clip, source_name(clip))
        if placement.reason:
            writer.leave_out(placement.reason, clip)
            continue
        pairs = ClipPairs(writer, clip, kind, placement.split, source_name(clip))
        opinions = picture.opinions if picture else ()
        _gather_clip(clip, opinions, pairs, settings.window_s, index, writer)
        tell("clips", number, len(wanted))


def _gather_clip(
    clip: str,
    opinions: tuple[Opinion, ...],
    pairs: ClipPairs,
    window_s: float,
    index: MediaIndex,
    writer: PairWriter,
) -> None:
    video = index.video(clip)
    if video is not None:
        try:
            _gather_video(video, clip, opinions, pairs, window_s, writer)
        except NoAudioError:
            writer.leave_out("without sound", clip)
        except MediaError as error:
            writer.leave_out("not readable", f"{clip} ({error})")
        return
    still, sound = _still(index, clip), index.sound(clip)
    if still is None and sound is None:
        writer.leave_out("missing", clip)
        return
    if not is_usable_still(writer, still, clip) or still is None:
        return
    track = usable_track(writer, sound, clip)
    if track is None:
        return
    window = cut_window(track, PICTURE_AT_S, window_s)
    if is_usable_window(writer, window, clip):
        pairs.add_still(still, clip, (pairs.placed(window, opinions),))


def _gather_video(
    path: Path,
    clip: str,
    opinions: tuple[Opinion, ...],
    pairs: ClipPairs,
    window_s: float,
    writer: PairWriter,
) -> None:
    with open_clip(path, layout=FLAT) as footage:
        image = footage.frame_at(PICTURE_AT_S)
        if image is None:
            writer.leave_out(f"shorter than {PICTURE_AT_S:g} s", clip)
            return
        window = cut_window(footage.track(), PICTURE_AT_S, window_s)
    if is_usable_window(writer, window, clip):
        pairs.add_picture(image, clip, (pairs.placed(window, opinions),))


def _still(index: MediaIndex, clip: str) -> Path | None:
    """Find the picture of a clip that is no video."""
    if (path := index.picture(clip)) is not None:
        return path
    frames = index.frames.get(clip, [])
    numbers = {_number(path): path for path in frames}
    for _, number in _NUMBER_AT_5_S:
        if number in numbers:
            return numbers[number]
    # A single picture is the one that somebody chose.
    return frames[0] if len(frames) == 1 else None


def _number(path: Path) -> int:
    digits = re.findall(r"\d+", path.stem)
    return int(digits[-1]) if digits else -1
