"""Machine code: how it is read, and what the kernels' loops must hold."""

import contextlib
import json
from dataclasses import replace

import pytest

import build_kernels
import inspect_kernels
import sass
from driver import read_manifest

# Two loops, one within the other, with a wait that is moved behind the end, as ptxas
# does with loops that are seldom run; the outer one has a dense product.
LISTING = """
//--------------------- .text.kernel --------------------------
	.section	.text.kernel,"ax",@progbits
.text.kernel:
        /*0000*/                   LDC R1, c[0x0][0x28] ;
        /*0010*/              @!P2 BRA `(.L_x_3) ;
.L_x_1:
        /*0020*/                   HMMA.16816.F32 R4, R8, R12, R4 ;
.L_x_2:
        /*0030*/                   SYNCS.PHASECHK.TRANS64.TRYWAIT P0, [R2+URZ], R3 ;
        /*0040*/              @!P0 BRA `(.L_x_4) ;
.L_x_5:
        /*0050*/                   LDSM.16.MT88.4 R8, [R20] ;
        /*0060*/                   HMMA.SP.16832.F32 R8, R16, R32, R8, R51, 0x0 ;
        /*0068*/              @!PT LDS RZ, [RZ] ;
        /*0070*/                   IADD3 R2, R2, 0x1, RZ ;
        /*0080*/               @P1 BRA `(.L_x_2) ;
        /*0090*/               @P3 BRA `(.L_x_1) ;
.L_x_3:
        /*00a0*/                   EXIT ;
.L_x_4:
        /*00b0*/                   SYNCS.PHASECHK.TRANS64.TRYWAIT P0, [R2+URZ], R3 ;
        /*00c0*/              @!P0 BRA `(.L_x_4) ;
        /*00d0*/                   BRA `(.L_x_5) ;
.L_x_6:
        /*00e0*/                   BRA `(.L_x_6);
//--------------------- .nv.info --------------------------
"""


def test_loops_are_found_by_the_control_flow():
    (function,) = sass.parse(LISTING).values()
    assert function.name == "kernel"
    # The wait, the loop that it is in with what was moved, and the one around.
    assert sorted(len(loop) for loop in function.loops()) == [1, 4, 6]
    loop = function.innermost(("HMMA.SP",))
    assert sass.histogram(loop) == {
        "SYNCS": 2, "BRA": 4, "LDSM": 1, "HMMA": 1, "IADD3": 1
    }  # fmt: skip
    assert sass.count(function.innermost(("HMMA.16816",)), "HMMA") == 2
    assert function.innermost(("HGMMA",)) == []


def test_faults_are_found():
    (function,) = sass.parse(LISTING).values()
    assert inspect_kernels.find_faults(function, 1) == (
        "1 dense tensor-core instructions, as HMMA.16816.F32",
    )
    spilled = LISTING.replace("LDC R1, c[0x0][0x28]", "STL [R1+0x4], R7")
    straight = spilled.replace("HMMA.16816", "FADD").replace("HMMA.SP.16832", "FADD")
    (function,) = sass.parse(straight).values()
    assert inspect_kernels.find_faults(function, 0) == (
        "no sparse tensor-core instruction in a loop",
        "1 accesses to local memory",
    )


@pytest.fixture(scope="module")
def disassembler():
    found = sass.find_disassembler()
    if not found:
        pytest.skip("no nvdisasm")
    return found


@pytest.fixture(scope="module")
def micro(disassembler, tmp_path_factory):
    """The functions of all micro-benchmarks, by name."""
    if not build_kernels.find_nvcc():
        pytest.skip("no nvcc")
    folder = tmp_path_factory.mktemp("micro")
    functions = {}
    for file in build_kernels.compile_micro(folder, "sm_90a").values():
        functions |= sass.disassemble(disassembler, folder / file)
    return functions


@pytest.mark.parametrize(
    ("prefix", "opcode", "times"),
    [
        ("mma_sp_ordered_1x1", "HMMA.SP.16832.F32", 2),
        ("mma_sp_ordered_4x4", "HMMA.SP.16832.F32", 32),
        ("mma_sp_plain_2x4", "HMMA.SP.16832.F32", 16),
        ("mma_dense_4x4", "HMMA.16816.F32", 32),
        ("wgmma_sp_ss_64", "HGMMA.SP.64x64x32.F32", 16),
        ("wgmma_sp_rs_128", "HGMMA.SP.64x128x32.F32", 16),
        ("wgmma_sp_rs_256", "HGMMA.SP.64x256x32.F32", 16),
        ("wgmma_sp_ss_256", "HGMMA.SP.64x256x32.F32", 16),
        ("wgmma_dense_256", "HGMMA.64x256x16.F32", 16),
        ("gather_cp_async_64_s8", "LDGSTS.E.BYPASS.128", 2),
        ("gather_cp_async_192_s4", "LDGSTS.E.BYPASS.128", 6),
        ("gather_cp_async_256_s5", "LDGSTS.E.BYPASS.128", 8),
        ("gather_tma_64_s8_w2_b1", "UTMALDG.2D", 32),
        ("gather_tma_256_s5_w4_b1", "UTMALDG.2D", 64),
        ("gather_tma_256_s5_w4_b8", "UTMALDG.2D", 8),
        ("stream_bulk_8192_s8", "UBLKCP.S.G", 1),
        ("stream_loads_evict_first_8", "LDG.E.NA.128.CONSTANT", 8),
        ("proxy_fence_block_without", "HGMMA.SP.64x64x32.F32", 2),
    ],
)
def test_loops_hold_what_is_measured(micro, prefix, opcode, times):
    function = micro[prefix]
    # Nothing is hoisted out of the loop, left out, or done in registers of memory.
    loop = function.innermost((opcode,))
    assert sass.count(loop, opcode) == times
    assert sass.count(list(function.instructions), "LDL", "STL") == 0
    if opcode.startswith(("HMMA", "HGMMA")) and "proxy" not in prefix:
        others = set(sass.histogram(loop)) - {"HMMA", "HGMMA"}
        assert not others & {"LDG", "LDS", "LDSM", "STS", "STG", "MEMBAR"}
    if opcode.startswith("UTMALDG"):
        # No loop over the lanes around a copy.
        assert not [i for i in loop if i.opcode.startswith("BRA.U.ANY")]


