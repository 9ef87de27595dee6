"""Ctrl-C while hinm-opt searches: the best found so far, and no error."""

import os
import pty
import signal
import subprocess
import time
from pathlib import Path

import pytest

from hinm.tools import find_tool

DIGITS = Path(__file__).resolve().parents[2] / "examples/digits/digits.mlir"
PASSES = [
    "--hinm-import-layers",
    "--hinm-assign-patterns",
    "--hinm-gyro-permute=time-budget=600",
]


def read_until(descriptor, text, seconds):
    """What the terminal showed until `text` came."""
    shown, end = b"", time.monotonic() + seconds
    while text not in shown:
        assert time.monotonic() < end, shown
        shown += os.read(descriptor, 4096)
    return shown


def test_line_on_a_terminal_and_the_best_so_far(tmp_path):
    terminal, child_side = pty.openpty()
    output = tmp_path / "out.mlir"
    process = subprocess.Popen(
        [find_tool("hinm-opt"), DIGITS, *PASSES, "-o", output], stderr=child_side
    )
    os.close(child_side)
    try:
        read_until(terminal, b"searching fc1.weight: rows", 60)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
    finally:
        process.kill()
        os.close(terminal)
    assert output.read_text().count("columns = #column_index") == 3


def test_silent_in_a_pipe():
    passes = [*PASSES[:2], "--hinm-gyro-permute=time-budget=0.3"]
    process = subprocess.run(
        [find_tool("hinm-opt"), DIGITS, *passes, "-o", os.devnull],
        capture_output=True,
        check=True,
    )
    assert process.stderr == b""


def test_outside_of_a_search_it_ends_the_program(tmp_path):
    fifo = tmp_path / "never.mlir"
    os.mkfifo(fifo)
    process = subprocess.Popen([find_tool("hinm-opt"), fifo])
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    try:
        assert process.wait(30) == -signal.SIGINT
    except subprocess.TimeoutExpired:
        process.kill()
        pytest.fail("still running")
