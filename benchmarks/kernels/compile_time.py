#!/usr/bin/env python3
"""Measure what it takes to compile one layer, from a packed product to machine code.

    PYTHONPATH=python python benchmarks/kernels/compile_time.py docs/results/kernels

Writes compile-time.csv and compile-time.md. Needs ptxas, and no GPU. The layer is a
`hinm.spmm` on tensors with a bias; it is chosen a schedule, lowered, compiled by LLVM
(hinm-opt, one process) and assembled by ptxas.
"""

from __future__ import annotations

import argparse
import csv
import datetime
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from build_kernels import OBJECT, ROOT, find_ptxas, ptxas_version, unescape
from cases import ELEMENTS, SHAPES, Case
from hinm import provenance
from hinm.tools import find_tool

#: What hinm-pipeline does with a packed layer, up to PTX.
PASSES = (
    "builtin.module(hinm-select-kernels{{{select}}},"
    "one-shot-bufferize{{bufferize-function-boundaries "
    "function-boundary-type-conversion=identity-layout-map}},"
    "convert-hinm-to-gpu{{chip={chip}}},hinm-lower-gpu{{chip={chip}}},"
    "convert-vector-to-llvm,gpu-to-llvm,gpu-module-to-binary{{format=isa}},"
    "convert-cf-to-llvm,reconcile-unrealized-casts)"
)
#: In the order of the table.
STAGES = ("parse", "select", "bufferize", "kernel", "lower", "host", "llvm", "ptxas")
#: Which of them a pass belongs to, as --mlir-timing names it.
STAGE_OF = {
    "Parser": "parse", "SelectKernels": "select", "OneShotBufferizePass": "bufferize",
    "ConvertHiNMToGPU": "kernel", "GpuModuleToBinaryPass": "llvm",
    "ConvertVectorToLLVMPass": "host", "GpuToLLVMConversionPass": "host",
    "ConvertControlFlowToLLVMPass": "host", "Output": "host",
}  # fmt: skip
#: A deep tile of each kind that the heuristic does not choose by itself, with V and the
#: window of the layer that it is for.
SCHEDULES = {
    "warp_specialized": (
        "kernel = warp_specialized, tile_m = 128, tile_n = 256, tile_k = 64, "
        "stages = 4, warps_m = 8, warps_n = 1", 128, 0,
    ),
    "slab": (
        "kernel = slab, tile_m = 256, tile_n = 128, tile_k = 64, stages = 4, "
        "warps_m = 4, warps_n = 2, prefetch = 1", 64, 128,
    ),
}  # fmt: skip

HEAD = """# Compile time of one layer

Written by `benchmarks/kernels/compile_time.py` on {date}, commit {commit}: {machine},
{ptxas}. Milliseconds, medians of {count} runs{beside}.

A packed layer with a bias is chosen a schedule and lowered to PTX by `hinm-opt`
(--mlir-timing), and assembled by ptxas. *kernel* is `convert-hinm-to-gpu`, *lower* what
makes NVVM of it, *host* the other side of the launch, *llvm* `gpu-module-to-binary` to
PTX. *start* is the rest of the two processes' time: libraries that are loaded, output.
*cpu* is what both had of a core, and says more than *total* where other work runs.
The weights are arguments here; what they cost is in
[compile](../compile/README.md). Only of the slab kernel the lists are constants, random
ones that go by windows of 128 columns: *select* searches places for its slabs.

"""


@dataclass(frozen=True)
class Layer:
    """What is compiled; `kernel` forces one of SCHEDULES."""

    case: Case
    kernel: str = ""


@dataclass(frozen=True)
class Time:
    """Milliseconds of a layer: those of STAGES, and in all.

    Attributes:
        case..dtype: the product.
        kernel: the name of the machine code.
        instructions: of the kernel in PTX.
        start_ms: what no stage accounts for.
        total_ms: of hinm-opt and ptxas.
        cpu_ms: that they had of a core.
    """

    case: str
    rows: int
    columns: int
    tokens: int
    tile: int
    dtype: str
    kernel: str
    instructions: int
    parse_ms: float
    select_ms: float
    bufferize_ms: float
    kernel_ms: float
    lower_ms: float
    host_ms: float
    llvm_ms: float
    ptxas_ms: float
    start_ms: float
    total_ms: float
    cpu_ms: float


