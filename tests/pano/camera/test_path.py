import dataclasses
import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pano.camera.filmed_clip import FilmedClip
from pano.camera.lens import Lens
from pano.camera.motion_limits import Certificate, MotionLimits
from pano.camera.path import CameraPath, CameraPose, PathSource
from pano.camera.timecode import Timecode
from pano.equirect.layouts import SphereBounds, StereoLayout
from pano.errors import SettingsError


def path_of(yaw_deg, pitch_deg=None, *, time_s=None, cut=None) -> CameraPath:
    n = len(yaw_deg)
    return CameraPath(
        time_s=np.arange(n) / 30.0 if time_s is None else np.asarray(time_s),
        yaw_deg=np.asarray(yaw_deg, dtype=float),
        pitch_deg=np.zeros(n) if pitch_deg is None else np.asarray(pitch_deg),
        roll_deg=np.zeros(n),
        hfov_deg=np.full(n, 65.5),
        cut=np.zeros(n, dtype=bool) if cut is None else np.asarray(cut),
        trust=np.linspace(0.0, 1.0, n),
        confidence=np.linspace(0.0, 0.1, n),
    )


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"yaw_deg": float("nan")}, "yaw_deg"),
        ({"pitch_deg": 90.5}, "pitch_deg"),
        ({"roll_deg": float("inf")}, "roll_deg"),
        ({"hfov_deg": 0.0}, "hfov_deg"),
        ({"hfov_deg": 360.0}, "hfov_deg"),
    ],
)
def test_a_pose_refuses_nonsense(changes, words) -> None:
    with pytest.raises(ValueError, match=words):
        dataclasses.replace(CameraPose(0.0, 0.0), **changes)


def test_limits_must_be_positive() -> None:
    with pytest.raises(ValueError, match="max_jerk_deg_per_s3"):
        MotionLimits(max_jerk_deg_per_s3=0.0)


def test_interpolation_crosses_the_seam_the_short_way() -> None:
    path = path_of([170.0, 190.0], time_s=[0.0, 1.0])
    pose = path.at(0.5)
    assert pose.yaw_deg == pytest.approx(180.0)
    assert pose.direction.yaw_deg == pytest.approx(-180.0)


def test_the_ends_are_held() -> None:
    path = path_of([10.0, 20.0], time_s=[1.0, 2.0])
    assert path.at(-5.0).yaw_deg == 10.0
    assert path.at(99.0).yaw_deg == 20.0


def test_nothing_is_interpolated_across_a_cut() -> None:
    path = path_of([0.0, 0.0, 90.0, 90.0], cut=[False, False, True, False])
    assert path.at(1.9 / 30.0).yaw_deg == 0.0
    assert path.at(2.0 / 30.0).yaw_deg == 90.0


def test_the_certificate_measures_a_cubic_exactly() -> None:
    time_s = np.arange(31) / 30.0
    certificate = path_of(6.0 * time_s**3, 8.0 * time_s**3).certificate()
    # |(6, 8)| = 10: jerk is 60; the last second difference lies at t = 1 - 1/30.
    assert certificate.max_jerk_deg_per_s3 == pytest.approx(60.0)
    assert certificate.max_acceleration_deg_per_s2 == pytest.approx(60.0 * 29 / 30)
    assert certificate.max_speed_deg_per_s == pytest.approx(29.0, rel=2e-3)


def test_the_certificate_leaves_cuts_out() -> None:
    path = path_of([0.0] * 5 + [90.0] * 5, cut=[False] * 5 + [True] + [False] * 4)
    assert path.certificate() == Certificate(0.0, 0.0, 0.0)


def test_a_single_frame_is_a_path() -> None:
    path = path_of([5.0])
    assert path.at(3.0).yaw_deg == 5.0
    assert path.certificate() == Certificate(0.0, 0.0, 0.0)


