"""Train the digits network and write everything the example needs beside it.

    pip install scikit-learn && python examples/digits/train.py

Trains 64 → 256 → 192 → 10 with ReLU on scikit-learn's copy of the UCI optical
digits (8×8 images of handwritten digits, CC BY 4.0) with plain numpy, from a fixed
seed, and writes

* ``digits.mlir``     the network over all test images, ``tensor<360x64xf32>`` in,
                      logits ``tensor<360x10xf32>`` out;
* ``inputs.npy``      the test images, f32 (360, 64), in [0, 1];
* ``labels.npy``      their digits, int8 (360,);
* ``logits.npy``      what the unpruned network answers, f32 (360, 10).

The files are committed, so this script is only needed to change the network: BLAS
builds round differently, and another machine gets the same network only up to that.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits

from hinm.models import Linear, Mlp

SIZES = (64, 256, 192, 10)
EPOCHS = 120
BATCH = 64
LEARNING_RATE = 2e-3
#: Soft threshold of each step, as a fraction of its learning rate.  The L1 pressure
#: concentrates the weights on few channels, as one does before pruning.
L1 = 0.15
SHIFT_PROBABILITY = 0.5

Array = NDArray[np.float32]


def shifted(images: Array, rng: np.random.Generator) -> Array:
    """Move half of the (N, 64) images by one pixel in a random direction."""
    grid = images.reshape(-1, 8, 8).copy()
    moves = ((0, 1), (0, -1), (1, 0), (-1, 0))
    chosen = rng.integers(len(moves), size=len(grid))
    moved = rng.random(len(grid)) < SHIFT_PROBABILITY
    for index, (dy, dx) in enumerate(moves):
        pick = moved & (chosen == index)
        grid[pick] = np.roll(grid[pick], (dy, dx), axis=(1, 2))
    return grid.reshape(-1, 64)


def train(images: Array, labels: NDArray[np.int8], rng: np.random.Generator) -> Mlp:
    """Minimise the cross entropy by AdamW with a cosine schedule, in float32."""
    parameters: list[Array] = []
    for fan_in, fan_out in zip(SIZES[:-1], SIZES[1:], strict=True):
        scale = np.sqrt(2.0 / fan_in)
        parameters.append(
            (scale * rng.standard_normal((fan_out, fan_in))).astype(np.float32)
        )
        parameters.append(np.zeros(fan_out, np.float32))
    first = [np.zeros_like(p) for p in parameters]
    second = [np.zeros_like(p) for p in parameters]
    steps = EPOCHS * (len(images) // BATCH)
    step = 0
    for _ in range(EPOCHS):
        order = rng.permutation(len(images))
        augmented = shifted(images, rng)
        for start in range(0, len(images) - BATCH + 1, BATCH):
            pick = order[start : start + BATCH]
            gradients = backward(parameters, augmented[pick], labels[pick])
            step += 1
            rate = LEARNING_RATE * 0.5 * (1 + np.cos(np.pi * step / steps))
            for i, gradient in enumerate(gradients):
                first[i] += 0.1 * (gradient - first[i])
                second[i] += 0.001 * (gradient * gradient - second[i])
                mean = first[i] / (1 - 0.9**step)
                variance = second[i] / (1 - 0.999**step)
                update = mean / (np.sqrt(variance) + 1e-8)
                stepped = parameters[i] - rate * update
                if stepped.ndim == 2:
                    shrunk = np.maximum(np.abs(stepped) - rate * L1, 0.0)
                    stepped = np.sign(stepped) * shrunk
                parameters[i] = stepped.astype(np.float32)
    layers = tuple(
        Linear(f"fc{i + 1}", parameters[2 * i], parameters[2 * i + 1])
        for i in range(len(SIZES) - 1)
    )
    return Mlp("digits", layers)


def backward(
    parameters: list[Array], x: Array, labels: NDArray[np.int8]
) -> list[Array]:
    """Return the gradients of the mean cross entropy in the parameters' order."""
    activations = [x]
    count = len(parameters) // 2
    for i in range(count):
        y = activations[-1] @ parameters[2 * i].T + parameters[2 * i + 1]
        activations.append(np.maximum(y, 0) if i + 1 < count else y)
    logits = activations[-1]
    softmax = np.exp(logits - logits.max(axis=1, keepdims=True))
    softmax /= softmax.sum(axis=1, keepdims=True)
    delta = softmax
    delta[np.arange(len(labels)), labels] -= 1
    delta /= len(labels)
    gradients: list[Array] = []
    for i in reversed(range(count)):
        gradients[:0] = [delta.T @ activations[i], delta.sum(axis=0)]
        if i:
            delta = (delta @ parameters[2 * i]) * (activations[i] > 0)
    return gradients


def main() -> int:
    """Train, report the accuracy and write the files."""
    parser = argparse.ArgumentParser(description="Train the digits example.")
    parser.add_argument(
        "-o", "--output", type=Path, default=Path(__file__).parent, metavar="DIR"
    )
    parser.add_argument("--seed", type=int, default=2024)
    arguments = parser.parse_args()
    rng = np.random.default_rng(arguments.seed)
    bunch = load_digits()
    images = (bunch.data / 16.0).astype(np.float32)
    labels = bunch.target.astype(np.int8)
    order = rng.permutation(len(images))
    test, training = order[:360], order[360:]
    network = train(images[training], labels[training], rng)
    logits = network(images[test])
    accuracy = np.mean(logits.argmax(axis=1) == labels[test])
    print(f"test accuracy {accuracy:.4f} on {len(test)} images")
    output: Path = arguments.output
    (output / "digits.mlir").write_text(network.to_mlir(len(test)))
    np.save(output / "inputs.npy", images[test])
    np.save(output / "labels.npy", labels[test])
    np.save(output / "logits.npy", logits.astype(np.float32))
    return 0


if __name__ == "__main__":
    sys.exit(main())
