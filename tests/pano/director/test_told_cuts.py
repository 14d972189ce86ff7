"""Paths whose cuts a person tells: exactly there, and nowhere else."""

import numpy as np
import pytest

from pano.director.evidence import gather
from pano.director.plan import Brief, takes_from
from pano.director.wishes import CutRules, OneShot, Pin, Wishes
from pano.saliency_maps.saliency_map import SaliencyMap
from pano.sphere import Direction, grid_unit_vectors

HEIGHT, WIDTH, RATE_HZ = 30, 60, 5.0
CHANGE_S = 10.0  # here what sounds is suddenly somewhere else


def blob(units, yaw_deg):
    center = Direction(yaw_deg, 0.0).unit()
    return np.exp((units @ center - 1.0) / np.radians(8.0) ** 2)


@pytest.fixture(scope="module")
def evidence():
    units = grid_unit_vectors(HEIGHT, WIDTH)
    maps = []
    for k in range(100):
        yaw_deg = 0.0 if k / RATE_HZ < CHANGE_S else 150.0
        attention = 0.1 * blob(units, -110.0) + blob(units, yaw_deg)
        found = SaliencyMap.from_attention(
            attention,
            np.zeros((HEIGHT, WIDTH)),
            time_s=k / RATE_HZ,
            confidence=0.8,
            level_db=-20.0,
        )
        maps.append(found)
    return gather(maps, start=Direction(0.0, 0.0))


def planned(evidence, wishes=None, **rules):
    brief = Brief(cuts=CutRules(**rules), wishes=wishes or Wishes())
    (path,) = takes_from(evidence, brief)
    return path, list(path.time_s[path.cut])


def test_by_itself_the_camera_cuts_where_the_sound_changes(evidence):
    assert planned(evidence)[1] == pytest.approx([CHANGE_S], abs=0.2)


def test_a_cut_falls_on_the_very_moment_that_is_asked_for(evidence):
    path, cuts_s = planned(evidence, asked_s=(5.0123,))
    assert cuts_s[0] == pytest.approx(5.0123)
    assert path.at(5.0).yaw_deg == pytest.approx(0.0, abs=5.0)
    assert path.at(5.1).yaw_deg == pytest.approx(-110.0, abs=10.0)


def test_in_one_shot_the_camera_turns_instead_of_cutting(evidence):
    path, cuts_s = planned(evidence, one_shots=(OneShot(0.0, 19.0),))
    assert cuts_s == []
    assert path.at(18.0).yaw_deg == pytest.approx(150.0, abs=10.0)


@pytest.mark.parametrize("source_cuts_s", [(), (CHANGE_S,)])
def test_a_cut_is_moved_by_one_shot_and_a_cut_in_it(evidence, source_cuts_s):
    path, cuts_s = planned(
        evidence,
        source_cuts_s=source_cuts_s,
        one_shots=(OneShot(0.0, 19.0),),
        asked_s=(8.5,),
    )
    assert cuts_s == pytest.approx([8.5])
    assert path.at(8.6).yaw_deg == pytest.approx(150.0, abs=10.0)


@pytest.mark.parametrize("motion", ["calm", "normal", "lively"])
def test_a_pin_behind_a_cut_says_what_is_cut_to(evidence, motion):
    wishes = Wishes(pins=(Pin(5.8, Direction(-70.0, 0.0)),))
    rules = CutRules(asked_s=(5.0,))
    brief = Brief(motion=motion, cuts=rules, wishes=wishes)
    (path,) = takes_from(evidence, brief)
    assert path.at(4.9).yaw_deg == pytest.approx(0.0, abs=5.0)
    assert path.at(5.1).yaw_deg == pytest.approx(-70.0, abs=10.0)
    assert path.at(5.8).yaw_deg == pytest.approx(-70.0, abs=1.0)