def test_a_saved_path_comes_back_bit_for_bit(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    path = dataclasses.replace(
        path_of(np.cumsum(rng.normal(size=9)), rng.uniform(-90, 90, 9)),
        source=PathSource(file="a.mp4", director="follow", width_px=8, height_px=4),
        limits=MotionLimits(20.0, 30.0, 40.0),
    )
    path.save(tmp_path / "path.json")
    loaded = CameraPath.load(tmp_path / "path.json")
    for name in ("time_s", "yaw_deg", "pitch_deg", "hfov_deg", "cut"):
        np.testing.assert_array_equal(getattr(loaded, name), getattr(path, name))
    for name in ("trust", "confidence"):
        np.testing.assert_array_equal(getattr(loaded, name), getattr(path, name))
    assert (loaded.limits, loaded.source) == (path.limits, path.source)
    assert [item.name for item in tmp_path.iterdir()] == ["path.json"]


CLIP = FilmedClip(
    3840,
    3840,
    layout=StereoLayout.TOP_BOTTOM,
    bounds=SphereBounds(left=0.25, right=0.25),
    start_s=11.4,
    frame_rate_hz=Fraction(30_000, 1001),
    timecode=Timecode.read("10:20:30;12", Fraction(30_000, 1001)),
    has_sound=True,
)


def saved_with(clip: FilmedClip, target: Path) -> CameraPath:
    path = dataclasses.replace(path_of([0.0]), source=PathSource("a.mp4", clip=clip))
    path.save(target)
    return CameraPath.load(target)


def test_a_path_remembers_its_clip(tmp_path: Path) -> None:
    clip = dataclasses.replace(CLIP, place=str(tmp_path / "other" / "a.mp4"))
    assert saved_with(clip, tmp_path / "path.json").source.clip == clip


def test_a_clip_beside_its_path_is_found_after_both_have_moved(tmp_path: Path) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    before.mkdir()
    clip = dataclasses.replace(CLIP, place=str(before / "footage" / "a.mp4"))
    saved_with(clip, before / "path.json")
    before.rename(after)
    moved = CameraPath.load(after / "path.json").source.clip
    assert moved is not None
    assert moved.place == str(after / "footage" / "a.mp4")


def test_a_clip_elsewhere_is_found_after_its_path_has_moved(tmp_path: Path) -> None:
    folder = tmp_path / "paths"
    folder.mkdir()
    clip = dataclasses.replace(CLIP, place=str(tmp_path / "a.mp4"))
    saved_with(clip, folder / "path.json")
    (folder / "path.json").rename(tmp_path / "moved.json")
    assert CameraPath.load(tmp_path / "moved.json").source.clip == clip


def test_a_path_that_says_nothing_of_its_clip_is_read_as_before(tmp_path: Path) -> None:
    target = tmp_path / "path.json"
    path_of([0.0]).save(target)
    document = json.loads(target.read_text())
    del document["source"]["clip"]
    target.write_text(json.dumps(document))
    assert CameraPath.load(target).source.clip is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"layout": "left-eye"},
        {"width_px": 0},
        {"start_s": "nan"},
        {"frame_rate_hz": "30/0"},
        {"frame_rate_hz": "1e999999999"},
        {"frame_rate_hz": "0"},
        {"width_px": 10**400},
        {"start_s": 10**400},
        {"timecode_rate_hz": "99999"},
        {"timecode": "noon"},
        {"bounds": {"middle": 1}},
        {"bounds": {"left": 2.0}},
        {"frame_rate_hz": [30]},
        {"start_s": None},
    ],
)
def test_a_clip_that_cannot_be_is_refused_by_name(tmp_path: Path, wrong) -> None:
    target = tmp_path / "path.json"
    saved_with(CLIP, target)
    document = json.loads(target.read_text())
    document["source"]["clip"].update(wrong)
    target.write_text(json.dumps(document))
    with pytest.raises(SettingsError, match=r"path\.json is not a valid path"):
        CameraPath.load(target)


def test_the_document_has_the_promised_keys(tmp_path: Path) -> None:
    path_of([0.0, 1.0]).save(tmp_path / "path.json")
    document = json.loads((tmp_path / "path.json").read_text())
    assert set(document) == {
        "schema",
        "source",
        "frames",
        "limits",
        "certificate",
        "tool",
    }
    assert document["schema"] == "pano.camera-path/2"
    assert list(document["frames"][0]) == [
        "time_s",
        "yaw_deg",
        "pitch_deg",
        "roll_deg",
        "hfov_deg",
        "cut",
        "trust",
        "confidence",
    ]
    assert document["certificate"]["max_speed_deg_per_s"] == pytest.approx(30.0)
    assert set(document["tool"]) == {"name", "version"}


def test_a_path_of_the_first_schema_keeps_its_trust(tmp_path: Path) -> None:
    file = tmp_path / "path.json"
    path_of([0.0, 1.0, 2.0]).save(file)
    document = json.loads(file.read_text())
    document["schema"] = "pano.camera-path/1"
    for frame in document["frames"]:
        frame["confidence"] = frame.pop("trust")
    file.write_text(json.dumps(document))
    old = CameraPath.load(file)
    np.testing.assert_array_equal(old.trust, [0.0, 0.5, 1.0])
    assert np.all(np.isnan(old.confidence))


def test_a_confidence_that_is_not_known_is_null(tmp_path: Path) -> None:
    file = tmp_path / "path.json"
    path = dataclasses.replace(path_of([0.0, 1.0]), confidence=np.array([0.5, np.nan]))
    path.save(file)
    frames = json.loads(file.read_text())["frames"]
    assert [frame["confidence"] for frame in frames] == [0.5, None]
    np.testing.assert_array_equal(CameraPath.load(file).confidence, path.confidence)


