"""Parts of the sphere, read straight from their pixels."""

import numpy as np
import pytest

from pano.camera.pose import CameraPose
from pano.equirect.layouts import SphereBounds
from pano.projections.partial_equirect import partial_equirect
from pano.rendering.part_reading import EquirectReader
from pano.rendering.renderer import ViewportRenderer
from tests import stored_pictures as stored

WIDTH, HEIGHT = 960, 480
PARTS = {
    "half": (0.25, 0.0, 0.25, 0.0),
    "window": (0.125, 0.125, 0.125, 0.25),
    "belt": (0.0, 0.1, 0.0, 0.2),
    "at one side": (0.3, 0.1, 0.1, 0.2),
}
ROUNDING = 1


def part_of_sphere(name):
    bounds = SphereBounds(*PARTS[name])
    width_px = round(WIDTH * bounds.width_share)
    height_px = round(HEIGHT * bounds.height_share)
    picture = stored.equirect(width_px, height_px, PARTS[name])
    return picture, partial_equirect(width_px, height_px, bounds)


@pytest.mark.parametrize("name", PARTS)
def test_a_part_lies_in_its_place_and_nothing_around_it(name):
    picture, sphere = part_of_sphere(name)
    whole = EquirectReader(sphere).read(picture, WIDTH, HEIGHT)
    x0, y0, x1, y1 = SphereBounds(*PARTS[name]).rectangle(WIDTH, HEIGHT)
    seen = np.zeros((HEIGHT, WIDTH), bool)
    seen[y0:y1, x0:x1] = True
    off = whole.astype(int) - np.where(seen[..., None], stored.equirect(960, 480), 0)
    # The border is one pixel soft.
    rim = np.zeros_like(seen)
    rim[max(y0 - 1, 0) : y1 + 1, max(x0 - 1, 0) : x1 + 1] = True
    rim[y0 + 1 : y1 - 1, x0 + 1 : x1 - 1] = False
    assert np.abs(off[~rim]).max() <= ROUNDING
    assert sphere.equirect_size_px == (WIDTH, HEIGHT)


@pytest.mark.parametrize(
    ("name", "yaw_deg"), [("half", 20.0), ("belt", 178.0), ("at one side", 90.0)]
)
def test_a_view_of_a_part_is_that_of_the_sphere(name, yaw_deg):
    picture, sphere = part_of_sphere(name)
    pose = CameraPose(yaw_deg, 5.0, 0.0, 60.0)
    view = ViewportRenderer(160, 90, sphere=sphere).render(picture, pose)
    whole = ViewportRenderer(160, 90).render(stored.equirect(WIDTH, HEIGHT), pose)
    assert np.abs(view.astype(int) - whole).max() <= ROUNDING
