"""The benchmark's run on a CPU: kernels and libraries that note what they are asked."""

import csv
import ctypes
import json
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import bench_kernels  # noqa: E402
import contenders  # noqa: E402
import fake_kernels  # noqa: E402
import tune_kernels  # noqa: E402
from cases import ELEMENTS, Case  # noqa: E402
from driver import DriverError, Kernel, KernelInfo  # noqa: E402
from failures import FAILED, Failures  # noqa: E402

SCHEDULE = {"tile_m": 32, "tile_n": 8, "tile_k": 64, "stages": 3, "warps_m": 2,
            "warps_n": 1}  # fmt: skip


def _kernel(name, dtype="f16", tile=32, **more):
    schedule = SCHEDULE | more.pop("schedule", {})
    return KernelInfo(
        name, f"{name}.cubin", "sm_90a", dtype, ELEMENTS[dtype].output, tile,
        more.pop("row_index", False), schedule, 64, 0, 99, **more,
    )  # fmt: skip


class _FakeDriver:
    """Multiplies where a kernel would; what it does else is in the kernel's name."""

    def __init__(self):
        self.launched = []
        self.broken = False
        self.loaded = []

    def attribute(self, _name):
        return 227 * 1024

    def load(self, _folder, info):
        self.loaded.append(info.name)
        if info.name == "no_image":
            raise DriverError("cuModuleLoadData: device kernel image is invalid (200)")
        return Kernel(self, info, info)

    def prepare(self, info, _grid, _threads, _shared, words):
        def launch(stream):
            self.launched.append((info.name, stream))
            if info.name == "end":
                raise KeyboardInterrupt
            self.broken |= info.name == "astray"
            if self.broken:
                raise DriverError("cuLaunchKernel: an illegal address (700)")
            if info.name == "too_large":
                raise DriverError("cuLaunchKernel: too many resources\n(701)")
            fake_kernels.multiply(info, words, wrong=info.name == "wrong")

        return launch


class _FakeGpu:
    device = "cpu"
    stream = 7
    name = "none"

    def __init__(self, driver=None):
        self._driver = driver

    def synchronize(self):
        if self._driver and self._driver.broken:
            raise RuntimeError("CUDA error: an illegal memory access")

    def measure(self, launches, count, meanwhile=lambda: None):
        for launch in launches.values():
            launch()
        meanwhile()
        # The later the faster.
        return {
            name: [100.0 - place] * count for place, name in enumerate(launches)
        }


CASE = Case("tiny", 70, 128, 8, 0.5, 32)


@pytest.mark.parametrize("dtype", ELEMENTS)
@pytest.mark.parametrize("tokens", [3, 16])
def test_our_kernels_get_the_operands_of_the_case(dtype, tokens):
    case = replace(CASE, dtype=dtype, tokens=tokens)
    product = contenders.Product(case, _FakeGpu(), contenders.Libraries())
    driver = _FakeDriver()
    bound = contenders.BOUND[ELEMENTS[dtype].output]
    plain = driver.load("", _kernel("plain", dtype))
    assert product.error(product.hinm(plain)) <= bound
    indexed = driver.load("", _kernel("indexed", dtype, row_index=True))
    assert product.error(product.hinm(indexed), row_index=True) <= bound
    # Rows that lie elsewhere are not those of the reference.
    assert product.error(product.hinm(indexed)) > 0.1
    identity = product.hinm(indexed, consecutive=True)
    assert product.error(identity) > 0.1
    assert driver.launched == [(name, 7) for name in ("plain", *["indexed"] * 3)]
    wrong = driver.load("", _kernel("wrong", dtype))
    assert product.error(product.hinm(wrong)) > bound


def test_consecutive_lists_are_of_all_columns():
    weight = contenders.packed_weight(replace(CASE, sparsity=0.75, tokens=0), "cpu")
    lists = weight.consecutive[2].view(3, 64).long()
    assert torch.equal(lists[0], torch.arange(64))
    assert torch.equal(lists[1], torch.arange(64, 128))
    assert torch.equal(lists[2], torch.arange(64))


