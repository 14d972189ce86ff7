import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import soundloc.scoring
from soundloc.scoring import (
    BARS,
    PictureScore,
    ScoringProtocol,
    SourceSize,
    box_map,
    ciou,
    collect_scores,
    consensus_map,
    pointing,
    resize_response,
    score_mask,
    score_picture,
    select_source,
    size_of,
    subject_ious,
)

PAPER, TOP50 = ScoringProtocol.PAPER, ScoringProtocol.TOP50
ADAPTIVE, FIXED = ScoringProtocol.ADAPTIVE, ScoringProtocol.FIXED
OTSU = ScoringProtocol.OTSU
HEIGHT_PX, WIDTH_PX = 9, 12
SIZE = {"height_px": HEIGHT_PX, "width_px": WIDTH_PX}
# Sums of some hundred terms of order one, in another order.
SUMMATION = 1e-12

edges = st.tuples(st.integers(0, 20), st.integers(0, 20)).filter(lambda e: e[0] < e[1])
boxes = st.tuples(edges, edges).map(
    lambda e: (e[0][0] / 20, e[1][0] / 20, e[0][1] / 20, e[1][1] / 20)
)
opinions = st.lists(st.lists(boxes, max_size=3), min_size=1, max_size=5)
# Few levels, so that ties are common.
responses = st.lists(
    st.integers(-4, 4), min_size=HEIGHT_PX * WIDTH_PX, max_size=HEIGHT_PX * WIDTH_PX
).map(lambda levels: np.array(levels).reshape(HEIGHT_PX, WIDTH_PX) / 4.0)


def covers(box, y: int, x: int) -> bool:
    """Say whether a box covers a pixel, by exact fractions of the 20-grid."""
    x0, y0, x1, y1 = (round(20 * edge) for edge in box)
    return (
        x0 * WIDTH_PX // 20 <= x < x1 * WIDTH_PX // 20
        and y0 * HEIGHT_PX // 20 <= y < y1 * HEIGHT_PX // 20
    )


def g_by_hand(drawn, n_consensus: int) -> list[list[float]]:
    n_consensus = min(n_consensus, len(drawn))
    return [
        [
            min(
                sum(any(covers(b, y, x) for b in subject) for subject in drawn)
                / n_consensus,
                1.0,
            )
            for x in range(WIDTH_PX)
        ]
        for y in range(HEIGHT_PX)
    ]


def selection_by_hand(response, protocol, g) -> set[tuple[int, int]]:
    pixels = {
        (y, x): float(response[y][x]) for y in range(HEIGHT_PX) for x in range(WIDTH_PX)
    }
    if protocol is PAPER:
        low, high = min(pixels.values()), max(pixels.values())
        return {
            i for i, v in pixels.items() if high > low and 2 * (v - low) > high - low
        }
    if protocol is FIXED:
        return {i for i, v in pixels.items() if v > 0.5}
    if protocol is OTSU:
        return otsu_by_hand(pixels)
    n_wanted = len(pixels) // 2
    if protocol is ADAPTIVE:
        n_wanted = sum(value > 0 for row in g for value in row)
    # A pixel is in unless that many others are better.
    return {
        i for i, v in pixels.items() if sum(w > v for w in pixels.values()) < n_wanted
    }


def otsu_by_hand(pixels) -> set[tuple[int, int]]:
    """Try every one of the 255 borders between 256 levels."""
    low, high = min(pixels.values()), max(pixels.values())
    if low == high:
        return set()
    level = {
        i: min(int(256 * (v - low) / (high - low)), 255) for i, v in pixels.items()
    }
    best, selected = -1.0, set()
    for border in range(1, 256):
        above = {i for i in level if level[i] >= border}
        below = set(level) - above
        if above and below:
            means = [sum(level[i] for i in c) / len(c) for c in (above, below)]
            between = len(above) * len(below) * (means[0] - means[1]) ** 2
            if between > best * (1 + 1e-12):
                best, selected = between, above
    return selected


def ciou_by_hand(selected, g) -> float:
    hit = outside = total = 0.0
    for y in range(HEIGHT_PX):
        for x in range(WIDTH_PX):
            total += g[y][x]
            if (y, x) in selected:
                hit += g[y][x]
                outside += g[y][x] == 0
    return hit / (total + outside)


@given(drawn=opinions, n_consensus=st.integers(1, 4))
@settings(deadline=None, max_examples=60)
def test_the_consensus_map_is_equation_9(drawn, n_consensus: int) -> None:
    g = consensus_map(drawn, n_consensus=n_consensus, **SIZE)
    assert np.array_equal(g, g_by_hand(drawn, n_consensus))


