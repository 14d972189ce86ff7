from __future__ import annotations

import json

import numpy as np
import pytest
from click.testing import CliRunner

from pano.camera.path import CameraPath
from pano.errors import SettingsError
from pano.saliency_maps.saliency_map import SILENCE_DB, SaliencyMap
from pano.sphere import Direction, grid_unit_vectors
from pano_jobs.cli import main
from pano_jobs.evaluation.evaluate_paths import evaluate_paths
from pano_jobs.maps import MapsWriter
from tests.pipelines.first_version_maps import write_first_version

N = 120


def path_file(file, yaw_deg):
    CameraPath(
        time_s=np.arange(N) / 30.0,
        yaw_deg=np.zeros(N) + yaw_deg,
        pitch_deg=np.zeros(N),
        roll_deg=np.zeros(N),
        hfov_deg=np.full(N, 65.5),
        cut=np.zeros(N, dtype=bool),
        trust=np.ones(N),
        confidence=np.ones(N),
    ).save(file)
    return file


def edits_file(file, *yaws_deg):
    editors = {
        f"editor {k}": {"traj": [[yaw_deg, 0.0]] * N}
        for k, yaw_deg in enumerate(yaws_deg)
    }
    file.write_text(json.dumps({"clip": editors}))
    return file


def maps_of(*yaws_deg, level_db=-20.0):
    """Look in each direction for an equal part of the clip."""
    for k in range(N):
        yaw_deg = yaws_deg[k * len(yaws_deg) // N]
        blob = grid_unit_vectors(30, 60) @ Direction(yaw_deg, 0.0).unit()
        blob = np.exp((blob - 1.0) / np.radians(10.0) ** 2)
        yield SaliencyMap.from_attention(
            blob,
            np.zeros(blob.shape),
            time_s=k / 30.0,
            confidence=0.8,
            level_db=level_db,
        )


def maps_file(file, *yaws_deg, level_db=-20.0, source_cuts_s=()):
    with MapsWriter(file, meta=lambda: {"source_cuts_s": source_cuts_s}) as writer:
        for found in maps_of(*yaws_deg, level_db=level_db):
            writer.write(found)
    return file


def cosine_of_follow(maps, truth):
    found = evaluate_paths(
        [path_file(truth.with_name("ours.json"), 0.0)], truth=truth, maps=maps
    )
    (row,) = (row for row in found.rows if row.name == "follow")
    return row.cosine.by_frame, found.notes


def test_a_path_is_compared_with_the_nearest_of_the_people(tmp_path) -> None:
    path = path_file(tmp_path / "ours.json", 30.0)
    truth = edits_file(tmp_path / "human_edit.json", 30.0, -150.0)
    (row,) = evaluate_paths([path], truth=truth).rows
    assert row.cosine is not None
    assert row.overlap is not None
    assert row.cosine.by_trajectory == pytest.approx(1.0)
    assert row.overlap.by_frame == pytest.approx(1.0)
    assert row.pilot_overlap == pytest.approx(0.5)
    assert row.velocity_difference_px == 0.0
    assert row.quality is not None
    assert row.quality.share_still == 1.0


def test_outputs_of_several_videos_are_read(tmp_path) -> None:
    outputs = tmp_path / "outputs.json"
    outputs.write_text(json.dumps({"clip": {"traj": [[0.0, 0.0]] * 60}}))
    truth = edits_file(tmp_path / "human_edit.json", 90.0)
    (row,) = evaluate_paths([outputs], truth=truth).rows
    assert row.cosine is not None
    assert row.cosine.by_frame == pytest.approx(0.0, abs=1e-9)
    assert row.quality is None


def test_without_truth_only_the_motion_is_told(tmp_path) -> None:
    path = path_file(tmp_path / "ours.json", np.arange(N) / 3.0)
    (row,) = evaluate_paths([path]).rows
    assert row.cosine is None
    assert row.quality is not None
    assert row.quality.speed_p95_deg_per_s == pytest.approx(10.0)


def test_maps_bring_the_baselines_and_are_scored(tmp_path) -> None:
    path = path_file(tmp_path / "ours.json", 80.0)
    truth = edits_file(tmp_path / "human_edit.json", 80.0)
    maps = maps_file(tmp_path / "maps.npz", 80.0)
    found = evaluate_paths([path], truth=truth, maps=maps)
    cosines = {row.name: row.cosine.by_frame for row in found.rows if row.cosine}
    for follows in ("ours.json", "follow", "centroid + Gaussian", "autocam"):
        assert cosines[follows] > 0.95
    assert cosines["Kang & Cho, no flow"] > 0.95
    assert cosines["centre"] == pytest.approx(np.cos(np.radians(80.0)))
    assert cosines["eye level"] == pytest.approx(0.0, abs=1e-9)
    for scores in found.maps.values():
        assert scores.auc_judd > 0.95
        assert scores.nss > 2.0
    assert set(found.maps) == {"none", "solid-angle"}


def test_the_baselines_go_by_the_level_of_the_maps(tmp_path) -> None:
    truth = edits_file(tmp_path / "human_edit.json", 80.0)
    silent = maps_file(tmp_path / "silent.npz", 80.0, level_db=SILENCE_DB)
    cosine, notes = cosine_of_follow(silent, truth)
    # Nothing is heard: the camera stays where it starts.
    assert cosine == pytest.approx(np.cos(np.radians(80.0)), abs=1e-6)
    assert notes == ()


def test_the_baselines_know_where_the_clip_itself_cuts(tmp_path) -> None:
    truth = tmp_path / "human_edit.json"
    traj = [[-60.0, 0.0]] * (N // 2) + [[60.0, 0.0]] * (N // 2)
    truth.write_text(json.dumps({"clip": {"editor": {"traj": traj}}}))
    known = maps_file(tmp_path / "known.npz", -60.0, 60.0, source_cuts_s=(N / 60.0,))
    unknown = maps_file(tmp_path / "unknown.npz", -60.0, 60.0)
    assert cosine_of_follow(known, truth)[0] > 0.98
    assert cosine_of_follow(unknown, truth)[0] < 0.9


def test_maps_of_the_first_version_are_taken_to_be_audible_and_it_is_said(
    tmp_path,
) -> None:
    truth = edits_file(tmp_path / "human_edit.json", 80.0)
    old = write_first_version(tmp_path / "old.npz", maps_of(80.0, level_db=SILENCE_DB))
    cosine, (note,) = cosine_of_follow(old, truth)
    assert cosine > 0.95
    assert "old.npz is of the first version" in note
    path = path_file(tmp_path / "ours.json", 80.0)
    run = CliRunner().invoke(
        main, ["evaluate", "--paths", str(path), "--maps", str(old)]
    )
    assert "old.npz is of the first version" in run.stderr


def test_a_path_needs_a_truth_about_one_video(tmp_path) -> None:
    truth = tmp_path / "human_edit.json"
    traj = {"editor": {"traj": [[0.0, 0.0]] * N}}
    truth.write_text(json.dumps({"one": traj, "two": traj}))
    with pytest.raises(SettingsError, match="about 2 videos"):
        evaluate_paths([path_file(tmp_path / "ours.json", 0.0)], truth=truth)


def test_the_command_prints_a_table_and_json(tmp_path) -> None:
    path = path_file(tmp_path / "ours.json", 0.0)
    run = CliRunner().invoke(main, ["evaluate", "--paths", str(path)])
    assert "| ours.json | – | – | – | 0.000 |" in run.output
    run = CliRunner().invoke(main, ["evaluate", "--paths", str(path), "--json"])
    assert json.loads(run.output)["rows"][0]["name"] == "ours.json"


@pytest.mark.parametrize(
    "arguments", [[], ["pairs", "--paths", "a.json"], ["pairs", "--truth", "a.json"]]
)
def test_pairs_and_paths_are_two_questions(arguments) -> None:
    assert CliRunner().invoke(main, ["evaluate", *arguments]).exit_code == 2
