"""The micro-benchmarks' kernels on a model of the GPU, and the script around them.

micro/model/ptx.cuh has the instructions; the sources are compiled for the host. What
is expected must come out, and must not when an address is wrong.
"""

import ctypes
import json
import re
import shutil
import struct
import subprocess
from pathlib import Path

import pytest

import micro_benchmarks
from driver import Driver
from test_micro import SMALL

MICRO = Path(__file__).parent / "micro"
COMPILER = shutil.which("clang++-22")
pytestmark = pytest.mark.skipif(not COMPILER, reason="no clang++-22")


def _compile(folder, subject, replaced):
    """A library with run(name, blocks, threads, arguments) for a source's kernels."""
    for header in (MICRO / "ring.cuh", MICRO / "model" / "ptx.cuh"):
        (folder / header.name).write_text(header.read_text())
    text = (MICRO / f"{subject}.cu").read_text()
    for old, new in replaced:
        assert old in text, old
        text = text.replace(old, new)
    # Blocks run one after the other: what they share can be static.
    memory = re.findall(r"extern __shared__ .*uint4 (\w+)\[\]", text)
    text = text.replace("extern __shared__", "extern").replace("__shared__", "static")
    source = folder / f"{subject}.cpp"
    source.write_text(text)
    command = [COMPILER, "-std=c++17", "-O2", "-w", "-x", "c++", source]
    done = subprocess.run(
        [*command, "-E", "-P"], capture_output=True, text=True, check=True
    )
    kernels = re.findall(r'extern "C"\s+void\s+(\w+)\(', done.stdout)
    assert kernels
    name = memory[0] if memory else "ring"
    lines = [
        f"namespace {{ __align__(1024) uint4 {name}[sharedBytes / 16]; }}",
        'extern "C" int run(const char *name, unsigned blocks, unsigned threads,',
        "                   void **arguments) {",
        f"  char *begin = reinterpret_cast<char *>({name});",
        *(
            f'  if (!strcmp(name, "{kernel}"))\n    return launch({kernel}, blocks, '
            "threads, begin, arguments), 1;"
            for kernel in kernels
        ),
        "  return 0;",
        "}",
    ]
    with source.open("a") as stream:
        stream.write('#include "ptx.cuh"\n' + "\n".join(lines) + "\n")
    library = folder / f"{subject}.so"
    done = subprocess.run(
        [*command, "-shared", "-fPIC", "-o", library],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[:3000]
    return ctypes.CDLL(str(library))


class ModelDriver(Driver):
    """The fake driver, whose launches are done by the model."""

    def __init__(self, library, run_by):
        super().__init__(str(library))
        self.run_by, self.names = run_by, {}

    def function(self, module, name, shared_bytes):
        """Remembers the kernel's name."""
        function = super().function(module, name, shared_bytes)
        self.names[function.value] = name
        return function

    def launch(self, function, grid, threads, shared_bytes, stream, words):
        """Runs the kernel."""
        super().launch(function, grid, threads, shared_bytes, stream, words)
        storage = [
            ctypes.create_string_buffer(word, len(word))
            if isinstance(word, bytes)
            else ctypes.c_uint64(word)
            for word in words
        ]
        pointers = (ctypes.c_void_p * len(storage))(*map(ctypes.addressof, storage))
        name = self.names[function.value].encode()
        assert any(run.run(name, grid[0], threads, pointers) for run in self.run_by)

    def encode_tensor_map(self, pointer, shape, box):
        """As the model reads it, if the driver takes it."""
        super().encode_tensor_map(pointer, shape, box)
        return struct.pack("<5Q", pointer, *shape, *box).ljust(128, b"\0")


def _measure(tmp_path, monkeypatch, fake_driver, name, replaced=()):
    subjects = {
        "mma": ["mma_sp"], "wgmma": ["wgmma_sp"], "proxy": ["proxy_fence"],
        "gather": ["gather_cp_async", "gather_tma"],
        "stream": ["stream_bulk", "stream_loads"],
    }[name]  # fmt: skip
    libraries = [
        _compile(tmp_path, subject, [r[1:] for r in replaced if r[0] == subject])
        for subject in subjects
    ]
    (tmp_path / "x.cubin").write_bytes(b"none")
    micro = dict.fromkeys(subjects, "x.cubin")
    manifest = {"commit": "abc", "kernels": [], "micro": micro}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    monkeypatch.setattr(
        micro_benchmarks, "Driver", lambda: ModelDriver(fake_driver, libraries)
    )
    # One launch, a few iterations: the model is slow.
    flags = ["--iterations", "3", "--only", name]
    monkeypatch.setattr(
        "sys.argv",
        ["micro_benchmarks", str(tmp_path), "--out", str(tmp_path / "micro.json"),
         *SMALL, *flags],
    )  # fmt: skip
    code = micro_benchmarks.main()
    return code, json.loads((tmp_path / "micro.json").read_text())["results"]


@pytest.mark.parametrize("name", ["mma", "wgmma", "gather", "stream", "proxy"])
def test_kernels_do_what_is_counted(tmp_path, monkeypatch, fake_driver, name):
    code, results = _measure(tmp_path, monkeypatch, fake_driver, name)
    wrong = [result["kernel"] for result in results if result["right"] is False]
    assert (code, wrong) == (0, [])
    if name != "proxy":
        assert all(result["right"] and result["work"] > 0 for result in results)
        return
    found = {result["kernel"]: result for result in results}
    # The model has one proxy only: nothing but the missing wait is seen.
    assert found["proxy_fence_block_without"]["work"] == 0
    control = found["proxy_fence_control"]
    sums = control["parameters"]["sums"] * control["parameters"]["launches"]
    assert 0 < control["work"] <= sums


@pytest.mark.parametrize(
    ("name", "subject", "old", "new"),
    [
        ("mma", "mma_sp", "multiply<K, 1>", "multiply<K, 0>"),
        ("wgmma", "wgmma_sp", "imageB + 768", "imageB + 512"),
        ("wgmma", "wgmma_sp", "stageK * 128, 1024", "stageK * 64, 1024"),
        ("gather", "gather_cp_async", "chunk % 8 ^ row % 8", "chunk % 8"),
        ("gather", "gather_tma", "int iteration = Stages;",
         "int iteration = Stages + 1;"),
        ("stream", "stream_bulk", "chunk = blockIdx.x;", "chunk = blockIdx.x + 1;"),
        ("proxy", "proxy_fence", "image + 256", "image + 128"),
    ],
)  # fmt: skip
def test_mistakes_are_found(
    tmp_path, monkeypatch, fake_driver, name, subject, old, new
):  # fmt: skip
    code, results = _measure(
        tmp_path, monkeypatch, fake_driver, name, [(subject, old, new)]
    )
    wrong = {result["subject"] for result in results if result["right"] is False}
    assert (code, wrong) == (1, {subject})
