"""What the tests of the kernel benchmark share."""

import json
import os
import subprocess
from pathlib import Path

import pytest

import build_kernels
from hinm.tools import find_tool


@pytest.fixture
def fake_driver():
    folder = Path(os.environ["HINM_BIN_DIR"]).parent / "unittests" / "Runtime"
    path = folder / "libHiNMFakeCudaDriver.so"
    if not path.exists():
        pytest.skip("the fake driver is not built")
    if os.environ.get("HINM_SANITIZERS") == "ON":
        pytest.skip("Python does not load a library with sanitizers")
    return path


@pytest.fixture
def ptxas():
    try:
        return build_kernels.find_ptxas()
    except SystemExit as error:
        pytest.skip(str(error))


@pytest.fixture
def check_table(tmp_path):
    """Has the compiler read a schedule table of some entries."""

    def check(entries):
        table = tmp_path / "schedules.json"
        table.write_text(json.dumps({"version": 1, "entries": entries}))
        done = subprocess.run(
            [find_tool("hinm-opt"), f"--hinm-select-kernels=table={table} chip=sm_90a"],
            input="module {}", capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr

    return check
