from collections.abc import Sequence

import numpy as np
import pytest

from pano.ambisonics.harmonics import encode
from pano.ambisonics.intensity import N_BANDS, FieldMoments, IntensityMeter
from pano.sphere import Direction, angle_between_deg
from tests.pano.ambisonics.fields import (
    LEVEL,
    RATE_HZ,
    FloatArray,
    any_direction,
    diffuse,
    noise,
)


def measured(
    field: FloatArray, *, cuts: Sequence[int] = (), rate_hz: int = RATE_HZ
) -> FieldMoments:
    meter = IntensityMeter(rate_hz)
    for piece in np.split(field, cuts, axis=1):
        meter.add(piece)
    return meter.finish()


def test_intensity_points_to_where_a_plane_wave_comes_from() -> None:
    rng = np.random.default_rng(0)
    for direction in [any_direction(rng), Direction(-180.0, 0.0), Direction(0.0, 90.0)]:
        moments = measured(encode(noise(rng, 0.5), direction))
        total = Direction.from_unit(moments.intensity.sum(axis=(0, 1)))
        assert angle_between_deg(total, direction) < 0.01


def test_a_full_scale_plane_wave_has_the_energy_1() -> None:
    time_s = np.arange(RATE_HZ) / RATE_HZ
    sine = np.sin(2.0 * np.pi * 1000.0 * time_s)
    moments = measured(encode(sine, Direction(33.0, -20.0)))
    energy = moments.energy.sum(axis=1)[2:-2]
    np.testing.assert_allclose(energy, 1.0, rtol=0.01)
    flow = np.linalg.norm(moments.intensity.sum(axis=1), axis=-1)[2:-2]
    np.testing.assert_allclose(flow, energy, rtol=1e-4)


def test_a_plane_wave_is_direct_in_every_band() -> None:
    moments = measured(encode(noise(np.random.default_rng(0)), Direction(70.0, 20.0)))
    directness = moments.directness()[:-1]
    np.testing.assert_allclose(directness, 1.0, atol=1e-4)


def test_a_diffuse_field_is_direct_by_chance_alone() -> None:
    moments = measured(diffuse(np.random.default_rng(0)))
    # The longer it is averaged, the less is left by chance.
    means = [float(moments.smoothed(s).directness().mean()) for s in (0.03, 0.3, 1.5)]
    assert means == sorted(means, reverse=True)
    assert means[-1] < 0.1


@pytest.mark.parametrize("rate_hz", [8_000, 22_050, 48_000])
def test_moments_are_the_same_however_the_field_is_cut(rate_hz: int) -> None:
    rng = np.random.default_rng(1)
    n = rate_hz // 2
    field = (LEVEL * rng.normal(size=(4, n))).astype(np.float32)
    whole = measured(field, rate_hz=rate_hz)
    cuts = np.sort(rng.integers(0, n, 40))
    pieces = measured(field, cuts=cuts.tolist(), rate_hz=rate_hz)
    np.testing.assert_allclose(pieces.energy, whole.energy, rtol=1e-4, atol=1e-9)
    np.testing.assert_allclose(pieces.intensity, whole.intensity, atol=1e-7)


def test_moments_cover_the_field_to_its_end() -> None:
    for n in (1, 500, 5_000, 16_000):
        moments = measured(np.full((4, n), 0.1, np.float32))
        assert len(moments) - 1 < n / RATE_HZ / moments.step_s <= len(moments)


def test_a_click_is_in_the_moment_of_its_time() -> None:
    field = np.zeros((4, RATE_HZ), np.float32)
    at_s = 0.4
    field[:, round(at_s * RATE_HZ)] = 1.0
    moments = measured(field)
    loudest = int(np.argmax(moments.energy.sum(axis=1)))
    assert loudest == int(at_s / moments.step_s)


def test_only_the_first_order_is_measured() -> None:
    field = encode(noise(np.random.default_rng(0), 0.5), Direction(10.0, 0.0), 3)
    np.testing.assert_array_equal(measured(field).energy, measured(field[:4]).energy)


def test_silence_has_no_energy_and_is_not_direct() -> None:
    moments = measured(np.zeros((4, RATE_HZ // 2), np.float32)).smoothed(0.15)
    assert len(moments) > 0
    assert moments.energy.max() == moments.directness().max() == 0.0


def test_an_empty_field_has_no_moments() -> None:
    for moments in (
        measured(np.zeros((4, 0), np.float32)),
        IntensityMeter(RATE_HZ).finish(),
    ):
        assert len(moments) == len(moments.smoothed(0.15)) == 0
        assert moments.directness().shape == (0, N_BANDS)
        assert moments.intensity.shape == (0, N_BANDS, 3)
