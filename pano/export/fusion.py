"""DaVinci Resolve's Fusion page: a camera to paste into a composition.

A `Camera3D` with one spline per moving angle; render the sphere around it with Fusion's
own 3D tools. Fusion's axes are x right, y up and -z ahead, so Rotate.X is pitch and
Rotate.Y is -yaw, unwrapped. Handles lie at thirds of their stretch, which makes its
Bézier splines exactly our monotone cubics.

Tool and input names are those that other programs write into such files; the result was
not checked in Fusion. Where Rotate.Z would have to go first is not known well enough to
be written, so that a path with roll is refused.
"""

from __future__ import annotations

import numpy as np

from pano.camera.path import CameraPath
from pano.errors import SettingsError
from pano.export.keyframes import HFOV, PITCH, YAW, Shot, keyframes
from pano.export.timeline import Timeline

# Rotate.Y turns to the left.
_SPLINES = (
    ("PanoCameraXRotation", '["Transform3DOp.Rotate.X"]', PITCH, 1.0),
    ("PanoCameraYRotation", '["Transform3DOp.Rotate.Y"]', YAW, -1.0),
    ("PanoCameraAngleofView", "AoV", HFOV, 1.0),
)
_GATE_HEIGHT_INCHES = 0.5
_MAX_ROLL_DEG = 1e-6


def write_fusion(path: CameraPath, timeline: Timeline) -> str:
    """Write a camera and its splines as a `.setting`.

    Raises
    ------
    SettingsError
        If the path has roll.
    """
    if np.any(np.abs(path.roll_deg) > _MAX_ROLL_DEG):
        raise SettingsError(
            "the fusion export cannot carry the roll of this path; choose another "
            "format or set roll_deg to 0"
        )
    shown = timeline.sampled(path)
    shots = keyframes(shown, max_error_deg=timeline.max_error_deg)
    inputs = [
        f'\t\t\t\t{name} = Input {{ SourceOp = "{spline}", Source = "Value", }},'
        for spline, name, _, _ in _SPLINES
    ]
    gate = _GATE_HEIGHT_INCHES * timeline.width_px / timeline.height_px
    lines = [
        "{",
        "\tTools = ordered() {",
        "\t\tPanoCamera = Camera3D {",
        "\t\t\tInputs = {",
        *inputs,
        "\t\t\t\tAovType = Input { Value = 1, },",
        '\t\t\t\tFilmGate = Input { Value = FuID { "User" }, },',
        f"\t\t\t\tApertureW = Input {{ Value = {_plain(gate)}, }},",
        f"\t\t\t\tApertureH = Input {{ Value = {_plain(_GATE_HEIGHT_INCHES)}, }},",
        "\t\t\t},",
        "\t\t\tViewInfo = OperatorInfo { Pos = { 0, 0 } },",
        "\t\t},",
    ]
    start_s = float(shown.time_s[0])
    for spline, _, axis, sign in _SPLINES:
        lines += _spline(spline, shots, axis, sign, start_s, timeline)
    lines += ["\t},", '\tActiveTool = "PanoCamera",', "}"]
    return "\n".join(lines) + "\n"


def _spline(
    name: str,
    shots: list[Shot],
    axis: int,
    sign: float,
    start_s: float,
    timeline: Timeline,
) -> list[str]:
    lines = [f"\t\t{name} = BezierSpline {{", "\t\t\tKeyFrames = {"]
    rate_hz = float(timeline.frame_rate_hz)
    for shot in shots:
        frames = np.round((shot.time_s - start_s) * rate_hz)
        values = sign * shot.values_deg[:, axis]
        thirds = np.diff(frames) / 3.0
        rises = sign * shot.slopes_deg_per_s[:, :, axis] * thirds[:, None] / rate_hz
        for k, (frame, value) in enumerate(zip(frames, values, strict=True)):
            parts = [_plain(value)]
            if k > 0:
                place = frame - thirds[k - 1], value - rises[k - 1, 1]
                parts.append(f"LH = {{ {_plain(place[0])}, {_plain(place[1])} }}")
            if k < len(frames) - 1:
                place = frame + thirds[k], value + rises[k, 0]
                parts.append(f"RH = {{ {_plain(place[0])}, {_plain(place[1])} }}")
            lines.append(f"\t\t\t\t[{int(frame)}] = {{ {', '.join(parts)} }},")
    return [*lines, "\t\t\t},", "\t\t},"]


def _plain(value: float) -> str:
    return f"{round(float(value), 6) + 0.0:.6f}".rstrip("0").rstrip(".")
