#!/usr/bin/env python3
"""Make the tables and plots of docs/results/kernels from the benchmark's CSV.

    python benchmarks/kernels/kernel_report.py docs/results/kernels results-*.csv

Several files are of several types, measured with one commit on one machine. Without
one, the page says of each goal that it is not measured. Plots need matplotlib; without
it they are left out.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cases import Case
from goals import goal_table, of_the_roof, over
from measured import SAME, Mismatch, read_measured

HEAD = """# Kernels

Written by `benchmarks/kernels/kernel_report.py` from {files}, which
`benchmarks/kernels/bench_kernels.py` measured on one machine: {about}.

Medians of single launches by CUDA events, L2 flushed before each, contenders by turns.
*Over cuBLAS* is the time of the dense product, by cuBLAS or cuBLASLt in the faster
layout of X, over ours; *floor* is the least time by the roof
(benchmarks/kernels/roof.py) over ours, and *bound* what most often makes it. The roof
is of: {roof}.
"""

NOTHING = """# Kernels

Not measured: no session so far had a GPU. Compile times are in
[compile-time.md](compile-time.md), what can be said of the kernels without running them
in [static.md](static.md), of the bank conflicts of the slab kernel in
[bank-turns.md](bank-turns.md). The commands that measure all of this page are in
`benchmarks/kernels/README.md`, and tested without a GPU.
"""

GOALS = """
## Goals

Of f16, geometric means over the cases. *Least* and *most* are of single cases; compile
time is judged by the most.

