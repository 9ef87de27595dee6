#!/usr/bin/env python3
"""Look into the machine code of a bundle's kernels: what their innermost loops hold.

    python benchmarks/kernels/inspect_kernels.py .bundle .bundle-8-bit \
        --table docs/results/kernels/static.md --varied

Needs nvdisasm ($HINM_NVDISASM, on the PATH, or from PyPI), and no GPU. The exit
status is 1 if a kernel has no sparse tensor-core instruction in a loop, has one that is
not sparse, or goes to local memory.
"""

from __future__ import annotations

import argparse
import datetime
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from driver import KernelInfo, read_cubin, read_manifest
from sass import (
    DisassemblyError,
    Function,
    count,
    disassemble,
    find_disassembler,
    shared_bytes,
)

#: Tensor-core instructions; the sparse ones are those of a warp and of a warpgroup.
TENSOR = ("HMMA", "HGMMA", "IMMA", "IGMMA", "QMMA", "QGMMA")
SPARSE = tuple(f"{opcode}.SP" for opcode in TENSOR)
#: Integer arithmetic, of threads and of warps.
INTEGER = (
    "IMAD", "IADD", "ISETP", "IMNMX", "LEA", "LOP3", "SHF", "SEL", "PRMT", "VIADD",
    "IABS", "UIADD", "UIMAD", "ULEA", "ULOP3", "USHF", "UISETP", "USEL", "UMOV", "MOV",
    "R2UR",
)  # fmt: skip
COLUMNS = ("LDSM", "LDS", "LDGSTS", "LDG", "UTMALDG", "UBLKCP", "BAR", "SYNCS")

HEAD = """# Machine code of the kernels

Written by `benchmarks/kernels/inspect_kernels.py` on {date} from kernels of commit
{commit} for {chip}, assembled by {ptxas}. Nothing here was measured: it is what stands
in the innermost loop with tensor-core instructions, which multiplies one k-block (64
columns, of f32 32), or several, for a warp.

{count} kernels ({types}): {registers} registers a thread, none with local
memory, none with a tensor-core instruction that is not sparse. (A schedule that spills
is not in a bundle.)

*ahead* is the k-blocks of weights that are loaded early (prefetch), *split* the blocks
that share the kept columns of a tile, *cluster* those that copy weights for each other,
*waves* the last ones whose tiles all blocks share; *(bulk)* stores by bulk copies.
*integer* counts integer arithmetic and moves for each product.

"""


@dataclass(frozen=True)
class Facts:
    """What is known of a kernel without running it.

    Attributes:
        info: as the manifest has it.
        static_bytes: of shared memory; what is dynamic is in `info`.
        products: sparse tensor-core instructions of the innermost loop.
        counts: of the other instructions there, by COLUMNS.
        integer: integer instructions there for each product.
        faults: what must not be.
    """

    info: KernelInfo
    static_bytes: int
    products: int
    counts: dict[str, int]
    integer: float
    faults: tuple[str, ...]


def find_faults(function: Function, products: int) -> tuple[str, ...]:
    """What must not be in a kernel with so many sparse products in its loop."""
    faults = []
    everything = list(function.instructions)
    if not products:
        faults.append("no sparse tensor-core instruction in a loop")
    if plain := [
        i.opcode
        for i in everything
        if i.opcode.startswith(TENSOR) and not i.opcode.startswith(SPARSE)
    ]:
        faults.append(f"{len(plain)} dense tensor-core instructions, as {plain[0]}")
    if local := count(everything, "LDL", "STL"):
        faults.append(f"{local} accesses to local memory")
    return tuple(faults)


def inspect(disassembler: Path, folder: Path, info: KernelInfo) -> Facts:
    """The facts of one kernel.

    Raises:
        DisassemblyError: if its cubin cannot be read.
    """
    cubin = folder / info.file
    code = read_cubin(cubin)
    with tempfile.NamedTemporaryFile(suffix=".cubin") as file:
        file.write(code)
        file.flush()
        functions = disassemble(disassembler, Path(file.name))
    if info.name not in functions:
        raise DisassemblyError(f"{cubin} has no kernel {info.name}")
    function = functions[info.name]
    loop = function.innermost(SPARSE)
    products = count(loop, *SPARSE)
    counts = {
        column: sum(i.opcode.split(".")[0] == column for i in loop)
        for column in COLUMNS
    }
    return Facts(
        info, shared_bytes(code, info.name), products, counts,
        count(loop, *INTEGER) / products if products else float("nan"),
        find_faults(function, products),
    )  # fmt: skip


