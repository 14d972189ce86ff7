import numpy as np
import pytest

from pano.ambisonics.heard_directions import FieldEvidence, HeardSource
from pano.sphere import Direction, great_circle_deg, grid_unit_vectors
from pano_jobs.datasets.sources.places import BOX_DEG, box_around, sure_direction
from soundloc.scoring.truth import box_map

HEIGHT_PX, WIDTH_PX = 180, 360
AHEAD = Direction(0.0, 0.0)


def evidence(directness: float, *shares: float) -> FieldEvidence:
    flat = np.full((30, 60), 0.25 / np.pi, np.float32)
    sources = tuple(HeardSource(Direction(10.0, 0.0), share) for share in shares)
    return FieldEvidence(flat, directness, sources)


def test_a_box_ahead_is_a_square_in_the_middle() -> None:
    half = BOX_DEG / 2.0
    expected = (0.5 - half / 360, 0.5 - half / 180, 0.5 + half / 360, 0.5 + half / 180)
    assert box_around(AHEAD) == pytest.approx(expected)


def test_a_box_lies_to_the_right_and_above_where_the_direction_does() -> None:
    x0, y0, x1, y1 = box_around(Direction(90.0, 45.0))
    assert (x0 + x1) / 2 == pytest.approx(0.75)
    assert (y0 + y1) / 2 == pytest.approx(0.25)


def test_a_box_across_the_seam_begins_at_the_right() -> None:
    x0, _, x1, _ = box_around(Direction(178.0, 0.0))
    assert x0 == pytest.approx(1.0 - 14.0 / 360)
    assert x1 == pytest.approx(10.0 / 360)


def test_a_box_that_ends_at_the_seam_ends_at_the_edge() -> None:
    assert box_around(Direction(-12.0, 0.0), size_deg=24.0)[2] == pytest.approx(0.5)
    assert box_around(Direction(135.0, 0.0), size_deg=90.0)[2] == pytest.approx(1.0)


@pytest.mark.parametrize("pitch_deg", [-90.0, -79.0, 79.0, 90.0])
def test_a_box_that_holds_a_pole_is_as_wide_as_the_picture(pitch_deg: float) -> None:
    x0, y0, x1, y1 = box_around(Direction(33.0, pitch_deg))
    assert (x0, x1) == (0.0, 1.0)
    assert 0.0 <= y0 < y1 <= 1.0
    assert y0 == 0.0 if pitch_deg > 0 else y1 == 1.0


@pytest.mark.parametrize("yaw_deg", [0.0, 179.0, -100.0])
@pytest.mark.parametrize("pitch_deg", [0.0, 50.0, -70.0, 77.0])
def test_a_box_bounds_the_disc_around_its_direction(
    yaw_deg: float, pitch_deg: float
) -> None:
    direction = Direction(yaw_deg, pitch_deg)
    angle_deg = great_circle_deg(
        grid_unit_vectors(HEIGHT_PX, WIDTH_PX), direction.unit()
    )
    disc = angle_deg < BOX_DEG / 2.0
    found = box_map([box_around(direction)], height_px=HEIGHT_PX, width_px=WIDTH_PX)
    # Edges are truncated: a column or a row may be lost.
    assert (disc & ~found).sum() <= 0.03 * disc.sum()
    # Nothing wider: rows and columns at its edges hold something of the disc.
    assert found.any(axis=0).sum() <= disc.any(axis=0).sum() + 2
    assert found.any(axis=1).sum() <= disc.any(axis=1).sum() + 2


@pytest.mark.parametrize(
    ("directness", "shares", "is_sure"),
    [
        (0.5, (0.9,), True),
        (0.5, (0.7, 0.3), True),
        (0.5, (0.6, 0.4), False),
        (0.03, (0.9,), False),
        (0.0, (), False),
    ],
)
def test_only_what_is_sure_and_alone_is_a_direction(
    directness: float, shares: tuple[float, ...], is_sure: bool
) -> None:
    found = sure_direction(evidence(directness, *shares))
    assert found == (Direction(10.0, 0.0) if is_sure else None)
