#!/usr/bin/env python3
"""Make the tables and plots of docs/results/kernels from the benchmark's CSV.

python benchmarks/kernels/kernel_report.py results.csv docs/results/kernels
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from measured import read_measured

HEAD = """# Kernels

Written by `benchmarks/kernels/kernel_report.py` from [{csv}]({csv}), which
`benchmarks/kernels/bench_kernels.py` measured in one run: {about}.

Medians of single launches by CUDA events, L2 flushed before each, contenders by turns.
*speed-up* is the time of cuBLAS (f16, dense, the faster layout of X) over ours; *floor*
is the least time by the roof (benchmarks/kernels/roof.py) over ours. The roof is of:
{roof}.
"""


@dataclass(frozen=True)
class Result:
    """One case with the times of its contenders.

    Attributes:
        case: name, rows, columns, tokens, sparsity, tile and dtype, as text.
        microseconds: the median of each contender; of several of ours, the best.
        kernel: our fastest.
        floor: microseconds of the roof.
        bound: what makes it.
    """

    case: tuple[str, ...]
    microseconds: dict[str, float]
    kernel: str
    floor: float
    bound: str

    def speedup(self, over: str = "cublas") -> float | None:
        """How much faster than another contender we are; None if it did not run."""
        if over not in self.microseconds or "hinm" not in self.microseconds:
            return None
        return self.microseconds[over] / self.microseconds["hinm"]


KEYS = ("case", "rows", "columns", "tokens", "sparsity", "tile", "dtype")


def read_results(path: Path) -> tuple[dict[str, str], list[Result]]:
    """What the head of the file says of the machine, and the cases.

    Raises:
        ValueError: if the file is no result of the benchmark.
    """
    about, rows = read_measured(path, (*KEYS, "contender", "median_us"))
    grouped: dict[tuple[str, ...], list[dict[str, str]]] = defaultdict(list)
    for row in rows:
        grouped[tuple(row[key] for key in KEYS)].append(row)
    results = []
    for case, entries in grouped.items():
        times: dict[str, float] = {}
        kernel = ""
        for entry in entries:
            name, time = entry["contender"], float(entry["median_us"])
            if time < times.get(name, float("inf")):
                times[name] = time
                kernel = entry["kernel"] or kernel
        first = entries[0]
        results.append(
            Result(case, times, kernel, float(first["floor_us"]), first["bound"])
        )
    return about, results


def _cell(value: float | None, form: str) -> str:
    return "–" if value is None else format(value, form)


def geometric_mean(values: Iterable[float | None]) -> float | None:
    """Of the values that are there; None if there are none."""
    known = [value for value in values if value is not None]
    return statistics.geometric_mean(known) if known else None


def summary(results: list[Result]) -> list[str]:
    """Mean speed-ups by sparsity, V and tokens."""
    peers = ("cublas", "cusparselt", "spatha", "cutlass")
    head = ["sparsity", "V", "N", *(f"over {peer}" for peer in peers), "floor"]
    lines = [" | ".join(head), " | ".join(["---"] * len(head))]
    groups: dict[tuple[float, int, int], list[Result]] = defaultdict(list)
    for result in results:
        _, _, _, tokens, sparsity, tile, _ = result.case
        groups[float(sparsity), int(tile), int(tokens)].append(result)
    for (sparsity, tile, tokens), group in sorted(groups.items()):
        lines.append(
            " | ".join(
                [
                    f"{sparsity:.2%}", str(tile), str(tokens),
                    *(
                        _cell(geometric_mean(r.speedup(peer) for r in group), ".2f")
                        for peer in peers
                    ),
                    _cell(
                        geometric_mean(
                            r.floor / r.microseconds["hinm"]
                            for r in group
                            if "hinm" in r.microseconds
                        ),
                        ".2f",
                    ),
                ]
            )
        )  # fmt: skip
    return [f"| {line} |" for line in lines]


def heading(csv: str, about: dict[str, str]) -> str:
    """What the page says of the file, the machine and the roof."""
    machine = {key: value for key, value in about.items() if key != "roof"}
    return HEAD.format(
        csv=csv,
        about=", ".join(f"{key} {value}" for key, value in machine.items()),
        roof=about.get("roof", "not said"),
    )


def plot(results: list[Result], folder: Path) -> list[str]:
    """Speed-up by sparsity and fraction of the roof by N; the names of the files."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    tiles = sorted({int(result.case[5]) for result in results})

    def series(key: int, figure: str) -> None:
        for tile in tiles:
            points: dict[float, list[float]] = defaultdict(list)
            for result in results:
                if int(result.case[5]) != tile or "hinm" not in result.microseconds:
                    continue
                large = int(result.case[3]) >= 1024
                value = (
                    result.speedup()
                    if figure == "speedup"
                    else result.floor / result.microseconds["hinm"]
                )
                if value is not None and (large or figure != "speedup"):
                    points[float(result.case[key])].append(value)
            xs = sorted(points)
            plt.plot(
                xs,
                [statistics.geometric_mean(points[x]) for x in xs],
                marker="o",
                label=f"V = {tile}",
            )

    files = []
    for name, key, figure, label in (
        ("speedup.svg", 4, "speedup", "over cuBLAS, N ≥ 1024"),
        ("roof.svg", 3, "roof", "fraction of the roof"),
    ):
        plt.figure(figsize=(6, 4))
        series(key, figure)
        plt.xlabel("sparsity" if key == 4 else "N")
        plt.ylabel(label)
        if key == 3:
            plt.xscale("log", base=2)
        plt.legend()
        plt.grid(alpha=0.3)
        plt.tight_layout()
        plt.savefig(folder / name)
        plt.close()
        files.append(name)
    return files


def main() -> int:
    """Writes README.md, the plots and a copy of the CSV."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", type=Path)
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    try:
        about, results = read_results(arguments.results)
    except ValueError as error:
        print(f"kernel_report: {error}", file=sys.stderr)
        return 1
    arguments.folder.mkdir(parents=True, exist_ok=True)
    target = arguments.folder / arguments.results.name
    if target != arguments.results:
        shutil.copyfile(arguments.results, target)
    text = heading(target.name, about)
    text += "\n" + "\n".join(summary(results)) + "\n"
    for name in plot(results, arguments.folder):
        text += f"\n![{Path(name).stem}]({name})\n"
    (arguments.folder / "README.md").write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
