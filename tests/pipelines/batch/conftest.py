"""Processes that tests start find the tests, too, however the package is installed."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def findable_tests(monkeypatch):
    """Put the repository on the path of every process that is started."""
    known = [str(ROOT), str(ROOT / "pipelines"), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, known)))