@pytest.mark.parametrize("protocol", ScoringProtocol)
@given(drawn=opinions, n_consensus=st.integers(1, 4), response=responses)
@settings(deadline=None, max_examples=30)
def test_every_protocol_selects_and_scores_as_counting_by_hand_does(
    protocol, drawn, n_consensus: int, response
) -> None:
    g = g_by_hand(drawn, n_consensus)
    truth = consensus_map(drawn, n_consensus=n_consensus, **SIZE)
    if not truth.any():
        return
    by_hand = selection_by_hand(response, protocol, g)
    selected = select_source(response, protocol, truth=truth)
    assert {(y, x) for y, x in np.argwhere(selected).tolist()} == by_hand
    score = score_picture(response, truth, protocol)
    assert score.ciou == pytest.approx(ciou_by_hand(by_hand, g), abs=SUMMATION)
    at_peak = [g[y][x] for y, x in np.argwhere(response == response.max()).tolist()]
    assert score.pointing == pytest.approx(sum(at_peak) / len(at_peak), abs=SUMMATION)
    assert score.area == sum(v > 0 for row in g for v in row) / truth.size


@given(drawn=opinions, response=responses)
@settings(deadline=None, max_examples=30)
def test_against_each_subject_alone_the_ciou_is_the_plain_iou(drawn, response) -> None:
    ious = subject_ious(response, drawn, TOP50)
    for subject, iou in zip(drawn, ious, strict=True):
        own = {
            (y, x)
            for y in range(HEIGHT_PX)
            for x in range(WIDTH_PX)
            if any(covers(box, y, x) for box in subject)
        }
        selected = selection_by_hand(response, TOP50, None)
        if own:
            union = len(selected | own)
            assert iou == pytest.approx(len(selected & own) / union, abs=SUMMATION)
        else:
            assert math.isnan(iou)


def test_three_subjects_of_whom_two_agree() -> None:
    # One row of 4: votes 1 2 3 0 of three subjects, consensus 2: g = ½ 1 1 0.
    drawn = [[(0.0, 0.0, 0.75, 1.0)], [(0.25, 0.0, 0.75, 1.0)], [(0.5, 0.0, 0.75, 1.0)]]
    g = consensus_map(drawn, n_consensus=2, height_px=1, width_px=4)
    assert g.tolist() == [[0.5, 1.0, 1.0, 0.0]]
    # Selecting the last two pixels: hit 1, outside 1, Σg 2.5.
    assert ciou(np.array([[False, False, True, True]]), g) == pytest.approx(1 / 3.5)
    # What only one subject marked costs nothing, nor does it count fully.
    assert ciou(np.array([[True, True, True, False]]), g) == pytest.approx(1.0)
    assert ciou(np.array([[False, True, True, False]]), g) == pytest.approx(2 / 2.5)


def test_several_boxes_of_one_subject_are_one_opinion() -> None:
    twice = [[(0.0, 0.0, 0.5, 1.0), (0.0, 0.0, 0.5, 1.0)], []]
    g = consensus_map(twice, n_consensus=2, height_px=1, width_px=2)
    assert g.tolist() == [[0.5, 0.0]]


def test_fewer_subjects_than_the_consensus_must_all_agree() -> None:
    g = consensus_map([[(0.0, 0.0, 0.5, 1.0)]], n_consensus=2, height_px=1, width_px=2)
    assert g.tolist() == [[1.0, 0.0]]


@pytest.mark.parametrize(("drawn", "n_consensus"), [([], 1), ([[]], 0)])
def test_a_consensus_of_nobody_is_refused(drawn, n_consensus: int) -> None:
    with pytest.raises(ValueError, match="at least one"):
        consensus_map(drawn, n_consensus=n_consensus)


@pytest.mark.parametrize("scale", [224, 256])
def test_boxes_in_pixels_land_where_integer_arithmetic_puts_them(scale: int) -> None:
    for edge in range(1, scale + 1):
        assert box_map([(0.0, 0.0, edge / scale, 1.0)])[0].sum() == 224 * edge // scale


def test_a_box_across_the_seam_covers_both_ends() -> None:
    row = box_map([(0.75, 0.0, 0.25, 1.0)], height_px=1, width_px=8)[0]
    assert row.tolist() == [True, True, False, False, False, False, True, True]


def test_top50_takes_exactly_half_where_nothing_is_tied() -> None:
    response = np.random.default_rng(0).normal(size=(224, 224)).astype(np.float32)
    assert select_source(response, TOP50).sum() == 224 * 224 // 2
    assert select_source(response, TOP50, strict=True).sum() == 224 * 224 // 2 - 1


