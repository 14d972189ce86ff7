"""What a pose has in its picture, by hand for each lens."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pano.camera.lens import Lens
from pano.camera.pose import CameraPose
from pano.camera.viewport import Viewport
from pano.sphere import unit_vectors

AHEAD = (0.0, 0.0, 0.0)
AT_THE_EDGE = 1e-6  # nearer to the border than this, rounding decides

# Rectilinear, 90°, 2:1: half sides 1 and ½, so 45° aside and atan ½ = 26.57° above.
# Pannini, 200°, 1:1: half side 2 tan 50° = 2.3835, so 100° aside and, ahead,
# atan 2.3835 = 67.24° above; at 90° aside only atan(2.3835 / 2) = 50°.
# Stereographic, 300°, 1:1: half side 2 tan 75° = 7.464, so 150° aside and above, and
# 2 atan(7.464 √2 / 2) = 158.57° towards a corner; at 16:9 2 atan(tan 75° · 9/16) =
# 129.09° above. What is 150° above lies 30° over the horizon behind.
CASES = [
    (Lens.RECTILINEAR, 90.0, 2.0, AHEAD, [(44.9, 0), (0, 26.5), (-44, -10)], True),
    (Lens.RECTILINEAR, 90.0, 2.0, AHEAD, [(45.1, 0), (0, 26.7), (180, 0)], False),
    (Lens.RECTILINEAR, 90.0, 2.0, (170.0, 0.0, 0.0), [(-146, 0), (126, 0)], True),
    (Lens.RECTILINEAR, 90.0, 2.0, (0.0, 0.0, 90.0), [(26.5, 0), (0, 44.9)], True),
    (Lens.RECTILINEAR, 90.0, 2.0, (0.0, 0.0, 90.0), [(26.7, 0), (0, 45.1)], False),
    (Lens.RECTILINEAR, 90.0, 2.0, (0.0, 90.0, 0.0), [(90, 46), (0, 64)], True),
    (Lens.RECTILINEAR, 90.0, 2.0, (0.0, 90.0, 0.0), [(90, 44), (180, 63)], False),
    (Lens.PANNINI, 200.0, 1.0, AHEAD, [(99.9, 0), (0, 67.2), (90, 49.9)], True),
    (Lens.PANNINI, 200.0, 1.0, AHEAD, [(100.1, 0), (0, 67.3), (-90, 50.1)], False),
    (Lens.PANNINI, 200.0, 1.0, AHEAD, [(180, 0), (0, 90), (0, -90)], False),
    (Lens.PANNINI, 200.0, 1.0, (0.0, 0.0, 90.0), [(67.2, 0), (180, 80.1)], True),
    (Lens.PANNINI, 200.0, 1.0, (0.0, 0.0, 90.0), [(67.3, 0), (180, 79.9)], False),
    (Lens.PANNINI, 200.0, 1.0, (50.0, -90.0, 0.0), [(50, -23), (140, 9.9)], True),
    (Lens.PANNINI, 200.0, 1.0, (50.0, -90.0, 0.0), [(50, -22), (140, 10.1)], False),
    (Lens.STEREOGRAPHIC, 300.0, 1.0, AHEAD, [(149.9, 0), (180, 30.1), (0, 90)], True),
    (Lens.STEREOGRAPHIC, 300.0, 1.0, AHEAD, [(150.1, 0), (180, 29.9)], False),
    (Lens.STEREOGRAPHIC, 300.0, 1.0, AHEAD, [(180, 0), (-180, -20)], False),
    (Lens.STEREOGRAPHIC, 300.0, 16 / 9, AHEAD, [(149, 0), (180, 51)], True),
    (Lens.STEREOGRAPHIC, 300.0, 16 / 9, AHEAD, [(151, 0), (180, 50.8)], False),
    (Lens.STEREOGRAPHIC, 300.0, 16 / 9, (0.0, 0.0, 90.0), [(129, 0), (180, 31)], True),
    (Lens.STEREOGRAPHIC, 300.0, 16 / 9, (0.0, 0.0, 90.0), [(130, 0), (180, 29)], False),
    (Lens.STEREOGRAPHIC, 300.0, 1.0, (0.0, -90.0, 0.0), [(77, 59.9), (45, 68.5)], True),
    (Lens.STEREOGRAPHIC, 300.0, 1.0, (0.0, -90.0, 0.0), [(0, 90), (45, 68.6)], False),
]


@pytest.mark.parametrize(
    ("lens", "hfov_deg", "aspect", "turned_deg", "places_deg", "is_seen"), CASES
)
def test_each_lens_has_its_own_picture(
    lens, hfov_deg, aspect, turned_deg, places_deg, is_seen
):
    yaw_deg, pitch_deg, roll_deg = turned_deg
    pose = CameraPose(yaw_deg, pitch_deg, roll_deg, hfov_deg)
    units = unit_vectors(*np.array(places_deg, dtype=float).T)
    found = pose.sees(units, aspect=aspect, lens=lens)
    np.testing.assert_array_equal(found, is_seen)


@pytest.mark.parametrize("lens", [Lens.PANNINI, Lens.STEREOGRAPHIC])
@given(st.floats(-180, 180), st.floats(-90, 90), st.floats(1, 359))
def test_what_is_exactly_behind_is_never_seen(lens, yaw_deg, pitch_deg, hfov_deg):
    pose = CameraPose(yaw_deg, pitch_deg, hfov_deg=hfov_deg)
    assert not pose.sees(-pose.direction.unit(), aspect=1.0, lens=lens)


@pytest.mark.parametrize("lens", Lens)
@given(
    yaw_deg=st.floats(-400, 400),
    pitch_deg=st.floats(-90, 90),
    roll_deg=st.floats(-180, 180),
    hfov_deg=st.floats(5, 340),
)
def test_the_border_of_the_picture_is_where_seeing_ends(
    lens, yaw_deg, pitch_deg, roll_deg, hfov_deg
):
    pose = CameraPose(
        yaw_deg, pitch_deg, roll_deg, min(hfov_deg, lens.max_hfov_deg - 5)
    )
    for scale, is_seen in ((1.0 - AT_THE_EDGE, True), (1.0 + AT_THE_EDGE, False)):
        half = lens.half_width(pose.hfov_deg) * scale
        framed = CameraPose(yaw_deg, pitch_deg, roll_deg, lens.hfov_deg(half))
        border = Viewport(30, 20, lens).border(framed, n_per_side=8)
        found = pose.sees(border, aspect=1.5, lens=lens)
        np.testing.assert_array_equal(found, is_seen)


def test_a_field_of_view_the_lens_does_not_have_is_refused():
    with pytest.raises(ValueError, match="for a rectilinear lens"):
        CameraPose(0.0, 0.0, hfov_deg=200.0).sees(
            np.array([0.0, 0.0, 1.0]), aspect=1.0, lens=Lens.RECTILINEAR
        )
