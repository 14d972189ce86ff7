from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from pano_jobs.cli.learning.sweep import sweep as command
from pano_jobs.training.presets import PRESETS, Supervision
from pano_jobs.training.sweep.folds import refold
from pano_jobs.training.sweep.job import SweepSettings, sweep
from pano_jobs.training.sweep.report import SweepResult, figures, table, write
from pano_jobs.training.sweep.variants import Over, variants
from soundloc.data.pairs import read_pair_set
from soundloc.errors import DatasetError
from soundloc.evaluation.reporting.figures import figures_of
from soundloc.evaluation.reporting.seeds import over_seeds, paired_over_seeds
from soundloc.inference.torch_engine import TorchEngine
from soundloc.network.model import SoundLocalizationNet
from tests.pipelines.humming_squares import draw_humming_squares

STRONG = PRESETS["strong"].with_heads(1)  # as sweeps have it


@pytest.fixture(autouse=True)
def _trunks_at_random(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(self: SoundLocalizationNet, *, soundnet_path: Path | None = None) -> None:
        for trunk in (self.sound.trunk, self.visual.trunk):
            torch.manual_seed(3)
            for parameter in trunk.parameters():
                if parameter.ndim > 1:
                    torch.nn.init.kaiming_normal_(parameter)

    monkeypatch.setattr(SoundLocalizationNet, "load_pretrained_trunks", load)
    # Compiling would take longer than all there is to see.
    monkeypatch.setattr("pano_jobs.training.sweep.job.choose_engine", TorchEngine)


@pytest.fixture
def settings(tmp_path: Path) -> SweepSettings:
    pairs = draw_humming_squares(tmp_path / "pairs", n_pictures=6)
    return SweepSettings(
        pairs, tmp_path / "sweep", Over.SUPERVISION, "light", n_seeds=2, n_steps=2
    )


@pytest.mark.slow
def test_a_sweep_trains_every_row_and_is_not_repeated(
    settings: SweepSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = sweep(settings)
    assert [row.name for row in first] == [
        "semi-supervised",
        "supervised",
        "unsupervised",
        "semi-supervised, two teachers",
        "supervised, all labels",
    ]
    assert all(len(row.runs) == 2 for row in first)

    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("it trained again")

    monkeypatch.setattr("pano_jobs.training.sweep.job.fit", refuse)
    again = sweep(settings)
    for a, b in zip(first, again, strict=True):
        for x, y in zip(a.runs, b.runs, strict=True):
            assert np.array_equal(x.pointing, y.pointing, equal_nan=True)
            assert x.objects == y.objects


@pytest.mark.slow
def test_a_sweep_writes_its_table_and_plot(settings: SweepSettings) -> None:
    swept = sweep(replace(settings, over=Over.WEIGHTS, n_seeds=1))
    found = figures(swept)
    result = SweepResult(settings.target, "weights", "test", 1, found)
    write(result)
    words = (settings.target / "weights.md").read_text()
    assert words.count("unsupervised") == 4
    assert (settings.target / "weights.png").stat().st_size > 5_000
    assert table(found) in words
    assert len({f.figure for f in found}) >= 3
    assert found[0].gap is None
    assert found[-1].gap is not None


@pytest.mark.slow
def test_a_gap_over_seeds_is_the_mean_of_the_gaps(settings: SweepSettings) -> None:
    first, second, *_ = sweep(settings)
    (pointing,) = [f for f in figures_of(first.runs[0]) if f.name == "pointing"]
    mine = [pointing.value(run) for run in first.runs]
    theirs = [pointing.value(run) for run in second.runs]
    gap = paired_over_seeds(pointing, first.runs, second.runs)
    assert gap.mean == pytest.approx(np.mean(theirs) - np.mean(mine))
    assert gap.low <= gap.mean <= gap.high
    mean = over_seeds(pointing, first.runs)
    assert mean.mean == pytest.approx(np.mean(mine))
    same = paired_over_seeds(pointing, first.runs, first.runs)
    assert (same.low, same.mean, same.high) == (0.0, 0.0, 0.0)


@pytest.mark.slow
def test_the_command_makes_a_table(settings: SweepSettings) -> None:
    told = ["--over", "labels", "-o", str(settings.target), "--seeds", "1"]
    told += ["--steps", "1", "--preset", "paper", "--quiet"]
    found = CliRunner().invoke(command, [str(settings.pair_set), *told])
    assert found.exit_code == 0, found.output
    assert "3% labelled" in (settings.target / "labels.md").read_text()


def test_every_ingredient_is_left_out_once() -> None:
    rows = variants(Over.INGREDIENTS, STRONG)
    recipes = [row.preset for row in rows]
    assert [row.name for row in rows[:3]] == ["ours", "paper", "paper, our optimiser"]
    changed = [row for row in rows[1:] if row.has_adapted_eye]
    assert len(changed) == len(rows) - 2
    assert all(row.preset != STRONG for row in changed)
    assert len({(repr(row.preset), row.has_adapted_eye) for row in rows}) == len(rows)
    assert any(r.config.picture_scale == 1.0 for r in recipes[3:])
    alike = replace(STRONG.config, sound_pooling="mean")
    assert sum(r.config == alike for r in recipes) == 1
    weights = STRONG.training.objective.weights
    in_use = [n for n in weights.__dataclass_fields__ if getattr(weights, n) > 0.0]
    for name in in_use:
        lacking = [
            r for r in recipes[3:] if getattr(r.training.objective.weights, name) == 0.0
        ]
        assert len(lacking) == 1


def test_more_labels_keep_the_recipe() -> None:
    rows = variants(Over.LABELS, STRONG)
    semi = [row for row in rows if row.name.startswith("semi")]
    assert [row.label_share for row in semi] == sorted(r.label_share for r in semi)
    assert all(not row.preset.has_teachers for row in rows)
    sole = STRONG.with_supervision(Supervision.SUPERVISED).training
    assert all(r.preset.training == sole for r in rows if r.name.startswith("sup"))


def test_folds_exclude_each_other_and_keep_sources_together(tmp_path: Path) -> None:
    pairs = read_pair_set(
        draw_humming_squares(
            tmp_path / "pairs", n_pictures=40, source="clip{split}{number}"
        )
    )
    tested = []
    for fold in range(3):
        folded = refold(pairs, fold, 3)
        by_split = {
            split: {p.source for p in folded.pictures if p.split == split}
            for split in ("train", "validation", "test")
        }
        assert not by_split["train"] & by_split["test"]
        assert by_split["validation"] == {f"clipvalidation{n}" for n in range(40)}
        tested.append(by_split["test"])
    assert all(tested)
    assert not tested[0] & tested[1] | tested[1] & tested[2] | tested[0] & tested[2]


def test_composed_pictures_have_no_folds(tmp_path: Path) -> None:
    folder = draw_humming_squares(tmp_path / "pairs", source="composed:{number}")
    with pytest.raises(DatasetError, match="need"):
        refold(read_pair_set(folder), 0, 3)
