"""Kernels that are launched on odd shapes, and the tools that watch them."""

import json
from dataclasses import replace

import ml_dtypes
import numpy as np
import pytest

import check_kernels
import fake_kernels
import sanitize_kernels
from cases import ELEMENTS
from driver import Arena, Driver, DriverError, Kernel, KernelInfo
from elements import ROUNDING, decode, encode, storage
from failures import FAILED, failed_kernels
from measured import CASES_LEFT
from odd_shapes import SHAPES, odd_problem
from operands import Operands

SCHEDULE = {"tile_m": 32, "tile_n": 16, "tile_k": 64, "stages": 3, "warps_m": 2,
            "warps_n": 1}  # fmt: skip


def _kernel(name, dtype="f16", row_index=False, **schedule):
    return KernelInfo(
        name, f"{name}.cubin", "sm_90a", dtype, ELEMENTS[dtype].output, 32, row_index,
        SCHEDULE | schedule, 64, 0, 99,
    )  # fmt: skip


class _Computing(Driver):
    """Memory on the host, and kernels that multiply there, or fail by their names."""

    broken = False

    def load(self, _folder, info):
        if info.name == "no_image":
            raise DriverError("cuModuleLoadData: device kernel image is invalid (200)")
        return Kernel(self, info, info)

    def synchronize(self):
        if self.broken:
            raise DriverError("cuStreamSynchronize: an illegal address (700)")

    def prepare(self, info, _grid, _threads, _shared, words):
        def launch(_stream):
            if info.name == "too_large":
                raise DriverError("cuLaunchKernel: too many resources (701)")
            self.broken |= info.name == "astray"
            fake_kernels.multiply(info, words, wrong=info.name == "wrong")

        return launch


@pytest.mark.parametrize("dtype", ["f8E4M3FN", "f8E5M2", "bf16"])
def test_elements_are_those_of_the_types(dtype):
    kind = {
        "bf16": ml_dtypes.bfloat16, "f8E4M3FN": ml_dtypes.float8_e4m3fn,
        "f8E5M2": ml_dtypes.float8_e5m2,
    }[dtype]  # fmt: skip
    count = 1 << 8 * np.dtype(kind).itemsize
    codes = np.arange(count).astype(storage(dtype))
    with np.errstate(invalid="ignore"):
        values = codes.view(kind).astype(np.float64)
    finite = np.isfinite(values)
    assert np.array_equal(decode(codes, dtype)[finite], values[finite])
    assert np.array_equal(encode(values[finite], dtype), codes[finite])
    assert not np.isfinite(decode(codes, dtype)[~finite]).any()
    with pytest.raises(ValueError, match=f"{dtype} does not hold"):
        encode(np.float64([1.0, 1.001]), dtype)


@pytest.mark.parametrize("dtype", ELEMENTS)
@pytest.mark.parametrize("shape", SHAPES)
def test_right_kernels_have_no_faults(dtype, shape, fake_driver, tmp_path):
    driver = _Computing(str(fake_driver))
    for info in (
        _kernel("plain", dtype), _kernel("indexed", dtype, row_index=True),
        _kernel("split", dtype, split_k=2),
    ):  # fmt: skip
        kernel = driver.load(tmp_path, info)
        assert check_kernels.check(driver, kernel, shape) == []
    wrong = driver.load(tmp_path, _kernel("wrong", dtype))
    (fault,) = check_kernels.check(driver, wrong, shape)
    assert "elements are wrong, the first at [0, 0]" in fault


def test_other_faults_are_found(fake_driver, tmp_path):
    driver = _Computing(str(fake_driver))
    problem = odd_problem("whole", SCHEDULE, 32, "f16")
    wrong = driver.load(tmp_path, _kernel("wrong", split_k=2))
    faults = check_kernels.check(driver, wrong, "whole")
    assert faults[1] == "the words of the split are not zero again"
    with Arena(driver) as arena:
        operands = Operands(arena, problem)
        kernel = driver.load(tmp_path, _kernel("plain"))
        launch = operands.prepare(kernel)
        (fault,) = operands.faults(ROUNDING["f16"])
        assert "512 of 512 elements are wrong" in fault
        launch(0)
        assert operands.faults(ROUNDING["f16"]) == []
        driver.copy_to(operands._memory + 4096 - 2, np.zeros(1, np.uint16))
        assert operands.faults(ROUNDING["f16"]) == ["2 bytes around Y are changed"]


def test_layouts_are_classes():
    plain = _kernel("plain")
    turned = replace(plain, name="turned", token_major=True)
    assert check_kernels.one_of_each_class([plain, turned]) == [turned, plain]


def _bundle(folder, kernels):
    manifest = {"commit": "abc", "kernels": [vars(kernel) for kernel in kernels]}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    for kernel in kernels:
        (folder / kernel.file).write_bytes(b"\x7fELF")
    return folder