"""

PEERS = ("cublas", "cusparselt", "semi_structured", "spatha", "cutlass")


@dataclass(frozen=True)
class Result:
    """One case with the times of its contenders.

    Attributes:
        case: the product.
        microseconds: the median of each contender; of several of ours, the best.
        kernel: our fastest.
        floor: microseconds of the roof.
        bound: what makes it.
    """

    case: Case
    microseconds: dict[str, float]
    kernel: str
    floor: float
    bound: str

    def speedup(self, peer: str = "cublas") -> float | None:
        """How much faster than another contender we are; None if it did not run."""
        return over(peer)(self)


KEYS = ("case", "rows", "columns", "tokens", "sparsity", "tile", "dtype", "window")


def read_results(path: Path) -> tuple[dict[str, str], list[Result]]:
    """What the head of the file says of the machine, and the cases.

    Raises:
        ValueError: if the file is no result of the benchmark.
    """
    about, rows = read_measured(path, (*KEYS, "contender", "median_us"))
    grouped: dict[Case, list[dict[str, str]]] = defaultdict(list)
    for row in rows:
        name, r, c, n, sparsity, tile, dtype, window = (row[key] for key in KEYS)
        case = Case(
            name, int(r), int(c), int(n), float(sparsity), int(tile), dtype, int(window)
        )
        grouped[case].append(row)
    results = []
    for case, entries in grouped.items():
        times: dict[str, float] = {}
        kernel = ""
        for entry in entries:
            name, time = entry["contender"], float(entry["median_us"])
            if time < times.get(name, float("inf")):
                times[name] = time
                kernel = entry["kernel"] if name == "hinm" else kernel
        first = entries[0]
        results.append(
            Result(case, times, kernel, float(first["floor_us"]), first["bound"])
        )
    return about, results


def common_head(heads: dict[Path, dict[str, str]]) -> dict[str, str]:
    """What the heads of files say that go into one page, with the dates of all.

    Raises:
        Mismatch: if they are not of the same machine, commit and roof.
    """
    (first, about), *others = heads.items()
    for path, head in others:
        for key in SAME:
            if head.get(key) != about.get(key):
                raise Mismatch(
                    f"{first} was measured with {key} {about.get(key)}, {path} with "
                    f"{head.get(key)}: they do not go into one page"
                )
    dates = sorted(head.get("date", "") for head in heads.values())
    if dates[0] != dates[-1]:
        about = about | {"date": f"{dates[0]} … {dates[-1]}"}
    return about


def read_compile_seconds(path: Path) -> list[float]:
    """Of compile_time.py's CSV; none if it is not there.

    Raises:
        ValueError: if it is no such file.
    """
    if not path.exists():
        return []
    _, rows = read_measured(path, ("total_ms",))
    return [float(row["total_ms"]) / 1e3 for row in rows]


def _cell(value: float | None, form: str) -> str:
    return "–" if value is None else format(value, form)


def geometric_mean(values: Iterable[float | None]) -> float | None:
    """Of the values that are there; None if there are none."""
    known = [value for value in values if value is not None]
    return statistics.geometric_mean(known) if known else None


def summary(results: list[Result]) -> list[str]:
    """Mean speed-ups by type, window, sparsity, V and tokens."""
    head = ["dtype", "window", "sparsity", "V", "N", *(f"over {p}" for p in PEERS),
            "floor", "bound"]  # fmt: skip
    lines = [" | ".join(head), " | ".join(["---"] * len(head))]
    groups: dict[tuple[str, int, float, int, int], list[Result]] = defaultdict(list)
    for result in results:
        case = result.case
        groups[
            case.dtype, case.window, case.sparsity, case.tile, case.tokens
        ].append(result)
    for (dtype, window, sparsity, tile, tokens), group in sorted(groups.items()):
        bounds = Counter(result.bound for result in group)
        lines.append(
            " | ".join(
                [
                    dtype, str(window or "–"), f"{sparsity:.2%}", str(tile),
                    str(tokens),
                    *(
                        _cell(geometric_mean(r.speedup(peer) for r in group), ".2f")
                        for peer in PEERS
                    ),
                    _cell(geometric_mean(of_the_roof(r) for r in group), ".2f"),
                    bounds.most_common(1)[0][0],
                ]
            )
        )  # fmt: skip
    return [f"| {line} |" for line in lines]


def heading(names: list[str], about: dict[str, str]) -> str:
    """What the page says of the files, the machine and the roof."""
    machine = {key: value for key, value in about.items() if key != "roof"}
    return HEAD.format(
        files=", ".join(f"[{name}]({name})" for name in names),
        about=", ".join(f"{key} {value}" for key, value in machine.items()),
        roof=about.get("roof", "not said"),
    )


def plot(results: list[Result], folder: Path) -> list[str]:
    """For each type, speed-up by sparsity and share of the roof by N; the files.

    Raises:
        ImportError: without matplotlib.
    """
    import matplotlib

    matplotlib.use("Agg")
    # The same picture is the same file.
    matplotlib.rcParams["svg.hashsalt"] = "hinm"
    import matplotlib.pyplot as plt

    def series(chosen: list[Result], key: str, figure: str) -> None:
        for tile in sorted({result.case.tile for result in chosen}):
            points: dict[float, list[float]] = defaultdict(list)
            for result in chosen:
                if result.case.tile != tile:
                    continue
                speed = figure == "speedup"
                value = result.speedup() if speed else of_the_roof(result)
                if value is not None and (result.case.tokens >= 1024 or not speed):
                    points[getattr(result.case, key)].append(value)
            xs = sorted(points)
            plt.plot(
                xs,
                [statistics.geometric_mean(points[x]) for x in xs],
                marker="o",
                label=f"V = {tile}",
            )

    files = []
    for dtype in sorted({result.case.dtype for result in results}):
        chosen = [result for result in results if result.case.dtype == dtype]
        for figure, key, label in (
            ("speedup", "sparsity", f"{dtype} over cuBLAS, N ≥ 1024"),
            ("roof", "tokens", f"{dtype}, fraction of the roof"),
        ):
            plt.figure(figsize=(6, 4))
            series(chosen, key, figure)
            plt.xlabel("sparsity" if key == "sparsity" else "N")
            plt.ylabel(label)
            if key == "tokens":
                plt.xscale("log", base=2)
            plt.legend()
            plt.grid(alpha=0.3)
            plt.tight_layout()
            files.append(f"{figure}-{dtype}.svg")
            plt.savefig(folder / files[-1], metadata={"Date": None})
            plt.close()
    return files


def main() -> int:
    """Writes README.md, the plots and a copy of the CSV."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("results", type=Path, nargs="*", help="CSV files")
    arguments = parser.parse_args()
    folder = arguments.folder
    heads: dict[Path, dict[str, str]] = {}
    results: list[Result] = []
    try:
        seconds = read_compile_seconds(folder / "compile-time.csv")
        for path in arguments.results:
            heads[path], cases = read_results(path)
            results += cases
        about = common_head(heads) if heads else {}
    except (ValueError, FileNotFoundError, Mismatch) as error:
        print(f"kernel_report: {error}", file=sys.stderr)
        return 1
    folder.mkdir(parents=True, exist_ok=True)
    table = GOALS + "\n".join(goal_table(results, seconds)) + "\n"
    if not results:
        (folder / "README.md").write_text(NOTHING + table)
        return 0
    for path in arguments.results:
        if path.resolve() != (folder / path.name).resolve():
            shutil.copyfile(path, folder / path.name)
    text = heading([path.name for path in arguments.results], about) + table
    text += "\n## All cases\n\n" + "\n".join(summary(results)) + "\n"
    try:
        plots = plot(results, folder)
    except ImportError as error:
        print(
            f"kernel_report: the plots are left out ({error}): pip install matplotlib",
            file=sys.stderr,
        )
        plots = []
    for name in plots:
        text += f"\n![{Path(name).stem}]({name})\n"
    (folder / "README.md").write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