def test_plain_metadata_is_the_same_machine_code(micro):
    # On sm_90a there is nothing to gain or to lose by ::ordered_metadata.
    def code(name):
        # Labels are numbered through the file.
        return [
            (i.opcode, "" if i.target else i.operands) for i in micro[name].instructions
        ]

    for tile in ("1x1", "4x4"):
        assert code(f"mma_sp_ordered_{tile}") == code(f"mma_sp_plain_{tile}")


def test_the_fence_is_where_it_is_asked_for(micro):
    def fences(name):
        loop = micro[f"proxy_fence_{name}"].innermost(("HGMMA",))
        return sass.count(loop, "FENCE.VIEW.ASYNC", "MEMBAR")

    assert fences("block_with") > 0
    assert fences("block_without") == 0
    assert fences("mbarrier_with") > 0
    assert fences("mbarrier_without") == 0
    # The control copies as the others do, and waits for nothing before the product.
    waits = {
        name: sass.count(micro[f"proxy_fence_{name}"].innermost(("HGMMA",)), "DEPBAR")
        for name in ("block_without", "control")
    }
    assert waits["control"] < waits["block_without"]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    """A few of our kernels, with tiles of several sizes."""
    try:
        build_kernels.find_ptxas()
    except SystemExit as error:
        pytest.skip(str(error))
    folder = tmp_path_factory.mktemp("bundle")
    kernels = []
    for schedule in list(build_kernels.schedules(128))[::40]:
        # Some spill, by the version of ptxas.
        with contextlib.suppress(build_kernels.BuildError):
            kernels.append(
                build_kernels.compile_kernel(
                    folder, 128, "f16", schedule, False, "sm_90a"
                )
            )
    assert len(kernels) > 5
    manifest = {
        "commit": "abc", "ptxas": build_kernels.ptxas_version(),
        "kernels": [vars(kernel) for kernel in kernels], "micro": {},
    }  # fmt: skip
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def test_kernels_are_of_sparse_products(disassembler, bundle, monkeypatch, capfd):
    table = bundle / "static.md"
    monkeypatch.setattr(
        "sys.argv", ["inspect_kernels", str(bundle), "--table", str(table)]
    )
    assert inspect_kernels.main() == 0
    kernels = read_manifest(bundle)
    assert capfd.readouterr().out == f"{len(kernels)} kernels, 0 with faults\n"
    text = table.read_text()
    assert "commit\nabc for sm_90a, assembled by ptxas" in text
    rows = [line for line in text.splitlines() if line.startswith("| f16")]
    assert len(rows) == len(kernels)
    for info in kernels:
        facts = inspect_kernels.inspect(disassembler, bundle, info)
        schedule = info.schedule
        steps = schedule["tile_k"] // 32
        if schedule.get("kernel") == "warp_specialized":
            # One instruction of a warpgroup has all tokens; others gather.
            assert facts.products == steps
            assert facts.counts["LDGSTS"] == facts.counts["LDSM"] == 0
            continue
        # A warp multiplies its 16-row slabs by its 8-token columns, in steps of 32.
        slabs = schedule["tile_m"] // schedule["warps_m"] // 16
        columns = schedule["tile_n"] // schedule["warps_n"] // 8
        assert facts.products % (slabs * columns * steps) == 0
        blocks = facts.products // (slabs * columns * steps)
        copied = schedule["tile_k"] * schedule["tile_n"] // 8
        if schedule.get("kernel") == "resident":
            # All of X lies there: nothing is copied while products are made.
            assert facts.counts["LDGSTS"] == 0
            assert info.shared_bytes >= 2 * schedule["tile_n"]
        else:
            assert facts.counts["LDGSTS"] * info.threads >= copied * blocks
            ring = schedule["stages"] * copied * 16
            assert max(facts.static_bytes, info.shared_bytes) >= ring


def test_kernels_that_are_not_there_are_said(disassembler, bundle):
    info = replace(read_manifest(bundle)[0], name="other")
    with pytest.raises(sass.DisassemblyError, match="has no kernel other"):
        inspect_kernels.inspect(disassembler, bundle, info)
    (bundle / "broken.cubin").write_bytes(b"no ELF")
    with pytest.raises(sass.DisassemblyError, match=r"broken\.cubin"):
        sass.disassemble(disassembler, bundle / "broken.cubin")
    with pytest.raises(sass.DisassemblyError, match="64-bit ELF"):
        sass.shared_bytes(b"no ELF", "x")
