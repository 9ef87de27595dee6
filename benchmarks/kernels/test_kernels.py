"""The kernel benchmark without a GPU: format, roof, bundles, launches, report."""

import ctypes
import shutil
import subprocess
from dataclasses import replace

import numpy as np
import pytest

import tune_kernels
from build_kernels import TURNED, schedules, slab_schedules
from cases import ELEMENTS, OUTPUT_BYTES, Case, all_cases
from cutlass import Cutlass
from driver import Driver, DriverError, Kernel, KernelInfo, MemRef
from emulated import NUMPY
from hinm.linalg_text import read_resources
from hinm.tools import find_tool
from packed import random_packed
from roof import (
    CACHED_TOKENS,
    H200,
    SHARED_BYTES,
    SHARED_ROWS,
    SHARED_TILE,
    compute_roof,
    weight_bytes,
)
from spatha import Spatha


def _constant(array, element):
    data = array.tobytes().hex().upper()
    return f'arith.constant dense<"0x{data}"> : tensor<{array.size}x{element}>'


@pytest.mark.parametrize("dtype", ELEMENTS)
@pytest.mark.parametrize(
    ("rows", "tile", "columns", "window", "kept"),
    [(128, 64, 200, 0, None), (70, 32, 200, 0, None), (40, 128, 200, 0, None),
     (70, 32, 384, 128, None), (70, 32, 200, 0, (140, 0, 68))],
)  # fmt: skip
def test_packed_weights_are_of_the_format(rows, tile, columns, window, kept, dtype):
    case = Case("random", rows, columns, 8, 0.75, tile, dtype, window)
    packed = random_packed(case, kept_of=kept)
    share = 0.25 if kept is None else 0.17
    assert np.count_nonzero(packed.dense) > 0.8 * share * packed.dense.size
    arrays = (
        (packed.values.astype(NUMPY[dtype]), dtype),
        (packed.metadata, "i32"),
        (packed.columns, "i16"),
        (packed.tile_offsets, "i32"),
    )
    types = ", ".join(f"tensor<{a.size}x{e}>" for a, e in arrays)
    lines = [f"  %{i} = {_constant(a, e)}" for i, (a, e) in enumerate(arrays)]
    element = ELEMENTS[dtype]
    text = "\n".join(
        [f"func.func @main() -> tensor<{rows}x{columns}x{dtype}> {{", *lines,
         f"  %w = hinm.unpack as #hinm.packed<rows = {rows}, columns = {columns}, "
         f"tile = {tile}, {element.format}> from (%0, %1, %2, %3) : {types} -> "
         f"tensor<{rows}x{columns}x{dtype}>",
         f"  return %w : tensor<{rows}x{columns}x{dtype}>", "}"]
    )  # fmt: skip
    done = subprocess.run(
        [find_tool("hinm-opt"), "--canonicalize"],
        input=text, capture_output=True, text=True, check=True,
    )  # fmt: skip
    # Floats that numpy has not are read as their bits.
    bits = f"xi{8 * element.size}>"
    (weight,) = read_resources(done.stdout.replace(f"x{dtype}>", bits)).values()
    assert np.array_equal(
        np.frombuffer(weight.tobytes(), NUMPY[dtype]).reshape(rows, columns),
        packed.dense,
    )
    if kept is None:
        assert weight_bytes(case) == sum(a.nbytes for a, _ in arrays[:3])


#: Bytes over bytes a second are no whole number.
ROUNDED = 1 + 1e-12