@pytest.mark.parametrize(
    ("name", "value"), [("trust", np.nan), ("trust", 1.5), ("confidence", np.inf)]
)
def test_trust_and_confidence_are_shares(name, value) -> None:
    columns: dict[str, Any] = {name: np.array([value])}
    with pytest.raises(ValueError, match=name):
        dataclasses.replace(path_of([0.0]), **columns)


def _without_yaw(document: dict) -> None:
    del document["frames"][1]["yaw_deg"]


def _without_limits(document: dict) -> None:
    del document["limits"]


def _other_schema(document: dict) -> None:
    document["schema"] = "pano.camera-path/9"


def _not_finite(document: dict) -> None:
    document["frames"][0]["yaw_deg"] = float("nan")


def _unsorted(document: dict) -> None:
    document["frames"].reverse()


def _empty(document: dict) -> None:
    document["frames"] = []


def _text_for_number(document: dict) -> None:
    document["frames"][0]["pitch_deg"] = "up"


def _turned_without_end(document: dict) -> None:
    document["frames"][0]["yaw_deg"] = 1e300


def _later_than_ever(document: dict) -> None:
    document["frames"][1]["time_s"] = 1e300


def _number_without_end(document: dict) -> None:
    document["frames"][0]["yaw_deg"] = 10**400


def _cut_in_words(document: dict) -> None:
    document["frames"][0]["cut"] = "false"


def _limits_in_a_list(document: dict) -> None:
    document["limits"] = [40.0]


def _source_in_words(document: dict) -> None:
    document["source"] = "a.mp4"


def _vast_picture(document: dict) -> None:
    document["source"]["width_px"] = 10**9


def _nameless_source(document: dict) -> None:
    document["source"]["file"] = 7


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (_turned_without_end, "yaw_deg must be within"),
        (_later_than_ever, "time_s must be within"),
        (_number_without_end, "not a valid path"),
        (_cut_in_words, "cut must be true or false"),
        (_limits_in_a_list, "MotionLimits must be an object"),
        (_source_in_words, "PathSource must be an object"),
        (_vast_picture, r"source\.width_px must be in 0 to 16384"),
        (_nameless_source, r"source\.file must be a text"),
        (_without_yaw, "lacks the key 'yaw_deg'"),
        (_without_limits, "lacks the key 'limits'"),
        (_other_schema, "schema"),
        (_not_finite, "yaw_deg must be finite"),
        (_unsorted, "time_s must rise"),
        (_empty, "frames must be a list"),
        (_text_for_number, "not a valid path"),
    ],
)
def test_a_spoilt_file_is_refused_by_name(tmp_path: Path, spoil, words) -> None:
    file = tmp_path / "path.json"
    path_of([0.0, 1.0]).save(file)
    document = json.loads(file.read_text())
    spoil(document)
    file.write_text(json.dumps(document))
    with pytest.raises(SettingsError, match=words) as caught:
        CameraPath.load(file)
    assert str(file) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"not json {", b"\xff\xfe\x00", b"[" * 10**5])
def test_what_is_not_json_is_refused_by_name(tmp_path: Path, content) -> None:
    file = tmp_path / "path.json"
    file.write_bytes(content)
    with pytest.raises(SettingsError, match=r"path\.json is not JSON"):
        CameraPath.load(file)


def test_a_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"gone\.json cannot be read"):
        CameraPath.load(tmp_path / "gone.json")


def test_a_path_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be written"):
        path_of([0.0]).save(tmp_path / "no" / "path.json")
    target = tmp_path / "folder"
    target.mkdir()
    with pytest.raises(SettingsError, match="cannot be written"):
        path_of([0.0]).save(target)
    assert [item.name for item in tmp_path.iterdir()] == ["folder"]


def test_a_path_keeps_the_lens_it_was_planned_for(tmp_path: Path) -> None:
    path = path_of([0.0, 1.0])
    wide = dataclasses.replace(
        path,
        source=PathSource(lens=Lens.STEREOGRAPHIC),
        hfov_deg=np.full(2, 300.0),
    )
    wide.save(tmp_path / "path.json")
    loaded = CameraPath.load(tmp_path / "path.json")
    assert loaded.source.lens is Lens.STEREOGRAPHIC
    with pytest.raises(ValueError, match="180"):
        dataclasses.replace(loaded, source=PathSource())


def test_a_lens_that_nobody_knows_is_refused_by_name(tmp_path: Path) -> None:
    target = tmp_path / "path.json"
    path_of([0.0, 1.0]).save(target)
    target.write_text(target.read_text().replace("rectilinear", "fish-eye"))
    with pytest.raises(SettingsError, match="fish-eye"):
        CameraPath.load(target)
