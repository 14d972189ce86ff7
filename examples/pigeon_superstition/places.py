"""Where the network looks: at the source, at what always accompanies it, or elsewhere.

Attention and peak are measured on a fine grid, five pixels to a cell, on which the
response is interpolated as in `soundloc.scoring`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from examples.pigeon_superstition.material import Material
from examples.pigeon_superstition.world import Scene
from soundloc.network.model import SoundLocalizationNet
from soundloc.scoring import (
    SUCCESS_CIOU,
    ScoringProtocol,
    box_map,
    ciou,
    resize_response,
    select_source,
)

GRID_PX = 100
_BATCH = 25

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Regions:
    """What a sound's picture consists of, masks (h, w) without overlap.

    Parameters
    ----------
    source
        Of the sound.
    ground
        The ground of the sound's kind, the source itself left out; in a crossed
        picture it lies under the other source.
    other_source, other_ground
        The other source, silent at that moment, and the other ground.
    """

    source: Mask
    ground: Mask
    other_source: Mask
    other_ground: Mask


@dataclass(frozen=True, slots=True)
class Looks:
    """Where a network looks when asked for sounds; means over all of them.

    Parameters
    ----------
    source, ground, other_source, other_ground, elsewhere
        Share of the peaks that lie there, see `Regions`; they sum to 1.
    fooled_kinds
        Share of the kinds whose sounds lead to the ground more often than to the
        source.
    chose
        The source holds a higher response than the other source.
    ciou
        Share of successes at cIoU 0.5, with as many pixels selected as the source
        has.
    source_mass, ground_mass
        Attention on the source and on the ground of its kind.
    """

    source: float
    ground: float
    other_source: float
    other_ground: float
    elsewhere: float
    fooled_kinds: float
    chose: float
    ciou: float
    source_mass: float
    ground_mass: float


def regions_of(scene: Scene, place: int) -> Regions:
    """Tell the regions of a picture apart for the sound of one of its two sources."""
    sources = [_mask(s.source) for s in scene.standing]
    anyone = sources[0] | sources[1]
    grounds = [_mask(s.ground) & ~anyone for s in scene.standing]
    kinds = [s.ground_kind for s in scene.standing]
    own = kinds.index(scene.standing[place].kind)
    return Regions(sources[place], grounds[own], sources[1 - place], grounds[1 - own])


def look(net: SoundLocalizationNet, material: Material) -> Looks:
    """Ask every picture for both of its sounds, and see where the network looks."""
    temperature = net.config.temperature
    return summarise(material.scenes, respond_to(net, material), temperature)


def summarise(
    scenes: Sequence[Scene], maps: Sequence[NDArray[np.float32]], temperature: float
) -> Looks:
    """Average over the responses (2, h, w) of each scene to its two sounds."""
    asked = [
        (scene, place, response)
        for scene, responses in zip(scenes, maps, strict=True)
        for place, response in enumerate(responses)
    ]
    kinds = np.array([str(scene.standing[place].kind) for scene, place, _ in asked])
    rows = np.array(
        [
            _look_once(response, temperature, regions_of(scene, place))
            for scene, place, response in asked
        ]
    )
    by_kind = [rows[kinds == kind].mean(axis=0) for kind in np.unique(kinds)]
    fooled = float(np.mean([mean[1] > mean[0] for mean in by_kind]))
    return Looks(*np.insert(rows.mean(axis=0), 5, fooled).tolist())


@torch.inference_mode()
def respond_to(
    net: SoundLocalizationNet, material: Material
) -> list[NDArray[np.float32]]:
    """Return the responses (2, h, w) of each picture to its two sounds."""
    net.eval()
    cache, maps = material.cache, []
    for start in range(0, len(material.scenes), _BATCH):
        pictures = cache.pictures[start : start + _BATCH].astype(np.float32)
        sounds = cache.sounds[2 * start : 2 * (start + _BATCH), 0].astype(np.float32)
        V = net.visual.neck(torch.from_numpy(pictures))  # noqa: N806 - the paper's
        h = net.sound.head(torch.from_numpy(sounds))
        responses = net.respond(V, h).numpy()
        maps += [responses[k, 2 * k : 2 * k + 2] for k in range(len(pictures))]
    return maps


def chance(material: Material) -> Looks:
    """Return what a peak at a random place and an even attention would give."""
    rows = []
    for scene in material.scenes:
        for place in range(len(scene.standing)):
            regions = regions_of(scene, place)
            areas = [float(getattr(regions, f.name).mean()) for f in fields(Regions)]
            rows.append([*areas, 1.0 - sum(areas), 1.0, 0.5, 0.0, *areas[:2]])
    return Looks(*np.mean(rows, axis=0).tolist())


def _look_once(
    response: NDArray[np.float32], temperature: float, regions: Regions
) -> list[float]:
    fine = resize_response(response, height_px=GRID_PX, width_px=GRID_PX)
    peak = fine == fine.max()
    peaks = [float(getattr(regions, f.name)[peak].mean()) for f in fields(Regions)]
    alpha = np.exp((response - response.max()) / temperature)
    alpha /= alpha.sum()
    truth = regions.source.astype(np.float64)
    selected = select_source(fine, ScoringProtocol.ADAPTIVE, truth=truth)
    return [
        *peaks,
        1.0 - sum(peaks),
        float(fine[regions.source].max() > fine[regions.other_source].max()),
        float(ciou(selected, truth) >= SUCCESS_CIOU),
        _mass(alpha, regions.source),
        _mass(alpha, regions.ground),
    ]


def _mass(alpha: NDArray[np.float32], region: Mask) -> float:
    """Sum the attention over a region that covers some cells in part."""
    height, width = alpha.shape
    size = (width, height)
    covered = cv2.resize(region.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    return float((alpha * covered).sum())


def _mask(box: tuple[float, float, float, float]) -> Mask:
    return box_map([box], height_px=GRID_PX, width_px=GRID_PX)
