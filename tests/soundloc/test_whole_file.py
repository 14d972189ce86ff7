from __future__ import annotations

from pathlib import Path

import pytest

from soundloc.whole_file import written_whole


def stop_half_way(target: Path) -> None:
    with written_whole(target) as part:
        part.write_text("half")
        raise RuntimeError("stop")


def test_a_failure_leaves_the_old_file_and_nothing_beside_it(tmp_path):
    target = tmp_path / "state.safetensors"
    target.write_text("old")
    with pytest.raises(RuntimeError, match="stop"):
        stop_half_way(target)
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]
