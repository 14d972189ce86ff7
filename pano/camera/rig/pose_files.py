"""Where the views of a rig look, for reconstruction: nerfstudio's and COLMAP's files.

Both tell of one right-handed world: x to the right of the sphere's front, y up, the
front along -z (our z ahead is its -z). nerfstudio's `transform_matrix` takes a camera
to the world, the camera with x right, y up, looking along -z; COLMAP's quaternion takes
the world to a camera with x right, y down, looking along +z. In both, pixel i of n has
its centre at i + ½. A 360° video does not tell where it was carried: every view stands
at the origin.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from pano.camera.lens import Lens
from pano.camera.pose import CameraPose
from pano.camera.rig.views import RigView

FloatArray = NDArray[np.float64]

_TO_WORLD = np.array([1.0, 1.0, -1.0])
# From a camera that looks along -z to one that looks along +z with y down.
_OPENGL_TO_OPENCV = np.diag([1.0, -1.0, -1.0])
_LENS_KEYS = ("fl_x", "fl_y", "cx", "cy")


@dataclass(frozen=True, slots=True)
class FilmedView:
    """One picture, or one film, of a view.

    Parameters
    ----------
    view
        Index of its view.
    file
        Its name from the rig's folder, with slashes.
    time_s
        Presentation time of the picture in the clip; None for a film.
    """

    view: int
    file: str
    time_s: float | None = None


def camera_to_world(pose: CameraPose) -> FloatArray:
    """Return the matrix, shape (4, 4), from an OpenGL camera to the world."""
    right, up, forward = pose.axes() * _TO_WORLD
    matrix = np.eye(4)
    matrix[:3, :3] = np.stack([right, up, -forward], axis=1)
    return matrix


def world_to_camera_quaternion(pose: CameraPose) -> FloatArray:
    """Return (w, x, y, z), w ≥ 0, of the turn from the world to an OpenCV camera."""
    turn = _OPENGL_TO_OPENCV @ camera_to_world(pose)[:3, :3].T
    x, y, z, w = scipy.spatial.transform.Rotation.from_matrix(turn).as_quat()
    return np.array([w, x, y, z]) * (1.0 if w >= 0.0 else -1.0)


def focal_length_px(pose: CameraPose, width_px: int) -> float:
    """Return the focal length of a rectilinear view in its pixels, which are square."""
    return width_px / 2.0 / Lens.RECTILINEAR.half_width(pose.hfov_deg)


def transforms_json(
    views: Sequence[RigView],
    filmed: Sequence[FilmedView],
    *,
    width_px: int,
    height_px: int,
) -> str:
    """Return nerfstudio's `transforms.json`.

    Lenses that differ stand at each frame, a common one at the head.
    """
    lenses = [_lens_json(view, width_px, height_px) for view in views]
    is_common = all(lens == lenses[0] for lens in lenses)
    head: dict[str, Any] = {"camera_model": "OPENCV", "w": width_px, "h": height_px}
    frames = []
    for one in filmed:
        pose = views[one.view].pose
        frame: dict[str, Any] = {"file_path": one.file}
        if one.time_s is not None:
            frame["time_s"] = one.time_s
        frame |= {} if is_common else lenses[one.view]
        # Adding 0.0 turns -0.0 into 0.0.
        matrix = (camera_to_world(pose).round(12) + 0.0).tolist()
        frames.append(frame | {"transform_matrix": matrix})
    head |= lenses[0] if is_common else {}
    outer = json.dumps(head, indent=1, allow_nan=False).removesuffix("\n}")
    # A frame a line, as in a camera path: there may be thousands.
    lines = ",\n".join(f"  {json.dumps(frame, allow_nan=False)}" for frame in frames)
    return f'{outer},\n "frames": [\n{lines}\n ]\n}}\n'


def colmap_cameras(views: Sequence[RigView], *, width_px: int, height_px: int) -> str:
    """Return COLMAP's `cameras.txt`: camera k + 1 is view k."""
    lines = ["# CAMERA_ID, MODEL, WIDTH, HEIGHT, PARAMS[] (fx, fy, cx, cy)"]
    for number, view in enumerate(views, start=1):
        lens = _lens_json(view, width_px, height_px)
        words = " ".join(f"{lens[key]:.9g}" for key in _LENS_KEYS)
        lines.append(f"{number} PINHOLE {width_px} {height_px} {words}")
    return "\n".join(lines) + "\n"


def colmap_images(views: Sequence[RigView], filmed: Sequence[FilmedView]) -> str:
    """Return COLMAP's `images.txt`; the second line of each is empty: no points."""
    lines = ["# IMAGE_ID, QW, QX, QY, QZ, TX, TY, TZ, CAMERA_ID, NAME"]
    turns = [world_to_camera_quaternion(view.pose).round(12) + 0.0 for view in views]
    for number, one in enumerate(filmed, start=1):
        words = " ".join(f"{part:.12g}" for part in turns[one.view])
        lines += [f"{number} {words} 0 0 0 {one.view + 1} {one.file}", ""]
    return "\n".join(lines) + "\n"


def _lens_json(view: RigView, width_px: int, height_px: int) -> dict[str, float]:
    length_px = focal_length_px(view.pose, width_px)
    return {
        "fl_x": length_px,
        "fl_y": length_px,
        "cx": width_px / 2.0,
        "cy": height_px / 2.0,
    }