def test_classes_and_exit_status(fake_driver, tmp_path, monkeypatch, capfd):
    bundle = _bundle(
        tmp_path,
        [_kernel("a"), _kernel("b", stages=4), _kernel("c", row_index=True),
         _kernel("d", split_k=2), _kernel("e", "i8")],
    )  # fmt: skip
    words = ["check_kernels", str(bundle), "--driver", str(fake_driver), "--classes"]
    monkeypatch.setattr("sys.argv", words)
    monkeypatch.setattr(check_kernels, "Driver", _Computing)
    assert check_kernels.main() == 0
    assert "4 kernels on 3 shapes, 0 faults" in capfd.readouterr().out
    # A driver that computes nothing leaves Y as it was.
    monkeypatch.setattr(check_kernels, "Driver", Driver)
    assert check_kernels.main() == 1
    written = capfd.readouterr().out
    assert "4 kernels on 3 shapes, 12 faults" in written
    assert "a: ragged: 1992 of 1992 elements are wrong" in written
    assert "b: " not in written
    monkeypatch.setattr("sys.argv", [*words[:2], "--driver", "libnone.so"])
    assert check_kernels.main() == 1
    assert "check_kernels: libnone.so" in capfd.readouterr().err


def test_what_fails_is_left_out(fake_driver, tmp_path, monkeypatch, capfd):
    names = ("no_image", "too_large", "wrong", "plain", "astray", "last")
    bundle = _bundle(tmp_path, [_kernel(name) for name in names])
    words = ["check_kernels", str(bundle), "--driver", str(fake_driver)]
    monkeypatch.setattr(check_kernels, "Driver", _Computing)

    def call(*more):
        monkeypatch.setattr("sys.argv", [*words, *more])
        return check_kernels.main(), *capfd.readouterr()

    # Nobody would remember it: the call is over.
    status, _, said = call()
    assert status == 1
    assert "astray broke the context of CUDA" in said
    failed = str(tmp_path / FAILED)
    status, printed, said = call("--failed", failed)
    assert status == CASES_LEFT
    assert "no_image: cuModuleLoadData" in said
    assert "too_large: cuLaunchKernel" in said
    assert printed.count("wrong: ") == 3
    notes = failed_kernels(tmp_path / FAILED, "abc")
    assert set(notes) == {"no_image", "too_large", "wrong", "astray"}
    assert notes["wrong"].startswith("ragged: ")
    status, printed, _ = call("--failed", failed)
    assert status == 1
    assert "astray: failed before" in printed
    assert "6 kernels on 3 shapes, 0 faults" in printed
    assert "; 4 left out" in printed


#: Runs the command that it is given, and says what the environment asks for.
SANITIZER = """#!/bin/sh
echo "$@" >> "$NOTES"
shift 4
"$@"
echo "========= $SUMMARY"
exit ${STATUS:-0}
"""


def test_tools_are_run_on_every_class(fake_driver, tmp_path, monkeypatch, capfd):
    tool, table = tmp_path / "compute-sanitizer", tmp_path / "table.md"
    tool.write_text(SANITIZER)
    tool.chmod(0o755)
    _bundle(tmp_path, [_kernel("a"), _kernel("b", stages=4), _kernel("e", "i8")])
    monkeypatch.setenv("HINM_COMPUTE_SANITIZER", str(tool))
    monkeypatch.setenv("NOTES", str(tmp_path / "notes"))
    monkeypatch.setenv("SUMMARY", "ERROR SUMMARY: 0 errors")
    monkeypatch.setattr(
        "sys.argv",
        ["sanitize_kernels", str(tmp_path), "--table", str(table),
         "--driver", str(fake_driver), "--shapes", "small"],
    )  # fmt: skip
    assert sanitize_kernels.main() == 0
    notes = (tmp_path / "notes").read_text().splitlines()
    assert [line.split()[1] for line in notes] == list(sanitize_kernels.TOOLS)
    assert all("--classes --driver" in line for line in notes)
    text = table.read_text()
    assert "(2 of 3)" in text
    assert "| memcheck | 0 | 2 kernels on 1 shapes, 2 faults" in text
    monkeypatch.setenv("SUMMARY", "RACECHECK SUMMARY: 3 hazards displayed")
    monkeypatch.setenv("STATUS", "99")
    assert sanitize_kernels.main() == 1
    assert "| racecheck | 3 | " in table.read_text()
    monkeypatch.setenv("SUMMARY", "killed")
    assert sanitize_kernels.main() == 1
    assert "| synccheck | no end | " in table.read_text()


def test_a_missing_sanitizer_is_said(tmp_path, monkeypatch, capfd):
    monkeypatch.setattr("sys.argv", ["sanitize_kernels", str(tmp_path)])
    monkeypatch.setattr(sanitize_kernels, "find_sanitizer", lambda: None)
    assert sanitize_kernels.main() == 1
    assert "no compute-sanitizer: install" in capfd.readouterr().err
