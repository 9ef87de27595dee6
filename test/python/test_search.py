"""The search on arrays and on pools of workers (hinm.search)."""

import os
import signal
import subprocess
import sys
import textwrap
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest

from hinm import search
from hinm.search import Job, Pattern, SearchError, search_model, search_orders

pytestmark = pytest.mark.skipif(
    os.environ.get("HINM_SANITIZERS") == "ON",
    reason="Python does not load a library with sanitizers",
)

PATTERN = Pattern(tile=16, vector_sparsity=0.5)


def saliency(rows=64, cols=96, seed=0):
    return np.abs(np.random.default_rng(seed).standard_normal((rows, cols)))


def retained(weight, result, index=0, tile=16, n=2, m=4):
    """What the orders keep, computed the plain way."""
    found, total = result.weights[index], 0.0
    for t, begin in enumerate(range(0, len(weight), tile)):
        rows = weight[result.row_order[begin : begin + tile]]
        listed = found.columns[found.offsets[t] : found.offsets[t + 1]]
        groups = rows[:, listed].reshape(len(rows), -1, m)
        total += np.sort(groups, axis=2)[:, :, m - n :].sum()
    return total


def test_result_is_what_it_says():
    weight = saliency()
    result = search_orders([(weight, PATTERN)])
    found = result.weights[0]
    assert sorted(result.row_order) == list(range(64))
    assert len(found.columns) == 4 * 48
    assert found.total == pytest.approx(weight.sum(), rel=1e-6)
    assert found.retained == pytest.approx(retained(weight, result), rel=1e-5)
    assert (
        found.retained_without_permutation
        < found.retained
        < found.retained_unstructured
    )
    assert not result.interrupted


def test_weights_share_an_order():
    weights = [(saliency(), PATTERN), (saliency(64, 40, 1), PATTERN)]
    result = search_orders(weights)
    for i, (weight, _) in enumerate(weights):
        assert result.weights[i].retained == pytest.approx(
            retained(weight, result, i), rel=1e-5
        )


def test_same_for_a_seed_on_any_threads():
    weights = [(saliency(), PATTERN)]
    one = search_orders(weights, threads=1, seed=5)
    many = search_orders(weights, threads=4, seed=5)
    other = search_orders(weights, seed=6)
    assert (one.row_order == many.row_order).all()
    assert (one.weights[0].columns == many.weights[0].columns).all()
    assert (one.row_order != other.row_order).any()


def test_budget_progress_and_warm_start():
    weight = saliency(256, 256)
    reports = []
    first = search_orders([(weight, PATTERN)], time_budget=0.5, progress=reports.append)
    assert {report.phase for report in reports} == {"rows", "columns"}
    assert all(0 < report.loss < 1 for report in reports)
    again = search_orders([(weight, PATTERN)], warm_start=first.row_order, ocp=False)
    assert (again.row_order == first.row_order).all()


def test_an_exception_in_progress_reaches_the_caller():
    def give_up(progress):
        raise LookupError("enough")

    with pytest.raises(LookupError, match="enough"):
        search_orders([(saliency(512, 512), PATTERN)], time_budget=60, progress=give_up)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"weights": []}, "no weight"),
        ({"weights": [(-saliency(), PATTERN)]}, "negative"),
        ({"weights": [(saliency() * np.nan, PATTERN)]}, "NaN"),
        ({"weights": [(saliency()[0], PATTERN)]}, "1 dimensions"),
        ({"weights": [(saliency(), Pattern(n=5))]}, "5:4"),
        ({"weights": [(saliency(), Pattern(policy="best"))]}, "unknown policy 'best'"),
        ({"weights": [(saliency(), Pattern(tile=8, list_rows=12))]}, "12 rows"),
        (
            {"weights": [(saliency(), PATTERN), (saliency(32), PATTERN)]},
            "weight 1 has 32 rows",
        ),
        ({"algorithm": "magic"}, "unknown algorithm 'magic'"),
        ({"time_budget": 0}, "budget is 0 s"),
        ({"threads": -1}, "-1 threads"),
        ({"warm_start": [0] * 64}, "warm start"),
        ({"warm_start": [0, 1]}, "warm start"),
    ],
)
def test_refusals(change, message):
    arguments = {"weights": [(saliency(), PATTERN)], **change}
    weights = arguments.pop("weights")
    with pytest.raises(SearchError, match=message):
        search_orders(weights, **arguments)


