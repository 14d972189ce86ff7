"""Another ambisonic package says the same (`make_spaudiopy_reference.py`)."""

from pathlib import Path

import numpy as np
import pytest

from pano.ambisonics.formats import AmbisonicFormat
from pano.ambisonics.harmonics import spherical_harmonics
from pano.ambisonics.rotation import rotation_matrix
from pano.camera.pose import CameraPose
from pano.sphere import unit_vectors

TOLERANCE = 1e-6  # of what is computed in float32; the reference is float64


@pytest.fixture(scope="module")
def reference():
    with np.load(Path(__file__).with_name("spaudiopy_0_2_0.npz")) as arrays:
        return dict(arrays)


def test_harmonics_agree(reference) -> None:
    yaw_deg = -np.degrees(reference["azimuth_rad"])
    pitch_deg = 90.0 - np.degrees(reference["zenith_rad"])
    found = spherical_harmonics(unit_vectors(yaw_deg, pitch_deg), 3)
    np.testing.assert_allclose(found, reference["sn3d"], atol=TOLERANCE)


@pytest.mark.parametrize("order", [1, 2, 3])
def test_n3d_agrees(reference, order: int) -> None:
    n = (order + 1) ** 2
    found = AmbisonicFormat(order, normalization="N3D").to_ambix(
        reference["n3d"][:, :n].T
    )
    np.testing.assert_allclose(found.T, reference["sn3d"][:, :n], atol=TOLERANCE)


def test_fuma_agrees(reference) -> None:
    fuma = AmbisonicFormat(ordering="FuMa", normalization="FuMa")
    found = fuma.to_ambix(reference["b_format"].T)
    np.testing.assert_allclose(found.T, reference["sn3d"][:, :4], atol=TOLERANCE)


def test_rotations_agree(reference) -> None:
    for (yaw_deg, pitch_deg, roll_deg), rotation in zip(
        reference["angles_deg"].tolist(), reference["rotations"], strict=True
    ):
        axes = CameraPose(yaw_deg, pitch_deg, -roll_deg).axes()
        found = rotation_matrix(axes, 3)
        np.testing.assert_allclose(found, rotation.T, atol=TOLERANCE)
