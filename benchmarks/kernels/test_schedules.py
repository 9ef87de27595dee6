"""Every schedule that the tuner may pick computes right, on the emulator.

Each runs twice, in a 16-bit type and in another, and on two shapes; of every kernel and
V, all types meet all shapes (`runs` enumerates them). Kernels of one weight share a
module, modules are compiled and run by all cores, and a test waits for its own.
With sanitizers one of each kernel and type is enough; HINM_SCHEDULES=all is every type
on every shape.
"""

import itertools
import os
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import pytest

import emulated
from build_kernels import fits_type, schedules, slab_schedules
from cases import ELEMENTS, TILES
from emulated import EmulationError, wrong_elements
from odd_shapes import SHAPES, TOKEN_MAJOR, odd_problem

#: Kernels of one module.
BATCH = 12
WIDE = ("f16", "bf16")


@dataclass(frozen=True)
class Item:
    """A schedule, for lists of a window if it has one."""

    tile: int
    schedule: tuple[tuple[str, int | str], ...]
    window: int = 0
    blocks: int = 0

    @property
    def kernel(self):
        """Which one."""
        return dict(self.schedule).get("kernel", "multistage")

    @property
    def shapes(self):
        """What it can be given."""
        return (*SHAPES, TOKEN_MAJOR) if self.kernel == "resident" else SHAPES

    def of(self, dtype):
        """The schedule, for elements of a type."""
        return dict(self.schedule) | {"tile_k": ELEMENTS[dtype].block}

    def fits(self, dtype):
        """Whether there is one for the type."""
        return fits_type(dict(self.schedule), dtype)

    def pairs(self):
        """All shapes with all types."""
        return [
            (dtype, shape)
            for shape, dtype in itertools.product(self.shapes, ELEMENTS)
            if self.fits(dtype)
        ]


@dataclass(frozen=True)
class Run:
    """A schedule with elements of a type on one of its shapes."""

    item: Item
    dtype: str
    shape: str

    def __str__(self):
        words = [f"{key}={value}" for key, value in self.item.schedule]
        window = f"w{self.item.window}b{self.item.blocks}"
        return "-".join(
            [self.item.kernel, f"v{self.item.tile}", self.dtype, self.shape, window,
             *words]
        )  # fmt: skip

    def problem(self):
        """What is multiplied."""
        item = self.item
        return odd_problem(
            self.shape, item.of(self.dtype), item.tile, self.dtype, item.window,
            item.blocks,
        )  # fmt: skip


def every_item():
    for tile in TILES:
        for schedule in schedules(tile):
            yield Item(tile, tuple(schedule.items()))
        for schedule, window, blocks in slab_schedules(tile):
            yield Item(tile, tuple(schedule.items()), window, blocks)


def runs():
    """Each schedule twice, and all types on all shapes for every kernel and V."""
    groups = defaultdict(list)
    for item in every_item():
        groups[item.kernel, item.tile].append(item)
    for items in groups.values():
        chosen = {
            Run(item, WIDE[number % 2], "ragged") for number, item in enumerate(items)
        }
        wanted = list(dict.fromkeys(pair for item in items for pair in item.pairs()))
        # Schedules and pairs in turn, until both are used up.
        turns = itertools.cycle(wanted)
        for item in items:
            dtype, shape = next(pair for pair in turns if item.fits(pair[0]))
            chosen.add(Run(item, dtype, shape))
        covered = {(run.dtype, run.shape) for run in chosen}
        for dtype, shape in wanted:
            if (dtype, shape) not in covered:
                item = next(item for item in items if item.fits(dtype))
                chosen.add(Run(item, dtype, shape))
        yield from sorted(chosen, key=str)


def _chosen():
    if os.environ.get("HINM_SCHEDULES") == "all":
        return [
            Run(item, dtype, shape)
            for item in every_item()
            for dtype, shape in item.pairs()
        ]
    every = list(runs())
    if os.environ.get("HINM_SANITIZERS") == "ON":
        return list({(run.item.kernel, run.dtype): run for run in every}.values())
    return every


def _run_batch(batch):
    """What is wrong with each run, empty if nothing is."""
    items = [run.item.of(run.dtype) for run in batch]
    try:
        wrong = wrong_elements(batch[0].problem(), items)
    except EmulationError as error:
        if len(batch) == 1:
            return [str(error)]
        # Which one it was.
        return [text for run in batch for text in _run_batch([run])]
    return [f"{count} elements are wrong" if count else "" for count in wrong]


@pytest.fixture(scope="module")
def outcomes(request):
    """Futures of batches, of the tests that were selected, with the place there."""
    groups = defaultdict(list)
    for test in request.session.items:
        if test.function is test_schedule:
            run = test.callspec.params["run"]
            groups[run.problem()].append(run)
    places = {}
    pool = ThreadPoolExecutor(os.cpu_count())
    for group in groups.values():
        for first in range(0, len(group), BATCH):
            batch = group[first : first + BATCH]
            future = pool.submit(_run_batch, batch)
            places |= {run: (future, place) for place, run in enumerate(batch)}
    yield places
    pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize("run", _chosen(), ids=str)
def test_schedule(run, outcomes):
    future, place = outcomes[run]
    assert future.result()[place] == ""


def test_every_type_meets_every_shape():
    every = set(runs())
    assert {run.item for run in every} == set(every_item())
    met = {(r.item.kernel, r.item.tile, r.dtype, r.shape) for r in every}
    for item in every_item():
        for dtype, shape in item.pairs():
            assert (item.kernel, item.tile, dtype, shape) in met


def test_what_is_wrong_is_found(monkeypatch):
    item = next(item for item in every_item() if item.tile == 32)
    run = Run(item, "f16", "small")
    # One that no kernel has beside one that is right.
    other = tuple((dict(item.schedule) | {"tile_n": 4}).items())
    refused, right = _run_batch([replace(run, item=replace(item, schedule=other)), run])
    assert "tile_n = 4" in refused
    assert right == ""
    operands = emulated._operands

    def wrong(problem, seed):
        arrays, y = operands(problem, seed)
        y[2, 3] += 1
        return arrays, y

    monkeypatch.setattr(emulated, "_operands", wrong)
    assert wrong_elements(run.problem(), [dict(item.schedule)] * 2) == [1, 1]
    assert _run_batch([run]) == ["1 elements are wrong"]
