"""Search channel orders from Python, on arrays, on any pool of workers.

    from hinm.search import Pattern, search_orders

    result = search_orders([(abs(w), Pattern(tile=64, vector_sparsity=0.5))])
    result.row_order            # row i of the permuted weight is w[row_order[i]]
    result.weights[0].columns   # kept columns of all tiles, four of them a group

The search itself is libhinm_search (``include/hinm-c/Search.h``). A model's
search is a set of independent jobs; ``search_model`` hands them to any
``concurrent.futures.Executor``: threads, processes, Dask's, Ray's, mpi4py's.
"""

from __future__ import annotations

import ctypes
import hashlib
import math
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass, field, replace
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hinm.tools import find_library

_INT32_POINTER = ctypes.POINTER(ctypes.c_int32)
_WAKE_EVERY = 0.1  # seconds, so that Ctrl-C is seen while the library works


class SearchError(ValueError):
    """An argument of the search was refused; the message says which and why."""


@dataclass(frozen=True)
class Pattern:
    """What a weight of R×C may keep (``include/hinm/Core/Pattern.h``).

    Attributes:
        tile: V, rows of a tile.
        n: weights that a row keeps of a group.
        m: columns of a group.
        policy: ``per_tile`` (HiNM), ``all`` (plain N:M), ``per_block`` (V:N:M) or
            ``global`` (TVW).
        vector_sparsity: share of a tile's columns that is dropped, in [0, 1].
        kept: kept columns of a tile, instead of ``vector_sparsity``.
        list_rows: rows that share a set of kept columns; 0: a tile's.
        window: columns that groups stay within; 0: all.
    """

    tile: int = 32
    n: int = 2
    m: int = 4
    policy: str = "per_tile"
    vector_sparsity: float = 0.0
    kept: int | None = None
    list_rows: int = 0
    window: int = 0


@dataclass(frozen=True)
class Progress:
    """Where a search stands.

    Attributes:
        phase: ``rows`` or ``columns``.
        round: rounds of the phase so far.
        loss: share of the saliency that the phase's objective loses.
        elapsed: seconds since the start.
        remaining: seconds until the phase ends, if that is known.
    """

    phase: str
    round: int
    loss: float
    elapsed: float
    remaining: float | None


@dataclass(frozen=True)
class WeightResult:
    """What was found for one weight; the figures are sums of saliency.

    Attributes:
        columns: i32[L], the kept columns, tile after tile, M of them a group.
        offsets: i32[T + 1], where the tiles begin in ``columns``.
        total: all of the saliency.
        retained: what the pattern keeps with these orders.
        retained_without_permutation: what it keeps in the natural order.
        retained_unstructured: what the largest entries, as many, would keep.
    """

    columns: NDArray[np.int32]
    offsets: NDArray[np.int32]
    total: float
    retained: float
    retained_without_permutation: float
    retained_unstructured: float


@dataclass(frozen=True)
class SearchResult:
    """The order that the weights of a search share, and each one's columns.

    Attributes:
        row_order: i32[R]; row i of a permuted weight is row ``row_order[i]``.
        weights: in the order in which they were given.
        interrupted: whether Ctrl-C ended the search before it was done.
    """

    row_order: NDArray[np.int32]
    weights: tuple[WeightResult, ...]
    interrupted: bool = False


class _Pattern(ctypes.Structure):
    _fields_ = [
        ("tile", ctypes.c_int64),
        ("n", ctypes.c_int64),
        ("m", ctypes.c_int64),
        ("policy", ctypes.c_char_p),
        ("vector_sparsity", ctypes.c_double),
        ("kept", ctypes.c_int64),
        ("list_rows", ctypes.c_int64),
        ("window", ctypes.c_int64),
    ]


class _Weight(ctypes.Structure):
    _fields_ = [
        ("saliency", ctypes.c_void_p),
        ("rows", ctypes.c_int64),
        ("cols", ctypes.c_int64),
        ("pattern", _Pattern),
    ]


class _Progress(ctypes.Structure):
    _fields_ = [
        ("phase", ctypes.c_char_p),
        ("round", ctypes.c_int64),
        ("loss", ctypes.c_double),
        ("elapsed", ctypes.c_double),
        ("remaining", ctypes.c_double),
    ]


_Callback = ctypes.CFUNCTYPE(None, ctypes.POINTER(_Progress), ctypes.c_void_p)


class _Options(ctypes.Structure):
    _fields_ = [
        ("algorithm", ctypes.c_char_p),
        ("seed", ctypes.c_uint64),
        ("ocp", ctypes.c_int32),
        ("icp", ctypes.c_int32),
        ("time_budget", ctypes.c_double),
        ("threads", ctypes.c_uint32),
        ("warm_start", ctypes.c_void_p),
        ("progress", _Callback),
        ("user", ctypes.c_void_p),
        ("stop", _INT32_POINTER),
    ]


