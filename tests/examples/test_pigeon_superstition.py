"""The superstition's world is what it says, and what is measured in it is right."""

import re
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from examples.pigeon_superstition.figures import draw_maps, plot_shares
from examples.pigeon_superstition.grounds import ground
from examples.pigeon_superstition.lessons import (
    Outcome,
    lessons,
    packaged_trunks,
    teach_all,
)
from examples.pigeon_superstition.material import Material, World, make_world
from examples.pigeon_superstition.places import (
    GRID_PX,
    Looks,
    Regions,
    chance,
    regions_of,
    summarise,
)
from examples.pigeon_superstition.report import differences, over_seeds, table
from examples.pigeon_superstition.world import (
    KINDS,
    PICTURE_PX,
    Scene,
    Standing,
    draw_scene,
)
from soundloc.architecture import log_mel
from soundloc.architecture.config import LocalizerConfig
from soundloc.checkpoint_file import default_checkpoint_path
from soundloc.data.feature_cache import FeatureCache
from soundloc.data.pairs import PairSet, PictureEntry, PlacedObject, SoundEntry
from soundloc.network.model import SoundLocalizationNet
from soundloc.scoring.intervals import Interval

N_CELLS = 20
SOURCE, GROUND = (0.1, 0.2, 0.3, 0.4), (0.05, 0.35, 0.45, 0.7)
OTHER_SOURCE, OTHER_GROUND = (0.6, 0.25, 0.8, 0.45), (0.55, 0.4, 0.95, 0.75)


def standing_scene(*, crossed: bool = False) -> Scene:
    first, second = KINDS[0], KINDS[1]
    grounds = (second, first) if crossed else (first, second)
    return Scene(
        np.zeros((PICTURE_PX, PICTURE_PX, 3), np.uint8),
        (
            Standing(first, grounds[0], SOURCE, GROUND),
            Standing(second, grounds[1], OTHER_SOURCE, OTHER_GROUND),
        ),
    )


def test_a_scene_is_a_pure_function_of_its_number() -> None:
    first, again = draw_scene("test", 3), draw_scene("test", 3)
    np.testing.assert_array_equal(first.picture, again.picture)
    assert first.standing == again.standing
    assert not np.array_equal(first.picture, draw_scene("test", 4).picture)
    assert not np.array_equal(first.picture, draw_scene("train", 3).picture)


def test_every_source_stands_on_its_own_ground() -> None:
    for number in range(6):
        left, right = draw_scene("test", number).standing
        assert left.kind != right.kind
        for standing in (left, right):
            assert standing.ground_kind == standing.kind


def test_crossing_exchanges_the_grounds_and_nothing_else() -> None:
    for number in range(4):
        plain = draw_scene("test", number)
        crossed = draw_scene("test", number, crossed=True)
        for before, after in zip(plain.standing, crossed.standing, strict=True):
            assert after == replace(before, ground_kind=after.ground_kind)
            assert after.ground_kind != before.kind
        changed = (plain.picture != crossed.picture).any(axis=2)
        outside = np.ones_like(changed)
        for standing in plain.standing:
            outside &= ~pixels(standing.ground)
        assert changed.any()
        assert not changed[outside].any()


def test_a_source_and_its_ground_lie_in_the_picture_and_touch() -> None:
    for number in range(6):
        for standing in draw_scene("test", number).standing:
            source, floor = pixels(standing.source), pixels(standing.ground)
            assert 0.02 < source.mean() < floor.mean() < 0.25
            assert 0 < (source & floor).sum() < source.sum() / 2


def pixels(box: tuple[float, float, float, float]) -> NDArray[np.bool_]:
    assert all(0.0 <= edge <= 1.0 for edge in box)
    x0, y0, x1, y1 = (round(PICTURE_PX * edge) for edge in box)
    mask = np.zeros((PICTURE_PX, PICTURE_PX), bool)
    mask[y0:y1, x0:x1] = True
    return mask


def test_grounds_differ_between_kinds_more_than_within() -> None:
    colors = {k: [ground(k, (90, 90), s).mean((0, 1)) for s in (1, 2)] for k in KINDS}
    within = max(np.abs(a - b).max() for a, b in colors.values())
    between = min(
        np.abs(colors[a][0] - colors[b][0]).max()
        for a in KINDS
        for b in KINDS
        if a is not b
    )
    assert within < between


@pytest.mark.parametrize("crossed", [False, True])
def test_regions_are_those_of_the_sound_that_is_asked_for(crossed: bool) -> None:
    regions = regions_of(standing_scene(crossed=crossed), 0)
    assert regions.source[30, 20]
    assert regions.other_source[35, 70]
    # Row 60 is below both sources, on both grounds.
    own, other = ((60, 70), (60, 20)) if crossed else ((60, 20), (60, 70))
    assert regions.ground[own]
    assert regions.other_ground[other]
    masks = np.stack([getattr(regions, f.name) for f in fields(Regions)])
    assert masks.sum(0).max() == 1


