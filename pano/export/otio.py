"""OpenTimelineIO: the shots as clips on a track, for editorial programs.

The clip is named by an escaped URL, and its pictures are counted from its timecode, by
which editing programs find them again; its sound lies on a track of its own.

The format has no keyframes, so the path itself rides along in `metadata["pano"]`,
which many programs drop on import: never keep it here alone. Blue markers are sounds,
from start to end; yellow ones show where the director had little trust in the evidence.

The JSON is written here (schemas of OpenTimelineIO 0.15 and later), because the library
is a compiled package of several megabytes for some forty lines; the tests read the
result with it.
"""

from __future__ import annotations

import dataclasses
import json
import urllib.parse
from collections.abc import Iterator
from math import isnan
from pathlib import Path
from typing import Any

import numpy as np

from pano.camera.path import SCHEMA, CameraPath
from pano.export.events import MIN_TRUST, sound_events
from pano.export.keyframes import Shot, keyframes
from pano.export.timeline import Timeline

# As long as a shot needs to be noticed.
MIN_WEAK_S = 1.0

Json = dict[str, Any]


def write_otio(path: CameraPath, timeline: Timeline) -> str:
    """Write a video track, a clip per shot, its sound, markers where evidence is weak.

    Pictures of the clip are counted from its own timecode, or from 0.
    """
    shown = timeline.sampled(path)
    pictures = _item("Track.1", "pano", _shots(path, shown, timeline)) | {
        "kind": "Video",
        "markers": [*_sounds(shown, timeline), *_weak_markers(shown, timeline)],
    }
    tracks = [pictures]
    if path.source.clip is not None and path.source.clip.has_sound:
        heard = _shots(path, shown, timeline, has_keyframes=False)
        tracks.append(_item("Track.1", "sound", heard) | {"kind": "Audio"})
    document = {
        "OTIO_SCHEMA": "Timeline.1",
        "name": path.source.file or "pano",
        "global_start_time": None,
        "tracks": _item("Stack.1", "tracks", tracks),
        "metadata": {"pano": _whole(path, timeline)},
    }
    return json.dumps(document, indent=1, allow_nan=False) + "\n"


def _shots(
    path: CameraPath,
    shown: CameraPath,
    timeline: Timeline,
    *,
    has_keyframes: bool = True,
) -> list[Json]:
    """Return a clip per shot; the path rides along with the pictures only."""
    written = timeline.clip_timecode(path)
    first = 0 if written is None else written.n_frames
    starts = [0, *(np.flatnonzero(shown.cut[1:]) + 1).tolist(), len(shown)]
    shots = keyframes(shown, max_error_deg=timeline.max_error_deg)
    media = {
        "OTIO_SCHEMA": "ExternalReference.1",
        "target_url": _url(timeline.named_clip(path)),
        "available_range": _range(first, len(shown), timeline),
        "name": path.source.file,
        "metadata": {},
    }
    return [
        {
            "OTIO_SCHEMA": "Clip.2",
            "name": f"shot {number}",
            "source_range": _range(first + start, stop - start, timeline),
            "effects": [],
            "markers": [],
            "enabled": True,
            "media_references": {"DEFAULT_MEDIA": media},
            "active_media_reference_key": "DEFAULT_MEDIA",
            "metadata": {"pano": _keyframes(shot)} if has_keyframes else {},
        }
        for number, (start, stop, shot) in enumerate(
            zip(starts[:-1], starts[1:], shots, strict=True), start=1
        )
    ]


def _url(name: str) -> str:
    """Return the address of a file: a URL has no spaces and no bare '#' or '%'."""
    place = Path(name)
    return place.as_uri() if place.is_absolute() else urllib.parse.quote(name)


def _item(schema: str, name: str, children: list[Json]) -> Json:
    return {
        "OTIO_SCHEMA": schema,
        "name": name,
        "source_range": None,
        "effects": [],
        "markers": [],
        "enabled": True,
        "children": children,
        "metadata": {},
    }


def _time(frame: int, timeline: Timeline) -> Json:
    rate_hz = float(timeline.frame_rate_hz)
    return {"OTIO_SCHEMA": "RationalTime.1", "rate": rate_hz, "value": float(frame)}


def _range(start: int, n_frames: int, timeline: Timeline) -> Json:
    return {
        "OTIO_SCHEMA": "TimeRange.1",
        "start_time": _time(start, timeline),
        "duration": _time(n_frames, timeline),
    }


def _keyframes(shot: Shot) -> Json:
    names = ("yaw_deg", "pitch_deg", "roll_deg", "hfov_deg")
    columns = shot.values_deg.T.round(5).tolist()
    times = {"time_s": shot.time_s.round(6).tolist()}
    return times | dict(zip(names, columns, strict=True))


def _whole(path: CameraPath, timeline: Timeline) -> Json:
    names = ("time_s", "yaw_deg", "pitch_deg", "roll_deg", "hfov_deg")
    columns = {name: getattr(path, name).tolist() for name in names}
    clip = None if path.source.clip is None else path.source.clip.as_json(Path())
    if clip is not None:
        clip["place"] = timeline.named_clip(path)
    return {
        "schema": SCHEMA,
        "width_px": timeline.width_px,
        "height_px": timeline.height_px,
        "clip": clip,
        "cut": path.cut.tolist(),
        "trust": path.trust.tolist(),
        "confidence": [None if isnan(one) else one for one in path.confidence.tolist()],
        **columns,
    }


def _sounds(shown: CameraPath, timeline: Timeline) -> Iterator[Json]:
    for event in sound_events(shown, float(timeline.frame_rate_hz)):
        known = dataclasses.asdict(event)
        known["mean_confidence"] = known.pop("mean_trust")  # its name in the format
        yield _marker(event.start, event.stop, event.name, "BLUE", known, timeline)


def _weak_markers(shown: CameraPath, timeline: Timeline) -> Iterator[Json]:
    weak = shown.trust < MIN_TRUST
    edges = np.flatnonzero(np.diff(np.concatenate([[False], weak, [False]])))
    for start, stop in edges.reshape(-1, 2).tolist():
        if (stop - start) / float(timeline.frame_rate_hz) < MIN_WEAK_S:
            continue
        mean = float(shown.trust[start:stop].mean())
        known = {"mean_confidence": mean}
        yield _marker(start, stop, "weak evidence", "YELLOW", known, timeline)


def _marker(
    start: int, stop: int, name: str, color: str, known: Json, timeline: Timeline
) -> Json:
    return {
        "OTIO_SCHEMA": "Marker.2",
        "name": name,
        "color": color,
        "comment": f"mean confidence {known['mean_confidence']:.2f}",
        "marked_range": _range(start, stop - start, timeline),
        "metadata": {"pano": known},
    }
