"""Every schedule that the tuner may pick computes right, on the emulator.

A sample by default; all of them with HINM_SCHEDULES=all (minutes).
"""

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from build_kernels import schedules, slab_schedules
from cases import TILES
from hinm.tools import find_tool

CASE = Path(__file__).resolve().parents[2] / "test/Integration/Inputs/spmm_case.py"
LLVM = Path(os.environ.get("HINM_LLVM_DIR", "/usr/lib/llvm-22"))
LIBRARIES = (
    Path(find_tool("hinm-opt")).parents[1] / "lib" / "libhinm_runtime.so",
    LLVM / "lib" / "libmlir_runner_utils.so",
    LLVM / "lib" / "libmlir_c_runner_utils.so",
)
ALL = [(tile, schedule) for tile in TILES for schedule in schedules(tile)]
ALL += [(tile, *item) for tile in TILES for item in slab_schedules(tile)]


def _sample(kernel: str | None, count: int) -> list:
    fitting = [item for item in ALL if item[1].get("kernel") == kernel]
    return random.Random(0).sample(fitting, count)


CHOSEN = (
    ALL
    if os.environ.get("HINM_SCHEDULES") == "all"
    else _sample(None, 6) + _sample("resident", 3) + _sample("warp_specialized", 4)
    + _sample("slab", 3)
)
TO_NVVM = (
    "builtin.module(one-shot-bufferize{bufferize-function-boundaries "
    "function-boundary-type-conversion=identity-layout-map},convert-linalg-to-loops,"
    "convert-hinm-to-gpu,hinm-attach-emulator-target,hinm-lower-gpu{chip=})"
)
TO_BINARY = (
    "builtin.module(convert-vector-to-llvm,gpu-to-llvm,gpu-module-to-binary,"
    "convert-cf-to-llvm,reconcile-unrealized-casts)"
)


def _run(command, text, **environment):
    done = subprocess.run(
        [str(word) for word in command],
        input=text, capture_output=True, text=True, check=False,
        env={**os.environ, **environment},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[:2000]
    return done.stdout


def _values(schedule):
    """As spmm_case.py takes them."""
    given = ("tile_m", "tile_n", "stages", "warps_m", "warps_n")
    return ",".join(
        str(value)
        for value in (
            *(schedule[key] for key in given),
            schedule.get("prefetch", 0), schedule.get("split_k", 1),
            schedule.get("kernel", "multistage"),
        )
    )  # fmt: skip


def _name(item):
    words = (item[0], *_values(item[1]).split(","), *item[2:])
    return "-".join(map(str, words))


@pytest.mark.parametrize("item", CHOSEN, ids=_name)
def test_schedule(item):
    tile, schedule, *windows = item
    # A whole tile, one that keeps nothing and a short one; tokens that fill no block.
    rows, tokens = 2 * tile + tile // 2 + 3, schedule["tile_n"] + 8
    lists = ["--columns", 160, "--kept", "140,0,68"]
    if windows:
        window, blocks = windows
        lists = ["--columns", 3 * window, "--kept", 3 * 64 * blocks, "--window", window]
    case = _run(
        [sys.executable, CASE, "--rows", rows, *lists, "--tokens", tokens,
         "--tile", tile, "--row-index", "--epilogue", "--schedule", _values(schedule)],
        "",
    )  # fmt: skip
    lowered = _run([find_tool("hinm-opt"), f"--pass-pipeline={TO_NVVM}"], case)
    binary = _run([find_tool("hinm-opt"), f"--pass-pipeline={TO_BINARY}"], lowered)
    output = _run(
        [find_tool("hinm-runner"), "-e", "main", "--entry-point-result=void",
         f"--shared-libs={','.join(str(path) for path in LIBRARIES)}"],
        binary, HINM_DEVICE="emulator",
    )  # fmt: skip
    assert output.split() == ["0"]
