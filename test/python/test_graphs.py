"""Random networks compute the same, bit for bit, whatever orders are searched.

500 graphs by default, as many as $HINM_GRAPHS says, from seed $HINM_GRAPHS_SEED on. A
graph that fails is shrunk and written to a file, which the message names.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from pathlib import Path

import pytest
from graphs import TOKENS, WIDTHS, Graph, random_graph, tensor

from hinm.tools import find_tool

COUNT = int(os.environ.get("HINM_GRAPHS", "500"))
FIRST = int(os.environ.get("HINM_GRAPHS_SEED", "0"))
BATCH = 25

_LAYERS = ["--hinm-import-layers", "--hinm-propagate-transposes"]
_ORDERS = ["--hinm-propagate-permutations", "--hinm-fold-permutations"]
_NO_PERMUTES = "--hinm-fold-permutations=require-no-permutes"

#: The ways through the passes that the batches take by turns.
WAYS = {
    "classes": (
        [*_LAYERS, "--hinm-assign-patterns=vector-size=4",
         "--hinm-gyro-permute=threads=1", *_ORDERS],
        False,
    ),
    "layers": (
        [*_LAYERS, "--hinm-assign-patterns=vector-size=4 sparsity=0.5",
         "--hinm-gyro-permute=orders=layer threads=1", *_ORDERS],
        False,
    ),
    "mixed": (
        [*_LAYERS, "--hinm-assign-patterns=vector-size=8 min-columns=8",
         "--hinm-gyro-permute=threads=1", *_ORDERS],
        True,
    ),
    "token-major": (
        ["--hinm-import-layers", "--hinm-assign-patterns=vector-size=4",
         "--hinm-gyro-permute=threads=1", *_ORDERS],
        False,
    ),
    "explicit": (_ORDERS, True),
}  # fmt: skip

LOWERING = [
    "--convert-hinm-to-linalg",
    "--convert-elementwise-to-linalg",
    "--one-shot-bufferize=bufferize-function-boundaries "
    "function-boundary-type-conversion=identity-layout-map "
    "allow-return-allocs-from-loops",
    "--convert-linalg-to-loops",
    "--convert-scf-to-cf",
    "--expand-strided-metadata",
    "--lower-affine",
    "--convert-arith-to-llvm",
    "--finalize-memref-to-llvm",
    "--convert-func-to-llvm",
    "--convert-cf-to-llvm",
    "--reconcile-unrealized-casts",
]


class PassError(AssertionError):
    """A tool refused a graph."""


def _module(graphs: list[Graph]) -> str:
    """A module with the graphs as functions and @entry, which prints their results."""
    entries = [
        [f"{(7 * r + 3 * c) % 11 - 5}.0" for c in range(WIDTHS[1])]
        for r in range(TOKENS)
    ]
    dense = ", ".join("[" + ", ".join(row) + "]" for row in entries)
    argument = tensor(TOKENS, WIDTHS[1])
    lines = [graph.to_mlir(f"g{i}") for i, graph in enumerate(graphs)]
    lines += [
        "func.func private @printMemrefF32(tensor<*xf32>)",
        "func.func @entry() {",
        f"  %x = arith.constant dense<[{dense}]> : {argument}",
    ]
    for i, graph in enumerate(graphs):
        kind = tensor(TOKENS, graph.nodes[-1].width)
        lines += [
            f"  %y{i} = func.call @g{i}(%x) : ({argument}) -> {kind}",
            f"  %u{i} = tensor.cast %y{i} : {kind} to tensor<*xf32>",
            f"  func.call @printMemrefF32(%u{i}) : (tensor<*xf32>) -> ()",
        ]
    return "\n".join([*lines, "  return", "}", ""])


def _run(command: list[object], text: str) -> str:
    done = subprocess.run(
        command, input=text, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise PassError(done.stderr[:4000])
    return done.stdout


def _execute(text: str, mlir) -> list[str]:
    lowered = _run([find_tool("hinm-opt"), *LOWERING], text)
    # The line before each result names an address.
    return re.split(r"Unranked Memref .*data = *", mlir.jit(lowered))[1:]


def _permuted_bytes(text: str) -> int:
    total = 0
    for rows, cols in re.findall(r"hinm\.permute .* tensor<(\d+)x(\d+)xf32>", text):
        total += 4 * int(rows) * int(cols)
    return total


def _check(graphs: list[Graph], passes: list[str], mlir) -> str | None:
    """What is wrong with the passes on the graphs, or None."""
    text = _module(graphs)
    allowed = any(graph.has_permutes for graph in graphs)
    if not allowed:
        passes = [_NO_PERMUTES if p == _ORDERS[1] else p for p in passes]
    try:
        after = _run([find_tool("hinm-opt"), *passes], text)
        if _permuted_bytes(after) > _permuted_bytes(text):
            return "more bytes are permuted than before"
        if _execute(text, mlir) != _execute(after, mlir):
            return "the result is another one"
    except PassError as error:
        return str(error)
    return None


def _shrink(graph: Graph, passes: list[str], mlir) -> Graph:
    while True:
        for smaller in graph.reduced():
            if _check([smaller], passes, mlir):
                graph = smaller
                break
        else:
            return graph


@pytest.mark.parametrize("batch", range(-(-COUNT // BATCH)))
def test_reordering_changes_nothing(batch, mlir):
    way = list(WAYS)[batch % len(WAYS)]
    passes, permutes = WAYS[way]
    first = FIRST + batch * BATCH
    size = min(BATCH, COUNT - batch * BATCH)
    graphs = [random_graph(first + i, permutes) for i in range(size)]
    whole = _check(graphs, passes, mlir)
    if whole is None:
        return
    for i, graph in enumerate(graphs):
        if _check([graph], passes, mlir) is None:
            continue
        small = _shrink(graph, passes, mlir)
        path = Path(tempfile.gettempdir()) / f"hinm-graph-{first + i}.mlir"
        path.write_text(_module([small]))
        problem = _check([small], passes, mlir)
        flags = " ".join(f"'{flag}'" for flag in passes)
        pytest.fail(f"graph {first + i}: {problem}\nhinm-opt {flags} {path}")
    pytest.fail(f"graphs {first} to {first + size - 1}, but none alone: {whole}")
