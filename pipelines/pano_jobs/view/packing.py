"""Arrays as text, for a page of HTML."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

# What JavaScript calls them.
_KINDS = {
    np.dtype(np.uint8): "Uint8Array",
    np.dtype(np.float32): "Float32Array",
    np.dtype(np.float64): "Float64Array",
}
_ALIGNMENT = 8


def pack(arrays: Mapping[str, NDArray[Any]]) -> tuple[dict[str, Any], str]:
    """Pack arrays of bytes and floats into one text.

    Returns
    -------
    index
        Kind, shape and offset of each.
    text
        Base64 of their bytes, little-endian and compressed with zlib.
    """
    index: dict[str, Any] = {}
    parts: list[bytes] = []
    at = 0
    for name, array in arrays.items():
        values = array.astype(array.dtype.newbyteorder("<")).tobytes()
        index[name] = {
            "kind": _KINDS[array.dtype],
            "shape": list(array.shape),
            "at": at,
        }
        padding = -len(values) % _ALIGNMENT
        parts += [values, bytes(padding)]
        at += len(values) + padding
    return index, base64.b64encode(zlib.compress(b"".join(parts), 9)).decode()
