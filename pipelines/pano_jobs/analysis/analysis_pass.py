"""Pass 1 of every job: compute the saliency maps of a clip, in constant memory.

What the maps tell only after the last one (how long the picture really was, whether
the sound fitted it) is gathered on the way.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from typing import Any

from pano.errors import MediaError
from pano.media import Frame, Media
from pano.media.frames import ANALYSIS_RATE_HZ
from pano.media.shot_boundaries import BoundaryWatcher
from pano.saliency_maps.saliency_map import SaliencyMap
from pano_jobs.analysis.audio_track import load_audio_track, mismatch_note
from pano_jobs.analysis.kept_maps import Origin
from pano_jobs.analysis.localize import localize
from pano_jobs.analysis.localizer import Localizer
from pano_jobs.analysis.synchrony.evidence import SynchronyWitness
from pano_jobs.progress import Progress
from pano_jobs.settings import LocalizeSettings


class Analysis:
    """The analysis of one clip: reads its audio at once and yields its maps once.

    Parameters
    ----------
    media
        Stays open for as long as maps are taken.
    localizer
        ``None`` loads the one that the settings name.

    Raises
    ------
    NoAudioError, soundloc.errors.SoundlocError
        If the clip has no sound, or the localizer is missing.
    """

    def __init__(
        self,
        media: Media,
        settings: LocalizeSettings,
        *,
        localizer: Localizer | None,
        progress: Progress,
    ) -> None:
        self.n_maps = 0
        self.start_s = self.end_s = 0.0
        self.origin = Origin.of(media)
        self._media = media
        self._audio = load_audio_track(media, settings, localizer=localizer)
        self._settings = settings
        self._progress = progress
        self._sum_confidence = self._sum_field = 0.0
        self._boundaries = BoundaryWatcher()

    def maps(self) -> Iterator[SaliencyMap]:
        """Yield one map per tick of the analysis clock.

        Raises
        ------
        MediaError
            If the clip turns out to have no picture.
        """
        frames = self._boundaries.passing(self._media.analysis_frames())
        for found in self._progress.follow(
            self._evidence(frames),
            words="Listening and looking",
            duration_s=self._media.info.duration_from_header_s,
        ):
            if self.n_maps == 0:
                self.start_s = found.time_s
            self.n_maps += 1
            self.end_s = found.time_s + float(1 / ANALYSIS_RATE_HZ)
            self._sum_confidence += found.confidence
            self._sum_field += found.field_share
            yield found
        if self.n_maps == 0:
            raise MediaError(
                f"{self._media.info.path} has no picture that can be decoded"
            )

    def _evidence(self, frames: Iterator[Frame]) -> Iterator[SaliencyMap]:
        """Yield the maps by all that there is to go by."""
        gain = self._settings.synchrony_gain
        if self._audio.track is None or gain == 0.0:
            return localize(frames, self._audio, self._settings)
        witness = SynchronyWitness(self._audio.strokes, gain)
        maps = localize(witness.passing(frames), self._audio, self._settings)
        return witness.weighing(maps)

    @property
    def mean_confidence(self) -> float:
        """The mean confidence of the maps yielded so far."""
        return self._sum_confidence / max(self.n_maps, 1)

    @property
    def field_share(self) -> float | None:
        """The sound field's mean share of the evidence so far; None without one."""
        if self._audio.heard is None:
            return None
        return self._sum_field / max(self.n_maps, 1)

    @property
    def source_cuts_s(self) -> tuple[float, ...]:
        """Times of the clip's own cuts in seconds, known after the last map."""
        return tuple(self._boundaries.cuts_s)

    def notes(self) -> tuple[str, ...]:
        """Return warnings about the clip for the user, after the last map."""
        if self._audio.hearing is None:
            return ("there is no sound; the camera has nothing to follow",)
        hearing = self._audio.hearing
        notes = (
            None if hearing is None else hearing.note,
            self._alignment_note(),
            self._field_note(),
            self._audit_note(),
            mismatch_note(
                sound_s=self._audio.sound_s,
                picture_s=self.end_s - self.start_s,
                is_whole=self._audio.is_whole,
            ),
        )
        return tuple(note for note in notes if note is not None)

    def _alignment_note(self) -> str | None:
        """Tell how a separate recorder was aligned."""
        found = self._audio.alignment
        if found is None:
            return None
        shift_s = round(found.clock.shift_s, 3) + 0.0  # no -0.000
        return (
            f"the recorder's {shift_s:.3f} s is the picture's 0 s, and its "
            f"clock drifts by {found.drift_ppm:+.0f} ppm ({found.agreeing:.0%} of the "
            "stretches compared agree)"
        )

    def _audit_note(self) -> str | None:
        """Tell where picture and sound field contradict each other."""
        verdict = self._audio.audit.verdict()
        if verdict is None:
            return None
        return f"the sound field does not fit the picture; it seems to be {verdict}"

    def _field_note(self) -> str | None:
        """Tell what the sound field let hear."""
        hearing, share = self._audio.hearing, self.field_share
        if hearing is None or hearing.format is None or share is None:
            return None
        sources = self._audio.sources
        n_places = len(sources.begins)
        heard = "one place was" if n_places == 1 else f"{n_places or 'no'} places were"
        at_once = f", at most {sources.most_at_once} at once" if n_places > 1 else ""
        planar = ", planar" if hearing.is_planar else ""
        words = f"{hearing.format.words}{planar}; {hearing.reason}"
        return (
            f"the sound is a field ({words}): it gave "
            f"{share:.0%} of the evidence, and {heard} heard in it{at_once}"
        )

    def meta(self) -> dict[str, Any]:
        """Describe where the maps come from, for `maps.npz`, after the last map."""
        settings = dataclasses.asdict(self._settings)
        return {
            "source": dataclasses.asdict(self.origin),
            "source_cuts_s": self.source_cuts_s,
            "notes": self.notes(),
            "clock": {"rate_hz": float(ANALYSIS_RATE_HZ)},
            "settings": json.loads(json.dumps(settings, default=str)),
            "checkpoint": str(self._settings.checkpoint or "default"),
        }


def file_notes(media: Media) -> tuple[str, ...]:
    """Return what a user should know of a clip's file, after the last pass."""
    if media.n_corrupt_frames == 0:
        return media.notes
    return (*media.notes, f"{media.n_corrupt_frames} corrupt frames were left out")
