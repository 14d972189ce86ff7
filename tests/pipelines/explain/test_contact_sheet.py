from __future__ import annotations

import cv2
import numpy as np
import pytest

from pano.camera.path import CameraPose
from pano.errors import MediaError
from pano.sphere import Direction
from pano_jobs.explain.contact_sheet import ContactSheet
from pano_jobs.maps import Maps

GREEN = (80, 255, 80)


def uniform_maps(duration_s: float) -> Maps:
    n = 10
    return Maps(
        saliency=np.full((n, 30, 60), 1 / (4 * np.pi), np.float16),
        response=np.zeros((n, 30, 60), np.float16),
        time_s=np.linspace(0.0, duration_s, n),
        confidence=np.zeros(n, np.float16),
        meta={},
    )


def frames(n: int = 50):
    for k in range(n):
        yield k / 10.0, np.full((120, 240, 3), 4 * k, np.uint8)


def saved(sheet: ContactSheet, path):
    sheet.save(path)
    return cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)


def test_each_moment_is_taken_once_and_in_order(tmp_path):
    sheet = ContactSheet.over(uniform_maps(5.0), n_rows=2)
    for time_s, image in frames():
        sheet.see(time_s, image)
    picture = saved(sheet, tmp_path / "sheet.png")
    # Moments lie in the middle of each half, at 1.25 and 3.75 s: frames 13 and 38.
    middle = picture[:, picture.shape[1] // 2, 0].tolist()
    assert middle.index(4 * 13) < middle.index(4 * 38)


def test_the_view_stands_beside_the_sphere_and_the_truth_is_marked(tmp_path):
    sheet = ContactSheet.over(
        uniform_maps(5.0), n_rows=1, truth=lambda _: (Direction(90.0, 0.0),)
    )
    view = np.full((90, 160, 3), (200, 0, 0), np.uint8)
    for time_s, image in frames():
        sheet.see(time_s, image, pose=CameraPose(0.0, 0.0), picture=view)
    picture = saved(sheet, tmp_path / "sheet.png")
    is_green = (picture == GREEN).all(axis=2)
    # Yaw 90° is at three quarters of the sphere's width.
    assert np.nonzero(is_green)[1].mean() == pytest.approx(6 + 0.75 * 432, abs=2.0)
    assert (picture == (200, 0, 0)).all(axis=2).sum() > 50_000


def test_a_clip_without_pictures_has_no_sheet(tmp_path):
    with pytest.raises(MediaError, match="no pictures"):
        ContactSheet.over(uniform_maps(5.0)).save(tmp_path / "sheet.png")
