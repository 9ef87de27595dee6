#!/usr/bin/env python3
r"""Time hinm's kernels beside cuBLAS and cuSPARSELt, where there is a GPU and PyTorch.

    python benchmarks/kernels/bench_kernels.py .bundle --out results.csv \
        --trials trials.csv --minutes 9 --resume
    python benchmarks/kernels/kernel_report.py docs/results/kernels results.csv

`.bundle` comes from build_kernels.py and needs no LLVM. All contenders of a case get
the same activations and are timed by turns (CUDA events, L2 flushed before every
launch); ours are checked against a product in f64. What a library cannot do is left out
and said so. A kernel of ours that is wrong or fails is noted in failed.csv beside --out
and left out from then on; if there are such, the exit status is 1 in the end.

The goals (goals.py) get their cases by turns. The exit status is 75 if some are left
after --minutes, or because a kernel broke the context of CUDA; --resume goes on with
those.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import torch

import machine
from cases import (
    ELEMENTS,
    SHAPES,
    SPARSITIES,
    TILES,
    TOKENS,
    Case,
    all_cases,
)
from contenders import BOUND, OTHERS, Gpu, Launch, Libraries, Product
from cutlass import Cutlass
from driver import MAX_SHARED_BYTES, Driver, Kernel, KernelInfo, read_manifest
from failures import FAILED, Failures, Poisoned
from goals import by_turns, is_needed
from measured import CASES_LEFT, MeasuredFile, Mismatch
from roof import CHIPS, H200, Chip, compute_roof, measured_chip
from spatha import Spatha
from timing import Gpu as TimedGpu

#: Of our kernels, how many are measured after a short trial of all.
FINALISTS = 3


@dataclass(frozen=True)
class Row:
    """One line of the results.

    Attributes:
        case..window: the product (cases.Case).
        contender: "hinm", one of contenders.OTHERS, or, of kernels that store rows by
            an index, "hinm_rows" with an arbitrary order of rows and columns and
            "hinm_identity" with columns and rows as they come.
        kernel: which of our kernels; empty for others.
        median_us, best_us, p90_us: microseconds of one launch.
        error: relative, Frobenius, against f64.
        floor_us, bound: the roof of the case, and what makes it (roof.py).
        tensor_us..shared_us: all that the roof is made of.
        clock_mhz: of the SMs, while the case ran.
    """

    case: str
    rows: int
    columns: int
    tokens: int
    sparsity: float
    tile: int
    dtype: str
    window: int
    contender: str
    kernel: str
    median_us: float
    best_us: float
    p90_us: float
    error: float
    floor_us: float
    bound: str
    tensor_us: float
    hbm_us: float
    l2_us: float
    shared_us: float
    clock_mhz: int


class Kernels:
    """Those of a bundle, loaded when they are first asked for."""

    def __init__(self, driver: Driver, folder: Path) -> None:
        """Reads the manifest."""
        self.infos = read_manifest(folder)
        self.shared_bytes = driver.attribute("shared_bytes")
        self._driver, self._folder = driver, folder
        self._loaded: dict[str, Kernel] = {}

    def load(self, info: KernelInfo) -> Kernel:
        """One of them."""
        if info.file not in self._loaded:
            self._loaded[info.file] = self._driver.load(self._folder, info)
        return self._loaded[info.file]


def fitting(
    kernels: Iterable[KernelInfo], case: Case, shared_bytes: int = MAX_SHARED_BYTES,
    row_index: bool = False,
) -> Iterator[KernelInfo]:  # fmt: skip
    """Our kernels that make sense for a case, on a chip with so much shared memory.

    Either those that store rows by an index, or the others.
    """
    multiple = case.element.tokens
    for info in kernels:
        wide = info.schedule["tile_n"]
        if info.tile != case.tile or info.dtype != case.dtype:
            continue
        # X and Y lie as the libraries have them.
        if info.without or info.token_major or info.row_index != row_index:
            continue
        if wide > max(multiple, 2 * case.tokens) or (wide < 64 <= case.tokens):
            continue
        if info.window and (info.window, info.window_blocks) != (
            case.window, case.window_blocks
        ):  # fmt: skip
            continue
        # All of X in shared memory, where it fits.
        rows = case.columns if info.schedule.get("kernel") == "resident" else 0
        if rows * info.shared_bytes >= shared_bytes:
            continue
        yield info


_SAID: set[str] = set()


def say_once(text: str, case: Case) -> None:
    """Says what a library cannot do, with the first case of which that is so."""
    if text not in _SAID:
        _SAID.add(text)
        print(f"{text} ({case}, and perhaps others)", file=sys.stderr)


@dataclass(frozen=True)
class Tried:
    """One of our kernels that is right on a case.

    Attributes:
        info: which.
        launch: what was checked.
        error: relative, Frobenius, against f64.
        microseconds: the median of a short trial.
    """

    info: KernelInfo
    launch: Launch
    error: float
    microseconds: float


def check_ours(
    product: Product, kernels: Kernels, info: KernelInfo, failures: Failures
) -> tuple[Launch, float] | None:
    """The launch of a kernel and how far it is off; None if it is not to be used."""

    def launch_once() -> tuple[Launch, float]:
        try:
            launch = product.hinm(kernels.load(info))
        except torch.cuda.OutOfMemoryError as error:
            # No fault of the kernel.
            raise ValueError("the GPU has no room for its sums") from error
        return launch, product.error(launch, info.row_index)

    case = product.case
    try:
        checked = failures.attempt(info.name, launch_once, product.gpu.synchronize)
    except ValueError as error:
        # The lists of this case are not for it, or the case is too large.
        say_once(f"{info.name}: {error}", case)
        return None
    # Not "greater": a NaN is wrong.
    if checked and not checked[1] <= BOUND[case.element.output]:
        failures.add(info.name, f"off by {checked[1]:.1e} on {case}")
        return None
    return checked


def try_ours(
    product: Product, kernels: Kernels, row_index: bool, failures: Failures
) -> list[Tried]:
    """Our kernels that are right on a case, the fastest in a short trial first.

    All that are timed are checked before, as the tuner may pick any of them.
    """
    launches: dict[str, Launch] = {}
    found: dict[str, tuple[KernelInfo, float]] = {}
    for info in fitting(kernels.infos, product.case, kernels.shared_bytes, row_index):
        if info.name in failures:
            continue
        checked = check_ours(product, kernels, info, failures)
        if checked:
            launches[info.name] = checked[0]
            found[info.name] = info, checked[1]
    samples = product.gpu.measure(launches, 5)
    tried = [
        Tried(info, launches[name], error, statistics.median(samples[name]))
        for name, (info, error) in found.items()
    ]
    return sorted(tried, key=lambda one: one.microseconds)


def run_case(
    case: Case, kernels: Kernels, gpu: Gpu, libraries: Libraries, count: int,
    trials: dict[str, float], failures: Failures, chip: Chip,
) -> Iterator[Row]:  # fmt: skip
    """All contenders on one case; of our kernels the best after a short trial.

    The trial's medians go into `trials`, by kernel, and kernels that cannot be launched
    or whose results are wrong, which are not measured, into `failures`.
    """
    product = Product(case, gpu, libraries)
    launches: dict[tuple[str, str], Launch] = {}
    errors: dict[tuple[str, str], float] = {}
    tried = try_ours(product, kernels, row_index=False, failures=failures)
    trials.update({one.info.name: one.microseconds for one in tried})
    for one in tried[:FINALISTS]:
        launches["hinm", one.info.name] = one.launch
        errors["hinm", one.info.name] = one.error
    for one in try_ours(product, kernels, row_index=True, failures=failures)[:1]:
        launches["hinm_rows", one.info.name] = one.launch
        errors["hinm_rows", one.info.name] = one.error
        # The same kernel on another weight.
        launches["hinm_identity", one.info.name] = product.hinm(
            kernels.load(one.info), consecutive=True
        )
    for other in OTHERS:
        try:
            launch = getattr(product, other)()
            launch()
            gpu.synchronize()
            launches[other, ""] = launch
        except (RuntimeError, ValueError, AttributeError) as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            say_once(f"{other}: {reason}", case)
    clocks: list[int] = []
    measured = gpu.measure(launches, count, lambda: clocks.append(machine.sm_clock()))
    roof = compute_roof(case, chip)
    parts = (roof.floor, roof.tensor, roof.hbm, roof.l2, roof.shared)
    floor, *floors = (1e6 * part for part in parts)
    for (contender, kernel), samples in measured.items():
        yield Row(
            *astuple(case), contender, kernel, statistics.median(samples), min(samples),
            sorted(samples)[int(0.9 * len(samples))],
            errors.get((contender, kernel), float("nan")), floor, roof.bound, *floors,
            clocks[-1],
        )  # fmt: skip


def about(folder: Path, chip: Chip, gpu: str) -> dict[str, str]:
    """Where and when, and what the roof is of."""
    return {
        "date": datetime.datetime.now(datetime.UTC).isoformat("T", "minutes"),
        "gpu": gpu,
        "driver": machine.driver_version(),
        "clocks": machine.clock_limits(),
        "torch": torch.__version__,
        "python": platform.python_version(),
        "commit": json.loads((folder / "manifest.json").read_text())["commit"],
        "roof": f"{chip.name}; {chip.said()}",
    }


def parse(words: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument(
        "--trials", type=Path, help="times of all schedules, to tune by"
    )
    parser.add_argument(
        "--failed", type=Path,
        help=f"kernels to leave out, kept from call to call ({FAILED} beside --out)",
    )  # fmt: skip
    parser.add_argument("--spatha", type=Path, help="libspatha.so (peers/spatha.cu)")
    parser.add_argument(
        "--cutlass", type=Path, help="libcutlass_peer.so (peers/cutlass.cu)"
    )
    parser.add_argument(
        "--micro", type=Path, help="measured rates for the roof (micro_benchmarks.py)"
    )
    parser.add_argument("--shapes", nargs="+", choices=SHAPES)
    parser.add_argument("--tokens", type=int, nargs="+", default=list(TOKENS))
    parser.add_argument("--sparsities", type=float, nargs="+", default=list(SPARSITIES))
    parser.add_argument("--tiles", type=int, nargs="+", default=list(TILES))
    parser.add_argument(
        "--dtypes", nargs="+", default=["f16"], choices=list(ELEMENTS)
    )
    parser.add_argument("--window", type=int, default=0,
                        help="lists that go by windows of so many columns")  # fmt: skip
    parser.add_argument("--count", type=int, default=50, help="launches of each")
    parser.add_argument("--goals", action="store_true",
                        help="only the cases that goals are about")  # fmt: skip
    parser.add_argument("--minutes", type=float, default=float("inf"),
                        help="begin no case after so many")  # fmt: skip
    parser.add_argument("--resume", action="store_true",
                        help="go on with the cases that --out lacks")  # fmt: skip
    return parser.parse_args(words)


def run(
    arguments: argparse.Namespace, driver: Driver, gpu: Gpu, libraries: Libraries
) -> int:
    """Runs the cases that are asked for; the exit status.

    Raises:
        Mismatch: if the files to go on with are of another machine or commit.
        ValueError: if the measured rates are of another chip.
    """
    begin = time.monotonic()
    chip = CHIPS.get(gpu.name, H200)
    if arguments.micro:
        chip = measured_chip(arguments.micro, chip)
    kernels = Kernels(driver, arguments.bundle)
    head = about(arguments.bundle, chip, gpu.name)
    cases = by_turns(
        all_cases(
            arguments.shapes, tuple(arguments.tokens), tuple(arguments.sparsities),
            tuple(arguments.tiles), tuple(arguments.dtypes), arguments.window,
        )
    )  # fmt: skip
    columns = [field.name for field in fields(Row)]
    trial_columns = [field.name for field in fields(Case)]
    with (
        MeasuredFile(arguments.out, columns, head, arguments.resume) as results,
        MeasuredFile(
            arguments.trials, [*trial_columns, "kernel", "median_us"], head,
            arguments.resume,
        ) as trial_file,
    ):  # fmt: skip
        done = results.keys(len(trial_columns))
        failures = Failures(
            arguments.failed or arguments.out.with_name(FAILED), head["commit"]
        )
        left = [
            case
            for case in cases
            if tuple(map(str, astuple(case))) not in done
            and str(case) not in failures
            and (not arguments.goals or is_needed(case))
        ]
        for number, case in enumerate(left):
            if time.monotonic() - begin > 60 * arguments.minutes:
                print(f"{len(left) - number} of {len(cases)} cases are left: --resume")
                return CASES_LEFT
            trials: dict[str, float] = {}

            def measure(case: Case = case, trials: dict = trials) -> list[Row]:
                return list(
                    run_case(
                        case, kernels, gpu, libraries, arguments.count, trials,
                        failures, chip,
                    )
                )  # fmt: skip

            try:
                # Not marked: most of the time is that of a case, and who runs out of
                # time has not failed.
                rows = failures.attempt(
                    str(case), measure, gpu.synchronize, marked=False
                )
            except Poisoned as error:
                print(f"{error}: call again with --resume", file=sys.stderr)
                return CASES_LEFT
            if rows is None:
                continue
            # The results last: a case that has them has its trials, too.
            trial_file.write([[*astuple(case), *item] for item in trials.items()])
            results.write([list(astuple(row)) for row in rows])
    ours = [info.name for info in kernels.infos if info.dtype in arguments.dtypes]
    failed = failures.among([*ours, *map(str, cases)])
    if failed:
        print(f"{len(failed)} failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def main() -> int:
    """Runs on the GPU that is there."""
    arguments = parse()
    libraries = Libraries(
        Spatha(arguments.spatha) if arguments.spatha else None,
        Cutlass(arguments.cutlass) if arguments.cutlass else None,
    )
    try:
        return run(arguments, Driver(), TimedGpu(), libraries)
    except (Mismatch, ValueError) as error:
        print(f"bench_kernels: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    exit_status = main()
    sys.stdout.flush()
    sys.stderr.flush()
    # PyTorch may abort when it gives back what was in a broken context.
    os._exit(exit_status)
