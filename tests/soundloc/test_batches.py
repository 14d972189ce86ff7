import numpy as np
import pytest
import torch

from soundloc.batches import Batch, BatchDrawer, cell_coverage
from tests.soundloc.worlds import draw_world

N_CELLS = 48


def related(a: str | None, b: str | None) -> bool:
    return a == b


def draw(step: int = 0) -> Batch:
    drawer = BatchDrawer(draw_world(), related=related, seed=0)
    pictures = drawer.draw_pictures(step, 4)
    return drawer.draw(step, pictures=pictures, n_per_picture=2, n_foreign=4)


def test_coverage_is_the_share_of_each_cell() -> None:
    # A box over the left half of cell (0, 0) and all of cell (1, 0) of a 2 × 2 grid.
    covered = cell_coverage(((0.0, 0.0, 0.25, 1.0),), 2, 2)
    assert covered == pytest.approx(np.array([[0.5, 0.0], [0.5, 0.0]]))


def test_a_wrapping_box_covers_both_edges() -> None:
    covered = cell_coverage(((0.75, 0.0, 0.25, 1.0),), 1, 4)
    assert covered == pytest.approx(np.array([[0.5, 0.0, 0.0, 0.5]]))


def test_no_box_covers_nothing() -> None:
    assert not cell_coverage((), 3, 3).any()


def test_every_own_sound_belongs_to_its_picture() -> None:
    batch = draw()
    own = torch.arange(batch.n_own)
    assert batch.n_own == 8
    assert (batch.belongs[batch.picture_of, own] == 1).all()


def test_noise_is_foreign_to_every_picture() -> None:
    batch = draw()
    assert batch.is_nowhere.any()
    assert (batch.belongs[:, batch.is_nowhere] == -1).all()


def test_a_step_draws_the_same_batch_again() -> None:
    first, second = draw(3), draw(3)
    assert torch.equal(first.pictures, second.pictures)
    assert torch.equal(first.sounds, second.sounds)
    assert not torch.equal(first.sounds, draw(4).sounds)


def test_thinning_keeps_every_cell_of_the_objects() -> None:
    batch = draw()
    thin = batch.thinned(24, seed=0)
    assert thin.pictures.shape[2:] == (1, 24)
    assert thin.targets.sum((1, 2)) == pytest.approx(1.0)


def test_thinned_cells_stand_for_all() -> None:
    thin = draw().thinned(24, seed=0)
    assert thin.log_weights.exp().sum((1, 2)) == pytest.approx(N_CELLS)


def test_thinning_to_more_cells_than_there_are_changes_nothing() -> None:
    batch = draw()
    assert batch.thinned(N_CELLS, seed=0) is batch


def test_mixed_sounds_stay_of_their_kind() -> None:
    cache = draw_world()
    drawer = BatchDrawer(cache, related=related, seed=0, mixes=True)
    pictures = drawer.draw_pictures(0, 8)
    batch = drawer.draw(0, pictures=pictures, n_per_picture=3, n_foreign=0)
    heard = torch.from_numpy(np.float32(cache.sounds)).flatten(0, 1)
    kinds = torch.arange(3).repeat_interleave(8)  # 4 sounds in 2 variations each
    likeness = torch.corrcoef(torch.cat([batch.sounds, heard]))[: batch.n_own, -24:]
    assert torch.equal(kinds[likeness.argmax(1)], batch.kinds)
    as_stored = (batch.sounds[:, None] == heard[None]).all(2).any(1)
    assert 0 < as_stored.sum() < batch.n_own
