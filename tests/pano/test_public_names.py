"""`from pano import …` is all that a program needs, and costs nothing until used."""

import subprocess
import sys

import pytest

import pano

HEAVY = {"numpy", "scipy", "cv2", "av", "torch", "matplotlib", "pano_jobs"}


def loaded_by(statement: str) -> set[str]:
    code = f"import sys; {statement}; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


@pytest.mark.parametrize("name", pano.__all__)
def test_every_public_name_is_found_and_documented(name: str) -> None:
    assert getattr(pano, name).__doc__


def test_the_list_of_names_is_exact() -> None:
    assert pano.__all__ == sorted(pano._HOMES)
    assert set(pano.__all__) <= set(dir(pano))


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'pann'"):
        _ = pano.pann


def test_importing_the_package_loads_nothing_heavy() -> None:
    assert not loaded_by("import pano") & HEAVY


def test_importing_a_job_loads_no_network() -> None:
    slow = {"torch", "openvino", "matplotlib", "scipy.signal", "scipy.fft"}
    assert not loaded_by("from pano import pan") & slow
