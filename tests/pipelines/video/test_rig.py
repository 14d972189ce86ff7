"""A rig films a spot on the sphere where its pose files say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from fractions import Fraction

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from pano.equirect.layouts import SphereBounds
from pano.media import (
    Media,
    PlanarFrame,
    SphericalMetadata,
    StereoLayout,
    open_media,
    probe,
    write_spherical,
)
from pano.sphere import angles_deg_to_pixel, unit_vectors
from pano_jobs.cli import main
from tests.synthetic import Clip, SoundTrack, sine, write_clip

WIDTH_PX, HEIGHT_PX = 480, 240
SPOT_DEG = (100.0, 12.0)
N = 6
# Half a pixel of the sphere, in a face of 76 pixels.
NEAR_PX = 1.0


@pytest.fixture
def clip(tmp_path):
    """Draw a white spot on a dark sphere, six frames from 2 s on."""
    image = np.full((HEIGHT_PX, WIDTH_PX, 3), 20, np.uint8)
    column, row = angles_deg_to_pixel(*SPOT_DEG, WIDTH_PX, HEIGHT_PX)
    cv2.circle(image, (round(float(column)), round(float(row))), 4, (255,) * 3, -1)
    return write_clip(
        tmp_path / "clip.mp4",
        Clip(
            WIDTH_PX,
            HEIGHT_PX,
            rate=Fraction(10),
            pts=range(20, 20 + N),
            paint=lambda _: image,
            sound=SoundTrack(sine(0.6), start_s=2.0),
        ),
    )


def run(*words: object):
    return CliRunner().invoke(main, ["render", *map(str, words)])


def brightest_px(image: np.ndarray) -> np.ndarray:
    rows, columns = np.nonzero(image[..., 0] > 128)
    return np.array([columns.mean() + 0.5, rows.mean() + 0.5])


def expected_px(document: dict, frame: dict) -> np.ndarray:
    """Project the spot by nerfstudio's conventions."""
    point = unit_vectors(*SPOT_DEG) * [1.0, 1.0, -1.0]
    x, y, z = np.linalg.inv(frame["transform_matrix"])[:3, :3] @ point
    lens = document | frame
    return np.array(
        [lens["cx"] + lens["fl_x"] * x / -z, lens["cy"] - lens["fl_y"] * y / -z]
    )


def test_pictures_show_the_spot_where_the_poses_say(tmp_path, clip):
    folder = tmp_path / "out"
    result = run(clip, "--rig", "cube", "--pictures", "png", "-o", folder, "--json")
    assert result.exit_code == 0, result.output
    document = json.loads((folder / "transforms.json").read_text())
    # 480 px around: 76 a radian, and a face is two wide.
    assert (document["w"], document["h"]) == (152, 152)
    frames = document["frames"]
    assert len(frames) == 6 * N
    (seen, *_) = [f for f in frames if f["file_path"].startswith("images/right/")]
    image = cv2.imread(str(folder / seen["file_path"]))
    assert image.shape == (152, 152, 3)
    np.testing.assert_allclose(
        brightest_px(image), expected_px(document, seen), atol=NEAR_PX
    )
    dark = cv2.imread(str(folder / "images" / "left" / "000001.png"))
    assert dark.max() < 64
    assert seen["time_s"] == 2.0
    assert json.loads(result.stdout)["n_files"] == 6 * N


def test_films_of_all_views_are_made_in_one_decode(tmp_path, clip, monkeypatch):
    passes = []
    decode = Media.planar_frames

    def counted(media: Media) -> Iterator[PlanarFrame]:
        passes.append(1)
        return decode(media)

    monkeypatch.setattr(Media, "planar_frames", counted)
    folder = tmp_path / "out"
    result = run(clip, "--rig", 3, "-o", folder, "--size", "96x64", "--hfov", 120)
    assert result.exit_code == 0, result.output
    assert len(passes) == 1
    assert sorted(file.name for file in folder.iterdir()) == [
        "sparse",
        "transforms.json",
        "view-1.mp4",
        "view-2.mp4",
        "view-3.mp4",
    ]
    document = json.loads((folder / "transforms.json").read_text())
    film = folder / document["frames"][1]["file_path"]
    assert probe(film).audio is not None
    with open_media(film, layout=StereoLayout.MONO) as media:
        frames = list(media.frames())
    assert len(frames) == N
    # Any flat picture is taken for a sphere and stretched to 2:1.
    flat = cv2.resize(frames[-1].image, (96, 64), interpolation=cv2.INTER_AREA)
    np.testing.assert_allclose(
        brightest_px(np.asarray(flat)),
        expected_px(document, document["frames"][1]),
        atol=NEAR_PX,
    )
    images = (folder / "sparse" / "0" / "images.txt").read_text().splitlines()
    assert [line.split()[-1] for line in images[1::2]] == [
        f"view-{k}.mp4" for k in (1, 2, 3)
    ]
    assert (folder / "sparse" / "0" / "points3D.txt").read_text() == ""


