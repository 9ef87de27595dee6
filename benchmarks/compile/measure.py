#!/usr/bin/env python3
"""Measure what the passes cost beside the search; write docs/results/compile/README.md.

    PYTHONPATH=python python benchmarks/compile/measure.py

The search is left out by `algorithm=none`, which still reads every weight.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import subprocess
import tempfile
from pathlib import Path

import deep_transformer

from hinm import provenance
from hinm.tools import find_tool

ROOT = Path(__file__).resolve().parents[2]
RESULT = ROOT / "docs" / "results" / "compile" / "README.md"
PASSES = {
    "RaiseConcatenations": "hinm-raise-concatenations",
    "ImportLayers": "hinm-import-layers",
    "PropagateTransposes": "hinm-propagate-transposes",
    "AssignPatterns": "hinm-assign-patterns",
    "GyroPermute": "hinm-gyro-permute",
    "PropagatePermutations": "hinm-propagate-permutations",
    "FoldPermutations": "hinm-fold-permutations",
    "Prune": "hinm-prune",
    "Pack": "hinm-pack",
    "FuseEpilogues": "hinm-fuse-epilogues",
    "SelectKernels": "hinm-select-kernels",
}

HEAD = """# Compile time

Written by `benchmarks/compile/measure.py`: transformers of {width} channels and more
and more layers (attention by heads, norms, residuals, feed-forward), random f32
weights, read as bytecode, through `hinm-sparsify`. Wall seconds of each pass
(`--mlir-timing`), {cores} cores; *search* is `algorithm=none`, which reads the weights
and picks columns, and is not in the sum. *Memory* is the largest resident size of
hinm-opt less that on an empty module ({empty:.0f} MB, nearly all of it LLVM's and
MLIR's libraries): the weights are in it as they came, in the file's pages, and once
more, however many passes rewrite them. *Reordered* is the same with `orders=layer
time-budget=0.01`, where most weights are put in another order before they are pruned.
{machine}

"""


def _measure(module: Path, options: str) -> tuple[dict[str, float], float]:
    """Seconds of each pass, and megabytes (2²⁰)."""
    process = subprocess.Popen(
        [find_tool("hinm-opt"), module, f"--hinm-sparsify={options}", "--mlir-timing",
         "-o", "/dev/null", "--mlir-elide-resource-strings-if-larger=8"],
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    report = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise RuntimeError(report[-2000:])
    seconds = {
        name: float(text)
        for text, name in re.findall(
            r"^ +([\d.]+) \( *[\d.]+%\) +(\w+)$", report, re.MULTILINE
        )
    }
    return seconds, usage.ru_maxrss / 1024


def main() -> None:
    """Measures and writes the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--layers", type=int, nargs="+", default=[25, 50, 100])
    parser.add_argument("--width", type=int, default=288)
    arguments = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        module = Path(folder) / "deep.mlirbc"
        module.write_text("module {}")
        _, empty = _measure(module, "algorithm=none")
        for layers in sorted(arguments.layers):
            text = module.with_suffix(".mlir")
            size = deep_transformer.write(text, layers, arguments.width)
            subprocess.run(
                [find_tool("hinm-opt"), text, "--emit-bytecode", "-o", module],
                check=True,
            )
            text.unlink()
            seconds, memory = _measure(module, "algorithm=none")
            _, reordered = _measure(module, "orders=layer time-budget=0.01")
            search = seconds.pop("GyroPermute")
            passes = [seconds[name] for name in PASSES if name in seconds]
            rows.append(
                [
                    str(layers), f"{size / 1e6:.0f}",
                    *(f"{value:.3f}" for value in passes), f"{sum(passes):.2f}",
                    f"{search:.2f}",
                    *(f"{(peak - empty) * 2**20 / size:.2f}"
                      for peak in (memory, reordered)),
                ]
            )  # fmt: skip
            print("  ".join(rows[-1]), flush=True)
    names = [PASSES[name] for name in PASSES if name != "GyroPermute"]
    header = [
        "layers", "MB", *(f"`{name}`" for name in names), "sum", "search",
        "memory / weights", "reordered",
    ]  # fmt: skip
    commit = provenance.commit(ROOT)
    table = [header, ["---"] * len(header), *rows]
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(
        HEAD.format(
            width=arguments.width, cores=os.cpu_count(), empty=empty,
            machine=f"{provenance.cpu()}, commit {commit}, "
            f"Python {platform.python_version()}.",
        )
        + "\n".join("| " + " | ".join(row) + " |" for row in table)
        + "\n"
    )  # fmt: skip


if __name__ == "__main__":
    main()
