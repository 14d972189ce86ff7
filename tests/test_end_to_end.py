"""Whole commands on whole files: good input, bad input, and the shipped localizer."""

from __future__ import annotations

import dataclasses
import importlib.resources
import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from pano.camera.lens import Lens
from pano.camera.path import CameraPath
from pano.sphere import Direction, angle_between_deg
from pano_jobs.cli import main
from pano_jobs.settings import DemoSettings
from pano_jobs.synthetic.sprites import SourceKind
from pano_jobs.synthetic.world import DrawnSource, DrawnWorld
from pano_jobs.video.demo import draw_clip
from tests.fake_localizer import RedLocalizer
from tests.synthetic import Clip, SoundTrack, cut_short, sine, write_clip

WEIGHTS = importlib.resources.files("soundloc") / "weights"
HAS_WEIGHTS = any(item.name.endswith(".safetensors") for item in WEIGHTS.iterdir())


def run(*arguments: object):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture
def red_sounds(monkeypatch):
    """Let the commands hear what is red instead of loading weights."""
    monkeypatch.setattr(
        "pano_jobs.analysis.audio_track.load_localizer", lambda *_: RedLocalizer()
    )


def red_disc(_: int):
    image = np.full((120, 240, 3), 90, np.uint8)
    cv2.circle(image, (160, 60), 8, (255, 0, 0), -1)  # yaw 60, pitch 0
    return image


def disc_clip(path: Path, *, sound: bool = True) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    track = SoundTrack(sine(2.0)) if sound else None
    clip = Clip(240, 120, Fraction(15), 30, sound=track, paint=red_disc)
    return write_clip(path, clip)


_WITHOUT_TORCH = """
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name in ("torch", "torchvision"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Missing())
from pano_jobs.cli import main
main(sys.argv[1:])
"""


def run_without_torch(*arguments: object):
    return subprocess.run(
        [sys.executable, "-c", _WITHOUT_TORCH, *map(str, arguments)],
        capture_output=True,
        text=True,
    )


@pytest.mark.slow
@pytest.mark.skipif(not HAS_WEIGHTS, reason="no checkpoint is shipped")
def test_a_video_is_watched_without_torch(tmp_path):
    clip, target = disc_clip(tmp_path / "clip.mp4"), tmp_path / "flat.mp4"
    done = run_without_torch("pan", clip, "-o", target, "--quiet")
    assert done.returncode == 0, done.stderr
    assert target.stat().st_size > 0


@pytest.mark.parametrize(
    "words",
    [
        ["train", "pairs", "-o", "net.safetensors"],
        ["adapt", "pairs", "-o", "net.safetensors"],
        ["evaluate", "pairs"],
        ["retrieve", "pairs"],
        ["sweep", "pairs", "-o", "swept", "--over", "labels"],
        ["pan", "clip.mp4", "-o", "flat.mp4", "--compute", "torch"],
    ],
)
def test_what_needs_torch_says_so_in_one_sentence(tmp_path, words):
    disc_clip(tmp_path / "clip.mp4")
    (tmp_path / "pairs").mkdir()
    places = [
        str(tmp_path / word) if word in {"pairs", "swept"} or "." in word else word
        for word in words
    ]
    done = run_without_torch(*places)
    assert done.returncode == 1
    assert "pip install 'pano[train]'" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.usefixtures("red_sounds")
