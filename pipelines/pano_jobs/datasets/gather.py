"""The `prepare --from` job: make a pair set of footage or a published data set."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pano_jobs.datasets.gather_settings import GatherSettings, Origin
from pano_jobs.datasets.pair_writer import PairWriter, PrepareResult, writing_pairs
from pano_jobs.datasets.readers.avsbench import gather_avsbench
from pano_jobs.datasets.readers.box_files import gather_boxes
from pano_jobs.datasets.readers.flickr import gather_flickr
from pano_jobs.datasets.readers.folders import gather_folders
from pano_jobs.datasets.readers.starss23 import gather_starss23
from pano_jobs.datasets.readers.vggss import gather_vggss
from pano_jobs.datasets.readers.videos import gather_videos
from pano_jobs.datasets.splits import Splits
from soundloc.progress import StepProgress, untold

_Reader = Callable[[Path, GatherSettings, Splits, PairWriter, StepProgress], None]
_READERS: dict[Origin, _Reader] = {
    Origin.VIDEOS: gather_videos,
    Origin.FOLDERS: gather_folders,
    Origin.FLICKR: gather_flickr,
    Origin.VGGSS: gather_vggss,
    Origin.AVSBENCH: gather_avsbench,
    Origin.BOXES: gather_boxes,
    Origin.STARSS23: gather_starss23,
}


def gather(
    origin: Origin,
    source: Path,
    target: Path,
    settings: GatherSettings | None = None,
    *,
    overwrite: bool = False,
    on_step: StepProgress = untold,
) -> PrepareResult:
    """Make a pair set of a folder of footage or of a published data set.

    `on_step` is told what is done, how many, of how many.

    Raises
    ------
    DatasetError
        If the source is not what it is said to be, nothing in it can be used, or the
        target holds something.
    """
    settings = settings or GatherSettings()
    splits = Splits.read(settings.lists, everything=settings.split)
    with writing_pairs(target, overwrite=overwrite) as writer:
        _READERS[origin](source, settings, splits, writer, on_step)
    return writer.result(target)
