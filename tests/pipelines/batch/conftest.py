"""Processes that tests start find the tests, too, however the package is installed."""

import os
from pathlib import Path

import pytest

from tests.fake_localizer import RedLocalizer

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def findable_tests(monkeypatch):
    """Put the repository on the path of every process that is started."""
    known = [str(ROOT), str(ROOT / "pipelines"), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, known)))


@pytest.fixture
def hearing(monkeypatch):
    """Let the jobs hear what is red; return the localizers that were asked for."""
    asked: list[RedLocalizer] = []

    def load(*_):
        asked.append(RedLocalizer())
        return asked[-1]

    monkeypatch.setattr("pano_jobs.analysis.audio_track.load_localizer", load)
    return asked
