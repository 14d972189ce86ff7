"""The job that gathers: footage or a published data set becomes a pair set."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pipelines.gather.avsbench import gather_avsbench
from pipelines.gather.boxes import gather_boxes
from pipelines.gather.flickr import gather_flickr
from pipelines.gather.folders import gather_folders
from pipelines.gather.pair_writer import PairWriter, PrepareResult, writing_pairs
from pipelines.gather.settings import GatherSettings, Origin, Tell
from pipelines.gather.splits import Splits
from pipelines.gather.vggss import gather_vggss
from pipelines.gather.videos import gather_videos

_Reader = Callable[[Path, GatherSettings, Splits, PairWriter, Tell], None]
_READERS: dict[Origin, _Reader] = {
    Origin.VIDEOS: gather_videos,
    Origin.FOLDERS: gather_folders,
    Origin.FLICKR: gather_flickr,
    Origin.VGGSS: gather_vggss,
    Origin.AVSBENCH: gather_avsbench,
    Origin.BOXES: gather_boxes,
}


def gather(
    origin: Origin,
    source: Path,
    target: Path,
    settings: GatherSettings | None = None,
    *,
    overwrite: bool = False,
    on_step: Tell | None = None,
) -> PrepareResult:
    """Write a pair set of what is found in a folder.

    `on_step` is told what is done, how many, of how many.

    Raises
    ------
    DatasetError
        If the source is not what it is said to be, nothing in it can be used, or the
        target holds something.
    """
    settings = settings or GatherSettings()
    tell = on_step or (lambda what, done, total: None)
    splits = Splits.read(settings.lists, everything=settings.split)
    with writing_pairs(target, overwrite=overwrite) as writer:
        _READERS[origin](source, settings, splits, writer, tell)
    return writer.result(target)