def test_adaptive_takes_as_many_pixels_as_the_truth_has() -> None:
    response = np.random.default_rng(0).normal(size=(20, 20))
    truth = consensus_map([[(0.0, 0.0, 0.5, 0.3)]], height_px=20, width_px=20)
    assert select_source(response, ADAPTIVE, truth=truth).sum() == 60
    assert select_source(response, ADAPTIVE, truth=truth, strict=True).sum() == 59
    with pytest.raises(ValueError, match="needs a truth"):
        select_source(response, ADAPTIVE)
    with pytest.raises(ValueError, match="needs a truth"):
        select_source(response, ADAPTIVE, truth=np.zeros((20, 20)))


@pytest.mark.parametrize(
    ("protocol", "strict", "share"),
    [
        (PAPER, None, 0.0),
        (TOP50, None, 1.0),
        (TOP50, True, 0.0),
        (ADAPTIVE, None, 1.0),
        (FIXED, None, 0.0),
        (OTSU, None, 0.0),
    ],
)
def test_a_flat_response_selects_all_or_nothing(protocol, strict, share) -> None:
    truth = consensus_map([[(0.0, 0.0, 0.5, 1.0)]], **SIZE)
    flat = np.full((HEIGHT_PX, WIDTH_PX), 0.3)
    selected = select_source(flat, protocol, truth=truth, strict=strict)
    assert selected.mean() == share
    # It points anywhere: at the source by its share of the picture.
    assert pointing(flat, truth) == pytest.approx(0.5)


@pytest.mark.parametrize("protocol", [PAPER, TOP50, ADAPTIVE, OTSU])
def test_only_the_fixed_threshold_depends_on_the_scale_of_a_response(protocol) -> None:
    response = np.random.default_rng(1).normal(size=(HEIGHT_PX, WIDTH_PX))
    truth = consensus_map([[(0.0, 0.0, 0.5, 1.0)]], **SIZE)
    once = select_source(response, protocol, truth=truth)
    again = select_source(3.0 * response - 7.0, protocol, truth=truth)
    assert np.array_equal(once, again)
    assert not np.array_equal(
        select_source(response, FIXED), select_source(3.0 * response - 7.0, FIXED)
    )


def test_a_softmax_over_the_picture_never_reaches_the_papers_threshold() -> None:
    response = np.random.default_rng(2).uniform(-1.0, 1.0, (20, 20))
    attention = np.exp(response) / np.exp(response).sum()
    assert not select_source(attention, FIXED).any()
    assert select_source(attention, PAPER).any()


def test_a_response_of_nan_or_another_shape_is_refused() -> None:
    truth = consensus_map([[(0.0, 0.0, 0.5, 1.0)]], **SIZE)
    with pytest.raises(ValueError, match="not finite"):
        select_source(np.full((2, 2), np.nan), TOP50)
    with pytest.raises(ValueError, match="resize_response"):
        score_picture(np.zeros((7, 7)), truth, TOP50)


def test_a_picture_without_a_source_has_no_ciou() -> None:
    with pytest.raises(ValueError, match="empty"):
        ciou(np.ones((2, 2), dtype=bool), np.zeros((2, 2)))


def test_resizing_keeps_the_centres_of_the_cells_and_the_middle_of_the_picture() -> (
    None
):
    response = np.arange(49, dtype=np.float64).reshape(7, 7)
    resized = resize_response(response)
    assert resized.shape == (224, 224)
    # A cell is 32 pixels; the centre of cell 1 lies between the pixels 47 and 48.
    # Aligned corners would put it near pixel 37.
    assert resized[47:49, 47:49].mean() == pytest.approx(response[1, 1], abs=1e-4)
    assert resized[111:113, 79:81].mean() == pytest.approx(response[3, 2], abs=1e-4)
    assert resize_response(response, height_px=5, width_px=9).shape == (5, 9)


@pytest.mark.parametrize("n_cells", [7, 20, 30, 60, 1])
def test_the_seam_of_a_picture_that_wraps_is_interpolated_over(n_cells: int) -> None:
    response = np.random.default_rng(n_cells).normal(size=(5, n_cells))
    resized = resize_response(response, wrap=True)
    assert resized.shape == (224, 224)
    for x in (0, 1, 110, 223):
        place = (x + 0.5) / 224 * n_cells - 0.5
        left, share = int(np.floor(place)), place - np.floor(place)
        column = (1 - share) * response[:, left % n_cells]
        column += share * response[:, (left + 1) % n_cells]
        tall = resize_response(column[:, None])[:, 0]
        # OpenCV rounds its weights to about a thousandth of a cell.
        assert resized[:, x] == pytest.approx(tall, abs=5e-3)


