"""Whole networks as JAX functions, with trained weights where there are any.

`NETWORKS` maps a name to a function that returns (network, example arguments); the
weights are constants of the network. `export` makes linalg of it, by JAX and
torch-mlir-opt.
"""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from safetensors.numpy import load_file

import torch_file
from hinm.models import checkpoint, minilm_checkpoint, read_llama2c

Array = jax.Array | np.ndarray
Network = tuple[Callable[..., Array], list[Array]]

TOKENS = 16


class _Random:
    """Weights of a network that nobody has trained: some channels weigh more."""

    def __init__(self, seed: int) -> None:
        self._draw = np.random.default_rng(seed)

    def __call__(self, rows: int, *columns: int) -> Array:
        """(rows, *columns), scaled so that activations keep their size."""
        fan_in = math.prod(columns) if columns else rows
        scale = np.exp(0.5 * self._draw.standard_normal((rows, *columns)))
        values = self._draw.standard_normal((rows, *columns)) * scale
        return (values / math.sqrt(2.0 * fan_in)).astype(np.float32)


def _linear(x: Array, weight: Array, bias: Array | None = None) -> Array:
    y = x @ weight.T
    return y if bias is None else y + bias


def _layer_norm(x: Array, scale: Array, shift: Array, epsilon: float = 1e-5) -> Array:
    mean = x.mean(-1, keepdims=True)
    variance = ((x - mean) ** 2).mean(-1, keepdims=True)
    return (x - mean) * jax.lax.rsqrt(variance + epsilon) * scale + shift


def _rms_norm(x: Array, scale: Array) -> Array:
    return x * jax.lax.rsqrt((x * x).mean(-1, keepdims=True) + 1e-5) * scale


def _gelu(x: Array) -> Array:
    """The exact GELU; erf by Abramowitz and Stegun 7.1.26, as StableHLO has none."""
    z = jnp.abs(x) * (1 / math.sqrt(2.0))
    t = 1 / (1 + 0.3275911 * z)
    poly = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (
        -1.453152027 + t * 1.061405429))))  # fmt: skip
    erf = jnp.sign(x) * (1 - poly * jnp.exp(-z * z))
    return 0.5 * x * (1 + erf)


def _softmax(x: Array) -> Array:
    e = jnp.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def _attention(q: Array, k: Array, v: Array, heads: int, mask: Array = 0.0) -> Array:
    tokens, width = q.shape
    size = width // heads

    def split(x: Array) -> Array:
        return x.reshape(tokens, heads, size).transpose(1, 0, 2)

    scores = split(q) @ split(k).transpose(0, 2, 1) / math.sqrt(size) + mask
    return (_softmax(scores) @ split(v)).transpose(1, 0, 2).reshape(tokens, width)


def _causal() -> Array:
    return np.triu(np.full((TOKENS, TOKENS), -1e9, np.float32), 1)


def _lookup(table: Array, ids: Array) -> Array:
    return jnp.asarray(table).at[ids].get(mode="promise_in_bounds")


def _tokens(count: int) -> Array:
    return np.random.default_rng(0).integers(0, count, TOKENS).astype(np.int32)


def minilm() -> Network:
    """all-MiniLM-L6-v2 (BERT): embeddings, all six layers, mean pooling. Trained."""
    tensors = {
        name.removeprefix("bert."): value.astype(np.float32)
        for name, value in load_file(minilm_checkpoint()).items()
        if value.dtype.kind == "f"
    }

    def get(name: str) -> Array:
        return tensors[name]

    def layer(x: Array, i: int) -> Array:
        p = f"encoder.layer.{i}."

        def dense(y: Array, name: str) -> Array:
            return _linear(y, get(f"{p}{name}.weight"), get(f"{p}{name}.bias"))

        def norm(y: Array, name: str) -> Array:
            return _layer_norm(
                y, get(f"{p}{name}.LayerNorm.weight"), get(f"{p}{name}.LayerNorm.bias"),
                1e-12,
            )  # fmt: skip

        q, k, v = (dense(x, f"attention.self.{n}") for n in ("query", "key", "value"))
        x = norm(
            x + dense(_attention(q, k, v, 12), "attention.output.dense"),
            "attention.output",
        )
        hidden = _gelu(dense(x, "intermediate.dense"))
        return norm(x + dense(hidden, "output.dense"), "output")

    def network(ids: Array) -> Array:
        x = (
            _lookup(get("embeddings.word_embeddings.weight"), ids)
            + get("embeddings.position_embeddings.weight")[:TOKENS]
            + get("embeddings.token_type_embeddings.weight")[0]
        )
        x = _layer_norm(
            x, get("embeddings.LayerNorm.weight"), get("embeddings.LayerNorm.bias"),
            1e-12,
        )  # fmt: skip
        for i in range(6):
            x = layer(x, i)
        return x.mean(0)

    return network, [_tokens(30000)]


