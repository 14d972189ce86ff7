from __future__ import annotations

import json
from html.parser import HTMLParser
from urllib.parse import unquote

import pytest

from pano_jobs.batch.forecast import TimeLeft, duration_words, size_words
from pano_jobs.results import as_json
from tests.pipelines.batch.quick_work import QuickWork, go, touch

NASTY = '<script>alert(\'&"1")#%41.mp4'


class Page(HTMLParser):
    """Collects tags, links and texts of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.links, self.texts = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name == "href"]

    def handle_data(self, data):
        self.texts.append(data.strip())


@pytest.fixture
def nasty(tmp_path):
    try:
        touch(tmp_path / "in" / NASTY)
    except OSError:
        pytest.skip("such names cannot be written here")
    touch(tmp_path / "in/javascript:b.mp4")
    return tmp_path


def page_of(folder) -> Page:
    return Page((folder / "out/report.html").read_text(encoding="utf-8"))


def test_names_in_the_report_are_escaped(nasty):
    go(nasty)
    page = page_of(nasty)
    assert "script" not in page.tags
    assert NASTY in page.texts
    assert [unquote(link) for link in page.links] == [NASTY, "javascript:b.mp4"]
    assert all(":" not in link for link in page.links)


def test_a_failure_is_escaped_and_shown(nasty):
    go(nasty, QuickWork(broken=NASTY))
    page = page_of(nasty)
    assert "script" not in page.tags
    assert f"{NASTY} is broken" in page.texts


def test_the_report_for_programs_holds_every_clip(tmp_path):
    touch(tmp_path / "in/a.mp4", tmp_path / "in/b.mp4")
    go(tmp_path, QuickWork(broken="a.mp4"))
    report = json.loads((tmp_path / "out/report.json").read_text())
    assert report["counts"] == {"done": 1, "skipped": 0, "failed": 1}
    first, second = report["clips"]
    assert (first["source"], first["status"]) == ("a.mp4", "failed")
    assert (second["films"], second["confidence"]) == (["b.mp4"], 0.5)
    assert list(second["stage_s"]) == ["maps", "path", "film"]


def test_a_name_that_is_no_text_is_reported(tmp_path):
    name = b"caf\xe9.mp4".decode("utf-8", "surrogateescape")
    try:
        touch(tmp_path / "in" / name)
    except (OSError, UnicodeError):
        pytest.skip("such names cannot be written here")
    result = go(tmp_path)
    assert page_of(tmp_path).links == ["caf%E9.mp4"]
    assert r"caf\udce9.mp4" in result.words()
    assert json.loads(as_json(result))["clips"][0]["source"].endswith(name)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, "0 s"), (59.0, "59 s"), (150.0, "2 min"), (3660.0, "1 h 01 min")],
)
def test_a_length_of_time_is_said_in_its_unit(seconds, words):
    assert duration_words(seconds) == words


@pytest.mark.parametrize(
    ("n_bytes", "words"), [(900.0, "1 kB"), (2.5e6, "2.5 MB"), (1e10, "10.0 GB")]
)
def test_a_size_is_said_in_its_unit(n_bytes, words):
    assert size_words(n_bytes) == words


def test_the_time_left_goes_by_the_bytes_that_were_worked_on():
    now_s = 0.0
    left = TimeLeft(0, clock=lambda: now_s)
    for n_bytes in (100, 300, 600):
        left.add(n_bytes)
    assert left.words() == ""
    now_s = 10.0
    left.done(100, is_worked_on=True)
    assert left.words() == "about 2 min left"  # 900 bytes at 10 a second
    left.done(300, is_worked_on=False)
    assert left.words() == "about 1 min left"
    left.done(600, is_worked_on=True)
    assert left.words() == ""
