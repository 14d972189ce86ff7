"""`.chan`: camera files of one line a frame for Nuke, Blender and Houdini.

Columns: frame tx ty tz rx ry rz vfov, frames from 1, degrees, the camera at the origin.
Axes are those programs': x right, y up, the camera looks along -z, positive rotations
turn counter-clockwise about their axis. So rx is pitch, ry is -yaw and rz is -roll;
choose the rotation order ZXY on import (without roll, the default XYZ is the same).
Looks at a sphere whose picture's centre lies in -z. Written by the format's
description; not checked in Nuke, Blender or Houdini.
"""

from __future__ import annotations

from pano.camera.path import CameraPath
from pano.export.timeline import Timeline

FIRST_FRAME = 1


def write_chan(path: CameraPath, timeline: Timeline) -> str:
    """Write one line per frame; yaw is unwrapped, so nothing spins at the seam."""
    shown = timeline.sampled(path)
    lines = []
    for k in range(len(shown)):
        pitch, yaw = shown.pitch_deg[k], shown.yaw_deg[k]
        vfov = timeline.vfov_deg(float(shown.hfov_deg[k]))
        angles = (pitch + 0.0, 0.0 - yaw, 0.0 - shown.roll_deg[k])
        turned = "\t".join(f"{angle:.6f}" for angle in angles)
        lines.append(f"{k + FIRST_FRAME}\t0\t0\t0\t{turned}\t{vfov:.6f}")
    return "\n".join(lines) + "\n"
