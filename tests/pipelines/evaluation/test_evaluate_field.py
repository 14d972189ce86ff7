from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from pano.ambisonics.harmonics import encode
from pano.ambisonics.heard_directions import HeardDirections
from pano.ambisonics.intensity import IntensityMeter
from pano.sphere import Direction
from pano_jobs.cli import main
from pano_jobs.datasets.sources.starss23 import Annotations, TrackedSource
from pano_jobs.evaluation.evaluate_field import angular_errors_deg, evaluate_field
from soundloc.errors import DatasetError
from tests.pipelines.tiny_starss23 import RECORDINGS, draw_starss23
from tests.synthetic import SoundTrack, write_sound_only

TEST = "fold4_room2_mix001"
RATE_HZ = 16_000
# The field of a lone source is as sure as its cells are small.
TOLERANCE_DEG = 3.0


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["evaluate", *map(str, arguments)])


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return draw_starss23(tmp_path / "STARSS23")


def tracked(*yaws_deg: float) -> tuple[TrackedSource, ...]:
    return tuple(TrackedSource("bell", 0, Direction(yaw, 0.0)) for yaw in yaws_deg)


def test_the_error_is_the_angle_to_the_nearest_annotated_source() -> None:
    noise = 0.1 * np.random.default_rng(0).standard_normal(2 * RATE_HZ)
    meter = IntensityMeter(RATE_HZ)
    meter.add(encode(noise.astype(np.float32), Direction(170.0, 0.0)))
    found = Annotations(
        {
            11: tracked(-90.0),
            9: tracked(170.0),
            10: tracked(0.0, -160.0),
            60: tracked(170.0),
        }
    )
    errors_deg = angular_errors_deg(HeardDirections(meter.finish()), found)
    assert errors_deg[:3] == pytest.approx([0.0, 30.0, 100.0], abs=TOLERANCE_DEG)
    assert np.isnan(errors_deg[3])  # behind the end of the sound


def test_what_sounds_is_found_near_where_it_was_tracked(source: Path) -> None:
    found = evaluate_field(source)
    assert (found.n_recordings, found.n_frames, found.split) == (1, 30, "test")
    assert found.share_heard == 1.0
    assert found.median_deg < TOLERANCE_DEG
    # Where both noises are as loud in every band, the field points between them.
    assert found.share_within_20_deg > 0.8
    assert found.left_out == ()


@pytest.mark.parametrize("split", ["train", "validation"])
def test_other_splits_are_measured_too(source: Path, split: str) -> None:
    assert evaluate_field(source, split=split).n_recordings == 1


def test_no_video_is_needed(source: Path) -> None:
    for name, part in RECORDINGS.items():
        (source / "video_dev" / part / f"{name}.mp4").unlink()
    assert evaluate_field(source).n_frames == 30


def test_silence_has_no_direction_and_no_error(source: Path) -> None:
    silence = SoundTrack(np.zeros((4, 48_000), np.float32), 24_000, "pcm_s16le", "4.0")
    write_sound_only(source / "foa_dev" / "dev-test-tau" / f"{TEST}.wav", silence)
    result = run("--field", source)
    assert "with a trusted direction: 0.0%" in result.stdout
    assert "localization error" not in result.stdout
    found = json.loads(run("--field", source, "--json").stdout)
    assert (found["share_heard"], found["median_deg"]) == (0.0, None)


def test_the_command_prints_words_and_json(source: Path) -> None:
    result = run("--field", source)
    assert result.exit_code == 0, result.output
    assert "1 recordings, 30 annotated frames of 100 ms" in result.stdout
    assert "localization error: median" in result.stdout
    found = json.loads(run("--field", source, "--json").stdout)
    assert found["n_frames"] == 30
    assert found["mean_deg"] >= 0.0


def test_what_cannot_be_read_is_named(source: Path) -> None:
    for room, suffix in (("foa_dev", "wav"), ("metadata_dev", "csv")):
        part = source / room / "dev-test-tau"
        (part / f"fold4_room8_mix00{suffix}.{suffix}").write_text("404\n")
    (source / "metadata_dev" / "dev-test-tau" / "fold4_room8_mix00wav.csv").touch()
    found = evaluate_field(source)
    assert found.n_recordings == 1
    (reason,) = found.left_out
    assert [name.split(" (")[0] for name in reason.names] == [
        "fold4_room8_mix00csv",
        "fold4_room8_mix00wav",
    ]
    assert "left out 2, not readable" in found.words()


def test_stereo_is_refused_as_no_field(source: Path) -> None:
    stereo = SoundTrack(np.zeros(24_000, np.float32), 24_000, "pcm_s16le", "stereo")
    write_sound_only(source / "foa_dev" / "dev-test-tau" / f"{TEST}.wav", stereo)
    with pytest.raises(DatasetError, match=r"no annotated frame .* 2 channels"):
        evaluate_field(source)


def test_a_folder_or_split_without_recordings_is_refused(
    source: Path, tmp_path: Path
) -> None:
    result = run("--field", tmp_path)
    assert result.exit_code == 1
    assert "is no STARSS23" in result.stderr
    (source / "metadata_dev" / "dev-test-tau" / f"{TEST}.csv").unlink()
    assert "no recording of the split 'test'" in run("--field", source).stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "give either PAIRS, --paths or --field"),
        (["pairs", "--field", "x"], "give either PAIRS, --paths or --field"),
        (["--field", "x", "--seed", "1"], "--seed does nothing with --field"),
        (["--field", "x", "-o", "y"], "-o does nothing with --field"),
        (["--field", "x", "--maps", "m"], "--maps does nothing with --field"),
    ],
)
def test_wrong_usage_is_explained(arguments: list[str], words: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert words in result.stderr
