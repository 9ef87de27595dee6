"""Other people's searches, fetched and run, never copied.

Each peer takes a saliency and a pattern and returns (row order, list of kept
columns a tile), or a mask; `evaluate` below grades all of them alike.
"""

from __future__ import annotations

import importlib
import importlib.util
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from hinm.search import Pattern, search_orders

CACHE = Path(__file__).resolve().parents[2] / "out" / "peers"

#: repository, commit, path of the file or folder that is run.
SOURCES = {
    "hinm_sp": (
        "sminy67/hinm_sp",
        "f0c4d8481006ae73f700ea06138d1d090ecd3b53",
        "sparseml/src/sparseml/pytorch/sparsification/pruning/permutations.py",
    ),
    "apex": (
        "NVIDIA/apex",
        "6424da3b4faa6c8f062da4a48c424fff3f02d42d",
        "apex/contrib/sparsity/permutation_search_kernels",
    ),
}

Orders = tuple[NDArray[np.int64], list[NDArray[np.int64]]]


def fetch(name: str, mirror: Path | None = None) -> Path:
    """Put a peer's pinned sources below `out/peers` and return where they are.

    Args:
        name: of `SOURCES`.
        mirror: a folder with bare clones named owner+name/repo, instead of GitHub.
    """
    repository, commit, path = SOURCES[name]
    folder = CACHE / name
    if not (folder / path).exists():
        folder.mkdir(parents=True, exist_ok=True)
        git = folder / "clone"
        if mirror:
            git = mirror / repository.replace("/", "+") / "repo"
        elif not git.exists():
            subprocess.run(
                ["git", "clone", "-q", "--bare", "--filter=blob:none",
                 f"https://github.com/{repository}", git],
                check=True,
            )  # fmt: skip
        archive = subprocess.run(
            ["git", "-C", git, "archive", commit, path], check=True, capture_output=True
        )
        subprocess.run(["tar", "x", "-C", folder], input=archive.stdout, check=True)
    return folder / path


def _correct(source: str) -> str:
    """The authors' file with the faults taken out that spoil its result.

    1. ICP permutes its input in place, and then again for the mask.
    2. OCP's cost compares the count of dropped vectors with that of kept ones,
       so that at other than 50 % it sums the wrong ones; and its exception keeps
       the smallest where it should keep the largest.
    3. Its generator is seeded anew at each draw, which draws the same rows.
    """
    for wrong, right in [
        (
            "tiled_imp = imp[tile_id * self.tile_size: "
            "(tile_id + 1) * self.tile_size]\n            tile_perm",
            "tiled_imp = imp[tile_id * self.tile_size: "
            "(tile_id + 1) * self.tile_size].clone()\n            tile_perm",
        ),
        (
            "mask.sum(dim=-1) != self.nnz_vec",
            "mask.sum(dim=-1) != self.in_chan - self.nnz_vec",
        ),
        (
            "mask_row[reorder_id[:self.nnz_vec]] = 1.0",
            "mask_row[reorder_id[:self.in_chan - self.nnz_vec]] = 1.0",
        ),
        (
            "mask.sum(dim=-1) != nnz_vec",
            "mask.sum(dim=-1) != (in_channels - nnz_vec if reversed else nnz_vec)",
        ),
        (
            "mask_row[reorder_idx[:nnz_vec]] = 1.0",
            "mask_row[reorder_idx[:in_channels - nnz_vec] if reversed "
            "else reorder_idx[in_channels - nnz_vec:]] = 1.0",
        ),
        ("rng = np.random.default_rng(77)", "rng = np.random"),
        (
            "size=num_ext,\n                               replace=False,\n"
            "                               shuffle=False)))",
            "size=num_ext,\n                               replace=False)))",
        ),
    ]:
        if source.count(wrong) != 1:
            raise RuntimeError(f"the authors' file has changed: no '{wrong}'")
        source = source.replace(wrong, right)
    return source


def _authors(corrected: bool, seed: int, mirror: Path | None) -> ModuleType:
    """The authors' file as a module, with its generators seeded."""
    import torch

    torch.manual_seed(seed)
    np.random.seed(seed)
    source = fetch("hinm_sp", mirror).read_text()
    module = ModuleType("hinm_sp_permutations")
    exec(compile(_correct(source) if corrected else source, "permutations.py", "exec"),
         module.__dict__)  # fmt: skip
    return module


def none(saliency: NDArray, pattern: Pattern, seed: int) -> Orders:
    """The natural order."""
    return _ours(saliency, pattern, algorithm="none")


def _ours(saliency: NDArray, pattern: Pattern, **options: object) -> Orders:
    result = search_orders([(saliency, pattern)], **options)
    found = result.weights[0]
    return result.row_order, np.split(found.columns, found.offsets[1:-1])


def gyro_authors(
    saliency: NDArray, pattern: Pattern, seed: int, mirror: Path | None = None
) -> Orders:
    """The authors' gyro-permutation, with the faults of `_correct` taken out."""
    import torch

    gyro = _authors(True, seed, mirror)
    kept = gyro.get_nnz_vec(pattern.vector_sparsity, saliency.shape[1], 4)
    score = torch.from_numpy(saliency.copy())
    rows = gyro.OutPerm(score, pattern.tile, kept, score)
    order, permuted, mask = rows.fit(
        num_exts=[8, 1, 4, 1, 2, 1, 1], multi_cnts=1, uni_cnts=1
    )
    packed, listed = gyro.comp_vec_spar(permuted, mask, pattern.tile, kept)
    columns = gyro.InPerm(packed, pattern.tile)
    columns.fit(cnts=2)
    lists = [listed[t][columns.in_perm[t]].numpy() for t in range(columns.num_tiles)]
    return order.numpy(), lists