def _l2_bytes(case, schedule):
    """That a schedule reads, if all tiles list the same columns."""
    slabs = -(-case.tokens // schedule["tile_n"])
    blocks = -(-case.tiles * case.tile // schedule["tile_m"])
    listed = case.padded * case.tokens * case.element.size
    # The blocks of a cluster read weights and metadata once.
    clusters = -(-slabs // schedule.get("cluster", 1))
    lists = case.tiles * case.padded * 2
    return blocks * listed + slabs * lists + clusters * (weight_bytes(case) - lists)


@pytest.mark.parametrize("dtype", ELEMENTS)
@pytest.mark.parametrize("tile", [32, 64, 128, 256])
@pytest.mark.parametrize("tokens", [1, 64, 8192])
def test_no_schedule_is_below_the_roof(tokens, tile, dtype):
    case = Case("up", 11008, 4096, tokens, 0.5, tile, dtype)
    least = min(_l2_bytes(case, made) for made in schedules(tile, "", dtype))
    assert compute_roof(case, H200).l2 * H200.l2 <= least * ROUNDED
    case = replace(case, window=128)
    least = min(
        [
            least,
            *(_l2_bytes(case, made) for made, window, _ in slab_schedules(tile, dtype)
              if window == 128),
        ]
    )  # fmt: skip
    # Tiles that share X read no more of it than each by itself.
    roof = compute_roof(case, H200)
    assert roof.l2 * H200.l2 <= least * ROUNDED
    assert 2 * roof.shared > compute_roof(replace(case, window=0), H200).shared
    # As few rows of X as one tile lists, where all list the same.
    activations = (case.kept * case.element.size
                   + 11008 * OUTPUT_BYTES[case.element.output]) * tokens  # fmt: skip
    assert roof.hbm * H200.hbm == pytest.approx(weight_bytes(case) + activations)


def test_few_tokens_come_through_l1():
    few = Case("up", 11008, 4096, TURNED, 0.5, 32)
    assert CACHED_TOKENS == TURNED
    # Of 344 tiles, one for each of 132 processors.
    moved = 132 * 2 * 4096 * TURNED + weight_bytes(few)
    assert compute_roof(few, H200).l2 * H200.l2 == pytest.approx(moved)
    more = replace(few, tokens=TURNED + 8)
    moved = 344 * 2 * 4096 * (TURNED + 8) + weight_bytes(more)
    assert compute_roof(more, H200).l2 * H200.l2 == pytest.approx(moved)


def test_slabs_are_shared_by_as_many_rows_as_the_roof_has_it():
    made = [
        (schedule["tile_m"], tile, ELEMENTS[dtype].size)
        for dtype in ELEMENTS
        for tile in (32, 64, 128, 256)
        for schedule, _, _ in slab_schedules(tile, dtype)
    ]
    rows, tiles, sizes = (max(column) for column in zip(*made, strict=True))
    assert (rows, tiles, sizes) == (SHARED_ROWS, SHARED_TILE, SHARED_BYTES)


def test_the_roof_is_what_binds():
    decode = Case("decode", 4096, 4096, 8, 0.75, 128)
    roof = compute_roof(decode, H200)
    assert roof.bound == "hbm"
    # Of X half of the rows, of Y all.
    moved = weight_bytes(decode) + 2 * (2048 + 4096) * 8
    assert roof.hbm == pytest.approx(moved / 4.8e12)
    # A quarter of the weights, with metadata and lists, against all of them.
    assert 0.27 < weight_bytes(decode) / (2 * 4096 * 4096) < 0.30
    prefill = Case("prefill", 8192, 8192, 8192, 0.75, 128)
    roof = compute_roof(prefill, H200)
    # 2 · M · N · K kept flops at 1979 TFLOP/s.
    assert roof.tensor == pytest.approx(2 * 8192 * 8192 * 4096 / 1979e12, rel=0.01)
    assert roof.bound == "l2"
    # Bytes of X are half, and so is the time of their products; those of Y are twice.
    bytes_ = compute_roof(Case("prefill", 8192, 8192, 8192, 0.75, 128, "i8"), H200)
    assert bytes_.tensor == pytest.approx(roof.tensor / 2)
    assert 0.5 < bytes_.l2 / roof.l2 < 0.55
    assert bytes_.hbm > 0.9 * roof.hbm
    taller = compute_roof(Case("prefill", 8192, 8192, 8192, 0.75, 256), H200)
    assert taller.l2 < 0.65 * roof.l2


def test_cases_of_one_weight_follow_each_other():
    cases = list(all_cases(["bert-base-up"], tokens=(1, 8), tiles=(32, 64)))
    assert len(cases) == 2 * 5 * 2
    assert [case.tokens for case in cases[:4]] == [1, 8, 1, 8]
    assert cases[0].tile == cases[1].tile
    assert {case.kept for case in cases} == {768, 576, 384, 192, 96}


def test_cases_with_windows_are_those_of_whole_k_blocks():
    cases = list(all_cases(["bert-base-up"], tokens=(8,), tiles=(32,), window=128))
    assert [(case.kept, case.window_blocks) for case in cases] == [(768, 2), (384, 1)]
    assert Case("a", 64, 200, 8, 0.75, 32, "f16", 128).window_blocks == 0
    assert Case("a", 64, 256, 8, 0.75, 32).window_blocks == 0


def test_lists_go_by_windows():
    case = Case("a", 70, 512, 8, 0.75, 32, "f16", 128)
    lists = random_packed(case).columns.reshape(3, 4, 64)
    windows = np.broadcast_to(np.arange(4)[:, None], lists.shape)
    assert np.array_equal(lists // 128, windows)
    assert all(len(set(one)) == 64 for one in lists.reshape(12, 64))
    assert len({tuple(sorted(one)) for one in lists.reshape(12, 64)}) == 12


def _scheduled(driver, max_blocks=0, **schedule):
    sizes = {"tile_m": 64, "tile_n": 16, "tile_k": 64, "stages": 1,
             "warps_m": 2, "warps_n": 1}  # fmt: skip
    info = KernelInfo(
        "k", "k.cubin", "sm_90a", "f16", "f16", 128, False, {**sizes, **schedule},
        64, 32, 99, max_blocks,
    )  # fmt: skip
    return Kernel(driver, info, ctypes.c_void_p(1))


def test_splits_and_resident_rows():
    launched = []

    class Recorder:
        def allow_shared(self, _function, shared):
            launched.append(shared)

        def prepare(self, _function, grid, threads, shared, words):
            launch = (grid, threads, shared, len(words))
            return lambda stream: launched.append((*launch, stream))

    split = _scheduled(Recorder(), split_k=3)
    assert split.workspace(130, 24) == (4 * 2 * 3 * 64 * 16, 4 * 2)
    weight = [MemRef(0x1000, (64,))] * 4
    x, y = MemRef(0x2000, (4096, 24)), MemRef(0x3000, (130, 24))
    workspace = [MemRef(0x4000, (9,)), MemRef(0x5000, (9,))]
    split.prepare(weight, x, None, y, workspace)(7)
    # Six vectors of five words, two matrices of seven.
    assert launched == [((4, 2, 3), 64, 32, 6 * 5 + 2 * 7, 7)]
    launched.clear()
    resident = _scheduled(Recorder(), kernel="resident")
    assert resident.workspace(130, 24) == (0, 0)
    # Three tiles of 128 rows, two a block.
    sharing = _scheduled(Recorder(), kernel="slab", tile_m=256)
    assert sharing.grid(257, 24) == (2, 2, 1)
    persistent = _scheduled(Recorder(), 5, kernel="warp_specialized", tile_n=64)
    assert persistent.grid(130, 24) == (4, 1, 1)
    assert persistent.grid(130, 72) == (5, 1, 1)
    # Whole clusters, whose last blocks may have no tokens.
    pairs = _scheduled(Recorder(), 6, kernel="warp_specialized", tile_n=64, cluster=2)
    assert pairs.grid(64, 24) == (4, 1, 1)
    assert pairs.grid(130, 72) == (6, 1, 1)
    assert pairs.workspace(130, 72) == (0, 0)
    # All blocks, with two parts each and a count for each warp.
    shared = _scheduled(Recorder(), 5, kernel="warp_specialized", tile_n=64, stream_k=1)
    assert shared.grid(64, 24) == (5, 1, 1)
    assert shared.workspace(64, 24) == (5 * 2 * 64 * 64, 5 * 2)
    resident.prepare(weight, x, None, y)(0)
    assert launched == [4096 * 32, ((4, 2, 1), 64, 4096 * 32, 4 * 5 + 2 * 7, 0)]


def test_descriptors_are_those_of_mlir():
    assert MemRef(16, (3, 8)).arguments() == [16, 16, 0, 3, 8, 8, 1]
    assert MemRef(16, (5,)).arguments() == [16, 16, 0, 5, 1]


def test_errors_of_the_driver_are_said(tmp_path, fake_driver):
    driver = Driver(str(fake_driver))
    with pytest.raises(DriverError, match=r"cuLaunchKernel: .*\(1\)"):
        driver.launch(ctypes.c_void_p(1), (1, 1, 1), 2048, 0, 0, [])


def _kernel(name, tile_n):
    schedule = {"tile_m": 64, "tile_n": tile_n, "tile_k": 64, "stages": 3,
                "warps_m": 2, "warps_n": 2}  # fmt: skip
    return KernelInfo(
        name, "", "sm_90a", "f16", "f16", 64, False, schedule, 128, 0, 100
    )


def _trial(columns, tokens, kernel, time):
    return {"name": "a", "rows": "1024", "columns": str(columns), "tokens": str(tokens),
            "sparsity": "0.75", "tile": "64", "dtype": "f16", "kernel": kernel,
            "median_us": str(time)}  # fmt: skip


def test_tuner_takes_the_least_behind_of_a_class(check_table):
    kernels = {name: _kernel(name, n) for name, n in (("a", 32), ("b", 64), ("c", 16))}
    # a is best once and far behind once; b never best, never far behind; c fails to run
    # on one of the cases.
    trials = [
        _trial(512, 1024, "a", 10), _trial(512, 1024, "b", 11),
        _trial(512, 1024, "c", 10),
        _trial(768, 1024, "a", 20), _trial(768, 1024, "b", 10),
        _trial(512, 8, "a", 5), _trial(512, 8, "b", 9),
    ]  # fmt: skip
    entries = tune_kernels.pick(trials, kernels)
    assert [(e["tokens"], e["schedule"]["tile_n"]) for e in entries] == [
        ([0, 9], 32),
        ([513, 2049], 64),
    ]
    assert entries[1]["behind"] == pytest.approx(1.1**0.5, abs=1e-4)
    assert entries[1]["cases"] == 2
    # The compiler reads what the tuner writes.
    check_table(entries)


#: The functions of peers/cutlass.cu, which note what they are asked to do.
CUTLASS_PEER = """
#include <stdio.h>
#include <string.h>
static char notes[4096];
static void note(const char *what, long value) {
  sprintf(notes + strlen(notes), "%s %ld\\n", what, value);
}
const char *cutlass_notes(void) { return notes; }
int cutlass_configs(void) { return 3; }
const char *cutlass_name(int config) { return config ? "b" : "a"; }
void *cutlass_create(int rows, int columns, const void *dense) {
  note("create", rows);
  return rows % 32 ? 0 : (void *)((long)dense + 1);
}
void cutlass_destroy(void *weight) { note("destroy", (long)weight); }
void *cutlass_prepare(void *weight, int config, int tokens, const void *x, void *y) {
  note("prepare", config);
  return config == 2 || tokens > 64 ? 0 : (void *)(0x7f0000000000 + config);
}
int cutlass_launch(void *product, void *stream) {
  note("launch", (long)product & 15);
  return stream == 0;
}
void cutlass_release(void *product) { note("release", (long)product & 15); }
"""


def test_cutlass_frees_what_it_makes(tmp_path):
    source, library = tmp_path / "peer.c", tmp_path / "libpeer.so"
    source.write_text(CUTLASS_PEER)
    compiler = shutil.which("cc") or shutil.which("clang-22")
    subprocess.run([compiler, "-shared", "-fPIC", source, "-o", library], check=True)
    peer = Cutlass(library)
    notes = ctypes.CDLL(str(library)).cutlass_notes
    notes.restype = ctypes.c_char_p
    case = Case("a", 64, 128, 8, 0.5, 64)
    launches = peer.launches(case, 0x7F1000000000, 8, 0x10, 0x20, 0)
    assert list(launches) == ["cutlass-a", "cutlass-b"]
    launches["cutlass-b"]()
    # The same weight is made once; another takes its place.
    failing = peer.launches(case, 0x7F1000000000, 16, 0x10, 0x20, 1)
    with pytest.raises(RuntimeError, match="a was not launched"):
        failing["cutlass-a"]()
    with pytest.raises(ValueError, match="so many tokens"):
        peer.launches(case, 0x7F1000000000, 128, 0x10, 0x20, 0)
    with pytest.raises(ValueError, match="rows and columns"):
        peer.launches(replace(case, rows=40), 0x1, 8, 0x10, 0x20, 0)
    prepared = ["prepare 0", "prepare 1", "prepare 2"]
    assert notes().decode().splitlines() == [
        "create 64", *prepared, "launch 1", "release 0", "release 1",
        *prepared, "launch 0", "release 0", "release 1",
        *prepared, f"destroy {0x7F1000000001}", "create 40",
    ]  # fmt: skip
    for other in (replace(case, sparsity=0.75), replace(case, dtype="bf16")):
        with pytest.raises(ValueError, match="plain 2:4"):
            peer.launches(other, 0x1, 8, 0x10, 0x20, 0)


def test_sparsities_of_venom():
    groups = {}
    for sparsity in (0.5, 0.625, 0.75, 0.875, 0.9375):
        case = Case("a", 1024, 4096, 64, sparsity, 128)
        try:
            groups[sparsity] = Spatha.group(case)
        except ValueError:
            groups[sparsity] = None
    assert groups == {0.5: 4, 0.625: None, 0.75: 8, 0.875: 16, 0.9375: 32}
    with pytest.raises(ValueError, match="no V:2:M"):
        Spatha.group(Case("a", 1024, 4096, 64, 0.75, 128, "bf16"))
