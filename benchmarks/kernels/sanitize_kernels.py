#!/usr/bin/env python3
"""Run one kernel of each class under compute-sanitizer, where there is a GPU.

    python benchmarks/kernels/sanitize_kernels.py .bundle \
        --table docs/results/kernels/sanitizers.md

Needs compute-sanitizer of a CUDA toolkit ($HINM_COMPUTE_SANITIZER, the PATH, or
/usr/local/cuda). The exit status is 1 if a tool found an error or a result is wrong.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import machine
from check_kernels import one_of_each_class
from driver import read_manifest

TOOLS = ("memcheck", "racecheck", "synccheck")
HEAD = """# Kernels under compute-sanitizer

Written by `benchmarks/kernels/sanitize_kernels.py` on {date}, driver {driver}, kernels
of commit {commit}: one kernel of each class ({classes} of {kernels}), each on the odd
shapes of `benchmarks/kernels/odd_shapes.py`, results compared with f64.

| tool | errors | results | seconds |
|---|---|---|---|
"""


@dataclass(frozen=True)
class Outcome:
    """What a tool found.

    Attributes:
        tool: of TOOLS.
        errors: that it counts; None if it did not come to an end.
        checked: the last line of check_kernels.py, with its faults.
        clean: whether there is nothing wrong.
        seconds: of the run.
        report: all that was printed.
    """

    tool: str
    errors: int | None
    checked: str
    clean: bool
    seconds: float
    report: str


def find_sanitizer() -> str | None:
    """compute-sanitizer, if there is one."""
    found = os.environ.get("HINM_COMPUTE_SANITIZER") or shutil.which(
        "compute-sanitizer"
    )
    usual = Path("/usr/local/cuda/bin/compute-sanitizer")
    return found or (str(usual) if usual.exists() else None)


def run_tool(sanitizer: str, tool: str, bundle: Path, more: list[str]) -> Outcome:
    """Runs check_kernels.py under a tool."""
    script = Path(__file__).parent / "check_kernels.py"
    begin = time.monotonic()
    done = subprocess.run(
        [sanitizer, "--tool", tool, "--error-exitcode", "99", sys.executable, script,
         bundle, "--classes", *more],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    # racecheck says how many hazards there are, the others how many errors.
    summary = re.search(
        r"(?:ERROR|RACECHECK) SUMMARY: (\d+)", done.stdout + done.stderr
    )
    lines = [line for line in done.stdout.splitlines() if " kernels on " in line]
    errors = int(summary.group(1)) if summary else None
    return Outcome(
        tool, errors, lines[-1] if lines else "none", done.returncode == 0
        and errors == 0, time.monotonic() - begin, done.stdout + done.stderr,
    )  # fmt: skip


def main() -> int:
    """Runs the tools that the flags ask for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--tools", nargs="+", default=list(TOOLS), choices=TOOLS)
    parser.add_argument("--table", type=Path, help="Markdown to write")
    parser.epilog = "Other flags are those of check_kernels.py."
    arguments, rest = parser.parse_known_args()
    sanitizer = find_sanitizer()
    if not sanitizer:
        print(
            "sanitize_kernels: no compute-sanitizer: install a CUDA toolkit, or set "
            "$HINM_COMPUTE_SANITIZER",
            file=sys.stderr,
        )
        return 1
    kernels = [info for info in read_manifest(arguments.bundle) if not info.without]
    manifest = json.loads((arguments.bundle / "manifest.json").read_text())
    text = HEAD.format(
        date=datetime.datetime.now(datetime.UTC).date().isoformat(),
        driver=machine.driver_version() or "unknown", commit=manifest["commit"],
        classes=len(one_of_each_class(kernels)), kernels=len(kernels),
    )  # fmt: skip
    clean = True
    for tool in arguments.tools:
        outcome = run_tool(sanitizer, tool, arguments.bundle, rest)
        errors = "no end" if outcome.errors is None else str(outcome.errors)
        line = f"| {tool} | {errors} | {outcome.checked} | {outcome.seconds:.0f} |"
        print(line, flush=True)
        text += line + "\n"
        clean &= outcome.clean
        if not outcome.clean:
            print(outcome.report[-8000:], file=sys.stderr)
        if arguments.table:
            arguments.table.write_text(text)
    return 0 if clean else 1


if __name__ == "__main__":
    sys.exit(main())
