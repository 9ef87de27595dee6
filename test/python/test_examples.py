"""The committed example is a trained network and says what its README says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hinm.linalg_text import read_resources

DIGITS = Path(__file__).parents[2] / "examples" / "digits"


@pytest.fixture(scope="module")
def digits() -> str:
    return (DIGITS / "digits.mlir").read_text()


def test_digits_computes_the_committed_logits(digits, mlir):
    mlir.verify(digits)
    inputs = np.load(DIGITS / "inputs.npy")
    logits = mlir.run(digits, inputs, (360, 10))
    # printMemrefF32 prints six significant digits.
    np.testing.assert_allclose(
        logits, np.load(DIGITS / "logits.npy"), rtol=1e-4, atol=1e-4
    )
    accuracy = np.mean(logits.argmax(axis=1) == np.load(DIGITS / "labels.npy"))
    assert f"{100 * accuracy:.1f} %" in (DIGITS / "README.md").read_text()


def test_digits_weights_have_structure_to_find(digits):
    """Pruning at random would keep 25 % of the saliency; trained weights keep more."""
    for name in ("fc1.weight", "fc2.weight"):
        saliency = np.sort(np.abs(read_resources(digits)[name]).ravel())[::-1]
        assert saliency[: saliency.size // 4].sum() > 0.9 * saliency.sum()


def test_digits_is_small_enough_to_ship():
    assert (DIGITS / "digits.mlir").stat().st_size < 600_000
