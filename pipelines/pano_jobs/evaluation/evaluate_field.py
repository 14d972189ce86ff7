"""The `evaluate --field` job: how far the directions in a sound field are from truth.

In each annotated frame of STARSS23 the loudest source that the field is sure of, heard
over the second around it as in every analysis, is compared with the nearest tracked
one. No network takes part and no class is guessed:
DCASE's localization error, which compares within a class, is near it and not the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pano.ambisonics.heard_directions import HeardDirections
from pano.errors import PanoError
from pano.sphere import angle_between_deg
from pano_jobs.analysis.field_evidence import heard_at
from pano_jobs.datasets.pair_writer import LeftOut
from pano_jobs.datasets.sources.fields import hear_ambix
from pano_jobs.datasets.sources.starss23 import (
    FRAME_S,
    Annotations,
    Recording,
    place_recording,
    read_annotations,
    recordings_of,
    with_official_parts,
)
from pano_jobs.datasets.splits import Splits
from soundloc.errors import DatasetError
from soundloc.progress import StepProgress, untold

# DCASE counts a detection as right within this angle.
NEAR_DEG = 20.0


@dataclass(frozen=True, slots=True)
class FieldResult:
    """Result of the `evaluate --field` job; nan where nothing was heard.

    Parameters
    ----------
    n_frames
        Frames of 100 ms in which something is annotated.
    share_heard
        Of these, with a direction that the field is sure of.
    median_deg, mean_deg, share_within_20_deg
        Of the frames with such a direction: the angle to the nearest annotated one.
    """

    folder: Path
    split: str
    n_recordings: int
    n_frames: int
    share_heard: float
    median_deg: float
    mean_deg: float
    share_within_20_deg: float
    left_out: tuple[LeftOut, ...]

    def words(self) -> str:
        """Return the measures as text."""
        lines = [
            f"{self.folder}, {self.split} split: {self.n_recordings} recordings, "
            f"{self.n_frames} annotated frames of {FRAME_S * 1000:.0f} ms",
            f"with a trusted direction: {self.share_heard:.1%}",
        ]
        if self.share_heard > 0.0:
            lines += [
                f"localization error: median {self.median_deg:.1f}°, "
                f"mean {self.mean_deg:.1f}°",
                f"within {NEAR_DEG:.0f}°: {self.share_within_20_deg:.1%}",
            ]
        return "\n".join([*lines, *(part.words() for part in self.left_out)])


def evaluate_field(
    folder: Path, *, split: str = "test", on_step: StepProgress = untold
) -> FieldResult:
    """Measure the directions in the sound fields of STARSS23.

    Parameters
    ----------
    split
        `test` is dev-test; dev-train is divided by room, as `prepare` does.

    Raises
    ------
    DatasetError
        If the folder is not STARSS23, or has nothing to measure in this split.
    """
    recordings = recordings_of(folder)
    splits = with_official_parts(Splits(), recordings)
    chosen = [r for r in recordings if place_recording(splits, r).split == split]
    if not chosen:
        raise DatasetError(
            f"{folder} holds no recording of the split '{split}'; choose another "
            "with --split."
        )
    left_out: list[str] = []
    errors: list[NDArray[np.float64]] = []
    for number, recording in enumerate(chosen, start=1):
        try:
            errors.append(_errors_of(recording))
        except (PanoError, DatasetError) as error:
            left_out.append(f"{recording.name} ({error})")
        on_step("recordings", number, len(chosen))
    errors_deg = np.concatenate([np.zeros(0), *errors])
    if not len(errors_deg):
        raise DatasetError(
            f"the split '{split}' of {folder} holds no annotated frame that can be "
            f"read{': ' + left_out[0] if left_out else ''}."
        )
    heard_deg = errors_deg[np.isfinite(errors_deg)]
    is_silent = not len(heard_deg)
    return FieldResult(
        folder,
        split,
        len(errors),
        len(errors_deg),
        len(heard_deg) / len(errors_deg),
        float("nan") if is_silent else float(np.median(heard_deg)),
        float("nan") if is_silent else float(np.mean(heard_deg)),
        float("nan") if is_silent else float(np.mean(heard_deg <= NEAR_DEG)),
        (LeftOut("not readable", tuple(left_out)),) if left_out else (),
    )


def _errors_of(recording: Recording) -> NDArray[np.float64]:
    annotations = read_annotations(recording.annotations)
    directions = hear_ambix(recording.sound)
    return angular_errors_deg(directions, annotations)


def angular_errors_deg(
    directions: HeardDirections, annotations: Annotations
) -> NDArray[np.float64]:
    """Measure the angle from the loudest trusted source to the nearest annotated one.

    Returns
    -------
    ndarray
        In degrees, one of each annotated frame in their order, shape (n,); nan where
        the field is not sure of any direction.
    """
    errors_deg = []
    for frame, sources in sorted(annotations.frames.items()):
        found = heard_at(directions.around((frame + 0.5) * FRAME_S))
        errors_deg.append(
            np.nan
            if found is None
            else min(angle_between_deg(found, source.direction) for source in sources)
        )
    return np.array(errors_deg, np.float64)
