"""Settings of `prepare --from`: the data set and how its pairs are made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

# The paper's window: Senocak et al. 2018, section 3.1.
WINDOW_S = 20.0


class Origin(StrEnum):
    """The kind of data set that pairs are read from."""

    VIDEOS = "videos"
    FOLDERS = "folders"
    FLICKR = "flickr"
    VGGSS = "vggss"
    AVSBENCH = "avsbench"
    BOXES = "boxes"
    STARSS23 = "starss23"


class MaskBoxes(StrEnum):
    """How the mask of a source becomes boxes: one for each region, or one in all."""

    REGIONS = "regions"
    WHOLE = "whole"


@dataclass(frozen=True, slots=True)
class GatherSettings:
    """Settings for making pairs of a data set.

    Parameters
    ----------
    window_s
        Length of the sound around each picture.
    every_s
        Spacing of the pictures taken from a video.
    layout
        How videos are stored: a `StereoLayout`, "flat" for ordinary ones; None
        believes the files.
    boxes
        The file, or folder, of boxes.
    labels
        A table that says the class of a clip, and perhaps its split.
    sounds
        The folder of sounds by class, where it is not beside the pictures.
    nowhere
        Classes of sounds that nothing in a picture answers to.
    recording
        A regular expression that finds, in the name of a file, the recording it was
        cut from; "" takes the whole name.
    lists
        The official list of a split.
    split
        The split of everything; "" divides.
    """

    window_s: float = WINDOW_S
    every_s: float = 5.0
    layout: str | None = None
    boxes: Path | None = None
    labels: Path | None = None
    sounds: Path | None = None
    nowhere: tuple[str, ...] = ()
    recording: str = ""
    mask_boxes: MaskBoxes = MaskBoxes.REGIONS
    lists: Mapping[str, Path] = field(default_factory=dict)
    split: str = ""

    def __post_init__(self) -> None:
        for name in ("window_s", "every_s"):
            if not getattr(self, name) > 0.0:
                raise ValueError(f"{name} must be positive, got {getattr(self, name)}")
