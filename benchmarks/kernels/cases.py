"""What the kernel benchmark runs: shapes, sparsities, tiles and token counts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

#: More of ResNet-50, by Table 1 of He et al., arXiv 1512.03385: the 3 × 3 of conv2_x,
#: and of all stages the 1 × 1 before and after the 3 × 3, which are products as they
#: are. First blocks have other channels; conv2_x's is the only one without strides.
_MORE = {
    "resnet50-conv2": (64, 576),
    "resnet50-conv2-first": (64, 64),
    "resnet50-conv2-reduce": (64, 256),
    "resnet50-conv2-expand": (256, 64),
    "resnet50-conv3-reduce": (128, 512),
    "resnet50-conv3-expand": (512, 128),
    "resnet50-conv4-reduce": (256, 1024),
    "resnet50-conv4-expand": (1024, 256),
    "resnet50-conv5-reduce": (512, 2048),
    "resnet50-conv5-expand": (2048, 512),
}
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
    **_MORE,
}
#: What waits for all others: the smallest products.
LAST = tuple(_MORE)
TOKENS = (1, 8, 16, 64, 256, 1024, 4096, 8192)
SPARSITIES = (0.5, 0.625, 0.75, 0.875, 0.9375)
TILES = (32, 64, 128, 256)

#: Of Y.
OUTPUT_BYTES = {"f16": 2, "bf16": 2, "i32": 4, "f32": 4}


@dataclass(frozen=True)
class Element:
    """A type of W and X that there are kernels for (docs/format.md).

    Attributes:
        size: bytes.
        version: of the packed format.
        kept, group: N and M of N:M inside the kept columns.
        block: columns of a k-block.
        steps: of a k-block, each an instruction.
        output: of Y: what libraries make of the same operands, sums of integers as
            they are, of 8-bit floats in bf16.
        scaled: whether sums are scaled by a number for each row, as those of 8-bit
            floats are by libraries, too.
    """

    size: int
    version: int
    kept: int
    group: int
    block: int
    steps: int
    output: str
    scaled: bool = False

    @property
    def tokens(self) -> int:
        """Of 16 bytes, of which a row of X is a multiple."""
        return 16 // self.size

    @property
    def format(self) -> str:
        """What #hinm.packed says of it."""
        version = f", version = {self.version}" if self.version > 1 else ""
        return f"nm = {self.kept}:{self.group}{version}"


ELEMENTS = {
    "f16": Element(2, 1, 2, 4, 64, 2, "f16"),
    "bf16": Element(2, 1, 2, 4, 64, 2, "bf16"),
    "i8": Element(1, 2, 2, 4, 64, 1, "i32"),
    "f8E4M3FN": Element(1, 2, 2, 4, 64, 1, "bf16", scaled=True),
    "f8E5M2": Element(1, 2, 2, 4, 64, 1, "bf16", scaled=True),
    # Multiplied as tf32.
    "f32": Element(4, 3, 1, 2, 32, 2, "f32"),
}


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
        dtype: of W and X, one of ELEMENTS.
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
    def element(self) -> Element:
        """What is known of the type."""
        return ELEMENTS[self.dtype]

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
        blocks, rest = divmod(self.kept, self.element.block * self.windows)
        return 0 if rest else blocks

    @property
    def padded(self) -> int:
        """The same as the kernel multiplies it: whole k-blocks."""
        block = self.element.block
        return -(-self.kept // block) * block

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
