"""Checks that passes leave what a module's @main computes exactly as it was.

Usage: same_function.py HINM_OPT MLIR_RUNNER MLIR_LIB_DIR MODULE PASS...

@main takes one f32 tensor of rank 2 and returns one. A caller with an integer-valued
argument is added to the module; the result is printed before and after the passes,
both lowered by convert-hinm-to-linalg and upstream, and compared as text.
"""

import pathlib
import re
import subprocess
import sys

LOWERING = (
    "--convert-hinm-to-linalg --convert-elementwise-to-linalg "
    "--one-shot-bufferize=bufferize-function-boundaries --convert-linalg-to-loops "
    "--convert-scf-to-cf --expand-strided-metadata --lower-affine "
    "--convert-arith-to-llvm --finalize-memref-to-llvm --convert-func-to-llvm "
    "--convert-cf-to-llvm --reconcile-unrealized-casts"
).split()


def with_caller(text: str) -> str:
    """Return the module with a function that calls @main and prints the result."""
    match = re.search(
        r"@main\(%\w+: tensor<(\d+)x(\d+)xf32>\) -> (tensor<[^>]+>)", text
    )
    if not match:
        sys.exit("no @main(tensor<RxCxf32>) -> tensor in the module")
    rows, cols = int(match[1]), int(match[2])
    entries = [
        [f"{(7 * r + 3 * c) % 11 - 5}.0" for c in range(cols)] for r in range(rows)
    ]
    dense = ", ".join("[" + ", ".join(row) + "]" for row in entries)
    return f"""{text}
func.func private @printMemrefF32(tensor<*xf32>)
func.func @entry() {{
  %x = arith.constant dense<[{dense}]> : tensor<{rows}x{cols}xf32>
  %y = call @main(%x) : (tensor<{rows}x{cols}xf32>) -> {match[3]}
  %u = tensor.cast %y : {match[3]} to tensor<*xf32>
  call @printMemrefF32(%u) : (tensor<*xf32>) -> ()
  return
}}
"""


def run(command: list[str], text: str) -> str:
    """Run a tool on the text; end with its message when it fails."""
    done = subprocess.run(command, input=text, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stderr}")
    return done.stdout


def main() -> int:
    """Compare; return the exit status."""
    opt, runner, lib_dir, module, *passes = sys.argv[1:]
    libraries = [
        f"{lib_dir}/libmlir_{name}.so" for name in ("runner_utils", "c_runner_utils")
    ]
    text = with_caller(pathlib.Path(module).read_text())
    results = []
    for stage in ([], passes):
        lowered = run([opt, "-", *stage, *LOWERING], text)
        output = run(
            [
                runner,
                "-",
                "-e",
                "entry",
                "--entry-point-result=void",
                f"--shared-libs={','.join(libraries)}",
            ],
            lowered,
        )
        # The first line names an address.
        results.append(output.split("data =", 1)[1])
    if results[0] != results[1]:
        print(f"before:{results[0]}\nafter:{results[1]}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
