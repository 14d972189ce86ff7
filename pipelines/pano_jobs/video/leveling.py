"""Decide what the horizon of a clip is levelled by: metadata, sensors or a word.

Sensors are believed unasked only where they tell of the picture itself. CAMM's
orientation does, by its specification. GoPro's tell of the camera: a program that made
the sphere may have levelled it already and kept the telemetry, and spherical metadata
are the mark of such a program. How CAMM's accelerometer sits in the camera is not
specified. Levelling what is level would be worse than leaving what is askew.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from pano.camera.horizon import Tilt
from pano.errors import MediaError
from pano.media import MediaInfo
from pano.media.telemetry import Gravity, Sensor, Telemetry, read_telemetry
from pano_jobs.settings import Level

# A camera on a stand scatters by some tenths of a degree.
STEADY_DEG = 1.0
# One tilt for the whole clip; the eye notices a horizon that is 2 or 3 degrees askew.
MAX_SCATTER_DEG = 5.0


@dataclass(frozen=True, slots=True)
class Leveling:
    """How a clip is levelled.

    Parameters
    ----------
    basis
        What the tilt comes from; None where nothing tells.
    notes
        What a user should know of it.
    """

    tilt: Tilt = field(default_factory=Tilt)
    basis: str | None = None
    notes: tuple[str, ...] = ()


def choose_leveling(level: Level, info: MediaInfo, said: Tilt) -> Leveling:
    """Find the tilt of a clip.

    Parameters
    ----------
    said
        The pose in the spherical metadata.

    Raises
    ------
    MediaError
        If sensors are wished for and the file has none that are known.
    """
    if isinstance(level, Tilt):
        return Leveling(level, "as you say")
    if level == "off":
        return Leveling()
    if level == "auto" and said != Tilt():
        return Leveling(said, "the spherical metadata")
    telemetry = _telemetry(info)
    if level == "file" and telemetry == Telemetry():
        raise MediaError(
            f"{info.path} has no sensors to level by, neither CAMM nor GPMF with "
            "gravity; say --level roll=DEG,pitch=DEG or leave --level out"
        )
    if telemetry.gravity is None:
        fault = telemetry.fault
        return Leveling(notes=() if fault is None else (f"not levelled: {fault}",))
    is_wished = level == "file"
    return _by_sensors(telemetry.gravity, info, is_wished=is_wished)


def level_words(info: MediaInfo) -> str | None:
    """Say what a file tells of its tilt; None where nothing does."""
    sphere = info.spherical
    said = (
        Tilt()
        if sphere is None
        else Tilt.of_metadata(sphere.roll_deg, sphere.pitch_deg)
    )
    found = choose_leveling("auto", info, said)
    if found.basis is not None:
        return f"{found.tilt.words()} ({found.basis})"
    return "; ".join(found.notes) or None


def _telemetry(info: MediaInfo) -> Telemetry:
    # A list of chapters is no MP4, its chapters are.
    is_read = "mp4" in info.container or info.container == "concat"
    return read_telemetry(info.path) if is_read else Telemetry()


def _by_sensors(gravity: Gravity, info: MediaInfo, *, is_wished: bool) -> Leveling:
    tilt, moved = Tilt.from_up(gravity.up), f"{gravity.scatter_deg:.1f}°"
    if gravity.scatter_deg > MAX_SCATTER_DEG:
        return Leveling(
            notes=(
                f"not levelled: the camera moved by {moved} about its mean tilt, more "
                f"than {MAX_SCATTER_DEG:g}° ({gravity.words()})",
            )
        )
    if not (is_wished or _tells_of_picture(gravity.sensor, info)):
        return Leveling(
            notes=(
                f"not levelled: the camera stood at {tilt.words()} "
                f"({gravity.words()}), but its picture may be level already; if it is "
                "askew, say --level file",
            )
        )
    notes: tuple[str, ...] = ()
    if gravity.scatter_deg > STEADY_DEG:
        notes = (
            f"the camera moved by {moved} about its mean tilt, which levels the whole "
            f"clip (up to {MAX_SCATTER_DEG:g}°)",
        )
    return Leveling(tilt, gravity.words(), notes)


def _tells_of_picture(sensor: Sensor, info: MediaInfo) -> bool:
    if sensor is Sensor.CAMM_ORIENTATION:
        return True
    return sensor is not Sensor.CAMM_ACCELEROMETER and info.spherical is None
