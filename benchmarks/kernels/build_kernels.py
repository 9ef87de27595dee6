#!/usr/bin/env python3
"""Compile kernels for the benchmark: a folder of cubins that needs only a driver.

    PYTHONPATH=python python benchmarks/kernels/build_kernels.py .bundle --chip=sm_90a

Every schedule of SCHEDULES is compiled by hinm-opt and assembled by ptxas (on the PATH,
or $HINM_PTXAS). A kernel that spills registers, or of which ptxas warns, is left out,
and said so. Of some there are variants, that store rows by an index or that lack a
stage. Where there is an nvcc (on the PATH, or $HINM_NVCC), the micro-benchmarks of
micro/*.cu come along.
"""

from __future__ import annotations

import argparse
import gzip
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from cases import ELEMENTS, OUTPUT_BYTES, TILES
from driver import MAX_SHARED_BYTES, KernelInfo
from hinm import provenance
from hinm.tools import ToolError, find_cuda_toolkit, find_tool
from slabs import count_places
from stages import STAGES, leave_out

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from extract_ptx import OBJECT, unescape  # noqa: E402

#: The sources of the micro-benchmarks, with the least compute capability for each.
#: wgmma is of sm_90a alone.
MICRO = {
    "mma_sp": 80, "gather_cp_async": 80, "stream_loads": 80, "gather_tma": 90,
    "stream_bulk": 90, "wgmma_sp": "sm_90a", "proxy_fence": "sm_90a",
}  # fmt: skip
#: What ptxas says of code that it changes, or makes slower than was meant.
WARNING = re.compile(r"^ptxas (?:.*warning *:|info *: \(C\d+\)) *(.*)$", re.MULTILINE)
#: Columns of a k-block of 16-bit types; `schedules` has those of others.
BLOCK = ELEMENTS["f16"].block
#: Of the largest sm_90a, and those among them for clusters of four, which lie in one
#: group of processors.
PROCESSORS, PROCESSORS_BY_FOUR = 132, 120
#: Accumulators of a thread beyond which there is no room for operands.
MAX_ACCUMULATORS = 128
#: Windows of the slab kernel, with the k-blocks of each, and V for which it is.
WINDOWS = ((128, 1), (256, 1), (256, 2), (512, 1))
SHARING_TILES = (32, 64, 128)
#: Of each V: by kernel, blocks of so many tokens of which there are variants, too.
VARIED = {
    "multistage": (8, 16, 64, 128, 256),
    "resident": (8, 16, 64),
    "slab": (64, 128),
    "warp_specialized": (64, 128, 256),
}
#: Registers of a processor, and of a thread beside its sums: more of 8-bit floats,
#: whose products ptxas expands.
REGISTERS, BESIDE_SUMS, EXPANDED = 65536, 80, 200
#: Tokens up to which kernels are chosen that read a token-major X and write such a Y.
TURNED = 16
#: What they may have that is not as in the plainest schedule.
PLAIN = ("kernel", "prefetch", "weights")
#: Thread blocks that share the kept columns of a tile, for few tokens.
SPLITS = (1, 4, 8)
#: How blocks that go on to further tiles share weights, and the last tiles, and how
#: they store.
SHARINGS: tuple[dict[str, int | str], ...] = (
    {"cluster": 2}, {"cluster": 4}, {"stream_k": 1}, {"stream_k": 2},
    {"cluster": 2, "stream_k": 1}, {"cluster": 2, "stream_k": 2},
    {"stores": "bulk"}, {"cluster": 2, "stores": "bulk"},
    {"stream_k": 1, "stores": "bulk"},
)  # fmt: skip


def _warps(tile_m: int, tile_n: int) -> Iterator[dict[str, int]]:
    """How warps may divide a block of Y."""
    for warps_m in (1, 2, 4, 8):
        for warps_n in (1, 2, 4):
            slab, wide = tile_m // warps_m, tile_n // warps_n
            warps = warps_m * warps_n
            if slab not in (16, 32, 64) or wide < 8 or warps > 16:
                continue
            # Of a warp, more than one product for each load.
            if wide > 64 or slab * wide // 32 > MAX_ACCUMULATORS:
                continue
            if tile_n >= 64 and warps < 4:
                continue
            yield {"warps_m": warps_m, "warps_n": warps_n}


