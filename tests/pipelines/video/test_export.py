from __future__ import annotations

import dataclasses
import json
from fractions import Fraction
from xml.etree import ElementTree as Xml

import numpy as np
import pytest
from click.testing import CliRunner

from pano.camera.filmed_clip import FilmedClip
from pano.camera.lens import Lens
from pano.camera.path import CameraPath, PathSource
from pano.equirect.layouts import SphereBounds, StereoLayout
from pano.errors import MediaError, SettingsError
from pano.export import FORMATS
from pano_jobs.cli import main
from pano_jobs.video.export import export


@pytest.fixture
def saved_path(tmp_path):
    n = 60
    path = CameraPath(
        time_s=np.arange(n) / 30.0,
        yaw_deg=np.linspace(150.0, 210.0, n),
        pitch_deg=np.zeros(n),
        roll_deg=np.zeros(n),
        hfov_deg=np.full(n, 65.5),
        cut=np.zeros(n, bool),
        trust=np.ones(n),
        confidence=np.ones(n),
        source=PathSource(file="clip.mp4", width_px=720, height_px=1280),
    )
    path.save(tmp_path / "path.json")
    return tmp_path / "path.json"


def run(*arguments: object):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_written_from_the_command_line(saved_path, tmp_path, name):
    target = tmp_path / f"out{FORMATS[name].suffix}"
    result = run("export", saved_path, "--format", name, "-o", target)
    assert result.exit_code == 0, result.output
    assert target.stat().st_size > 100
    assert [file.name for file in tmp_path.iterdir() if "part" in file.name] == []


def test_the_picture_is_the_one_the_path_was_planned_for(saved_path, tmp_path):
    target = tmp_path / "out.cmd"
    result = run("export", saved_path, "--format", "sendcmd", "-o", target, "--json")
    told = json.loads(result.stdout)
    assert (told["width_px"], told["height_px"]) == (720, 1280)
    assert "w=720:h=1280" in target.read_text(encoding="utf-8")
    assert "sendcmd=f=out.cmd" in target.read_text(encoding="utf-8")


def test_size_and_rate_can_be_chosen_and_ntsc_is_exact(saved_path, tmp_path):
    target = tmp_path / "out.mlt"
    options = ["--size", "640x360", "--frame-rate", "29.97"]
    run("export", saved_path, "--format", "mlt", "-o", target, *options)
    text = target.read_text(encoding="utf-8")
    assert 'width="640" height="360"' in text
    assert 'frame_rate_num="30000" frame_rate_den="1001"' in text


def test_counted_frames_at_an_unasked_rate_are_noted(saved_path, tmp_path):
    noted = export(saved_path, tmp_path / "a.csv", "csv")
    assert "--frame-rate" in noted.notes[0]
    asked = export(saved_path, tmp_path / "b.csv", "csv", frame_rate_hz=Fraction(25))
    assert asked.notes == ()


def known_clip(saved_path, **changes) -> None:
    """Let the path know its clip."""
    path = CameraPath.load(saved_path)
    known = FilmedClip(**({"width_px": 480, "height_px": 240} | changes))
    source = dataclasses.replace(path.source, clip=known)
    dataclasses.replace(path, source=source).save(saved_path)


def test_frames_are_counted_at_the_rate_of_the_clip(saved_path, tmp_path):
    known_clip(saved_path, frame_rate_hz=Fraction(25))
    result = export(saved_path, tmp_path / "a.csv", "csv")
    assert result.frame_rate_hz == 25
    assert result.notes == ()


def test_a_clip_that_is_gone_is_noted_where_the_export_names_it(saved_path, tmp_path):
    known_clip(saved_path, frame_rate_hz=Fraction(30), place="/gone/clip.mp4")
    note = export(saved_path, tmp_path / "a.mlt", "mlt").notes[0]
    assert "clip.mp4 lies neither where it was nor beside the path" in note
    assert export(saved_path, tmp_path / "a.csv", "csv").notes == ()


def test_a_clip_that_moved_with_its_path_is_found_beside_it(saved_path, tmp_path):
    known_clip(saved_path, frame_rate_hz=Fraction(30), place="/gone/clip.mp4")
    (tmp_path / "clip.mp4").touch()
    (tmp_path / "away").mkdir()
    result = export(saved_path, tmp_path / "away" / "a.mlt", "mlt")
    assert str(tmp_path / "clip.mp4") in result.target.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("asked", "project"),
    [
        ((640, 360), (1920, 1080)),  # as wide as the sphere
        ((1920, 1080), (1920, 1080)),
        ((160, 90), (800, 450)),  # π / tan(65.5° / 2) = 4.9 views go round
    ],
)
def test_a_project_is_large_enough_for_the_sphere(saved_path, tmp_path, asked, project):
    rate_hz = Fraction(30)
    known_clip(saved_path, frame_rate_hz=rate_hz, width_px=1920, height_px=960)
    (tmp_path / "clip.mp4").touch()
    notes = export(saved_path, tmp_path / "a.mlt", "mlt", size=asked).notes
    profile = Xml.parse(tmp_path / "a.mlt").getroot().find("profile")
    assert profile is not None
    assert (profile.get("width"), profile.get("height")) == tuple(map(str, project))
    said = f"{project[0]}x{project[1]}; scale the film to {asked[0]}x{asked[1]}"
    assert [said in note for note in notes] == ([] if asked == project else [True])


