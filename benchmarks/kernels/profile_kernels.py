#!/usr/bin/env python3
r"""Say what bounds a kernel: hardware counters, and its time without each stage.

    python benchmarks/kernels/profile_kernels.py counters .bundle counters.csv \
        --shape llama2-7b-up --tokens 4096 --tile 128
    python benchmarks/kernels/profile_kernels.py stages .bundle stages.csv \
        --shape llama2-7b-up --tokens 4096 --tile 128

Both take the kernels of which the bundle has variants, or those that --kernels names.
With --window they do so on lists that go by windows, which slab kernels need.
*counters* runs each of them under Nsight Compute ($HINM_NCU, the PATH, or
/usr/local/cuda), *stages* times each beside the same without its gather, reads,
weights, products or stores (stages.py). Needs no PyTorch.
"""

from __future__ import annotations

import argparse
import csv
import io
import os
import shutil
import statistics
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from cases import SHAPES, Case
from driver import Arena, Driver, DriverError, Kernel, KernelInfo, read_manifest
from odd_shapes import Problem
from operands import Operands
from stages import STAGES

#: Of Nsight Compute, the sections that say what a kernel waits for.
SECTIONS = (
    "SpeedOfLight", "ComputeWorkloadAnalysis", "MemoryWorkloadAnalysis",
    "WarpStateStats", "Occupancy", "LaunchStats",
)  # fmt: skip
#: Launches of each kernel whose median counts.
COUNT = 20


class ProfileError(RuntimeError):
    """What is asked for cannot be had, for this reason."""


def with_variants(
    kernels: Iterable[KernelInfo],
) -> Iterator[tuple[KernelInfo, dict[str, KernelInfo]]]:
    """Kernels, each with those that are the same without a stage."""
    kernels = list(kernels)
    lacking: dict[tuple[object, ...], dict[str, KernelInfo]] = defaultdict(dict)
    for info in kernels:
        if info.without:
            lacking[info.product][info.without] = info
    for info in kernels:
        if not info.without and not info.row_index and info.product in lacking:
            yield info, lacking[info.product]


def chosen(
    kernels: Iterable[KernelInfo], case: Case, names: list[str] | None
) -> list[tuple[KernelInfo, dict[str, KernelInfo]]]:
    """Those for a case, by name or because they have variants.

    Raises:
        ProfileError: if there are none.
    """
    kernels = list(kernels)
    variants = {info.name: lacking for info, lacking in with_variants(kernels)}
    found = [
        (info, variants.get(info.name, {}))
        for info in kernels
        if not info.without
        and not info.row_index
        and (info.tile, info.dtype) == (case.tile, case.dtype)
        and (not info.window or (info.window, info.window_blocks)
             == (case.window, case.window_blocks))
        and (info.name in names if names else info.name in variants)
    ]  # fmt: skip
    if not found:
        raise ProfileError("the bundle has no such kernels for this case")
    return found


class Launcher:
    """The operands of a case, and how often a kernel is launched with them."""

    def __init__(self, driver: Driver, folder: Path, arena: Arena, case: Case) -> None:
        """Uploads the operands."""
        self._driver, self._folder = driver, folder
        self._operands = Operands(arena, Problem(case, (case.kept,) * case.tiles))
        self._room = driver.attribute("shared_bytes")
        self._case = case
        # Takes L2's place when it is written.
        self._flush_bytes = 4 * max(driver.attribute("l2_bytes"), 1 << 26)
        self._flush = arena.empty(self._flush_bytes)

    def fits(self, info: KernelInfo) -> bool:
        """Whether all of X fits, for a kernel that holds all of it."""
        resident = info.schedule.get("kernel") == "resident"
        return not resident or self._case.columns * info.shared_bytes <= self._room

    def median(self, info: KernelInfo, count: int = COUNT) -> float:
        """Microseconds of a launch, L2 flushed before each."""
        kernel: Kernel = self._driver.load(self._folder, info)
        launch = self._operands.prepare(kernel)
        times = []
        for repetition in range(count + 3):
            self._driver.fill(self._flush, 0, self._flush_bytes)
            time = self._driver.time(lambda: launch(0))
            # The first ones warm up.
            if repetition >= 3:
                times.append(time)
        return statistics.median(times)


def stage_times(
    launcher: Launcher, kernels: Iterable[tuple[KernelInfo, dict[str, KernelInfo]]]
) -> Iterator[dict[str, str]]:
    """A row for each kernel: microseconds of the whole, and without each stage."""
    for info, lacking in kernels:
        if not launcher.fits(info):
            continue
        row = {"kernel": info.name, "whole": f"{launcher.median(info):.2f}"}
        for stage in STAGES:
            there = stage in lacking
            row[stage] = f"{launcher.median(lacking[stage]):.2f}" if there else ""
        yield row


