"""Bundles: what is built, how it is launched, and kernels that lack a stage."""

import itertools
import random
import re
import subprocess
from collections import Counter

import pytest

import build_kernels
from cases import TILES
from driver import Driver, MemRef, read_cubin, read_manifest
from hinm.tools import find_tool
from sass import count, disassemble, find_disassembler
from stages import STAGES, leave_out


@pytest.mark.usefixtures("ptxas")
def test_bundle_and_launch(tmp_path, fake_driver, monkeypatch, capfd):
    monkeypatch.setattr(
        "sys.argv",
        ["build_kernels", str(tmp_path), "--tiles", "64", "--dtypes", "f16",
         "--limit", "1"],
    )  # fmt: skip
    assert build_kernels.main() == 0
    written = capfd.readouterr()
    kernels = read_manifest(tmp_path)
    assert written.out.startswith(f"{len(kernels)} kernels")
    assert [(kernel.row_index, kernel.without) for kernel in kernels] == [
        (False, ""), (True, ""), *((False, stage) for stage in STAGES)
    ]  # fmt: skip
    assert all(read_cubin(tmp_path / k.file)[:4] == b"\x7fELF" for k in kernels)
    assert len({kernel.file for kernel in kernels}) == len(kernels)
    assert all(0 < kernel.registers <= 255 for kernel in kernels)
    driver = Driver(str(fake_driver))
    kernel = driver.load(tmp_path, kernels[0])
    weight = [MemRef(0x1000, (64,))] * 4
    launch = kernel.prepare(
        weight, MemRef(0x2000, (128, 24)), None, MemRef(0x3000, (130, 24))
    )
    launch(0)
    wide = kernels[0].schedule["tile_n"]
    assert kernel.grid(130, 24) == (3 * 64 // kernels[0].schedule["tile_m"],
                                    -(-24 // wide), 1)  # fmt: skip


@pytest.mark.parametrize("dtype", ["bf16", "i8", "f8E5M2"])
def test_launches_are_what_the_compiler_says(dtype):
    kinds = {}
    for schedule in build_kernels.schedules(128):
        kinds.setdefault(schedule.get("kernel"), []).append(schedule)
    assert set(kinds) == {None, "resident", "warp_specialized"}
    for kind, schedules in kinds.items():
        for schedule in random.Random(0).sample(schedules, 3):
            if not build_kernels.fits_type(schedule, dtype):
                continue
            text = build_kernels.module(128, dtype, schedule, False)
            done = subprocess.run(
                [find_tool("hinm-opt"), "--convert-hinm-to-gpu=chip=sm_90a",
                 "--canonicalize"],
                input=text, capture_output=True, text=True, check=True,
            )  # fmt: skip
            host = done.stdout[done.stdout.rindex("func.func @layer") :]
            size = re.search(r"dynamic_shared_memory_size %c(\d+)_i32", host)
            # All blocks are launched that share tiles.
            most = re.search(
                r"blocks in \(%c(\d+)," if schedule.get("stream_k")
                else r"arith\.minui %\w+, %c(\d+) : index", host,
            )  # fmt: skip
            assert build_kernels.max_blocks(schedule) == (
                int(most.group(1)) if most else 0
            )
            channels = 64 if kind == "resident" else 1
            given = channels * build_kernels.dynamic_shared_bytes(schedule, 0, dtype)
            assert given == (int(size.group(1)) if size else 0), schedule


@pytest.mark.parametrize("dtype", ["f16", "i8"])
def test_launches_of_slabs_are_what_the_compiler_says(dtype):
    for schedule, window, blocks in random.Random(0).sample(
        list(build_kernels.slab_schedules(64, dtype)), 4
    ):
        text = build_kernels.module(64, dtype, schedule, False, window, blocks)
        done = subprocess.run(
            [find_tool("hinm-opt"), "--convert-hinm-to-gpu=chip=sm_90a",
             "--canonicalize"],
            input=text, capture_output=True, text=True, check=True,
        )  # fmt: skip
        size = re.search(r"dynamic_shared_memory_size %c(\d+)_i32", done.stdout)
        places = build_kernels.slab_places(64, schedule, window, blocks)
        given = build_kernels.dynamic_shared_bytes(schedule, places, dtype)
        assert given == int(size.group(1)), schedule
    assert not list(build_kernels.slab_schedules(256))


@pytest.mark.usefixtures("ptxas")
def test_token_major_kernels(tmp_path, fake_driver):
    job = next(
        job
        for job in build_kernels.jobs([64], ["f16"], "sm_90a", few=True)
        if job.token_major
    )
    info = build_kernels.compile_kernel(
        tmp_path, 64, "f16", job.schedule, False, "sm_90a", token_major=True
    )
    assert info.name.endswith("_tokens_to_tokens")
    launched = []

    class Recorder(Driver):
        def prepare(self, function, grid, threads, shared, words):
            launched.append((grid, shared))

    kernel = Recorder(str(fake_driver)).load(tmp_path, info)
    weight = [MemRef(0x1000, (64,))] * 4
    x, y = MemRef(0x2000, (5, 256)), MemRef(0x3000, (5, 130))
    kernel.prepare(weight, x, None, y)
    assert launched == [(kernel.grid(130, 5), 256 * info.shared_bytes)]


def test_kernels_for_hopper_alone():
    def kinds(chip):
        return {s.get("kernel") for s in build_kernels.schedules(64, chip)}

    assert "warp_specialized" in kinds("sm_90a")
    assert "warp_specialized" not in kinds("sm_80")


@pytest.mark.usefixtures("ptxas")
def test_threads_are_those_of_the_assembly(tmp_path):
    schedule = next(
        s
        for s in build_kernels.schedules(128)
        if s.get("kernel") == "warp_specialized" and s["tile_m"] == 128
    )
    info = build_kernels.compile_kernel(tmp_path, 128, "f16", schedule, False, "sm_90a")
    assert info.threads == 32 * (8 + 4)


@pytest.mark.usefixtures("ptxas")
def test_kernels_that_ptxas_warns_of_are_left_out(tmp_path, monkeypatch):
    schedule = next(
        s for s in build_kernels.schedules(64) if s.get("kernel") == "warp_specialized"
    )
    arguments = tmp_path, 64, "f16", schedule, False, "sm_90a"
    build_kernels.compile_kernel(*arguments)
    whole = build_kernels.assembly

    def without_fences(*arguments):
        return re.sub(r".*wgmma\.fence.*\n", "", whole(*arguments))

    monkeypatch.setattr(build_kernels, "assembly", without_fences)
    with pytest.raises(build_kernels.BuildError, match="is injected"):
        build_kernels.compile_kernel(*arguments)


def test_types_of_8_bits_have_no_narrow_blocks():
    for dtype in ("i8", "f8E4M3FN", "f8E5M2"):
        made = list(build_kernels.schedules(64, "sm_90a", dtype))
        assert made
        assert all(s["tile_n"] // s["warps_n"] >= 16 for s in made)
        assert all(s.get("kernel") != "warp_specialized" for s in made)


def test_few_are_those_with_variants_and_those_unlike_them():
    few = list(build_kernels.jobs([64], ["f16"], "sm_90a", few=True))
    varying = list(build_kernels.varied(64, "f16", "sm_90a"))
    unlike = list(build_kernels.unlike(64, "f16", "sm_90a"))
    turned = [job for job in few if job.token_major]
    assert {job.schedule["tile_n"] for job in turned} == {8, 16}
    assert {job.schedule["kernel"] for job in turned} == {"resident"}
    assert len(few) == 2 * len(varying) + len(unlike) + len(turned)
    assert [job.row_index for job in few].count(True) == len(varying)
    assert not any(job.without for job in few)
    for key, values in (
        ("cluster", {1, 2, 4}), ("stream_k", {0, 1, 2}), ("split_k", {1, 4, 8}),
        ("stores", {"direct", "bulk"}),
    ):  # fmt: skip
        assert {s.get(key, build_kernels._whole({})[key]) for s in unlike} == values


def test_variants_are_of_every_kernel():
    for tile in TILES:
        found = list(build_kernels.varied(tile, "f16", "sm_90a"))
        kinds = Counter(s.get("kernel", "multistage") for s, _, _ in found)
        assert set(kinds) >= {"multistage", "resident"}
        assert ("warp_specialized" in kinds) == (tile >= 64)
        assert ("slab" in kinds) == (tile in build_kernels.SHARING_TILES)
        assert all(s["tile_m"] >= tile for s, _, _ in found if tile <= 128)


#: In a kernel without the stage there are none of these.
OPCODES = {
    "gather": ("LDGSTS",), "reads": ("LDSM",), "products": ("HMMA", "HGMMA"),
    "weights": ("LDG.E.128", "LDG.E.NA.128", "UBLKCP"), "stores": (),
}  # fmt: skip


def _opcodes(ptx, folder):
    source = folder / "kernel.ptx"
    source.write_text(ptx)
    subprocess.run(
        [build_kernels.find_ptxas(), "-arch=sm_90a", source, "-o", folder / "a.cubin"],
        check=True, capture_output=True,
    )  # fmt: skip
    (function,) = disassemble(find_disassembler(), folder / "a.cubin").values()
    return {
        opcode: count(list(function.instructions), opcode)
        for opcode in (*itertools.chain(*OPCODES.values()), "STG")
    }


@pytest.mark.usefixtures("ptxas")
@pytest.mark.parametrize("kind", build_kernels.VARIED)
def test_kernels_that_lack_a_stage_have_the_others(kind, tmp_path):
    if not find_disassembler():
        pytest.skip("no nvdisasm")
    schedule, window, blocks = next(
        item
        for item in build_kernels.varied(64, "f16", "sm_90a")
        if item[0].get("kernel", "multistage") == kind
    )
    ptx = build_kernels.assembly(64, "f16", schedule, False, "sm_90a", window, blocks)
    whole = _opcodes(ptx, tmp_path)
    for stage in STAGES:
        if kind == "warp_specialized" and stage == "reads":
            # The tensor core reads shared memory itself.
            with pytest.raises(ValueError, match="no ldmatrix"):
                leave_out(ptx, stage)
            continue
        found = _opcodes(leave_out(ptx, stage), tmp_path)
        for opcode in whole:
            gone = opcode in OPCODES[stage]
            assert found[opcode] == (0 if gone else whole[opcode]), (stage, opcode)
        assert stage == "stores" or any(whole[opcode] for opcode in OPCODES[stage])
        assert whole["STG"]


def test_stores_that_are_left_out_are_never_done(tmp_path):
    schedule, *_ = next(build_kernels.varied(32, "f16", "sm_90a"))
    ptx = build_kernels.assembly(32, "f16", schedule, False, "sm_90a")
    stores = re.findall(r"^.*st\.global.*$", leave_out(ptx, "stores"), re.MULTILINE)
    assert stores
    assert all(store.startswith("\t@%never st.global") for store in stores)


def test_kernels_that_cannot_lack_a_stage_are_refused():
    schedule, *_ = next(build_kernels.varied(32, "f16", "sm_90a"))
    split = build_kernels.assembly(
        32, "f16", {**schedule, "split_k": 4}, False, "sm_90a"
    )
    with pytest.raises(ValueError, match="split a tile's columns"):
        leave_out(split, "gather")
    with pytest.raises(ValueError, match="'sums' is none of gather, "):
        leave_out(".entry", "sums")
    with pytest.raises(ValueError, match="no cp.async.cg"):
        leave_out(".entry k() { ret; }".replace(".cg", ""), "gather")
