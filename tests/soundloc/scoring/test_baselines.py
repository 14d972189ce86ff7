import json
import runpy
import sys
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from soundloc.data.annotations import read_flickr_json, read_vggss
from soundloc.scoring import (
    ScoringProtocol,
    box_map,
    ciou,
    consensus_map,
    select_source,
)
from soundloc.scoring.baselines import (
    Predictor,
    centred_box,
    centred_disc,
    mean_truth,
    oracle_mask,
    score_trivial,
)

TOP50, ADAPTIVE = ScoringProtocol.TOP50, ScoringProtocol.ADAPTIVE
ANNOTATIONS = Path("../shared/data/annotations")
EXAMPLE = Path(__file__).parents[3] / "examples/trivial_predictors.py"
VGGSS = ANNOTATIONS / "vggss.json"
FLICKR = ANNOTATIONS / "flickr_soundnet_boxes.json"

# The published figures have one decimal, and count four pictures that are not here.
REFERENCE = 0.1


@pytest.mark.parametrize("shape", [(224, 224), (9, 14), (1, 1), (5, 1)])
def test_the_disc_ranks_pixels_by_their_distance_to_the_centre(shape) -> None:
    height, width = shape
    response = centred_disc(*shape)
    assert response.max() <= 1.0
    assert response.min() >= 0.0
    y, x = np.indices(shape)
    distance = np.hypot(y + 0.5 - height / 2, x + 0.5 - width / 2)
    order = np.argsort(-response, axis=None, kind="stable")
    assert (np.diff(distance.flat[order]) >= -1e-9).all()


def test_pixels_equally_far_from_the_centre_are_tied() -> None:
    response = centred_disc(224, 224)
    for same in (response[::-1], response[:, ::-1], response.T):
        assert np.array_equal(response, same)
    # 7² + 1² = 5² + 5² in half pixels.
    assert response[112 + 3, 112] == response[112 + 2, 112 + 2]


def test_the_centred_box_has_half_the_sides() -> None:
    assert np.array_equal(centred_box(224, 224), box_map([(0.25, 0.25, 0.75, 0.75)]))
    assert centred_box(8, 12).sum() == 4 * 6


def test_the_maps_that_are_kept_cannot_be_changed() -> None:
    for kept in (centred_disc(8, 8), centred_box(8, 8)):
        with pytest.raises(ValueError, match="read-only"):
            kept[0, 0] = 0


def test_the_oracle_reaches_the_best_of_all_selections_of_half_the_pixels() -> None:
    rng = np.random.default_rng(0)
    for _ in range(40):
        truth = rng.choice([0.0, 0.5, 1.0], size=(3, 3), p=[0.5, 0.2, 0.3])
        if not truth.any():
            continue
        best = 0.0
        for chosen in combinations(range(9), 5):
            selected = np.zeros(9, dtype=bool)
            selected[list(chosen)] = True
            best = max(best, ciou(selected.reshape(3, 3), truth))
        mask = oracle_mask(truth, TOP50)
        assert mask.sum() == select_source(rng.normal(size=(3, 3)), TOP50).sum() == 5
        assert ciou(mask, truth) == pytest.approx(best)


@pytest.mark.parametrize("protocol", sorted(set(ScoringProtocol) - {TOP50}))
def test_only_the_top50_protocol_has_a_ceiling_below_one(protocol) -> None:
    truth = consensus_map([[(0.1, 0.2, 0.4, 0.3)], [(0.2, 0.2, 0.6, 0.9)]])
    assert ciou(oracle_mask(truth, protocol), truth) == 1.0
    assert ciou(oracle_mask(truth, TOP50), truth) < 1.0


def test_the_figures_of_a_half_covered_picture_are_those_of_hand_arithmetic() -> None:
    left = np.zeros((16, 16))
    left[:, :8] = 1.0
    scores = score_trivial([left], TOP50, priors=[-np.indices((16, 16))[1] / 16])
    ious = {predictor: float(s.ciou[0]) for predictor, s in scores.items()}
    # 32 of the box's 64 pixels lie in the left 128: 32 / (128 + 32).
    assert ious[Predictor.CENTRED_BOX] == pytest.approx(0.2)
    assert ious[Predictor.WHOLE_PICTURE] == pytest.approx(0.5)
    assert ious[Predictor.OBJECT_PRIOR] == 1.0
    assert ious[Predictor.ORACLE] == 1.0
    # The disc of d pixels is symmetric, so d/2 of them are right.
    d = select_source(centred_disc(16, 16), TOP50).sum()
    assert ious[Predictor.CENTRED_DISC] == pytest.approx(d / 2 / (128 + d / 2))
    points = {predictor: float(s.pointing[0]) for predictor, s in scores.items()}
    assert points[Predictor.CENTRED_BOX] == points[Predictor.WHOLE_PICTURE] == 0.5
    assert points[Predictor.CENTRED_DISC] == 0.5
    assert points[Predictor.ORACLE] == points[Predictor.OBJECT_PRIOR] == 1.0


def test_the_oracle_points_where_most_subjects_agree() -> None:
    truth = consensus_map(
        [[(0.0, 0.0, 0.2, 0.2)], [(0.8, 0.8, 1.0, 1.0)]], n_consensus=2
    )
    score = score_trivial([truth], TOP50)[Predictor.ORACLE]
    assert score.pointing.tolist() == [0.5]


