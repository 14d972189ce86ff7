import pytest


@pytest.fixture(autouse=True)
def _few_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take 50 resamples for each of the many figures; 1,000 would take a minute."""
    monkeypatch.setattr("soundloc.scoring.intervals._N_BOOTSTRAPS", 50)
