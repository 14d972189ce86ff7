"""A person answers a study in a real browser, and is scored."""

from __future__ import annotations

import csv
import json

from pano_jobs.study.build import build_study
from pano_jobs.study.key import QUESTIONS
from pano_jobs.study.score import score_study
from tests.synthetic import Clip, write_clip


def test_the_answers_of_a_person_name_what_was_shown(browser, tmp_path):
    for director in ("autocam", "ours"):
        folder = tmp_path / "films/market"
        folder.mkdir(parents=True, exist_ok=True)
        write_clip(folder / f"{director}.mp4", Clip(n_pictures=5))
    build_study(tmp_path / "films", tmp_path / "study.html")
    context = browser.new_context(offline=True, accept_downloads=True)
    page = context.new_page()
    page.goto((tmp_path / "study.html").as_uri())
    page.click("#begin")
    wanted: dict[str, str] = {}  # always ours, and never the one upside down
    key = json.loads((tmp_path / "study.key.json").read_text())
    for number in range(3):
        page.locator("#progress", has_text=f"Pair {number + 1} of 3").wait_for()
        assert page.is_disabled("#next")
        shown = {
            side: page.get_attribute(f"#{side}", "src").split("/")[-1].split(".")[0]
            for side in ("left", "right")
        }
        flipped = [
            side
            for side in shown
            if "flipped" in (page.get_attribute(f"#{side}", "class") or "")
        ]
        if flipped:
            chosen = "left" if flipped == ["right"] else "right"
        else:
            ours = {
                side: key["films"][name]["director"] for side, name in shown.items()
            }
            chosen = next(side for side, name in ours.items() if name == "ours")
            wanted = shown
        for question in QUESTIONS:
            page.check(f"input[name={question}][value={chosen}]")
        page.click("#next")  # waits until both have ended
    files = []
    for kind in ("json", "csv"):
        with page.expect_download() as download:
            page.click(f"#save-{kind}")
        files.append(tmp_path / f"answers.{kind}")
        download.value.save_as(files[-1])
    found = score_study(tmp_path / "study.key.json", files[:1])
    assert (found.n_people, found.n_left_out) == (1, 0)
    assert [(pair.director, pair.share.mean) for pair in found.pairs] == [
        ("autocam", 0.0)
    ] * 3
    rows = list(csv.DictReader(files[1].read_text().splitlines()))
    assert len(rows) == 3 * len(QUESTIONS)
    told = [row for row in rows if not row["flipped"]]
    assert {(row["left"], row["right"]) for row in told} == {tuple(wanted.values())}
    context.close()
