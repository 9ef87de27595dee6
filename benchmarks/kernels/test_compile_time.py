"""Compile times: what is compiled, and what its time is made of."""

import csv
import json

import numpy as np
import pytest

import compile_time
from cases import ELEMENTS, TILES
from compile_time import (
    STAGES,
    Time,
    layers,
    median,
    random_lists,
    stages_of,
    table,
)


def test_passes_are_summed_by_stage():
    def one(name, seconds, *passes):
        return {"wall": {"duration": seconds, "percentage": 1}, "name": name,
                "passes": list(passes)}  # fmt: skip

    report = [
        one("Parser", 0.001), one("SelectKernels", 0.002),
        one("'gpu.module' Pipeline", 0.010, one("Canonicalizer", 0.004)),
        one("LowerAffinePass", 0.005), one("GpuToLLVMConversionPass", 0.003),
        one("GpuModuleToBinaryPass", 0.1), one("Rest", 0.5), one("Total", 1),
    ]  # fmt: skip
    assert stages_of(json.dumps(report)) == pytest.approx(
        {"parse": 1, "select": 2, "bufferize": 0, "kernel": 0, "lower": 15, "host": 3,
         "llvm": 100, "ptxas": 0}
    )  # fmt: skip
    with pytest.raises(ValueError, match="no report of --mlir-timing: error"):
        stages_of("error")


def test_medians_are_of_each_number():
    def one(total):
        numbers = [float(total)] * (len(STAGES) + 3)
        return Time("a", 1, 2, 3, 64, "f16", "hinm_f16_v64_m64", 9, *numbers)

    middle = median([one(3), one(1), one(2)])
    assert (middle.kernel, middle.total_ms) == ("hinm_f16_v64_m64", 2.0)
    assert table([middle])[2].startswith("| a | 3 | 64 | f16 | `m64` | 9 | 2 | 2 |")


def test_layers_are_of_every_type_and_few_and_many_tokens():
    cases = [layer.case for layer in layers()]
    assert {case.dtype for case in cases} == set(ELEMENTS)
    assert {case.tile for case in cases} >= set(TILES) - {32}
    for dtype in ELEMENTS:
        tokens = [case.tokens for case in cases if case.dtype == dtype]
        assert min(tokens) <= 16 < max(tokens)


def test_lists_are_of_every_window():
    (case,) = [layer.case for layer in layers() if layer.kernel == "slab"]
    assert (case.tile, case.window, case.window_blocks) == (64, 128, 1)
    lists = random_lists(case).reshape(172, 32, 64).astype(int)
    assert (np.diff(lists, axis=2) > 0).all()
    assert np.array_equal(
        lists // 128, np.broadcast_to(np.arange(32)[:, None], lists.shape)
    )
    # Each is another one, and each column is in half of them.
    assert len(np.unique(lists % 128, axis=None)) == 128
    assert len(np.unique((lists % 128).reshape(-1, 64), axis=0)) == 172 * 32
    assert np.bincount((lists % 128).ravel()).max() < 0.55 * 172 * 32


@pytest.mark.usefixtures("ptxas")
def test_layers_are_compiled(tmp_path, monkeypatch, capfd):
    chosen = [
        layer
        for layer in layers()
        if layer.kernel or layer.case.dtype == "i8" and layer.case.tokens == 16
    ]
    monkeypatch.setattr(compile_time, "layers", lambda: chosen)
    monkeypatch.setattr("sys.argv", ["compile_time", str(tmp_path), "--count", "1"])
    assert compile_time.main() == 0
    lines = (tmp_path / "compile-time.csv").read_text().splitlines()
    rows = list(csv.DictReader(line for line in lines if line[0] != "#"))
    assert [row["dtype"] for row in rows] == ["i8", "f16", "f16"]
    for row in rows:
        times = {name: float(row[f"{name}_ms"]) for name in (*STAGES, "start", "total")}
        # Rounded to a tenth each.
        assert sum(times.values()) - times["total"] == pytest.approx(
            times["total"], abs=1
        )
        assert min(times["llvm"], times["ptxas"], float(row["cpu_ms"])) > 1
        assert int(row["instructions"]) > 100
    assert "warp_specialized" in rows[1]["kernel"]
    assert "slab" in rows[2]["kernel"]
    # The search for places in 43 × 32 slabs takes longer than any formula.
    assert float(rows[2]["select_ms"]) > 10 + float(rows[1]["select_ms"])
    text = (tmp_path / "compile-time.md").read_text()
    assert "medians of 1 runs" in text
    assert len([line for line in text.splitlines() if line.startswith("| llama")]) == 3
    assert "3 layers, at most" in capfd.readouterr().out
