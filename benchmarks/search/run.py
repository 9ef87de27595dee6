#!/usr/bin/env python3
"""Run searches side by side and append what they found to a file of JSON lines.

    python benchmarks/search/run.py quality      # every peer, small matrices
    python benchmarks/search/run.py --help

Then `python benchmarks/search/report.py` writes docs/results/search/.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np

import matrices
import peers
from hinm import provenance
from hinm.search import Pattern

ROOT = Path(__file__).resolve().parents[2]
RAW = ROOT / "docs" / "results" / "search" / "raw"
HINM = {"62.5": 0.25, "75": 0.5, "87.5": 0.75}
ASP_LIMIT = 300.0  # seconds: its CPU path takes hours on hundreds of columns
BUDGETS = (0.05, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)

Case = tuple[str, Pattern, str, Callable[..., object], int]


def _hinm(sparsity: str, tile: int, **options: int) -> Pattern:
    return Pattern(tile=tile, vector_sparsity=HINM[sparsity], **options)


def _budgeted(name: str, pattern: Pattern, seed: int = 0) -> Iterator[Case]:
    for budget in BUDGETS:
        yield (
            name, pattern, f"exchange {budget:g} s",
            peers.ours("exchange", time_budget=budget), seed,
        )  # fmt: skip


def quality(mirror: Path | None) -> Iterator[Case]:
    """All peers on matrices that the authors' Python finishes."""
    for name in (
        "gaussian-768x768", "heavy-768x768",
        "minilm-0.intermediate.dense", "minilm-0.output.dense",
    ):  # fmt: skip
        for tile in (32, 128):
            pattern = _hinm("75", tile)
            yield name, pattern, "none", peers.none, 0
            yield (
                name, pattern, "clustering", partial(peers.clustering, mirror=mirror), 0
            )  # fmt: skip
            yield (
                name, pattern, "gyro, released",
                partial(peers.gyro_released, mirror=mirror), 0,
            )  # fmt: skip
            for seed in range(3 if name == "gaussian-768x768" else 1):
                yield (
                    name, pattern, "gyro, corrected",
                    partial(peers.gyro_authors, mirror=mirror), seed,
                )  # fmt: skip
                yield name, pattern, "our gyro", peers.ours("gyro"), seed
                yield name, pattern, "exchange", peers.ours("exchange"), seed
            yield from _budgeted(name, pattern)


def speed(mirror: Path | None) -> Iterator[Case]:
    """How soon we keep what the authors' corrected code keeps."""
    for name, tile, budgets in (
        ("gaussian-768x768", 32, (0.04, 0.05, 0.06, 0.07, 0.08, 0.1, 0.12)),
        ("gaussian-768x768", 128, (0.02, 0.03, 0.04, 0.05)),
        ("minilm-0.output.dense", 32, (0.04, 0.05, 0.06, 0.08, 0.1, 0.15, 0.2)),
        ("gaussian-3072x768", 32, (0.2, 0.3, 0.4, 0.5, 0.6)),
    ):
        pattern = _hinm("75", tile)
        yield (
            name, pattern, "gyro, corrected",
            partial(peers.gyro_authors, mirror=mirror), 0,
        )  # fmt: skip
        for budget in budgets:
            for seed in range(3):
                yield (
                    name, pattern, f"exchange {budget:g} s",
                    peers.ours("exchange", time_budget=budget), seed,
                )  # fmt: skip


def nm(mirror: Path | None) -> Iterator[Case]:
    """Plain 2:4 with one order of the columns for all rows."""
    for name in (
        "gaussian-64x128", "stories260K-w1", "stories260K-w2", "silero-conv4",
        "silero-lstm_cell.weight_ih", "resnet56-layer2.5.conv1",
        "resnet56-layer3.8.conv2", "minilm-0.attention.self.query",
        "minilm-5.attention.output.dense",
    ):  # fmt: skip
        rows, cols = matrices.MATRICES[name]().shape
        pattern = Pattern(tile=rows, policy="all")
        yield name, pattern, "none", peers.none, 0
        yield name, pattern, "RIA", peers.ria, 0
        yield name, pattern, "exchange", peers.ours("exchange"), 0
        yield (
            name, pattern, "exchange 1 s", peers.ours("exchange", time_budget=1.0), 0
        )  # fmt: skip
        if cols <= 192:
            yield name, pattern, "ASP swaps", partial(peers.asp, mirror=mirror), 0
        else:
            yield (
                name, pattern, f"ASP swaps, {ASP_LIMIT:g} s",
                partial(peers.asp, mirror=mirror, limit=ASP_LIMIT), 0,
            )  # fmt: skip


def everyone(mirror: Path | None) -> Iterator[Case]:
    """Every peer on every weight it can do: what is retained, not how soon."""
    for name, load in matrices.MATRICES.items():
        rows, cols = load().shape
        if rows * cols > 3072 * 768 or name == "gaussian-64x128":
            continue  # the authors' k-means needs tens of gigabytes
        every = name in (
            "gaussian-768x768", "heavy-768x768",
            "minilm-0.output.dense", "resnet56-layer3.8.conv2",
        )  # fmt: skip
        for sparsity in HINM if every else ("75",):
            for tile in (32, 64, 128, 256) if every else (32, 128):
                # The authors' code and its k-means need whole tiles, and two.
                if rows % tile or rows // tile < 2:
                    continue
                pattern = _hinm(sparsity, tile)
                yield name, pattern, "none", peers.none, 0
                yield (
                    name, pattern, "clustering",
                    partial(peers.clustering, mirror=mirror), 0,
                )  # fmt: skip
                yield (
                    name, pattern, "gyro, corrected",
                    partial(peers.gyro_authors, mirror=mirror), 0,
                )  # fmt: skip
                yield name, pattern, "our gyro", peers.ours("gyro"), 0
                yield name, pattern, "exchange", peers.ours("exchange"), 0