def test_random_pixels_score_what_chance_gives() -> None:
    truth = box_map([(0.0, 0.0, 0.6, 1.0)]).astype(np.float64)
    scores = score_trivial([truth] * 20, TOP50)[Predictor.RANDOM_PIXELS]
    area = truth.mean()
    expected = 0.5 * area / (area + 0.5 * (1.0 - area))
    # The standard error of one picture is about 0.002.
    assert scores.ciou == pytest.approx(expected, abs=0.01)
    assert len(set(scores.ciou.tolist())) == 20


def test_random_pixels_are_the_same_for_the_same_seed() -> None:
    truth = box_map([(0.0, 0.0, 0.6, 1.0)]).astype(np.float64)
    first, again = (
        score_trivial([truth], TOP50, seed=seed)[Predictor.RANDOM_PIXELS].ciou[0]
        for seed in (3, 3)
    )
    other = score_trivial([truth], TOP50, seed=4)[Predictor.RANDOM_PIXELS].ciou[0]
    assert first == again != other


def test_without_priors_there_is_no_object_prior() -> None:
    truth = box_map([(0.0, 0.0, 0.6, 1.0)]).astype(np.float64)
    assert Predictor.OBJECT_PRIOR not in score_trivial([truth], ADAPTIVE)


def test_every_truth_needs_its_prior() -> None:
    truth = box_map([(0.0, 0.0, 0.6, 1.0)]).astype(np.float64)
    with pytest.raises(ValueError, match="shorter"):
        score_trivial([truth, truth], TOP50, priors=[truth])


def test_the_mean_truth_is_the_average_of_the_maps() -> None:
    left, top = np.array([[1.0, 0.0], [1.0, 0.0]]), np.array([[1.0, 1.0], [0.0, 0.0]])
    assert mean_truth([left, top]).tolist() == [[1.0, 0.5], [0.5, 0.0]]
    with pytest.raises(ValueError, match="at least one"):
        mean_truth([])


@pytest.mark.parametrize("n_pictures", [0, 4])
def test_the_example_prints_a_row_for_every_predictor(
    n_pictures: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "vggss.json"
    row = {"file": "a", "class": "b", "bbox": [[0.1, 0.1, 0.9, 0.9]]}
    path.write_text(json.dumps([row] * n_pictures))
    arguments = ["vggss", str(path)] if n_pictures else []
    monkeypatch.setattr(sys, "argv", [str(EXAMPLE), *arguments])
    runpy.run_path(str(EXAMPLE), run_name="__main__")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"{n_pictures or 100} pictures")
    for predictor in Predictor:
        assert sum(line.startswith(predictor) for line in lines) == 2
    # The box fills 201 - 22 = 179 of 224 columns and rows, 63.9 % of the picture.
    if n_pictures:
        (whole, _) = [line for line in lines if line.startswith("whole")]
        assert "100.00 / 62.50" in whole


def percents(truths, protocol) -> dict[Predictor, tuple[float, float]]:
    return {
        predictor: (100 * scores.success().mean, 100 * scores.auc().mean)
        for predictor, scores in score_trivial(truths, protocol).items()
    }


@pytest.mark.slow
@pytest.mark.real
@pytest.mark.skipif(not VGGSS.is_file(), reason=f"{VGGSS} is not here")
@pytest.mark.parametrize(
    ("protocol", "published"),
    [
        (
            TOP50,
            {
                Predictor.RANDOM_PIXELS: (0.06, 21.6),
                Predictor.CENTRED_BOX: (13.5, 32.0),
                Predictor.CENTRED_DISC: (34.0, 37.4),
                Predictor.WHOLE_PICTURE: (22.0, 31.3),
                Predictor.ORACLE: (50.6, 49.5),
            },
        ),
        (ADAPTIVE, {Predictor.CENTRED_DISC: (43.7, 42.9)}),
    ],
)
def test_predictors_that_do_not_listen_reach_their_published_figures_on_vggss(
    protocol, published
) -> None:
    pictures = read_vggss(VGGSS).with_source()
    measured = percents(
        (consensus_map(p.boxes_by_subject()) for p in pictures), protocol
    )
    for predictor, figures in published.items():
        assert measured[predictor] == pytest.approx(figures, abs=REFERENCE), predictor


@pytest.mark.real
@pytest.mark.skipif(not FLICKR.is_file(), reason=f"{FLICKR} is not here")
def test_a_centred_disc_reaches_the_papers_unsupervised_network_on_flickr() -> None:
    pictures = [p for p in read_flickr_json(FLICKR).with_source() if p.split == "test"]
    assert len(pictures) == 249
    measured = percents(
        (consensus_map(p.boxes_by_subject(), n_consensus=2) for p in pictures), TOP50
    )
    # Table 1 of the paper: 66.0 / 55.8 for Unsup. 144k. Its own baselines are 0.12 and
    # 23.2 / 40.7, on one picture more and with boxes sorted by subject.
    assert measured[Predictor.CENTRED_DISC] == pytest.approx((67.5, 54.3), abs=0.1)
    assert measured[Predictor.RANDOM_PIXELS] == pytest.approx((0.12, 32.3), abs=0.5)
    assert measured[Predictor.CENTRED_BOX] == pytest.approx((23.2, 40.7), abs=2.0)
