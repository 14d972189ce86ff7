from __future__ import annotations

import json
import re

import pytest
from click.testing import CliRunner

from pano_jobs.cli import main
from tests.synthetic import Clip, write_clip

HOSTILE = "a </script><b>"


@pytest.fixture
def films(tmp_path):
    for clip in ("market", "station"):
        for director in ("autocam", "ours"):
            folder = tmp_path / "films" / clip
            folder.mkdir(parents=True, exist_ok=True)
            write_clip(folder / f"{director}.mp4", Clip(n_pictures=5))
    return tmp_path / "films"


def run(*words: object):
    return CliRunner().invoke(main, [str(word) for word in ("study", *words)])


def test_a_study_hides_whose_films_are_shown(films, tmp_path):
    page = tmp_path / "study.html"
    result = run(films, "-o", page)
    assert result.exit_code == 0, result.output
    text = page.read_text(encoding="utf-8")
    for name in ("autocam", "ours", "market", "station"):
        assert name not in text
    key = json.loads((tmp_path / "study.key.json").read_text())
    shown = {file.stem for file in (tmp_path / "study-films").iterdir()}
    assert shown == set(key["films"])
    assert len(key["pairs"]) == 2
    assert all(f"study-films/{name}.mp4" in text for name in shown)
    same = [{key["films"][name]["clip"] for name in pair} for pair in key["pairs"]]
    assert [len(clips) for clips in same] == [1, 1]


def test_the_films_are_the_ones_in_the_folder(films, tmp_path):
    run(films, "-o", tmp_path / "study.html")
    key = json.loads((tmp_path / "study.key.json").read_text())
    for name, film in key["films"].items():
        shown = tmp_path / "study-films" / f"{name}.mp4"
        source = films / film["clip"] / f"{film['director']}.mp4"
        assert shown.read_bytes() == source.read_bytes()


def test_another_seed_hides_them_otherwise(films, tmp_path):
    run(films, "-o", tmp_path / "one.html")
    run(films, "-o", tmp_path / "other.html", "--seed", 2)
    one, other = (
        json.loads((tmp_path / f"{name}.key.json").read_text())
        for name in ("one", "other")
    )
    assert not set(one["films"]) & set(other["films"])
    assert one["study"] != other["study"]


def test_an_existing_study_is_kept_unless_forced(films, tmp_path):
    page = tmp_path / "study.html"
    assert run(films, "-o", page).exit_code == 0
    refused = run(films, "-o", page)
    assert refused.exit_code == 1
    assert "--force" in refused.stderr
    assert run(films, "-o", page, "--force").exit_code == 0


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("nowhere", "-o", "a.html"), 1, "no folder"),
        (("empty", "-o", "a.html"), 1, "holds no films"),
        (("single", "-o", "a.html"), 1, "one film"),
        (("empty",), 2, "-o STUDY.html"),
    ],
)
def test_what_is_no_study_is_a_sentence(tmp_path, monkeypatch, words, code, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "single/clip").mkdir(parents=True)
    (tmp_path / "single/clip/ours.mp4").touch()
    result = run(*words)
    assert result.exit_code == code
    assert re.search(said, result.stderr)
    assert not (tmp_path / "a.html").exists()
    assert not list(tmp_path.glob("*films*"))