@cache
def _library() -> ctypes.CDLL:
    library = ctypes.CDLL(str(find_library("hinm_search")))
    count = ctypes.POINTER(ctypes.c_int64)
    handle = ctypes.c_void_p
    signatures = {
        "hinmSearch": (handle, [ctypes.POINTER(_Weight), ctypes.c_int64,
                                ctypes.POINTER(_Options)]),
        "hinmSearchDestroy": (None, [handle]),
        "hinmSearchError": (ctypes.c_char_p, [handle]),
        "hinmSearchRowOrder": (_INT32_POINTER, [handle]),
        "hinmSearchColumns": (_INT32_POINTER, [handle, ctypes.c_int64, count]),
        "hinmSearchOffsets": (_INT32_POINTER, [handle, ctypes.c_int64, count]),
        "hinmSearchFigures": (None, [handle, ctypes.c_int64,
                                     ctypes.POINTER(ctypes.c_double)]),
    }  # fmt: skip
    for name, (result, arguments) in signatures.items():
        function = getattr(library, name)
        function.restype = result
        function.argtypes = arguments
    return library


def _copy(pointer: ctypes._Pointer[ctypes.c_int32], count: int) -> NDArray[np.int32]:
    if count == 0:
        return np.zeros(0, np.int32)
    return np.ctypeslib.as_array(pointer, (count,)).copy()


def _read(library: ctypes.CDLL, handle: int, rows: int, count: int) -> SearchResult:
    error = library.hinmSearchError(handle)
    if error is not None:
        raise SearchError(error.decode())
    weights = []
    for i in range(count):
        size = ctypes.c_int64()
        columns = library.hinmSearchColumns(handle, i, ctypes.byref(size))
        columns = _copy(columns, size.value)
        offsets = library.hinmSearchOffsets(handle, i, ctypes.byref(size))
        offsets = _copy(offsets, size.value)
        figures = (ctypes.c_double * 4)()
        library.hinmSearchFigures(handle, i, figures)
        weights.append(WeightResult(columns, offsets, *figures))
    order = _copy(library.hinmSearchRowOrder(handle), rows)
    return SearchResult(order, tuple(weights))