def layers(mirror: Path | None) -> Iterator[Case]:
    """Every linear layer of MiniLM, and layers of the other models."""
    for name in matrices.MATRICES:
        if name.startswith(("gaussian", "heavy")):
            continue
        for sparsity in HINM:
            for tile in (32, 64, 128, 256):
                pattern = _hinm(sparsity, tile)
                yield name, pattern, "none", peers.none, 0
                yield name, pattern, "our gyro", peers.ours("gyro"), 0
                yield name, pattern, "exchange", peers.ours("exchange"), 0


def price(mirror: Path | None) -> Iterator[Case]:
    """What shared column lists and windows cost."""
    for name in (
        "minilm-0.intermediate.dense", "minilm-0.output.dense",
        "minilm-3.attention.self.value", "heavy-768x768",
    ):  # fmt: skip
        for options in (
            {"tile": 32}, {"tile": 128}, {"tile": 32, "list_rows": 128},
            {"tile": 128, "window": 64}, {"tile": 128, "window": 128},
            {"tile": 32, "window": 64}, {"tile": 32, "window": 128},
        ):  # fmt: skip
            pattern = _hinm("75", **options)
            yield name, pattern, "none", peers.none, 0
            yield name, pattern, "exchange", peers.ours("exchange"), 0


def scale(mirror: Path | None) -> Iterator[Case]:
    """Large matrices: time and memory."""
    for name in (
        "gaussian-3072x768", "gaussian-4096x4096", "heavy-4096x4096",
        "gaussian-11008x4096", "gaussian-4096x11008",
    ):  # fmt: skip
        for tile in (32, 128):
            pattern = _hinm("75", tile)
            yield name, pattern, "none", peers.none, 0
            yield name, pattern, "exchange", peers.ours("exchange"), 0
            if "11008" in name and tile == 32:
                yield (
                    name, pattern, "exchange 55 s",
                    peers.ours("exchange", time_budget=55.0), 0,
                )  # fmt: skip


def growth(mirror: Path | None) -> Iterator[Case]:
    """Cost against rows, columns and V, one at a time."""
    for rows, cols, tile in (
        *((rows, 1024, 64) for rows in (256, 512, 1024, 2048, 4096)),
        *((1024, cols, 64) for cols in (256, 512, 2048, 4096)),
        *((1024, 1024, tile) for tile in (16, 32, 128, 256)),
    ):
        name = f"gaussian-{rows}x{cols}"
        matrices.MATRICES.setdefault(name, partial(matrices.gaussian, rows, cols))
        yield name, _hinm("75", tile), "exchange", peers.ours("exchange"), 0


SUITES = {
    suite.__name__: suite
    for suite in (quality, speed, nm, everyone, layers, price, scale, growth)
}


def _peak_megabytes() -> float:
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _measure(case: Case) -> dict[str, object]:
    name, pattern, peer, run, seed = case
    saliency = matrices.MATRICES[name]()
    before = _peak_megabytes()
    found, seconds = peers.timed(lambda: run(saliency, pattern, seed))
    return {
        "matrix": name,
        "rows": saliency.shape[0],
        "cols": saliency.shape[1],
        "tile": pattern.tile,
        "policy": pattern.policy,
        "vector_sparsity": pattern.vector_sparsity,
        "list_rows": pattern.list_rows,
        "window": pattern.window,
        "peer": peer,
        "seed": seed,
        "retained": peers.evaluate(saliency, pattern, found),
        "unstructured": peers.unstructured(saliency, pattern),
        "seconds": seconds,
        "peak_mb": _peak_megabytes(),
        "peak_mb_before": before,
    }


def _machine() -> dict[str, object]:
    return {
        "cpu": provenance.cpu(),
        "cores": os.cpu_count(),
        "commit": provenance.commit(ROOT, dirty=True),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "numpy": np.__version__,
    }


def main() -> int:
    """Runs the chosen suites; each case is one line in raw/<suite>.jsonl."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("suites", nargs="+", choices=[*SUITES, "all"])
    parser.add_argument(
        "--mirror", type=Path, help="bare clones owner+name/repo instead of GitHub"
    )
    parser.add_argument(
        "--only", default="", help="only cases with this in 'matrix peer'"
    )
    arguments = parser.parse_args()
    RAW.mkdir(parents=True, exist_ok=True)
    machine = _machine()
    for name in SUITES if "all" in arguments.suites else arguments.suites:
        raw = RAW / f"{name}.jsonl"
        raw.write_text("")
        for case in SUITES[name](arguments.mirror):
            if arguments.only not in f"{case[0]} {case[2]}":
                continue
            line = _measure(case)
            print(
                f"{line['matrix']:32} V={line['tile']:<4} {line['peer']:16} "
                f"{line['retained']:.4f} of {line['unstructured']:.4f} "
                f"{line['seconds']:8.2f} s",
                flush=True,
            )
            with raw.open("a") as out:
                out.write(json.dumps({**line, **machine}) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