def describe(fact: Facts) -> list[str]:
    """What the kernel is: the first columns of the table."""
    schedule = fact.info.schedule
    kernel = schedule.get("kernel", "multistage")
    shared = max(fact.static_bytes, fact.info.shared_bytes)
    return [
        kernel + " (bulk)" * (schedule.get("stores") == "bulk"),
        f"{schedule['tile_m']}×{schedule['tile_n']}×{schedule['tile_k']}",
        str(schedule["stages"]),
        f"{schedule['warps_m']}×{schedule['warps_n']}",
        str(schedule.get("prefetch", 0)),
        str(schedule.get("split_k", 1)),
        str(schedule.get("cluster", 1)),
        str(schedule.get("stream_k", 0)),
        str(fact.info.registers),
        # All of X is in shared memory, however many channels it has.
        f"{fact.info.shared_bytes} B × C"
        if kernel == "resident"
        else f"{shared / 1024:.0f} KB",
    ]


def table(facts: Iterable[Facts]) -> list[str]:
    """The facts as rows of Markdown, with the columns that any of them has."""
    keys = ("tile_m", "tile_n", "stages", "warps_m", "warps_n", "prefetch", "split_k",
            "cluster", "stream_k")  # fmt: skip
    facts = sorted(
        facts,
        key=lambda fact: (
            fact.info.dtype, fact.info.tile,
            fact.info.schedule.get("kernel", "multistage"),
            *(fact.info.schedule.get(key, 0) for key in keys),
        ),
    )  # fmt: skip
    used = [c for c in COLUMNS if any(f.counts[c] for f in facts)]
    head = ["dtype", "V", "kernel", "block", "stages", "warps", "ahead", "split",
            "cluster", "waves", "registers", "shared", "products", *used,
            "integer"]  # fmt: skip
    lines = [head, ["---"] * len(head)]
    for fact in facts:
        lines.append(
            [fact.info.dtype, str(fact.info.tile), *describe(fact), str(fact.products),
             *(str(fact.counts[c]) for c in used), f"{fact.integer:.1f}"]
        )  # fmt: skip
    return [f"| {' | '.join(line)} |" for line in lines]


def main() -> int:
    """Inspects all kernels; writes the table of those that the flags choose."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bundles", type=Path, nargs="+")
    parser.add_argument("--table", type=Path, help="Markdown to write")
    parser.add_argument("--tile", type=int, help="V of the kernels in the table")
    parser.add_argument("--stages", type=int, help="stages of those in the table")
    parser.add_argument(
        "--varied", action="store_true", help="only schedules that have variants"
    )
    arguments = parser.parse_args()
    disassembler = find_disassembler()
    if not disassembler:
        print(
            "inspect_kernels: no nvdisasm: pip install nvidia-cuda-nvdisasm, or set "
            "$HINM_NVDISASM",
            file=sys.stderr,
        )
        return 1
    # What lacks a stage is no kernel that is run.
    kernels = [
        (bundle, info)
        for bundle in arguments.bundles
        for info in read_manifest(bundle)
        if not info.without
    ]
    try:
        with ThreadPoolExecutor() as pool:
            facts = list(
                pool.map(lambda kernel: inspect(disassembler, *kernel), kernels)
            )
    except DisassemblyError as error:
        print(f"inspect_kernels: {error}", file=sys.stderr)
        return 1
    faulty = [fact for fact in facts if fact.faults]
    for fact in faulty:
        print(f"{fact.info.name}: {'; '.join(fact.faults)}", file=sys.stderr)
    print(f"{len(facts)} kernels, {len(faulty)} with faults")
    if faulty or not facts:
        return 1
    if arguments.table:
        manifest = json.loads((arguments.bundles[0] / "manifest.json").read_text())
        indexed = {info.product for _, info in kernels if info.row_index}
        registers = [fact.info.registers for fact in facts]
        chosen = [
            fact
            for fact in facts
            if not fact.info.row_index
            and not fact.info.token_major
            and (not arguments.varied or fact.info.product in indexed)
            and arguments.tile in (None, fact.info.tile)
            and arguments.stages in (None, fact.info.schedule["stages"])
        ]
        text = HEAD.format(
            date=datetime.datetime.now(datetime.UTC).date().isoformat(),
            commit=manifest["commit"], ptxas=manifest["ptxas"], count=len(facts),
            chip=", ".join(sorted({info.chip for _, info in kernels})),
            registers=f"{min(registers)} to {max(registers)}",
            types=", ".join(
                f"{number} of {dtype}"
                for dtype, number in Counter(fact.info.dtype for fact in facts).items()
            ),
        )  # fmt: skip
        which = [
            "variants in a bundle" if arguments.varied else "",
            f"V = {arguments.tile}" if arguments.tile else "",
            f"{arguments.stages} stages" if arguments.stages else "",
        ]
        if any(which):
            text += f"The table has those with {' and '.join(filter(None, which))}.\n\n"
        arguments.table.write_text(text + "\n".join(table(chosen)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
