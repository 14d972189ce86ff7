"""Every kind of source in every coding is filmed as the sphere that it stores."""

import pytest

from tests.source_matrix import KINDS, Cell, cells, try_cell

# Coarse coding, two readings between pixels, and the rounding of 8 bits.
NEAR_DB = 45.0
FOUND_AS = {
    "two fisheyes (found by looking)": "dual-fisheye",
    "GoPro .360, two tracks": "gopro-max",
    "GoPro's two tracks": "gopro-max",
    "Insta360 .insv, one picture": "dual-fisheye",
    "Insta360 .insv, two tracks": "dual-fisheye",
    "Insta360 .insv, two files": "dual-fisheye",
    "DJI .osv": "dual-fisheye",
    "cubemap 3×2 (cbmp)": "cubemap-3x2",
    "VR180, fisheye (Apple)": "fisheye",
    "2:1 sphere between bars": "equirectangular",
}


def test_there_are_as_many_cells_as_the_documentation_says():
    assert len(cells()) == 125


@pytest.mark.parametrize("cell", cells(), ids=lambda cell: cell.words)
def test_a_source_is_filmed_as_its_sphere(cell: Cell, tmp_path):
    found = try_cell(cell, tmp_path)
    assert found.psnr_db > NEAR_DB
    assert found.is_hdr == (cell.coding.transfer is not None)
    assert found.bit_depth == (10 if "10" in cell.coding.pixel_format else 8)
    told = KINDS[cell.name].told[1].kind
    expected = FOUND_AS.get(cell.name, "equirectangular" if told is None else told)
    assert found.projection == expected