def cpu_time() -> float:
    """Milliseconds that the processes that have ended had of a core."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1e3 * (usage.ru_utime + usage.ru_stime)


def layers() -> Iterator[Layer]:
    """Few and many tokens, every V and type, and the kernels of SCHEDULES."""
    for name in ("bert-base-up", "llama2-7b-up"):
        rows, columns = SHAPES[name]
        for tokens in (8, 4096):
            for tile in (64, 128, 256):
                yield Layer(Case(name, rows, columns, tokens, 0.75, tile))
    for dtype in ELEMENTS:
        if dtype != "f16":
            rows, columns = SHAPES["llama2-7b-up"]
            for tokens in (16, 4096):
                yield Layer(
                    Case("llama2-7b-up", rows, columns, tokens, 0.75, 128, dtype)
                )
    for kernel, (_, tile, window) in SCHEDULES.items():
        rows, columns = SHAPES["llama2-7b-up"]
        yield Layer(
            Case("llama2-7b-up", rows, columns, 4096, 0.75, tile, "f16", window), kernel
        )


def random_lists(case: Case) -> NDArray[np.uint16]:
    """Random columns of each window, another choice for each tile, in their order."""
    draw = np.random.default_rng(0)
    windows = case.tiles * case.windows
    ranks = draw.random((windows, case.window)).argsort(axis=1)
    listed = np.sort(ranks[:, : case.kept // case.windows], axis=1)
    first = case.window * (np.arange(windows) % case.windows)
    return (listed + first[:, None]).astype(np.uint16).reshape(-1)


def module(case: Case) -> str:
    """The layer as IR; of a case with a window its lists are a constant."""
    listed = case.tiles * case.padded
    slabs = -(-case.tile // 16)
    element = case.element
    sums, output = "i32" if case.dtype == "i8" else "f32", element.output
    units = listed // element.block * slabs
    types = {
        "v": f"tensor<{8 * element.block * units}x{case.dtype}>",
        "m": f"tensor<{32 * units}xi32>",
        "l": f"tensor<{listed}xi16>", "o": f"tensor<{case.tiles + 1}xi32>",
        "x": f"tensor<{case.columns}x{case.tokens}x{case.dtype}>",
    }  # fmt: skip
    arguments, constant, window = dict(types), "", ""
    if case.window:
        data = random_lists(case).tobytes().hex().upper()
        constant = f'\n  %l = arith.constant dense<"0x{data}"> : {arguments.pop("l")}'
        window = f", window = {case.window}"
    bias = f"tensor<{case.rows}x{sums}>"
    y = f"tensor<{case.rows}x{case.tokens}x{output}>"
    add = "arith.addi" if sums == "i32" else "arith.addf"
    rounded = "" if sums == output else f"\n    %z = arith.truncf %t : f32 to {output}"
    return f"""
