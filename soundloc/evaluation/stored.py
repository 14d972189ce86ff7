"""Measures on disk, so that many trainings can be compared after they are gone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from soundloc.errors import DatasetError
from soundloc.evaluation.measures import Measures
from soundloc.evaluation.predictions import Strength
from soundloc.evaluation.queries import Question
from soundloc.scoring import ScoringProtocol
from soundloc.whole_file import written_whole

_PLAIN = (
    *("relation", "picture", "partner", "group", "confidence"),
    *("area", "pointing", "above_tau"),
)
_STRENGTHS = ("strength", "cosine", "relu_cosine")


def save_measures(path: Path, measures: Measures) -> None:
    """Write measures as .npz, beside and then renamed."""
    columns = {name: getattr(measures, name) for name in _PLAIN}
    for name in _STRENGTHS:
        strength: Strength = getattr(measures, name)
        columns[f"{name} peak"] = strength.peak
        columns[f"{name} top_quarter"] = strength.top_quarter
    columns |= {f"ciou {p}": column for p, column in measures.ciou.items()}
    with written_whole(path) as part:
        np.savez_compressed(part, tau=measures.tau, **columns)


def load_measures(path: Path, questions: Sequence[Question]) -> Measures:
    """Read measures back; the questions they answer are not stored with them.

    Raises
    ------
    DatasetError
        If the file is damaged, or answers other questions.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            columns = {name: stored[name] for name in stored.files}
        asked = np.array([q.picture for q in questions])
        if not np.array_equal(columns["picture"], asked):
            raise ValueError("it answers other questions")
        read: dict[str, Any] = {name: columns[name] for name in _PLAIN}
        for name in _STRENGTHS:
            peak, quarter = columns[f"{name} peak"], columns[f"{name} top_quarter"]
            read[name] = Strength(peak, quarter)
        return Measures(
            **read,
            objects=tuple(q.objects for q in questions),
            ciou={p: columns[f"ciou {p}"] for p in ScoringProtocol},
            tau=float(columns["tau"]),
        )
    except (OSError, ValueError, KeyError) as error:
        raise DatasetError(
            f"{path} cannot be compared with: {error}; delete it to measure anew."
        ) from error
