"""Training logs: the losses of every step as CSV or for TensorBoard."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from soundloc.errors import SoundlocError
from soundloc.training.objective import StepReport


@runtime_checkable
class TrainingLog(Protocol):
    """Receives the report of every training step."""

    def write(self, report: StepReport) -> None:
        """Write the losses of one step."""
        ...


class _CsvLog:
    """One row per step; a resumed training goes on in the same file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, report: StepReport) -> None:
        row = asdict(report)
        with self._path.open("a", encoding="utf-8", newline="") as lines:
            writer = csv.DictWriter(lines, list(row))
            if lines.tell() == 0:
                writer.writeheader()
            writer.writerow(row)


class _TensorBoardLog:
    def __init__(self, writer: Any) -> None:
        self._writer = writer

    def write(self, report: StepReport) -> None:
        for name, value in asdict(report).items():
            if name != "step":
                self._writer.add_scalar(name, value, report.step)


@contextmanager
def training_logs(
    *, csv_file: Path | None, tensorboard: Path | None
) -> Iterator[tuple[TrainingLog, ...]]:
    """Open the logs that are asked for.

    Raises
    ------
    SoundlocError
        If TensorBoard is asked for and not installed.
    """
    logs: list[TrainingLog] = [] if csv_file is None else [_CsvLog(csv_file)]
    if tensorboard is None:
        yield tuple(logs)
        return
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise SoundlocError(
            "TensorBoard is not installed; `pip install tensorboard`, or log to CSV."
        ) from error
    writer: Any = SummaryWriter(str(tensorboard))
    try:
        yield (*logs, _TensorBoardLog(writer))
    finally:
        writer.close()
