import numpy as np
import pytest

from pano.ambisonics.harmonics import encode
from pano.ambisonics.heard_directions import HeardDirections, trust_of
from pano.ambisonics.intensity import IntensityMeter
from pano.sphere import Direction, angle_between_deg, cell_solid_angles_sr
from tests.pano.ambisonics.fields import (
    RATE_HZ,
    FloatArray,
    diffuse,
    noise,
)

DURATION_S = 1.2
MIDDLE_S = 0.6
GRID = [
    *(Direction(yaw_deg, 0.0) for yaw_deg in np.arange(-180.0, 180.0, 45.0).tolist()),
    *(
        Direction(y, p)
        for y in (-135.0, -30.0, 60.0)
        for p in (-65.0, -30.0, 40.0, 75.0)
    ),
    Direction(0.0, 90.0),
    Direction(0.0, -90.0),
]
# Wider than the mean of a lobe strays when another one stands beside it.
LOBE_TOLERANCE_DEG = 6.0


def heard(
    field: FloatArray, *, is_planar: bool = False, height: int = 30, width: int = 60
) -> HeardDirections:
    meter = IntensityMeter(RATE_HZ)
    meter.add(field)
    return HeardDirections(meter.finish(), height, width, is_planar)


def in_turns(
    rng: np.random.Generator, first: Direction, second: Direction, *, share: float = 0.5
) -> FloatArray:
    """Return two sources that never sound together, as shares of two seconds."""
    sound = noise(rng)
    is_first = np.arange(len(sound)) < share * len(sound)
    return encode(sound * is_first, first) + encode(sound * ~is_first, second)


def planar(field: FloatArray) -> FloatArray:
    return field * np.array([[1.0], [1.0], [0.0], [1.0]], np.float32)


def test_a_lone_source_is_found_wherever_it_is() -> None:
    rng = np.random.default_rng(0)
    errors_deg = []
    for direction in GRID:
        evidence = heard(encode(noise(rng, DURATION_S), direction)).around(MIDDLE_S)
        [source] = evidence.sources
        errors_deg.append(angle_between_deg(source.direction, direction))
        assert evidence.trust > 0.95
    assert np.median(errors_deg) <= 3.0


def test_a_source_as_loud_as_diffuse_noise_is_found() -> None:
    rng = np.random.default_rng(1)
    around = diffuse(rng, DURATION_S)
    errors_deg = []
    for direction in GRID:
        field = encode(noise(rng, DURATION_S), direction) + around
        sources = heard(field).around(MIDDLE_S).sources
        errors_deg.append(angle_between_deg(sources[0].direction, direction))
    assert np.median(errors_deg) <= 8.0


def test_the_densest_cell_is_where_the_source_is() -> None:
    rng = np.random.default_rng(2)
    for direction in (Direction(-178.0, 0.0), Direction(63.0, 40.0)):
        field = encode(noise(rng, DURATION_S), direction)
        density = heard(field, height=90, width=180).around(MIDDLE_S).density
        row, column = np.unravel_index(int(np.argmax(density)), density.shape)
        found = Direction((column + 0.5) * 2.0 - 180.0, 90.0 - (row + 0.5) * 2.0)
        assert angle_between_deg(found, direction) <= 2.0


@pytest.mark.parametrize("pitch_deg", [-90.0, -70.0, 0.0, 45.0, 90.0])
@pytest.mark.parametrize("is_planar", [False, True])
def test_the_density_is_one_over_the_sphere(pitch_deg: float, is_planar: bool) -> None:
    rng = np.random.default_rng(3)
    field = encode(noise(rng, DURATION_S), Direction(179.0, pitch_deg))
    field += diffuse(rng, DURATION_S)
    for height, width in ((30, 60), (45, 91)):
        hearing = heard(field, is_planar=is_planar, height=height, width=width)
        density = hearing.around(MIDDLE_S).density
        assert density.shape == (height, width)
        assert density.min() >= 0.0
        total = float((density * cell_solid_angles_sr(height, width)).sum())
        assert total == pytest.approx(1.0, abs=1e-4)


def test_silence_says_nothing() -> None:
    evidence = heard(np.zeros((4, RATE_HZ), np.float32)).around(0.5)
    assert (evidence.directness, evidence.trust, evidence.sources) == (0.0, 0.0, ())
    np.testing.assert_array_equal(evidence.log_prior(), 0.0)


@pytest.mark.parametrize("time_s", [-10.0, 100.0])
def test_before_and_after_the_field_there_is_silence(time_s: float) -> None:
    hearing = heard(encode(noise(np.random.default_rng(0), 0.5), Direction(9.0, 0.0)))
    np.testing.assert_array_equal(hearing.around(time_s).log_prior(), 0.0)


def test_an_empty_field_is_silent() -> None:
    evidence = heard(np.zeros((4, 0), np.float32)).around(0.0)
    np.testing.assert_array_equal(evidence.log_prior(), 0.0)


def test_diffuse_noise_alone_is_never_trusted() -> None:
    for seed in range(8):
        hearing = heard(diffuse(np.random.default_rng(seed)))
        assert all(hearing.around(t).trust < 0.2 for t in np.arange(0.0, 2.5, 0.25))


