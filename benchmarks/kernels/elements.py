"""Elements of W, X and Y as bytes, with numpy alone."""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

#: Bits of the fraction and bias of the exponent of 8-bit floats.
_SMALL = {"f8E4M3FN": (3, 7), "f8E5M2": (2, 15)}
_PLAIN = {"f16": np.float16, "i8": np.int8, "i32": np.int32, "f32": np.float32}
#: Of a result that was rounded once, the largest relative error.
ROUNDING = {"f16": 2.0**-11, "bf16": 2.0**-8, "i32": 0.0, "f32": 0.0}


@functools.cache
def _codes(dtype: str) -> NDArray[np.float64]:
    """What the codes 0 … 127 stand for, rising; infinite from the first special one."""
    fraction, bias = _SMALL[dtype]
    code = np.arange(128)
    exponent, mantissa = code >> fraction, code & (1 << fraction) - 1
    normal = (1 + mantissa / (1 << fraction)) * 2.0 ** (exponent - bias)
    values = np.where(
        exponent > 0, normal, mantissa / (1 << fraction) * 2.0 ** (1 - bias)
    )
    first_special = 127 if dtype == "f8E4M3FN" else 31 << fraction
    values[first_special:] = np.inf
    return values


def encode(values: NDArray[np.floating | np.integer], dtype: str) -> NDArray:
    """Numbers that the type holds exactly, as an array of its bytes.

    Raises:
        ValueError: if it does not hold one of them.
    """
    if dtype in _SMALL:
        code = np.searchsorted(_codes(dtype), np.abs(values))
        sign = np.signbit(values).astype(np.uint8) << 7
        coded = code.astype(np.uint8) | sign
    elif dtype == "bf16":
        coded = (values.astype(np.float32).view(np.uint32) >> 16).astype(np.uint16)
    else:
        coded = values.astype(_PLAIN[dtype])
    if not np.array_equal(decode(coded, dtype), values):
        raise ValueError(f"{dtype} does not hold all of the numbers")
    return coded


def decode(coded: NDArray, dtype: str) -> NDArray[np.float64]:
    """What an array of `encode` stands for."""
    if dtype in _SMALL:
        code = np.minimum(coded & 127, 127)
        return np.where(coded >> 7, -1, 1) * _codes(dtype)[code]
    if dtype == "bf16":
        with np.errstate(invalid="ignore"):
            return (coded.astype(np.uint32) << 16).view(np.float32).astype(np.float64)
    return coded.astype(np.float64)


def storage(dtype: str) -> np.dtype:
    """What `encode` makes of the type's numbers."""
    if dtype in _SMALL:
        return np.dtype(np.uint8)
    return np.dtype(np.uint16 if dtype == "bf16" else _PLAIN[dtype])
