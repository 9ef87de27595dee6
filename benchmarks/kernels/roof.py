"""The least time that a product can take on a chip: the roof of docs/results/kernels.

Every figure is computed from the case and the chip's data sheet, or, where
micro_benchmarks.py has measured it, from the rate that the chip was found to reach.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from cases import OUTPUT_BYTES, Case

#: Bytes of a listed column.
INDEX = 2
#: Of the slab kernel (build_kernels.py): the most rows of Y whose tiles share what is
#: copied of X, the tallest of these tiles, and the largest element.
SHARED_ROWS, SHARED_TILE, SHARED_BYTES = 512, 128, 2
#: Tokens up to which there are kernels that load X through L1 (build_kernels.py).
CACHED_TOKENS = 16


@dataclass(frozen=True)
class Chip:
    """What a chip can do at its boost clock.

    Attributes:
        name: as the driver says it.
        sms: streaming multiprocessors.
        clock: of the SMs, Hz.
        sparse_macs: of one SM in a clock, f16, of 2:4 operands as if they were dense.
        hbm: bytes a second from memory.
        l2: bytes a second from L2 to all SMs.
        shared: bytes a clock from the shared memory of one SM.
        sources: where the figures are from that are not of the data sheet: the name of
            each, and the kernel that has reached it.
    """

    name: str
    sms: int
    clock: float
    sparse_macs: float
    hbm: float
    l2: float
    shared: float
    sources: dict[str, str] = field(default_factory=dict, compare=False)

    def said(self) -> str:
        """Which figures are measured and which are not, for the report."""
        names = ("sparse_macs", "hbm", "l2", "shared")
        return ", ".join(
            f"{name} measured ({self.sources[name]})"
            if name in self.sources
            else f"{name} of the data sheet"
            for name in names
        )


#: NVIDIA H200 SXM: data sheet (989.4 TFLOP/s dense f16 at 1.83 GHz, 4.8 TB/s); L2 as
#: measured by gpu-benches (gpu-l2-cache/h200.txt).
H200 = Chip("NVIDIA H200", 132, 1.83e9, 4096, 4.8e12, 9.7e12, 128)
CHIPS = {chip.name: chip for chip in (H200,)}


def measured_chip(path: Path, chip: Chip) -> Chip:
    """The chip with what micro_benchmarks.py has measured in place of its figures.

    The fastest right result counts, as a floor is what nothing can be faster than.
    What was not measured stays: there is no benchmark of shared memory.

    Raises:
        ValueError: if the file is none of micro_benchmarks.py, or of another chip.
    """
    try:
        record = json.loads(path.read_text())
        name, results = record["provenance"]["gpu"], record["results"]
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is no result of micro_benchmarks.py") from error
    if name != chip.name:
        raise ValueError(f"{path} was measured on {name}, not on {chip.name}")

    def best(prefixes: tuple[str, ...], **most: int) -> dict[str, Any] | None:
        fitting = [
            result
            for result in results
            if result["right"]
            and result["kernel"].startswith(prefixes)
            and all(result["parameters"].get(key, 0) <= most[key] for key in most)
        ]
        return max(fitting, key=lambda result: result["rate"], default=None)

    sources: dict[str, str] = {}
    values: dict[str, float] = {}
    tensor = best(("mma_sp_", "wgmma_sp_"))
    if tensor and tensor["clock_mhz"]:
        values["clock"] = 1e6 * tensor["clock_mhz"]
        values["sparse_macs"] = tensor["rate"] / (chip.sms * values["clock"])
        sources["sparse_macs"] = tensor["kernel"]
    # A set that fits well: what one half of L2 holds.
    gather = best(("gather_",), set_mib=16)
    if gather:
        values["l2"] = gather["rate"]
        sources["l2"] = gather["kernel"]
    stream = best(("stream_",))
    if stream:
        values["hbm"] = stream["rate"]
        sources["hbm"] = stream["kernel"]
    return replace(chip, sources=sources, **values)


@dataclass(frozen=True)
class Roof:
    """Seconds that each part takes at least; they overlap at best.

    No schedule that there is, and no lists of as many columns, can be faster.

    Attributes:
        tensor: the products of the kept columns, at the sparse rate; of 8-bit elements
            at twice that, which the chip has for them (with wgmma: ptxas makes f16
            instructions of sm_90a's warp-level ones for 8-bit floats), of 32 bits at
            half of it.
        hbm: weights, metadata and lists, once; the rows of X that one tile lists, as
            all may list the same; Y, for whose lines L2, full of what was written
            before, has to write others back.
        l2: the rows of X that each tile lists, past L1; where tiles can share slabs,
            those of one tile for as many tiles as a block can have, as they may list
            the same; of so few tokens that X may be token-major, and loaded through
            L1, those of one tile for every processor. Weights, metadata and lists only
            once, though most kernels read them for every block: a cluster reads them
            once for all of its blocks, and L1 may keep them for blocks of the same
            processor.
        shared: what is copied into shared memory, and read from it by every 16 rows
            (mma.sp) or 64 rows (wgmma) of a tile.
    """

    tensor: float
    hbm: float
    l2: float
    shared: float

    @property
    def floor(self) -> float:
        """The largest of them."""
        return max(self.tensor, self.hbm, self.l2, self.shared)

    @property
    def bound(self) -> str:
        """Which one that is."""
        parts = ("tensor", "hbm", "l2", "shared")
        return max(parts, key=lambda part: getattr(self, part))


def weight_bytes(case: Case) -> int:
    """Of values, metadata and lists."""
    listed = case.tiles * case.tile * case.padded
    # Half of what is listed is kept, and a group has a nibble.
    values, groups = listed * case.element.size // 2, listed // case.element.group
    return values + groups // 2 + case.tiles * case.padded * INDEX


def compute_roof(case: Case, chip: Chip, rows_per_read: int = 64) -> Roof:
    """The roof of a case.

    Args:
        case: the product.
        chip: where.
        rows_per_read: rows of W that one read of X from shared memory serves.
    """
    macs = case.tiles * case.tile * case.padded * case.tokens
    element = case.element.size
    # Blocks that copy rows of X of their own.
    blocks = case.tiles
    if case.window_blocks and case.tile <= SHARED_TILE and element <= SHARED_BYTES:
        blocks = -(-case.tiles * case.tile // SHARED_ROWS)
    # A kernel that copies all rows has none for columns that pad.
    copy = min(case.padded, case.columns) * case.tokens * element
    copied = blocks * copy
    fetched = min(blocks, chip.sms) * copy if case.tokens <= CACHED_TOKENS else copied
    stored = OUTPUT_BYTES[case.element.output]
    activations = (case.kept * element + case.rows * stored) * case.tokens
    weights = weight_bytes(case)
    per_second = chip.sms * chip.clock
    reads = case.tiles * -(-case.tile // rows_per_read)
    read = reads * case.padded * case.tokens * element
    return Roof(
        tensor=macs * element / 2 / (per_second * chip.sparse_macs),
        hbm=(weights + activations) / chip.hbm,
        l2=(fetched + weights) / chip.l2,
        shared=(copied + read) / (per_second * chip.shared),
    )
