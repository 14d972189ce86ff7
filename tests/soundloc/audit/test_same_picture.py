from pathlib import Path

import cv2
import numpy as np
import pytest

from soundloc.audit.same_picture import picture_print, same_pictures

IMAGES = Path("../shared/data/images")

Picture = np.ndarray


def landscape(seed: int, size: tuple[int, int] = (240, 320)) -> Picture:
    """Draw smooth blobs of colour, as photographs are at a distance."""
    coarse = np.random.default_rng(seed).integers(0, 255, (7, 9, 3), np.uint8)
    return np.asarray(cv2.resize(coarse, size[::-1], interpolation=cv2.INTER_CUBIC))


def saved(image: Picture, quality: int) -> Picture:
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR))


def same(a: list[Picture], b: list[Picture]) -> list[tuple[int, int]]:
    grey = [
        [
            np.asarray(cv2.cvtColor(i, cv2.COLOR_BGR2GRAY), np.uint8)
            if i.ndim == 3
            else i
            for i in images
        ]
        for images in (a, b)
    ]
    return list(same_pictures(*([picture_print(i) for i in part] for part in grey)))


@pytest.mark.parametrize(
    "change",
    [
        lambda image: image,
        lambda image: saved(image, 30),
        lambda image: cv2.resize(image, (200, 150), interpolation=cv2.INTER_AREA),
        lambda image: cv2.resize(image, (256, 256), interpolation=cv2.INTER_AREA),
        lambda image: np.asarray(0.7 * image + 10, np.uint8),
        lambda image: cv2.cvtColor(image, cv2.COLOR_BGR2GRAY),
    ],
    ids=["same", "quality 30", "smaller", "square", "darker", "grey"],
)
def test_a_picture_is_known_again(change) -> None:
    images = [landscape(seed) for seed in range(12)]
    changed = [change(image) for image in images]
    assert same(images, changed) == [(n, n) for n in range(12)]


def test_other_pictures_are_others() -> None:
    a = [landscape(seed) for seed in range(40)]
    b = [landscape(seed) for seed in range(100, 140)]
    assert same(a, b) == []


def test_a_mirrored_picture_is_another() -> None:
    assert same([landscape(1)], [landscape(1)[:, ::-1]]) == []


def test_blank_pictures_are_like_nothing() -> None:
    blank = np.full((50, 50, 3), 7, np.uint8)
    assert same([blank, landscape(1)], [blank, landscape(2)]) == []


def test_more_pictures_than_fit_a_chunk_are_compared(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("soundloc.audit.same_picture._CHUNK", 3)
    images = [landscape(seed) for seed in range(8)]
    assert same(images, images[::-1]) == [(n, 7 - n) for n in range(8)]


def test_a_set_without_pictures_shares_none() -> None:
    assert same([], [landscape(1)]) == same([landscape(1)], []) == []


@pytest.mark.real
@pytest.mark.skipif(not IMAGES.is_dir(), reason=f"{IMAGES} is not here")
def test_photographs_saved_again_are_known_and_no_others() -> None:
    paths = sorted(IMAGES.glob("coco/*.jpg"))[:40]
    images = [np.asarray(cv2.imread(str(path))) for path in paths]
    again = [
        saved(cv2.resize(i, None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA), 40)
        for i in images
    ]
    assert same(images, again) == [(n, n) for n in range(len(images))]


@pytest.mark.real
@pytest.mark.skipif(not IMAGES.is_dir(), reason=f"{IMAGES} is not here")
def test_a_picture_that_two_collections_hold_is_found() -> None:
    springers = sorted(IMAGES.glob("dog/*n02102040_4*.jpg"))
    samples = sorted((IMAGES / "imagenet_samples").glob("*n0210*.jpg"))
    images = [[np.asarray(cv2.imread(str(p))) for p in s] for s in (springers, samples)]
    found = [(springers[i].name, samples[j].name) for i, j in same(*images)]
    assert found == [
        (
            "imagenette__English_springer_n02102040_4704.jpg",
            "imagenetsample__n02102040_English_springer.jpg",
        )
    ]
