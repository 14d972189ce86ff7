"""The `evaluate --paths` job: accuracy and smoothness of camera paths.

With the maps of the clip the baselines of the field walk beside the paths, and the
maps themselves are scored as predictions of where people looked.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pano.camera.path import CameraPath
from pano.director.plan import Brief, plan_path, plan_takes
from pano.director.published.trivial import (
    EYE_LEVEL_YAWS_DEG,
    centroid,
    kang_cho_path,
    still,
)
from pano.director.wishes import CutRules
from pano.errors import SettingsError
from pano.media import open_media
from pano.metrics.path_quality import PathQuality, path_quality
from pano.metrics.saliency_scores import (
    SaliencyScores,
    Weighting,
    mean_scores,
    saliency_scores,
)
from pano.metrics.trajectories import (
    Pooled,
    cosine_similarities,
    fov_overlaps,
    pano2vid,
    pilot_overlap,
    read_trajectories,
    velocity_difference,
)
from pano.sphere import grid_unit_vectors, unit_vectors
from pano_jobs.analysis.picture_saliency import picture_maps
from pano_jobs.maps import Maps, open_maps

FloatArray = NDArray[np.float64]

# People's looks become a density with this deviation, about the fovea's and a
# tracker's error; Salient360! takes the same for its maps.
_FIXATION_SIGMA_DEG = 3.34
# Maps files of the first version do not keep levels: all is taken to be audible.
_AUDIBLE_DB = -20.0
_MAP_STRIDE_S = 1.0
PICTURE_ONLY = "picture only, cube padding"


@dataclass(frozen=True, slots=True)
class PathRow:
    """One method or file; what does not apply is None."""

    name: str
    cosine: Pooled | None
    overlap: Pooled | None
    pilot_overlap: float | None
    velocity_difference_px: float
    quality: PathQuality | None


@dataclass(frozen=True, slots=True)
class PathsResult:
    """Result of the `evaluate --paths` job."""

    rows: tuple[PathRow, ...]
    maps: Mapping[str, SaliencyScores]
    notes: tuple[str, ...] = ()

    def words(self) -> str:
        """Return the measures as tables."""
        lines = [
            "| | cosine, trajectory / frame | FOV overlap, trajectory / frame "
            "| Deep360Pilot overlap | velocity difference, px | p95 speed, °/s "
            "| jerk RMS | reversals/s | still |",
            "|---" * 9 + "|",
        ]
        lines += [_line(row) for row in self.rows]
        for weighting, found in self.maps.items():
            values = dataclasses.asdict(found).items()
            words = ", ".join(f"{name} {value:.3f}" for name, value in values)
            lines.append(f"maps, weighting {weighting}: {words}")
        return "\n".join(lines)


def evaluate_paths(
    paths: Sequence[Path],
    *,
    truth: Path | None = None,
    maps: Path | None = None,
    video: Path | None = None,
) -> PathsResult:
    """Measure paths, each a camera path or a file of Pano2Vid's outputs.

    Parameters
    ----------
    truth
        People's trajectories in Pano2Vid's JSON, or a camera path.
    maps
        Of the one clip that the truth is about: adds the baselines and the scores
        of the maps.
    video
        That clip: adds the baseline that looks and does not listen.

    Raises
    ------
    PanoError
        If a file cannot be read, or does not go with the truth.
    """
    edits = {} if truth is None else _read(truth)
    rows = []
    for file in paths:
        path = _camera_path(file)
        outputs = _read(file) if path is None else {file.stem: {"path": _rows(path)}}
        rows.append(_row(file.name, outputs, edits, path))
    baselines = {} if video is None else {PICTURE_ONLY: [picture_path(video)]}
    found: Maps | None = None
    notes: tuple[str, ...] = ()
    if maps is not None:
        found, notes = _with_level(open_maps(maps), maps)
        baselines = _baselines(found) | baselines
    for name, ways in baselines.items():
        outputs = {name: {str(k): _rows(path) for k, path in enumerate(ways)}}
        rows.append(_row(name, outputs, edits, ways[0]))
    scores = {} if found is None else _map_scores(found, edits)
    return PathsResult(tuple(rows), scores, notes)


def picture_path(video: Path) -> CameraPath:
    """Plan a path from the picture saliency alone, without sound."""
    with open_media(video) as media:
        return plan_path(picture_maps(media.analysis_frames()))


def _row(
    name: str,
    outputs: Mapping[str, Mapping[str, FloatArray]],
    edits: Mapping[str, Mapping[str, FloatArray]],
    path: CameraPath | None,
) -> PathRow:
    runs = [rows for found in outputs.values() for rows in found.values()]
    quality = None if path is None else path_quality(path)
    difference_px = float(np.mean([velocity_difference(rows) for rows in runs]))
    if quality is not None:
        difference_px = quality.velocity_difference_px
    if not edits:
        return PathRow(name, None, None, None, difference_px, quality)
    if path is not None:
        # A camera path says nothing of videos: it belongs to the only one.
        (found,) = outputs.values()
        n = min(len(edit) for edit in _only(edits).values())
        cut_to = {run: rows[:n] for run, rows in found.items()}
        outputs = {next(iter(edits)): cut_to}
    overlaps = [
        pilot_overlap(rows, edit[: len(rows)])
        for video in outputs.keys() & edits.keys()
        for rows in outputs[video].values()
        for edit in edits[video].values()
    ]
    return PathRow(
        name,
        cosine=pano2vid(outputs, edits, cosine_similarities),
        overlap=pano2vid(outputs, edits, fov_overlaps),
        pilot_overlap=float(np.mean(overlaps)),
        velocity_difference_px=difference_px,
        quality=quality,
    )


def _with_level(maps: Maps, file: Path) -> tuple[Maps, tuple[str, ...]]:
    """Take maps of the first version to be audible throughout, and say so."""
    if maps.level_db is not None:
        return maps, ()
    audible_db = np.full(len(maps), _AUDIBLE_DB, dtype=np.float32)
    note = (
        f"{file} is of the first version and holds neither the sound level nor the "
        "clip's own cuts; its baselines take everything to be audible in one shot"
    )
    return dataclasses.replace(maps, level_db=audible_db), (note,)


def _baselines(maps: Maps) -> dict[str, list[CameraPath]]:
    time_s = np.array(maps.time_s)
    cuts = CutRules(source_cuts_s=maps.source_cuts_s)
    return {
        "centre": [still(time_s, 0.0)],
        "eye level": [still(time_s, float(yaw)) for yaw in EYE_LEVEL_YAWS_DEG],
        "centroid + Gaussian": [centroid(maps.each())],
        "autocam": [plan_path(maps.each(), director="autocam")],
        "Kang & Cho, no flow": [kang_cho_path(maps.each())],
        "follow": [*plan_takes(maps.each(), Brief(cuts=cuts))],
    }


def _map_scores(
    maps: Maps, edits: Mapping[str, Mapping[str, FloatArray]]
) -> dict[str, SaliencyScores]:
    """Score one map a second against where each person looked in that frame."""
    if not edits:
        return {}
    people = list(_only(edits).values())
    n = min(len(maps), *(len(rows) for rows in people))
    step_s = float(np.median(np.diff(maps.time_s))) if len(maps) > 1 else 1.0
    shape = maps.saliency.shape[1:]
    scores: dict[str, list[SaliencyScores]] = {kind: [] for kind in Weighting}
    rng = np.random.default_rng(0)
    for index in range(0, n, max(round(_MAP_STRIDE_S / step_s), 1)):
        fixations = np.stack(
            [unit_vectors(rows[index, 0], rows[index, 1]) for rows in people]
        )
        cosine = grid_unit_vectors(*shape) @ fixations.T
        kappa = 1.0 / np.radians(_FIXATION_SIGMA_DEG) ** 2
        truth = np.exp(kappa * (cosine - 1.0)).sum(axis=-1)
        density = maps.saliency[index].astype(np.float64)
        for kind, found in scores.items():
            weighting = Weighting(kind)
            found.append(
                saliency_scores(density, fixations, truth, weighting=weighting, rng=rng)
            )
    return {str(kind): mean_scores(found) for kind, found in scores.items()}


def _camera_path(file: Path) -> CameraPath | None:
    """Read a camera path, or None where the file is of another kind."""
    try:
        return CameraPath.load(file)
    except SettingsError:
        if file.exists():
            return None
        raise


def _read(file: Path) -> dict[str, dict[str, FloatArray]]:
    path = _camera_path(file)
    if path is not None:
        return {file.stem: {"path": _rows(path)}}
    return read_trajectories(file)


def _rows(path: CameraPath) -> FloatArray:
    return np.stack([path.yaw_deg, path.pitch_deg, path.hfov_deg], axis=1)


def _only(
    edits: Mapping[str, Mapping[str, FloatArray]],
) -> Mapping[str, FloatArray]:
    if len(edits) != 1:
        raise SettingsError(
            f"the truth is about {len(edits)} videos; a camera path or maps need one"
        )
    return next(iter(edits.values()))


def _line(row: PathRow) -> str:
    cells = [row.name]
    for pooled in (row.cosine, row.overlap):
        cells.append(
            "–"
            if pooled is None
            else f"{pooled.by_trajectory:.3f} / {pooled.by_frame:.3f}"
        )
    cells.append("–" if row.pilot_overlap is None else f"{row.pilot_overlap:.3f}")
    cells.append(f"{row.velocity_difference_px:.3f}")
    found = row.quality
    if found is None:
        cells += ["–"] * 4
    else:
        cells += [
            f"{found.speed_p95_deg_per_s:.1f}",
            f"{found.jerk_rms_deg_per_s3:.1f}",
            f"{found.reversals_per_s:.2f}",
            f"{found.share_still:.0%}",
        ]
    return "| " + " | ".join(cells) + " |"