def llama() -> Network:
    """stories260K: five LLaMA blocks (RMSNorm, RoPE, grouped queries, SwiGLU). Trained.

    The head is the embedding table.
    """
    header, w = read_llama2c(checkpoint("stories260K.bin"))
    size = header.dim // header.heads
    angles = np.arange(TOKENS)[:, None] / 10000 ** (np.arange(0, size, 2) / size)
    cos, sin = (f(angles).astype(np.float32)[:, None] for f in (np.cos, np.sin))

    def rotate(x: Array, heads: int) -> Array:
        pairs = x.reshape(TOKENS, heads, size // 2, 2)
        a, b = pairs[..., 0], pairs[..., 1]
        turned = jnp.stack((a * cos - b * sin, a * sin + b * cos), -1)
        return turned.reshape(TOKENS, heads, size)

    def block(x: Array, i: int) -> Array:
        p = f"layers.{i}."
        y = _rms_norm(x, w[f"{p}attention_norm"])
        q = rotate(_linear(y, w[f"{p}attention.wq"]), header.heads)
        k = rotate(_linear(y, w[f"{p}attention.wk"]), header.kv_heads)
        v = _linear(y, w[f"{p}attention.wv"]).reshape(TOKENS, header.kv_heads, size)
        times = header.heads // header.kv_heads
        k, v = (jnp.repeat(t, times, axis=1).reshape(TOKENS, -1) for t in (k, v))
        mixed = _attention(q.reshape(TOKENS, -1), k, v, header.heads, _causal())
        x = x + _linear(mixed, w[f"{p}attention.wo"])
        y = _rms_norm(x, w[f"{p}ffn_norm"])
        gate = _linear(y, w[f"{p}feed_forward.w1"])
        hidden = gate * jax.nn.sigmoid(gate) * _linear(y, w[f"{p}feed_forward.w3"])
        return x + _linear(hidden, w[f"{p}feed_forward.w2"])

    def network(ids: Array) -> Array:
        x = _lookup(w["tok_embeddings"], ids)
        for i in range(header.layers):
            x = block(x, i)
        return _linear(_rms_norm(x, w["norm"]), w["tok_embeddings"])

    return network, [_tokens(len(w["tok_embeddings"]))]


def gpt2() -> Network:
    """Two GPT-2 blocks of 256 channels: fused q, k and v, a tied head. Untrained."""
    r, width, vocabulary = _Random(2), 256, 512
    table, places = r(vocabulary, width), r(TOKENS, width)
    blocks = [
        {
            "qkv": r(3 * width, width), "o": r(width, width),
            "up": r(4 * width, width), "down": r(width, 4 * width),
            "b": [r(n * width) for n in (3, 1, 4, 1)],
            "norms": [1 + r(width) for _ in range(2)],
            "shifts": [r(width) for _ in range(2)],
        }
        for _ in range(2)
    ]  # fmt: skip

    def network(ids: Array) -> Array:
        x = _lookup(table, ids) + places
        for p in blocks:
            y = _layer_norm(x, p["norms"][0], p["shifts"][0])
            q, k, v = jnp.split(_linear(y, p["qkv"], p["b"][0]), 3, axis=-1)
            x = x + _linear(_attention(q, k, v, 4, _causal()), p["o"], p["b"][1])
            y = _layer_norm(x, p["norms"][1], p["shifts"][1])
            hidden = jax.nn.gelu(_linear(y, p["up"], p["b"][2]), approximate=True)
            x = x + _linear(hidden, p["down"], p["b"][3])
        return _linear(x, table)

    return network, [_tokens(vocabulary)]


def vit() -> Network:
    """Two DeiT-Ti blocks behind the patches of a 64×64 image. Untrained."""
    r, width, heads, hidden = _Random(3), 192, 3, 768
    patches, token, places = r(width, 3, 16, 16), r(1, width), r(17, width)
    blocks = [
        {
            **{n: r(width, width) for n in "qkvo"}, "up": r(hidden, width),
            "down": r(width, hidden), "scale": 1 + r(2, width), "shift": r(2, width),
        }
        for _ in range(2)
    ]  # fmt: skip
    head = r(10, width)

    def network(image: Array) -> Array:
        x = _conv(image, patches, stride=16, padding="VALID")
        x = x.reshape(width, -1).T
        x = jnp.concatenate((token, x)) + places
        for p in blocks:
            y = _layer_norm(x, p["scale"][0], p["shift"][0])
            q, k, v = (_linear(y, p[n]) for n in "qkv")
            x = x + _linear(_attention(q, k, v, heads), p["o"])
            y = _layer_norm(x, p["scale"][1], p["shift"][1])
            x = x + _linear(_gelu(_linear(y, p["up"])), p["down"])
        return _linear(x[0], head)

    return network, [_image(1, 3, 64)]


def mixer() -> Network:
    """Two MLP-Mixer blocks of 16 tokens by 128 channels. Untrained."""
    r, width = _Random(4), 128
    blocks = [
        {
            "t1": r(64, TOKENS), "t2": r(TOKENS, 64), "c1": r(512, width),
            "c2": r(width, 512), "scale": 1 + r(2, width), "shift": r(2, width),
        }
        for _ in range(2)
    ]  # fmt: skip
    first, head = r(width, 48), r(10, width)

    def network(x: Array) -> Array:
        x = _linear(x, first)
        for p in blocks:
            y = _layer_norm(x, p["scale"][0], p["shift"][0]).T
            x = x + _linear(_gelu(_linear(y, p["t1"])), p["t2"]).T
            y = _layer_norm(x, p["scale"][1], p["shift"][1])
            x = x + _linear(_gelu(_linear(y, p["c1"])), p["c2"])
        return _linear(x.mean(0), head)

    return network, [np.random.default_rng(0).standard_normal((TOKENS, 48)).astype("f")]


def experts() -> Network:
    """A mixture of four experts of 96 → 256 → 96, all of them computed. Untrained."""
    r, width, hidden, count = _Random(5), 96, 256, 4
    router, up, down = r(count, width), r(count, hidden, width), r(count, width, hidden)
    first, head = r(width, 64), r(32, width)

    def network(x: Array) -> Array:
        x = _linear(x, first)
        gates = _softmax(_linear(x, router))
        h = jax.nn.relu(jnp.einsum("td,efd->etf", x, up))
        y = jnp.einsum("etf,edf->etd", h, down)
        x = x + (y * gates.T[:, :, None]).sum(0)
        return _linear(x, head)

    return network, [np.random.default_rng(0).standard_normal((TOKENS, 64)).astype("f")]


def _conv(
    x: Array, weight: Array, stride: int = 1, padding: str = "SAME", groups: int = 1
) -> Array:
    return jax.lax.conv_general_dilated(
        x, weight, (stride, stride), padding, feature_group_count=groups,
        dimension_numbers=("NCHW", "OIHW", "NCHW"),
    )  # fmt: skip


def _image(batch: int, channels: int, size: int) -> Array:
    draw = np.random.default_rng(0)
    return draw.standard_normal((batch, channels, size, size)).astype(np.float32)


def _batch_norm(x: Array, p: list[Array]) -> Array:
    scale, shift, mean, variance = (t[:, None, None] for t in p)
    return (x - mean) * (scale / np.sqrt(variance + 1e-5)) + shift


def _random_norm(r: _Random, channels: int) -> list[Array]:
    return [1 + r(channels), r(channels), r(channels), np.abs(1 + r(channels))]


def mobilenet() -> Network:
    """Three late blocks of MobileNetV2: expand, depthwise, project. Untrained."""
    r = _Random(6)
    plan = [(96, 96, 1), (96, 160, 2), (160, 160, 1)]
    stem, head = r(96, 3, 3, 3), r(10, 160)
    stem_norm = _random_norm(r, 96)
    blocks = [
        (i, o, s, r(6 * i, i, 1, 1), r(6 * i, 1, 3, 3), r(o, 6 * i, 1, 1),
         [_random_norm(r, c) for c in (6 * i, 6 * i, o)])
        for i, o, s in plan
    ]  # fmt: skip

    def relu6(x: Array) -> Array:
        return jnp.clip(x, 0.0, 6.0)

    def network(image: Array) -> Array:
        x = relu6(_batch_norm(_conv(image, stem, 2), stem_norm))
        for i, o, stride, expand, depthwise, project, norms in blocks:
            y = relu6(_batch_norm(_conv(x, expand), norms[0]))
            y = relu6(_batch_norm(_conv(y, depthwise, stride, groups=6 * i), norms[1]))
            y = _batch_norm(_conv(y, project), norms[2])
            x = x + y if i == o and stride == 1 else y
        return _linear(x.mean((2, 3)), head)

    return network, [_image(1, 3, 16)]


def resnet20() -> Network:
    """ResNet-20 for CIFAR-10, with identity shortcuts padded by zeros. Trained."""
    state = torch_file.load(checkpoint("resnet20-cifar10.th"))["state_dict"]
    w = {name.removeprefix("module."): value for name, value in state.items()}

    def norm(x: Array, name: str) -> Array:
        keys = ("weight", "bias", "running_mean", "running_var")
        return _batch_norm(x, [w[f"{name}.{key}"] for key in keys])

    def network(image: Array) -> Array:
        x = jax.nn.relu(norm(_conv(image, w["conv1.weight"]), "bn1"))
        for stage in (1, 2, 3):
            for block in range(3):
                p = f"layer{stage}.{block}"
                stride = 2 if stage > 1 and block == 0 else 1
                # PyTorch pads by one at both ends also where it strides.
                y = jnp.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
                y = _conv(y, w[f"{p}.conv1.weight"], stride, "VALID")
                y = jax.nn.relu(norm(y, f"{p}.bn1"))
                y = norm(_conv(y, w[f"{p}.conv2.weight"]), f"{p}.bn2")
                if stride == 2:
                    missing = y.shape[1] // 4
                    x = jnp.pad(
                        x[:, :, ::2, ::2],
                        ((0, 0), (missing, missing), (0, 0), (0, 0)),
                    )
                x = jax.nn.relu(x + y)
        return _linear(x.mean((2, 3)), w["linear.weight"], w["linear.bias"])

    return network, [_image(1, 3, 32)]


def _resnet(seed: int, bottleneck: bool, depths: tuple[int, ...]) -> Network:
    r = _Random(seed)
    grow = 4 if bottleneck else 1
    stem, stem_norm, width = r(64, 3, 7, 7), _random_norm(r, 64), 64
    stages = []
    for stage, depth in enumerate(depths):
        inner = 64 << stage
        for block in range(depth):
            stride = 2 if stage > 0 and block == 0 else 1
            shapes = (
                [(inner, width, 1), (inner, inner, 3), (grow * inner, inner, 1)]
                if bottleneck
                else [(inner, width, 3), (inner, inner, 3)]
            )
            weights = [(r(o, i, k, k), _random_norm(r, o)) for o, i, k in shapes]
            short = None
            if width != grow * inner or stride == 2:
                short = r(grow * inner, width, 1, 1), _random_norm(r, grow * inner)
            stages.append((weights, short, stride))
            width = grow * inner
    head = r(1000, width)

    def network(image: Array) -> Array:
        x = jax.nn.relu(_batch_norm(_conv(image, stem, 2), stem_norm))
        x = jax.lax.reduce_window(
            x, -jnp.inf, jax.lax.max, (1, 1, 3, 3), (1, 1, 2, 2), "SAME"
        )
        for weights, short, stride in stages:
            y = x
            for i, (weight, norm) in enumerate(weights):
                # The stride is the 3×3 convolution's.
                here = stride if i == (1 if bottleneck else 0) else 1
                y = _batch_norm(_conv(y, weight, here), norm)
                if i + 1 < len(weights):
                    y = jax.nn.relu(y)
            if short:
                x = _batch_norm(_conv(x, short[0], stride), short[1])
            x = jax.nn.relu(x + 0.5 * y)
        return _linear(x.mean((2, 3)), head)

    return network, [_image(1, 3, 32)]


def resnet18() -> Network:
    """ResNet-18 on a 32×32 image. Untrained."""
    return _resnet(7, bottleneck=False, depths=(2, 2, 2, 2))


def resnet50() -> Network:
    """ResNet-50 on a 32×32 image. Untrained."""
    return _resnet(8, bottleneck=True, depths=(3, 4, 6, 3))


NETWORKS: dict[str, Callable[[], Network]] = {
    function.__name__: function
    for function in (
        minilm, llama, gpt2, vit, mixer, experts, mobilenet, resnet20, resnet18,
        resnet50,
    )
}  # fmt: skip


def export(name: str, path: Path) -> list[Path]:
    """Write the network as linalg to `path`, and its arguments beside it.

    Returns:
        The .npy files of the arguments.

    Raises:
        RuntimeError: if torch-mlir-opt refuses what JAX has written.
    """
    network, arguments = NETWORKS[name]()
    stablehlo = path.with_suffix(".stablehlo")
    stablehlo.write_text(jax.jit(network).lower(*arguments).as_text())
    done = subprocess.run(
        [sys.executable, "-m", "torch_mlir.tools.opt", "--inline",
         "--stablehlo-aggressive-simplification", "--stablehlo-legalize-to-linalg",
         "--canonicalize", "--cse", stablehlo, "-o", path],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    stablehlo.unlink()
    if done.returncode:
        raise RuntimeError(done.stderr[:2000])
    files = []
    for i, argument in enumerate(arguments):
        files.append(path.with_suffix(f".{i}.npy"))
        np.save(files[-1], argument)
    return files
