"""Map the arrays of a `maps.npz` into memory and check what they hold.

The file may have been written by other programs. What is small is checked when it is
opened; the maps themselves, gigabytes of them, one by one as they are read.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy_format
from numpy.typing import NDArray

# What reading a file that is none of ours may raise.
NO_MAPS = (
    OSError,
    KeyError,
    AttributeError,
    ValueError,
    OverflowError,
    RecursionError,
    zipfile.BadZipFile,
)
_MAX_CELLS = 1 << 20  # of one map; ours have 1800
_MAX_TIME_S = 2e10  # counted from 1970, and more


def map_member(
    path: Path, archive: zipfile.ZipFile, name: str, expected: np.dtype[Any]
) -> NDArray[Any]:
    """Map an array of an archive that is not compressed into memory.

    Raises
    ------
    ValueError, OverflowError
        If it is compressed, of another type or larger than the file.
    """
    with archive.open(f"{name}.npy") as member:
        npy_format.read_magic(member)
        shape, _, dtype = npy_format.read_array_header_1_0(member)
        header_bytes = member.tell()
    if dtype != expected:
        raise ValueError(f"{name} is {dtype}")
    if min(shape, default=0) < 0:
        raise ValueError(f"{name} has the shape {shape}")
    if 0 in shape:
        return np.zeros(shape, dtype=dtype)
    start = _data_offset(path, archive.getinfo(f"{name}.npy"))
    return np.memmap(
        path, dtype=dtype, mode="r", offset=start + header_bytes, shape=shape
    )


def _data_offset(path: Path, member: zipfile.ZipInfo) -> int:
    """Find where a stored member's bytes begin, past its local header."""
    if member.compress_type != zipfile.ZIP_STORED:
        raise ValueError(f"{member.filename} is compressed")
    with path.open("rb") as raw:
        raw.seek(member.header_offset)
        header = raw.read(30)
    name_bytes = int.from_bytes(header[26:28], "little")
    extra_bytes = int.from_bytes(header[28:30], "little")
    return member.header_offset + 30 + name_bytes + extra_bytes


def check_arrays(arrays: Mapping[str, NDArray[Any]]) -> None:
    """Refuse arrays that do not belong to each other, or values that nothing has.

    Raises
    ------
    ValueError
        Which names the array.
    """
    n = len(arrays["time_s"])
    grid = arrays["saliency"].shape[1:]
    for name, array in arrays.items():
        expected = (n, *grid) if name in ("saliency", "response") else (n,)
        if array.shape != expected:
            raise ValueError(f"{name} has the shape {array.shape}, not {expected}")
    if len(grid) != 2 or (n and not 0 < grid[0] * grid[1] <= _MAX_CELLS):
        raise ValueError(f"a map has the shape {grid}")
    time_s = arrays["time_s"]
    if not (np.all(np.abs(time_s) <= _MAX_TIME_S) and np.all(np.diff(time_s) > 0.0)):
        raise ValueError("time_s does not rise from map to map")
    for name in ("confidence", "field_share"):
        share = arrays.get(name, np.zeros(0))
        if not np.all((share >= 0.0) & (share <= 1.0)):
            raise ValueError(f"{name} is not in [0, 1]")
    if np.isnan(arrays.get("level_db", np.zeros(0))).any():
        raise ValueError("level_db is not a number")
    for name, limit_deg in (("heard_yaw_deg", 360.0), ("heard_pitch_deg", 90.0)):
        if np.any(np.abs(arrays.get(name, np.zeros(0))) > limit_deg):
            raise ValueError(f"{name} is beyond ±{limit_deg:.0f}°")


def check_meta(meta: Mapping[str, Any]) -> None:
    """Refuse a description whose parts are not what planning takes them for.

    Raises
    ------
    ValueError
        Which names the part.
    """
    cuts_s = meta.get("source_cuts_s", [])
    is_list = isinstance(cuts_s, list)
    if not is_list or not all(
        isinstance(at, int | float) and abs(at) <= _MAX_TIME_S for at in cuts_s
    ):
        raise ValueError("source_cuts_s is no list of times")
    notes = meta.get("notes", [])
    if not isinstance(notes, list) or not all(isinstance(one, str) for one in notes):
        raise ValueError("notes are no list of sentences")
    settings = meta.get("settings", {})
    if not isinstance(settings, dict):
        raise ValueError("settings are no object")
    if not isinstance(settings.get("sound") or {}, dict):
        raise ValueError("settings.sound is no object")
