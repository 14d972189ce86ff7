import numpy as np
import pytest

from soundloc.data.scenes import Piece, SceneLayout, compose, soft_mask

GREY = np.full((240, 480, 3), 90, np.uint8)


def red_piece(kind: str | None = "fire", size: int = 40) -> Piece:
    image = np.zeros((size, size, 4), np.uint8)
    image[..., 0], image[..., 3] = 255, 255
    return Piece(image, kind)


def painted(picture: np.ndarray) -> np.ndarray:
    return np.any(picture != 90, axis=-1)


def test_the_box_is_where_the_piece_was_painted() -> None:
    rng = np.random.default_rng(1)
    scene = compose(GREY, [red_piece()], layout=SceneLayout(), rng=rng)
    ((x0, y0, x1, y1),) = scene.objects[0].boxes
    rows, columns = np.nonzero(painted(scene.picture))
    assert (rows.min(), rows.max() + 1) == pytest.approx((y0 * 240, y1 * 240))
    assert (columns.min(), columns.max() + 1) == pytest.approx((x0 * 480, x1 * 480))


def test_pieces_do_not_cover_each_other() -> None:
    layout = SceneLayout(min_size_px=40.0, max_size_px=60.0, spread_y=0.2)
    pieces = [red_piece(f"kind {i}") for i in range(6)]
    for seed in range(5):
        rng = np.random.default_rng(seed)
        scene = compose(GREY, pieces, layout=layout, rng=rng)
        boxes = [o.boxes[0] for o in scene.objects]
        areas = sum((b[2] - b[0]) * (b[3] - b[1]) for b in boxes) * 240 * 480
        assert painted(scene.picture).sum() >= 0.9 * areas


def test_a_piece_over_the_seam_has_a_box_that_wraps() -> None:
    layout = SceneLayout(min_size_px=80.0, max_size_px=90.0, wrap=True)
    for seed in range(40):
        rng = np.random.default_rng(seed)
        scene = compose(GREY, [red_piece()], layout=layout, rng=rng)
        ((x0, _, x1, _),) = scene.objects[0].boxes
        if x0 > x1:
            marks = painted(scene.picture)
            assert marks[:, 0].any()
            assert marks[:, -1].any()
            assert not marks[:, 240].any()
            return
    pytest.fail("no piece fell on the seam in 40 scenes")


def test_two_of_a_kind_are_one_object_with_two_boxes() -> None:
    rng = np.random.default_rng(0)
    pieces = [red_piece("dog"), red_piece("dog"), red_piece(None)]
    scene = compose(GREY, pieces, layout=SceneLayout(max_size_px=50.0), rng=rng)
    assert [(o.kind, len(o.boxes)) for o in scene.objects] == [("dog", 2)]


def test_the_background_is_not_changed() -> None:
    background = GREY.copy()
    rng = np.random.default_rng(0)
    compose(background, [red_piece()], layout=SceneLayout(), rng=rng)
    assert np.array_equal(background, GREY)


def test_the_same_seed_composes_the_same_scene() -> None:
    pieces = [red_piece("a"), red_piece("b")]
    first, second = (
        compose(GREY, pieces, layout=SceneLayout(), rng=np.random.default_rng(3))
        for _ in range(2)
    )
    assert np.array_equal(first.picture, second.picture)
    assert first.objects == second.objects


def test_a_mask_is_opaque_in_its_middle() -> None:
    for seed in range(10):
        mask = soft_mask(40, 60, np.random.default_rng(seed))
        assert mask.shape == (40, 60)
        assert mask[20, 30] == 255