def test_a_selection_points_at_all_of_its_pixels() -> None:
    truth = consensus_map([[(0.0, 0.0, 0.5, 1.0)]], height_px=1, width_px=4)
    score = score_mask(np.array([[False, True, True, True]]), truth)
    assert score == PictureScore(ciou=1 / 4, pointing=1 / 3, area=0.5)


def scores_of(cious, *, areas=None, groups=None):
    areas = [0.25] * len(cious) if areas is None else areas
    rows = [PictureScore(c, c, a) for c, a in zip(cious, areas, strict=True)]
    return collect_scores(rows, groups=groups)


def test_success_reaches_the_bar_and_strict_success_passes_it() -> None:
    scores = scores_of([0.2, 0.5, 0.5, 0.9])
    assert scores.success().mean == 0.75
    assert scores.success(strict=True).mean == 0.25
    assert scores.success(0.95).mean == 0.0


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=30))
@settings(deadline=None, max_examples=60)
def test_the_auc_is_the_trapezoid_under_the_success_curve(cious) -> None:
    scores = scores_of(cious)
    rates = [sum(c >= k / 20 for c in cious) / len(cious) for k in range(21)]
    assert scores.success_curve() == pytest.approx(rates)
    by_hand = sum((rates[k] + rates[k + 1]) / 2 / 20 for k in range(20))
    assert scores.auc().mean == pytest.approx(by_hand)
    assert scores.auc_exact().mean == pytest.approx(scores.auc().mean, abs=0.025 + 1e-9)


def test_the_exact_auc_is_the_limit_of_ever_finer_bars() -> None:
    cious = np.random.default_rng(0).uniform(size=200)
    fine = np.linspace(0.0, 1.0, 100_001)
    rates = 1.0 - np.searchsorted(np.sort(cious), fine, side="left") / len(cious)
    exact = scores_of(cious.tolist()).auc_exact().mean
    assert exact == pytest.approx(np.trapezoid(rates, fine), abs=1e-5)


def test_a_score_exactly_at_a_bar_reaches_it() -> None:
    # 0.05 * 3 is 0.15000000000000002, which would miss.
    assert scores_of([0.15]).success_curve().tolist() == [1.0] * 4 + [0.0] * 17
    assert BARS[3] == 0.15


def test_the_worst_predictor_has_an_auc_of_a_fortieth() -> None:
    assert scores_of([0.0]).auc().mean == pytest.approx(0.025)
    assert scores_of([1.0]).auc().mean == pytest.approx(1.0)


def test_frames_of_one_clip_are_not_counted_as_independent() -> None:
    cious = [1.0, 0.0] * 50
    apart = scores_of(cious).success()
    together = scores_of(cious, groups=[i % 2 for i in range(100)]).success()
    assert apart.mean == together.mean == 0.5
    assert apart.high - apart.low == pytest.approx(0.192, abs=0.002)
    assert (together.low, together.high) == (0.0, 1.0)


def test_pointing_right_every_time_is_still_uncertain() -> None:
    always = scores_of([1.0] * 20).pointing_accuracy()
    # Wilson: 20 / (20 + 1.96²).
    assert (always.mean, always.high) == (1.0, 1.0)
    assert always.low == pytest.approx(20 / (20 + 1.959964**2))
    half = scores_of([1.0, 0.5] * 10).pointing_accuracy()
    assert half.mean == 0.75
    assert half.high < 1.0


def test_pictures_are_split_by_the_pixels_of_their_source() -> None:
    pixels = [1, 32**2 - 1, 32**2, 96**2, 144**2 - 1, 144**2, 224**2]
    areas = [n / 224**2 for n in pixels]
    assert [size_of(area) for area in areas] == [
        SourceSize.SMALL,
        SourceSize.SMALL,
        SourceSize.MEDIUM,
        SourceSize.LARGE,
        SourceSize.LARGE,
        SourceSize.HUGE,
        SourceSize.HUGE,
    ]
    parts = scores_of([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7], areas=areas).by_size()
    assert parts[SourceSize.LARGE].ciou.tolist() == [0.4, 0.5]
    assert parts[SourceSize.HUGE].success().mean == 1.0
    assert sum(len(part) for part in parts.values()) == 7


def test_a_size_without_pictures_has_no_figures() -> None:
    small = scores_of([0.5], areas=[0.5]).by_size()[SourceSize.SMALL]
    assert len(small) == 0
    for interval in (small.success(), small.auc(), small.pointing_accuracy()):
        assert interval.n == 0
        assert math.isnan(interval.mean)


def test_groups_must_match_the_scores() -> None:
    with pytest.raises(ValueError, match="1 scores but 2 groups"):
        scores_of([0.5], groups=[0, 1])


def test_every_public_name_is_there() -> None:
    assert all(hasattr(soundloc.scoring, name) for name in soundloc.scoring.__all__)
