import numpy as np
import pytest
import scipy.special

from pano.ambisonics.harmonics import (
    degrees_of_channels,
    encode,
    n_channels,
    order_of,
    spherical_harmonics,
)
from pano.sphere import Direction, unit_vectors


def sn3d_by_scipy(yaw_deg, pitch_deg, order: int):
    """Return SN3D harmonics, (n, c), of SciPy's complex orthonormal ones."""
    # SciPy counts azimuth to the left and zenith from above, with the sign (-1)^m.
    azimuth_rad, zenith_rad = -np.radians(yaw_deg), np.radians(90.0 - pitch_deg)
    channels = []
    for n in range(order + 1):
        for m in range(-n, n + 1):
            y = scipy.special.sph_harm_y(n, abs(m), zenith_rad, azimuth_rad)
            real = y.real if m >= 0 else y.imag
            gain = (-1.0) ** m * np.sqrt(1.0 if m == 0 else 2.0)
            channels.append(gain * real * np.sqrt(4.0 * np.pi / (2 * n + 1)))
    return np.stack(channels, axis=-1)


@pytest.mark.parametrize("order", [0, 1, 2, 3])
def test_harmonics_are_those_of_scipy_at_poles_and_seam_too(order: int) -> None:
    rng = np.random.default_rng(0)
    yaw_deg = np.concatenate([rng.uniform(-180.0, 180.0, 50), [0, 90, -180, 179.9, 0]])
    pitch_deg = np.concatenate([rng.uniform(-90.0, 90.0, 50), [90, -90, 0, 0, 0]])
    found = spherical_harmonics(unit_vectors(yaw_deg, pitch_deg), order)
    expected = sn3d_by_scipy(yaw_deg, pitch_deg, order)
    assert found.shape == (55, n_channels(order))
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_the_first_order_is_left_up_and_ahead() -> None:
    units = np.array([[-1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    expected = [[1, 1, 0, 0], [1, 0, 1, 0], [1, 0, 0, 1]]
    np.testing.assert_array_equal(spherical_harmonics(units, 1), expected)


@pytest.mark.parametrize("order", [-1, 4])
def test_an_order_out_of_range_is_refused(order: int) -> None:
    with pytest.raises(ValueError, match=f"order must be in 0 to 3, got {order}"):
        spherical_harmonics(np.array([0.0, 0.0, 1.0]), order)


def test_only_full_fields_of_order_1_to_3_have_an_order() -> None:
    orders = {n: order_of(n) for n in range(30) if order_of(n) is not None}
    assert orders == {4: 1, 9: 2, 16: 3}


def test_every_channel_knows_its_degree() -> None:
    assert degrees_of_channels(2).tolist() == [0, 1, 1, 1, 2, 2, 2, 2, 2]


def test_a_source_at_the_right_is_in_minus_y_and_no_louder_than_its_signal() -> None:
    signal = np.array([0.5, -1.0, 0.25])
    field = encode(signal, Direction(90.0, 0.0), 2)
    assert field.dtype == np.float32
    np.testing.assert_allclose(field[0], signal)
    np.testing.assert_allclose(field[1], -signal)
    np.testing.assert_allclose(field[[2, 3]], 0.0, atol=1e-7)
