import dataclasses
import itertools
import math
from typing import get_args

import numpy as np
import pytest

from pano.ambisonics.formats import AMBIX, AmbisonicFormat, Normalization, Ordering
from pano.ambisonics.harmonics import encode, n_channels, spherical_harmonics
from pano.sphere import Direction, unit_vectors
from tests.pano.ambisonics.fields import any_direction

FUMA = AmbisonicFormat(ordering="FuMa", normalization="FuMa")
SIGNAL = np.array([1.0, -0.5, 0.25])


def fuma_by_malham(yaw_deg: float, pitch_deg: float) -> list[float]:
    """Return FuMa's sixteen gains as the table of Malham (2003) writes them."""
    a, e = -math.radians(yaw_deg), math.radians(pitch_deg)
    sin, cos = math.sin, math.cos
    return [
        math.sqrt(0.5),  # W
        cos(a) * cos(e),  # X
        sin(a) * cos(e),  # Y
        sin(e),  # Z
        1.5 * sin(e) ** 2 - 0.5,  # R
        cos(a) * sin(2 * e),  # S
        sin(a) * sin(2 * e),  # T
        cos(2 * a) * cos(e) ** 2,  # U
        sin(2 * a) * cos(e) ** 2,  # V
        sin(e) * (5 * sin(e) ** 2 - 3) / 2,  # K
        math.sqrt(135 / 256) * cos(a) * cos(e) * (5 * sin(e) ** 2 - 1),  # L
        math.sqrt(135 / 256) * sin(a) * cos(e) * (5 * sin(e) ** 2 - 1),  # M
        math.sqrt(27 / 4) * cos(2 * a) * sin(e) * cos(e) ** 2,  # N
        math.sqrt(27 / 4) * sin(2 * a) * sin(e) * cos(e) ** 2,  # O
        cos(3 * a) * cos(e) ** 3,  # P
        sin(3 * a) * cos(e) ** 3,  # Q
    ]


@pytest.mark.parametrize("order", [1, 2, 3])
def test_fuma_is_what_malham_wrote(order: int) -> None:
    rng = np.random.default_rng(order)
    for _ in range(20):
        direction = any_direction(rng)
        stored = fuma_by_malham(direction.yaw_deg, direction.pitch_deg)
        fuma = np.array(stored[: n_channels(order)])
        found = dataclasses.replace(FUMA, order=order).matrix() @ fuma
        expected = spherical_harmonics(direction.unit(), order)
        np.testing.assert_allclose(found, expected, atol=1e-12)


def test_ambix_stays_as_it_is() -> None:
    samples = np.random.default_rng(0).normal(size=(4, 9)).astype(np.float32)
    np.testing.assert_array_equal(AMBIX.to_ambix(samples), samples)


def test_n3d_is_louder_by_the_root_of_2n_plus_1() -> None:
    found = AmbisonicFormat(2, normalization="N3D").to_ambix(np.ones((9, 1)))
    expected = [1.0] + [3**-0.5] * 3 + [5**-0.5] * 5
    np.testing.assert_allclose(found[:, 0], expected, atol=1e-7)


def test_a_channel_map_says_where_each_channel_lies() -> None:
    format_ = AmbisonicFormat(channel_map=(3, 0, 2, 1))
    stored = np.array([[1.0], [2.0], [3.0], [4.0]])  # Y, X, Z, W
    assert format_.to_ambix(stored)[:, 0].tolist() == [4.0, 1.0, 3.0, 2.0]


def test_the_channel_map_of_fuma_names_w_x_y_z() -> None:
    # As some recorders write it: Z first.
    format_ = dataclasses.replace(FUMA, channel_map=(1, 2, 3, 0))
    stored = np.array([[3.0], [np.sqrt(0.5)], [1.0], [2.0]])  # Z, W, X, Y
    found = format_.to_ambix(stored)[:, 0]
    np.testing.assert_allclose(found, [1.0, 2.0, 3.0, 1.0], rtol=1e-6)


