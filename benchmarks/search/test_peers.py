"""The evaluator that grades all searches, against a mask made the plain way."""

import os

import numpy as np
import pytest

import matrices
import peers
from hinm.search import Pattern

pytestmark = pytest.mark.skipif(
    os.environ.get("HINM_SANITIZERS") == "ON",
    reason="Python does not load a library with sanitizers",
)

PATTERN = Pattern(tile=4, vector_sparsity=0.5)


def mask_of(saliency, order, lists):
    mask = np.zeros(saliency.shape, bool)
    for position, row in enumerate(order):
        listed = lists[position // PATTERN.tile]
        for group in np.reshape(listed, (-1, 4)):
            best = sorted(group, key=lambda column: -saliency[row, column])[:2]
            mask[row, best] = True
    return mask


def test_orders_are_graded_as_their_mask():
    random = np.random.default_rng(0)
    saliency = matrices.gaussian(10, 16)
    order = random.permutation(10)
    lists = [random.permutation(16)[:8] for _ in range(3)]
    mask = mask_of(saliency, order, lists)
    found = peers.evaluate(saliency, PATTERN, (order, lists))
    assert found == pytest.approx(peers.evaluate(saliency, PATTERN, mask))
    assert found < peers.unstructured(saliency, PATTERN)


def test_a_repeated_column_counts_once():
    saliency = np.ones((4, 4), np.float32)
    lists = [np.array([0, 1, 2, 2])]
    pattern = Pattern(tile=4, policy="all")
    assert peers.evaluate(saliency, pattern, (np.arange(4), lists)) == 0.5
    lists = [np.array([0, 0, 0, 0])]
    assert peers.evaluate(saliency, pattern, (np.arange(4), lists)) == 0.25


def test_an_order_with_a_row_missing_is_refused():
    with pytest.raises(ValueError, match="permutation"):
        peers.evaluate(
            matrices.gaussian(4, 4), PATTERN, (np.zeros(4, int), [np.arange(4)])
        )


def test_ria_beats_the_natural_order():
    saliency = matrices.gaussian(16, 32)
    pattern = Pattern(tile=16, policy="all")
    natural = peers.evaluate(saliency, pattern, (np.arange(16), [np.arange(32)]))
    pytest.importorskip("scipy")
    assert peers.evaluate(saliency, pattern, peers.ria(saliency, pattern, 0)) > natural