def test_a_clip_that_is_not_known_leaves_the_size_to_the_person(saved_path, tmp_path):
    (tmp_path / "clip.mp4").touch()
    asked = (640, 360)
    notes = export(saved_path, tmp_path / "a.mlt", "mlt", size=asked).notes
    assert any("a --size as wide as the clip" in note for note in notes)
    assert 'width="640"' in (tmp_path / "a.mlt").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["mlt", "shotcut"])
@pytest.mark.parametrize(
    ("rotation_deg", "layout", "is_filmed"),
    [
        (90, StereoLayout.MONO, False),
        (270, StereoLayout.MONO, False),
        (180, StereoLayout.TOP_BOTTOM, False),
        (180, StereoLayout.MONO, True),
    ],
)
def test_mlt_films_no_clip_that_lies_on_its_side(
    saved_path, tmp_path, name, rotation_deg, layout, is_filmed
):
    known_clip(saved_path, rotation_deg=rotation_deg, layout=layout)
    target = tmp_path / "a.mlt"
    result = run("export", saved_path, "--format", name, "-o", target)
    assert result.exit_code == (0 if is_filmed else 1)
    assert target.exists() is is_filmed
    assert is_filmed or f"stored turned by {rotation_deg}°" in result.stderr


def test_what_a_person_has_to_lay_round_the_camera_is_said(saved_path, tmp_path):
    known_clip(
        saved_path,
        frame_rate_hz=Fraction(30),
        layout=StereoLayout.SIDE_BY_SIDE,
        bounds=SphereBounds(left=0.25, right=0.25),
    )
    (note,) = export(saved_path, tmp_path / "a.chan", "chan").notes
    assert note == (
        "the sphere around the camera is the left half of the picture, laid from yaw "
        "-90° to 90° and from pitch -90° to 90°"
    )


@pytest.mark.parametrize("rate", ["0", "-25", "fast", "1/0", "1e9", "nan", "inf"])
def test_a_rate_that_is_none_is_wrong_usage(saved_path, tmp_path, rate):
    target = tmp_path / "out.csv"
    options = ["--format", "csv", "-o", target, "--frame-rate", rate]
    result = run("export", saved_path, *options)
    assert result.exit_code == 2
    assert not target.exists()


def test_nothing_is_replaced_without_force(saved_path, tmp_path):
    target = tmp_path / "out.csv"
    target.write_text("mine", encoding="utf-8")
    with pytest.raises(MediaError, match="--force"):
        export(saved_path, target, "csv")
    assert target.read_text(encoding="utf-8") == "mine"
    assert run("export", saved_path, "--format", "csv", "-o", target, "--force")
    assert target.read_text(encoding="utf-8").startswith("frame,")


def test_the_path_itself_is_never_replaced(saved_path):
    with pytest.raises(MediaError, match="source itself"):
        export(saved_path, saved_path, "csv", overwrite=True)


def test_what_is_no_path_is_one_sentence_and_leaves_no_file(tmp_path):
    (tmp_path / "path.json").write_text("{}", encoding="utf-8")
    target = tmp_path / "out.csv"
    result = run("export", tmp_path / "path.json", "--format", "csv", "-o", target)
    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1
    assert "path.json" in result.stderr
    assert not target.exists()


def test_an_unknown_format_names_those_there_are(saved_path, tmp_path):
    with pytest.raises(SettingsError, match="sendcmd"):
        export(saved_path, tmp_path / "a.xyz", "xyz")


def test_keyframes_are_put_into_a_project_that_itself_is_kept(saved_path, tmp_path):
    project = tmp_path / "clip.insprj"
    project.write_text('{"projects": [{"clip": {"fps": 30}}]}', encoding="utf-8")
    before = project.read_text(encoding="utf-8")
    words = ["export", saved_path, "--format", "insta360", "--into", project]
    assert run(*words, "-o", project).exit_code == 1
    result = run(*words, "-o", tmp_path / "new.insprj")
    assert result.exit_code == 0, result.output
    assert project.read_text(encoding="utf-8") == before
    clip = json.loads((tmp_path / "new.insprj").read_text())["projects"][0]["clip"]
    assert clip["fps"] == 30
    assert clip["key_frame_track"]["node_list"]


def test_a_lens_that_the_other_program_lacks_is_refused(saved_path, tmp_path):
    path = CameraPath.load(saved_path)
    source = dataclasses.replace(path.source, lens=Lens.PANNINI)
    dataclasses.replace(path, source=source).save(saved_path)
    with pytest.raises(SettingsError, match="no pannini lens"):
        export(saved_path, tmp_path / "out.cmd", "sendcmd")
    assert export(saved_path, tmp_path / "out.csv", "csv").n_poses == 60


def test_a_format_without_projects_refuses_one(saved_path, tmp_path):
    with pytest.raises(SettingsError, match="--into"):
        export(saved_path, tmp_path / "out.csv", "csv", project=saved_path)
