"""The layout keeps its promises: few doors on a floor, headlines, names that exist."""

import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = (ROOT / "pano", ROOT / "soundloc", ROOT / "pipelines" / "pano_jobs")
FOLDERS = [
    folder
    for package in PACKAGES
    for folder in (package, *package.rglob("*"))
    if folder.is_dir() and any(folder.glob("*.py"))
]
MAX_MODULES = 14
NAME = re.compile(r"`((?:pano|soundloc|pano_jobs)(?:\.[A-Za-z_]\w*)+)(?:\(\))?`")
TEXTS = [
    *(path for package in PACKAGES for path in package.rglob("*.py")),
    *(path for path in ROOT.rglob("*.md") if not path.parts[-2].startswith(".")),
]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda f: str(f.relative_to(ROOT)))
def test_a_folder_has_a_headline_and_few_modules(folder: Path) -> None:
    modules = [path for path in folder.glob("*.py") if path.name != "__init__.py"]
    assert len(modules) <= MAX_MODULES
    assert (folder / "__init__.py").read_text(encoding="utf-8").startswith('"""')


def exists(name: str) -> bool:
    module, _, rest = name.rpartition(".")
    try:
        importlib.import_module(name)
    except ModuleNotFoundError:
        try:
            return hasattr(importlib.import_module(module), rest)
        except ModuleNotFoundError:
            owner, _, attribute = module.rpartition(".")
            found = getattr(importlib.import_module(owner), attribute, None)
            return hasattr(found, rest)
    return True


def test_every_module_and_name_that_a_text_mentions_exists() -> None:
    mentioned = {
        (name, str(path.relative_to(ROOT)))
        for path in TEXTS
        for name in NAME.findall(path.read_text(encoding="utf-8"))
    }
    assert len(mentioned) > 10
    assert [pair for pair in sorted(mentioned) if not exists(pair[0])] == []
