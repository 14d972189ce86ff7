from __future__ import annotations

import os

import pytest

from pano_jobs.batch.clips import find_clips
from pano_jobs.batch.run import BatchOptions, batch
from pano_jobs.batch.watch import Watch
from tests.pipelines.batch.quick_work import QuickWork, states, touch

NOW_S = 1_700_000_000


class Scene:
    """A folder in which something happens whenever a watch sleeps."""

    def __init__(self, folder, events):
        self.now_s, self.events = 0.0, list(events)
        self.folder = folder / "in"
        self.folder.mkdir()
        self.watch = Watch(
            rest_s=4.0, clock=lambda: self.now_s, wall=self.wall, sleep=self.sleep
        )

    def wall(self):
        return NOW_S + self.now_s

    def write(self, name, text, *, age_s=0.0):
        path = self.folder / name
        path.write_text(text)
        changed_ns = round((self.wall() - age_s) * 1e9)
        os.utime(path, ns=(changed_ns, changed_ns))

    def sleep(self, seconds):
        self.now_s += 1.0
        if not self.events:
            raise KeyboardInterrupt
        self.events.pop(0)()

    def look(self):
        return find_clips(self.folder, self.folder.parent / "out")

    def rounds(self):
        """Return the names of the clips that each look found at rest."""
        found = []
        try:
            for clips in self.watch.rounds(self.look):
                found.append([clip.source.name for clip in clips])
        except KeyboardInterrupt:
            return found


def nothing():
    pass


def test_a_growing_file_waits_until_it_has_come_to_rest(tmp_path):
    scene = Scene(tmp_path, [])
    text = "x"

    def grow():
        nonlocal text
        text += "x"
        scene.write("a.mp4", text)

    scene.write("a.mp4", text)
    scene.events = [grow] * 5 + [nothing] * 5
    # Written last at 5 s; at rest 4 s later, and handed out once.
    assert scene.rounds() == [[]] * 9 + [["a.mp4"], []]


def test_a_file_that_keeps_its_size_is_watched_by_its_time(tmp_path):
    scene = Scene(tmp_path, [])
    scene.write("a.mp4", "full size")
    scene.events = [lambda: scene.write("a.mp4", "full size")] * 3 + [nothing] * 4
    assert scene.rounds()[-2:] == [[], ["a.mp4"]]


def test_old_files_are_at_rest_at_the_first_look_only(tmp_path):
    scene = Scene(tmp_path, [])
    scene.write("a.mp4", "old", age_s=60.0)
    # Some programs copy a file's time before they copy its contents.
    scene.events = [lambda: scene.write("b.mp4", "o", age_s=60.0), nothing]
    assert scene.rounds() == [["a.mp4"], [], []]


def test_a_clip_that_changes_is_handed_out_again(tmp_path):
    scene = Scene(tmp_path, [])
    scene.write("a.mp4", "old", age_s=60.0)
    scene.events = [lambda: scene.write("a.mp4", "new"), *[nothing] * 4]
    assert scene.rounds() == [["a.mp4"], [], [], [], [], ["a.mp4"]]


def test_a_watching_batch_takes_an_empty_folder_and_films_what_comes(tmp_path):
    scene = Scene(tmp_path, [])
    scene.events = [
        lambda: touch(tmp_path / "in/a.mp4"),
        *[nothing] * 5,
        lambda: touch(tmp_path / "in/b.mp4"),
        *[nothing] * 5,
    ]
    options = BatchOptions(watch=scene.watch)
    with pytest.raises(KeyboardInterrupt):
        batch(tmp_path / "in", tmp_path / "out", QuickWork(), options)
    assert [state.source for state in states(tmp_path / "out")] == ["a.mp4", "b.mp4"]
    assert "b.mp4" in (tmp_path / "out/report.html").read_text()
