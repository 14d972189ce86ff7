from __future__ import annotations

import numpy as np
import pytest

from pano.sphere import Direction, angle_between_deg
from pano_jobs.synthetic.landscape import panorama
from pano_jobs.synthetic.sprites import SourceKind, sprite
from pano_jobs.synthetic.synthesis import RMS, sound
from pano_jobs.synthetic.world import DrawnSource, DrawnWorld, default_world

KINDS = tuple(SourceKind)
RATE_HZ = 22_050


@pytest.mark.parametrize("kind", KINDS)
def test_a_sprite_is_the_same_for_the_same_seed_and_time(kind):
    np.testing.assert_array_equal(sprite(kind, 3, 0.4), sprite(kind, 3, 0.4))


@pytest.mark.parametrize("kind", KINDS)
def test_a_sprite_differs_by_seed_and_moves_with_time(kind):
    here = sprite(kind, 1, 0.0)
    assert np.any(here != sprite(kind, 2, 0.0))
    assert np.any(here != sprite(kind, 1, 0.3))


@pytest.mark.parametrize("kind", KINDS)
def test_a_sprite_has_an_opaque_middle_and_clear_corners(kind):
    alpha = sprite(kind, 5, 1.0)[..., 3]
    assert alpha.max() == 255
    assert 0.15 < (alpha > 128).mean() < 0.9
    assert alpha[0, 0] == alpha[0, -1] == 0


@pytest.mark.parametrize("kind", KINDS)
def test_a_sound_has_the_common_level_and_soft_ends(kind):
    wave = sound(kind, 7, 3.0, RATE_HZ)
    assert wave.dtype == np.float32
    assert wave.shape == (3 * RATE_HZ,)
    assert np.sqrt(np.mean(wave**2)) == pytest.approx(RMS, rel=0.05)
    assert np.abs(wave).max() <= 1.0
    assert max(abs(wave[0]), abs(wave[-1])) < 1e-3


@pytest.mark.parametrize("kind", KINDS)
def test_a_sound_is_the_same_for_the_same_seed_and_differs_by_seed(kind):
    first = sound(kind, 1, 0.5)
    np.testing.assert_array_equal(first, sound(kind, 1, 0.5))
    assert np.any(first != sound(kind, 2, 0.5))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rate_hz", [8_000, 48_000])
def test_a_sound_can_be_had_at_any_rate(kind, rate_hz):
    wave = sound(kind, 1, 0.25, rate_hz)
    assert wave.shape == (rate_hz // 4,)
    assert np.all(np.isfinite(wave))


def test_a_sound_of_no_length_is_refused():
    with pytest.raises(ValueError, match="duration_s"):
        sound(SourceKind.BELL, 0, 0.0)


def test_kinds_differ_in_where_their_energy_lies():
    # An alarm clock rings above 1.5 kHz; a church bell's partials lie below it.
    def share_above_1500_hz(kind):
        power = np.abs(np.fft.rfft(sound(kind, 11, 2.0, RATE_HZ))) ** 2
        return power[2 * 1500 :].sum() / power.sum()

    assert share_above_1500_hz(SourceKind.ALARM_CLOCK) > 0.9
    assert share_above_1500_hz(SourceKind.BELL) < 0.5


@pytest.mark.parametrize("seed", range(4))
def test_a_landscape_has_no_seam(seed):
    picture = panorama(seed, 512, 256).astype(float)
    steps = np.abs(np.diff(picture, axis=1)).mean(axis=(0, 2))
    across_the_seam = np.abs(picture[:, 0] - picture[:, -1]).mean()
    assert across_the_seam <= steps.max()


@pytest.mark.parametrize("row", [0, -1])
def test_a_landscape_is_even_at_the_poles(row):
    # The outermost row is one point of the sphere, seen 512 times.
    around = panorama(2, 512, 256)[row].astype(float)
    assert around.std(axis=0).max() < 6.0


def test_the_vehicle_sounds_on_both_sides_of_the_seam():
    world = default_world()
    before, after = world.truth(8.0), world.truth(13.0)
    assert len(before) == len(after) == 1
    assert 90.0 < before[0].yaw_deg < 180.0
    assert -180.0 <= after[0].yaw_deg < -90.0
    assert angle_between_deg(before[0], after[0]) < 60.0


def test_in_the_demo_three_kinds_sound_in_turn_and_never_together():
    world = default_world(5)
    times_s = np.arange(0.0, world.duration_s, 0.25)
    assert all(len(world.truth(float(t))) <= 1 for t in times_s)
    assert world.truth(0.0) == ()
    assert sum(bool(source.sounding) for source in world.sources) == 3


def test_the_track_is_silent_exactly_when_nothing_sounds():
    world = default_world(duration_s=10.0)
    track = world.sound(sample_rate_hz=RATE_HZ)
    assert track.shape == (10 * RATE_HZ,)
    for time_s in np.arange(0.1, 9.9, 0.1):
        around = {bool(world.truth(float(time_s + step))) for step in (-0.05, 0.05)}
        piece = track[round((time_s - 0.02) * RATE_HZ) :][: round(0.04 * RATE_HZ)]
        if len(around) == 1:  # not at the edge of a sounding
            assert bool(np.any(piece != 0.0)) in around


def test_a_source_is_painted_where_the_truth_says():
    there = Direction(-175.0, -5.0)
    source = DrawnSource(SourceKind.BELL, 1, there, 30.0, ((0.0, 1.0),))
    with_it = DrawnWorld(0, 1.0, (source,)).frame(0.0, width_px=360).astype(int)
    without = DrawnWorld(0, 1.0, ()).frame(0.0, width_px=360)
    rows, columns = np.nonzero(np.abs(with_it - without).sum(axis=2) > 30)
    turned = (columns + 180) % 360 - 180  # the seam in the middle
    assert turned.mean() == pytest.approx(5.0, abs=3.0)
    assert rows.mean() == pytest.approx(95.0, abs=4.0)


def test_a_world_draws_the_same_frame_again():
    world = default_world(3)
    first = world.frame(2.0, width_px=240)
    world.frame(4.0, width_px=240)
    np.testing.assert_array_equal(first, world.frame(2.0, width_px=240))


def test_a_world_without_time_is_refused():
    with pytest.raises(ValueError, match="duration_s"):
        DrawnWorld(0, 0.0, ())


def test_a_sounding_that_ends_before_it_starts_is_refused():
    with pytest.raises(ValueError, match="interval"):
        DrawnSource(SourceKind.FIRE, 0, Direction(0.0, 0.0), 10.0, ((2.0, 1.0),))
