from dataclasses import replace

import numpy as np
import pytest

from pano.camera.lens import Lens
from pano.camera.path import CameraPose
from pano.camera.viewport import Viewport
from pano.director.viewing.view_grid import ViewGrid
from pano.saliency_maps.saliency_map import SaliencyMap, view_coverage
from pano.sphere import Direction, cell_solid_angles_sr, grid_unit_vectors

N_PITCHES = 15
SHAPE = (30, 60)
AHEAD = Direction(0.0, 0.0)


def grid_of(*hfov_deg, start=AHEAD, shape=SHAPE) -> ViewGrid:
    return ViewGrid.around(start, shape, hfov_deg=hfov_deg, aspect=1.5)


def test_columns_of_the_grid_are_whole_cells_apart() -> None:
    for width in (60, 72, 61, 7):
        grid = grid_of(65.5, shape=(8, width))
        assert grid.worth.shape == (1, len(grid.units), 8 * width)
        assert len(grid.units) % N_PITCHES == 0
    assert len(grid_of(65.5).units) == N_PITCHES * 30


def test_a_rolled_footprint_is_the_footprint_of_the_turned_view() -> None:
    one, other = grid_of(65.5), grid_of(65.5, start=Direction(24.0, 0.0))
    np.testing.assert_allclose(
        other.worth.reshape(N_PITCHES, 30, -1)[:, 0],
        one.worth.reshape(N_PITCHES, 30, -1)[:, 2],
        atol=1e-6,
    )


def test_footprints_have_the_solid_angle_of_the_lens_even_at_the_poles() -> None:
    # A pyramid of half angles a and b covers 4·asin(sin a · sin b).
    grid = grid_of(50.0, 90.0)
    cells_sr = np.broadcast_to(cell_solid_angles_sr(*SHAPE), SHAPE).ravel()
    for lens, hfov_deg in enumerate((90.0, 50.0)):
        half = np.radians(hfov_deg) / 2.0
        above = np.arctan(np.tan(half) / 1.5)
        exact_sr = 4.0 * np.arcsin(np.sin(half) * np.sin(above))
        found_sr = grid.coverage[lens] @ cells_sr
        np.testing.assert_allclose(found_sr, exact_sr, rtol=0.02)


@pytest.mark.parametrize("hfov_deg", [120.0, 220.0, 300.0])
def test_a_stereographic_footprint_has_its_solid_angle(hfov_deg) -> None:
    pose = CameraPose(40.0, -30.0, hfov_deg=hfov_deg)
    lens = Lens.STEREOGRAPHIC
    cells_sr = cell_solid_angles_sr(*SHAPE)
    found_sr = np.sum(view_coverage(SHAPE, pose, aspect=1.5, lens=lens) * cells_sr)
    n = 600
    x, y = Viewport(n, round(n / 1.5), lens).plane(hfov_deg)
    stretch = 1.0 / (1.0 + (x[None, :] ** 2 + y[:, None] ** 2) / 4.0) ** 2
    exact_sr = stretch.sum() * (x[1] - x[0]) ** 2
    assert found_sr == pytest.approx(exact_sr, rel=0.02)


def test_every_lens_finds_its_own_rays_again() -> None:
    for lens in Lens:
        viewport = Viewport(33, 21, lens)
        x, y = viewport.plane(100.0)
        rays = viewport.rays(CameraPose(0.0, 0.0, hfov_deg=100.0))
        plane_x, plane_y = lens.plane(*np.moveaxis(rays, -1, 0))
        np.testing.assert_allclose(
            plane_x, np.broadcast_to(x, plane_x.shape), atol=1e-9
        )
        np.testing.assert_allclose(
            plane_y, np.broadcast_to(y[:, None], plane_y.shape), atol=1e-9
        )


def test_through_one_lens_only_the_share_counts() -> None:
    grid = grid_of(65.5)
    worth = grid.worth / np.maximum(grid.coverage, 1e-6)
    assert worth[grid.coverage > 0.5].max() == pytest.approx(1.0, abs=0.01)


def best_lens_deg(spread_deg) -> float:
    units = grid_unit_vectors(*SHAPE)
    blob = np.exp((units @ AHEAD.unit() - 1.0) / np.radians(spread_deg) ** 2)
    found = SaliencyMap.from_attention(
        blob, blob, time_s=0.0, confidence=1.0, level_db=-20.0
    )
    grid = grid_of(40.0, 60.0, 90.0)
    best = grid.shown(found.masses()[None])[0].max(axis=1)
    return float(grid.hfov_deg[np.argmax(best)])


def test_a_small_source_is_worth_a_narrow_lens_and_a_wide_one_a_wide_lens() -> None:
    assert best_lens_deg(5.0) == 40.0
    assert best_lens_deg(30.0) == 90.0


def test_what_a_view_shows_is_the_mass_in_it_less_bad_framing() -> None:
    rng = np.random.default_rng(0)
    masses = rng.random((1, *SHAPE)) * cell_solid_angles_sr(*SHAPE)
    grid = grid_of(65.5)
    coverage = view_coverage(
        SHAPE, CameraPose(0.0, 0.0), aspect=1.5, lens=Lens.RECTILINEAR
    )
    exact = float(np.sum(masses * coverage))
    ahead = int(np.argmax(grid.units @ AHEAD.unit()))
    shown = replace(grid, worth=grid.coverage).shown(masses)
    assert shown[0, 0, ahead] == pytest.approx(exact, rel=1e-5)
    assert 0.6 * exact < grid.shown(masses)[0, 0, ahead] < exact
