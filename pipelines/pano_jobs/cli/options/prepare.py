"""Command options of `pano prepare` for footage and published data sets."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from pano.media import StereoLayout
from pano_jobs.cli.options.gathering import gathered
from pano_jobs.datasets.gather_settings import GatherSettings, MaskBoxes
from soundloc.data.pairs import SPLITS

_DEFAULT = GatherSettings()
_SECONDS = click.FloatRange(min=0.0, min_open=True)
_ANYTHING = click.Path(path_type=Path)


def _settings(
    *,
    window_s: float,
    every_s: float,
    layout: str | None,
    boxes: Path | None,
    labels: Path | None,
    sounds: Path | None,
    nowhere: tuple[str, ...],
    recording: str,
    mask_boxes: str,
    train_list: Path | None,
    validation_list: Path | None,
    test_list: Path | None,
    split: str | None,
) -> GatherSettings:
    lists = {"train": train_list, "validation": validation_list, "test": test_list}
    return GatherSettings(
        window_s=window_s,
        every_s=every_s,
        layout=layout,
        boxes=boxes,
        labels=labels,
        sounds=sounds,
        nowhere=nowhere,
        recording=recording,
        mask_boxes=MaskBoxes(mask_boxes),
        lists={split: path for split, path in lists.items() if path is not None},
        split=split or "",
    )


def _list_option(split: str) -> Callable[[Any], Any]:
    return click.option(
        f"--{split}-list",
        type=_ANYTHING,
        metavar="FILE",
        help=f"The official list of the clips for {split}: lines, CSV or JSON.",
    )


gather_options = gathered(
    "settings",
    _settings,
    click.option(
        "--window",
        "window_s",
        type=_SECONDS,
        metavar="SECONDS",
        default=_DEFAULT.window_s,
        help="Length of the sound window around each picture; 20 is the paper.",
    ),
    click.option(
        "--every",
        "every_s",
        type=_SECONDS,
        metavar="SECONDS",
        default=_DEFAULT.every_s,
        help="videos, starss23: interval between pictures.",
    ),
    click.option(
        "--layout",
        type=click.Choice(["flat", *(layout.value for layout in StereoLayout)]),
        help="videos: layout of all of them.  [default: from each file]",
    ),
    click.option(
        "--boxes",
        type=_ANYTHING,
        metavar="FILE",
        help="flickr: folder of XML, or JSON; vggss, boxes: their JSON.",
    ),
    click.option(
        "--labels",
        type=_ANYTHING,
        metavar="FILE.csv",
        help="videos, vggss: table of the clips with class and split.",
    ),
    click.option(
        "--sounds",
        type=_ANYTHING,
        metavar="FOLDER",
        help="folders: sounds by class.  [default: SOURCE/sounds and SOURCE/pictures]",
    ),
    click.option(
        "--nowhere",
        multiple=True,
        metavar="CLASS",
        help="folders: sounds that nothing in a picture makes; may be repeated.",
    ),
    click.option(
        "--recording",
        metavar="REGEX",
        default=_DEFAULT.recording,
        show_default=False,
        help="folders: finds, in a name, the recording a file was cut from.",
    ),
    click.option(
        "--mask-boxes",
        type=click.Choice([how.value for how in MaskBoxes]),
        default=_DEFAULT.mask_boxes.value,
        help="avsbench: a box for each region of a mask, or one around the whole.",
    ),
    _list_option("train"),
    _list_option("validation"),
    _list_option("test"),
    click.option(
        "--split",
        type=click.Choice(SPLITS),
        help="Assign everything to this split.  [default: lists, else by the source]",
    ),
)
