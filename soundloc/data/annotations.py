"""Readers of the box files that sound localization is measured with.

Every file becomes the same pictures with opinions, boxes as fractions of width and
height, whatever its own units. Published files hold boxes that are none; they are
repaired or left out, and counted and named either way, because a picture more or less
changes the figures: sets of 249 and 250, of 4,655 and 5,158 pictures are in use.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from soundloc.data.box_repairs import BoxRepairer, BoxRepairs
from soundloc.data.pairs import Box, Opinion
from soundloc.errors import DatasetError

_FLICKR_PX = 256
_BOX_JSON_PX = 224
_FLICKR_CONSENSUS = 2
_EDGES = ("xmin", "ymin", "xmax", "ymax")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class AnnotatedPicture:
    """A picture, or a picture with one of its sounds, and who saw the source where.

    Parameters
    ----------
    picture, sound
        As the file names them; `sound` is "" where it is the picture's own.
    opinions
        One for each subject.
    kind
        The class of the sound, "" if not told.
    split
        "test" where the file says so, else "".
    """

    picture: str
    opinions: tuple[Opinion, ...]
    sound: str = ""
    kind: str = ""
    split: str = ""

    def has_source(self) -> bool:
        """Say whether anyone drew a box that could be used."""
        return any(opinion.boxes for opinion in self.opinions)

    def boxes_by_subject(self) -> tuple[tuple[Box, ...], ...]:
        """Return the boxes of each opinion, as `scoring.consensus_map` takes them."""
        return tuple(opinion.boxes for opinion in self.opinions)


@dataclass(frozen=True, slots=True)
class Annotations:
    """The pictures of a box file and how many subjects must agree on a pixel."""

    pictures: tuple[AnnotatedPicture, ...]
    n_consensus: int
    repairs: BoxRepairs

    def with_source(self) -> tuple[AnnotatedPicture, ...]:
        """Return the pictures that can be scored: those with a usable box."""
        return tuple(p for p in self.pictures if p.has_source())

    def without_source(self) -> tuple[str, ...]:
        """Name the pictures that have no usable box."""
        return tuple(p.picture for p in self.pictures if not p.has_source())


def read_vggss(path: Path) -> Annotations:
    """Read `vggss.json`: a list of {file, class, bbox: [[x0, y0, x1, y1], …]}.

    Boxes are fractions; those of one entry are one opinion together. A few have no
    area, and twelve a corner at -2.9e16: left out, as the evaluations of LVS and
    SSLalignment do in effect. (Sorting them would invent a box up to the edge.)

    Raises
    ------
    DatasetError
        If the file is missing or an entry malformed; it names file and entry.
    """
    repairer = BoxRepairer()

    def picture(row: Any) -> AnnotatedPicture:
        boxes = repairer.usable(row["bbox"], scale=1)
        return AnnotatedPicture(
            _text(row["file"]), (Opinion(boxes),), kind=_text(row["class"])
        )

    return _read_json(path, picture, repairer, n_consensus=1)


def read_flickr_json(path: Path) -> Annotations:
    """Read Flickr-SoundNet boxes: [{id, boxes_xyxy_px256, in_test_list}, …].

    Boxes are pixels of 256 × 256. The file does not say who drew which of a picture's
    2 to 10 boxes, so each is an opinion, and two make the consensus: like the
    released evaluations, which add up all boxes of the XML and halve the sum.

    Raises
    ------
    DatasetError
        If the file is missing or an entry malformed; it names file and entry.
    """
    repairer = BoxRepairer()

    def picture(row: Any) -> AnnotatedPicture:
        return AnnotatedPicture(
            _text(row["id"]),
            tuple(
                Opinion(repairer.usable([box], scale=_FLICKR_PX))
                for box in row["boxes_xyxy_px256"]
            ),
            split="test" if row["in_test_list"] else "",
        )

    return _read_json(path, picture, repairer, n_consensus=_FLICKR_CONSENSUS)


def read_box_json(path: Path) -> Annotations:
    """Read the boxes of AVSBench, IS3 and VPO: [{image, audio, gt_box}, …].

    Boxes are pixels of 224 × 224; [0, 0, 0, 0] is AVSBench's word for no source in
    the picture. Names are kept whole, with the folders of their authors.

    Raises
    ------
    DatasetError
        If the file is missing or an entry malformed; it names file and entry.
    """
    repairer = BoxRepairer()

    def picture(row: Any) -> AnnotatedPicture:
        boxes = repairer.usable([row["gt_box"]], scale=_BOX_JSON_PX)
        return AnnotatedPicture(
            _text(row["image"]), (Opinion(boxes),), sound=_text(row["audio"])
        )

    return _read_json(path, picture, repairer, n_consensus=1)


def read_flickr_xml(folder: Path) -> Annotations:
    """Read the official Flickr-SoundNet annotations: a folder of `<id>.xml`.

    Every grandchild of the root named `bbox` is an opinion, in pixels of 256 × 256:
    first a child that is no coordinate (its text may be a tag), then xmin, ymin, xmax,
    ymax. They are read by their names where they have these, otherwise in that order.

    Raises
    ------
    DatasetError
        If the folder holds no XML or one is malformed; it names the file.
    """
    paths = sorted(folder.glob("*.xml"))
    if not paths:
        raise DatasetError(
            f"{folder} holds no XML; give the folder 'Annotations' of Flickr-SoundNet."
        )
    repairer = BoxRepairer()
    pictures = []
    for path in paths:
        try:
            root = ElementTree.parse(path).getroot()
            drawn = [_edges_and_tag(box) for box in root.findall("./*/bbox")]
            opinions = tuple(
                Opinion(repairer.usable([edges], scale=_FLICKR_PX), tag)
                for edges, tag in drawn
            )
        except (ElementTree.ParseError, ValueError) as error:
            raise DatasetError(f"{path} is malformed ({error}).") from error
        pictures.append(AnnotatedPicture(path.stem, opinions))
    return _finished(folder, pictures, repairer, n_consensus=_FLICKR_CONSENSUS)


def _edges_and_tag(box: ElementTree.Element) -> tuple[list[float], str]:
    children = list(box)
    named = {child.tag.lower(): child for child in children}
    if all(edge in named for edge in _EDGES):
        edges = [named[edge] for edge in _EDGES]
    else:
        edges = children[1:5]
    others = [child for child in children if child not in edges]
    told = (others[0].text or "").strip().lower() if others else ""
    tag = told if told in ("object", "ambient") else ""
    return [float(edge.text or "") for edge in edges], tag


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected text, got {value!r}")
    return value


def _read_json(
    path: Path,
    picture: Callable[[Any], AnnotatedPicture],
    repairer: BoxRepairer,
    *,
    n_consensus: int,
) -> Annotations:
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise DatasetError(f"{path} is not JSON ({error}).") from error
    if not isinstance(rows, list):
        raise DatasetError(f"{path} holds no list of pictures.")
    pictures = []
    for number, row in enumerate(rows, start=1):
        try:
            pictures.append(picture(row))
        except (LookupError, TypeError, ValueError) as error:
            raise DatasetError(
                f"entry {number} of {path} is malformed ({error!r})."
            ) from error
    return _finished(path, pictures, repairer, n_consensus=n_consensus)


def _finished(
    source: Path,
    pictures: list[AnnotatedPicture],
    repairer: BoxRepairer,
    *,
    n_consensus: int,
) -> Annotations:
    annotations = Annotations(tuple(pictures), n_consensus, repairer.repairs())
    repairs = annotations.repairs
    if repairs.n_sorted or repairs.n_clipped or repairs.n_dropped:
        _log.warning(
            "%s: of %d boxes %d were sorted, %d clipped and %d left out; "
            "%d of %d pictures have none",
            source,
            repairs.n_boxes,
            repairs.n_sorted,
            repairs.n_clipped,
            repairs.n_dropped,
            len(annotations.without_source()),
            len(pictures),
        )
    return annotations
