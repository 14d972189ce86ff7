"""Pairs from STARSS23: rooms with people, their sounds and where they were tracked.

Only moments with one source are taken: with several, nobody could say which of them
the one channel that the network hears is about. For the same reason a sound ends where
another source begins.
"""

from __future__ import annotations

from pathlib import Path

from pano.errors import MediaError, PanoError
from pano.media import StereoLayout
from pano_jobs.datasets.gather_settings import GatherSettings
from pano_jobs.datasets.pair_writer import PairWriter
from pano_jobs.datasets.sources.clip_pairs import ClipPairs
from pano_jobs.datasets.sources.clips import Waveform, cut_stretch, open_clip
from pano_jobs.datasets.sources.fields import read_ambix
from pano_jobs.datasets.sources.places import box_around
from pano_jobs.datasets.sources.sounds import is_usable_window
from pano_jobs.datasets.sources.starss23 import (
    Annotations,
    Recording,
    place_recording,
    read_annotations,
    recordings_of,
    with_official_parts,
)
from pano_jobs.datasets.splits import Splits
from soundloc.data.pairs import Opinion
from soundloc.errors import DatasetError
from soundloc.progress import StepProgress


def gather_starss23(
    source: Path,
    settings: GatherSettings,
    splits: Splits,
    writer: PairWriter,
    tell: StepProgress,
) -> None:
    """Take the moments of all recordings at which one source sounds.

    Raises
    ------
    DatasetError
        If the folder is not STARSS23.
    """
    recordings = recordings_of(source)
    splits = with_official_parts(splits, recordings)
    n_moments = n_alone = 0
    for number, recording in enumerate(recordings, start=1):
        placement = place_recording(splits, recording)
        if placement.reason:
            writer.leave_out(placement.reason, recording.name)
            continue
        heard = _heard(recording, writer)
        if heard is not None:
            gathering = _Gathering(recording, *heard, placement.split, settings, writer)
            try:
                gathering.gather()
            except MediaError as error:
                words = f"{recording.name} ({error})"
                writer.leave_out("video not readable, or not to the end", words)
            n_moments += gathering.n_moments
            n_alone += gathering.n_alone
        tell("recordings", number, len(recordings))
    writer.note(f"in {n_alone} of {n_moments} moments exactly one source sounds")


def _heard(
    recording: Recording, writer: PairWriter
) -> tuple[Annotations, Waveform] | None:
    """Read annotations and sound; None, and a note of why, if they cannot be."""
    for path, words in ((recording.video, "video"), (recording.sound, "sound")):
        if not path.is_file():
            writer.leave_out(f"missing {words}", recording.name)
            return None
    try:
        samples = read_ambix(recording.sound)
        return read_annotations(recording.annotations), samples
    except PanoError as error:
        writer.leave_out("sound not readable", f"{recording.name} ({error})")
    except DatasetError as error:
        writer.leave_out("annotations not readable", f"{recording.name} ({error})")
    return None


class _Gathering:
    """Takes the pairs of one recording, and counts its moments."""

    def __init__(
        self,
        recording: Recording,
        annotations: Annotations,
        samples: Waveform,
        split: str,
        settings: GatherSettings,
        writer: PairWriter,
    ) -> None:
        self.n_moments = self.n_alone = 0
        self._recording = recording
        self._annotations = annotations
        self._samples = samples
        self._split = split
        self._settings = settings
        self._writer = writer
        self._pairs: dict[str, ClipPairs] = {}

    def gather(self) -> None:
        """Write a pair for each moment at which one source sounds."""
        with open_clip(self._recording.video, layout=StereoLayout.MONO) as clip:
            for time_s, image in clip.frames_every(self._settings.every_s):
                self.n_moments += 1
                sounding = self._annotations.alone_at(time_s)
                if sounding is None:
                    continue
                self.n_alone += 1
                name = f"{self._recording.name}@{time_s:.2f}"
                stretch_s = self._annotations.stretch_around(
                    time_s, self._settings.window_s
                )
                window = cut_stretch(self._samples, *stretch_s)
                if is_usable_window(self._writer, window, name):
                    pairs = self._of_kind(sounding.kind)
                    box = box_around(sounding.direction)
                    placed = pairs.placed(window, (Opinion((box,)),))
                    pairs.add_picture(image, name, (placed,), wrap=True)

    def _of_kind(self, kind: str) -> ClipPairs:
        if kind not in self._pairs:
            name, source = self._recording.name, self._recording.source
            pairs = ClipPairs(self._writer, name, kind, self._split, source)
            self._pairs[kind] = pairs
        return self._pairs[kind]