def search_orders(
    weights: Sequence[tuple[ArrayLike, Pattern]],
    *,
    algorithm: str = "exchange",
    seed: int = 0,
    ocp: bool = True,
    icp: bool = True,
    time_budget: float | None = None,
    threads: int = 0,
    warm_start: ArrayLike | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> SearchResult:
    """Search the row order that ``weights`` share, and the columns of each.

    Ctrl-C ends the search with the best found so far, and ``interrupted`` says
    so (in the main thread; elsewhere Python delivers no Ctrl-C).

    Args:
        weights: pairs of a saliency, f32[R, C], finite and not negative, and the
            pattern to obey. All have the same R and the same tile.
        algorithm: ``exchange``, ``gyro`` (as published, one weight) or ``none``.
        seed: of the random draws; without a time budget the result depends on
            nothing else.
        ocp: whether to search the order of the rows.
        icp: whether to search the columns.
        time_budget: seconds, positive; None: until it has converged.
        threads: 0 for all cores.
        warm_start: i[R], a row order to start from.
        progress: called some times a second, from another thread.

    Raises:
        SearchError: if an argument is refused, with the reason.
        hinm.tools.ToolError: if the library is not built.
    """
    library = _library()
    arrays = [np.ascontiguousarray(saliency, np.float32) for saliency, _ in weights]
    for i, array in enumerate(arrays):
        if array.ndim != 2:
            raise SearchError(f"weight {i} has {array.ndim} dimensions, expected 2")
    rows = arrays[0].shape[0] if arrays else 0
    order = None
    if warm_start is not None:
        order = np.ascontiguousarray(warm_start, np.int32)
        if order.shape != (rows,):
            raise SearchError(f"the warm start is no order of the {rows} rows")
    if time_budget is not None and not 0.0 < time_budget < math.inf:
        raise SearchError(f"the time budget is {time_budget} s, it must be positive")
    if threads < 0:
        raise SearchError(f"{threads} threads: it must not be negative")

    c_weights = (_Weight * len(arrays))()
    for c_weight, array, (_, pattern) in zip(c_weights, arrays, weights, strict=True):
        c_weight.saliency = array.ctypes.data
        c_weight.rows, c_weight.cols = array.shape
        c_weight.pattern = _Pattern(
            pattern.tile,
            pattern.n,
            pattern.m,
            pattern.policy.encode(),
            pattern.vector_sparsity,
            -1 if pattern.kept is None else pattern.kept,
            pattern.list_rows,
            pattern.window,
        )
    stop = ctypes.c_int32(0)
    failure: list[BaseException] = []

    def report(raw: ctypes._Pointer[_Progress], _: object) -> None:
        now = raw.contents
        try:
            progress(
                Progress(
                    now.phase.decode(),
                    now.round,
                    now.loss,
                    now.elapsed,
                    now.remaining if now.remaining >= 0.0 else None,
                )
            )
        except BaseException as error:  # must not unwind through C
            failure.append(error)
            stop.value = 1

    options = _Options(
        algorithm=algorithm.encode(),
        seed=seed % 2**64,
        ocp=ocp,
        icp=icp,
        time_budget=math.inf if time_budget is None else time_budget,
        threads=threads,
        warm_start=None if order is None else order.ctypes.data,
        progress=_Callback(report) if progress else _Callback(),
        stop=ctypes.pointer(stop),
    )

    handle: list[int] = []
    ended = threading.Event()

    def run() -> None:
        handle.append(library.hinmSearch(c_weights, len(arrays), ctypes.byref(options)))
        ended.set()

    # The main thread stays free to receive Ctrl-C; ctypes releases the GIL.
    threading.Thread(target=run, name="hinm-search").start()
    interrupted = False
    while not ended.is_set():
        try:
            ended.wait(_WAKE_EVERY)
        except KeyboardInterrupt:
            interrupted = True
            stop.value = 1
    try:
        if failure:
            raise failure[0]
        result = _read(library, handle[0], rows, len(arrays))
    finally:
        library.hinmSearchDestroy(handle[0])
    return replace(result, interrupted=interrupted)


@dataclass(frozen=True)
class Job:
    """The weights of one channel-order class, to be searched together.

    Attributes:
        name: unique in a model; the seed of the job is derived from it.
        weights: as ``search_orders`` takes them.
        options: further arguments of ``search_orders``, without ``progress``.
    """

    name: str
    weights: Sequence[tuple[ArrayLike, Pattern]]
    options: Mapping[str, object] = field(default_factory=dict)

    def cost(self) -> int:
        """Entries to search, which the time grows with."""
        return sum(int(np.size(saliency)) for saliency, _ in self.weights)


def job_seed(seed: int, name: str) -> int:
    """The seed of the job ``name``: the same wherever and whenever it runs."""
    digest = hashlib.sha256(f"{seed}/{name}".encode()).digest()
    return int.from_bytes(digest[:8], "little")


def run_job(job: Job, seed: int) -> SearchResult:
    """Search one job. What a worker runs: it can be pickled."""
    return search_orders(
        job.weights, **{"seed": job_seed(seed, job.name), **job.options}
    )


def search_model(
    jobs: Sequence[Job],
    executor: Executor | Callable[[], Executor] | None = None,
    *,
    seed: int = 0,
    retries: int = 2,
    done: Callable[[str, SearchResult], None] | None = None,
) -> dict[str, SearchResult]:
    """Search the jobs of a model on the workers of ``executor``.

    The results are the same on any executor. A job whose worker died, or failed
    for a reason other than its arguments, is tried again.

    Args:
        jobs: with different names.
        executor: anything with ``submit`` of ``concurrent.futures``; or a function
            that makes one, which is called again when all of its workers are lost
            (a broken process pool takes no more jobs). None: in this thread.
        seed: of the model.
        retries: of each job.
        done: called with the name and the result of each job as it ends.

    Returns:
        The results by name, in the order of ``jobs``.

    Raises:
        SearchError: if a job's arguments are refused; the message names the job.
        RuntimeError: if a job failed more than ``retries`` times; the last failure
            is its cause.
    """
    by_name = {job.name: job for job in jobs}
    if len(by_name) != len(jobs):
        raise SearchError("two jobs have the same name")
    results: dict[str, SearchResult] = {}

    def finish(name: str, result: SearchResult) -> None:
        results[name] = result
        if done:
            done(name, result)

    # The largest first, so that no long one is left for the end.
    order = sorted(jobs, key=lambda job: (-job.cost(), job.name))
    if executor is None:
        for job in order:
            finish(job.name, _named(job.name, lambda job=job: run_job(job, seed)))
        return {job.name: results[job.name] for job in jobs}

    makes = not hasattr(executor, "submit")
    pool: Executor = executor() if makes else executor
    failures = dict.fromkeys(by_name, 0)
    pools_left = 1 + retries * len(jobs)
    running: dict[Future[SearchResult], str] = {}

    def fail(name: str, error: BaseException) -> None:
        failures[name] += 1
        if failures[name] > retries:
            raise RuntimeError(
                f"the search of '{name}' failed {failures[name]} times"
            ) from error

    waiting = [job.name for job in order]
    try:
        while waiting or running:
            while waiting:
                name = waiting[0]
                try:
                    future = pool.submit(run_job, by_name[name], seed)
                except RuntimeError as error:  # the pool is broken or shut down
                    if not makes:
                        raise RuntimeError(
                            "the executor takes no more jobs; give a function "
                            "that makes one"
                        ) from error
                    pools_left -= 1
                    if pools_left < 0:
                        raise
                    pool.shutdown(wait=False)
                    pool = executor()
                    continue
                running[future] = name
                waiting.pop(0)
            ended, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in ended:
                name = running.pop(future)
                error = future.exception()
                if error is None:
                    finish(name, future.result())
                elif isinstance(error, SearchError):
                    raise SearchError(f"{name}: {error}") from error
                else:
                    fail(name, error)
                    waiting.append(name)
    finally:
        for future in running:
            future.cancel()
        if makes:
            pool.shutdown(wait=False, cancel_futures=True)
    return {job.name: results[job.name] for job in jobs}


def _named(name: str, run: Callable[[], SearchResult]) -> SearchResult:
    try:
        return run()
    except SearchError as error:
        raise SearchError(f"{name}: {error}") from error
