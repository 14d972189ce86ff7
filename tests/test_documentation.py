from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from pano_jobs.cli import main
from pano_jobs.settings import PanSettings

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SHELL = [
    line
    for block in re.findall(r"```sh\n(.*?)```", README, flags=re.DOTALL)
    for line in block.splitlines()
]
SET_UP = "pip install . && pano demo"
TEST = "pip install '.[dev]' && pytest"
# What needs a clip is parsed but not run: the jobs have tests of their own.
COMMANDS = [
    part.strip()
    for line in SHELL
    for part in line.split("&&")
    if part.strip().startswith("pano ")
]


def test_two_commands_are_all_the_set_up():
    assert SHELL[:2] == [SET_UP, TEST]


def test_the_gate_runs_exactly_the_second_command():
    lines = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert TEST in lines


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_of_the_readme_is_understood(line):
    words = shlex.split(line)[1:]
    command = main.commands[words[0]]
    command.make_context(words[0], words[1:], resilient_parsing=False)


def test_the_readme_shows_every_job():
    shown = {shlex.split(line)[1] for line in COMMANDS}
    assert {"pan", "saliency", "render", "batch", "info", "demo"} <= shown


def test_every_option_of_the_readme_exists():
    known = {"--help", "--version"}
    for command in main.commands.values():
        for parameter in command.params:
            known |= {*parameter.opts, *parameter.secondary_opts}
    ours = re.sub(r"pip [^`\n]*", "", README)  # pip's options are its own
    used = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", ours))
    assert used <= known


def test_the_table_of_options_states_the_real_defaults():
    options = {
        opt: parameter
        for parameter in main.commands["pan"].params
        if isinstance(parameter, click.Option)
        for opt in parameter.opts
    }
    rows = re.findall(
        r"^\| `(--[a-z-]+)[^|]*\|[^|]*\| ([^|]+) \|$", README, re.MULTILINE
    )
    assert len(rows) > 5
    for name, default in rows:
        value = options[name].default
        if isinstance(value, float):
            assert float(default.split(",")[0]) == value, name
        elif isinstance(value, str):
            assert default == value, name


def test_the_readme_says_what_the_settings_say():
    assert f"| {PanSettings().lens.hfov_deg} |" in README


@pytest.mark.parametrize("name", re.findall(r"\]\(([^)#:]+)\)", README))
def test_every_file_the_readme_points_to_exists(name):
    assert (ROOT / name).is_file()


def test_the_notice_names_both_licences():
    notice = (ROOT / "NOTICE").read_text(encoding="utf-8")
    assert "Apache License" in notice
    assert "CC BY-NC 4.0" in notice
