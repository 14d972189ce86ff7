"""The documentation is true: commands, options, defaults, files and names exist."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from pano_jobs.cli import main

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
DOCS = sorted((ROOT / "docs").glob("*.md"))
GUIDES = [README, *DOCS, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"]
TEXT = {page: page.read_text(encoding="utf-8") for page in GUIDES}
MAX_README_WORDS = 900
SET_UP = "pip install . && pano demo"
TEST = "pip install '.[dev]' && pytest"

# Every command takes them; they stand in one table.
COMMON = {"--force", "--config", "--json", "--quiet", "--help"}
# These share the tables of `pano pan`.
LIKE_PAN = {"saliency", "render", "view", "batch", "demo"}


def shell_lines(page: Path) -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", TEXT[page], flags=re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


def pano_commands(page: Path) -> list[str]:
    """Return the commands of code blocks and of tables, which may not wrap."""
    parts = [part.strip() for line in shell_lines(page) for part in line.split("&&")]
    cells = re.findall(r"\| `(pano [^`]*)` \|", TEXT[page])
    return [part for part in (*parts, *cells) if part.startswith("pano ")]


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


COMMANDS = [
    pytest.param(line, id=f"{named(page)}: {line}")
    for page in (README, *DOCS)
    for line in pano_commands(page)
]


def option_tables() -> dict[str, dict[str, str]]:
    """Return what the tables below each command's heading say: option to default."""
    tables: dict[str, dict[str, str]] = {}
    for page in DOCS:
        rows: dict[str, str] = {}
        for line in TEXT[page].splitlines():
            if line.startswith("## "):
                heading = re.fullmatch(r"## `pano ([a-z]+)`", line)
                rows = tables.setdefault(heading[1], {}) if heading else {}
            elif row := re.fullmatch(r"\| (`--.*?) \| .* \| (.*?) \|", line):
                rows |= dict.fromkeys(re.findall(r"`(--[a-z-]+)", row[1]), row[2])
    return tables


TABLES = option_tables()


def options_of(command: str) -> dict[str, click.Option]:
    return {
        name: parameter
        for parameter in main.commands[command].params
        if isinstance(parameter, click.Option)
        for name in (*parameter.opts, *parameter.secondary_opts)
        if name.startswith("--")
    }


def test_the_readme_is_short():
    assert len(TEXT[README].split()) <= MAX_README_WORDS


def test_two_commands_are_all_the_set_up():
    assert shell_lines(README)[:2] == [SET_UP, TEST]


def test_the_gate_runs_exactly_the_second_command_after_the_linters():
    lines = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    linters = ("ruff format --check", "ruff check", "mypy", "lint-imports")
    assert all(lines.index(linter) < lines.index(TEST) for linter in linters)


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_of_the_documentation_is_understood(line, tmp_path, monkeypatch):
    # Files that are named need not exist: what a command does has tests of its own.
    monkeypatch.setattr(click.Path, "convert", lambda self, value, *_: value)
    words = shlex.split(line)[1:]
    command = main.commands[words[0]]
    command.make_context(words[0], words[1:], resilient_parsing=False)


def test_the_readme_shows_every_job():
    shown = {shlex.split(line)[1] for line in pano_commands(README)}
    assert {"pan", "saliency", "render", "batch", "info", "demo"} <= shown


def test_the_documentation_shows_every_command():
    shown = {shlex.split(line)[1] for page in DOCS for line in pano_commands(page)}
    assert shown == set(main.commands) == set(TABLES)


# A changelog may name what is no more.
@pytest.mark.parametrize("page", GUIDES[:-1], ids=named)
def test_every_option_that_is_named_exists(page):
    known = {"--help", "--version"}
    for command in main.commands:
        known |= set(options_of(command))
    # The options of other programs are their own.
    others = r"(pip|torchrun|ruff|ray (?=start|health|get)|where=|#SBATCH) ?[^`\n]*"
    ours = re.sub(others, "", TEXT[page])
    used = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", ours))
    assert used - {"--x", "--no-x"} <= known


@pytest.mark.parametrize("command", main.commands)
def test_every_option_has_its_row(command):
    described = COMMON | set(TABLES[command])
    if command in LIKE_PAN:
        described |= set(TABLES["pan"])
    assert set(options_of(command)) <= described


@pytest.mark.parametrize("command", main.commands)
def test_the_tables_state_the_real_defaults(command):
    options = options_of(command)
    for name, said in TABLES[command].items():
        default = options[name].default
        if isinstance(default, bool):
            assert said == ("on" if default else "off"), name
        elif isinstance(default, (int, float)):
            assert float(said) == default, name
        elif isinstance(default, str) and default:
            assert said == default, name
        elif options[name].required:
            assert said == "required", name


@pytest.mark.parametrize("page", GUIDES, ids=named)
def test_every_file_that_is_linked_or_named_exists(page):
    links = re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", TEXT[page])
    assert [link for link in links if not (page.parent / link).is_file()] == []
    rooms = r"`((?:pano|soundloc|pipelines|tests|examples|docs|\.ci)/[^`<\s]*)`"
    paths = re.findall(rooms, TEXT[page])
    assert [path for path in paths if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("page", GUIDES, ids=named)
def test_every_anchor_that_is_linked_is_a_heading(page):
    for link, anchor in re.findall(r"\]\(([^)#:\s]*)#([^)]+)\)", TEXT[page]):
        target = (page.parent / link).resolve() if link else page
        headings = re.findall(r"^#+ (.*)$", TEXT[target], flags=re.MULTILINE)
        kept = [re.sub(r"[^\w -]", "", heading.lower()) for heading in headings]
        assert anchor in [heading.replace(" ", "-") for heading in kept], anchor


@pytest.mark.parametrize("page", GUIDES, ids=named)
def test_every_program_that_is_named_exists(page):
    names = re.findall(r"python -m ((?:tests|examples|pano_jobs)[\w.]*)", TEXT[page])
    for name in names:
        place = ROOT / "pipelines" if name.startswith("pano_jobs") else ROOT
        found = place / name.replace(".", "/")
        assert found.with_suffix(".py").is_file() or found.is_dir(), name


def test_every_name_that_contributors_look_for_exists():
    names = set(re.findall(r"`(_?[A-Za-z]\w+)`", TEXT[ROOT / "CONTRIBUTING.md"]))
    code = [
        path.read_text(encoding="utf-8")
        for package in ("pano", "soundloc", "pipelines")
        for path in (ROOT / package).rglob("*.py")
    ]
    tools = {"gpu", "mypy", "pano", "real", "slow", "soundloc"}
    assert names - tools - set(re.findall(r"\w+", "\n".join(code))) == set()


def test_the_changelog_knows_this_version():
    version = re.search(
        r'^version = "(.*)"$',
        (ROOT / "pyproject.toml").read_text(encoding="utf-8"),
        flags=re.MULTILINE,
    )
    changes = re.search(r"^## (\S+)", TEXT[ROOT / "CHANGELOG.md"], flags=re.MULTILINE)
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert version[1] == changes[1]
    assert f"\nversion: {version[1]}\n" in citation


def test_the_notice_names_both_licences():
    notice = (ROOT / "NOTICE").read_text(encoding="utf-8")
    assert "Apache License" in notice
    assert "CC BY-NC 4.0" in notice
