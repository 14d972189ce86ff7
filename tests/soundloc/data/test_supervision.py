"""Labels are hidden where they should be, and nowhere else."""

import itertools
from pathlib import Path

import pytest

from soundloc.data.pairs import (
    Opinion,
    PairSet,
    PictureEntry,
    PlacedObject,
    SoundEntry,
)
from soundloc.data.supervision import label_only, label_share
from soundloc.errors import DatasetError

BOX = (0.1, 0.2, 0.5, 0.6)
N_TRAIN = 20


def pair_set() -> PairSet:
    """Return 20 training pictures, the last five without a place, and one test."""
    boxed = PlacedObject("dog", (BOX,))
    judged = PlacedObject(
        "cat", opinions=(Opinion((BOX,), "object"), Opinion((), "ambient"))
    )
    unknown = PlacedObject("bell")
    pictures = [
        PictureEntry(
            f"{number}.jpg",
            "train",
            "",
            (boxed, judged, unknown) if number < 15 else (unknown,),
        )
        for number in range(N_TRAIN)
    ]
    pictures.append(PictureEntry("test.jpg", "test", "", (boxed,)))
    sounds = (SoundEntry("dog.wav", "dog", "train", ""),)
    return PairSet(Path("nowhere"), tuple(pictures), sounds)


def labelled(chosen: PairSet) -> set[str]:
    return {
        p.picture
        for p in chosen.pictures
        if p.split == "train" and any(o.has_place for o in p.objects)
    }


@pytest.mark.parametrize("n_labels", [0, 1, 7, 15])
def test_as_many_training_pictures_keep_their_place_as_asked(n_labels: int) -> None:
    assert len(labelled(label_only(pair_set(), n_labels, seed=3))) == n_labels


def test_fewer_labels_are_among_more() -> None:
    chosen = [labelled(label_only(pair_set(), n, seed=5)) for n in range(16)]
    for fewer, more in itertools.pairwise(chosen):
        assert fewer < more


def test_the_seed_decides_which() -> None:
    choices = {frozenset(labelled(label_only(pair_set(), 5, seed=s))) for s in range(8)}
    assert len(choices) > 1
    again = label_only(pair_set(), 5, seed=2)
    assert again == label_only(pair_set(), 5, seed=2)


def test_a_hidden_place_leaves_no_trace_but_the_kind() -> None:
    hidden = label_only(pair_set(), 0, seed=0)
    for before, after in zip(pair_set().pictures, hidden.pictures, strict=True):
        assert [o.kind for o in after.objects] == [o.kind for o in before.objects]
        if after.split == "train":
            assert all(o.boxes == () and o.opinions == () for o in after.objects)
            assert not any(o.is_ambient for o in after.objects)


def test_a_kept_picture_is_unchanged_and_so_are_the_sounds() -> None:
    chosen = label_only(pair_set(), 4, seed=0)
    kept = labelled(chosen)
    before = {p.picture: p for p in pair_set().pictures}
    assert all(p == before[p.picture] for p in chosen.pictures if p.picture in kept)
    assert chosen.sounds == pair_set().sounds


def test_what_is_measured_on_keeps_its_truth() -> None:
    assert label_only(pair_set(), 0, seed=0).pictures[-1] == pair_set().pictures[-1]


def test_more_labels_than_there_are_is_refused() -> None:
    with pytest.raises(DatasetError, match=r"15 training pictures.*16"):
        label_only(pair_set(), 16, seed=0)
    with pytest.raises(ValueError, match="-1"):
        label_only(pair_set(), -1, seed=0)


@pytest.mark.parametrize(
    ("share", "n_labels"), [(0.0, 0), (0.01, 1), (0.4, 6), (1.0, 15)]
)
def test_a_share_counts_the_pictures_with_a_place(share: float, n_labels: int) -> None:
    assert len(labelled(label_share(pair_set(), share, seed=1))) == n_labels


def test_a_share_beyond_all_is_refused() -> None:
    with pytest.raises(ValueError, match=r"1\.5"):
        label_share(pair_set(), 1.5, seed=0)