def test_interrupt_returns_the_best_so_far():
    script = textwrap.dedent(
        """
        import numpy as np
        from hinm.search import Pattern, search_orders
        w = np.abs(np.random.default_rng(0).standard_normal((512, 512)))
        told = []
        def progress(p):
            if not told:
                told.append(p); print("searching", flush=True)
        r = search_orders([(w, Pattern(tile=32, vector_sparsity=0.5))],
                          time_budget=600, progress=progress)
        f = r.weights[0]
        print(r.interrupted, f.retained > f.retained_without_permutation)
        """
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(search.__file__).parents[1])},
    )
    assert process.stdout.readline() == "searching\n"
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert output == "True True\n"
    assert process.returncode == 0


# --- on workers --------------------------------------------------------------------


def jobs():
    return [
        Job(f"layer{i}", [(saliency(48, 32 * (i + 1), i), PATTERN)]) for i in range(4)
    ]


def same(a, b):
    assert list(a) == list(b)
    for name in a:
        assert a[name].row_order.tobytes() == b[name].row_order.tobytes()
        for x, y in zip(a[name].weights, b[name].weights, strict=True):
            assert x.columns.tobytes() == y.columns.tobytes()
            assert x.retained == y.retained


@pytest.fixture(scope="module")
def here():
    return search_model(jobs(), seed=3)


def processes():
    return ProcessPoolExecutor(2, mp_context=get_context("spawn"))


def test_threads_and_processes_find_the_same(here):
    ended = []
    with ThreadPoolExecutor(2) as pool:
        same(
            here,
            search_model(
                jobs(), pool, seed=3, done=lambda name, result: ended.append(name)
            ),
        )
    assert sorted(ended) == list(here)
    same(here, search_model(jobs(), processes, seed=3))


class Fatal:
    """A saliency that ends the first process, other than this one, that reads it."""

    def __init__(self, array, marker):
        self.array, self.marker, self.owner = array, marker, os.getpid()

    def __array__(self, dtype=None, copy=None):
        if os.getpid() != self.owner and not Path(self.marker).exists():
            Path(self.marker).touch()
            os._exit(1)
        return np.asarray(self.array, dtype)


def with_a_fatal_job(tmp_path):
    marked = jobs()
    (weight, pattern), *_ = marked[1].weights
    marked[1] = Job("layer1", [(Fatal(weight, str(tmp_path / "marker")), pattern)])
    return marked


def test_a_killed_worker_is_retried_by_processes(here, tmp_path):
    same(here, search_model(with_a_fatal_job(tmp_path), processes, seed=3))
    assert (tmp_path / "marker").exists()


def test_a_broken_pool_that_cannot_be_made_anew_is_an_error(tmp_path):
    with (
        processes() as pool,
        pytest.raises(RuntimeError, match="a function that makes one"),
    ):
        search_model(with_a_fatal_job(tmp_path), pool, seed=3)


def test_failing_for_ever_is_an_error():
    class Failing(ThreadPoolExecutor):
        def submit(self, *arguments):
            return super().submit(os.stat, "/nowhere")

    with Failing(1) as pool, pytest.raises(RuntimeError, match="failed 3 times"):
        search_model(jobs(), pool)


def test_refusals_name_the_job():
    bad = [Job("wide", [(-saliency(), PATTERN)])]
    for executor in (None, ThreadPoolExecutor(1)):
        with pytest.raises(SearchError, match="wide: .*negative"):
            search_model(bad, executor)
    with pytest.raises(SearchError, match="same name"):
        search_model([*jobs(), *jobs()])


def test_dask_cluster_and_a_killed_worker(here, tmp_path, monkeypatch):
    distributed = pytest.importorskip("distributed")
    paths = [str(Path(search.__file__).parents[1]), str(Path(__file__).parent)]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))
    with (
        distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            host="127.0.0.1",
            dashboard_address=None,
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        same(here, search_model(jobs(), client.get_executor(), seed=3))
        same(
            here,
            search_model(with_a_fatal_job(tmp_path), client.get_executor(), seed=3),
        )
    assert (tmp_path / "marker").exists()
