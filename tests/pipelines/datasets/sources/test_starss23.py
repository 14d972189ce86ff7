from pathlib import Path

import pytest

from pano.sphere import Direction
from pano_jobs.datasets.sources.starss23 import (
    Annotations,
    TrackedSource,
    read_annotations,
)
from soundloc.errors import DatasetError

# The example of the data set's own description, with a gap and distances.
ROWS = """10,1,1,-50,30,181
11,1,1,-50,30,181
11,1,2,10,-20,243

13, 1, 2, 180, -20
13,8,0,-40,0
"""
MAN = TrackedSource("male speech", 1, Direction(50.0, 30.0))


def read(tmp_path: Path, text: str) -> Annotations:
    path = tmp_path / "a.csv"
    path.write_text(text)
    return read_annotations(path)


def test_frames_hold_all_that_sounds_in_them(tmp_path: Path) -> None:
    frames = read(tmp_path, ROWS).frames
    assert sorted(frames) == [10, 11, 13]
    assert frames[10] == (MAN,)
    assert frames[13] == (
        TrackedSource("male speech", 2, Direction(-180.0, -20.0)),
        TrackedSource("music", 0, Direction(40.0, 0.0)),
    )


def test_a_recording_in_which_nothing_sounds_is_no_fault(tmp_path: Path) -> None:
    assert read(tmp_path, "").frames == {}


@pytest.mark.parametrize(("time_s", "found"), [(1.0, MAN), (1.1, None), (1.25, None)])
def test_a_moment_has_one_source_or_none(
    tmp_path: Path, time_s: float, found: TrackedSource | None
) -> None:
    assert read(tmp_path, ROWS).alone_at(time_s) == found


def test_a_stretch_reaches_over_pauses_and_movement_to_another_source() -> None:
    moved = TrackedSource("male speech", 1, Direction(0.0, 0.0))
    other = TrackedSource("male speech", 2, Direction(0.0, 0.0))
    found = Annotations({3: (other,), 5: (moved,), 8: (MAN,), 11: (MAN, other)})
    assert found.stretch_around(0.85, 20.0) == pytest.approx((0.4, 1.1))
    assert found.stretch_around(0.85, 0.3) == pytest.approx((0.7, 1.0))
    assert found.stretch_around(0.35, 1.0) == pytest.approx((0.0, 0.5))


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("1,2,3", "3 columns, not 5 or 6"),
        ("1,13,0,0,0", "no class 13"),
        ("-1,1,0,0,0", "no frame -1"),
        ("frame,class,source,azimuth,elevation", "invalid literal"),
        ("1,1,0,0,91", "pitch_deg"),
        ("1,1,0,nan,0", "yaw_deg"),
    ],
)
def test_a_malformed_line_is_named(tmp_path: Path, row: str, words: str) -> None:
    with pytest.raises(DatasetError, match=r"line 2 of .*a\.csv is malformed") as error:
        read(tmp_path, f"1,1,0,0,0\n{row}\n")
    assert words in str(error.value)


def test_what_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DatasetError, match="is no table"):
        read_annotations(tmp_path / "a.csv")


def test_a_missing_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="cannot be read"):
        read_annotations(tmp_path / "none.csv")
