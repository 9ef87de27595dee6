"""Tool wrappers: what is found, and what a failure says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from hinm import tools

SCRIPT = Path(__file__).parents[2] / "scripts" / "try_modules.py"


def _program(path: Path, body: str) -> Path:
    path.write_text("#!/bin/sh\n" + body)
    path.chmod(0o755)
    return path


def test_find_tool_obeys_the_variable(tmp_path, monkeypatch):
    tool = _program(tmp_path / "hinm-run", "exit 0\n")
    monkeypatch.setenv("HINM_BIN_DIR", str(tmp_path))
    assert tools.find_tool("hinm-run") == tool


def test_find_tool_says_where_it_looked(tmp_path, monkeypatch):
    monkeypatch.setenv("HINM_BIN_DIR", str(tmp_path))
    with pytest.raises(
        tools.ToolError, match=f"hinm-opt not found in {tmp_path}; build"
    ):
        tools.find_tool("hinm-opt")


def test_run_quotes_the_message_and_the_status(tmp_path):
    tool = _program(tmp_path / "fail", "echo 'a.mlir:3:1: error: no' >&2\nexit 3\n")
    with pytest.raises(
        tools.ToolError, match=r"(?s)fail x.*status 3.*a\.mlir:3:1: error"
    ):
        tools.run(tool, ["x"])


def test_run_names_the_signal(tmp_path):
    tool = _program(tmp_path / "die", "kill -SEGV $$\n")
    with pytest.raises(tools.ToolError, match="signal 11"):
        tools.run(tool, [])


def test_run_stops_after_the_timeout(tmp_path):
    tool = _program(tmp_path / "hang", "exec sleep 30\n")
    with pytest.raises(tools.ToolError, match=r"no end after 0\.2 s"):
        tools.run(tool, [], timeout=0.2)


def test_run_json(tmp_path):
    tool = _program(tmp_path / "ok", 'echo "{\\"a\\": [1, 2]}"\n')
    assert tools.run_json(tool, []) == {"a": [1, 2]}
    bad = _program(tmp_path / "bad", "echo '| a | table |'\n")
    with pytest.raises(tools.ToolError, match="no JSON"):
        tools.run_json(bad, [])


def test_cuda_toolkit_has_a_ptxas_that_runs():
    try:
        toolkit = tools.find_cuda_toolkit()
    except tools.ToolError as error:
        pytest.skip(str(error))
    assert "release" in tools.run(toolkit / "bin" / "ptxas", ["--version"])


def test_try_modules_tells_the_endings_apart(tmp_path):
    modules = tmp_path / "modules"
    modules.mkdir()
    endings = {
        "good": "echo 'hinm.matmul hinm.matmul'\n",
        "bad": "echo \"$1:2:7: error: 'x.y' op is no layer\" >&2\nexit 1\n",
        "crash": "kill -ABRT $$\n",
        "assertion": 'echo "a.cpp:1: Assertion \\`x\' failed." >&2\nexit 1\n',
        "mute": "exit 1\n",
        "slow": "exec sleep 30\n",
    }
    cases = ""
    for name, body in endings.items():
        (modules / f"{name}.mlir").touch()
        cases += f"*/{name}.mlir) {body};;\n"
    tool = _program(tmp_path / "tool", f'case "$1" in\n{cases}esac\n')
    command = [sys.executable, SCRIPT, modules, "--timeout", "1"]
    command += ["--count", r"layers=hinm\.matmul", "--", tool, "{}"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    rows = {
        cells[1]: cells[2:]
        for cells in (
            [cell.strip() for cell in line.split("|")]
            for line in result.stdout.splitlines()
            if line.startswith("| ")
        )
    }
    verdicts = {name: row[0] for name, row in rows.items()}
    assert verdicts == {
        "module": "verdict",
        "good": "passed",
        "bad": "refused",
        "crash": "CRASHED",
        "assertion": "CRASHED",
        "mute": "SILENT",
        "slow": "TIMEOUT",
    }
    assert rows["good"][2] == "2"
    assert rows["bad"][3] == "…:2:7: error: 'x.y' op is no layer"
    assert rows["crash"][3] == "SIGABRT"

    only = [*command[:3], "--match", "^(good|bad)", *command[3:]]
    result = subprocess.run(only, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


def test_command_prints_the_path_or_the_reason(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("HINM_BIN_DIR", str(tmp_path))
    assert tools.main(["which", "hinm-run"]) == 1
    assert "hinm-run not found" in capsys.readouterr().err
    tool = _program(tmp_path / "hinm-run", "exit 0\n")
    assert tools.main(["which", "hinm-run"]) == 0
    assert capsys.readouterr().out == f"{tool}\n"


def test_cuda_toolkit_prefers_the_variable(tmp_path, monkeypatch, capsys):
    (tmp_path / "bin").mkdir()
    _program(tmp_path / "bin" / "ptxas", "exit 0\n")
    monkeypatch.setenv("CUDA_HOME", str(tmp_path))
    assert tools.main(["cuda-toolkit"]) == 0
    assert capsys.readouterr().out == f"{tmp_path}\n"
