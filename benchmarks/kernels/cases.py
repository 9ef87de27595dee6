"""What the kernel benchmark runs: shapes, sparsities, tiles and token counts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

#: Weights by name: (out, in). ResNet-50's convolutions count as (out, in · kh · kw).
SHAPES = {
    "bert-base-qkv": (768, 768),
    "bert-base-up": (3072, 768),
    "bert-base-down": (768, 3072),
    "bert-large-qkv": (1024, 1024),
    "bert-large-up": (4096, 1024),
    "bert-large-down": (1024, 4096),
    "llama2-7b-qkv": (4096, 4096),
    "llama2-7b-up": (11008, 4096),
    "llama2-7b-down": (4096, 11008),
    "llama3-8b-up": (14336, 4096),
    "llama3-8b-down": (4096, 14336),
    "resnet50-conv3": (128, 1152),
    "resnet50-conv4": (256, 2304),
    "resnet50-conv5": (512, 4608),
}
TOKENS = (1, 8, 16, 64, 256, 1024, 4096, 8192)
SPARSITIES = (0.5, 0.625, 0.75, 0.875, 0.9375)
TILES = (32, 64, 128, 256)

#: Bytes of an element of W and X, by the types that there are kernels for.
ELEMENT_BYTES = {"f16": 2, "bf16": 2, "i8": 1, "f8E4M3FN": 1, "f8E5M2": 1}
#: Of Y. What libraries make of the same operands: sums of integers as they are, of
#: 8-bit floats with a scale for each row.
OUTPUTS = {
    "f16": "f16", "bf16": "bf16", "i8": "i32", "f8E4M3FN": "bf16", "f8E5M2": "bf16",
}  # fmt: skip
#: Types whose sums are scaled by a number for each row.
SCALED = ("f8E4M3FN", "f8E5M2")
OUTPUT_BYTES = {"f16": 2, "bf16": 2, "i32": 4}

#: Columns of one k-block of the packed format (docs/format.md).
BLOCK = 64


@dataclass(frozen=True)
class Case:
    """One product Y = W · X.

    Attributes:
        name: of the weight's shape.
        rows: output channels R.
        columns: input channels C.
        tokens: N.
        sparsity: share of the weights that are zero; half of it or more is 2:4.
        tile: V.
        dtype: of W and X, one of ELEMENT_BYTES.
        window: of every window of so many columns a tile keeps the same share; 0: of
            all columns.
    """

    name: str
    rows: int
    columns: int
    tokens: int
    sparsity: float
    tile: int
    dtype: str = "f16"
    window: int = 0

    @property
    def windows(self) -> int:
        """How many windows there are."""
        return self.columns // self.window if self.window else 1

    @property
    def kept(self) -> int:
        """Kept columns of a tile, K: C · 2(1 − sparsity), to whole groups of four."""
        share = self.window or self.columns
        return int(share * 2 * (1 - self.sparsity)) // 4 * 4 * self.windows

    @property
    def window_blocks(self) -> int:
        """K-blocks of a window, as the packed format needs them; else 0."""
        if not self.window or self.columns % self.window:
            return 0
        blocks, rest = divmod(self.kept, BLOCK * self.windows)
        return 0 if rest else blocks

    @property
    def padded(self) -> int:
        """The same as the kernel multiplies it: whole k-blocks."""
        return -(-self.kept // BLOCK) * BLOCK

    @property
    def tiles(self) -> int:
        """Tiles of V rows, T."""
        return -(-self.rows // self.tile)


def all_cases(
    names: list[str] | None = None,
    tokens: tuple[int, ...] = TOKENS,
    sparsities: tuple[float, ...] = SPARSITIES,
    tiles: tuple[int, ...] = TILES,
    dtypes: tuple[str, ...] = ("f16",),
    window: int = 0,
) -> Iterator[Case]:
    """Every combination; cases of one weight follow each other.

    With a window those for which the packed format can name it.
    """
    for name in names or SHAPES:
        rows, columns = SHAPES[name]
        for dtype in dtypes:
            for sparsity in sparsities:
                for tile in tiles:
                    for count in tokens:
                        case = Case(
                            name, rows, columns, count, sparsity, tile, dtype, window
                        )
                        if not window or case.window_blocks:
                            yield case