def naive_looks(scene: Scene, place: int, response: NDArray[np.float32]) -> dict:
    """Measure one response cell by cell, each cut into 5 × 5 pixels."""
    kinds = [s.ground_kind for s in scene.standing]
    own = kinds.index(scene.standing[place].kind)
    boxes = {
        "source": scene.standing[place].source,
        "other_source": scene.standing[1 - place].source,
        "ground": scene.standing[own].ground,
        "other_ground": scene.standing[1 - own].ground,
    }

    def region_at(row: int, column: int) -> str:
        x, y = (column + 0.5) / GRID_PX, (row + 0.5) / GRID_PX
        for name, (x0, y0, x1, y1) in boxes.items():
            if x0 <= x < x1 and y0 <= y < y1:
                return name
        return "elsewhere"

    row, column = np.unravel_index(int(response.argmax()), response.shape)
    # The peak of the interpolated map is at the middle of the highest cell.
    peak = region_at(int(row) * 5 + 2, int(column) * 5 + 2)
    alpha = np.exp(response) / np.exp(response).sum()
    mass = {"source": 0.0, "ground": 0.0}
    for y in range(GRID_PX):
        for x in range(GRID_PX):
            name = region_at(y, x)
            if name in mass:
                mass[name] += float(alpha[y // 5, x // 5]) / 25
    return {"peak": peak, "mass": mass}


@pytest.mark.parametrize("crossed", [False, True])
def test_looks_agree_with_a_naive_measurement(crossed: bool) -> None:
    rng = np.random.default_rng(int(crossed))
    scenes = [standing_scene(crossed=crossed)] * 20
    maps = rng.normal(size=(20, 2, N_CELLS, N_CELLS)).astype(np.float32)
    # Peaks fall on every region, not only where there is much of it.
    for k in range(20):
        maps[k, 0, 4 + k % 8, 2 + k % 16] += 6.0
        maps[k, 1, 5 + k % 9, 3 + k % 15] += 6.0
    looks = summarise(scenes, list(maps), 1.0)
    naive = [
        naive_looks(scenes[k], place, maps[k, place])
        for k in range(20)
        for place in (0, 1)
    ]
    for name in ("source", "ground", "other_source", "other_ground", "elsewhere"):
        share = float(np.mean([n["peak"] == name for n in naive]))
        assert getattr(looks, name) == pytest.approx(share), name
        assert share > 0.0, name
    for name in ("source", "ground"):
        mass = float(np.mean([n["mass"][name] for n in naive]))
        assert getattr(looks, f"{name}_mass") == pytest.approx(mass, rel=1e-4)


def test_a_perfect_and_a_superstitious_map_are_told_apart() -> None:
    scene = standing_scene()
    perfect, superstitious = (
        np.zeros((2, N_CELLS, N_CELLS), np.float32) for _ in range(2)
    )
    for place, standing in enumerate(scene.standing):
        x0, y0, x1, y1 = (round(N_CELLS * edge) for edge in standing.source)
        perfect[place, y0:y1, x0:x1] = 1.0
        superstitious[place, 11:14, x0:x1] = 1.0  # below both sources
    saint, pigeon = (summarise([scene], [m], 0.07) for m in (perfect, superstitious))
    assert (saint.source, saint.ground, saint.ciou, saint.chose) == (1.0, 0.0, 1.0, 1.0)
    assert (pigeon.source, pigeon.ground, pigeon.ciou) == (0.0, 1.0, 0.0)
    assert saint.source_mass > 0.9 > 0.1 > pigeon.source_mass
    # The same map in a crossed picture looks at the ground of the other's kind.
    crossed = summarise([standing_scene(crossed=True)], [superstitious], 0.07)
    assert (crossed.ground, crossed.other_ground) == (0.0, 1.0)


def test_chance_is_the_area() -> None:
    scene = standing_scene()
    material = Material((scene,), hidden_place([scene]).train.cache)
    by_chance = chance(material)
    flat = summarise([scene], [np.zeros((2, N_CELLS, N_CELLS), np.float32)], 1.0)
    assert by_chance.source == pytest.approx(0.04, abs=0.002)
    assert by_chance.source_mass == pytest.approx(flat.source_mass, rel=1e-4)
    assert by_chance.ground_mass == pytest.approx(flat.ground_mass, rel=1e-4)


def hidden_place(scenes: list[Scene]) -> World:
    """Make a world whose features say nothing; two sounds for every picture."""
    rng = np.random.default_rng(0)
    pictures, sounds = [], []
    for number, scene in enumerate(scenes):
        objects = tuple(
            PlacedObject(None, (s.source,), f"{number}:{place}")
            for place, s in enumerate(scene.standing)
        )
        pictures.append(PictureEntry("", "train", "", objects))
        sounds += [SoundEntry("", None, "train", "", o.instance) for o in objects]
    cache = FeatureCache(
        PairSet(Path("none"), tuple(pictures), tuple(sounds)),
        rng.normal(size=(len(scenes), 432, N_CELLS, N_CELLS)).astype(np.float16),
        rng.normal(size=(len(sounds), 1, log_mel.CHANNELS)).astype(np.float16),
        np.zeros((1, log_mel.CHANNELS), np.float16),
    )
    material = Material(tuple(scenes), cache)
    config = LocalizerConfig(
        visual_trunk="efficientnet_lite0", sound_features="log-mel"
    )
    return World(SoundLocalizationNet(config), material, material, material)


def test_the_unsupervised_see_no_label_and_the_others_few() -> None:
    rows = lessons(9)
    by_name = {row.name: row for row in rows}
    assert len(by_name) == len(rows)
    for row in rows:
        weights = row.preset.training.objective.weights
        told = weights.supervised > 0.0
        assert told == (row.labels > 0.0), row.name
        alone = weights.ratio == weights.contrast == 0.0
        assert alone == (": supervised" in row.name), row.name
        assert weights.kinds == weights.confidence == weights.mass == 0.0
    first = rows[0].preset
    assert first.config.temperature == 1.0
    assert first.training.objective.ratio_distance == "raw"
    assert first.training.objective.truth_norm == "paper"


def test_every_lesson_is_taught_with_every_seed_and_can_be_reported(
    tmp_path: Path,
) -> None:
    world = hidden_place([standing_scene(), standing_scene(crossed=True)] * 4)
    rows = lessons(2)[:3]
    nets = {}
    outcomes = teach_all(
        rows,
        world,
        n_seeds=2,
        on_net=lambda row, seed, net: nets.update({row.name: net}),
    )
    assert [len(seeds) for seeds in outcomes.values()] == [2, 2, 2]
    assert outcomes[rows[0].name][0] != outcomes[rows[0].name][1]
    words = table(outcomes, chance(world.test))
    assert all(words.count(row.name) == 2 for row in rows)
    assert rows[0].name in differences(outcomes, [(rows[0].name, rows[2].name)])
    plot_shares(outcomes, tmp_path / "shares.png")
    draw_maps(nets, {"held out": world.test}, tmp_path / "maps.png", n_pictures=2)
    assert {p.name for p in tmp_path.iterdir()} == {"shares.png", "maps.png"}


def test_the_interval_over_seeds_is_students() -> None:
    # Four degrees of freedom: 2.776 standard errors.
    values = [0.1, 0.2, 0.3, 0.4, 0.5]
    interval = over_seeds(values)
    error = np.std(values, ddof=1) / np.sqrt(5)
    assert interval.mean == pytest.approx(0.3)
    assert interval.high - interval.mean == pytest.approx(2.776 * error, rel=1e-3)
    assert over_seeds([0.4]) == Interval(0.4, 0.4, 0.4, 1)


def test_differences_are_paired_by_seed() -> None:
    def outcome(source: float) -> Outcome:
        looks = Looks(source, 0.0, 0.0, 0.0, 1.0 - source, 0.0, 1.0, 0.0, 0.0, 0.0)
        return Outcome(looks, looks)

    before = [outcome(x) for x in (0.1, 0.5, 0.3)]
    after = [outcome(x) for x in (0.3, 0.7, 0.5)]
    words = differences({"a": before, "b": after}, [("a", "b")])
    line = next(row for row in words.splitlines() if row.strip().startswith("source"))
    assert [float(x) for x in re.findall(r"[-+] *[\d.]+", line)] == [20.0, 20.0, 20.0]


@pytest.mark.slow
@pytest.mark.skipif(
    not default_checkpoint_path().exists(), reason="there is no default checkpoint"
)
def test_the_ground_is_taken_for_the_source_until_a_few_sources_are_shown() -> None:
    world = make_world(packaged_trunks(), n_train=200, n_test=20)
    rows = {row.name: row for row in lessons(120) if "contrast" in row.name}
    pigeon, taught = rows.values()
    taught = replace(taught, labels=0.1)
    found = teach_all((pigeon, taught), world, n_seeds=1, on_net=lambda *_: None)
    blind, seeing = (found[row.name][0] for row in (pigeon, taught))
    assert blind.held_out.source < 0.35
    assert blind.held_out.ground > 2 * blind.held_out.source
    # The peak follows the ground to the other source, until it is told better.
    assert blind.crossed.ground > 2 * blind.crossed.source
    assert seeing.held_out.source > 0.65
    assert seeing.crossed.source > 0.65
    assert seeing.crossed.ground < 0.1
