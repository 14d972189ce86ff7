"""Wrong axes of a sound field are named where the picture contradicts them."""

import numpy as np
import pytest
from numpy.typing import NDArray

from pano.sphere import Direction, cell_solid_angles_sr, grid_unit_vectors
from pano_jobs.analysis.field_audit import FieldAudit, Hypothesis, hypotheses

NAMES = [hypothesis.words for hypothesis in hypotheses()]


def picture_of(where: NDArray[np.float64], sharpness: float) -> NDArray[np.float64]:
    density = np.exp(sharpness * (grid_unit_vectors(30, 60) @ where - 1.0))
    return np.asarray(density * cell_solid_angles_sr(30, 60))


def audit_of(
    hypothesis: Hypothesis,
    *,
    n: int = 40,
    sharpness: float = 20.0,
    confidence: float = 0.8,
    wrong: float = 0.2,
) -> FieldAudit:
    """Some seconds of sources; in a part of them the picture's map is elsewhere."""
    rng = np.random.default_rng(7)
    audit = FieldAudit()
    for k in range(n):
        heard = rng.standard_normal(3)
        heard /= np.linalg.norm(heard)
        seen = hypothesis.matrix @ heard
        if rng.uniform() < wrong:
            seen = rng.standard_normal(3)
            seen /= np.linalg.norm(seen)
        picture = picture_of(seen, sharpness)
        audit.note(float(k), Direction.from_unit(heard), picture, confidence)
    return audit


@pytest.mark.parametrize("hypothesis", hypotheses()[1:], ids=NAMES[1:])
def test_wrong_axes_are_named(hypothesis: Hypothesis) -> None:
    assert audit_of(hypothesis).verdict() == hypothesis.words


@pytest.mark.parametrize(
    "doubtful",
    [
        {"n": 8},
        {"confidence": 0.0},
        {"confidence": 0.02},
        {"sharpness": 0.0},
        {"wrong": 1.0},
    ],
    ids=str,
)
def test_what_is_not_clear_is_not_said(doubtful: dict[str, float]) -> None:
    turned = hypotheses()[2]
    settings = {name: value for name, value in doubtful.items() if name != "n"}
    audit = audit_of(turned, n=int(doubtful.get("n", 40)), **settings)
    assert audit.verdict() is None


def test_right_axes_are_not_complained_about() -> None:
    assert audit_of(hypotheses()[0], wrong=0.5).verdict() is None


def test_no_hypothesis_is_another_one() -> None:
    matrices = [hypothesis.matrix for hypothesis in hypotheses()]
    for k, matrix in enumerate(matrices):
        np.testing.assert_allclose(matrix @ matrix.T, np.eye(3), atol=1e-12)
        for other in matrices[:k]:
            assert np.abs(matrix - other).max() > 0.1
