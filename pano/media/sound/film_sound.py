"""All sound on its way into a film: what is heard, and tracks beside it.

How each track gets there is planned before a clip is analysed, and what does not get
there whole is said.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

from av.container import OutputContainer

from pano.errors import MediaError
from pano.media.containers.carriers import (
    AAC_MAX_CHANNELS,
    Carriage,
    carriage,
    carried_by,
)
from pano.media.metadata.spatial_audio import MP4_SUFFIXES, write_spatial_audio
from pano.media.reading import open_input
from pano.media.sound.copy_packets import SoundCopy, is_writable
from pano.media.sound.decode_field import FieldSound
from pano.media.sound.route import FurtherTrack, SoundInput, SoundRoute, tag_of
from pano.media.sound.tracks import AudioInfo, best_sound_track, list_sound_tracks


class FilmSound:
    """The sound of one film: planned, opened, written in step with the picture.

    Parameters
    ----------
    target
        The film; its suffix names the container.
    source
        The file whose sound is heard in it; None for silence.
    route
        What is done to that sound. Its `axes_at` may be set until `open`.

    Attributes
    ----------
    notes
        Sentences for the user: what is encoded anew, or left out.

    Raises
    ------
    MediaError
        If a track cannot get into the container with all its channels.
    """

    def __init__(self, target: Path, source: Path | None, route: SoundRoute) -> None:
        self._target, self._source = target, source
        self.route = route
        self._carriage: Carriage | None = None
        self._inputs: list[SoundInput] = []
        notes = [] if source is None else self._plan_heard(source)
        self._further = self._plan_further(route.further, notes)
        if route.n_left_out:
            words = "track is" if route.n_left_out == 1 else "tracks are"
            notes.append(
                f"{route.n_left_out} further sound {words} left out; --sound-tracks "
                "all keeps all"
            )
        self.notes = tuple(notes)

    @property
    def start_time(self) -> Fraction | None:
        """When what is heard begins, in seconds; None if it can begin anywhere."""
        return self._inputs[0].start_time if self._source and self._inputs else None

    def open(self, output: OutputContainer) -> None:
        """Add the sound streams to an output whose header is not yet written."""
        if self._source is not None and self._carriage is not None:
            hearing = self.route.hearing
            track = None if hearing is None else hearing.track.index
            self._inputs.append(
                SoundCopy(self._source, output, self._carriage, track=track)
            )
        elif self._source is not None and self.route.decoded is not None:
            self._inputs.append(FieldSound(self._source, self.route, output))
        for item, plan in self._further:
            self._inputs.append(
                SoundCopy(item.path, output, plan, track=item.track.index)
            )

    def begin(self, origin: Fraction) -> None:
        """Tell which time of the source is the film's 0."""
        for sound in self._inputs:
            sound.origin = origin

    def advance(self, until: Fraction) -> None:
        """Write all that begins before a time of the source, in seconds."""
        for sound in self._inputs:
            sound.advance(until)

    def finish(self, until: Fraction) -> None:
        """Write what is left before a time, and close the sources."""
        for sound in self._inputs:
            sound.finish(until)
        self.close()

    def close(self) -> None:
        """Close the sources."""
        for sound in self._inputs:
            sound.close()
        self._inputs = []

    def tag(self, part: Path) -> None:
        """Mark the sound fields in the finished file, where the container can."""
        if part.suffix.lower() not in MP4_SUFFIXES:
            return
        has_heard = self._carriage is not None or self.route.decoded is not None
        tags = [self.route.tag] if has_heard else []
        tags += [tag_of(item.track.tagged) for item, _ in self._further]
        for number, tag in enumerate(tags):
            if tag is not None:
                write_spatial_audio(part, tag, track=number)

    def _plan_heard(self, source: Path) -> list[str]:
        """Choose between copying and encoding what is heard; return what to say."""
        hearing, target = self.route.hearing, self._target
        track = _best_track(source) if hearing is None else hearing.track
        if track is None:
            return []
        if self.route.decoded is not None:
            return _mixed_note(track) if self.route.decoded == "channels" else []
        is_field = hearing is not None and hearing.format is not None
        plan = _planned(target, source, track, is_field=is_field)
        if plan.fate != "copied" and is_field:
            self.route = dataclasses.replace(self.route, is_recoded=True)
            return [_encoded_note(track, target, what="the sound field's first order")]
        if plan.fate == "refused":
            raise MediaError(f"{source} has {_refused_words(track, target)}")
        self._carriage = plan
        return [_encoded_note(track, target)] if plan.fate == "encoded" else []

    def _plan_further(
        self, further: Sequence[FurtherTrack], notes: list[str]
    ) -> list[tuple[FurtherTrack, Carriage]]:
        """Choose for each track beside it, and add to what there is to say."""
        planned = []
        for item in further:
            track = item.track
            is_field = track.tagged is not None
            plan = _planned(self._target, item.path, track, is_field=is_field)
            what = f"sound track {track.index}"
            if plan.fate == "refused":
                words = _refused_words(track, self._target)
                notes.append(f"{what} is left out: it has {words}")
                continue
            if plan.fate == "encoded":
                notes.append(_encoded_note(track, self._target, what=what))
            planned.append((item, plan))
        return planned


def _planned(
    target: Path, source: Path, track: AudioInfo, *, is_field: bool
) -> Carriage:
    """Look a track up in the table, and try what that says."""
    plan = carriage(
        target.suffix,
        track.codec,
        track.channel_layout,
        track.channels,
        sample_rate_hz=track.sample_rate_hz,
        is_field=is_field,
    )
    if plan.fate != "copied":
        return plan
    if is_writable(target, source, plan.layout, track=track.index):
        return plan
    return carriage("", track.codec, track.channel_layout, track.channels)


def _best_track(source: Path) -> AudioInfo | None:
    with open_input(source) as container:
        found = best_sound_track(container, list_sound_tracks(container, source))
        if found is None and container.streams.audio:
            raise MediaError(
                f"the sound of {source} can neither be copied nor decoded; convert its "
                "sound to AAC first"
            )
    return found


def _refused_words(track: AudioInfo, target: Path) -> str:
    endings = carried_by(track.codec, track.channel_layout, track.channels)
    others = [ending for ending in endings if ending != target.suffix.lower()]
    remedy = f"end its name in {' or '.join(others)}" if others else "convert the sound"
    return (
        f"{track.channels} channels of sound ({track.codec}), which {target.name} "
        f"cannot carry, and AAC holds {AAC_MAX_CHANNELS}; {remedy}"
    )


def _encoded_note(track: AudioInfo, target: Path, what: str = "the sound") -> str:
    return (
        f"{what} ({track.codec}, {track.channel_layout}) is encoded anew as AAC: "
        f"{target.suffix} cannot carry it"
    )


def _mixed_note(track: AudioInfo) -> list[str]:
    if track.channels <= AAC_MAX_CHANNELS:
        return []
    return [
        f"the {track.channels} channels of sound are mixed to one: AAC holds "
        f"{AAC_MAX_CHANNELS}"
    ]
