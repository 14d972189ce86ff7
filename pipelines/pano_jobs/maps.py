"""`maps.npz`: the saliency maps of a clip, thirty a second, to plan from again.

Schema `pano.maps/3`: arrays `saliency`, `response`, `time_s`, `confidence`, `level_db`,
`field_share`, `heard_yaw_deg`, `heard_pitch_deg` and `meta`, a JSON string with the
schema, the clip and what planning needs of it. Files of `pano.maps/2` lack what the
sound field says; files without a schema, of the first version, the level, the clip's
own cuts and who the clip is as well.

The number of maps is known only after the last frame, and an hour of them does not
belong into memory. So arrays grow as raw files in a temporary folder and are zipped
without compression at the end; being uncompressed, they are read by mapping the
archive into memory, which lets the renderer walk through them at no cost.
"""

from __future__ import annotations

import bisect
import contextlib
import json
import math
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.lib import format as npy_format
from numpy.typing import NDArray

from pano.errors import MediaError
from pano.saliency_maps.saliency_map import UNIFORM_DENSITY_PER_SR, SaliencyMap
from pano.sphere import Direction
from pano.whole_file import why_unwritten
from pano_jobs.map_arrays import NO_MAPS, check_arrays, check_meta, map_member
from pano_jobs.outputs import written_whole

SCHEMA = "pano.maps/3"
# What these lack is known to be nothing.
_NEW = ("field_share", "heard_yaw_deg", "heard_pitch_deg")
_OLDER_SCHEMAS = {"pano.maps/2": _NEW, None: (*_NEW, "level_db")}

_DTYPES: dict[str, np.dtype[Any]] = {
    "saliency": np.dtype(np.float16),
    "response": np.dtype(np.float16),
    "time_s": np.dtype(np.float64),
    "confidence": np.dtype(np.float16),
    "level_db": np.dtype(np.float32),
    "field_share": np.dtype(np.float16),
    "heard_yaw_deg": np.dtype(np.float32),
    "heard_pitch_deg": np.dtype(np.float32),
}


class MapsWriter:
    """Write maps one by one; a context manager that leaves a whole file or none.

    Parameters
    ----------
    target
        The `.npz` file.
    meta
        Tells where the maps come from: source, clock, settings, checkpoint. Asked
        after the last map, because the clip's own cuts are known only then.
    """

    def __init__(self, target: Path, *, meta: Callable[[], Mapping[str, Any]]) -> None:
        self.n_maps = 0
        self._target = target
        self._meta = meta
        self._shape: tuple[int, int] | None = None

    def __enter__(self) -> MapsWriter:
        # Beside the target: the system's temporary folder is often too small.
        beside = self._target.parent
        with self._named():
            self._folder = Path(tempfile.mkdtemp(prefix=".pano-maps-", dir=beside))
            self._raw = {name: (self._folder / name).open("wb") for name in _DTYPES}
        return self

    def write(self, found: SaliencyMap) -> None:
        """Append one map."""
        if self._shape is None:
            self._shape = found.density.shape
        if found.density.shape != self._shape:
            raise ValueError(
                f"maps must keep their shape {self._shape}, got {found.density.shape}"
            )
        heard = found.heard_at
        values: dict[str, NDArray[np.float32] | float] = {
            "saliency": found.density,
            "response": found.response,
            "time_s": found.time_s,
            "confidence": found.confidence,
            "level_db": found.level_db,
            "field_share": found.field_share,
            "heard_yaw_deg": math.nan if heard is None else heard.yaw_deg,
            "heard_pitch_deg": math.nan if heard is None else heard.pitch_deg,
        }
        with self._named():
            for name, value in values.items():
                self._raw[name].write(np.asarray(value, _DTYPES[name]).tobytes())
        self.n_maps += 1

    def passing(self, maps: Iterable[SaliencyMap]) -> Iterator[SaliencyMap]:
        """Write the maps and yield them unchanged."""
        for found in maps:
            self.write(found)
            yield found

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                with self._named():
                    for raw in self._raw.values():
                        raw.close()
                with written_whole(self._target) as part:
                    self._zip(part)
        finally:
            for raw in self._raw.values():
                # What is thrown away need not reach the disk, which may be full.
                with contextlib.suppress(OSError):
                    raw.close()
            shutil.rmtree(self._folder, ignore_errors=True)

    @contextlib.contextmanager
    def _named(self) -> Iterator[None]:
        """Let an error of the disk say which file was not written."""
        try:
            yield
        except OSError as error:
            raise MediaError(
                why_unwritten(self._target, error.errno, error.strerror or error)
            ) from error

    def _zip(self, part: Path) -> None:
        grid = self._shape or (0, 0)
        with zipfile.ZipFile(part, "w", zipfile.ZIP_STORED) as archive:
            for name, dtype in _DTYPES.items():
                cells = grid if name in ("saliency", "response") else ()
                with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                    npy_format.write_array_header_1_0(
                        member,
                        {
                            "descr": npy_format.dtype_to_descr(dtype),
                            "fortran_order": False,
                            "shape": (self.n_maps, *cells),
                        },
                    )
                    with (self._folder / name).open("rb") as raw:
                        shutil.copyfileobj(raw, member, 1 << 20)
            with archive.open("meta.npy", "w") as member:
                meta = {"schema": SCHEMA} | dict(self._meta())
                npy_format.write_array(member, np.array(json.dumps(meta)))