def _few(tile: int) -> Iterator[dict[str, int | str]]:
    """For few tokens, when reading the weights takes the time."""
    for tile_n in (8, 16, 32, 64):
        sizes = {"tile_m": tile, "tile_n": tile_n, "tile_k": BLOCK}
        for warps in _warps(tile, tile_n):
            if warps["warps_n"] > max(tile_n // 32, 1) or warps["warps_m"] * 16 < 32:
                continue
            for split in SPLITS:
                for stages, prefetch in ((4, 1), (4, 2), (6, 2)):
                    yield {
                        **sizes, "stages": stages, **warps, "prefetch": prefetch,
                        "split_k": split, "weights": "streamed",
                    }  # fmt: skip
                # To tell what streaming gains.
                yield {
                    **sizes, "stages": 4, **warps, "prefetch": 2, "split_k": split,
                }  # fmt: skip
                if split < max(SPLITS):
                    yield {
                        "kernel": "resident", **sizes, "stages": 1, **warps,
                        "prefetch": 3, "split_k": split, "weights": "streamed",
                    }  # fmt: skip


def _many(tile: int) -> Iterator[dict[str, int | str]]:
    """For many tokens."""
    for tile_m in (32, 64, 128, 256):
        if tile_m > tile:
            continue
        for tile_n in (64, 128, 256):
            for warps in _warps(tile_m, tile_n):
                for stages in (3, 4, 6):
                    if stages * BLOCK * tile_n * 2 > MAX_SHARED_BYTES:
                        continue
                    for prefetch in (0, 1):
                        yield {
                            "tile_m": tile_m, "tile_n": tile_n, "tile_k": BLOCK,
                            "stages": stages, **warps, "prefetch": prefetch,
                        }  # fmt: skip


def _hopper(tile: int) -> Iterator[dict[str, int | str]]:
    """For many tokens, with the wgmma of sm_90a."""
    for tile_m in (64, 128, 256):
        for tile_n in (64, 128, 256):
            if tile_m > tile or tile_m * tile_n > 128 * 256:
                continue
            sizes = {
                "kernel": "warp_specialized", "tile_m": tile_m, "tile_n": tile_n,
                "tile_k": BLOCK, "warps_m": tile_m // 16, "warps_n": 1,
            }  # fmt: skip
            rings = [
                schedule
                for stages in (3, 4, 5, 6)
                if dynamic_shared_bytes(schedule := {**sizes, "stages": stages})
                <= MAX_SHARED_BYTES
            ]
            yield from rings
            # With the deepest ring alone, lest there are too many.
            for sharing in SHARINGS:
                yield [
                    shared
                    for ring in rings
                    if dynamic_shared_bytes(shared := {**ring, **sharing})
                    <= MAX_SHARED_BYTES
                ][-1]


def fits_type(schedule: dict[str, int | str], dtype: str) -> bool:
    """Whether there is a kernel with such a schedule for the type."""
    size, kernel = ELEMENTS[dtype].size, schedule.get("kernel", "multistage")
    if kernel == "warp_specialized":
        return size == 2
    # What ldmatrix reads, which splits elements of 32 bits.
    if kernel == "slab" and size > 2:
        return False
    # What ldmatrix transposes, in elements of two bytes; a fragment at least.
    return schedule["tile_n"] // schedule["warps_n"] >= max(16 // size, 8)


def slab_schedules(
    tile: int, dtype: str = "f16"
) -> Iterator[tuple[dict[str, int | str], int, int]]:
    """For many tokens and lists by windows: the window too, and its k-blocks."""
    if tile not in SHARING_TILES:
        return
    blocks_m = (128, 256, 512) if tile < 128 else (256, 512)
    for tile_m, tile_n, warps_n in itertools.product(blocks_m, (64, 128), (1, 2)):
        wide = tile_n // warps_n
        for rows in (32, 64):
            warps_m = tile_m // rows
            if tile % rows or wide > 64 or not 4 <= warps_m * warps_n <= 16:
                continue
            for (window, blocks), stages in itertools.product(WINDOWS, (2, 3, 4)):
                for prefetch in (0, 1):
                    schedule = {
                        "kernel": "slab", "tile_m": tile_m, "tile_n": tile_n,
                        "tile_k": BLOCK, "stages": stages, "warps_m": warps_m,
                        "warps_n": warps_n, "prefetch": prefetch,
                    }  # fmt: skip
                    places = slab_places(tile, schedule, window, blocks)
                    room = dynamic_shared_bytes(schedule, places, dtype)
                    if room <= MAX_SHARED_BYTES and fits_type(schedule, dtype):
                        yield schedule, window, blocks


def schedules(
    tile: int, chip: str = "", dtype: str = "f16"
) -> Iterator[dict[str, int | str]]:
    """All schedules worth timing for tiles of V rows; without a chip those of any.

    Those of any lists: the others are slab_schedules.
    """
    # Few and many tokens have some in common.
    made = [*_few(tile), *_many(tile)]
    block = ELEMENTS[dtype].block
    if chip in ("", "sm_90a"):
        made += _hopper(tile)
    yield from {
        tuple(sorted(_whole(schedule).items())): {**schedule, "tile_k": block}
        for schedule in made
        if fits_type(schedule, dtype)
    }.values()


def _whole(schedule: dict[str, int | str]) -> dict[str, int | str]:
    """With the parameters that may be left out."""
    return {"kernel": "multistage", "prefetch": 0, "split_k": 1, "cluster": 1,
            "stream_k": 0, "weights": "cached", "stores": "direct",
            **schedule}  # fmt: skip


def slab_places(
    tile: int, schedule: dict[str, int | str], window: int, blocks: int
) -> int:
    """Places of the slabs of a kernel; 0 if it has none."""
    if schedule.get("kernel") != "slab":
        return 0
    tiles = max(schedule["tile_m"] // tile, 1)
    return count_places(window, blocks * BLOCK, tiles)


def dynamic_shared_bytes(
    schedule: dict[str, int | str], places: int = 0, dtype: str = "f16"
) -> int:
    """Shared memory to give a kernel at its launch; the resident one for a channel."""
    row = schedule["tile_n"] * ELEMENTS[dtype].size
    kernel = schedule.get("kernel", "multistage")
    if kernel == "resident":
        return row
    if kernel == "slab":
        return schedule["stages"] * places * row
    ring = schedule["stages"] * schedule["tile_k"] * row
    if kernel == "warp_specialized":
        # Values and metadata, two barriers a stage; how the work is divided; eight rows
        # of a warp on their way out; what aligns the ring.
        room = ring + schedule["stages"] * (schedule["tile_m"] * 72 + 16)
        room += 48 if schedule.get("stream_k") else 0
        if schedule.get("stores") == "bulk":
            size = OUTPUT_BYTES[ELEMENTS[dtype].output]
            room += schedule["warps_m"] * 8 * (schedule["tile_n"] + 8) * size
        return room + 1024
    # More than may be declared.
    return ring if ring > 48 * 1024 else 0


def max_blocks(schedule: dict[str, int | str]) -> int:
    """Blocks to launch at most, as they go on to further tiles; 0: one a tile."""
    if schedule.get("kernel") != "warp_specialized":
        return 0
    by_four = schedule.get("cluster", 1) == 4
    processors = PROCESSORS_BY_FOUR if by_four else PROCESSORS
    # One a processor where setmaxnreg divides its registers.
    if schedule["tile_m"] > 64 and schedule["tile_n"] > 64:
        return processors
    return processors * (228 * 1024 // (dynamic_shared_bytes(schedule) + 1024))


def module(
    tile: int, dtype: str, schedule: dict[str, int | str], row_index: bool,
    window: int = 0, blocks: int = 0, token_major: bool = False,
) -> str:  # fmt: skip
    """A module with one product, whose kernel then serves every shape.

    With a window, every shape whose lists have as many k-blocks in each. 8-bit floats
    are scaled by a number for each row. X and Y are token-major or neither.
    """
    body = ", ".join(f"{key} = {value}" for key, value in schedule.items())
    rows = f" row_index(%r : memref<{tile}xi32>)" if row_index else ""
    argument = f", %r: memref<{tile}xi32>" if row_index else ""
    words = "memref<?xi32>"
    element = ELEMENTS[dtype]
    columns = window or element.block
    listed = f"memref<{blocks * element.block if window else '?'}xi16>"
    output = element.output
    x, y = f"memref<{columns}x?x{dtype}>", f"memref<{tile}x?x{output}>"
    attributes = f"schedule = #hinm.schedule<{body}>"
    if token_major:
        x, y = f"memref<?x{columns}x{dtype}>", f"memref<?x{tile}x{output}>"
        attributes += ", token_major_input, token_major_output"
    weight = f"rows = {tile}, columns = {columns}, tile = {tile}, {element.format}"
    if window:
        weight += f", window = {window}"
    slabs = ""
    if places := slab_places(tile, schedule, window, blocks):
        kinds = [f"memref<{places}xi16>", f"memref<{blocks * BLOCK}xi16>"]
        slabs = f"\n    slabs(%sr, %sp : {', '.join(kinds)})"
        argument += f", %sr: {kinds[0]}, %sp: {kinds[1]}"
    epilogue = ""
    if element.scaled:
        argument += f", %s: memref<{tile}xf32>"
        epilogue = f"""
    epilogue(%s : memref<{tile}xf32>) {{
  ^bb0(%sum: f32, %scale: f32):
    %scaled = arith.mulf %sum, %scale : f32
    %rounded = arith.truncf %scaled : f32 to {output}
    hinm.yield %rounded : {output}
  }}"""
    return f"""
func.func @layer(%v: memref<?x{dtype}>, %m: {words}, %l: {listed}, %o: memref<2xi32>,
                 %x: {x}{argument}, %y: {y}) {{
  hinm.spmm as #hinm.packed<{weight}>
    ins(%v, %m, %l, %o, %x : memref<?x{dtype}>, {words}, {listed}, memref<2xi32>,
        {x}){slabs}{rows}
    outs(%y : {y}){epilogue} {{{attributes}}}
  return
}}
"""


class BuildError(RuntimeError):
    """A kernel is not part of a bundle, for this reason."""


def find_ptxas() -> str:
    """The assembler: $HINM_PTXAS, on the PATH, or of a toolkit; or SystemExit."""
    found = os.environ.get("HINM_PTXAS") or shutil.which("ptxas")
    try:
        return found or str(find_cuda_toolkit() / "bin" / "ptxas")
    except ToolError as error:
        raise SystemExit(str(error)) from error


def ptxas_version() -> str:
    """As it says itself."""
    done = subprocess.run(
        [find_ptxas(), "--version"], capture_output=True, text=True, check=True
    )
    found = re.search(r"release [\d.]+, V([\d.]+)", done.stdout)
    return f"ptxas {found.group(1)}" if found else "an unknown ptxas"


def find_nvcc() -> str | None:
    """The CUDA compiler, if there is one."""
    return os.environ.get("HINM_NVCC") or shutil.which("nvcc")


def compile_micro(folder: Path, chip: str) -> dict[str, str]:
    """Compiles the micro-benchmarks that the chip can run; their files by subject.

    Raises:
        RuntimeError: with the compiler's message.
    """
    nvcc = find_nvcc()
    if not nvcc:
        print("left out: the micro-benchmarks, there is no nvcc", file=sys.stderr)
        return {}
    capability = int(re.search(r"\d+", chip).group())
    files = {}
    for subject, needs in MICRO.items():
        if needs != chip and (isinstance(needs, str) or capability < needs):
            continue
        source = Path(__file__).parent / "micro" / f"{subject}.cu"
        cubin = folder / f"{subject}.{chip}.cubin"
        done = subprocess.run(
            [nvcc, "-std=c++17", "-O3", "-cubin", f"-arch={chip}", source, "-o", cubin],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"{source}: {done.stderr}")
        files[subject] = cubin.name
    return files


def assembly(
    tile: int, dtype: str, schedule: dict[str, int | str], row_index: bool, chip: str,
    window: int = 0, blocks: int = 0, token_major: bool = False,
) -> str:  # fmt: skip
    """The PTX of a kernel.

    Raises:
        BuildError: with the compiler's reason to refuse it.
    """
    passes = (
        f"builtin.module(convert-hinm-to-gpu{{chip={chip}}},hinm-lower-gpu{{chip={chip}}},"
        "gpu-to-llvm,gpu-module-to-binary{format=isa},reconcile-unrealized-casts)"
    )
    done = subprocess.run(
        [find_tool("hinm-opt"), f"--pass-pipeline={passes}"],
        input=module(
            tile, dtype, schedule, row_index, window, blocks, token_major
        ).encode(),
        capture_output=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise BuildError(done.stderr.decode().splitlines()[0])
    (text,) = OBJECT.findall(done.stdout)
    return unescape(text).rstrip(b"\0").decode()


def compile_kernel(
    folder: Path, tile: int, dtype: str, schedule: dict[str, int | str],
    row_index: bool, chip: str, window: int = 0, blocks: int = 0, without: str = "",
    token_major: bool = False,
) -> KernelInfo:  # fmt: skip
    """Compiles one kernel into the folder.

    Raises:
        BuildError: with the reason why it is left out.
    """
    ptx = assembly(
        tile, dtype, schedule, row_index, chip, window, blocks, token_major
    )
    if without:
        try:
            ptx = leave_out(ptx, without)
        except ValueError as error:
            raise BuildError(f"without {without}: {error}") from error
    name = re.search(r"\.entry (\w+)\(", ptx).group(1)
    threads = int(re.search(r"\.maxntid (\d+)", ptx).group(1))
    stem = f"{name}_without_{without}" if without else name
    source = folder / f"{stem}.{chip}.ptx"
    source.write_text(ptx)
    cubin = source.with_suffix(".cubin")
    done = subprocess.run(
        [find_ptxas(), f"-arch={chip}", "-v", source, "-o", cubin],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    source.unlink()
    if done.returncode:
        raise BuildError(done.stderr.splitlines()[0])
    code = cubin.read_bytes()
    cubin.unlink()
    used = int(re.search(r"Used (\d+) registers", done.stderr).group(1))
    spills = re.search(r"(\d+) bytes spill stores", done.stderr)
    if spills and int(spills.group(1)):
        raise BuildError(f"{name}: {spills.group(1)} bytes of registers are spilled")
    # It puts wgmmas in series, say, or ignores setmaxnreg.
    if warning := WARNING.search(done.stderr):
        raise BuildError(f"{name}: {warning.group(1)}")
    # A third of the bytes; without a date, so that the same kernel is the same file.
    file = folder / f"{cubin.name}.gz"
    file.write_bytes(gzip.compress(code, mtime=0))
    places = slab_places(tile, schedule, window, blocks)
    return KernelInfo(
        name, file.name, chip, dtype, ELEMENTS[dtype].output, tile, row_index, schedule,
        threads, dynamic_shared_bytes(schedule, places, dtype), used,
        max_blocks(schedule), window, blocks, without, places, token_major,
    )  # fmt: skip


def varied(
    tile: int, dtype: str, chip: str
) -> Iterator[tuple[dict[str, int | str], int, int]]:
    """Schedules of VARIED, with window and k-blocks: whole tiles, not split.

    There are kernels of them that store rows by an index, and some without a stage.
    """
    found: dict[tuple[str, int], tuple[dict[str, int | str], int, int]] = {}
    ranks: dict[tuple[str, int], tuple[int, ...]] = {}
    made = [(schedule, 0, 0) for schedule in schedules(tile, chip, dtype)]
    for item in (*made, *slab_schedules(tile, dtype)):
        schedule = _whole(item[0])
        key = schedule["kernel"], schedule["tile_n"]
        if key[1] not in VARIED[key[0]]:
            continue
        # What is different from the plain kernel is measured by itself.
        if any(schedule[k] != v for k, v in _whole({}).items() if k not in PLAIN):
            continue
        # The tallest block, four stages, a k-block ahead, and the largest part of Y for
        # each warp, if its registers have room for it.
        warps = schedule["warps_m"] * schedule["warps_n"]
        sums = schedule["tile_m"] * schedule["tile_n"] // (32 * warps)
        rest = EXPANDED if ELEMENTS[dtype].scaled else BESIDE_SUMS
        fits = sums + rest <= min(255, REGISTERS // (32 * warps))
        rank = (
            fits, schedule["tile_m"], -abs(schedule["stages"] - 4),
            -abs(schedule["prefetch"] - 1), sums if fits else -sums,
        )  # fmt: skip
        if key not in ranks or rank > ranks[key]:
            ranks[key], found[key] = rank, item
    yield from found.values()


def unlike(tile: int, dtype: str, chip: str) -> Iterator[dict[str, int | str]]:
    """Schedules that differ from the plain ones: of each difference the last one.

    That has the largest blocks.
    """
    plain = _whole({})
    found = {}
    for schedule in schedules(tile, chip, dtype):
        whole = _whole(schedule)
        if any(whole[k] != v for k, v in plain.items() if k not in PLAIN):
            key = tuple(whole[k] for k in plain if k not in ("prefetch", "weights"))
            found[key] = schedule
    yield from found.values()


@dataclass(frozen=True)
class Job:
    """One kernel to compile: the arguments of compile_kernel."""

    tile: int
    dtype: str
    schedule: dict[str, int | str]
    window: int = 0
    blocks: int = 0
    row_index: bool = False
    without: str = ""
    token_major: bool = False


def jobs(
    tiles: Iterable[int], dtypes: Iterable[str], chip: str, few: bool = False,
    limit: int | None = None,
) -> Iterator[Job]:  # fmt: skip
    """All kernels of a bundle.

    Args:
        tiles: V.
        dtypes: of W and X.
        chip: to compile for.
        few: only schedules of which there are variants, with those that store by an
            index, and those unlike them.
        limit: of each V and type the first few.
    """
    for tile, dtype in itertools.product(tiles, dtypes):
        varying = list(itertools.islice(varied(tile, dtype, chip), limit))
        plain = [Job(tile, dtype, made) for made in schedules(tile, chip, dtype)]
        plain += [Job(tile, dtype, *made) for made in slab_schedules(tile, dtype)]
        some = [Job(tile, dtype, *v) for v in varying]
        some += [Job(tile, dtype, s) for s in unlike(tile, dtype, chip)]
        yield from some if few else plain[:limit]
        for item in varying:
            yield Job(tile, dtype, *item, row_index=True)
            if item[0].get("kernel") == "resident" and item[0]["tile_n"] <= TURNED:
                yield Job(tile, dtype, *item, token_major=True)
            for stage in () if few else STAGES:
                yield Job(tile, dtype, *item, without=stage)


def main() -> int:
    """Compiles the kernels that the flags ask for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--chip", default="sm_90a")
    parser.add_argument("--tiles", type=int, nargs="+", default=list(TILES))
    parser.add_argument(
        "--dtypes", nargs="+", default=["f16", "bf16"], choices=list(ELEMENTS)
    )
    parser.add_argument("--limit", type=int, help="the first few schedules of each V")
    parser.add_argument(
        "--few", action="store_true", help="a few schedules of each V and kernel"
    )
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)

    def build(job: Job) -> KernelInfo | str:
        try:
            return compile_kernel(
                arguments.folder, job.tile, job.dtype, job.schedule, job.row_index,
                arguments.chip, job.window, job.blocks, job.without, job.token_major,
            )  # fmt: skip
        except BuildError as error:
            return str(error)

    asked = jobs(
        arguments.tiles, arguments.dtypes, arguments.chip, arguments.few,
        arguments.limit,
    )  # fmt: skip
    with ThreadPoolExecutor() as pool:
        made = list(pool.map(build, asked))
    kernels = [one for one in made if isinstance(one, KernelInfo)]
    manifest = {
        "commit": provenance.commit(ROOT, dirty=True),
        "ptxas": ptxas_version(),
        "kernels": [asdict(kernel) for kernel in kernels],
        "micro": compile_micro(arguments.folder, arguments.chip),
    }
    (arguments.folder / "manifest.json").write_text(
        json.dumps(manifest, indent=1) + "\n"
    )
    for reason in sorted({one for one in made if isinstance(one, str)}):
        print(f"left out: {reason}", file=sys.stderr)
    print(f"{len(kernels)} kernels in {arguments.folder}")
    return 0 if kernels else 1


if __name__ == "__main__":
    sys.exit(main())
