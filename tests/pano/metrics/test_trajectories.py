import numpy as np
import pytest

from pano.errors import SettingsError
from pano.metrics.trajectories import (
    PILOT_VIEW_DEG,
    cosine_similarities,
    fov_overlaps,
    pano2vid,
    pilot_overlap,
    read_trajectories,
    velocity_difference,
)


def at(*rows) -> np.ndarray:
    return np.array(rows, dtype=np.float64)


def test_the_cosine_is_that_of_the_directions_not_of_the_numbers() -> None:
    one, other = at([179.0, 0.0], [0.0, 90.0]), at([-179.0, 0.0], [120.0, 90.0])
    expected = [np.cos(np.radians(2.0)), 1.0]
    np.testing.assert_allclose(cosine_similarities(one, other), expected)


def test_the_overlap_falls_from_one_to_zero_at_the_mean_field_of_view() -> None:
    one = at([0.0, 0.0], [0.0, 0.0], [0.0, 0.0])
    other = at([0.0, 0.0], [32.75, 0.0], [70.0, 0.0])
    np.testing.assert_allclose(fov_overlaps(one, other), [1.0, 0.5, 0.0], atol=1e-6)
    wide = at([0.0, 0.0, 104.3])
    found = fov_overlaps(wide, at([42.45, 0.0, 65.5]))
    np.testing.assert_allclose(found, [0.5], atol=1e-6)


def test_pooling_is_over_trajectories_or_over_frames() -> None:
    # Two people each agree with the output in another frame.
    outputs = {"a": {"ours": at([0.0, 0.0], [0.0, 0.0])}}
    edits = {
        "a": {
            "p": at([0.0, 0.0], [90.0, 0.0], [0.0, 0.0]),
            "q": at([180.0, 0.0], [0.0, 0.0]),
        }
    }
    found = pano2vid(outputs, edits, cosine_similarities)
    assert found.by_trajectory == pytest.approx(0.5)
    assert found.by_frame == pytest.approx(1.0)


def test_outputs_and_videos_are_averaged() -> None:
    same, off = at([0.0, 0.0]), at([90.0, 0.0])
    outputs = {"a": {"1": same, "2": off}, "b": {"1": same}, "c": {"1": off}}
    edits = {"a": {"p": same}, "b": {"p": same}}
    found = pano2vid(outputs, edits, cosine_similarities)
    assert found.by_trajectory == pytest.approx(0.75)


def test_an_edit_that_ends_early_and_foreign_videos_are_refused() -> None:
    two, one = at([0.0, 0.0], [0.0, 0.0]), at([0.0, 0.0])
    with pytest.raises(SettingsError, match="2 frames, an edit only 1"):
        pano2vid({"a": {"x": two}}, {"a": {"p": one}}, cosine_similarities)
    with pytest.raises(SettingsError, match="no video in common"):
        pano2vid({"a": {"x": two}}, {"b": {"p": one}}, cosine_similarities)


def test_the_pilot_overlap_is_the_intersection_of_squares_over_the_seam() -> None:
    half = PILOT_VIEW_DEG / 2.0
    output = at([180.0, 0.0], [0.0, 0.0], [0.0, 0.0])
    truth = at([-180.0 + half, 0.0], [half, half], [90.0, 0.0])
    assert pilot_overlap(output, truth) == pytest.approx((0.5 + 0.25 + 0.0) / 3.0)


def test_the_velocity_difference_is_in_pixels_of_1920_per_frame() -> None:
    # 0, 3, 3, 0 degrees a frame: it changes by 3°, 0 and 3°, a degree is 16/3 px.
    yaw_deg = np.array([178.0, 178.0, -179.0, -176.0, -176.0])
    trajectory = np.stack([yaw_deg, np.zeros(5)], axis=1)
    assert velocity_difference(trajectory) == pytest.approx(16.0 * 2 / 3)


def test_there_is_no_velocity_across_a_cut() -> None:
    trajectory = at([0, 0], [0, 0], [90, 0], [90, 0], [90, 0])
    cuts = np.array([False, False, True, False, False])
    assert velocity_difference(trajectory) > 0.0
    assert velocity_difference(trajectory, cuts=cuts) == 0.0


def test_the_official_files_are_read_with_and_without_editors(tmp_path) -> None:
    edits = tmp_path / "human_edit.json"
    edits.write_text('{"v": {"anna": {"traj": [[1, 2], [3, 4]]}}}')
    found = read_trajectories(edits)["v"]["anna"]
    np.testing.assert_array_equal(found, at([1.0, 2.0], [3.0, 4.0]))
    outputs = tmp_path / "outputs.json"
    outputs.write_text('{"v": {"traj": [[1, 2, 65.5]]}}')
    assert read_trajectories(outputs)["v"]["output"].shape == (1, 3)


@pytest.mark.parametrize(
    "text", ["", "[1]", '{"v": {"p": 3}}', '{"v": {"p": {"traj": [[1]]}}}']
)
def test_another_file_is_refused_by_name(tmp_path, text) -> None:
    file = tmp_path / "wrong.json"
    file.write_text(text)
    with pytest.raises(SettingsError, match="wrong"):
        read_trajectories(file)