class TestGoodInput:
    def test_pan_answers_with_one_json_object(self, tmp_path):
        clip = disc_clip(tmp_path / "clip.mp4")
        out, path, sheet = (tmp_path / n for n in ("o.mp4", "p.json", "s.png"))
        result = run(
            *("pan", clip, "-o", out, "--size", "48x28", "--save-path", path),
            *("--sheet", sheet, "--json"),
        )
        assert result.exit_code == 0, result.stderr
        assert result.stderr == ""
        found = json.loads(result.stdout)
        assert found["target"] == str(out)
        assert found["n_frames"] == 30
        assert found["notes"] == []
        assert out.is_file()
        assert sheet.is_file()
        pose = CameraPath.load(path).at(1.9)
        assert angle_between_deg(pose.direction, Direction(60.0, 0.0)) < 12.0

    def test_saliency_is_written_beside_its_source(self, tmp_path):
        clip = disc_clip(tmp_path / "clip.mp4")
        result = run("saliency", clip, "--maps", tmp_path / "maps.npz")
        assert result.exit_code == 0, result.stderr
        assert (tmp_path / "clip.saliency.mp4").is_file()
        assert np.load(tmp_path / "maps.npz")["saliency"].shape == (60, 30, 60)

    def test_render_films_a_saved_path_again(self, tmp_path):
        clip = disc_clip(tmp_path / "clip.mp4")
        path, out = tmp_path / "p.json", tmp_path / "wide.mp4"
        run("pan", clip, "-o", tmp_path / "o.mp4", "--save-path", path)
        result = run("render", clip, "--path", path, "-o", out, "--size", "160x64")
        assert result.exit_code == 0, result.stderr
        assert out.is_file()

    def test_a_note_goes_to_stderr_and_into_the_json(self, tmp_path):
        clip = disc_clip(tmp_path / "clip.mp4", sound=False)
        result = run("pan", clip, "-o", tmp_path / "o.mp4", "--no-sound-ok", "--json")
        assert result.exit_code == 0
        assert result.stderr.startswith("pano: there is no sound")
        assert len(json.loads(result.stdout)["notes"]) == 1

    def test_a_sound_of_one_sample_is_none_and_can_be_done_without(self, tmp_path):
        sound = SoundTrack(np.zeros(1, np.float32), codec="pcm_s16le")
        clip = write_clip(tmp_path / "clip.mov", Clip(sound=sound))
        where = "pan", clip, "-o", tmp_path / "o.mp4", "--size", "64x36"
        refused = run(*where)
        assert refused.exit_code == 1
        assert "--no-sound-ok" in refused.stderr
        assert run(*where, "--no-sound-ok").exit_code == 0

    def test_batch_goes_on_after_a_failure_and_exits_with_1(self, tmp_path):
        disc_clip(tmp_path / "in/a.mp4", sound=False)
        disc_clip(tmp_path / "in/deep/b.mp4")
        where = tmp_path / "in", "-o", tmp_path / "out"
        arguments = ("batch", *where, "--json", "--size", "64x36")
        result = run(*arguments)
        assert result.exit_code == 1
        found = json.loads(result.stdout)
        assert [clip["status"] for clip in found["clips"]] == ["failed", "done"]
        assert "no sound" in found["clips"][0]["reason"]
        assert (tmp_path / "out/deep/b.mp4").is_file()
        again = json.loads(run(*arguments).stdout)
        assert [clip["status"] for clip in again["clips"]] == ["failed", "skipped"]

    def test_a_batch_without_failures_exits_with_0(self, tmp_path):
        disc_clip(tmp_path / "in/a.mp4")
        result = run(
            *("batch", tmp_path / "in", "-o", tmp_path / "out", "--job", "saliency")
        )
        assert result.exit_code == 0
        assert "1 done, 0 skipped, 0 failed" in result.stdout


def no_such_file(folder: Path) -> Path:
    return folder / "bad.mp4"


def an_empty_file(folder: Path) -> Path:
    (folder / "bad.mp4").touch()
    return folder / "bad.mp4"


def not_a_video(folder: Path) -> Path:
    (folder / "bad.mp4").write_text("Dear diary, " * 100)
    return folder / "bad.mp4"


def a_truncated_file(folder: Path) -> Path:
    whole = disc_clip(folder / "whole" / "clip.mp4")
    return cut_short(whole, folder / "bad.mp4")


def no_sound(folder: Path) -> Path:
    return disc_clip(folder / "bad.mp4", sound=False)


def not_a_sphere(folder: Path) -> Path:
    clip = Clip(width_px=64, height_px=36, sound=SoundTrack(sine(1.0)))
    return write_clip(folder / "bad.mp4", clip)


def a_folder(folder: Path) -> Path:
    (folder / "bad.mp4").mkdir()
    return folder / "bad.mp4"


