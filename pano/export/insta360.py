"""Insta360 Studio: keyframes for the camera of a clip in a project, `.insprj`.

Studio opens only projects that it made: open the clip there, save, and hand the project
over to be copied with the path's keyframes in it; the project itself is not touched.
Without one, only the part that changes is written. Both known shapes are filled in:
`projects[0].clip` and `tracks[…].clips[0]`.

What is known comes from projects that others looked at: angles in radians, pan to the
right, tilt up, time in frames; keyframes (node type 0) alternate with transitions (node
type 1), whose two Bézier points at the middle mean a straight line. `distance` moves
Studio's lens away from a rectilinear one and stays what the clip has. The result was
not checked in Studio.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from pano.camera.path import CameraPath
from pano.errors import SettingsError
from pano.export.keyframes import HFOV, PITCH, ROLL, YAW, Curve, keyframes
from pano.export.timeline import Timeline

Json = dict[str, Any]

_KEYFRAME, _TRANSITION = 0, 1
_BY_HAND, _STRAIGHT = 7, 1
_DEFAULT_DISTANCE = 0.95


def write_insta360(path: CameraPath, timeline: Timeline) -> str:
    """Write a project whose clip has the path's keyframes.

    Raises
    ------
    SettingsError
        If the project of the timeline is not one that Studio makes.
    """
    document: Json = {"projects": [{"clip": {}}]}
    if timeline.project is not None:
        try:
            document = json.loads(timeline.project)
        except ValueError as error:
            raise SettingsError(f"the project is not JSON: {error}.") from error
    clip = _clip_of(document)
    distance = clip.get("camera_transform", {}).get("distance", _DEFAULT_DISTANCE)
    clip["enable_user_keyframe"] = True
    clip["key_frame_track"] = {"node_list": _nodes(path, timeline, distance)}
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _clip_of(document: Any) -> Json:
    """Find the first clip of the first video track, or of the first project."""
    try:
        if "projects" in document:
            clip = document["projects"][0]["clip"]
        else:
            clips = [track["clips"] for track in document["tracks"] if track["clips"]]
            clip = clips[0][0]
    except (KeyError, IndexError, TypeError) as error:
        raise SettingsError(
            "the project has no clip where Insta360 Studio keeps one; open the clip in "
            "Studio, save and try again"
        ) from error
    if not isinstance(clip, dict):
        raise SettingsError("the project's clip is not what Insta360 Studio writes")
    return clip


def _nodes(path: CameraPath, timeline: Timeline, distance: float) -> list[Json]:
    shown = timeline.sampled(path)
    shots = keyframes(shown, max_error_deg=timeline.max_error_deg, curve=Curve.LINEAR)
    start_s, rate_hz = float(shown.time_s[0]), float(timeline.frame_rate_hz)
    points = [
        (round((float(time_s) - start_s) * rate_hz), np.radians(values_deg))
        for shot in shots
        for time_s, values_deg in zip(shot.time_s, shot.values_deg, strict=True)
    ]
    nodes: list[Json] = []
    for number, (frame, values_rad) in enumerate(points):
        if number:
            nodes.append(_transition(number - 1))
        nodes.append(
            {
                "auto_fov": 0,
                "distance": distance,
                "fov": float(values_rad[HFOV]),
                "is_headtrack": 0,
                "name": f"point{number}",
                "node_type": _KEYFRAME,
                "pan": float(values_rad[YAW]),
                "roll": float(values_rad[ROLL]),
                "src_time": frame,
                "state": _BY_HAND,
                "tilt": float(values_rad[PITCH]),
                "time": frame,
            }
        )
    return nodes


def _transition(number: int) -> Json:
    middle = {f"point{k}{axis}": 0.5 for k in (1, 2) for axis in "XY"}
    return {
        "name": f"point{number}-point{number + 1}",
        "node_type": _TRANSITION,
        "type": _STRAIGHT,
        **middle,
    }
