"""Whole networks: every layer covered, every order folded, the same function."""

from __future__ import annotations

import os

import numpy as np
import pytest

pytest.importorskip("jax")
pytest.importorskip("torch_mlir")

import run_networks
import torch_file
from hinm.models import checkpoint

SANITIZED = os.environ.get("HINM_SANITIZERS") == "ON"
#: The others take minutes: benchmarks/networks/run_networks.py has them.
QUICK = ("experts", "mixer", "gpt2", "vit", "mobilenet", "llama", "resnet20", "minilm")


@pytest.mark.parametrize("name", QUICK[:1] if SANITIZED else QUICK)
def test_network(name, tmp_path):
    try:
        outcome = run_networks.take(name, tmp_path)
    except FileNotFoundError as error:
        pytest.skip(str(error))
    assert outcome.report["coverage"] >= 0.95
    assert outcome.report["runtime_permutes"] == 0
    assert outcome.report["permutations_folded"] > 0
    assert outcome.report["error_of_orders"] < 1e-12
    assert outcome.report["different_integers"] == 0
    assert outcome.report["error_vs_masked"] < outcome.report["bound"]
    assert outcome.retained() > outcome.retained("retained_no_permutation")


def test_torch_file_is_the_checkpoint():
    try:
        path = checkpoint("resnet20-cifar10.th")
    except FileNotFoundError as error:
        pytest.skip(str(error))
    state = torch_file.load(path)["state_dict"]
    assert state["module.conv1.weight"].shape == (16, 3, 3, 3)
    assert sum(value.size for name, value in state.items() if name.endswith("weight"))
    # Batch norms were trained: their variances are no ones.
    assert not np.allclose(state["module.bn1.running_var"], 1.0)
