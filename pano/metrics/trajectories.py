"""Trajectory metrics of Pano2Vid and of Deep 360 Pilot.

A trajectory is a list of directions, one per frame. The formulas are the official
ones, simplifications included, so that figures can be set beside published ones.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pano.camera.path import DEFAULT_HFOV_DEG
from pano.errors import SettingsError
from pano.sphere import unit_vectors, wrap_deg

FloatArray = NDArray[np.float64]
# By video, then by whoever made them: an editor, or a run of a method.
Trajectories = Mapping[str, Mapping[str, FloatArray]]
Similarity = Callable[[FloatArray, FloatArray], FloatArray]

# Deep 360 Pilot measures on panoramas of this width, in squares of a 65.6° view.
PILOT_WIDTH_PX = 1920.0
PILOT_VIEW_DEG = 65.625


@dataclass(frozen=True, slots=True)
class Pooled:
    """A similarity over all videos, pooled in Pano2Vid's two ways."""

    by_trajectory: float
    by_frame: float


def cosine_similarities(one: FloatArray, other: FloatArray) -> FloatArray:
    """Return the cosine between directions frame by frame, shape (t,).

    Rows are azimuth, elevation and possibly the field of view, in degrees.
    """
    units = (unit_vectors(t[:, 0], t[:, 1]) for t in (one, other))
    cosine = np.einsum("tc,tc->t", *units)
    return np.asarray(np.clip(cosine, -1.0, 1.0))


def fov_overlaps(one: FloatArray, other: FloatArray) -> FloatArray:
    """Return max(0, 1 - angle / mean field of view) frame by frame, shape (t,).

    A trajectory without a third column has AutoCam's lens of 65.5°.
    """
    angle_deg = np.degrees(np.arccos(cosine_similarities(one, other)))
    mean_fov_deg = (_fov_deg(one) + _fov_deg(other)) / 2.0
    return np.asarray(np.maximum(0.0, 1.0 - angle_deg / mean_fov_deg))


def pano2vid(
    outputs: Trajectories, edits: Trajectories, similarity: Similarity
) -> Pooled:
    """Compare outputs with people's edits as Pano2Vid does (Su et al. 2016).

    By trajectory: the mean over frames, of the most similar edit. By frame: the most
    similar edit in each frame. Then the mean over outputs, and over videos. Edits are
    cut to the output's length.

    Raises
    ------
    SettingsError
        If the two have no video in common, or an edit ends before its output.
    """
    videos = sorted(outputs.keys() & edits.keys())
    if not videos:
        raise SettingsError("outputs and edits have no video in common")
    by_trajectory, by_frame = [], []
    for video in videos:
        pooled = []
        for name, output in outputs[video].items():
            shortest = min(len(edit) for edit in edits[video].values())
            if shortest < len(output):
                raise SettingsError(
                    f"{video}: the output {name} has {len(output)} frames, an edit "
                    f"only {shortest}"
                )
            found = np.stack(
                [
                    similarity(output, edit[: len(output)])
                    for edit in edits[video].values()
                ]
            )
            pooled.append((found.mean(axis=1).max(), found.max(axis=0).mean()))
        trajectory, frame = np.mean(pooled, axis=0)
        by_trajectory.append(trajectory)
        by_frame.append(frame)
    return Pooled(float(np.mean(by_trajectory)), float(np.mean(by_frame)))


def pilot_overlap(output: FloatArray, truth: FloatArray) -> float:
    """Return Deep 360 Pilot's mean overlap (Hu et al. 2017), in [0, 1].

    Two squares of the panorama about the viewing points, their intersection over one
    square's area; no correction at the poles, as published.
    """
    side_px = PILOT_WIDTH_PX * PILOT_VIEW_DEG / 360.0
    px_per_deg = PILOT_WIDTH_PX / 360.0
    across_px = np.abs(wrap_deg(output[:, 0] - truth[:, 0])) * px_per_deg
    down_px = np.abs(output[:, 1] - truth[:, 1]) * px_per_deg
    width_px = np.maximum(side_px - across_px, 0.0)
    height_px = np.maximum(side_px - down_px, 0.0)
    return float(np.mean(width_px * height_px) / side_px**2)


def velocity_difference(
    trajectory: FloatArray, *, cuts: NDArray[np.bool_] | None = None
) -> float:
    """Return Deep 360 Pilot's mean velocity difference, px / frame at 1920 px.

    The mean length of v_t - v_{t-1}. Their paths have no cuts; where `cuts` is true
    for a frame there is no velocity, and differences with it are left out.
    """
    moves = np.diff(trajectory[:, :2], axis=0)
    moves[:, 0] = wrap_deg(moves[:, 0])
    velocity = moves * PILOT_WIDTH_PX / 360.0
    change = np.linalg.norm(np.diff(velocity, axis=0), axis=1)
    if cuts is not None:
        change = change[~(cuts[1:-1] | cuts[2:])]
    return float(np.mean(change)) if len(change) else 0.0


def read_trajectories(path: Path) -> dict[str, dict[str, FloatArray]]:
    """Read Pano2Vid's JSON: {video: {editor: {"traj": [[azimuth, elevation], …]}}}.

    Outputs may lack the level of editors: {video: {"traj": […]}}.

    Raises
    ------
    SettingsError
        If the file cannot be read or has another shape.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        words = f"{path} cannot be read: {error.strerror or error}."
        raise SettingsError(words) from error
    except ValueError as error:
        raise SettingsError(f"{path} is not JSON: {error}.") from error
    try:
        return {video: _by_name(found) for video, found in document.items()}
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        words = f"{path} does not hold trajectories as Pano2Vid writes them: {error}."
        raise SettingsError(words) from error


def _by_name(found: Mapping[str, Any]) -> dict[str, FloatArray]:
    if "traj" in found:
        return {"output": _trajectory(found["traj"])}
    return {name: _trajectory(item["traj"]) for name, item in found.items()}


def _trajectory(rows: Any) -> FloatArray:
    trajectory = np.array(rows, dtype=np.float64)
    if trajectory.ndim != 2 or trajectory.shape[1] not in (2, 3):
        raise ValueError(f"a trajectory of shape {trajectory.shape}")
    return trajectory


def _fov_deg(trajectory: FloatArray) -> FloatArray:
    if trajectory.shape[1] > 2:
        return trajectory[:, 2]
    return np.full(len(trajectory), DEFAULT_HFOV_DEG)
