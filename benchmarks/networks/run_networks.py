#!/usr/bin/env python3
"""Take whole networks through hinm and write docs/results/networks/README.md.

    pip install -r benchmarks/networks/requirements.txt
    PYTHONPATH=python python benchmarks/networks/run_networks.py         # all
    PYTHONPATH=python python benchmarks/networks/run_networks.py minilm  # print

Each is exported from JAX, searched, folded, pruned to 75 %, packed, and run on the
emulator; hinm-run compares it in f64 with the model as it was.
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any

import networks
from hinm import provenance
from hinm.tools import find_tool

ROOT = Path(__file__).resolve().parents[2]
RESULT = ROOT / "docs" / "results" / "networks" / "README.md"


@dataclass(frozen=True)
class Outcome:
    """What hinm-run said of a network.

    Attributes:
        report: its JSON (include/hinm/Transforms/LayerReport.h says of what).
    """

    report: dict[str, Any]

    @property
    def packed(self) -> list[dict[str, Any]]:
        """The layers that are sparse."""
        return [line for line in self.report["layers"] if line["status"] == "packed"]

    @property
    def weights(self) -> int:
        """Weights of all layers, sparse or not."""
        return sum(line["weights"] for line in self.report["layers"])

    @property
    def indexed(self) -> int:
        """Layers that store their rows by an index."""
        return sum(line["row_index"] for line in self.report["layers"])

    def retained(self, key: str = "retained") -> float:
        """The mean of the layers' retained saliency, by their weights."""
        total = sum(line["weights"] for line in self.packed)
        return sum(line[key] * line["weights"] for line in self.packed) / total


def take(name: str, folder: Path, *flags: str) -> Outcome:
    """Export a network into a folder and run it.

    Raises:
        RuntimeError: if the exporter or hinm-run fails; the message is theirs.
    """
    model = folder / f"{name}.mlir"
    inputs = networks.export(name, model)
    command = [find_tool("hinm-run"), model, "--json", "--exact", *flags]
    command += [f"--input={path}" for path in inputs]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    return Outcome(json.loads(done.stdout))


HEAD = """# Whole networks

Written by `benchmarks/networks/run_networks.py`: each network is a JAX function
([networks.py](../../../benchmarks/networks/networks.py)), exported as StableHLO,
legalised to linalg by torch-mlir-opt, and taken through `hinm-run` with its defaults
(75 % sparse, V = 32, f16), on the emulator. {machine}

* *covered*: share of the weights of all linear and convolution layers that are sparse.
* *orders*: the reordered but unpruned network against the original, both in f64
  (relative error, Frobenius): nothing but the rounding of reordered sums. *exact*: both
  in integers modulo 2³² (`hinm-run --exact`), where no order of a sum matters: how many
  elements of the results differ.
* *packed*: the packed network, f16, against the pruned one in f64.
* *folded*, *left*: permutations that went away at compile time, and that are executed.
* *without*, *class*, *layer*: share of the saliency kept, weighted by size: without a
  search, with one order for each class of channels (`orders=class`), and with one for
  each layer (`orders=layer`). *indexed*: how many layers store their rows by an index
  then, because of an order that could not be carried, or not be shared.

"""


def _row(name: str, outcome: Outcome, layer: Outcome) -> list[str]:
    report = outcome.report
    return [
        name,
        f"{len(outcome.packed)} of {len(report['layers'])}",
        f"{outcome.weights:,}",
        f"{report['coverage']:.2%}",
        f"{report['error_of_orders']:.0e}",
        str(report["different_integers"]),
        f"{report['error_vs_masked']:.1e}",
        str(report["permutations_folded"]),
        str(report["runtime_permutes"]),
        f"{outcome.retained('retained_no_permutation'):.4f}",
        f"{outcome.retained():.4f}",
        str(outcome.indexed),
        f"{layer.retained():.4f}",
        str(layer.indexed),
    ]


def _skipped(name: str, outcome: Outcome) -> list[str]:
    reasons: dict[str, list[int]] = {}
    for line in outcome.report["layers"]:
        if line["status"] != "packed":
            reasons.setdefault(line["reason"], []).append(line["weights"])
    return [
        f"* {name}: {len(weights)} with {sum(weights):,} weights: {reason}"
        for reason, weights in reasons.items()
    ]


def main() -> int:
    """Runs the networks that are named, or all and writes the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="default: all")
    arguments = parser.parse_args()
    unknown = set(arguments.names) - set(networks.NETWORKS)
    if unknown:
        parser.error(f"no network {', '.join(unknown)}: {', '.join(networks.NETWORKS)}")
    rows, skipped, about = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        for name in arguments.names or networks.NETWORKS:
            outcome = take(name, Path(folder))
            layer = take(name, Path(folder), "--orders=layer")
            rows.append(_row(name, outcome, layer))
            skipped += _skipped(name, outcome)
            about.append(f"* **{name}**: {networks.NETWORKS[name].__doc__}")
            print("  ".join(rows[-1]), flush=True)
    if arguments.names:
        return 0
    header = [
        "network", "layers", "weights", "covered", "orders", "exact", "packed",
        "folded", "left", "without", "class", "indexed", "layer", "indexed",
    ]  # fmt: skip
    commit = provenance.commit(ROOT)
    text = HEAD.format(
        machine=f"Commit {commit}, Python {platform.python_version()}, "
        f"JAX {networks.jax.__version__}."
    )
    lines = [" | ".join(header), "|".join(["---"] * len(header))]
    lines += [" | ".join(row) for row in rows]
    text += "\n".join(f"| {line} |" for line in lines)
    gained = mean(float(row[-2]) - float(row[-4]) for row in rows)
    text += f"\n\nAn order for each layer retains {gained:.4f} more on average.\n"
    text += "\n## What they are\n\n" + "\n".join(
        " ".join(line.split()) for line in about
    )
    text += "\n\n## Not sparse, and why\n\n" + "\n".join(skipped) + "\n"
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