def test_the_head_locked_pair_stays_out_of_the_field() -> None:
    format_ = AmbisonicFormat(has_head_locked_pair=True)
    stored = np.arange(6.0)[:, None]
    assert format_.to_ambix(stored)[:, 0].tolist() == [0, 1, 2, 3]
    assert format_.head_locked(stored)[:, 0].tolist() == [4, 5]
    assert AMBIX.head_locked(stored) is None


def test_the_channel_map_moves_the_head_locked_pair_too() -> None:
    format_ = AmbisonicFormat(has_head_locked_pair=True, channel_map=(2, 3, 4, 5, 1, 0))
    stored = np.arange(6.0)[:, None]
    assert format_.to_ambix(stored)[:, 0].tolist() == [2, 3, 4, 5]
    assert format_.head_locked(stored)[:, 0].tolist() == [1, 0]


@pytest.mark.parametrize("order", [1, 2, 3])
def test_what_sounds_ahead_of_a_turned_microphone_lies_at_its_yaw(order: int) -> None:
    stored = encode(SIGNAL, Direction(0.0, 10.0), order)
    found = AmbisonicFormat(order, yaw_deg=130.0).to_ambix(stored)
    expected = encode(SIGNAL, Direction(130.0, 10.0), order)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_every_format_can_be_undone() -> None:
    choices = itertools.product((1, 2, 3), get_args(Ordering), get_args(Normalization))
    for order, ordering, normalization in choices:
        for yaw_deg in (0.0, 77.0):
            format_ = AmbisonicFormat(order, ordering, normalization, yaw_deg=yaw_deg)
            matrix = format_.matrix()
            assert matrix.shape == (format_.n_field, format_.n_stored)
            assert np.linalg.cond(matrix) < 5.0


def test_the_matrix_is_cached_and_read_only() -> None:
    assert AMBIX.matrix() is AmbisonicFormat().matrix()
    with pytest.raises(ValueError, match="read-only"):
        AMBIX.matrix()[0, 0] = 2.0


@pytest.mark.parametrize("order", [-1, 0, 4])
def test_an_order_that_is_not_known_is_refused(order: int) -> None:
    with pytest.raises(ValueError, match=f"order must be in 1 to 3, got {order}"):
        AmbisonicFormat(order)


@pytest.mark.parametrize(
    "channel_map", [(0, 1, 2), (0, 1, 1, 3), (0, 1, 2, 4), (0, 1, 2, 3, 4, 5)]
)
def test_a_channel_map_of_other_channels_is_refused(channel_map) -> None:
    with pytest.raises(ValueError, match="channel_map must"):
        AmbisonicFormat(channel_map=channel_map)


def test_a_track_of_another_number_of_channels_is_refused() -> None:
    with pytest.raises(ValueError, match="mismatch"):
        AMBIX.to_ambix(np.zeros((6, 5)))


@pytest.mark.parametrize(
    ("format_", "words"),
    [
        (AMBIX, "ambiX, order 1"),
        (FUMA, "FuMa, order 1"),
        (AmbisonicFormat(3, normalization="N3D"), "ACN/N3D, order 3"),
        (AmbisonicFormat(ordering="FuMa"), "FuMa/SN3D, order 1"),
        (
            AmbisonicFormat(has_head_locked_pair=True, yaw_deg=-90.0),
            "ambiX, order 1, head-locked stereo, turned by -90°",
        ),
    ],
)
def test_a_format_is_named_in_the_words_of_the_field(
    format_: AmbisonicFormat, words: str
) -> None:
    assert format_.words == words


def test_a_planar_turn_keeps_the_power_of_the_horizon() -> None:
    field = spherical_harmonics(unit_vectors(np.arange(0.0, 360.0, 30.0), 0.0), 1).T
    turned = AmbisonicFormat(yaw_deg=15.0).matrix() @ field
    np.testing.assert_allclose(np.square(turned).sum(axis=0), 2.0)
