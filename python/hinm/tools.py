"""Find and run the command-line tools.

python -m hinm.tools cuda-toolkit      # a directory with bin/ptxas
python -m hinm.tools which hinm-run
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_REPOSITORY = Path(__file__).resolve().parents[2]

#: PyPI packages that carry ptxas, as (module, subdirectory): CUDA 12 and CUDA 13.
_PTXAS_MODULES = (("nvidia", "cuda_nvcc"), ("nvidia", "cu13"))

#: How much of a failing tool's messages an exception quotes.
_QUOTED_LINES = 12


class ToolError(RuntimeError):
    """A tool is missing or failed; the message says which and what it printed."""


def find_tool(name: str) -> Path:
    """Return the path of a hinm tool such as ``hinm-run``.

    Looked for in ``$HINM_BIN_DIR`` (if set, only there), then in ``build/bin`` of the
    source tree this package lies in, then on ``$PATH``.

    Raises:
        ToolError: if it is in none of them.
    """
    override = os.environ.get("HINM_BIN_DIR")
    if override is not None:
        places = [Path(override)]
    else:
        places = [_REPOSITORY / "build" / "bin"]
    for place in places:
        found = shutil.which(name, path=str(place))
        if found:
            return Path(found)
    found = None if override is not None else shutil.which(name)
    if found:
        return Path(found)
    raise ToolError(
        f"{name} not found in {places[0]}"
        + ("" if override is not None else " or on PATH")
        + "; build it (cmake --preset release && ninja -C build "
        + f"{name}) or set HINM_BIN_DIR to the directory it is in"
    )


def find_library(name: str) -> Path:
    """Return the path of a hinm shared library such as ``hinm_search``.

    Looked for in the ``lib`` beside ``$HINM_BIN_DIR`` (if set, only there), then in
    ``build/lib`` of the source tree this package lies in, then in ``lib`` beside
    the ``bin`` of a ``hinm-opt`` on ``$PATH``.

    Raises:
        ToolError: if it is in none of them.
    """
    if override := os.environ.get("HINM_BIN_DIR"):
        places = [Path(override).parent / "lib"]
    else:
        places = [_REPOSITORY / "build" / "lib"]
        if on_path := shutil.which("hinm-opt"):
            places.append(Path(on_path).resolve().parents[1] / "lib")
    for place in places:
        path = place / f"lib{name}.so"
        if path.is_file():
            return path
    raise ToolError(
        f"lib{name}.so not found in {places[0]}; build it (cmake --preset release "
        f"&& ninja -C build {name}) or set HINM_BIN_DIR to the bin beside its lib"
    )


def find_cuda_toolkit() -> Path:
    """Return a directory with ``bin/ptxas``, as `gpu-module-to-binary` takes it.

    Looked for in ``$CUDA_HOME``, the PyPI packages nvidia-cuda-nvcc-cu12 and
    nvidia-cuda-nvcc of this Python, beside a ptxas on ``$PATH``, /usr/local/cuda.

    Raises:
        ToolError: if there is none, with the command that installs one.
    """
    places: list[Path] = []
    if home := os.environ.get("CUDA_HOME"):
        places.append(Path(home))
    for module, directory in _PTXAS_MODULES:
        spec = importlib.util.find_spec(module)
        for root in (spec.submodule_search_locations or []) if spec else []:
            places.append(Path(root) / directory)
    if on_path := shutil.which("ptxas"):
        places.append(Path(on_path).resolve().parents[1])
    places.append(Path("/usr/local/cuda"))
    for place in places:
        if os.access(place / "bin" / "ptxas", os.X_OK):
            return place
    raise ToolError(
        "no ptxas found (CUDA_HOME, PyPI packages, PATH, /usr/local/cuda); run: "
        "pip install -r python/requirements-dev.txt"
    )


def run(
    tool: str | Path,
    arguments: Sequence[str | Path],
    *,
    stdin: str | None = None,
    timeout: float | None = None,
    environment: Mapping[str, str] | None = None,
) -> str:
    """Run a tool and return what it wrote to standard output.

    Args:
        tool: a path, or the name of a hinm tool (see :func:`find_tool`).
        arguments: its arguments.
        stdin: text for its standard input.
        timeout: seconds after which it is stopped.
        environment: variables set on top of this process's own.

    Raises:
        ToolError: if it is missing, ends with a status other than 0, or takes too
            long; the message has the command and the head of its standard error.
    """
    path = tool if isinstance(tool, Path) else find_tool(tool)
    command = [str(path), *map(str, arguments)]
    try:
        result = subprocess.run(
            command,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
            env={**os.environ, **environment} if environment else None,
        )
    except OSError as error:
        raise ToolError(f"cannot run {path}: {error.strerror}") from error
    except subprocess.TimeoutExpired as error:
        raise ToolError(f"{shlex.join(command)}: no end after {timeout} s") from error
    if result.returncode != 0:
        how = (
            f"signal {-result.returncode}"
            if result.returncode < 0
            else f"status {result.returncode}"
        )
        lines = result.stderr.strip().splitlines()
        quoted = "\n".join(lines[:_QUOTED_LINES]) or "(it printed no message)"
        raise ToolError(f"{shlex.join(command)}: {how}\n{quoted}")
    return result.stdout


def run_json(tool: str | Path, arguments: Sequence[str | Path], **options: Any) -> Any:  # noqa: ANN401
    """Run a tool that prints one JSON value; see :func:`run`.

    Raises:
        ToolError: as :func:`run`, and if the output is no JSON.
    """
    output = run(tool, arguments, **options)
    try:
        return json.loads(output)
    except json.JSONDecodeError as error:
        raise ToolError(f"{tool} printed no JSON: {error}") from error


def main(argv: Sequence[str] | None = None) -> int:
    """Print where a tool is, for scripts; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m hinm.tools")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("cuda-toolkit", help="a directory with bin/ptxas")
    which = commands.add_parser("which", help="a tool of hinm")
    which.add_argument("name")
    arguments = parser.parse_args(argv)
    try:
        if arguments.command == "cuda-toolkit":
            print(find_cuda_toolkit())
        else:
            print(find_tool(arguments.name))
    except ToolError as error:
        print(f"hinm.tools: error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
