"""Kernels of many schedules in one module, run on the emulator against exact sums.

All multiply one weight with one X. Both hold small numbers, so that every sum is exact
and no element of Y may differ; the epilogue (bias, residual, a limit) is exact, too.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
from numpy.typing import NDArray

from hinm.tools import find_tool
from odd_shapes import Problem
from packed import random_packed

Schedule = dict[str, int | str]

LLVM = Path(os.environ.get("HINM_LLVM_DIR", "/usr/lib/llvm-22"))
#: As numpy knows the types.
NUMPY = {
    "f16": np.float16, "bf16": ml_dtypes.bfloat16, "i8": np.int8,
    "f8E4M3FN": ml_dtypes.float8_e4m3fn, "f8E5M2": ml_dtypes.float8_e5m2,
    "f32": np.float32,
}  # fmt: skip
#: What sums are of.
SUMS = {dtype: "i32" if dtype == "i8" else "f32" for dtype in NUMPY}
#: What the limit of the epilogue is.
LEAST = -5.0
#: Compiling takes longer than running.
PASSES = (
    "builtin.module(hinm-select-kernels,"
    "one-shot-bufferize{bufferize-function-boundaries "
    "function-boundary-type-conversion=identity-layout-map},convert-linalg-to-loops,"
    "convert-hinm-to-gpu,hinm-attach-emulator-target{O=0},hinm-lower-gpu{chip=},"
    "convert-vector-to-llvm,gpu-to-llvm,gpu-module-to-binary,convert-cf-to-llvm,"
    "reconcile-unrealized-casts)"
)

COUNT = """
// The number of elements in which two matrices differ.
func.func private @count_{element}(%a: tensor<{y}>, %b: tensor<{y}>) -> i64 {{
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %n0 = tensor.dim %a, %c0 : tensor<{y}>
  %n1 = tensor.dim %a, %c1 : tensor<{y}>
  %zero = arith.constant 0 : i64
  %total = scf.for %i = %c0 to %n0 step %c1 iter_args(%s = %zero) -> i64 {{
    %row = scf.for %j = %c0 to %n1 step %c1 iter_args(%t = %s) -> i64 {{
      %x = tensor.extract %a[%i, %j] : tensor<{y}>
      %y = tensor.extract %b[%i, %j] : tensor<{y}>
      %ne = arith.cmpf une, %x, %y : {element}
      %one = arith.extui %ne : i1 to i64
      %u = arith.addi %t, %one : i64
      scf.yield %u : i64
    }}
    scf.yield %row : i64
  }}
  return %total : i64
}}
"""


class EmulationError(RuntimeError):
    """A module was not compiled, or its run ended with an error."""


@dataclass(frozen=True)
class _Operand:
    """An array with its name and element type in the module."""

    name: str
    array: NDArray[Any]
    element: str

    @property
    def type(self) -> str:
        """Of the tensor."""
        sizes = "x".join(map(str, self.array.shape))
        return f"tensor<{sizes}x{self.element}>"

    def constant(self) -> str:
        """The definition."""
        data = np.ascontiguousarray(self.array).tobytes().hex().upper()
        return f'  %{self.name} = arith.constant dense<"0x{data}"> : {self.type}'


def _operands(problem: Problem, seed: int) -> tuple[list[_Operand], NDArray]:
    """Operands of the layer, and Y."""
    case = problem.case
    packed = random_packed(case, seed, problem.kept_of)
    draw = np.random.default_rng(seed + 1)
    x = draw.integers(-4, 5, (case.columns, case.tokens))
    order = draw.permutation(case.rows).astype(np.int32)
    bias = draw.integers(-9, 10, case.rows).astype(np.float32)
    residual = draw.integers(-9, 10, (case.rows, case.tokens)).astype(np.float32)
    y = np.empty((case.rows, case.tokens))
    y[order] = packed.dense.astype(np.float64) @ x
    y = np.maximum(y + bias[:, None] - residual, LEAST)
    if problem.token_major:
        x, y, residual = x.T, y.T, residual.T
    element = NUMPY[case.dtype]
    return [
        _Operand("v", packed.values.astype(element), case.dtype),
        _Operand("m", packed.metadata, "i32"),
        _Operand("l", packed.columns, "i16"),
        _Operand("o", packed.tile_offsets, "i32"),
        _Operand("x", x.astype(element), case.dtype),
        _Operand("r", order, "i32"),
        _Operand("b", bias, "f32"),
        _Operand("e", residual, "f32"),
    ], y.astype(np.float32)  # fmt: skip


def module(problem: Problem, schedules: Sequence[Schedule], seed: int = 0) -> str:
    """A module whose `main` prints, for each schedule, how many elements are wrong."""
    case = problem.case
    operands, y = _operands(problem, seed)
    types = {operand.name: operand.type for operand in operands}
    # Bulk copies store 16 bits: for more there may be no room.
    results = {
        element: _Operand(f"expected_{element}", y.astype(NUMPY[element]), element)
        for element in ("f32", case.element.output)
        if element in NUMPY
    }
    window = f", window = {case.window}" if case.window else ""
    sums = SUMS[case.dtype]
    convert = "    %f = arith.sitofp %s : i32 to f32\n" if sums == "i32" else ""
    first = "%f" if convert else "%s"
    arguments = ", ".join(f"%{name}: {kind}" for name, kind in types.items())
    flags = ", token_major_input, token_major_output" if problem.token_major else ""
    given, kinds = ", ".join(f"%{name}" for name in types), ", ".join(types.values())
    # The product knows its list, of which slabs are made.
    (lists,) = (operand for operand in operands if operand.name == "l")
    listed = replace(lists, name="lists")
    inputs = {**types, "lists": listed.type}
    names = ("v", "m", "lists", "o", "x")
    functions, calls = [], []
    for number, schedule in enumerate(schedules):
        stored = case.element.output if schedule.get("stores") == "bulk" else "f32"
        expected = results[stored]
        result = "%3" if stored == "f32" else "%4"
        narrowed = f"    %4 = arith.truncf %3 : f32 to {stored}\n"
        body = ", ".join(f"{key} = {value}" for key, value in schedule.items())
        functions.append(f"""
