#!/usr/bin/env python3
"""Launch the kernels of a bundle on odd shapes and compare with f64: no PyTorch.

    python benchmarks/kernels/check_kernels.py .bundle            # all of them
    python benchmarks/kernels/check_kernels.py .bundle --classes  # one of each class

A class is all about a kernel but its sizes: its kind, its type, V, whether it is split,
whether it stores by an index, its window, how X and Y lie. Prints what is wrong, and
exits with 1 if anything is. sanitize_kernels.py runs it under compute-sanitizer.

--failed keeps what is wrong or fails, for bench_kernels.py and tune_kernels.py to leave
out, and is left out here, too. With it the exit status is 75 if a kernel broke the
context of CUDA: the next call goes on without that one.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from driver import (
    MAX_SHARED_BYTES,
    Arena,
    Driver,
    DriverError,
    Kernel,
    KernelInfo,
    read_manifest,
)
from elements import ROUNDING
from failures import FAILED, Failures, Poisoned
from measured import CASES_LEFT
from odd_shapes import SHAPES, odd_problem
from operands import Operands

#: What kernels of a class may differ in: their code is the same but for constants.
SIZES = ("tile_m", "tile_n", "tile_k", "stages", "warps_m", "warps_n", "prefetch")


def class_of(info: KernelInfo) -> tuple[object, ...]:
    """All about a kernel but its sizes, and how many blocks share a tile."""
    rest = {
        key: value > 1 if key == "split_k" else value
        for key, value in info.schedule.items()
        if key not in SIZES
    }
    rest = {"kernel": "multistage", "split_k": False, **rest}
    return (
        tuple(sorted(rest.items())), info.dtype, info.tile, info.row_index,
        info.window, info.window_blocks, info.token_major,
    )  # fmt: skip


def one_of_each_class(kernels: Iterable[KernelInfo]) -> list[KernelInfo]:
    """The first of each."""
    return list({class_of(info): info for info in reversed(list(kernels))}.values())


def check(driver: Driver, kernel: Kernel, shape: str) -> list[str]:
    """What is wrong with a kernel on one of SHAPES.

    Raises:
        DriverError: if it cannot be launched.
    """
    info = kernel.info
    problem = odd_problem(
        shape, info.schedule, info.tile, info.dtype, info.window, info.window_blocks
    )
    resident = info.schedule.get("kernel") == "resident"
    if resident and problem.case.columns * info.shared_bytes > MAX_SHARED_BYTES:
        return []
    with Arena(driver) as arena:
        operands = Operands(arena, problem)
        launch = operands.prepare(kernel)
        launch(0)
        return operands.faults(ROUNDING[info.output])


def check_shapes(
    driver: Driver, bundle: Path, info: KernelInfo, shapes: list[str],
    failures: Failures,
) -> int:  # fmt: skip
    """On how many of the shapes a kernel is wrong; what is wrong is printed and noted.

    Raises:
        Poisoned: if it broke the context.
    """
    name = info.name
    kernel = failures.attempt(
        name, lambda: driver.load(bundle, info), driver.synchronize
    )
    if kernel is None:
        return 1
    found: list[str] = []
    for shape in shapes:
        faults = failures.attempt(
            name, lambda shape=shape: check(driver, kernel, shape), driver.synchronize
        )
        if faults is None:
            return len(found) + 1
        for fault in faults:
            print(f"{name}: {shape}: {fault}", flush=True)
        if faults:
            found.append(f"{shape}: {faults[0]}")
    if found:
        failures.add(name, found[0])
    return len(found)


def main() -> int:
    """Checks the kernels that the flags ask for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--classes", action="store_true", help="one of each class")
    parser.add_argument("--tiles", type=int, nargs="+", help="V; all without it")
    parser.add_argument("--shapes", nargs="+", default=list(SHAPES), choices=SHAPES)
    parser.add_argument(
        "--failed", type=Path, help=f"what to leave out: {FAILED} of the results"
    )
    parser.add_argument("--driver", default="libcuda.so.1", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    kernels = [
        info
        for info in read_manifest(arguments.bundle)
        if not info.without
        and (not arguments.tiles or info.tile in arguments.tiles)
    ]
    if arguments.classes:
        kernels = one_of_each_class(kernels)
    commit = json.loads((arguments.bundle / "manifest.json").read_text())["commit"]
    failures = Failures(arguments.failed, commit)
    left_out = failures.among(info.name for info in kernels)
    for name in left_out:
        print(f"{name}: failed before", flush=True)
    begin, wrong = time.monotonic(), 0
    try:
        driver = Driver(arguments.driver)
        for info in kernels:
            if info.name not in failures:
                wrong += check_shapes(
                    driver, arguments.bundle, info, arguments.shapes, failures
                )
    except Poisoned as error:
        print(f"check_kernels: {error}", file=sys.stderr)
        return CASES_LEFT if arguments.failed else 1
    except (OSError, DriverError) as error:
        print(f"check_kernels: {error}", file=sys.stderr)
        return 1
    print(
        f"{len(kernels)} kernels on {len(arguments.shapes)} shapes, {wrong} faults, "
        f"{time.monotonic() - begin:.0f} s"
        + (f"; {len(left_out)} left out" if left_out else "")
    )
    return 1 if wrong or left_out else 0


if __name__ == "__main__":
    sys.exit(main())
