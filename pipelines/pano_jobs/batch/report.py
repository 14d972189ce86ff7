"""The report of a batch: `report.json` for programs, `report.html` for people.

Both are written row by row from the states of the clips, and renamed when whole. The
page has no script and little markup: it is to open with ten thousand rows.
"""

from __future__ import annotations

import html
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pano_jobs.batch.clips import BatchClip
from pano_jobs.batch.forecast import duration_words
from pano_jobs.batch.lock import held
from pano_jobs.batch.stages.room import Room
from pano_jobs.batch.stages.state import STATE_FOLDER, ClipState
from pano_jobs.batch.thumbnail import HEIGHT_PX, WIDTH_PX
from pano_jobs.outputs import written_whole
from pano_jobs.results import ClipOutcome

SCHEMA = "pano.batch-report/1"
# Another batch on the folder writes its own, in seconds.
_WAIT_S = 60.0

_HEAD = f"""<!doctype html>
<html lang="en"><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>pano batch</title>
<style>
body {{ font: 14px/1.4 sans-serif; margin: 1em }}
table {{ border-collapse: collapse; table-layout: fixed; width: 100% }}
th, td {{ text-align: left; vertical-align: top; padding: 4px 8px;
 border-top: 1px solid #ccc; overflow-wrap: anywhere }}
th:first-child {{ width: {WIDTH_PX}px }} th:nth-child(n+3) {{ width: 6em }}
th:last-child {{ width: 45% }} img {{ max-height: {HEIGHT_PX}px }}
.failed {{ background: #fdd }}
@media (max-width: 720px) {{
 th {{ display: none }} td {{ display: block; border: 0 }} td:empty {{ display: none }}
 tr {{ display: block; border-top: 1px solid #ccc; padding: 4px 0 }} }}
@media (prefers-color-scheme: dark) {{
 body {{ background: #111; color: #ddd }} a {{ color: #8cf }}
 .failed {{ background: #522 }} }}
</style>
"""


@dataclass(frozen=True, slots=True)
class _Row:
    """What is reported of a clip."""

    source: str
    outcome: ClipOutcome
    state: ClipState

    def as_dict(self) -> dict[str, Any]:
        """Return the row for `report.json`."""
        summary = self.state.summary
        return {
            "source": self.source,
            "status": self.outcome.status,
            "reason": self.outcome.reason,
            "took_s": self.outcome.took_s,
            "stage_s": {
                stage: record.seconds for stage, record in self.state.stages.items()
            },
            "duration_s": summary.duration_s,
            "confidence": summary.confidence,
            "notes": summary.notes,
            "films": self.state.films,
            "pages": self.state.pages,
        }

    def as_html(self) -> str:
        """Return the row for `report.html`, every name and sentence escaped."""
        summary, outcome = self.state.summary, self.outcome
        image = ""
        if summary.thumbnail:
            data = html.escape(summary.thumbnail)
            image = f'<img loading="lazy" alt="" src="data:image/jpeg;base64,{data}">'
        links = [
            *(_link(name, name) for name in self.state.films),
            *(_link(name, "why") for name in self.state.pages),
        ]
        known = summary.confidence
        cells = (
            image,
            "<br>".join([html.escape(self.source), *links]),
            html.escape(outcome.status),
            "" if known is None else f"{known:.2f}",
            duration_words(outcome.took_s) if outcome.took_s else "",
            "<br>".join(map(html.escape, self._sentences())),
        )
        kind = ' class="failed"' if outcome.status == "failed" else ""
        return f"<tr{kind}>" + "".join(f"<td>{cell}" for cell in cells) + "\n"

    def _sentences(self) -> Sequence[str]:
        if self.outcome.status == "done":
            return self.state.summary.notes
        return [self.outcome.reason, *self.state.summary.notes]


def write_report(
    folder: Path, output: Path, outcomes: Sequence[tuple[BatchClip, ClipOutcome]]
) -> None:
    """Write both reports into the output folder.

    Raises
    ------
    MediaError
        If one of them cannot be written.
    """
    states = output / STATE_FOLDER
    states.mkdir(parents=True, exist_ok=True)
    with held(states / "report.lock", wait_s=_WAIT_S):
        counts: dict[str, int] = {"done": 0, "skipped": 0, "failed": 0}
        for _, outcome in outcomes:
            counts[outcome.status] = counts.get(outcome.status, 0) + 1
        head = {
            "schema": SCHEMA,
            "folder": str(folder),
            "output": str(output),
            "counts": counts,
        }
        _write(output / "report.json", _json_lines(head, _rows(outcomes)))
        _write(output / "report.html", _html_lines(head, _rows(outcomes)))


def _rows(outcomes: Iterable[tuple[BatchClip, ClipOutcome]]) -> Iterator[_Row]:
    for clip, outcome in outcomes:
        source = clip.source.relative_to(clip.folder).as_posix()
        yield _Row(source, outcome, Room(clip, {}).state)


def _write(target: Path, lines: Iterable[str]) -> None:
    # Names may hold bytes that are no UTF-8: those become numbers.
    with (
        written_whole(target) as part,
        part.open("w", encoding="utf-8", errors="xmlcharrefreplace") as file,
    ):
        file.writelines(lines)


def _json_lines(head: dict[str, Any], rows: Iterable[_Row]) -> Iterator[str]:
    yield json.dumps(head)[:-1] + ', "clips": [\n'
    comma = ""
    for row in rows:
        yield f"{comma}{json.dumps(row.as_dict())}"
        comma = ",\n"
    yield "\n]}\n"


def _html_lines(head: dict[str, Any], rows: Iterable[_Row]) -> Iterator[str]:
    yield _HEAD
    counts = ", ".join(f"{n} {status}" for status, n in head["counts"].items())
    yield f"<h1>{html.escape(head['folder'])}</h1>\n<p>{html.escape(counts)}</p>\n"
    yield "<table><tr><th><th>clip<th>status<th>confidence<th>time<th>notes\n"
    for row in rows:
        yield row.as_html()
    yield "</table>\n"


def _link(name: str, words: str) -> str:
    return f'<a href="{quote(os.fsencode(name))}">{html.escape(words)}</a>'
