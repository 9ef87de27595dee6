"""The micro-benchmarks without a GPU: operands, launches on the fake driver, roof."""

import json

import numpy as np
import pytest

import build_kernels
import micro_benchmarks
import micro_data
from driver import Arena, Driver, DriverError
from roof import H200, measured_chip


def _nibble(word, place):
    return word >> 4 * place & 15


def _half(register, which):
    return np.uint16(register >> 16 * which & 0xFFFF).view(np.float16).astype(float)


def _dense_a(fragment, metadata, selector):
    """A warp's 16 x 32 operand, read by the PTX manual's tables, lane by lane."""
    a = np.zeros((16, 32))
    for lane in range(32):
        g, q = divmod(lane, 4)
        for register in range(4):
            row = g + 8 * (register % 2)
            # The register holds the two kept weights of one group of four.
            group = q + 4 * (register // 2)
            word = metadata[4 * g + 2 * selector + group // 4]
            nibble = _nibble(int(word) >> 16 * (register % 2), group % 4)
            low, high = nibble & 3, nibble >> 2
            assert low < high
            a[row, 4 * group + low] = _half(fragment[lane, register], 0)
            a[row, 4 * group + high] = _half(fragment[lane, register], 1)
    return a


def test_mma_operands_give_the_sums():
    data = micro_data.mma_data(2, 2, seed=3)
    for i in range(2):
        both = sum(_dense_a(data.a[i], data.metadata[i], s) for s in range(2))
        for j in range(2):
            b = np.zeros((32, 8))
            for lane in range(32):
                for register in range(4):
                    for half in range(2):
                        row = 8 * register + 2 * (lane % 4) + half
                        b[row, lane // 4] = _half(data.b[j, lane, register], half)
            product = both @ b
            for lane in range(32):
                g, q = divmod(lane, 4)
                rows, columns = [[g], [g + 8]], [2 * q, 2 * q + 1]
                expected = product[rows, columns].reshape(-1).tolist()
                assert data.sparse[i, j, lane].tolist() == expected
    assert not np.array_equal(data.sparse, data.dense)


def _read_image(image, address, leading, stride, mn_major, row, k):
    """An element as wgmma finds it: by descriptor, swizzled by the address."""
    if mn_major:
        # Atoms of 64 columns × 8 k of 128 bytes each.
        byte = leading * (row // 64) + stride * (k // 8) + 128 * (k % 8)
        byte += 2 * (row % 64)
    else:
        byte = stride * (row // 8) + 128 * (row % 8) + 2 * k
    byte += address
    byte ^= (byte >> 7 & 7) << 4
    return image.reshape(-1)[byte // 2].view(np.float16).astype(float)


@pytest.mark.parametrize("n", [64, 128])
def test_wgmma_images_are_what_the_descriptors_say(n):
    data = micro_data.wgmma_data(n, seed=1)
    product = np.zeros((64, n))
    dense = np.zeros((64, n))
    for step in range(4):
        # The kernel moves the descriptors on by 32 and by 4096 bytes.
        kept = np.array(
            [[_read_image(data.a, 32 * step, 16, 1024, False, row, k)
              for k in range(16)] for row in range(64)]
        )  # fmt: skip
        b = np.array(
            [[_read_image(data.b, 4096 * step, 128 * 128, 1024, True, column, k)
              for column in range(n)] for k in range(32)]
        )  # fmt: skip
        for warp in range(4):
            fragment = data.fragments[step, 32 * warp : 32 * warp + 32]
            words = data.metadata[step // 2, 32 * warp : 32 * warp + 32]
            a = _dense_a(fragment, words, step % 2)
            assert np.array_equal(a[a != 0].reshape(16, 16), kept[16 * warp :][:16])
            product[16 * warp : 16 * warp + 16] += a @ b
        b = np.array(
            [[_read_image(data.b, 2048 * step, 128 * 128, 1024, True, column, k)
              for column in range(n)] for k in range(16)]
        )  # fmt: skip
        dense += kept @ b
    for thread in range(128):
        g, q = divmod(thread % 32, 4)
        for place in range(n // 2):
            row = 16 * (thread // 32) + g + 8 * (place % 4 // 2)
            column = place // 4 * 8 + 2 * q + place % 2
            times = micro_data.STAGES_PER_WAIT
            assert data.sparse[thread, place] == times * product[row, column]
            assert data.dense[thread, place] == times * dense[row, column]


def test_a_gather_is_summed_by_what_and_where():
    x = np.arange(256 * 512, dtype=np.uint32).astype(np.uint16).reshape(256, 512)
    rows = micro_data.row_list(256)
    assert len(rows) == 4096
    assert np.array_equal(np.sort(rows[:256]), np.arange(256))
    block, tokens, stages, iterations = 5, 128, 3, 7
    ring = np.zeros((stages, 2, 64, 64), np.uint16)
    for iteration in range(iterations):
        first = (block * 37 + iteration) % 64 * 64
        for row in range(64):
            for chunk in range(16):
                column = block % 4 * tokens + 8 * chunk
                place = chunk % 8 ^ row % 8
                ring[iteration % stages, chunk // 8, row, 8 * place : 8 * place + 8] = (
                    x[rows[first + row], column : column + 8]
                )
    total = 0
    for i, words in enumerate(ring.view(np.uint32).reshape(-1, 4)):
        weighed = sum(f * int(w) for f, w in zip((1, 3, 5, 7), words, strict=True))
        total += weighed * (2 * i + 1)
    found = micro_data.ring_sum(x, rows, block, tokens, stages, iterations)
    assert found == total % (1 << 32)
    boxes = micro_data.ring_sum(x, rows, block, tokens, stages, iterations, 8)
    assert boxes != found


def test_lists_of_other_lengths_are_refused():
    with pytest.raises(ValueError, match="96 rows: not a power of two"):
        micro_data.row_list(96)


def test_column_sums_keep_two_of_four():
    x = np.arange(128 * 64).reshape(128, 64).astype(np.float16) % 16
    rows = np.arange(128, dtype=np.int32)[::-1].copy()
    sums = micro_data.column_sums(x, rows)
    assert sums.shape == (1, 2, 64)
    kept = [127 - k for k in range(64) if k % 4 < 2]
    assert np.array_equal(sums[0, 0], x[kept].astype(np.float32).sum(0))


@pytest.fixture
def bundle(tmp_path):
    """Files that the fake driver takes for cubins."""
    (tmp_path / "x.cubin").write_bytes(b"none")
    micro = {subject: "x.cubin" for subject in build_kernels.MICRO}
    manifest = {"commit": "abc", "kernels": [], "micro": micro}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    return tmp_path


SMALL = ["--count", "1", "--iterations", "8", "--sets", "4", "--gathered", "256",
         "--stream", "1", "--probes", "2"]  # fmt: skip


def _run(monkeypatch, fake_driver, bundle, *flags):
    monkeypatch.setattr(micro_benchmarks, "Driver", lambda: Driver(str(fake_driver)))
    out = bundle / "micro.json"
    monkeypatch.setattr(
        "sys.argv", ["micro_benchmarks", str(bundle), "--out", str(out), *flags]
    )
    code = micro_benchmarks.main()
    return code, json.loads(out.read_text()) if out.exists() else None


def test_kernels_that_do_nothing_are_wrong(monkeypatch, fake_driver, bundle, capfd):
    code, record = _run(monkeypatch, fake_driver, bundle, *SMALL)
    assert code == 1
    assert record["provenance"]["gpu"] == "Fake GPU"
    assert record["provenance"]["commit"] == "abc"
    subjects = {result["subject"] for result in record["results"]}
    assert subjects == set(build_kernels.MICRO)
    for result in record["results"]:
        assert result["median_us"] == 1500
        # Nothing is found by a probe that does nothing; all else must be found out.
        looked = result["kernel"].endswith("_without")
        kept = result["subject"] == "proxy_fence" and result["kernel"].endswith("_with")
        assert result["right"] is (None if looked else kept), result
    kernels = {result["kernel"] for result in record["results"]}
    assert {"wgmma_sp_rs_256", "gather_tma_64_s8_w2_b1", "stream_bulk_32768_s4",
            "mma_sp_plain_4x4", "proxy_fence_control"} <= kernels  # fmt: skip
    assert "WRONG" in capfd.readouterr().out


def test_rings_that_do_not_fit_are_left_out(monkeypatch, fake_driver, bundle):
    attribute = Driver.attribute
    small = {"shared_bytes": 99 * 1024}
    monkeypatch.setattr(
        Driver, "attribute", lambda self, name: small.get(name) or attribute(self, name)
    )
    _, record = _run(
        monkeypatch, fake_driver, bundle, "--only", "gather", "stream", *SMALL
    )
    kernels = {result["kernel"] for result in record["results"]}
    assert {"gather_cp_async_64_s8", "gather_cp_async_256_s3"} <= kernels
    assert "stream_bulk_8192_s8" in kernels
    assert not kernels & {"gather_cp_async_256_s5", "stream_bulk_32768_s4"}
    assert all(not kernel.startswith("gather_tma_256") for kernel in kernels)


class Model:
    """Streams and gathers done by the host, in place of launches."""

    def __init__(self, driver, lose=0):
        self.driver, self.lose = driver, lose
        self.names = {}

    def function(self, module, name, shared):
        """Remembers the kernel's name."""
        function = type(self.driver).function(self.driver, module, name, shared)
        self.names[function.value] = name
        return function

    def launch(self, function, grid, threads, shared, stream, words):
        """Does what a stream does."""
        name = self.names[function.value]
        if not name.startswith("stream"):
            return
        weights, pieces, total, cycles = words
        size = int(name.split("_")[2]) if "bulk" in name else 16
        data = np.empty((pieces - self.lose) * size // 4, np.uint32)
        self.driver.copy_from(data, weights)
        self.driver.copy_to(total, np.array([data.sum(dtype=np.uint64)], "u8")
                            .astype(np.uint32))  # fmt: skip
        self.driver.copy_to(cycles, np.full(grid[0], 3_000_000, np.uint64))

    def __getattr__(self, name):
        return getattr(self.driver, name)


@pytest.mark.parametrize("lose", [0, 1])
def test_every_byte_of_a_stream_counts(monkeypatch, fake_driver, bundle, lose):
    monkeypatch.setattr(
        micro_benchmarks, "Driver", lambda: Model(Driver(str(fake_driver)), lose)
    )
    out = bundle / "micro.json"
    monkeypatch.setattr(
        "sys.argv",
        ["micro_benchmarks", str(bundle), "--out", str(out), "--only", "stream",
         *SMALL],
    )  # fmt: skip
    assert micro_benchmarks.main() == (1 if lose else 0)
    results = json.loads(out.read_text())["results"]
    assert {result["right"] for result in results} == {not lose}
    first = results[0]
    assert first["rate"] == pytest.approx((1 << 20) / 1.5e-3)
    # Two SMs, three million clocks in 1.5 ms.
    assert first["per_clock"] == pytest.approx((1 << 20) / 2 / 3e6)
    assert first["clock_mhz"] == pytest.approx(2000)


def test_a_bundle_without_them_is_refused(monkeypatch, fake_driver, tmp_path, capfd):
    (tmp_path / "manifest.json").write_text('{"commit": "", "kernels": []}')
    assert _run(monkeypatch, fake_driver, tmp_path)[0] == 1
    assert "has no micro-benchmarks" in capfd.readouterr().err


def test_sums_that_would_round_are_refused(monkeypatch, fake_driver, bundle, capfd):
    code, _ = _run(
        monkeypatch, fake_driver, bundle, "--only", "mma", "--count", "1",
        "--iterations", "10000000",
    )  # fmt: skip
    assert code == 1
    assert "not exact in f32" in capfd.readouterr().err


def test_tensor_maps(fake_driver):
    driver = Driver(str(fake_driver))
    with Arena(driver) as arena:
        pointer = arena.empty(1 << 16)
        assert driver.encode_tensor_map(pointer, (64, 512), (1, 64)) == b"\x5a" * 128
        with pytest.raises(DriverError, match="cuTensorMapEncodeTiled: invalid"):
            # A box of 256 bytes cannot be swizzled by 128.
            driver.encode_tensor_map(pointer, (64, 512), (1, 128))
        with pytest.raises(DriverError, match="cuTensorMapEncodeTiled: invalid"):
            driver.encode_tensor_map(pointer, (64, 511), (1, 64))


def _result(kernel, rate, right=True, **parameters):
    return {"kernel": kernel, "rate": rate, "right": right, "clock_mhz": 1700.0,
            "parameters": parameters}  # fmt: skip


def test_the_roof_takes_what_was_measured(tmp_path):
    path = tmp_path / "micro.json"
    record = {
        "provenance": {"gpu": "NVIDIA H200"},
        "results": [
            _result("wgmma_sp_rs_256", 9e14, warpgroups=2),
            _result("wgmma_sp_ss_256", 8e14, warpgroups=2),
            _result("wgmma_dense_256", 5e14),
            _result("mma_sp_ordered_4x4", 2e15, right=False),
            _result("gather_cp_async_256_s5", 8e12, set_mib=16),
            _result("gather_cp_async_64_s8", 9e12, set_mib=128),
        ],
    }
    path.write_text(json.dumps(record))
    chip = measured_chip(path, H200)
    assert chip.sms * chip.clock * chip.sparse_macs == pytest.approx(9e14)
    assert chip.clock == 1.7e9
    assert (chip.l2, chip.hbm, chip.shared) == (8e12, H200.hbm, H200.shared)
    assert chip.said() == (
        "sparse_macs measured (wgmma_sp_rs_256), hbm of the data sheet, "
        "l2 measured (gather_cp_async_256_s5), shared of the data sheet"
    )
    record["provenance"]["gpu"] = "NVIDIA A100"
    path.write_text(json.dumps(record))
    with pytest.raises(ValueError, match="measured on NVIDIA A100, not on NVIDIA H200"):
        measured_chip(path, H200)
    path.write_text("[]")
    with pytest.raises(ValueError, match="no result of micro_benchmarks"):
        measured_chip(path, H200)


@pytest.mark.parametrize("chip", ["sm_90a", "sm_80"])
def test_sources_compile(tmp_path, chip):
    if not build_kernels.find_nvcc():
        pytest.skip("no nvcc")
    files = build_kernels.compile_micro(tmp_path, chip)
    whole = set(build_kernels.MICRO)
    least = {subject for subject, needs in build_kernels.MICRO.items() if needs == 80}
    assert set(files) == (whole if chip == "sm_90a" else least)
    found = {path.name: path.read_bytes()[:4] for path in tmp_path.iterdir()}
    assert found == dict.fromkeys(files.values(), b"\x7fELF")
