"""Fixtures: upstream's tools as an independent judge of what we export."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import pytest

LLVM = Path(os.environ.get("HINM_LLVM_DIR", "/usr/lib/llvm-22"))

#: Lowers linalg on tensors to LLVM with nothing but upstream passes.
_PIPELINE = ",".join(
    [
        "one-shot-bufferize{bufferize-function-boundaries "
        "function-boundary-type-conversion=identity-layout-map}",
        "func.func(convert-linalg-to-loops)",
        "expand-strided-metadata",
        "lower-affine",
        "convert-scf-to-cf",
        "convert-math-to-libm",
        "convert-math-to-llvm",
        "convert-arith-to-llvm",
        "convert-index-to-llvm",
        "finalize-memref-to-llvm",
        "convert-func-to-llvm",
        "convert-cf-to-llvm",
        "reconcile-unrealized-casts",
    ]
)


class Mlir:
    """Runs ``mlir-opt`` and ``mlir-runner`` of the installed LLVM 22."""

    def __init__(self, opt: str, runner: str) -> None:
        """Take the paths of both tools."""
        self._opt = opt
        self._runner = runner

    def opt(self, text: str, *options: str) -> str:
        """Return the module after ``mlir-opt options``; fails the test on an error."""
        result = subprocess.run(
            [self._opt, *options],
            input=text,
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, result.stderr
        return result.stdout

    def verify(self, text: str) -> None:
        """Check that the module parses, verifies and round-trips."""
        self.opt(text, "--verify-roundtrip")

    def run(self, text: str, x: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        """Return ``main(x)`` as compiled by upstream passes only, f32 of ``shape``."""
        sizes = "x".join(map(str, x.shape))
        out = "x".join(map(str, shape))
        blob = (b"\x04\0\0\0" + x.astype("<f4").tobytes()).hex()
        entry = f"""
  func.func private @printMemrefF32(memref<*xf32>)
  func.func @entry() {{
    %x = arith.constant dense_resource<test.x> : tensor<{sizes}xf32>
    %y = call @main(%x) : (tensor<{sizes}xf32>) -> tensor<{out}xf32>
    %m = bufferization.to_buffer %y : tensor<{out}xf32> to memref<{out}xf32>
    %u = memref.cast %m : memref<{out}xf32> to memref<*xf32>
    call @printMemrefF32(%u) : (memref<*xf32>) -> ()
    return
  }}
"""
        end = text.index("\n}\n")
        text = text[:end] + entry + text[end + 1 :]
        text = text.replace("builtin: {\n", f'builtin: {{\n test.x: "0x{blob}",\n', 1)
        lowered = self.opt(text, f"--pass-pipeline=builtin.module({_PIPELINE})")
        numbers = re.findall(
            r"-?(?:\d+\.?\d*(?:e[-+]?\d+)?|nan|inf)",
            self.jit(lowered).partition("data =")[2],
        )
        return np.array([float(n) for n in numbers]).reshape(shape)

    def jit(self, lowered: str) -> str:
        """Return what ``entry`` of a module in the LLVM dialect prints."""
        # The runner's JIT leaves a dump for perf behind, by default in $HOME.
        with tempfile.TemporaryDirectory() as dumps:
            result = self._jit(lowered, {**os.environ, "JITDUMPDIR": dumps})
        assert result.returncode == 0, result.stderr
        return result.stdout

    def _jit(
        self, lowered: str, environment: dict[str, str]
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [
                self._runner,
                "--entry-point-result=void",
                "-e",
                "entry",
                f"--shared-libs={LLVM}/lib/libmlir_runner_utils.so",
                f"--shared-libs={LLVM}/lib/libmlir_c_runner_utils.so",
            ],
            input=lowered,
            capture_output=True,
            text=True,
            check=False,
            env=environment,
        )


@pytest.fixture(scope="session")
def mlir() -> Mlir:
    opt = shutil.which("mlir-opt", path=str(LLVM / "bin"))
    runner = shutil.which("mlir-runner", path=str(LLVM / "bin"))
    if not opt or not runner:
        pytest.skip(f"no mlir-opt and mlir-runner under {LLVM}/bin (mlir-22-tools)")
    return Mlir(opt, runner)
