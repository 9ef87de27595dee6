#!/usr/bin/env python3
"""Pick a schedule for every class of products from the benchmark's trials.

    python benchmarks/kernels/tune_kernels.py trials.csv .bundle schedules.json
    hinm-opt ... --hinm-pipeline="schedules=schedules.json chip=sm_90a"

For each chip, V, window and class of rows and tokens the schedule is taken that is, in
the geometric mean over the class's cases, the least behind the best of each case. What
was measured on lists that go by windows is for layers with that window. Kernels that
have failed, on any case or in check_kernels.py, are not taken. Tables are of 16-bit
elements so far: trials of other types are refused.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

from driver import KernelInfo, read_manifest
from failures import FAILED, failed_kernels
from measured import read_measured

#: Classes [first, last) of rows and of tokens; the last one has no end.
ROWS = (0, 2048, 8192)
TOKENS = (0, 9, 17, 65, 513, 2049)
END = 1 << 31
#: The types that an entry is for, as it names none.
DTYPES = ("f16", "bf16")


def _class(value: int, limits: tuple[int, ...]) -> tuple[int, int]:
    ends = (*limits[1:], END)
    return next(
        (first, last)
        for first, last in zip(limits, ends, strict=True)
        if first <= value < last
    )


def check_types(path: Path, trials: list[dict[str, str]]) -> None:
    """Sees to it that a table can be of the trials.

    Raises:
        ValueError: if some are of a type that tables are not of.
    """
    others = sorted({trial["dtype"] for trial in trials} - set(DTYPES))
    if others:
        raise ValueError(
            f"{path} has trials of {', '.join(others)}: tables are of 16-bit elements "
            f"({', '.join(DTYPES)}) so far, their entries do not name a type; give "
            "trials of those"
        )


def pick(
    trials: list[dict[str, str]], kernels: dict[str, KernelInfo], window: int = 0
) -> list[dict[str, Any]]:
    """The entries of the table: the narrow classes of tokens first.

    Those with a window come before those of all lists, as the first that fits is taken.

    Args:
        trials: of the benchmark.
        kernels: by name.
        window: by which the lists went, of trials that do not say it themselves.
    """
    # Of each case, how far each schedule is behind the best.
    cases: dict[tuple[str, ...], dict[str, float]] = defaultdict(dict)
    keys = ("rows", "columns", "tokens", "sparsity", "tile", "dtype")
    for trial in trials:
        case = (
            *(trial[key] for key in keys), str(trial.get("window") or window)
        )  # fmt: skip
        cases[case][trial["kernel"]] = float(trial["median_us"])
    behind: dict[tuple, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    count: dict[tuple, int] = defaultdict(int)
    for case, times in cases.items():
        best = min(times.values())
        info = kernels[next(iter(times))]
        rows, tokens = _class(int(case[0]), ROWS), _class(int(case[2]), TOKENS)
        by = int(case[-1])
        group = (by == 0, by, info.chip, info.tile, rows, tokens)
        count[group] += 1
        for name, time in times.items():
            schedule = json.dumps(kernels[name].schedule)
            behind[group][schedule].append(time / best)
    entries = []
    for group in sorted(behind):
        _, by, chip, tile, rows, tokens = group
        # Blocks too wide for the smallest of the class were not tried on all cases.
        most = max(len(ratios) for ratios in behind[group].values())
        whole = {
            schedule: statistics.geometric_mean(ratios)
            for schedule, ratios in behind[group].items()
            if len(ratios) == most
        }
        schedule = min(whole, key=lambda key: (whole[key], key))
        entries.append(
            {"chip": chip, "tile": tile, **({"window": by} if by else {}),
             "rows": list(rows), "tokens": list(tokens),
             "schedule": json.loads(schedule), "behind": round(whole[schedule], 4),
             "cases": count[group]}
        )  # fmt: skip
    return entries


def main() -> int:
    """Writes the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("trials", type=Path)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("table", type=Path)
    parser.add_argument(
        "--failed", type=Path, help=f"kernels to leave out ({FAILED} beside the trials)"
    )
    arguments = parser.parse_args()
    kernels = {kernel.name: kernel for kernel in read_manifest(arguments.bundle)}
    try:
        about, trials = read_measured(
            arguments.trials, ("rows", "tokens", "dtype", "kernel", "median_us")
        )
        check_types(arguments.trials, trials)
    except ValueError as error:
        print(f"tune_kernels: {error}", file=sys.stderr)
        return 1
    notes = arguments.failed or arguments.trials.with_name(FAILED)
    failed = failed_kernels(notes, about.get("commit", ""))
    # What is wrong on one case has been timed on others.
    trials = [trial for trial in trials if trial["kernel"] not in failed]
    entries = pick(trials, kernels, int(about.get("window", 0)))
    table = {"version": 1, "provenance": about, "entries": entries}
    arguments.table.write_text(json.dumps(table, indent=1) + "\n")
    print(f"{len(table['entries'])} entries in {arguments.table}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
