from __future__ import annotations

import json
import subprocess
import sys

import click
import numpy as np
import pytest
from click.testing import CliRunner

from pano.errors import MediaError
from pano.media import SphericalMetadata, write_spherical
from pano_jobs.cli import main
from pano_jobs.settings import PanSettings
from tests.synthetic import Clip, SoundTrack, sine, write_clip


def run(*arguments: object):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_help_loads_neither_networks_nor_solvers_nor_ffmpeg():
    code = (
        "import sys; from pano_jobs.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit as end: assert end.code == 0\n"
        "heavy = {'torch', 'openvino', 'scipy.optimize', 'av', 'cv2', 'rich'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


@pytest.mark.parametrize("name", sorted(main.commands))
def test_every_command_and_every_option_has_help(name):
    command = main.commands[name]
    assert command.help
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{name} {parameter.opts}"
    assert run(name, "--help").exit_code == 0


@pytest.mark.parametrize("name", sorted(main.commands))
def test_every_command_can_answer_in_json_and_keep_quiet(name):
    options = {
        opt for parameter in main.commands[name].params for opt in parameter.opts
    }
    assert {"--json", "--quiet", "--config"} <= options


def test_the_defaults_in_the_help_come_from_the_settings():
    text = run("pan", "--help").output
    settings = PanSettings()
    for default in (
        settings.lens.hfov_deg,
        f"{settings.lens.width_px}x{settings.lens.height_px}",
        settings.localize.window_s,
        settings.localize.visual_rate_hz,
        settings.direct.director,
        settings.direct.motion,
        settings.direct.cuts.min_shot_s,
    ):
        assert f"default: {default}" in text


@pytest.mark.parametrize(
    "arguments",
    [
        ["nothing-like-this"],
        ["pan", "a.mp4"],
        ["pan", "a.mp4", "-o", "b.mp4", "--hfov", "180"],
        ["pan", "a.mp4", "-o", "b.mp4", "--size", "1281x720"],
        ["pan", "a.mp4", "-o", "b.mp4", "--size", "big"],
        ["pan", "a.mp4", "-o", "b.mp4", "--visual-rate", "31"],
        ["pan", "a.mp4", "-o", "b.mp4", "--layout", "cylinder"],
        ["pan", "a.mp4", "-o", "b.mp4", "--pin", "t=1,yaw=2"],
        ["pan", "a.mp4", "-o", "b.mp4", "--pin", "t=1,yaw=2,pitch=100"],
        ["pan", "a.mp4", "-o", "b.mp4", "--never", "yaw=1,pitch=2,radius=wide"],
        ["pan", "a.mp4", "-o", "b.mp4", "--cut-at", "nan"],
        ["pan", "a.mp4", "-o", "b.mp4", "--one-shot", "from=3,to=2"],
        ["pan", "a.mp4", "-o", "b.mp4", "--takes", "0"],
        ["batch", "folder"],
    ],
)
def test_wrong_usage_exits_with_2(arguments):
    assert run(*arguments).exit_code == 2


FILMING = {
    "pan": ["a.mp4", "-o", "b.mp4"],
    "render": ["a.mp4", "-o", "b.mp4", "--path", "path.json"],
    "saliency": ["a.mp4", "-o", "b.mp4"],
    "batch": ["folder", "-o", "out"],
}


@pytest.mark.parametrize("command", FILMING)
@pytest.mark.parametrize(
    ("encoder", "preset", "known"),
    [
        ("libx264", "p4", "ultrafast, superfast, veryfast"),
        ("h264_nvenc", "veryfast", "p1, p2, p3"),
        ("hevc_qsv", "ultrafast", "veryfast, faster, fast"),
        ("h264_amf", "medium", "speed, balanced, quality"),
    ],
)
def test_a_preset_the_encoder_does_not_know_is_refused_with_those_it_knows(
    command, encoder, preset, known
):
    options = ["--encoder", encoder, "--preset", preset]
    result = run(command, *FILMING[command], *options)
    assert result.exit_code == 2
    said = " ".join(result.stderr.split())
    assert f"{encoder} has no preset '{preset}'; choose one of {known}" in said


def test_a_failure_is_one_sentence_on_stderr_and_exit_code_1(tmp_path):
    result = run("info", tmp_path / "missing.mp4")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.startswith("pano: ")
    assert "missing.mp4" in result.stderr
    assert result.stderr.count("\n") == 1


def test_an_interruption_exits_with_130(tmp_path, monkeypatch):
    def interrupted(_):
        raise KeyboardInterrupt

    monkeypatch.setattr("pano_jobs.video.info.probe", interrupted)
    result = run("info", tmp_path / "a.mp4")
    assert result.exit_code == 130


def test_a_programming_mistake_keeps_its_traceback(tmp_path, monkeypatch):
    def broken(_):
        raise TypeError("a bug")

    monkeypatch.setattr("pano_jobs.video.info.probe", broken)
    assert isinstance(run("info", tmp_path / "a.mp4").exception, TypeError)


def test_info_tells_projection_sound_and_clock(tmp_path):
    clip = write_clip(tmp_path / "a.mp4", Clip(sound=SoundTrack(sine(1.0))))
    words = run("info", clip).stdout
    assert "equirectangular" in words
    assert "aac" in words
    found = json.loads(run("info", clip, "--json").stdout)
    assert found["stereo_layout"] == "mono"
    assert found["average_frame_rate_hz"] == "30"
    assert found["audio_sample_rate_hz"] == 44_100


def test_info_tells_what_of_a_file_is_not_believed(tmp_path):
    clip = write_clip(tmp_path / "a.mp4", Clip(n_pictures=1))
    write_spherical(clip, SphericalMetadata(pitch_deg=-32768.0))
    result = run("info", clip, "--json")
    (note,) = json.loads(result.stdout)["notes"]
    assert "pitch -32768°" in note
    assert result.stderr == f"pano: {note}\n"


def test_info_tells_why_a_file_would_be_refused(tmp_path):
    clip = write_clip(tmp_path / "a.mp4", Clip(64, 64, n_pictures=1))
    (note,) = json.loads(run("info", clip, "--json").stdout)["notes"]
    assert "say how it is packed with --layout" in note


def test_info_finds_a_sphere_between_black_bars(tmp_path):
    def paint(_):
        image = np.zeros((108, 192, 3), np.uint8)
        image[6:-6] = 120
        return image

    clip = write_clip(tmp_path / "a.mp4", Clip(192, 108, n_pictures=2, paint=paint))
    found = json.loads(run("info", clip, "--json").stdout)
    assert found["projection"].endswith("(from the 2:1 picture inside black bars)")
    assert (found["height_px"], found["stereo_layout"]) == (108, "mono")
    assert "black bars of 6 rows" in found["notes"][0]


def test_quiet_says_nothing(tmp_path):
    clip = write_clip(tmp_path / "a.mp4", Clip())
    result = run("info", clip, "--quiet")
    assert (result.stdout, result.stderr, result.exit_code) == ("", "", 0)


class TestConfig:
    """What a file says takes the place of defaults; what is typed wins."""

    @pytest.fixture
    def seen(self, monkeypatch):
        """Note what `pan` would have been asked to do, and stop there."""
        seen = []

        def note(source, target, settings, **_):
            seen.append(settings)
            raise MediaError("enough")

        monkeypatch.setattr("pano_jobs.video.pan.pan", note)
        return seen

    def test_a_file_replaces_a_default(self, tmp_path, seen):
        config = tmp_path / "mine.toml"
        config.write_text('hfov = 80\nsize = "640x360"\nno-sound-ok = true\n')
        assert run("pan", "a", "-o", "b", "--config", config).exit_code == 1
        assert seen[0].lens.hfov_deg == 80.0
        assert (seen[0].lens.width_px, seen[0].lens.height_px) == (640, 360)
        assert not seen[0].localize.require_sound

    def test_an_option_replaces_the_file(self, tmp_path, seen):
        config = tmp_path / "mine.toml"
        config.write_text("hfov = 80\n")
        run("pan", "a", "-o", "b", "--hfov", "70", "--config", config)
        assert seen[0].lens.hfov_deg == 70.0

    def test_a_key_of_another_command_is_passed_over(self, tmp_path, seen):
        config = tmp_path / "mine.toml"
        config.write_text('job = "saliency"\n')
        run("pan", "a", "-o", "b", "--config", config)
        assert seen

    def test_an_unknown_key_is_refused_with_its_near_miss(self, tmp_path, seen):
        config = tmp_path / "mine.toml"
        config.write_text("hvof = 80\n")
        result = run("pan", "a", "-o", "b", "--config", config)
        assert result.exit_code == 2
        assert "unknown key 'hvof'; did you mean 'hfov'?" in " ".join(
            result.stderr.split()
        )
        assert not seen

    def test_a_value_out_of_range_is_refused(self, tmp_path, seen):
        config = tmp_path / "mine.toml"
        config.write_text("hfov = 500\n")
        assert run("pan", "a", "-o", "b", "--config", config).exit_code == 2
        assert not seen

    def test_a_file_that_is_not_toml_is_refused(self, tmp_path, seen):
        config = tmp_path / "mine.toml"
        config.write_text("hfov: 80\n")
        assert run("pan", "a", "-o", "b", "--config", config).exit_code == 2


@pytest.mark.parametrize("command", ["batch", "demo"])
def test_a_recorder_is_one_clips_own(command, tmp_path):
    where = [str(tmp_path)] if command == "batch" else []
    output = str(tmp_path / "out")
    words = [command, *where, "--output", output, "--sound", "recorder.wav"]
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 2
    assert "--sound is one clip's recorder" in result.output
