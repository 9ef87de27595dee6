"""Products that cross the boundaries of a schedule, for the emulator and for a GPU."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cases import ELEMENTS, Case

SHAPES = ("ragged", "small", "whole")
#: Of X and Y with the tokens outermost, which only resident kernels take.
TOKEN_MAJOR = "token-major"


@dataclass(frozen=True)
class Problem:
    """A product, how many columns each of its tiles keeps, and how X and Y lie."""

    case: Case
    kept_of: tuple[int, ...]
    token_major: bool = False


def odd_problem(
    shape: str, schedule: Mapping[str, int | str], tile: int, dtype: str,
    window: int = 0, blocks: int = 0,
) -> Problem:  # fmt: skip
    """A product of one of SHAPES for a kernel.

    Args:
        shape: "ragged": rows, columns and tokens end within a tile, the first tile
            keeps nothing, the second fills every ring more than once, the last not
            even one; "small": fewer rows than a fragment, columns than a k-block,
            tokens than a block; "whole": nothing is over; TOKEN_MAJOR: as ragged,
            with any number of tokens.
        schedule: of the kernel.
        tile: V.
        dtype: of W and X.
        window: of lists that go by windows, which all keep the same.
        blocks: k-blocks of a window.
    """
    # The least that a row of X has.
    least, k_block = ELEMENTS[dtype].tokens, ELEMENTS[dtype].block
    # A slab's block has several tiles.
    block = max(tile, schedule["tile_m"])
    if shape == "ragged":
        rows, tokens = block + tile + tile // 2 + 3, schedule["tile_n"] + least
        columns, kept, windows = 601, (0, 9 * k_block - 4, k_block + 4), 6
    elif shape == "small":
        rows, tokens, columns, kept, windows = 5, least, 37, (36,), 1
    elif shape == TOKEN_MAJOR:
        rows, tokens = block + tile // 2 + 3, schedule["tile_n"] + 3
        columns, kept, windows = 201, (140, 68), 1
    else:
        rows, tokens = block, schedule["tile_n"]
        columns, kept, windows = 2 * k_block, (2 * k_block,), 2
    if window:
        columns, kept = windows * window, (windows * blocks * k_block,)
    tiles = -(-rows // tile)
    case = Case(shape, rows, columns, tokens, 0.5, tile, dtype, window)
    return Problem(
        case, (kept + kept[-1:] * tiles)[:tiles], token_major=shape == TOKEN_MAJOR
    )
