"""A tiny llama2.c checkpoint for the tests."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np


def write_checkpoint(path: Path, vocabulary: int = 6) -> dict[str, np.ndarray]:
    """Write a tiny llama2.c file (dim 8, hidden 12, 2 layers, 2 heads, 1 kv head)."""
    rng = np.random.default_rng(11)
    sizes = {
        "tok_embeddings": (abs(vocabulary), 8),
        "attention_norm": (2, 8),
        "wq": (2, 8, 8),
        "wk": (2, 4, 8),
        "wv": (2, 4, 8),
        "wo": (2, 8, 8),
        "ffn_norm": (2, 8),
        "w1": (2, 12, 8),
        "w2": (2, 8, 12),
        "w3": (2, 12, 8),
        "norm": (8,),
        "freqs_cos": (5, 2),
        "freqs_sin": (5, 2),
    }
    if vocabulary < 0:
        sizes["output"] = (abs(vocabulary), 8)
    tensors = {
        name: rng.standard_normal(shape).astype("<f4") for name, shape in sizes.items()
    }
    with path.open("wb") as file:
        file.write(struct.pack("<7i", 8, 12, 2, 2, 1, vocabulary, 5))
        for tensor in tensors.values():
            file.write(tensor.tobytes())
    return tensors
