import numpy as np
import pytest

from pano.ambisonics.decoding import BinauralDecoder, binaural_filters, cardioid_pair
from pano.ambisonics.harmonics import encode, spherical_harmonics
from pano.ambisonics.rotation import rotation_matrix
from pano.camera.pose import CameraPose
from pano.sphere import Direction
from tests.pano.ambisonics.fields import LEVEL, FloatArray

RATES_HZ = [44_100, 48_000]


def noise_from(
    yaw_deg: float, rate_hz: int, *, pitch_deg: float = 0.0, is_pink: bool = False
) -> FloatArray:
    n = rate_hz // 2
    spectrum = np.fft.rfft(np.random.default_rng(0).normal(size=n))
    hz = np.fft.rfftfreq(n, 1.0 / rate_hz)
    if is_pink:
        spectrum[1:] *= np.where((hz > 100.0) & (hz < 10_000.0), hz, np.inf)[1:] ** -0.5
        spectrum[0] = 0.0
    sound = np.fft.irfft(spectrum, n)
    return encode(LEVEL * sound / sound.std(), Direction(yaw_deg, pitch_deg))


def level_db(samples: FloatArray) -> float:
    return float(10.0 * np.log10(np.square(samples).sum() + 1e-30))


def test_levels_follow_the_cardioids_while_the_camera_turns_round() -> None:
    source = spherical_harmonics(Direction(25.0, 0.0).unit(), 1)
    for camera_yaw_deg in np.arange(0.0, 360.0, 7.5).tolist():
        axes = CameraPose(camera_yaw_deg, 0.0).axes()
        left, right = cardioid_pair() @ rotation_matrix(axes, 1) @ source
        aside_rad = np.radians(25.0 - camera_yaw_deg)
        # Whose axes lie 45° to the left and right of ahead; yaw grows to the right.
        expected = [1.0 + np.cos(aside_rad + s * np.pi / 4.0) for s in (1.0, -1.0)]
        assert left * expected[1] == pytest.approx(right * expected[0], abs=1e-9)
        if min(expected) > 1e-3:
            found_db = 20.0 * np.log10(left / right)
            expected_db = 20.0 * np.log10(expected[0] / expected[1])
            assert found_db == pytest.approx(expected_db, abs=1e-6)


@pytest.mark.parametrize("angle_deg", [30.0, 45.0, 90.0])
def test_ahead_the_pair_is_as_loud_as_w(angle_deg: float) -> None:
    field = spherical_harmonics(Direction(0.0, 0.0).unit(), 1)
    left, right = cardioid_pair(angle_deg) @ field
    assert left**2 + right**2 == pytest.approx(field[0] ** 2)
    assert left == pytest.approx(right)


def test_a_cardioid_hears_nothing_from_behind_it() -> None:
    left, right = cardioid_pair() @ spherical_harmonics(Direction(135.0, 0.0).unit(), 1)
    assert left == pytest.approx(0.0, abs=1e-12)
    assert right > 0.4


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_ahead_the_ears_are_together_as_loud_as_w(rate_hz: int) -> None:
    field = noise_from(0.0, rate_hz, is_pink=True)
    ears = BinauralDecoder(rate_hz).decode(field)
    assert level_db(ears) == pytest.approx(level_db(field[0]), abs=0.3)
    np.testing.assert_allclose(ears[0], ears[1], atol=1e-7)


@pytest.mark.parametrize("rate_hz", RATES_HZ)
@pytest.mark.parametrize("yaw_deg", [-30.0, -90.0, -150.0])
def test_what_sounds_at_the_left_is_louder_at_the_left_ear(
    yaw_deg: float, rate_hz: int
) -> None:
    left, right = BinauralDecoder(rate_hz).decode(noise_from(yaw_deg, rate_hz))
    assert level_db(left) > level_db(right) + 2.0


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_the_head_is_symmetric(rate_hz: int) -> None:
    left = BinauralDecoder(rate_hz).decode(noise_from(-50.0, rate_hz, pitch_deg=20.0))
    right = BinauralDecoder(rate_hz).decode(noise_from(50.0, rate_hz, pitch_deg=20.0))
    np.testing.assert_allclose(left, right[::-1], atol=1e-6)


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_pieces_are_decoded_as_the_whole_is(rate_hz: int) -> None:
    field = noise_from(70.0, rate_hz)
    whole = BinauralDecoder(rate_hz).decode(field)
    assert whole.shape == (2, field.shape[1])
    decoder = BinauralDecoder(rate_hz)
    # Nothing, one sample, less and more than the filters are long.
    cuts = [0, 1, 1, 40, 4_000, 4_100]
    pieces = [decoder.decode(piece) for piece in np.split(field, cuts, axis=1)]
    np.testing.assert_allclose(np.concatenate(pieces, axis=1), whole, atol=1e-6)


def test_the_sound_of_the_ears_is_the_same_at_every_rate() -> None:
    hz = np.array([100, 500, 1_000, 4_000, 12_000])
    spectra = [
        np.fft.rfft(binaural_filters(rate_hz), rate_hz, axis=-1)[..., hz]
        for rate_hz in RATES_HZ
    ]
    np.testing.assert_allclose(np.abs(spectra[0]), np.abs(spectra[1]), rtol=0.02)


def test_the_ears_hear_the_first_order_of_any_field() -> None:
    sound = np.random.default_rng(0).normal(size=2_000)
    field = encode(sound, Direction(-40.0, 15.0), 3)
    of_all, of_four = (
        BinauralDecoder(48_000).decode(samples) for samples in (field, field[:4])
    )
    np.testing.assert_array_equal(of_all, of_four)
