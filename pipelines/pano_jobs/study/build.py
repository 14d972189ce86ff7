"""The `study` job: a page on which people choose between films of the same clip."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from pano.errors import SettingsError
from pano_jobs.html_page import written_page
from pano_jobs.outputs import StrPath, check_output, written_whole
from pano_jobs.results import StudyResult
from pano_jobs.study.key import QUESTIONS, HiddenFilm, StudyKey

_SUFFIXES = frozenset({".mp4", ".m4v", ".mov", ".webm"})


def build_study(
    folder: StrPath,
    target: StrPath,
    *,
    seed: int = 0,
    n_checks: int = 2,
    overwrite: bool = False,
) -> StudyResult:
    """Write a study of the films in a folder: the page, its films and the key.

    Parameters
    ----------
    folder
        A folder for each clip, a film for each director in it: `CLIP/DIRECTOR.mp4`.
    target
        The page. Its films lie beside it in `NAME-films`, under names that tell
        nothing; `NAME.key.json` tells, and stays with who asks.
    n_checks
        Pairs that show who does not look: a film beside itself upside down.

    Raises
    ------
    PanoError
        If there is nothing to compare or the study cannot be written.
    """
    folder, target = Path(folder), Path(target)
    found = _films(folder)
    key = StudyKey.of(list(found), seed=seed, n_checks=n_checks)
    key_target = target.with_name(f"{target.stem}.key.json")
    films = target.with_name(f"{target.stem}-films")
    for output in (target, key_target):
        check_output(output, source=None, overwrite=overwrite)
    if films.exists():
        if not overwrite:
            raise SettingsError(f"{films} exists; choose another name or add --force")
        shutil.rmtree(films)
    part = films.with_name(f"{films.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    try:
        names = {
            hidden: f"{hidden}{found[film].suffix.lower()}"
            for hidden, film in key.films.items()
        }
        for hidden, film in key.films.items():
            _lay(found[film], part / names[hidden])
        part.rename(films)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    with written_whole(key_target) as written:
        written.write_text(key.as_json(), encoding="utf-8")
    text = _page(
        key, {hidden: f"{films.name}/{name}" for hidden, name in names.items()}
    )
    with written_whole(target) as written:
        written.write_text(text, encoding="utf-8", newline="")
    return StudyResult(folder, target, key_target, len(key.films), len(key.pairs))


def _films(folder: Path) -> dict[HiddenFilm, Path]:
    if not folder.is_dir():
        raise SettingsError(f"{folder} is no folder; give one with a folder per clip")
    found = {
        HiddenFilm(film.parent.name, film.stem): film
        for film in sorted(folder.glob("*/*"))
        if film.suffix.lower() in _SUFFIXES and film.is_file()
    }
    if not found:
        raise SettingsError(
            f"{folder} holds no films; put them as CLIP/DIRECTOR.mp4, a folder per clip"
        )
    return found


def _lay(film: Path, target: Path) -> None:
    """Give a film its hidden name, without a second copy where the disk can."""
    try:
        os.link(film.resolve(), target)
    except OSError:
        shutil.copyfile(film, target)


def _page(key: StudyKey, places: dict[str, str]) -> str:
    facts = {
        "study": key.study,
        "questions": QUESTIONS,
        "films": places,
        "pairs": [list(pair) for pair in key.pairs],
        "checks": list(key.checks),
    }
    allows = "media-src 'self' file:"
    return written_page("pano_jobs.study", "study", facts, allows=allows)
