"""What a batch does with what it finds, with work that is quick."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass

import pytest

from pano.errors import MediaError
from pano_jobs.batch.clip_run import ELSEWHERE, FINISHED, FOREIGN
from pano_jobs.batch.clips import find_clips
from pano_jobs.batch.lock import held
from pano_jobs.batch.run import plan_batch
from pano_jobs.batch.stages.room import Room
from pano_jobs.batch.stages.state import STATE_FOLDER, ClipState
from tests.pipelines.batch.quick_work import (
    QuickWork,
    go,
    made,
    options,
    states,
    statuses,
    touch,
)


@pytest.fixture
def two(tmp_path):
    touch(tmp_path / "in/a.mp4", tmp_path / "in/b.mp4")
    return tmp_path


def room_of(folder, name="a.mp4") -> Room:
    clips = find_clips(folder / "in", folder / "out")
    (clip,) = (clip for clip in clips if clip.source.name == name)
    return Room(clip, QuickWork().keys(clip.identity()))


def test_what_is_finished_is_skipped(two):
    assert statuses(go(two)) == ["done", "done"]
    again = go(two)
    assert [(clip.status, clip.reason) for clip in again.clips] == [
        ("skipped", FINISHED)
    ] * 2
    assert made(two / "out") == [["maps", "path", "film"]] * 2


def test_a_failure_does_not_stop_the_batch(two):
    result = go(two, QuickWork(broken="a.mp4"))
    assert [(clip.status, clip.reason) for clip in result.clips] == [
        ("failed", "a.mp4 is broken"),
        ("done", "a note"),
    ]
    assert "1 done, 0 skipped, 1 failed" in result.words()


def test_a_programming_mistake_does_stop_it(two):
    @dataclass(frozen=True)
    class Bug(QuickWork):
        def make(self, source, target, room, progress):
            raise TypeError("a bug")

    with pytest.raises(TypeError):
        go(two, Bug())


def test_what_failed_is_run_once_more_or_reported_again(two):
    assert statuses(go(two, QuickWork(broken="a.mp4"))) == ["failed", "done"]
    kept = go(two, retries_failed=False)
    assert [clip.reason for clip in kept.clips] == ["a.mp4 is broken", FINISHED]
    assert statuses(kept) == ["failed", "skipped"]
    assert statuses(go(two, QuickWork(film="x"), retries_failed=False)) == ["done"] * 2
    assert states(two / "out")[0].failure is None


def test_a_stage_that_is_done_outlives_a_failure(two):
    go(two, QuickWork(breaks_at_path=True))
    go(two)
    assert made(two / "out") == [["maps", "path", "film"]] * 2


def test_what_was_kept_is_not_trusted_after_a_second_failure(two):
    go(two, QuickWork(breaks_at_path=True))
    go(two, QuickWork(breaks_at_path=True))
    go(two)
    assert made(two / "out") == [["maps", "maps", "path", "film"]] * 2


def test_a_changed_setting_redoes_the_stages_it_touches(two):
    go(two, keep=True)
    go(two, QuickWork(film="other"), keep=True)
    assert made(two / "out")[0] == ["maps", "path", "film", "film"]
    go(two, QuickWork(film="other", path="other"), keep=True)
    assert made(two / "out")[0][4:] == ["path", "film"]
    go(two, QuickWork(film="other", path="other", maps="other"), keep=True)
    assert made(two / "out")[0][6:] == ["maps", "path", "film"]
    assert (two / "out/a.mp4").read_text() == "a.mp4 other"


def test_without_keep_only_the_state_stays(two):
    go(two)
    left = {path.suffix for path in (two / "out" / STATE_FOLDER).iterdir()}
    assert left == {".json"}


def test_a_source_that_changed_is_filmed_again(two):
    go(two)
    os.utime(two / "in/a.mp4", ns=(1, 1))
    assert statuses(go(two)) == ["done", "skipped"]


def test_a_film_that_is_lost_is_made_again(two):
    go(two, keep=True)
    (two / "out/a.mp4").unlink()
    assert statuses(go(two, keep=True)) == ["done", "skipped"]
    assert made(two / "out")[0] == ["maps", "path", "film", "film"]


def test_what_a_person_made_is_left_alone(two):
    touch(two / "out/a.mp4")
    result = go(two)
    assert result.clips[0].reason == FOREIGN
    assert (two / "out/a.mp4").read_text() == ""
    assert statuses(go(two, overwrite=True)) == ["done", "done"]
    assert (two / "out/a.mp4").read_text() == "a.mp4 film"


def test_a_film_that_a_person_changed_is_left_alone(two):
    go(two)
    (two / "out/a.mp4").write_text("cut by hand")
    assert go(two, QuickWork(film="other")).clips[0].reason == FOREIGN
    assert (two / "out/a.mp4").read_text() == "cut by hand"


def test_some_films_of_a_person_are_not_replaced_without_force(two):
    touch(two / "out/a-1.mp4")
    result = go(two, QuickWork(n_films=2))
    assert statuses(result) == ["failed", "done"]
    assert "a-1.mp4 exists and was not made by this batch" in result.clips[0].reason
    assert not (two / "out/a-0.mp4").exists()


def test_a_clip_is_finished_when_all_its_films_are_there(two):
    assert statuses(go(two, QuickWork(n_films=2))) == ["done", "done"]
    (two / "out/a-1.mp4").unlink()
    assert statuses(go(two, QuickWork(n_films=2))) == ["done", "skipped"]


def test_force_makes_every_stage_anew(two):
    go(two, keep=True)
    go(two, keep=True, overwrite=True)
    assert made(two / "out") == [["maps", "path", "film"] * 2] * 2


def test_films_that_were_finished_and_not_moved_are_moved(two):
    go(two)
    room = room_of(two)
    room.films.mkdir(parents=True)
    (two / "out/a.mp4").replace(room.films / "a.mp4")
    assert statuses(go(two)) == ["skipped", "skipped"]
    assert (two / "out/a.mp4").read_text() == "a.mp4 film"
    assert made(two / "out")[0] == ["maps", "path", "film"]
    assert not room.folder.exists()


def test_a_room_that_nobody_could_close_is_closed(two):
    go(two)
    room = room_of(two)
    touch(room.films / "a.part.mp4", room.folder / "maps-old.npz", room.lock_path)
    assert statuses(go(two)) == ["skipped", "skipped"]
    left = {path.suffix for path in (two / "out" / STATE_FOLDER).iterdir()}
    assert left == {".json"}


def test_what_was_kept_stays_without_keep(two):
    go(two, keep=True)
    kept = sorted((two / "out" / STATE_FOLDER).rglob("maps-*"))
    go(two)
    assert sorted((two / "out" / STATE_FOLDER).rglob("maps-*")) == kept
    assert len(kept) == 2


def test_what_a_killed_batch_left_is_cleared(two):
    room = room_of(two)
    room.films.mkdir(parents=True)
    left = [room.films / "a.part.mp4", room.folder / ".pano-maps-xyz/saliency"]
    touch(*left, room.folder / "maps-old.npz", room.folder / "path-old.part.js")
    go(two, keep=True)
    names = sorted(path.name.split("-")[0] for path in room.folder.rglob("*"))
    assert names == ["maps", "path"]


def test_a_damaged_state_is_no_state(two):
    go(two)
    for path in (two / "out" / STATE_FOLDER).glob("*.json"):
        path.write_text(path.read_text()[:40])
    assert [clip.reason for clip in go(two).clips] == [FOREIGN, FOREIGN]


def test_a_state_is_read_as_it_was_written(two):
    go(two, QuickWork(broken="a.mp4"))
    for path in (two / "out" / STATE_FOLDER).glob("*.json"):
        state = ClipState.load(path)
        state.save(two / "copy.json")
        assert ClipState.load(two / "copy.json") == state != ClipState()


def test_a_clip_that_another_batch_has_is_left_to_it(two):
    room = room_of(two)
    room.lock_path.parent.mkdir(parents=True)
    with held(room.lock_path) as is_ours:
        assert is_ours
        result = go(two)
    assert [(clip.status, clip.reason) for clip in result.clips] == [
        ("skipped", ELSEWHERE),
        ("done", "a note"),
    ]
    assert statuses(go(two)) == ["done", "skipped"]


class TestDryRun:
    def plan(self, folder, work=None, **rules):
        work = work or QuickWork()
        return plan_batch(folder / "in", folder / "out", work, options(**rules))

    def test_it_writes_nothing(self, two):
        result = self.plan(two)
        assert statuses(result) == ["planned", "planned"]
        assert result.clips[0].reason == "maps, path, film"
        assert not (two / "out").exists()

    def test_it_names_the_stages_that_are_left(self, two):
        go(two, keep=True)
        touch(two / "in/c.mp4")
        reasons = [clip.reason for clip in self.plan(two, QuickWork(path="x")).clips]
        assert reasons == ["path, film", "path, film", "maps, path, film"]
        result = self.plan(two)
        assert statuses(result) == ["skipped", "skipped", "planned"]
        assert "1 planned, 2 skipped" in result.words()

    def test_it_says_what_finished_clips_let_expect(self, two, monkeypatch):
        go(two)
        touch(two / "in/c.mp4")

        class Info:
            duration_from_header_s = 20.0

        monkeypatch.setattr("pano_jobs.batch.forecast.probe", lambda _: Info())
        # Films of 10 bytes each, of clips of 2 s.
        assert self.plan(two).clips[2].reason.endswith("film; about 0 s, 0 kB")


def test_the_report_is_written_when_a_batch_is_interrupted(two):
    @dataclass(frozen=True)
    class Interrupted(QuickWork):
        def make(self, source, target, room, progress):
            if source.name == "b.mp4":
                raise KeyboardInterrupt
            return super().make(source, target, room, progress)

    with pytest.raises(KeyboardInterrupt):
        go(two, Interrupted())
    report = json.loads((two / "out/report.json").read_text())
    assert [clip["source"] for clip in report["clips"]] == ["a.mp4"]


def test_a_report_that_cannot_be_written_ends_no_batch(two, monkeypatch):
    def full(*_):
        raise MediaError("the disk is full")

    monkeypatch.setattr("pano_jobs.batch.run.write_report", full)
    monkeypatch.setattr("pano_jobs.batch.run._REPORT_EVERY_S", -1.0)
    with pytest.raises(MediaError, match="the disk is full"):
        go(two)
    assert made(two / "out") == [["maps", "path", "film"]] * 2
