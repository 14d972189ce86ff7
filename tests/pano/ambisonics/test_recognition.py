from collections.abc import Callable, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from pano.ambisonics.formats import AMBIX, AmbisonicFormat
from pano.ambisonics.harmonics import encode
from pano.ambisonics.recognition import Recognized, Recognizer
from pano.sphere import Direction
from tests.pano.ambisonics.fields import (
    RATE_HZ,
    FloatArray,
    any_direction,
    bursts,
    diffuse,
    noise,
)

Track = NDArray[np.floating]
Maker = Callable[[np.random.Generator], Track]

FUMA = AmbisonicFormat(ordering="FuMa", normalization="FuMa")
N3D = AmbisonicFormat(normalization="N3D")
FUMA_ORDER_SN3D = AmbisonicFormat(ordering="FuMa", normalization="SN3D")
N_SEEDS = 5
N_SAMPLES = 2 * RATE_HZ


def recognized(track: Track, *, cuts: Sequence[int] = ()) -> Recognized:
    recognizer = Recognizer(RATE_HZ)
    for piece in np.split(track.astype(np.float32), cuts, axis=1):
        recognizer.add(piece)
    return recognizer.recognize()


def stored_as(format_: AmbisonicFormat, field: Track) -> Track:
    return np.asarray(np.linalg.inv(format_.matrix()) @ field)


def scene(rng: np.random.Generator) -> FloatArray:
    """Return three talkers around, one behind, in a little diffuse noise."""
    at = [any_direction(rng), any_direction(rng), Direction(160.0, -10.0)]
    field = sum(encode(bursts(rng), direction) for direction in at)
    return np.asarray(field + 0.05 * diffuse(rng))


def planar_scene(rng: np.random.Generator) -> FloatArray:
    at = [Direction(yaw_deg, 0.0) for yaw_deg in (40.0, -75.0, 160.0)]
    field = np.asarray(sum(encode(bursts(rng), direction) for direction in at))
    field[2] = 0.0
    return field


@pytest.mark.parametrize("format_", [AMBIX, FUMA, N3D], ids=lambda f: f.words)
def test_a_scene_is_recognized_in_every_normalization(format_: AmbisonicFormat) -> None:
    for seed in range(N_SEEDS):
        field = scene(np.random.default_rng(seed))
        found = recognized(stored_as(format_, field))
        assert (found.verdict, found.format) == ("field", format_)
        assert not found.is_planar
        assert format_.words in found.reason


@pytest.mark.parametrize(
    "format_", [AMBIX, FUMA, N3D, FUMA_ORDER_SN3D], ids=lambda f: f.words
)
def test_a_planar_scene_is_recognized_in_both_orders(format_: AmbisonicFormat) -> None:
    # Z is channel 2 in the order ACN and channel 3 in FuMa's.
    for seed in range(N_SEEDS):
        field = planar_scene(np.random.default_rng(seed))
        found = recognized(stored_as(format_, field))
        assert (found.verdict, found.format) == ("field", format_)
        assert found.is_planar


def test_a_field_is_recognized_however_it_is_cut() -> None:
    rng = np.random.default_rng(0)
    field = scene(rng)
    cuts = np.sort(rng.integers(0, N_SAMPLES, 30)).tolist()
    assert recognized(field, cuts=cuts) == recognized(field)


def test_more_channels_than_four_are_no_hindrance() -> None:
    field = scene(np.random.default_rng(0))
    assert recognized(np.concatenate([field, field[:2]])) == recognized(field)


def independent_microphones(rng: np.random.Generator) -> Track:
    return np.stack([bursts(rng) for _ in range(4)])


def microphones_that_hear_each_other(rng: np.random.Generator) -> Track:
    return (np.eye(4) + rng.uniform(0.0, 0.3, (4, 4))) @ independent_microphones(rng)


def panned(rng: np.random.Generator, make_sound) -> Track:
    """Return three sources, each between two neighbours of four loudspeakers."""
    quad = np.zeros((4, N_SAMPLES))
    for _ in range(3):
        first = int(rng.integers(4))
        angle_rad = rng.uniform(0.0, np.pi / 2.0)
        sound = make_sound(rng)
        quad[first] += np.cos(angle_rad) * sound
        quad[(first + 1) % 4] += np.sin(angle_rad) * sound
    return quad + 0.002 * rng.normal(size=quad.shape)


def panned_quad(rng: np.random.Generator) -> Track:
    return panned(rng, noise)


def panned_quad_of_talkers(rng: np.random.Generator) -> Track:
    return panned(rng, bursts)


def capsules(rng: np.random.Generator) -> Track:
    """Return the A-format of a tetrahedron of cardioids."""
    looks = np.array([[1, 1, 1], [-1, -1, 1], [1, -1, -1], [-1, 1, -1]]) / np.sqrt(3.0)
    w, y, z, x = scene(rng)
    return np.asarray(0.5 * (w + looks @ np.stack([y, z, x])))


def stereo_and_silence(rng: np.random.Generator) -> Track:
    silence = np.zeros(N_SAMPLES)
    return np.stack([bursts(rng), bursts(rng), silence, silence])


def one_channel_four_times(rng: np.random.Generator) -> Track:
    return np.stack([bursts(rng)] * 4)


def independent_noise(rng: np.random.Generator) -> Track:
    return np.stack([noise(rng) for _ in range(4)])


@pytest.mark.parametrize(
    "make",
    [
        independent_microphones,
        microphones_that_hear_each_other,
        independent_noise,
        panned_quad,
        capsules,
        stereo_and_silence,
        one_channel_four_times,
    ],
)
def test_what_is_no_field_is_never_taken_for_one(make: Maker) -> None:
    for seed in range(N_SEEDS):
        found = recognized(make(np.random.default_rng(seed)))
        assert found.verdict != "field"
        assert found.format is None
        assert found.reason


def test_talkers_panned_between_loudspeakers_are_never_taken_for_a_field() -> None:
    makes = range(24)
    found = [
        recognized(panned_quad_of_talkers(np.random.default_rng(k))) for k in makes
    ]
    assert [k for k in makes if found[k].format] == []


def test_a_lone_source_left_above_ahead_is_not_called_loudspeakers() -> None:
    # All its channels are in phase there; four equal loudspeakers look alike.
    field = encode(noise(np.random.default_rng(0)), Direction(-45.0, 35.0))
    assert recognized(field).verdict != "speakers"


def test_a_lone_source_elsewhere_is_a_field() -> None:
    field = encode(noise(np.random.default_rng(0)), Direction(100.0, -20.0))
    assert recognized(field).format == AMBIX


def test_diffuse_noise_alone_is_too_little_to_tell() -> None:
    found = recognized(diffuse(np.random.default_rng(0)))
    assert (found.verdict, found.format) == ("unknown", None)


def test_silence_is_unknown() -> None:
    found = recognized(np.zeros((4, N_SAMPLES)))
    assert (found.verdict, found.reason) == ("unknown", "its first channel is silent")


@pytest.mark.parametrize("n", [0, 1, 300])
def test_a_few_samples_are_too_short_to_tell(n: int) -> None:
    found = recognized(scene(np.random.default_rng(0))[:, :n])
    assert (found.verdict, found.reason) == ("unknown", "it is too short to tell")
