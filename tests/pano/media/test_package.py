import types

import pytest

import pano.media


def test_the_list_of_names_is_exact() -> None:
    assert sorted(pano.media.__all__) == sorted(pano.media._HOMES)


@pytest.mark.parametrize("name", pano.media.__all__)
def test_no_module_hides_a_name(name: str) -> None:
    """A submodule is an attribute once imported, and would be found instead."""
    assert not isinstance(getattr(pano.media, name), types.ModuleType)
