"""Stabilize a carried 360° camera: measure rotation by optical flow, undo the shake.

A sphere has no frame to cut off: if we know how it was turned between two pictures, we
turn the camera the other way. The turn is measured from points of texture that are
found again in the next picture: whatever moves by itself is outvoted. What is slower
than the operator's own moves stays, so that a walk round a corner is not undone; the
horizon is left where it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
import scipy
from numpy.typing import NDArray

from pano.camera.pose import CameraPose
from pano.sphere import pixel_to_angles_deg, to_angles_deg, unit_vectors

Image = NDArray[np.uint8]
FloatArray = NDArray[np.float64]

# Shake is what changes within about this time; slower turns are meant.
SMOOTHING_S = 0.5
_SIZE_PX = (480, 240)
_N_POINTS = 400
# Points nearer to a pole are drawn out too far to be found again.
_MAX_PITCH_DEG = 60.0
_PAD_PX = 32
# Outvoted in so many rounds: what is farther off than this many times the median.
_N_ROUNDS = 5
_MAX_OFF = 2.5
_MIN_POINTS = 12


@dataclass(frozen=True, slots=True, eq=False)
class Shake:
    """Rotations of the sphere away from its smoothed course, over time.

    Parameters
    ----------
    time_s
        Presentation times, rising, shape (n,).
    turns
        From the smooth course to the picture, as rotation vectors in radians, (n, 3).
    """

    time_s: FloatArray
    turns: FloatArray

    def stabilized(self, pose: CameraPose, time_s: float) -> CameraPose:
        """Return the pose turned with the shake: it looks where `pose` means to."""
        turn = [np.interp(time_s, self.time_s, column) for column in self.turns.T]
        right, up, forward = scipy.spatial.transform.Rotation.from_rotvec(turn).apply(
            pose.axes()
        )
        yaw_deg, pitch_deg = (float(angle) for angle in to_angles_deg(forward))
        level = np.array([np.cos(np.radians(yaw_deg)), 0, -np.sin(np.radians(yaw_deg))])
        roll_deg = np.degrees(np.arctan2(up @ level, right @ level))
        return CameraPose(yaw_deg, pitch_deg, float(roll_deg), pose.hfov_deg)


def measure_shake(frames: Iterable[tuple[float, Image]]) -> Shake:
    """Measure the shake of a clip from the rotations between its frames.

    Parameters
    ----------
    frames
        Times and grey equirectangular pictures of any size; 480 columns suffice.

    Raises
    ------
    ValueError
        If there is no frame.
    """
    times: list[float] = []
    steps: list[FloatArray] = []
    before: Image | None = None
    for time_s, image in frames:
        small = cv2.resize(image, _SIZE_PX, interpolation=cv2.INTER_AREA)
        grey = np.asarray(small, np.uint8)
        turn = np.zeros(3) if before is None else measure_turn(before, grey)
        times.append(time_s)
        steps.append(turn)
        before = grey
    if not times:
        raise ValueError("there is no frame to measure a shake from")
    return Shake(np.array(times), _away_from_smooth(np.array(times), np.array(steps)))


def measure_turn(before: Image, after: Image) -> FloatArray:
    """Estimate the rotation vector, in radians, from one grey sphere to the next.

    Zero where too little is found again to tell.
    """
    height, width = before.shape
    margin = round((90.0 - _MAX_PITCH_DEG) / 180.0 * height)
    mask = np.zeros_like(before)
    mask[margin : height - margin] = 255
    points = cv2.goodFeaturesToTrack(before, _N_POINTS, 0.01, height / 60.0, mask=mask)
    if points is None or len(points) < _MIN_POINTS:
        return np.zeros(3)
    points = points.astype(np.float32).reshape(-1, 1, 2)
    beyond = ((0, 0), (_PAD_PX, _PAD_PX))
    shifted = points + np.array([_PAD_PX, 0.0], np.float32)
    found, is_found, _ = cv2.calcOpticalFlowPyrLK(
        np.pad(before, beyond, "wrap"),
        np.pad(after, beyond, "wrap"),
        shifted,
        shifted.copy(),
    )
    kept = is_found.ravel() == 1
    here = points[kept, 0]
    there = found[kept, 0] - np.array([_PAD_PX, 0.0])
    return _turn_of(_units(here, height, width), _units(there, height, width))


def _units(places: NDArray[np.floating], height: int, width: int) -> FloatArray:
    yaw_deg, pitch_deg = pixel_to_angles_deg(places[:, 0], places[:, 1], width, height)
    return unit_vectors(yaw_deg, pitch_deg)


def _turn_of(here: FloatArray, there: FloatArray) -> FloatArray:
    """Fit the rotation of most points, leaving out what moves by itself."""
    kept = np.ones(len(here), dtype=np.bool_)
    turn = scipy.spatial.transform.Rotation.identity()
    for _ in range(_N_ROUNDS):
        if np.count_nonzero(kept) < _MIN_POINTS:
            return np.zeros(3)
        turn, _ = scipy.spatial.transform.Rotation.align_vectors(
            there[kept], here[kept]
        )
        off = np.linalg.norm(turn.apply(here) - there, axis=1)
        kept = off <= _MAX_OFF * max(float(np.median(off)), 1e-6)
    return np.asarray(turn.as_rotvec(), np.float64)


def _away_from_smooth(time_s: FloatArray, steps: FloatArray) -> FloatArray:
    """Return the rotation of each picture from the Gaussian-smoothed course.

    Within the reach of the filter turns are small, so that their vectors, taken from
    the picture in the middle of it, may be averaged.
    """
    interval_s = float(np.median(np.diff(time_s))) if len(time_s) > 1 else SMOOTHING_S
    # Steps add up to where the sphere is; small turns about nearly fixed axes commute.
    course = np.cumsum(steps, axis=0)
    smooth = scipy.ndimage.gaussian_filter1d(
        course, SMOOTHING_S / interval_s, axis=0, mode="nearest"
    )
    return np.asarray(course - smooth)
