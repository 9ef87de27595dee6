"""The counts of bank_turns.py on lists whose turns are known."""

import os

import numpy as np
import pytest

from bank_turns import arrange, count_keyed, count_turns, measure

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


def test_keys_resolve_what_an_order_cannot():
    lists = np.arange(0, 64, 8, dtype=np.int32).reshape(1, -1)
    assert count_turns(arrange(lists, 64)) == 8
    assert count_keyed(lists, 64, 64) == 1


def test_keys_of_a_block_are_no_worse_than_those_of_all():
    draw = np.random.default_rng(0)
    lists = np.stack(
        [
            np.concatenate([draw.permutation(128)[:64] + first for first in (0, 128)])
            for _ in range(16)
        ]
    ).astype(np.int32)
    found, arranged, of_all, of_blocks = measure(lists, 256, 128, 64)
    assert found > arranged > of_all > of_blocks >= 1