func.func @layer({", ".join(f"%{n}: {t}" for n, t in arguments.items())}, %b: {bias})
    -> {y} {{{constant}
  %init = tensor.empty() : {y}
  %y = hinm.spmm as #hinm.packed<rows = {case.rows}, columns = {case.columns},
      tile = {case.tile}, {element.format}{window}>
    ins({", ".join(f"%{n}" for n in types)} : {", ".join(types.values())})
    outs(%init : {y})
    epilogue(%b : {bias}) {{
  ^bb0(%s: {sums}, %pb: {sums}):
    %t = {add} %s, %pb : {sums}{rounded}
    hinm.yield {"%z" if rounded else "%t"} : {output}
  }} -> {y}
  return %y : {y}
}}
"""


def stages_of(report: str) -> dict[str, float]:
    """Milliseconds by stage from --mlir-timing-display=tree in JSON.

    Raises:
        ValueError: if it is no such report.
    """
    try:
        passes = json.loads(report)
    except json.JSONDecodeError as error:
        raise ValueError(f"no report of --mlir-timing: {report[:200]}") from error
    found = dict.fromkeys(STAGES, 0.0)
    for one in passes:
        name = one["name"]
        if name in ("Total", "Rest", "root"):
            continue
        # What stands between the kernel and its machine code makes NVVM of it.
        found[STAGE_OF.get(name, "lower")] += 1e3 * one["wall"]["duration"]
    return found


def compile_once(layer: Layer, chip: str, folder: Path) -> Time:
    """Compiles a layer, and says what took how long.

    Raises:
        RuntimeError: with the message of what refused it.
    """
    case = layer.case
    select = f"chip={chip}"
    if layer.kernel:
        select += f' schedule="{SCHEDULES[layer.kernel][0]}"'
    source, lowered = folder / "layer.mlir", folder / "lowered.mlir"
    source.write_text(module(case))
    used, begin = cpu_time(), time.perf_counter()
    done = subprocess.run(
        [find_tool("hinm-opt"), source, "-o", lowered, "--mlir-timing",
         "--mlir-timing-display=tree", "--mlir-output-format=json",
         f"--pass-pipeline={PASSES.format(select=select, chip=chip)}"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    optimized = time.perf_counter()
    if done.returncode:
        raise RuntimeError(done.stderr[:2000])
    (text,) = OBJECT.findall(lowered.read_bytes())
    ptx = unescape(text).rstrip(b"\0")
    assembly = folder / "layer.ptx"
    assembly.write_bytes(ptx)
    before = time.perf_counter()
    assembled = subprocess.run(
        [find_ptxas(), f"-arch={chip}", assembly, "-o", folder / "layer.cubin"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    end = time.perf_counter()
    if assembled.returncode:
        raise RuntimeError(assembled.stderr[:2000])
    found = stages_of(done.stderr)
    found["ptxas"] = 1e3 * (end - before)
    total = 1e3 * (optimized - begin) + found["ptxas"]
    name = ptx.split(b".entry ")[1].split(b"(")[0].decode()
    return Time(
        case.name, case.rows, case.columns, case.tokens, case.tile, case.dtype, name,
        ptx.count(b";"), *(found[stage] for stage in STAGES),
        total - sum(found.values()), total, cpu_time() - used,
    )  # fmt: skip


def median(times: list[Time]) -> Time:
    """Of each number."""
    values = [[getattr(time, field.name) for time in times] for field in fields(Time)]
    return Time(
        *(statistics.median(v) if isinstance(v[0], float) else v[0] for v in values)
    )


def table(times: list[Time]) -> list[str]:
    """The times as rows of Markdown."""
    milliseconds = [field.name for field in fields(Time) if field.name[-3:] == "_ms"]
    head = ["layer", "N", "V", "dtype", "kernel", "PTX",
            *(name[:-3] for name in milliseconds)]  # fmt: skip
    lines = [head, ["---"] * len(head)]
    for one in times:
        kernel = one.kernel.split(f"_v{one.tile}_")[1]
        lines.append(
            [one.case, str(one.tokens), str(one.tile), one.dtype, f"`{kernel}`",
             str(one.instructions),
             *(f"{getattr(one, name):.0f}" for name in milliseconds)]
        )  # fmt: skip
    return [f"| {' | '.join(line)} |" for line in lines]


def main() -> int:
    """Measures and writes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--chip", default="sm_90a")
    parser.add_argument("--count", type=int, default=7, help="runs of each")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        made = [
            [compile_once(layer, arguments.chip, Path(folder)) for layer in layers()]
            for _ in range(arguments.count)
        ]
    times = [median(list(one)) for one in zip(*made, strict=True)]
    load = os.getloadavg()[0]
    about = {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "commit": provenance.commit(ROOT, dirty=True),
        "machine": f"{provenance.cpu()}, {os.cpu_count()} cores",
        "ptxas": ptxas_version(),
        "count": str(arguments.count),
        # One process at a time is ours.
        "beside": f"; other work ran beside (load {load:.1f})" if load > 1.5 else "",
        "python": platform.python_version(),
    }
    arguments.folder.mkdir(parents=True, exist_ok=True)
    with (arguments.folder / "compile-time.csv").open("w", newline="") as stream:
        known = {key: value for key, value in about.items() if value}
        stream.writelines(f"# {key}: {value}\n" for key, value in known.items())
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow([field.name for field in fields(Time)])
        for one in times:
            writer.writerow(
                [f"{v:.1f}" if isinstance(v, float) else v for v in vars(one).values()]
            )
    text = HEAD.format(**about) + "\n".join(table(times)) + "\n"
    (arguments.folder / "compile-time.md").write_text(text)
    worst = max(times, key=lambda one: one.total_ms)
    print(f"{len(times)} layers, at most {worst.total_ms:.0f} ms ({worst.kernel})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
