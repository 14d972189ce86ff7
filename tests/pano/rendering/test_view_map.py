from __future__ import annotations

import numpy as np
import pytest

from pano.camera.lens import Lens
from pano.camera.path import CameraPose
from pano.camera.viewport import Viewport
from pano.equirect.planes import CENTRE, LEFT
from pano.rendering.view_map import CELL_PX, Mesh, ViewMap, draw_lines
from pano.sphere import angles_deg_to_pixel, to_angles_deg

SOURCE = (960, 1920)
# Lines are off by 1/64 pixel, single precision by 1/1000.
MAX_ERROR_PX = 1.0 / 64.0 + 1e-3
VIEWS = (
    (Viewport(640, 360), CameraPose(171.3, 5.0)),
    (Viewport(640, 360), CameraPose(171.3, 75.0, 10.0, 90.0)),
    (Viewport(333, 217), CameraPose(-20.0, -40.0, 0.0, 120.0)),
    (Viewport(400, 400, Lens.STEREOGRAPHIC), CameraPose(0.0, -90.0, 0.0, 300.0)),
    (Viewport(640, 200, Lens.PANNINI), CameraPose(90.0, 0.0, 0.0, 200.0)),
)


def whole_map(view_map, viewport, *, factor=1):
    """Return the columns and rows of a whole view; each pixel exactly once."""
    shape = viewport.height_px, viewport.width_px
    columns, rows = np.full(shape, np.nan), np.full(shape, np.nan)
    for block in view_map.blocks():
        assert (block.level, block.factor) == (0, factor)
        place = tuple(
            slice(first * CELL_PX, last * CELL_PX)
            for first, last in (block.rows, block.columns)
        )
        target = columns[place]
        assert np.isnan(target).all()
        x, y = draw_lines(view_map.nodes(block), block)
        target[:] = x[: target.shape[0], : target.shape[1]]
        rows[place] = y[: target.shape[0], : target.shape[1]]
    return columns, rows


@pytest.mark.parametrize(("viewport", "pose"), VIEWS, ids=str)
def test_the_map_is_as_true_as_it_says(viewport, pose):
    view_map = ViewMap(viewport, pose, SOURCE, antialias=False)
    columns, rows = whole_map(view_map, viewport)
    true_x, true_y = angles_deg_to_pixel(
        *to_angles_deg(viewport.rays(pose)), SOURCE[1], SOURCE[0]
    )
    off = (columns + view_map.column - true_x + 960.0) % 1920.0 - 960.0
    # A column near a pole is narrow: what counts is how far off it is on the sphere.
    off *= np.cos((true_y + 0.5) / SOURCE[0] * np.pi - np.pi / 2.0)
    assert np.abs(off).max() < MAX_ERROR_PX
    assert np.abs(rows - true_y).max() < MAX_ERROR_PX


def test_an_ordinary_view_is_one_block_drawn_by_lines():
    view_map = ViewMap(Viewport(640, 360), CameraPose(10.0, 5.0), SOURCE)
    (block,) = view_map.blocks()
    assert block.mesh is Mesh.CELLS


def test_at_a_pole_every_sample_is_computed():
    view_map = ViewMap(Viewport(640, 360), CameraPose(0.0, 90.0), SOURCE)
    meshes = {block.mesh for block in view_map.blocks()}
    assert meshes == {Mesh.PIXELS, Mesh.SAMPLES}


def test_a_little_planet_reads_its_middle_from_a_halved_source():
    viewport = Viewport(640, 640, Lens.STEREOGRAPHIC)
    view_map = ViewMap(viewport, CameraPose(0.0, -90.0, 0.0, 320.0), (1920, 3840))
    levels = {block.level for block in view_map.blocks()}
    assert len(levels) > 1


def test_colours_sited_at_the_left_see_a_quarter_further_to_the_left():
    viewport, pose = Viewport(320, 180), CameraPose(0.0, 0.0)
    centred, left = (
        whole_map(ViewMap(viewport, pose, (480, 960), siting=siting), viewport)[0]
        for siting in (CENTRE, LEFT)
    )
    # A pixel of the view is 2·tan 32.75°/320 · 960/2π = 0.614 of the source: a
    # quarter of it to the left, counted from samples a quarter to the left themselves.
    moved = (left - centred)[90, 160]
    assert moved == pytest.approx(0.25 - 0.25 * 0.614, abs=2e-3)


def test_large_views_are_cut_into_strips(monkeypatch):
    monkeypatch.setattr("pano.rendering.view_map._BLOCK_SAMPLES", 640 * CELL_PX)
    viewport = Viewport(640, 360)
    view_map = ViewMap(viewport, CameraPose(10.0, 5.0), SOURCE)
    assert len(list(view_map.blocks())) == 360 // CELL_PX
    assert np.isfinite(whole_map(view_map, viewport)).all()
