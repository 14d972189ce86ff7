"""How a file's sound goes into an output: copied, or decoded and turned."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Literal, Protocol, TypeAlias, runtime_checkable

from pano.ambisonics.formats import AmbisonicFormat
from pano.ambisonics.turning import AxesAt
from pano.errors import SettingsError
from pano.media.sound.align import SoundClock
from pano.media.sound.choice import SoundOut
from pano.media.sound.hearing import Hearing
from pano.media.sound.tracks import AudioInfo

Decoded: TypeAlias = Literal["stereo", "binaural", "ambisonic", "first", "channels"]


@dataclass(frozen=True, slots=True)
class FurtherTrack:
    """A sound track that goes into an output beside the one that is heard."""

    path: Path
    track: AudioInfo


@dataclass(frozen=True, slots=True, eq=False)
class SoundRoute:
    """What is done to a sound on its way into an output.

    Parameters
    ----------
    hearing
        Which track, and as what; None copies what players call the best.
    out
        What of a field arrives; auto is stereo. Without a field all is copied, but a
        track in doubt: of that its first channel arrives, which is right for both.
    axes_at
        Turns a field with the camera; None leaves it.
    is_sphere
        The output is still a sphere: a field is copied as it is.
    clock
        How the sound's time runs against the picture's; None is the same.
    is_recoded
        The output cannot carry the packets.
    further
        Tracks that are copied beside it.
    n_left_out
        How many more there are.
    """

    hearing: Hearing | None = None
    out: SoundOut = "auto"
    axes_at: AxesAt | None = None
    is_sphere: bool = False
    clock: SoundClock | None = None
    is_recoded: bool = False
    further: tuple[FurtherTrack, ...] = ()
    n_left_out: int = 0

    @property
    def decoded(self) -> Decoded | None:
        """What a track is decoded to; None copies its packets."""
        if self.hearing is None:
            return None
        # What runs on another clock cannot be copied packet by packet either.
        is_copied = self.clock is None and not self.is_recoded
        if self.out == "copy" or self.is_sphere:
            has_field = self.hearing.format is not None
            return None if is_copied else "ambisonic" if has_field else "channels"
        if self.hearing.format is None:
            if self.hearing.is_sure:
                return None if self.clock is None else "channels"
            return "first"
        return "stereo" if self.out == "auto" else self.out

    @property
    def tag(self) -> AmbisonicFormat | None:
        """What `SA3D` is to say of the output's track; None if it has no words."""
        if self.decoded == "ambisonic":
            return AmbisonicFormat()
        if self.decoded is not None or self.hearing is None:
            return None
        return tag_of(self.hearing.format)


def tag_of(format_: AmbisonicFormat | None) -> AmbisonicFormat | None:
    """Return what `SA3D` is to say of a copied track; None if it has no words."""
    if format_ is None:
        return None
    # What was said of its front is for this run; the channels stay as they are.
    format_ = replace(format_, yaw_deg=0.0)
    is_ambix = (format_.ordering, format_.normalization) == ("ACN", "SN3D")
    return format_ if is_ambix else None


def check_sound_out(out: SoundOut, hearing: Hearing | None) -> None:
    """Refuse to decode a field where there is none.

    Raises
    ------
    SettingsError
        With the option that would say that there is one.
    """
    if out not in ("binaural", "ambisonic") or (hearing and hearing.format):
        return
    raise SettingsError(
        f"--sound-out {out} needs a sound field, and none was found; if there is one, "
        "say which with --sound-field ambix|fuma|n3d"
    )


@runtime_checkable
class SoundInput(Protocol):
    """A sound on its way into an output, in step with the picture."""

    origin: Fraction

    @property
    def start_time(self) -> Fraction | None:
        """When it begins, in seconds; None if it can begin with the picture."""
        ...

    def advance(self, until: Fraction) -> None:
        """Write all that begins before a time of the source, in seconds."""
        ...

    def finish(self, until: Fraction) -> None:
        """Write what is left before a time, and no more."""
        ...

    def close(self) -> None:
        """Close the source."""
        ...