@pytest.mark.usefixtures("red_sounds")
class TestBadInput:
    """One sentence that names the file, exit code 1, and no output."""

    @pytest.mark.parametrize("command", ["pan", "saliency"])
    @pytest.mark.parametrize(
        "make",
        [
            no_such_file,
            an_empty_file,
            not_a_video,
            a_truncated_file,
            no_sound,
            not_a_sphere,
            a_folder,
        ],
    )
    def test_bad_input(self, tmp_path, command, make):
        source = make(tmp_path)
        (tmp_path / "out").mkdir()
        result = run(command, source, "-o", tmp_path / "out/o.mp4")
        assert result.exit_code == 1
        assert result.stdout == ""
        assert result.stderr.startswith("pano: ")
        assert result.stderr.count("\n") == 1
        assert "bad.mp4" in result.stderr
        assert list((tmp_path / "out").iterdir()) == []

    @pytest.mark.parametrize("command", ["pan", "saliency"])
    def test_an_output_that_exists_or_has_no_folder(self, tmp_path, command):
        clip = disc_clip(tmp_path / "clip.mp4")
        (tmp_path / "old.mp4").write_text("old")
        for target, words in (
            (tmp_path / "old.mp4", "--force"),
            (tmp_path / "no/o.mp4", "does not exist"),
            (clip, "is the source itself"),
        ):
            result = run(command, clip, "-o", target)
            assert result.exit_code == 1
            assert words in result.stderr
            assert result.stderr.count("\n") == 1
        assert (tmp_path / "old.mp4").read_text() == "old"

    def test_a_path_that_is_no_path(self, tmp_path):
        clip = disc_clip(tmp_path / "clip.mp4")
        (tmp_path / "p.json").write_text("{}")
        out = tmp_path / "o.mp4"
        result = run("render", clip, "--path", tmp_path / "p.json", "-o", out)
        assert result.exit_code == 1
        assert "p.json" in result.stderr
        assert not out.exists()

    def test_a_layout_makes_a_sphere_of_any_picture(self, tmp_path):
        source = not_a_sphere(tmp_path)
        arguments = ("pan", source, "-o", tmp_path / "o.mp4", "--size", "64x36")
        assert run(*arguments, "--layout", "mono").exit_code == 0


def some_world(sounding: SourceKind) -> DrawnWorld:
    """Place a fire, a bell and a siren around the viewer; one of them is heard."""
    places = {
        SourceKind.FIRE: Direction(100.0, -5.0),
        SourceKind.BELL: Direction(-40.0, -5.0),
        SourceKind.SIREN: Direction(175.0, -5.0),
    }
    sources = tuple(DrawnSource(kind, 7, place, 26.0) for kind, place in places.items())
    return DrawnWorld(
        seed=3,
        duration_s=6.0,
        sources=tuple(
            dataclasses.replace(source, sounding=((0.0, 6.0),))
            if source.kind is sounding
            else source
            for source in sources
        ),
    )


@pytest.mark.slow
@pytest.mark.skipif(not HAS_WEIGHTS, reason="no checkpoint in soundloc/weights")
@pytest.mark.parametrize("kind", [SourceKind.FIRE, SourceKind.BELL, SourceKind.SIREN])
def test_the_shipped_localizer_turns_the_camera_to_what_sounds(tmp_path, kind):
    world = some_world(kind)
    clip = tmp_path / "clip.mp4"
    draw_clip(world, clip, DemoSettings(duration_s=6.0, width_px=960))
    result = run(
        *("pan", clip, "-o", tmp_path / "o.mp4", "--size", "160x90"),
        *("--save-path", tmp_path / "p.json"),
    )
    assert result.exit_code == 0, result.stderr
    path = CameraPath.load(tmp_path / "p.json")
    (truth,) = world.truth(5.9)
    is_seen = path.at(5.9).sees(
        truth.unit()[None], aspect=16 / 9, lens=Lens.RECTILINEAR
    )
    assert is_seen.all(), f"{path}\n{result.stderr}"
