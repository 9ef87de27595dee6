"""HiNM pruning in numpy, written from the definitions, to check the compiler's numbers.

Shares nothing with the C++ side: no code, no order of evaluation.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Weights = NDArray[np.floating]
Mask = NDArray[np.bool_]


def hinm_mask(
    saliency: Weights, tile: int, vector_sparsity: float, n: int = 2, m: int = 4
) -> Mask:
    """Return which weights HiNM keeps with every channel in its natural order.

    Args:
        saliency: non-negative, shape (R, C).
        tile: V, consecutive rows that share their kept columns; the last tile may be
            shorter.
        vector_sparsity: share of the columns that each tile drops.
        n: weights kept of each group of
        m: consecutive kept columns.
    """
    rows, columns = saliency.shape
    kept = round(columns * (1.0 - vector_sparsity))
    kept -= kept % m
    mask = np.zeros(saliency.shape, bool)
    for start in range(0, rows, tile):
        part = saliency[start : start + tile].astype(np.float64)
        # A stable sort: of equal vectors the first is kept.
        order = np.argsort(-part.sum(axis=0), kind="stable")
        chosen = np.sort(order[:kept])
        groups = part[:, chosen].reshape(len(part), -1, m)
        best = np.argsort(-groups, axis=2, kind="stable")[:, :, :n]
        inside = np.zeros(groups.shape, bool)
        np.put_along_axis(inside, best, True, axis=2)
        mask[start : start + tile, chosen] = inside.reshape(len(part), -1)
    return mask


def retained(saliency: Weights, mask: Mask) -> float:
    """Return Σ saliency of the kept weights / Σ saliency."""
    wide = saliency.astype(np.float64)
    return float(wide[mask].sum() / wide.sum())


def retained_unstructured(saliency: Weights, kept: int) -> float:
    """Return the same for the ``kept`` weights of most saliency, wherever they are."""
    ordered = np.sort(saliency.astype(np.float64), axis=None)[::-1]
    return float(ordered[:kept].sum() / ordered.sum())