def gyro_released(
    saliency: NDArray, pattern: Pattern, seed: int, mirror: Path | None = None
) -> NDArray:
    """The authors' gyro-permutation as released: the mask that it returns."""
    import torch

    gyro = _authors(False, seed, mirror)
    score = torch.from_numpy(saliency.copy())
    return gyro.apply_gyro_perm(
        score, pattern.tile, pattern.vector_sparsity, 2, 4
    ).numpy()


def clustering(
    saliency: NDArray, pattern: Pattern, seed: int, mirror: Path | None = None
) -> Orders:
    """Rows by one balanced k-means, as OVW does; natural columns."""
    gyro = _authors(True, seed, mirror)
    tiles = len(saliency) // pattern.tile
    cluster, _ = gyro.balanced_kmeans(saliency, tiles, pattern.tile)
    order = np.argsort(cluster, kind="stable")
    return _ours(
        saliency, pattern, warm_start=order, ocp=False, icp=False,
    )  # fmt: skip


class _OutOfTime(Exception):
    pass


@contextmanager
def _time_limit(seconds: float | None) -> Iterator[None]:
    """Leaves its block after that many seconds (main thread only)."""

    def ring(*_: object) -> None:
        raise _OutOfTime

    old = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds or 0.0)
    try:
        with suppress(_OutOfTime):
            yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, old)


def asp(
    saliency: NDArray,
    pattern: Pattern,
    seed: int,
    mirror: Path | None = None,
    limit: float | None = None,
) -> Orders:
    """NVIDIA ASP's channel swaps on the CPU: 2:4, one order for all rows.

    It swaps in place and each swap gains, so that after `limit` seconds the order
    that it has is its best so far.
    """
    folder = fetch("apex", mirror)
    if str(folder.parent) not in sys.path:
        sys.path.insert(0, str(folder.parent))
    module = importlib.import_module("permutation_search_kernels.channel_swap")
    module.time = time  # the file uses it without importing it
    np.random.seed(seed)
    permutation = list(range(saliency.shape[1]))
    with _time_limit(limit):
        module.Channel_Swap(
            saliency.astype(np.float64), escape_attempts=0, permutation=permutation
        )
    return np.arange(len(saliency)), [np.asarray(permutation)]


def ria(saliency: NDArray, pattern: Pattern, seed: int) -> Orders:
    """RIA's channel permutation for 2:4 (Zhang et al., ICLR 2024, section 4).

    Written from the paper: channels are dealt to the groups by rank of their sums,
    so that each group gets one of every quarter; then, for each of the four
    places, the channels standing there are assigned to the groups anew.
    """
    from scipy.optimize import linear_sum_assignment

    groups = saliency.shape[1] // 4
    ranked = np.argsort(-saliency.sum(axis=0), kind="stable")
    order = np.stack([ranked[k * groups : (k + 1) * groups] for k in range(4)], axis=1)
    for place in range(4):
        others = np.sort(
            saliency[:, np.delete(order, place, axis=1)], axis=2
        )  # rows, groups, three
        gain = np.zeros((groups, groups))
        for j in range(groups):
            newcomer = saliency[:, order[j, place], None]
            gain[:, j] = np.maximum(others[:, :, 1], newcomer).sum(axis=0)
        gain += others[:, :, 2].sum(axis=0)[:, None]
        _, chosen = linear_sum_assignment(-gain)
        order[:, place] = order[chosen, place]
    return np.arange(len(saliency)), [order.ravel()]


def ours(algorithm: str, **options: object) -> Callable[..., Orders]:
    """Our search as a peer."""

    def run(saliency: NDArray, pattern: Pattern, seed: int) -> Orders:
        return _ours(saliency, pattern, algorithm=algorithm, seed=seed, **options)

    return run


def evaluate(saliency: NDArray, pattern: Pattern, found: Orders | NDArray) -> float:
    """The share of the saliency that orders, or a mask, retain."""
    total = saliency.sum(dtype=np.float64)
    if isinstance(found, np.ndarray):
        return float((saliency * found).sum(dtype=np.float64) / total)
    order, lists = found
    if sorted(order) != list(range(len(saliency))):
        raise ValueError("no permutation of the rows")
    kept = 0.0
    for t, listed in enumerate(lists):
        rows = saliency[order[t * pattern.tile : (t + 1) * pattern.tile]]
        _, first = np.unique(listed, return_index=True)
        fresh = np.zeros(len(listed), bool)
        fresh[first] = True
        values = np.where(fresh, rows[:, listed], 0.0)
        groups = values.reshape(len(rows), -1, pattern.m)
        kept += np.sort(groups, axis=2)[:, :, pattern.m - pattern.n :].sum(
            dtype=np.float64
        )
    return float(kept / total)


def unstructured(saliency: NDArray, pattern: Pattern) -> float:
    """What the largest entries retain, as many as the pattern keeps."""
    rows, cols = saliency.shape
    listed = int(cols * (1 - pattern.vector_sparsity)) // pattern.m * pattern.m
    count = rows * listed // pattern.m * pattern.n
    largest = np.partition(saliency.ravel(), saliency.size - count)[-count:]
    return float(largest.sum(dtype=np.float64) / saliency.sum(dtype=np.float64))


def timed(run: Callable[[], Orders | NDArray]) -> tuple[Orders | NDArray, float]:
    """What `run` returns, and the seconds that it took."""
    begin = time.perf_counter()
    found = run()
    return found, time.perf_counter() - begin