def test_diffuse_rumble_alone_is_never_trusted() -> None:
    for seed in range(8):
        spectrum = np.fft.rfft(diffuse(np.random.default_rng(seed)))
        hz = np.fft.rfftfreq(2 * RATE_HZ, 1.0 / RATE_HZ)
        rumble = np.fft.irfft(spectrum * ((hz > 150.0) & (hz < 250.0)))
        hearing = heard(rumble.astype(np.float32))
        assert all(hearing.around(t).trust < 0.2 for t in np.arange(0.0, 2.5, 0.25))


def test_sources_that_take_turns_keep_a_lobe_each() -> None:
    first, second = Direction(70.0, 0.0), Direction(-60.0, 20.0)
    hearing = heard(in_turns(np.random.default_rng(4), first, second))
    both = hearing.around(1.0, window_s=2.0).sources
    assert len(both) == 2
    assert sum(source.share for source in both) == pytest.approx(1.0, abs=0.05)
    for direction in (first, second):
        errors = [angle_between_deg(source.direction, direction) for source in both]
        assert min(errors) < LOBE_TOLERANCE_DEG
    # Asked while one of them is alone, there is that one.
    for time_s, direction in ((0.5, first), (1.5, second)):
        [source] = hearing.around(time_s, window_s=0.5).sources
        assert angle_between_deg(source.direction, direction) < 1.0


def test_sources_of_other_pitch_sound_together_and_keep_a_lobe_each() -> None:
    time_s = np.arange(round(DURATION_S * RATE_HZ)) / RATE_HZ
    at_hz = {400.0: Direction(-100.0, 10.0), 3000.0: Direction(30.0, -20.0)}
    field = sum(
        encode(0.1 * np.sin(2.0 * np.pi * hz * time_s), direction)
        for hz, direction in at_hz.items()
    )
    sources = heard(np.asarray(field)).around(MIDDLE_S).sources
    assert len(sources) == 2
    for direction in at_hz.values():
        errors = [angle_between_deg(source.direction, direction) for source in sources]
        assert min(errors) < LOBE_TOLERANCE_DEG


def test_the_source_that_sounds_longer_comes_first() -> None:
    first, second = Direction(70.0, 0.0), Direction(-60.0, 20.0)
    field = in_turns(np.random.default_rng(5), first, second, share=0.3)
    sources = heard(field).around(1.0, window_s=2.0).sources
    assert angle_between_deg(sources[0].direction, second) < LOBE_TOLERANCE_DEG
    assert sources[0].share > sources[1].share


@pytest.mark.parametrize("pitch_deg", [0.0, 40.0])
def test_a_planar_field_tells_azimuth_alone(pitch_deg: float) -> None:
    rng = np.random.default_rng(6)
    field = encode(noise(rng, DURATION_S), Direction(-120.0, pitch_deg))
    evidence = heard(planar(field), is_planar=True).around(MIDDLE_S)
    [source] = evidence.sources
    assert source.direction.yaw_deg == pytest.approx(-120.0, abs=0.1)
    # Its column is the densest at every height, most so at the horizon.
    assert set(np.argmax(evidence.density[5:-5], axis=1)) <= {9, 10}
    column = evidence.density[:, 10]
    assert int(np.argmax(column)) in (14, 15)
    assert column[8] > 0.2 * column.max()


@pytest.mark.parametrize(
    "share",
    [0.5, 0.6, 0.72],
)
def test_a_planar_field_keeps_both_sources(share: float) -> None:
    first, second = Direction(70.0, 0.0), Direction(-110.0, 0.0)
    field = in_turns(np.random.default_rng(7), first, second, share=share)
    sources = heard(planar(field), is_planar=True).around(1.0, window_s=2.0).sources
    found = [source.direction.yaw_deg for source in sources]
    assert found == pytest.approx([70.0, -110.0], abs=LOBE_TOLERANCE_DEG)


def test_trust_rises_with_directness() -> None:
    trust = [trust_of(directness) for directness in np.linspace(0.0, 1.0, 101)]
    assert trust[0] == 0.0
    assert trust[-1] <= 1.0
    assert np.all(np.diff(trust) > 0.0)


def test_the_more_diffuse_noise_the_less_trust() -> None:
    rng = np.random.default_rng(8)
    source = encode(noise(rng, DURATION_S), Direction(40.0, 10.0))
    around = diffuse(rng, DURATION_S)
    evidence = [heard(source + g * around).around(MIDDLE_S) for g in (0, 1, 2, 4, 16)]
    directness = [found.directness for found in evidence]
    assert directness == sorted(directness, reverse=True)
    assert [found.trust > 0.5 for found in evidence][::4] == [True, False]


def test_loudness_changes_no_direction() -> None:
    field = encode(noise(np.random.default_rng(9), DURATION_S), Direction(80.0, 28.0))
    loud, soft = (heard(g * field).around(MIDDLE_S) for g in (1.0, 0.1))
    np.testing.assert_allclose(soft.density, loud.density, rtol=1e-3, atol=1e-6)
    assert soft.directness == pytest.approx(loud.directness, abs=0.01)


def test_evidence_that_is_not_sure_forbids_no_place() -> None:
    rng = np.random.default_rng(10)
    field = encode(noise(rng, DURATION_S), Direction(40.0, 10.0))
    prior = heard(field).around(MIDDLE_S).log_prior()
    assert prior.max() > 2.0
    assert np.log(0.02) < prior.min() < 0.0
    omega_sr = cell_solid_angles_sr(30, 60)
    mean = float((np.exp(prior) * omega_sr).sum()) / (4.0 * np.pi)
    assert mean == pytest.approx(1.0, abs=1e-3)
