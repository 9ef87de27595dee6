"""Read a checkpoint that torch.save wrote before version 1.6, without PyTorch.

The file is a row of pickles (a magic number, the protocol, facts of the system, the
object, the keys of its storages) and then the storages: a count of elements, as i64,
and the raw elements.
"""

from __future__ import annotations

import pickle
from collections import OrderedDict
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

_MAGIC = 0x1950A86A20F9469CFC6C
_DTYPES = {"FloatStorage": "<f4", "LongStorage": "<i8", "DoubleStorage": "<f8"}


class _Storage:
    def __init__(self, kind: str, count: int) -> None:
        self.data = np.zeros(count, _DTYPES[kind])


def _rebuild(
    storage: _Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...],
    *_: object,
) -> tuple[_Storage, int, tuple[int, ...], tuple[int, ...]]:  # fmt: skip
    return storage, offset, shape, strides


class _Reader(pickle.Unpickler):
    """Knows tensors, their storages and dictionaries, and nothing else."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file)
        self.storages: dict[str, _Storage] = {}

    def find_class(self, module: str, name: str) -> object:
        if module == "torch._utils" and name in (
            "_rebuild_tensor",
            "_rebuild_tensor_v2",
        ):
            return _rebuild
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if module == "torch" and name in _DTYPES:
            return name
        raise pickle.UnpicklingError(f"{module}.{name} is not allowed")

    def persistent_load(self, pid: object) -> _Storage:
        _, kind, key, _, count, *_ = pid
        return self.storages.setdefault(key, _Storage(kind, count))


def load(path: Path) -> dict[str, object]:
    """The object in the file, with its tensors as arrays.

    Raises:
        pickle.UnpicklingError: if the file is none of these, or holds anything but
            dictionaries, numbers and tensors.
    """
    with path.open("rb") as file:
        if _Reader(file).load() != _MAGIC:
            raise pickle.UnpicklingError(f"{path} is no legacy torch.save file")
        _Reader(file).load()
        _Reader(file).load()
        reader = _Reader(file)
        found = reader.load()
        for key in _Reader(file).load():
            data = reader.storages[key].data
            (count,) = np.frombuffer(file.read(8), "<i8")
            data[:] = np.frombuffer(file.read(int(count) * data.itemsize), data.dtype)

    def convert(value: object) -> object:
        if isinstance(value, dict):
            return {name: convert(inner) for name, inner in value.items()}
        if isinstance(value, tuple) and value and isinstance(value[0], _Storage):
            storage, offset, shape, strides = value
            view: NDArray = np.lib.stride_tricks.as_strided(
                storage.data[offset:], shape,
                [stride * storage.data.itemsize for stride in strides],
            )  # fmt: skip
            return view.copy()
        return value

    return convert(found)
