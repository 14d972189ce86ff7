"""Where one clip is worked on: its folder, its stages, and how results get out of it.

A stage's product has the stage's key in its name and gets it when it is whole: what is
there after a kill is what is done. Films are made here as well and are moved out
complete, after the state has noted what they are; a kill between the two is made good
by whoever comes next.
"""

from __future__ import annotations

import dataclasses
import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from pano.errors import MediaError
from pano.whole_file import why_unwritten
from pano_jobs.batch.clips import BatchClip
from pano_jobs.batch.stages.state import (
    STATE_FOLDER,
    ClipState,
    Failure,
    Fingerprint,
    Summary,
)

# Of each stage that leaves any, the files of which all are there when it is done.
Products = Mapping[str, Sequence[Path]]

_FILMS = "films"
LAST_STAGE = "film"


class Room:
    """The work on one clip; used by who holds the clip's lock.

    Parameters
    ----------
    keys
        Of the stages, in their order.
    """

    def __init__(self, clip: BatchClip, keys: Mapping[str, str]) -> None:
        states = clip.output / STATE_FOLDER
        self.clip, self.keys = clip, keys
        self.state_path = states / f"{clip.name}.json"
        self.lock_path = states / f"{clip.name}.lock"
        self.folder = states / clip.name
        self.state = ClipState.load(self.state_path)
        self._begun_s = time.monotonic()

    @property
    def films(self) -> Path:
        """Where films are made, with the names that they will have."""
        return self.folder / _FILMS

    def file(self, stage: str, suffix: str) -> Path:
        """Name a stage's product, which is there when it is whole."""
        return self.folder / f"{stage}-{self.keys[stage]}{suffix}"

    def open(
        self, products: Products, *, is_fresh: bool, parts: Path | None = None
    ) -> None:
        """Make the folder ready: nothing in it but products of these keys.

        Parameters
        ----------
        is_fresh
            Keep none of them.
        parts
            A folder in it that is kept as well.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        done = {stage for stage in products if is_made(products[stage])}
        wanted = set() if is_fresh else {path for one in done for path in products[one]}
        for path in self.folder.iterdir():
            if path == parts and not is_fresh:
                continue
            if path.is_dir():
                shutil.rmtree(path)
            elif path not in wanted:
                path.unlink()
        self.films.mkdir()
        known = self.state.stages
        kept = {
            stage: known[stage]
            for stage in (() if is_fresh else done)
            if self.state.has(stage, self.keys[stage])
        }
        self.state = dataclasses.replace(self.state, stages=kept)
        self._begun_s = time.monotonic()

    def note(self, stage: str) -> None:
        """Note that a stage is done, unless that is known."""
        key = self.keys[stage]
        if self.state.has(stage, key):
            return
        now_s = time.monotonic()
        self.state = self.state.with_stage(stage, key, now_s - self._begun_s)
        self.state.save(self.state_path)
        self._begun_s = now_s

    def add_time(self, seconds: float) -> None:
        """Count time that others spent on the stage that is made now."""
        self._begun_s -= seconds

    def fail(self, reason: str) -> None:
        """Note why the clip failed."""
        failure = Failure(self.keys[LAST_STAGE], reason)
        self.state = dataclasses.replace(
            self.state, source=self._source, failure=failure
        )
        self.state.save(self.state_path)

    def publish(
        self, films: Sequence[Path], pages: Sequence[Path], summary: Summary
    ) -> None:
        """Move finished films and pages out, into the clip's place in the output.

        Raises
        ------
        MediaError
            If one of them was not made or cannot be moved.
        """
        output = self.clip.output
        outputs = dict(self.state.outputs)
        for path in (*films, *pages):
            made = Fingerprint.of(self.films / path.name)
            if made is None:
                raise MediaError(f"{path} was not made; start the batch again")
            outputs[_named(path, output)] = made
        took_s = time.monotonic() - self._begun_s
        self.state = dataclasses.replace(
            self.state.with_stage(LAST_STAGE, self.keys[LAST_STAGE], took_s),
            source=self._source,
            outputs=outputs,
            films=tuple(_named(path, output) for path in films),
            pages=tuple(_named(path, output) for path in pages),
            summary=summary,
            failure=None,
        )
        self.state.save(self.state_path)
        self.finish_publishing()

    def finish_publishing(self) -> None:
        """Move what is known to be finished and has not been moved yet."""
        for name in (*self.state.films, *self.state.pages):
            target = self.clip.output / name
            made = self.films / target.name
            if Fingerprint.of(made) == self.state.outputs.get(name):
                try:
                    target.parent.mkdir(parents=True, exist_ok=True)
                    made.replace(target)
                except OSError as error:
                    raise MediaError(
                        why_unwritten(target, error.errno, error.strerror or error)
                    ) from error

    @property
    def is_left_open(self) -> bool:
        """Tell whether whoever was here last could not close or unlock."""
        return self.films.exists() or self.lock_path.exists()

    def close(self, *, keep: bool) -> None:
        """Remove the folder, or, to keep the products, all else in it.

        The place of the films goes last: as long as it is there the room is open.
        """
        if not keep and self.folder.is_dir():
            for path in self.folder.iterdir():
                if path.is_file():
                    path.unlink(missing_ok=True)
        shutil.rmtree(self.films, ignore_errors=True)
        if not keep:
            shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def _source(self) -> str:
        return self.clip.source.relative_to(self.clip.folder).as_posix()


def _named(path: Path, output: Path) -> str:
    return path.relative_to(output).as_posix()


def is_made(files: Sequence[Path]) -> bool:
    """Tell whether all files of a stage are there."""
    return all(path.is_file() for path in files)