def test_consecutive_lists_go_by_windows():
    case = Case("tiny", 1024, 512, 8, 0.75, 64, "f16", 256)
    weight = contenders.packed_weight(replace(case, tokens=0), "cpu")
    lists = weight.consecutive[2].view(16, 2, 128).long()
    for window in range(2):
        first = torch.arange(256 * window, 256 * window + 128)
        assert torch.equal(lists[:, window], first.expand(16, 128))
    # What four random lists have in common has no room for all of a window.
    schedule = {"kernel": "slab", "tile_m": 256}
    kernel = _kernel(
        "slab", tile=64, row_index=True, window=256, window_blocks=2, schedule=schedule,
        slab_places=224,
    )  # fmt: skip
    product = contenders.Product(case, _FakeGpu(), contenders.Libraries())
    product.hinm(_FakeDriver().load("", kernel), consecutive=True)


def test_libraries_that_fail_in_one_layout_are_asked_for_another():
    product = contenders.Product(CASE, _FakeGpu(), contenders.Libraries())

    def refuse():
        raise RuntimeError("no")

    def refuse_later():
        return refuse

    done = []
    launch = product._possible(
        {"a": refuse, "b": refuse_later, "c": lambda: lambda: done.append("c")}
    )
    launch()
    assert set(done) == {"c"}
    with pytest.raises(ValueError, match="no"):
        product._possible({"a": refuse})
    with pytest.raises(ValueError, match="not given"):
        product.spatha()


