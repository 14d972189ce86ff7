from pathlib import Path

import cv2
import numpy as np
import pytest
from scipy.io import wavfile

from pano_jobs.datasets.compose import ScenePainter
from pano_jobs.datasets.material import read_material
from pano_jobs.datasets.prepare import PrepareSettings, prepare
from soundloc.audit.inspection import inspect_pairs
from soundloc.data.pairs import SoundEntry, read_pair_set, read_sound
from soundloc.errors import DatasetError
from tests.pipelines.datasets.test_material import write_material


@pytest.fixture
def material(tmp_path: Path) -> Path:
    (tmp_path / "material").mkdir()
    return write_material(tmp_path / "material")


@pytest.fixture(autouse=True)
def _few_drawn_sounds(monkeypatch: pytest.MonkeyPatch) -> None:
    few = dict.fromkeys(("train", "validation", "test"), 1)
    monkeypatch.setattr("pano_jobs.datasets.prepare._N_DRAWN_SOUNDS", few)


def test_material_becomes_a_pair_set(material: Path, tmp_path: Path) -> None:
    target = tmp_path / "pairs"
    result = prepare(PrepareSettings(material, target, n_scenes=10, n_photographs=2))
    pairs = read_pair_set(target)
    assert len(pairs.pictures) == result.n_pictures == 10 + 1 + 1
    assert {"fire", "bell", "siren", "water", "clock"} <= set(pairs.kinds())
    for entry in pairs.pictures:
        assert entry.wrap
        assert entry.objects
        image = cv2.imread(str(target / entry.picture))
        assert image.shape == (480, 960, 3)
    for sound in pairs.sounds:
        assert len(read_sound(target / sound.sound)) > 1000


@pytest.mark.slow
def test_the_same_seed_prepares_the_same_set(material: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for target in (first, second):
        prepare(PrepareSettings(material, target, n_scenes=10, n_photographs=0, seed=4))
    assert read_pair_set(first).pictures == read_pair_set(second).pictures
    for name in ("pictures/train-00003.jpg", "sounds/drawn-bell-0.wav"):
        assert (first / name).read_bytes() == (second / name).read_bytes()


def test_a_pair_set_is_not_written_over(material: Path, tmp_path: Path) -> None:
    settings = PrepareSettings(material, tmp_path / "pairs", 10, 0)
    prepare(settings)
    with pytest.raises(DatasetError, match="already holds"):
        prepare(settings)


def test_a_composed_set_has_no_fault(material: Path, tmp_path: Path) -> None:
    prepare(PrepareSettings(material, tmp_path / "pairs", 10, 2))
    assert inspect_pairs(tmp_path / "pairs").n_faults == 0


def test_sounds_that_cannot_be_used_are_named(material: Path, tmp_path: Path) -> None:
    bad = material / "sounds" / "dog" / "esc50__1-999-A.ogg"
    bad.write_text("404")
    mute = material / "sounds" / "dog" / "esc50__1-998-A.ogg"
    wavfile.write(mute, 22_050, np.zeros(2000, np.int16))
    result = prepare(PrepareSettings(material, tmp_path / "pairs", 10, 0))
    left_out = {left.reason: left.names for left in result.left_out}
    assert left_out["silent"] == (str(mute),)
    assert left_out["corrupt sound"][0].startswith(str(bad))


def test_a_scene_shows_the_kinds_it_was_asked_for(material: Path) -> None:
    painter = ScenePainter(
        read_material(material), [SoundEntry("a", "fire", "train", "a")], "train"
    )
    _, objects = painter.scene(np.random.default_rng(0), kinds=["fire", "bell"])
    assert {placed.kind for placed in objects} == {"fire", "bell"}


@pytest.mark.slow
def test_apes_are_marked_and_answer_to_no_sound(material: Path, tmp_path: Path) -> None:
    prepare(PrepareSettings(material, tmp_path / "pairs", 40, 0))
    pairs = read_pair_set(tmp_path / "pairs")
    shown = [{o.kind for o in p.objects} for p in pairs.pictures]
    assert 0.1 < sum("ape" in kinds for kinds in shown) / len(shown) < 0.3
    assert "ape" not in {s.kind for s in pairs.sounds}


def test_related_kinds_are_not_pasted_together(material: Path) -> None:
    painter = ScenePainter(read_material(material), [], "train")
    for seed in range(8):
        _, objects = painter.scene(np.random.default_rng(seed))
        kinds = {placed.kind for placed in objects}
        assert not {"bell", "clock"} <= kinds
