"""The experiment's result to look at: shares with every seed, and maps side by side."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from examples.pigeon_superstition.material import Material
from examples.pigeon_superstition.places import respond_to
from examples.pigeon_superstition.report import SETS, Outcomes, over_seeds, values_of
from examples.pigeon_superstition.world import PICTURE_PX, Scene
from pano_jobs.outputs import written_whole
from soundloc.data.pairs import Box
from soundloc.network.model import SoundLocalizationNet

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_DPI = 110
# Okabe and Ito's colours, told apart by everybody.
_COLORS = {"source": "#009E73", "ground": "#D55E00"}
_LABELS = {"source": "the source", "ground": "what always accompanies it"}
_HEAT_SHARE = 0.55

Nets = Mapping[str, SoundLocalizationNet]


def plot_shares(outcomes: Outcomes, target: Path) -> None:
    """Draw where the peaks lie, one dot per seed, into a PNG."""
    figure = _figure(11.0, 0.42 * len(outcomes) + 1.5)
    for axes, (which, title) in zip(
        figure.subplots(1, len(SETS), sharey=True), SETS.items(), strict=True
    ):
        _draw_shares(axes, outcomes, which)
        axes.set(title=title, xlabel="share of the peaks", xlim=(-0.03, 1.03))
    figure.legend(
        *axes.get_legend_handles_labels(), loc="outside lower center", ncols=2
    )
    _save(figure, target)


def _draw_shares(axes: Axes, outcomes: Outcomes, which: str) -> None:
    names = list(outcomes)
    for offset, region in ((-0.14, "source"), (0.14, "ground")):
        for row, name in enumerate(names):
            values = values_of(outcomes[name], which, region)
            mean, y = over_seeds(values), row + offset
            color = _COLORS[region]
            axes.plot(values, [y] * len(values), ".", color=color, alpha=0.45, ms=5)
            axes.plot([mean.low, mean.high], [y, y], color=color, lw=2)
            axes.plot(
                mean.mean,
                y,
                "o",
                color=color,
                ms=7,
                label=_LABELS[region] if row == 0 else None,
            )
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.grid(axis="x", alpha=0.3)


def draw_maps(
    nets: Nets, materials: Mapping[str, Material], target: Path, *, n_pictures: int
) -> None:
    """Draw the responses of several networks to the same pictures into a PNG.

    Each picture is asked for both of its sounds. The box is the source; the disc the
    response's peak.
    """
    heads = ("asked for the boxed one", *nets)
    rows = [
        (material, number, place, title)
        for title, material in materials.items()
        for number in range(n_pictures)
        for place in (0, 1)
    ]
    figure = _figure(2.35 * 2 * len(heads), 2.35 * len(rows) / 2 + 0.4)
    grid = figure.subplots(len(rows) // 2, 2 * len(heads), squeeze=False)
    maps = {
        (title, name): respond_to(net, material)
        for title, material in materials.items()
        for name, net in nets.items()
    }
    for index, (material, number, place, title) in enumerate(rows):
        scene = material.scenes[number]
        responses = [None, *(maps[title, name][number][place] for name in nets)]
        for column, (head, response) in enumerate(zip(heads, responses, strict=True)):
            axes = grid[index // 2][column + len(heads) * (index % 2)]
            _draw_map(axes, scene, place, response)
            if index < 2:
                axes.set_title(head, fontsize=9)
            if column == 0 and index % 2 == 0:
                axes.set_ylabel(title, fontsize=9)
    _save(figure, target)


def _draw_map(
    axes: Axes, scene: Scene, place: int, response: NDArray[np.float32] | None
) -> None:
    """Draw a picture, its response over it if there is one, and the source's box."""
    picture = scene.picture
    if response is not None:
        picture = _heated(picture, response)
        row, column = np.unravel_index(int(response.argmax()), response.shape)
        cell_px = PICTURE_PX / response.shape[0]
        peak = ((column + 0.5) * cell_px, (row + 0.5) * cell_px)
        axes.plot(*peak, "o", color="magenta", ms=7, mec="white")
    axes.imshow(picture)
    _outline(axes, scene.standing[place].source)
    axes.set_xticks([])
    axes.set_yticks([])


def _outline(axes: Axes, box: Box) -> None:
    x0, y0, x1, y1 = (PICTURE_PX * edge for edge in box)
    axes.plot([x0, x1, x1, x0, x0], [y0, y0, y1, y1, y0], color="white", lw=1.5)


def _heated(
    picture: NDArray[np.uint8], response: NDArray[np.float32]
) -> NDArray[np.uint8]:
    """Lay a response over a picture, from its lowest value to its highest."""
    low, high = float(response.min()), float(response.max())
    level = (response - low) / max(high - low, 1e-9)
    size = (PICTURE_PX, PICTURE_PX)
    fine = cv2.resize(level, size, interpolation=cv2.INTER_LINEAR)
    grey = (255.0 * fine).astype(np.uint8)
    bgr = cv2.applyColorMap(grey, cv2.COLORMAP_TURBO)
    heat = cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)
    mixed = _HEAT_SHARE * heat + (1.0 - _HEAT_SHARE) * picture
    return np.asarray(mixed, dtype=np.uint8)


def _figure(width_in: float, height_in: float) -> Figure:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width_in, height_in), dpi=_DPI, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _save(figure: Figure, target: Path) -> None:
    with written_whole(target) as part:
        figure.savefig(part, format="png")