class _FakeSpatha:
    """Multiplies blocks of 64 tokens, by kernels of which one is right."""

    def __init__(self, kernels):
        self._kernels = kernels

    def padded(self, tokens):
        return -(-tokens // 64) * 64

    def dense(self, case):
        draw = np.random.default_rng(0)
        return draw.integers(-4, 5, (case.rows, case.columns)).astype(np.int8)

    def launches(self, case, tokens, x, y, stream):
        assert (tokens, stream) == (self.padded(case.tokens), 7)

        def at(pointer, rows):
            size = 2 * rows * tokens
            memory = (ctypes.c_char * size).from_address(pointer)
            return np.frombuffer(memory, np.float16).reshape(rows, tokens)

        def make(name):
            def launch():
                if name == "refused":
                    raise RuntimeError("kernel 0 was not launched")
                product = self.dense(case) @ at(x, case.columns).astype(np.float64)
                # The other half of the rows stays as it was.
                count = case.rows // 2 if name == "half" else case.rows
                at(y, case.rows)[:count] = product[:count]

            return launch

        return {name: make(name) for name in self._kernels}


@pytest.mark.parametrize("tokens", [3, 64, 65])
def test_spatha_multiplies_padded_tokens_and_is_checked(tokens, capfd):
    case = replace(CASE, tokens=tokens)
    kernels = ("right", "refused", "half")
    libraries = contenders.Libraries(spatha=_FakeSpatha(kernels))
    product = contenders.Product(case, _FakeGpu(), libraries)
    product.spatha()()
    said = capfd.readouterr().err
    assert "half is off by nan" in said
    assert "refused: kernel 0 was not launched" in said
    assert "right" not in said
    x, y = product.kept_alive
    assert x.shape == (128, -(-tokens // 64) * 64)
    assert torch.equal(x[:, :tokens], product.x[:, :tokens])
    assert not x[:, tokens:].any()
    assert y.shape == (70, x.shape[1])
    wrong = contenders.Libraries(spatha=_FakeSpatha(("half",)))
    with pytest.raises(ValueError, match="none of its kernels is right"):
        contenders.Product(case, _FakeGpu(), wrong).spatha()


@pytest.mark.parametrize("dtype", ["f16", "i8", "f8E4M3FN"])
def test_dense_products_are_timed(dtype):
    product = contenders.Product(
        replace(CASE, dtype=dtype, tokens=32), _FakeGpu(), contenders.Libraries()
    )
    try:
        product.cublas()()
    except ValueError as error:
        # What a CPU has not.
        assert "scaled" in str(error).lower() or "CPU" in str(error)


def _bundle(folder, kernels):
    folder.mkdir(exist_ok=True)
    manifest = {"commit": "abc", "kernels": [vars(kernel) for kernel in kernels]}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def _run(tmp_path, monkeypatch, kernels, *words):
    monkeypatch.setattr("cases.SHAPES", {"tiny": (70, 128)})
    bundle = _bundle(tmp_path / "bundle", kernels)
    arguments = bench_kernels.parse(
        [str(bundle), "--out", str(tmp_path / "out.csv"), "--trials",
         str(tmp_path / "trials.csv"), "--tokens", "1", "8", "--sparsities", "0.5",
         "--tiles", "32", "--count", "3", *words]
    )  # fmt: skip
    driver = _FakeDriver()
    status = bench_kernels.run(
        arguments, driver, _FakeGpu(driver), contenders.Libraries()
    )
    return status, driver


def _rows(path):
    lines = [line for line in path.read_text().splitlines() if line[0] != "#"]
    return list(csv.DictReader(lines))


def test_a_run_ends_in_time_and_is_gone_on_with(tmp_path, monkeypatch, capfd):
    kernels = [
        _kernel("plain"), _kernel("indexed", row_index=True),
        _kernel("lacking", without="gather"), _kernel("other", tile=64),
        _kernel("turned", token_major=True),
    ]  # fmt: skip
    status, _ = _run(tmp_path, monkeypatch, kernels, "--minutes", "-1")
    assert status == bench_kernels.CASES_LEFT
    assert "2 of 2 cases are left" in capfd.readouterr().out
    ticks = iter([0, 0, 61, 200, 200, 200])
    monkeypatch.setattr(bench_kernels.time, "monotonic", lambda: next(ticks))
    status, driver = _run(tmp_path, monkeypatch, kernels, "--minutes", "1", "--resume")
    assert status == bench_kernels.CASES_LEFT
    assert set(driver.loaded) == {"plain", "indexed"}
    assert {row["tokens"] for row in _rows(tmp_path / "out.csv")} == {"1"}
    status, _ = _run(tmp_path, monkeypatch, kernels, "--resume")
    assert status == 0
    rows = _rows(tmp_path / "out.csv")
    ours = [(r["tokens"], r["contender"], r["kernel"]) for r in rows if r["kernel"]]
    assert ours == [
        (tokens, *item)
        for tokens in ("1", "8")
        for item in (("hinm", "plain"), ("hinm_rows", "indexed"),
                     ("hinm_identity", "indexed"))
    ]  # fmt: skip
    for row in rows:
        parts = [float(row[f"{part}_us"]) for part in ("tensor", "hbm", "l2", "shared")]
        assert float(row["floor_us"]) == max(parts) > 0
        assert row["clock_mhz"] == "0"
    said = capfd.readouterr().err.splitlines()
    assert len([line for line in said if line.startswith("cusparselt: ")]) == 1
    assert {row["kernel"] for row in _rows(tmp_path / "trials.csv")} == {"plain"}


def _names(path):
    return {row["kernel"] for row in _rows(path)}


def test_wrong_kernels_are_said_and_not_timed(tmp_path, monkeypatch, capfd):
    # By the fake times, the later the faster.
    kernels = [
        _kernel("plain"), _kernel("wrong", schedule={"stages": 4}),
        _kernel("indexed", row_index=True),
    ]  # fmt: skip
    status, driver = _run(tmp_path, monkeypatch, kernels)
    assert status == 1
    said = capfd.readouterr().err
    assert "wrong: off by" in said
    assert "1 failed: wrong" in said
    assert driver.loaded.count("wrong") == 1
    assert _names(tmp_path / "out.csv") == {"plain", "indexed", ""}
    assert _names(tmp_path / "trials.csv") == {"plain"}


def test_all_that_the_tuner_may_pick_is_checked(tmp_path, monkeypatch):
    # More than are measured in the end, and the wrong one is the slowest.
    names = ["wrong", *(f"k{number}" for number in range(bench_kernels.FINALISTS + 2))]
    kernels = [_kernel(name, schedule={"stages": 2}) for name in names]
    status, _ = _run(tmp_path, monkeypatch, kernels)
    assert status == 1
    assert _names(tmp_path / "trials.csv") == set(names[1:])


def test_wrong_kernels_are_remembered(tmp_path, monkeypatch):
    kernels = [_kernel("plain"), _kernel("wrong")]
    ticks = iter([0, 0, 61])
    with monkeypatch.context() as patch:
        patch.setattr(bench_kernels.time, "monotonic", lambda: next(ticks))
        status, _ = _run(tmp_path, patch, kernels, "--minutes", "1", "--resume")
    assert status == bench_kernels.CASES_LEFT
    status, driver = _run(tmp_path, monkeypatch, kernels, "--resume")
    assert status == 1
    assert "wrong" not in driver.loaded
    # Nothing is left to do, and it is wrong all the same.
    assert _run(tmp_path, monkeypatch, kernels, "--resume")[0] == 1
    # Another type, and another build, have nothing to do with it.
    assert _run(tmp_path, monkeypatch, kernels, "--dtypes", "i8")[0] == 0
    assert "wrong" in Failures(tmp_path / FAILED, "abc")
    assert "wrong" not in Failures(tmp_path / FAILED, "abd")


@pytest.mark.parametrize("name", ["no_image", "too_large"])
def test_kernels_that_are_refused_are_left_out(name, tmp_path, monkeypatch, capfd):
    kernels = [
        _kernel(name), _kernel("plain"), _kernel("indexed", row_index=True)
    ]  # fmt: skip
    status, driver = _run(tmp_path, monkeypatch, kernels)
    assert status == 1
    assert driver.loaded.count(name) == 1
    said = capfd.readouterr().err.splitlines()
    assert len([line for line in said if line.startswith(f"{name}: cu")]) == 1
    rows = _rows(tmp_path / "out.csv")
    assert {row["tokens"] for row in rows if row["contender"] == "hinm"} == {"1", "8"}
    assert _names(tmp_path / "trials.csv") == {"plain"}


def test_a_broken_context_ends_the_call_but_not_the_benchmark(
    tmp_path, monkeypatch, capfd
):
    kernels = [_kernel("plain"), _kernel("astray"), _kernel("later")]
    status, driver = _run(tmp_path, monkeypatch, kernels, "--resume")
    assert status == bench_kernels.CASES_LEFT
    assert "astray broke the context of CUDA: call again" in capfd.readouterr().err
    assert driver.loaded == ["plain", "astray"]
    assert [(r["subject"], r["commit"]) for r in _rows(tmp_path / FAILED)] == [
        ("astray", "abc")
    ]
    assert _rows(tmp_path / "out.csv") == []
    status, driver = _run(tmp_path, monkeypatch, kernels, "--resume")
    assert status == 1
    assert "astray" not in driver.loaded
    assert _names(tmp_path / "trials.csv") == {"plain", "later"}


def test_a_launch_that_ended_the_process_is_remembered(tmp_path, monkeypatch, capfd):
    kernels = [_kernel("plain"), _kernel("later")]
    folder = tmp_path / "results"
    folder.mkdir()
    failures = Failures(folder / FAILED, "abc")
    mark = folder / "failed.launching"

    def launch():
        assert mark.read_text() == "later"
        # As a process that is killed leaves it.
        (tmp_path / mark.name).write_text(mark.read_text())

    failures.attempt("later", launch, lambda: None)
    assert not mark.exists()
    status, driver = _run(tmp_path, monkeypatch, kernels)
    assert status == 1
    assert "later: the last call ended while it was launched" in capfd.readouterr().err
    assert not (tmp_path / mark.name).exists()
    assert set(driver.loaded) == {"plain"}
    # Whoever stops the benchmark does not blame a kernel.
    with pytest.raises(KeyboardInterrupt):
        _run(tmp_path, monkeypatch, [_kernel("end")])
    assert not (tmp_path / mark.name).exists()


def test_a_case_that_fails_is_left_out(tmp_path, monkeypatch, capfd):
    kernels = [_kernel("plain")]
    measure = _FakeGpu.measure

    def fail(gpu, launches, count, *more):
        # Not the short trial.
        if count == 3:
            gpu._driver.broken = gpu.breaks
            raise RuntimeError("CUDA error: out of memory")
        return measure(gpu, launches, count, *more)

    monkeypatch.setattr(_FakeGpu, "measure", fail)
    monkeypatch.setattr(_FakeGpu, "breaks", True, raising=False)
    status, _ = _run(tmp_path, monkeypatch, kernels, "--resume")
    assert status == bench_kernels.CASES_LEFT
    (noted,) = _rows(tmp_path / FAILED)
    assert "tokens=1," in noted["subject"]
    assert noted["reason"] == "CUDA error: out of memory"
    monkeypatch.setattr(_FakeGpu, "breaks", False)
    status, _ = _run(tmp_path, monkeypatch, kernels, "--resume")
    assert status == 1
    assert len(_rows(tmp_path / FAILED)) == 2
    assert "2 failed: Case(" in capfd.readouterr().err


def test_the_tuner_takes_no_kernel_that_has_failed(tmp_path, monkeypatch):
    kernels = [_kernel("plain"), _kernel("fast", schedule={"stages": 4})]
    assert _run(tmp_path, monkeypatch, kernels)[0] == 0

    def tuned():
        table = tmp_path / "table.json"
        words = [tmp_path / "trials.csv", tmp_path / "bundle", table]
        monkeypatch.setattr("sys.argv", ["tune_kernels", *map(str, words)])
        assert tune_kernels.main() == 0
        (entry,) = json.loads(table.read_text())["entries"]
        return entry["schedule"]["stages"]

    assert tuned() == 4
    # Found on a later case, or by check_kernels.py.
    Failures(tmp_path / FAILED, "abc").add("fast", "off by 1")
    assert tuned() == 3


@pytest.mark.parametrize("dtype", ELEMENTS)
def test_tables_are_of_16_bits(dtype, tmp_path, monkeypatch, capfd):
    kernels = [_kernel("plain", "f16"), _kernel("other", dtype)]
    tokens = str(ELEMENTS[dtype].tokens)
    words = ("--dtypes", *dict.fromkeys(("f16", dtype)), "--tokens", tokens)
    assert _run(tmp_path, monkeypatch, kernels, *words)[0] == 0
    table = tmp_path / "table.json"
    paths = [tmp_path / "trials.csv", tmp_path / "bundle", table]
    monkeypatch.setattr("sys.argv", ["tune_kernels", *map(str, paths)])
    wide = ELEMENTS[dtype].size == 2
    assert tune_kernels.main() == (0 if wide else 1)
    assert table.exists() == wide
    said = f"has trials of {dtype}: tables are of 16-bit elements (f16, bf16) so far"
    assert (said in capfd.readouterr().err) == (not wide)


def test_trials_without_types_are_refused(tmp_path, monkeypatch, capfd):
    assert _run(tmp_path, monkeypatch, [_kernel("plain")])[0] == 0
    trials, table = tmp_path / "trials.csv", tmp_path / "table.json"
    trials.write_text(trials.read_text().replace(",dtype,", ",kind,"))
    paths = [trials, tmp_path / "bundle", table]
    monkeypatch.setattr("sys.argv", ["tune_kernels", *map(str, paths)])
    assert tune_kernels.main() == 1
    assert f"{trials} is no result of bench_kernels.py" in capfd.readouterr().err
