"""The sound of a clip as it is listened to and written: its own, or a recorder's."""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from pano.errors import MediaError, NoAudioError
from pano.media.sound.align import ALIGN_RATE_HZ, Alignment, SoundClock, align
from pano.media.sound.choice import SoundChoice, SoundOut
from pano.media.sound.hearing import Hearing, choose_hearing, turned
from pano.media.sound.route import FurtherTrack, SoundRoute
from pano.media.sound.track import FieldListener, Sound, decode_sound
from pano.media.sound.tracks import AudioInfo, sounding_s
from pano.sphere import wrap_deg

# A header may be short, and the user is told by how much the sound is longer.
_BEHIND_S = 600.0


@dataclass(eq=False)
class ClipSound:
    """Finds out on first use how a clip is heard.

    Parameters
    ----------
    clip
        The video.
    start
        When its picture begins, in seconds.
    has_own
        Whether the clip itself has a sound track.
    choice
        What the user says.
    tracks
        The clip's own sound tracks.
    picture_s
        How long the picture is by its header; None if that does not say.
    front_yaw_deg
        How far the picture's front was turned; a sound field turns with it.
    """

    clip: Path
    start: Fraction
    has_own: bool
    choice: SoundChoice
    tracks: tuple[AudioInfo, ...] = ()
    picture_s: float | None = None
    front_yaw_deg: float = 0.0

    @property
    def path(self) -> Path:
        """The file that is listened to."""
        return self.choice.recorder or self.clip

    @functools.cached_property
    def hearing(self) -> Hearing | None:
        """How it is heard; None if there is nothing to hear.

        Raises
        ------
        SettingsError
            If the sound cannot be what the user says.
        """
        choice = self.choice
        heard = choose_hearing(self.path, field=choice.field, track=choice.track)
        if heard is None:
            return None
        heard = turned(heard, choice.yaw_deg)
        if heard.format is None or not self.front_yaw_deg:
            return heard
        return turned(heard, float(wrap_deg(choice.yaw_deg - self.front_yaw_deg)))

    @functools.cached_property
    def alignment(self) -> Alignment | None:
        """How a recorder's clock runs against the picture's; None without a recorder.

        Raises
        ------
        NoAudioError
            If the clip has no sound to align it with.
        MediaError
            If the two do not seem to have heard the same.
        """
        if self.choice.recorder is None:
            return None
        if not self.has_own:
            raise NoAudioError(
                f"{self.clip} has no sound of its own to align {self.path} with"
            )
        rate_hz = ALIGN_RATE_HZ
        own = decode_sound(self.clip, start=self.start, sample_rate_hz=rate_hz)
        other = decode_sound(
            self.path,
            start=Fraction(0),
            sample_rate_hz=rate_hz,
            hearing=self.hearing,
        )
        found = align(own.samples, other.samples)
        if found is None:
            raise MediaError(
                f"{self.path} cannot be aligned with {self.clip}: they do not seem to "
                "have heard the same; give the recorder's file of this take"
            )
        clock = found.clock
        shift_s = clock.shift_s - clock.rate * float(self.start)
        return replace(found, clock=replace(clock, shift_s=shift_s))

    @property
    def clock(self) -> SoundClock | None:
        """How its time runs against the picture's; None is the same."""
        return None if self.alignment is None else self.alignment.clock

    def decode(
        self, *, sample_rate_hz: int, on_field: FieldListener | None = None
    ) -> Sound:
        """Decode it to mono, and hand its field over; sample 0 is the first picture's.

        Raises
        ------
        PanoError
            If there is no sound, or a recorder cannot be aligned.
        """
        return decode_sound(
            self.path,
            start=self.start,
            sample_rate_hz=sample_rate_hz,
            hearing=self.hearing,
            on_field=on_field,
            clock=self.clock,
            until_s=self._until_s,
        )

    def sounding_s(self) -> float:
        """Measure how long it sounds by its packets, whatever their times are."""
        if self.choice.recorder is None and not self.has_own:
            return 0.0
        track = None if self.hearing is None else self.hearing.track.index
        return sounding_s(self.path, track=track)

    @property
    def _until_s(self) -> float | None:
        """Where listening ends: well behind the picture, whose header may be short."""
        return None if self.picture_s is None else 2.0 * self.picture_s + _BEHIND_S

    def written(self, out: SoundOut = "auto") -> tuple[Path, SoundRoute]:
        """Return the file whose sound goes into what is written, and how."""
        if self.choice.recorder is None or self.choice.replaces_sound:
            route = SoundRoute(self.hearing, out, clock=self.clock)
            return self.path, self._with_further(self.path, route)
        route = SoundRoute(choose_hearing(self.clip), out)
        return self.clip, self._with_further(self.clip, route)

    def _with_further(self, written: Path, route: SoundRoute) -> SoundRoute:
        """Add the clip's tracks beside the one that is heard, or count them."""
        heard = None if route.hearing is None else route.hearing.track.index
        others = [
            track
            for track in self.tracks
            if written != self.clip or track.index != heard
        ]
        if self.choice.tracks == "all":
            further = tuple(FurtherTrack(self.clip, track) for track in others)
            return replace(route, further=further)
        # A recorder replaces one track, and who asks for that knows it.
        n_replaced = int(written != self.clip)
        return replace(route, n_left_out=max(0, len(others) - n_replaced))