def find_ncu() -> str:
    """Nsight Compute.

    Raises:
        ProfileError: if there is none.
    """
    found = os.environ.get("HINM_NCU") or shutil.which("ncu")
    usual = Path("/usr/local/cuda/bin/ncu")
    if not found and not usual.exists():
        raise ProfileError("no ncu: install Nsight Compute, or set $HINM_NCU")
    return found or str(usual)


def parse_counters(text: str, name: str) -> dict[str, str]:
    """What ncu says of a kernel: value and unit by section and metric.

    Raises:
        ProfileError: if it says nothing, with its reason.
    """
    lines = text.splitlines()
    start = next((i for i, line in enumerate(lines) if line.startswith('"ID"')), None)
    if start is None:
        reasons = [line for line in lines if line.startswith("==ERROR==")]
        raise ProfileError(reasons[0] if reasons else f"ncu says nothing of {name}")
    values = {}
    for row in csv.DictReader(io.StringIO("\n".join(lines[start:]))):
        if row["Kernel Name"].split("(")[0] == name and row.get("Metric Name"):
            unit = f" {row['Metric Unit']}" if row["Metric Unit"] else ""
            values[f"{row['Section Name']}: {row['Metric Name']}"] = (
                row["Metric Value"] + unit
            )
    return values


def counters(ncu: str, words: list[str], name: str) -> dict[str, str]:
    """Launches one kernel under ncu.

    Raises:
        ProfileError: with ncu's reason.
    """
    sections = [word for section in SECTIONS for word in ("--section", section)]
    done = subprocess.run(
        [ncu, "--csv", "--page", "details", "--clock-control", "none", *sections,
         "--launch-count", "1", "--kernel-name", name, sys.executable, __file__,
         "launch", *words, "--kernels", name],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return parse_counters(done.stdout + done.stderr, name)


def write_rows(path: Path, rows: Iterable[dict[str, str]], head: dict[str, str]) -> int:
    """Writes a CSV, with what is known so far after each row; how many there are."""
    kept: list[dict[str, str]] = []
    for row in rows:
        kept.append(row)
        names = list(dict.fromkeys(name for one in kept for name in one))
        with path.open("w", newline="") as stream:
            stream.writelines(f"# {key}: {value}\n" for key, value in head.items())
            writer = csv.DictWriter(stream, names, restval="")
            writer.writeheader()
            writer.writerows(kept)
        print(", ".join(row.values())[:200], flush=True)
    return len(kept)


def parse(words: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["counters", "stages", "launch"])
    parser.add_argument("bundle", type=Path)
    parser.add_argument("out", type=Path, help="CSV to write")
    parser.add_argument("--shape", default="llama2-7b-up", choices=SHAPES)
    parser.add_argument("--tokens", type=int, default=4096)
    parser.add_argument("--sparsity", type=float, default=0.75)
    parser.add_argument("--tile", type=int, default=128)
    parser.add_argument("--dtype", default="f16")
    parser.add_argument("--window", type=int, default=0,
                        help="lists that go by windows of so many columns")  # fmt: skip
    parser.add_argument("--kernels", nargs="+", help="by name")
    parser.add_argument("--driver", default="libcuda.so.1", help=argparse.SUPPRESS)
    return parser.parse_args(words)


def case_of(arguments: argparse.Namespace) -> Case:
    """The product that is asked for."""
    return Case(
        arguments.shape, *SHAPES[arguments.shape], arguments.tokens, arguments.sparsity,
        arguments.tile, arguments.dtype, arguments.window,
    )  # fmt: skip


def run(arguments: argparse.Namespace, driver: Driver) -> None:
    """Does what is asked for.

    Raises:
        ProfileError: if it cannot be done.
        DriverError: if a kernel cannot be launched.
    """
    case = case_of(arguments)
    kernels = chosen(read_manifest(arguments.bundle), case, arguments.kernels)
    head = {"gpu": driver.name, "case": str(case)}
    if arguments.what == "counters":
        ncu = find_ncu()
        words = [
            str(arguments.bundle), str(arguments.out), "--shape", arguments.shape,
            "--tokens", str(arguments.tokens), "--sparsity", str(arguments.sparsity),
            "--tile", str(arguments.tile), "--dtype", arguments.dtype,
            "--window", str(arguments.window), "--driver", arguments.driver,
        ]  # fmt: skip
        rows = (
            {"kernel": info.name, **counters(ncu, words, info.name)}
            for info, _ in kernels
        )
        write_rows(arguments.out, rows, head)
        return
    with Arena(driver) as arena:
        launcher = Launcher(driver, arguments.bundle, arena, case)
        if arguments.what == "stages":
            write_rows(arguments.out, stage_times(launcher, kernels), head)
            return
        for info, _ in kernels:
            if launcher.fits(info):
                launcher.median(info, 1)


def main() -> int:
    """Runs on the GPU that is there."""
    arguments = parse()
    try:
        run(arguments, Driver(arguments.driver))
    except (OSError, DriverError, ProfileError) as error:
        print(f"profile_kernels: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
