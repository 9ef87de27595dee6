"""What the tests of the kernel benchmark share."""

import os
from pathlib import Path

import pytest

import build_kernels


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
