"""Configuration of lit, the runner of the IR tests."""

import glob
import os
import shutil
import sys

import lit.formats
from lit.llvm import llvm_config
from lit.llvm.subst import ToolSubst

config.name = "hinm"
config.test_format = lit.formats.ShTest(not llvm_config.use_lit_shell)
config.suffixes = [".mlir", ".test"]
config.excludes = ["Inputs", "CMakeLists.txt", "lit.cfg.py", "python"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.join(config.hinm_obj_root, "test")

# An unused CHECK prefix or a variable that leaks between functions is an error.
config.environment["FILECHECK_OPTS"] = "-enable-var-scope --allow-unused-prefixes=false"

llvm_config.with_environment("PATH", config.hinm_tools_dir, append_path=True)
llvm_config.with_environment("PATH", config.llvm_tools_dir, append_path=True)

config.substitutions += [
    ("%hinm_plugin", os.path.join(config.hinm_lib_dir, "libHiNMPlugin.so")),
    ("%hinm_runtime", os.path.join(config.hinm_lib_dir, "libhinm_runtime.so")),
    ("%hinm_cmake_dir", os.path.join(config.hinm_lib_dir, "cmake", "hinm")),
    ("%mlir_lib_dir", config.llvm_shlib_dir),
    ("%python", sys.executable),
    ("%src", config.hinm_src_root),
]

# From hinm.spmm on tensors to NVVM kernels for the emulator, and on to a binary.
TO_NVVM = (
    "hinm-select-kernels,one-shot-bufferize{bufferize-function-boundaries "
    "function-boundary-type-conversion=identity-layout-map},convert-linalg-to-loops,"
    "convert-hinm-to-gpu,hinm-attach-emulator-target,hinm-lower-gpu{chip=}"
)
TO_BINARY = (
    "convert-vector-to-llvm,gpu-to-llvm,gpu-module-to-binary,convert-cf-to-llvm,"
    "reconcile-unrealized-casts"
)
RUNNER_LIBRARIES = ",".join(
    [os.path.join(config.hinm_lib_dir, "libhinm_runtime.so")]
    + [
        os.path.join(config.llvm_shlib_dir, f"libmlir_{name}.so")
        for name in ("runner_utils", "c_runner_utils")
    ]
)
config.substitutions += [
    ("%to_nvvm", f'--pass-pipeline="builtin.module({TO_NVVM})"'),
    ("%to_binary", f'--pass-pipeline="builtin.module({TO_BINARY})"'),
    (
        "%emulate",
        "env HINM_DEVICE=emulator hinm-runner -e main --entry-point-result=void "
        f"--shared-libs={RUNNER_LIBRARIES}",
    ),
]


def find_cuda_tool(name):
    """A tool of a CUDA toolkit, or of the PyPI package in the project's venv."""
    candidates = [os.environ.get(f"HINM_{name.upper()}"), shutil.which(name)]
    for root in (os.environ.get("CUDA_HOME"), "/usr/local/cuda"):
        if root:
            candidates.append(os.path.join(root, "bin", name))
    venv = os.path.join(config.hinm_src_root, ".venv", "lib", "python3*", "site-packages")
    candidates += sorted(glob.glob(os.path.join(venv, "nvidia", "**", "bin", name), recursive=True))
    return next((path for path in candidates if path and os.access(path, os.X_OK)), None)


ptxas = find_cuda_tool("ptxas")
if ptxas:
    config.available_features.add("ptxas")
    config.substitutions.append(("%ptxas", ptxas))
    # gpu-module-to-binary's toolkit= wants the folder above bin/.
    config.substitutions.append(("%cuda_toolkit", os.path.dirname(os.path.dirname(ptxas))))
nvdisasm = find_cuda_tool("nvdisasm")
if ptxas and nvdisasm:
    config.available_features.add("nvdisasm")
    config.substitutions.append(("%nvdisasm", nvdisasm))
if config.hinm_sanitizers:
    config.available_features.add("sanitizers")
    config.environment["ASAN_OPTIONS"] = config.hinm_asan_options

tools = [ToolSubst(name, unresolved="fatal") for name in ("hinm-opt", "mlir-opt", "mlir-runner")]
tools += [ToolSubst(name, unresolved="ignore") for name in ("hinm-run", "hinm-runner")]
llvm_config.use_default_substitutions()
llvm_config.add_tool_substitutions(tools, [config.hinm_tools_dir, config.llvm_tools_dir])
