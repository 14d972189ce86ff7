"""A crop shows what its picture shows, and each cell is named after it."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from soundloc.adaptation.crops import CELL_PX, IGNORE_INDEX, CropSampler, CropSettings
from soundloc.data.pairs import PairSet, PictureEntry, PlacedObject
from soundloc.errors import DatasetError
from soundloc.network.checkpoint import load_checkpoint
from soundloc.network.trunks.efficientnet import EfficientNetLite0

HEIGHT_PX, WIDTH_PX = 240, 480
PLAIN = CropSettings(size_px=128, scale=(1.0, 1.0), jitter=0.0, n_least=1)
FLAT = 3.0
# Light and tint change a color, never which channel leads.
CHANNELS = {"red": 0, "green": 1, "blue": 2}


def drawn_set(folder: Path, *, wrap: bool = False) -> PairSet:
    """Paint one 120 px square of every color, each in a picture of its own."""
    entries = []
    for number, (kind, channel) in enumerate(CHANNELS.items()):
        left = 60 + 100 * number
        if wrap:
            left = WIDTH_PX - 60  # half of it behind the seam
        image = np.full((HEIGHT_PX, WIDTH_PX, 3), 128, np.uint8)
        columns = np.arange(left, left + 120) % WIDTH_PX
        color = [20, 20, 20]
        color[channel] = 230
        image[60:180, columns] = color
        cv2.imwrite(str(folder / f"{kind}.png"), image[..., ::-1])
        end = (left + 120) / WIDTH_PX % 1.0
        box = (left / WIDTH_PX, 0.25, end, 0.75)
        objects = (PlacedObject(kind, (box,)),)
        entries.append(PictureEntry(f"{kind}.png", "train", kind, objects, wrap))
    return PairSet(folder, tuple(entries), ())


def test_a_cell_of_the_trunk_looks_at_its_own_middle() -> None:
    trunk = load_checkpoint().net.visual.trunk
    assert isinstance(trunk, EfficientNetLite0)
    rng = np.random.default_rng(0)
    noise = rng.uniform(0.0, 255.0, (4, 3, 448, 448)).astype(np.float32)
    pixels = torch.from_numpy(noise).requires_grad_(True)
    _, deep = trunk.see_late(trunk.see_early(pixels, 0), 0)
    weights = torch.from_numpy(rng.standard_normal((4, 320)).astype(np.float32))
    (gradient,) = torch.autograd.grad((deep[..., 7, 7] * weights).sum(), pixels)
    seen = gradient.square().sum((0, 1))
    at_px = torch.arange(448.0) + 0.5
    for axis in (0, 1):
        centre_px = float((seen.sum(axis) * at_px).sum() / seen.sum())
        assert centre_px == pytest.approx(7.5 * CELL_PX, abs=CELL_PX / 4)


@pytest.mark.parametrize("wrap", [False, True])
@pytest.mark.parametrize("how", [PLAIN, CropSettings(size_px=128, n_least=1)])
def test_cells_are_named_after_what_they_show(
    tmp_path: Path, wrap: bool, how: CropSettings
) -> None:
    sampler = CropSampler(drawn_set(tmp_path, wrap=wrap), "train", how=how)
    assert sampler.kinds == ("blue", "green", "red")
    n_named = 0
    for step in range(12):
        pixels, shown = sampler.draw(step, 2)
        assert pixels.shape == (2, 3, 128, 128)
        assert shown.shape == (2, 128 // CELL_PX, 128 // CELL_PX)
        for crop, cells in zip(pixels, shown, strict=True):
            for row, column in np.ndindex(cells.shape):
                y, x = (CELL_PX * i + CELL_PX // 2 for i in (row, column))
                around = crop[:, max(0, y - 6) : y + 6, max(0, x - 6) : x + 6]
                if around.std((1, 2)).max() > FLAT:
                    continue  # an edge runs through it
                _, middle, high = np.sort(around.mean((1, 2)))
                is_colored = high > 2.0 * middle
                assert is_colored == (cells[row, column] < len(CHANNELS))
                if is_colored:
                    kind = sampler.kinds[cells[row, column]]
                    assert around.mean((1, 2)).argmax() == CHANNELS[kind]
                    n_named += 1
    assert n_named > 20


def test_crops_are_a_pure_function_of_seed_and_step(tmp_path: Path) -> None:
    pair_set = drawn_set(tmp_path)
    how = CropSettings(size_px=64, n_least=1)
    first, again = (CropSampler(pair_set, "train", how=how) for _ in range(2))
    for one, two in zip(first.draw(3, 2), again.draw(3, 2), strict=True):
        np.testing.assert_array_equal(one, two)
    other = CropSampler(pair_set, "train", seed=1, how=how)
    assert not np.array_equal(first.draw(3, 2)[0], other.draw(3, 2)[0])


def test_rare_kinds_are_ignored_and_smaller_things_stand_in_front(
    tmp_path: Path,
) -> None:
    pair_set = drawn_set(tmp_path)
    entry = pair_set.pictures[0]
    inner = PlacedObject("dot", ((0.2, 0.45, 0.3, 0.6),))
    double = PictureEntry(
        entry.picture, "train", "double", (inner, *entry.objects, *entry.objects)
    )
    rarely = PairSet(tmp_path, (double,), ())
    how = CropSettings(size_px=128, scale=(1.0, 1.0), jitter=0.0, n_least=2)
    sampler = CropSampler(rarely, "train", how=how)
    assert sampler.kinds == ("red",)
    _, shown = sampler.draw(0, 1)
    assert IGNORE_INDEX in shown
    assert 0 in shown


def test_a_set_without_boxes_cannot_be_adapted_to(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="nothing to adapt"):
        CropSampler(PairSet(tmp_path, (), ()), "train")