@dataclass(frozen=True, slots=True, eq=False)
class Maps:
    """The contents of a `maps.npz`, mapped into memory.

    Parameters
    ----------
    saliency
        Per steradian, shape (n, h, w); each map sums to 1 over solid angle.
    response
        The network's similarity before softmax, in [-1, 1], shape (n, h, w).
    time_s
        Presentation times in seconds, shape (n,), increasing.
    confidence
        In [0, 1], shape (n,).
    meta
        Where they come from.
    level_db
        RMS of the sound in dBFS, shape (n,); None in a file of the first version.
    field_share
        Of the evidence, in [0, 1], shape (n,); None in files before the third.
    heard_yaw_deg, heard_pitch_deg
        Where the sound field has its loudest source, shape (n,); nan without one, None
        in files before the third.
    path
        The file.
    """

    saliency: NDArray[np.float16]
    response: NDArray[np.float16]
    time_s: NDArray[np.float64]
    confidence: NDArray[np.float16]
    meta: Mapping[str, Any]
    level_db: NDArray[np.float32] | None = None
    field_share: NDArray[np.float16] | None = None
    heard_yaw_deg: NDArray[np.float32] | None = None
    heard_pitch_deg: NDArray[np.float32] | None = None
    path: Path = Path("maps.npz")

    def __len__(self) -> int:
        return len(self.time_s)

    @property
    def source_cuts_s(self) -> tuple[float, ...]:
        """When the clip itself cuts; none in a file of the first version."""
        return tuple(map(float, self.meta.get("source_cuts_s", ())))

    def each(self) -> Iterator[SaliencyMap]:
        """Yield the maps one by one; they need a level.

        Raises
        ------
        MediaError
            If one of them is no distribution over the sphere.
        """
        for index in range(len(self)):
            try:
                found = self._map(index)
            except ValueError as error:
                raise MediaError(
                    f"{self.path} is damaged: its map {index} is none ({error}); make "
                    "it anew with `pano saliency --maps`"
                ) from error
            yield found

    def _map(self, index: int) -> SaliencyMap:
        if self.level_db is None:
            raise TypeError("maps of the first version have no level")
        share = self.field_share
        return SaliencyMap(
            time_s=float(self.time_s[index]),
            density=np.array(self.saliency[index], dtype=np.float32),
            response=np.array(self.response[index], dtype=np.float32),
            confidence=float(self.confidence[index]),
            level_db=float(self.level_db[index]),
            field_share=0.0 if share is None else float(share[index]),
            heard_at=self._heard_at(index),
        )

    def heard_at(self, time_s: float) -> Direction | None:
        """Return where the sound field has its loudest source at a moment, if any."""
        if len(self) == 0:
            return None
        (first, share), (last, _) = self._around(time_s)
        return self._heard_at(first if share >= 0.5 else last)

    def _heard_at(self, index: int) -> Direction | None:
        if self.heard_yaw_deg is None or self.heard_pitch_deg is None:
            return None
        yaw_deg = float(self.heard_yaw_deg[index])
        if math.isnan(yaw_deg):
            return None
        return Direction(yaw_deg, float(self.heard_pitch_deg[index]))

    def belief_at(self, time_s: float) -> NDArray[np.float32]:
        """Return the map of a moment as far as its confidence goes, shape (h, w).

        The rest is spread evenly over the sphere: where nothing in the picture seems to
        be what is heard, the source may be anywhere. Between two maps it is their
        mixture; before the first and after the last it is the nearest one.
        """
        believed = np.zeros(self.saliency.shape[1:], dtype=np.float32)
        for number, share in self._around(time_s):
            confidence = float(self.confidence[number])
            believed += share * confidence * self.saliency[number].astype(np.float32)
            believed += share * (1.0 - confidence) * UNIFORM_DENSITY_PER_SR
        return believed

    def _around(self, time_s: float) -> tuple[tuple[int, float], tuple[int, float]]:
        """Return the maps before and after a moment, and their shares in it."""
        after = bisect.bisect_right(self.time_s, time_s)
        first, last = max(after - 1, 0), min(after, len(self) - 1)
        span_s = float(self.time_s[last] - self.time_s[first])
        share = (time_s - float(self.time_s[first])) / span_s if span_s > 0.0 else 0.0
        share = min(max(share, 0.0), 1.0)
        return (first, 1.0 - share), (last, share)


def open_maps(path: Path) -> Maps:
    """Open a `maps.npz` without reading its maps.

    Raises
    ------
    MediaError
        If the file is not one.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            with archive.open("meta.npy") as member:
                meta = json.loads(str(npy_format.read_array(member)))
            schema = meta.get("schema")
            if schema != SCHEMA and schema not in _OLDER_SCHEMAS:
                raise MediaError(
                    f"{path} has schema {schema}, which this version of pano does not "
                    f"know; it reads {SCHEMA}"
                )
            missing = _OLDER_SCHEMAS.get(schema, ())
            names = [name for name in _DTYPES if name not in missing]
            arrays = {
                name: map_member(path, archive, name, _DTYPES[name]) for name in names
            }
    except NO_MAPS as error:
        raise MediaError(
            f"{path} is not a file of maps; make one with `pano saliency --maps`"
        ) from error
    try:
        check_arrays(arrays)
        check_meta(meta)
    except ValueError as error:
        raise MediaError(
            f"{path} is damaged: {error}; make it anew with `pano saliency --maps`"
        ) from error
    return Maps(**arrays, meta=meta, path=path)
