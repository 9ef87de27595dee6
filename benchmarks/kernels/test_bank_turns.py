"""The counts of bank_turns.py on lists whose turns are known."""

import os

import numpy as np
import pytest

from bank_turns import arrange, count_turns, make_slabs

pytestmark = pytest.mark.skipif(
    os.environ.get("HINM_SANITIZERS") == "ON",
    reason="Python does not load a library with sanitizers",
)


def test_counts_rows_of_one_bank():
    assert count_turns(np.arange(8, dtype=np.int32)) == 1
    assert count_turns(np.arange(0, 64, 8, dtype=np.int32)) == 8


def test_arranging_pairs_groups_of_other_banks():
    # Two groups of even columns, two of odd ones.
    groups = [[0, 2, 4, 6], [8, 10, 12, 14], [1, 3, 5, 7], [9, 11, 13, 15]]
    lists = np.array(groups, np.int32).reshape(1, -1)
    assert count_turns(lists) == 4
    arranged = arrange(lists, 64)
    assert count_turns(arranged) == 2
    assert sorted(map(tuple, arranged.reshape(-1, 4))) == sorted(map(tuple, groups))
    # The lists that were given stay as they are.
    assert count_turns(lists) == 4


def test_slabs_hold_what_their_tiles_list():
    draw = np.random.default_rng(0)
    lists = np.stack(
        [
            np.concatenate([draw.permutation(256)[:64] + first for first in (0, 256)])
            for _ in range(8)
        ]
    ).astype(np.int32)
    slabs = make_slabs(lists, windows=2, tiles_per_slab=4)
    for tile, row in enumerate(lists):
        for entry, column in enumerate(row):
            place = slabs.places[tile, entry]
            at = place // 32 * 32 + place % 8 * 4 + place // 8 % 4
            assert slabs.rows[tile // 4, entry // 64, at] == column
    assert slabs.turns == sum(count_turns(row) for row in slabs.places)
    assert slabs.turns < 1.1 * lists.size / 8 < 2 * count_turns(arrange(lists, 256)) / 3
