"""The slabs of the benchmark's lists, by their definition."""

import numpy as np
import pytest

import tune_kernels
from cases import Case
from driver import Kernel, KernelInfo, MemRef
from packed import random_packed
from slabs import count_places, draw_list, make_slabs

#: What ldmatrix reads at once of sixteen listed columns, by the bytes of an element.
EIGHTS = {
    2: [[0, 1, 2, 3, 4, 5, 6, 7], [8, 9, 10, 11, 12, 13, 14, 15]],
    1: [[0, 1, 4, 5, 8, 9, 12, 13], [2, 3, 6, 7, 10, 11, 14, 15]],
}


@pytest.mark.parametrize("count", [16, 64, 128])
def test_lists_have_columns_of_all_classes_in_what_is_read_at_once(count):
    listed = draw_list(np.random.default_rng(0), 128, count)
    assert len(set(listed.tolist())) == count
    assert listed.min() >= 0 and listed.max() < 128
    for sixteen in listed.reshape(-1, 16):
        for eights in EIGHTS.values():
            assert all(len(set(sixteen[eight] % 8)) == 8 for eight in eights)


def test_places_suffice_for_nearly_all_random_slabs():
    draw = np.random.default_rng(0)
    shapes = ((128, 64, 4), (256, 64, 4), (256, 64, 8), (512, 64, 2))
    for window, listed, tiles in shapes:
        size = count_places(window, listed, tiles)
        counts = [
            len(np.unique([draw_list(draw, window, listed) for _ in range(tiles)]))
            for _ in range(200)
        ]
        assert size % 32 == 0
        assert max(counts) <= size <= max(max(counts) * 1.25, window)


def test_slabs_hold_what_is_listed_without_conflicts():
    case = Case("a", 330, 768, 8, 0.75, 64, "f16", 256)
    windows, listed, tiles = 3, 128, 4
    columns = random_packed(case).columns.reshape(case.tiles, -1)
    size = count_places(256, listed, tiles)
    slabs = make_slabs(columns, windows, tiles, size)
    rows = slabs.rows.reshape(2, windows, size)
    places = slabs.places.reshape(columns.shape)
    for tile, row in enumerate(columns):
        for entry, column in enumerate(row):
            place = int(places[tile, entry])
            at = place // 32 * 32 + place % 8 * 4 + place // 8 % 4
            assert rows[tile // tiles, entry // listed, at] == column
    held = rows[rows != 0xFFFF]
    assert len(held) == sum(
        len(np.unique(columns[first : first + tiles])) for first in (0, tiles)
    )
    eights = places.reshape(-1, 8) % 8
    assert np.mean([len(set(eight.tolist())) == 8 for eight in eights]) > 0.98


def test_a_slab_that_is_too_small_is_refused():
    columns = np.stack([np.arange(64), np.arange(64, 128)])
    with pytest.raises(ValueError, match="128 rows .* listed, a slab has 64"):
        make_slabs(columns, 1, 2, 64)


def _trial(window, kernel, time):
    return {"rows": "1024", "columns": "512", "tokens": "1024", "sparsity": "0.75",
            "tile": "64", "dtype": "f16", "window": str(window), "kernel": kernel,
            "median_us": str(time)}  # fmt: skip


def test_the_tuner_names_the_window_that_it_was_measured_on(check_table):
    sizes = {"tile_m": 64, "tile_n": 64, "tile_k": 64, "stages": 2, "warps_m": 2,
             "warps_n": 2}  # fmt: skip
    kernels = {
        name: KernelInfo(
            name, "", "sm_90a", "f16", "f16", 64, False, {"kernel": name, **sizes},
            128, 0, 100,
        )  # fmt: skip
        for name in ("multistage", "slab")
    }
    trials = [
        _trial(0, "multistage", 9), _trial(128, "multistage", 9),
        _trial(128, "slab", 8), _trial(256, "multistage", 7), _trial(256, "slab", 8),
    ]  # fmt: skip
    entries = tune_kernels.pick(trials, kernels)
    picked = [(entry.get("window"), entry["schedule"]["kernel"]) for entry in entries]
    assert picked == [(128, "slab"), (256, "multistage"), (None, "multistage")]
    # Of trials that are all of one window their file says it.
    for trial in trials:
        del trial["window"]
    (entry,) = tune_kernels.pick(trials[1:3], kernels, window=128)
    assert entry["window"] == 128
    check_table(entries)


def test_kernels_take_the_slabs_behind_x():
    launched = []

    class Recorder:
        def prepare(self, function, grid, threads, shared, words):
            launched.append(words)

    schedule = {"kernel": "slab", "tile_m": 128, "tile_n": 64, "tile_k": 64,
                "stages": 2, "warps_m": 4, "warps_n": 1}  # fmt: skip
    info = KernelInfo(
        "slab", "", "sm_90a", "f16", "f16", 64, False, schedule, 128, 4096, 100,
        window=128, window_blocks=1, slab_places=128,
    )  # fmt: skip
    kernel = Kernel(Recorder(), info, None)
    slabs = [MemRef(0x5000, (256,)), MemRef(0x6000, (512,))]
    x, y = MemRef(0x2000, (256, 24)), MemRef(0x3000, (130, 24))
    kernel.prepare([MemRef(0x1000, (64,))] * 4, x, None, y, slabs=slabs)
    (words,) = launched
    assert words[4 * 5 + 7 : 4 * 5 + 7 + 10] == [
        *slabs[0].arguments(), *slabs[1].arguments()
    ]  # fmt: skip