@pytest.mark.parametrize(
    ("choice", "times_s"),
    [
        (["--every", 4], [2.0, 2.4]),
        (["--picture-rate", 5], [2.0, 2.2, 2.4]),
        (["--picture-rate", 3], [2.0, 2.4]),
        (["--picture-rate", 1000], [2.0, 2.1, 2.2, 2.3, 2.4, 2.5]),
    ],
)
def test_fewer_pictures_can_be_taken(tmp_path, clip, choice, times_s):
    folder = tmp_path / "out"
    words = ["--rig", 1, "--pictures", "jpg", "--size", "32x32", *choice]
    result = run(clip, *words, "-o", folder)
    assert result.exit_code == 0, result.output
    document = json.loads((folder / "transforms.json").read_text())
    assert [frame["time_s"] for frame in document["frames"]] == pytest.approx(times_s)
    names = [frame["file_path"] for frame in document["frames"]]
    assert names == [f"images/view-1/{k + 1:06d}.jpg" for k in range(len(times_s))]
    assert all((folder / name).is_file() for name in names)


def test_views_of_a_file_have_their_own_lenses(tmp_path, clip):
    rig = tmp_path / "rig.json"
    rig.write_text('[{"name": "a"}, {"name": "b", "yaw_deg": 100, "hfov_deg": 50}]')
    folder, words = tmp_path / "out", ["--pictures", "png", "--every", 9]
    result = run(clip, "--rig", rig, *words, "-o", folder)
    assert result.exit_code == 0, result.output
    document = json.loads((folder / "transforms.json").read_text())
    wide, narrow = document["frames"]
    assert narrow["fl_x"] / wide["fl_x"] == pytest.approx(1.0 / np.tan(np.radians(25)))
    image = cv2.imread(str(folder / narrow["file_path"]))
    np.testing.assert_allclose(
        brightest_px(image), expected_px(document, narrow), atol=NEAR_PX
    )


def test_views_beyond_what_the_clip_covers_are_named(tmp_path):
    clip = write_clip(tmp_path / "a.mp4", Clip(64, 64, n_pictures=1))
    half = SphereBounds(left=0.25, right=0.25)
    write_spherical(clip, SphericalMetadata(bounds=half))
    words = ["--pictures", "png", "--size", "16x16", "-o", tmp_path / "out"]
    result = run(clip, "--rig", 4, *words)
    assert "part of the sphere only; view-3 look beyond it" in result.stderr


@pytest.mark.parametrize(
    "words",
    [
        ["--rig", "4", "--lens", "stereographic"],
        ["--rig", "4", "--path", "path.json"],
        ["--rig", "4", "--aspect", "1:1"],
        ["--rig", "4", "--steady"],
        ["--rig", "4", "--shutter", "90"],
        ["--rig", "4", "--level", "roll=3,pitch=1"],
        ["--rig", "4", "--every", "2"],
        ["--rig", "4", "--pictures", "png", "--every", "2", "--picture-rate", "1"],
        ["--pictures", "png"],
        [],
    ],
)
def test_what_does_not_go_together_is_wrong_usage(tmp_path, clip, words):
    result = run(clip, *words, "-o", tmp_path / "out")
    assert result.exit_code == 2
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--rig", "0"], "1 to 64 views"),
        (["--rig", "65"], "1 to 64 views"),
        (["--rig", "4", "--hfov", "180"], r"in (0, 180)"),
        (["--rig", "cube", "--size", "64x32"], "square"),
        (["--rig", "cube", "--hfov", "80"], "leave --hfov out"),
        (["--rig", "gone.json"], "gone.json cannot be read"),
    ],
)
def test_a_rig_that_cannot_be_is_one_sentence(tmp_path, clip, words, said):
    result = run(clip, *words, "-o", tmp_path / "out")
    assert result.exit_code == 1
    assert said in result.stderr
    assert sorted(file.name for file in tmp_path.iterdir()) == ["clip.mp4"]


def test_a_folder_is_replaced_by_force_only_and_only_a_rigs(tmp_path, clip):
    folder = tmp_path / "out"
    words = [clip, "--rig", 1, "--pictures", "png", "--every", 9, "-o", folder]
    assert run(*words).exit_code == 0
    (folder / "mine.txt").touch()
    refused = run(*words)
    assert (refused.exit_code, "--force" in refused.stderr) == (1, True)
    assert (folder / "mine.txt").exists()
    assert run(*words, "--force").exit_code == 0
    assert not (folder / "mine.txt").exists()
    other = tmp_path / "films"
    other.mkdir()
    result = run(*words[:-1], other, "--force")
    assert "no folder of a rig" in result.stderr
    assert other.is_dir()


def test_a_source_in_the_folder_is_never_lost(tmp_path, clip):
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "transforms.json").touch()
    inside = clip.rename(folder / "clip.mp4")
    result = run(inside, "--rig", 1, "-o", folder, "--force")
    assert "lies in" in result.stderr
    assert inside.exists()


def test_a_rig_that_fails_leaves_nothing(tmp_path, clip):
    clip.write_bytes(clip.read_bytes()[:2000])
    result = run(clip, "--rig", 2, "-o", tmp_path / "out")
    assert result.exit_code == 1
    assert [file.name for file in tmp_path.iterdir()] == ["clip.mp4"]
