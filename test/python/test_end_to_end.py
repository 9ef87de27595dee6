"""The compiler's numbers against numpy's, on the shipped example."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from oracle import hinm_mask, retained, retained_unstructured

from hinm import tables, tools
from hinm.linalg_text import read_resources
from hinm.report import RunReport

DIGITS = Path(__file__).parents[2] / "examples" / "digits" / "digits.mlir"


@pytest.fixture(scope="module", params=[32, 64])
def digits(request) -> RunReport:
    try:
        tools.find_tool("hinm-run")
    except tools.ToolError as error:
        pytest.skip(str(error))
    return tables.run_module(DIGITS, tile=request.param, sparsity=0.75)


def test_the_run_keeps_its_promises(digits):
    assert digits.violations() == []
    pruned = [layer.name for layer in digits.layers if layer.status == "packed"]
    assert {"fc1", "fc2"} <= {name.removesuffix(".weight") for name in pruned}


def test_saliency_is_what_numpy_finds(digits):
    """Without permutation there is no search: the numbers have to be the same."""
    weights = read_resources(DIGITS.read_text())
    for layer in digits.layers:
        # 64 and 256 columns: half of them is a whole number of groups of four.
        if layer.status != "packed" or layer.columns % 8:
            continue
        saliency = np.abs(weights[layer.name.removesuffix(".weight") + ".weight"])
        mask = hinm_mask(saliency, layer.tile, vector_sparsity=0.5)
        assert layer.retained_no_permutation == pytest.approx(
            retained(saliency, mask), rel=1e-4
        )
        assert layer.retained_unstructured == pytest.approx(
            retained_unstructured(saliency, int(mask.sum())), rel=1e-4
        )
        assert layer.retained_no_permutation < layer.retained
        assert layer.retained <= layer.retained_unstructured