func.func private @layer{number}({arguments}) -> {expected.type} {{
  %init = tensor.empty() : {expected.type}
{listed.constant()}
  %y = hinm.spmm as #hinm.packed<rows = {case.rows}, columns = {case.columns},
      tile = {case.tile}, {case.element.format}{window}>
    ins({", ".join("%" + name for name in names)} :
        {", ".join(inputs[name] for name in names)})
    row_index(%r : {types["r"]}) outs(%init : {expected.type})
    epilogue(%b, %e : {types["b"]}, {types["e"]}) {{
  ^bb0(%s: {sums}, %pb: f32, %pe: f32):
    %low = arith.constant {LEAST} : f32
{convert}    %1 = arith.addf {first}, %pb : f32
    %2 = arith.subf %1, %pe : f32
    %3 = arith.maximumf %2, %low : f32
{"" if stored == "f32" else narrowed}    hinm.yield {result} : {stored}
  }} {{schedule = #hinm.schedule<{body}>{flags}}} -> {expected.type}
  return %y : {expected.type}
}}""")
        calls.append(
            f"  %y{number} = func.call @layer{number}({given}) : ({kinds}) -> "
            f"{expected.type}\n"
            f"  %w{number} = func.call @count_{stored}(%y{number}, "
            f"%{expected.name}) : "
            f"({expected.type}, {expected.type}) -> i64\n"
            f"  vector.print %w{number} : i64"
        )
    constants = [operand.constant() for operand in (*operands, *results.values())]
    counts = [
        COUNT.format(y=result.type[len("tensor<") : -1], element=element)
        for element, result in results.items()
    ]
    return "\n".join(
        [*functions, *counts, "func.func @main() {", *constants, *calls,
         "  return", "}", ""]
    )  # fmt: skip


def _tool(command: Sequence[object], text: str) -> str:
    done = subprocess.run(
        [str(word) for word in command],
        input=text, capture_output=True, text=True, check=False,
        env={**os.environ, "HINM_DEVICE": "emulator"},
    )  # fmt: skip
    if done.returncode:
        raise EmulationError(done.stderr[:2000])
    return done.stdout


def wrong_elements(
    problem: Problem, schedules: Sequence[Schedule], seed: int = 0
) -> list[int]:
    """How many elements of Y are wrong with each schedule.

    Raises:
        EmulationError: if the module is not compiled, or a kernel does what is an
            error on the emulator.
    """
    optimizer = Path(find_tool("hinm-opt"))
    libraries = (
        optimizer.parents[1] / "lib" / "libhinm_runtime.so",
        LLVM / "lib" / "libmlir_runner_utils.so",
        LLVM / "lib" / "libmlir_c_runner_utils.so",
    )
    binary = _tool(
        [optimizer, f"--pass-pipeline={PASSES}"], module(problem, schedules, seed)
    )
    output = _tool(
        [find_tool("hinm-runner"), "-e", "main", "--entry-point-result=void",
         f"--shared-libs={','.join(map(str, libraries))}"],
        binary,
    )  # fmt: skip
    wrong = [int(word) for word in output.split()]
    if len(wrong) != len(schedules):
        raise EmulationError(f"{len(wrong)} results of {len(schedules)} schedules")
    return wrong
