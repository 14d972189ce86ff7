"""What the batch knows of a clip: one JSON file each, in the output folder.

It is replaced as a whole, so that a batch that is killed leaves the old one or the new
one. The results themselves are not asked what they are: the state remembers size and
time of each file that the batch made, and a file that differs is somebody else's.
"""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pano_jobs.outputs import written_whole

STATE_FOLDER = ".pano-batch"
SCHEMA = "pano.batch-clip/1"
_MAX_HISTORY = 100


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Size and time of a file, which tell whether it is still the one that was made."""

    n_bytes: int
    changed_ns: int

    @classmethod
    def of(cls, path: Path) -> Fingerprint | None:
        """Look at a file; None where there is none."""
        try:
            stat = path.stat()
        except OSError:
            return None
        return cls(stat.st_size, stat.st_mtime_ns)


@dataclass(frozen=True, slots=True)
class StageRecord:
    """A stage that is done: by which key, and how long it took."""

    key: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Failure:
    """Why the clip failed, with which key of its last stage."""

    key: str
    reason: str


@dataclass(frozen=True, slots=True)
class Summary:
    """What a finished clip is reported with.

    Parameters
    ----------
    duration_s
        Of the clip; None where its header does not say.
    thumbnail
        A small JPEG of the film's middle, in base64; empty without one.
    """

    notes: tuple[str, ...] = ()
    confidence: float | None = None
    duration_s: float | None = None
    thumbnail: str = ""


@dataclass(frozen=True, slots=True)
class ClipState:
    """All that is known of a clip.

    Parameters
    ----------
    stages
        Those that are done, by their names.
    outputs
        Every file that the batch made in the output folder, by its name there.
    films, pages
        The names of those that the last stage made.
    history
        Which stage was made when, the latest last.
    """

    source: str = ""
    stages: Mapping[str, StageRecord] = field(default_factory=dict)
    outputs: Mapping[str, Fingerprint] = field(default_factory=dict)
    films: tuple[str, ...] = ()
    pages: tuple[str, ...] = ()
    summary: Summary = field(default_factory=Summary)
    failure: Failure | None = None
    history: tuple[str, ...] = ()

    def with_stage(self, stage: str, key: str, seconds: float) -> ClipState:
        """Return the state once a stage is done."""
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        return dataclasses.replace(
            self,
            stages={**self.stages, stage: StageRecord(key, round(seconds, 3))},
            history=(*self.history, f"{now} {stage} {key}")[-_MAX_HISTORY:],
        )

    def has(self, stage: str, key: str) -> bool:
        """Tell whether a stage was last done with this key."""
        return stage in self.stages and self.stages[stage].key == key

    def owns(self, output: Path, files: Sequence[Path]) -> bool:
        """Tell whether all these files are there as the batch made them."""
        return all(self._owns(output, path) for path in files)

    def foreign(self, output: Path, files: Sequence[Path]) -> list[Path]:
        """Return those that are there and that the batch did not make."""
        return [
            path for path in files if path.exists() and not self._owns(output, path)
        ]

    def _owns(self, output: Path, path: Path) -> bool:
        made = self.outputs.get(path.relative_to(output).as_posix())
        return made is not None and made == Fingerprint.of(path)

    def save(self, path: Path) -> None:
        """Write the state, whole or not at all.

        Raises
        ------
        MediaError
            If it cannot be written.
        """
        document = {"schema": SCHEMA} | dataclasses.asdict(self)
        with written_whole(path) as part:
            part.write_text(json.dumps(document, indent=1), encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> ClipState:
        """Read a state; one that is missing or no state knows nothing."""
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
            return cls._of(document)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return cls()

    @classmethod
    def _of(cls, document: Mapping[str, Any]) -> ClipState:
        if document["schema"] != SCHEMA:
            raise ValueError(f"unknown schema {document['schema']}")
        summary, failure = dict(document["summary"]), document["failure"]
        summary["notes"] = tuple(map(str, summary["notes"]))
        return cls(
            source=str(document["source"]),
            stages={
                name: StageRecord(str(one["key"]), float(one["seconds"]))
                for name, one in document["stages"].items()
            },
            outputs={
                name: Fingerprint(int(one["n_bytes"]), int(one["changed_ns"]))
                for name, one in document["outputs"].items()
            },
            films=tuple(map(str, document["films"])),
            pages=tuple(map(str, document["pages"])),
            summary=Summary(**summary),
            failure=None if failure is None else Failure(**failure),
            history=tuple(map(str, document["history"])),
        )
