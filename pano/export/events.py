"""Sound events: the stretches in which the camera had something to listen to.

A path tells at each frame how far the director trusts the evidence for its view. Where
that is far for long enough, something sounded there: editors get a marker from its
start to its end that says in which direction. Three outlets: rows for a spreadsheet, an
EDL for the marker list of Resolve and its like, and the markers of the `otio` export.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pano.camera.path import CameraPath
from pano.camera.timecode import Timecode
from pano.errors import SettingsError
from pano.export.timeline import Timeline
from pano.sphere import to_angles_deg, unit_vectors

# Of the director's trust; the localizer's confidence may be low all along.
MIN_TRUST = 0.5
# Shorter sounds and pauses than a word are no events of their own.
MIN_EVENT_S = 0.5
MAX_PAUSE_S = 0.5

HEADER = (
    "start_frame,end_frame,start_s,end_s,yaw_deg,pitch_deg,turned_deg,mean_confidence"
)
# Where programs that write EDLs let their timelines begin.
_FIRST_HOUR_S = 3600


@dataclass(frozen=True, slots=True)
class SoundEvent:
    """Something that was heard and filmed.

    Parameters
    ----------
    start, stop
        First frame of it and the first behind it.
    yaw_deg, pitch_deg
        The mean direction of the camera meanwhile, yaw in [-180, 180).
    turned_deg
        How far apart the views at its start and end are: how much the source moved.
    mean_trust
        The director's; exports have always called it `mean_confidence`.
    """

    start: int
    stop: int
    yaw_deg: float
    pitch_deg: float
    turned_deg: float
    mean_trust: float

    @property
    def name(self) -> str:
        """Say where it was, in ASCII, for programs that show nothing else."""
        return f"sound at yaw {self.yaw_deg:+.0f} pitch {self.pitch_deg:+.0f}"


def sound_events(shown: CameraPath, rate_hz: float) -> list[SoundEvent]:
    """Find the events of a path that has one pose per frame; cuts end them."""
    heard = _without_pauses(shown.trust >= MIN_TRUST, MAX_PAUSE_S * rate_hz)
    found = []
    for start, stop in _runs(heard, shown.cut):
        if stop - start < MIN_EVENT_S * rate_hz:
            continue
        units = unit_vectors(shown.yaw_deg[start:stop], shown.pitch_deg[start:stop])
        mean = units.mean(axis=0)
        yaw_deg, pitch_deg = to_angles_deg(mean if np.any(mean) else units[0])
        cosine = float(np.clip(units[0] @ units[-1], -1.0, 1.0))
        found.append(
            SoundEvent(
                start=start,
                stop=stop,
                yaw_deg=float(yaw_deg),
                pitch_deg=float(pitch_deg),
                turned_deg=float(np.degrees(np.arccos(cosine))),
                mean_trust=float(shown.trust[start:stop].mean()),
            )
        )
    return found


def write_events(path: CameraPath, timeline: Timeline) -> str:
    """Write one row per event, times as the clip's own."""
    shown = timeline.sampled(path)
    start_s, rate_hz = float(shown.time_s[0]), float(timeline.frame_rate_hz)
    rows = [
        f"{event.start},{event.stop},{start_s + event.start / rate_hz:.6f},"
        f"{start_s + event.stop / rate_hz:.6f},{event.yaw_deg:.2f},"
        f"{event.pitch_deg:.2f},{event.turned_deg:.2f},{event.mean_trust:.4f}"
        for event in sound_events(shown, rate_hz)
    ]
    return "\n".join([HEADER, *rows]) + "\n"


def write_edl(path: CameraPath, timeline: Timeline) -> str:
    """Write a CMX 3600 list with a marker per event, the timeline from 01:00:00:00.

    Time code counts the nominal rate without dropping frames, so that at 29.97 Hz it
    falls behind the clock, as it does in the programs that read it. The clip's own
    columns are in the timecode of its camera, if it wrote one.

    Raises
    ------
    SettingsError
        If frames come too rarely for a timecode.
    """
    shown, rate_hz = timeline.sampled(path), timeline.frame_rate_hz
    if round(rate_hz) < 1:
        raise SettingsError(
            f"an EDL counts at least one frame a second, not {float(rate_hz):.4g}; "
            "choose another --frame-rate"
        )
    edited = Timecode(_FIRST_HOUR_S * round(rate_hz), rate_hz)
    filmed = timeline.clip_timecode(path) or edited
    lines = [f"TITLE: {_one_line(path.source.file or 'pano')}", "FCM: NON-DROP FRAME"]
    events = sound_events(shown, float(rate_hz))
    for number, event in enumerate(events, start=1):
        columns = " ".join(
            str(first.plus(event.start + k))
            for first in (filmed, edited)
            for k in (0, 1)
        )
        lines += [
            "",
            f"{number:03d}  001      V     C        {columns}",
            f" |C:ResolveColorBlue |M:{event.name} |D:{event.stop - event.start}",
        ]
    return "\n".join(lines) + "\n"


def _without_pauses(heard: NDArray[np.bool_], max_frames: float) -> NDArray[np.bool_]:
    filled = heard.copy()
    for start, stop in _runs(~heard, np.zeros(len(heard), dtype=np.bool_)):
        if start > 0 and stop < len(heard) and stop - start <= max_frames:
            filled[start:stop] = True
    return filled


def _runs(flags: NDArray[np.bool_], cut: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return where flags hold, [start, stop), no run going on across a cut."""
    turns = np.flatnonzero((np.diff(flags) != 0) | cut[1:]) + 1
    edges = [0, *turns.tolist(), len(flags)]
    pairs = itertools.pairwise(edges)
    return [(start, stop) for start, stop in pairs if flags[start]]


def _one_line(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in text)
