#!/usr/bin/env python3
"""Run a command over a directory of MLIR modules and tabulate how each ends.

    scripts/try_modules.py DIR -- build/bin/hinm-opt --hinm-import-layers {}

``{}`` stands for the module.  Each run ends in one of

* passed    status 0;
* refused   another status with a diagnostic: the first one is shown;
* SILENT    another status without any diagnostic;
* CRASHED   a signal, an assertion, a sanitizer report or a stack dump;
* TIMEOUT   no end in time.

The last three are failures: the script's status is 1 if there is one.  Elements of
large constants are not printed by most tools' options; the output is discarded here
after counting.
"""

from __future__ import annotations

import argparse
import json
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

FAILURES = ("CRASHED", "SILENT", "TIMEOUT")

_CRASH = re.compile(
    r"PLEASE submit a bug report|Stack dump:|Assertion [`'].*failed|"
    r"AddressSanitizer|UndefinedBehaviorSanitizer|runtime error:|LLVM ERROR|"
    r"UNREACHABLE executed"
)
_DIAGNOSTIC = re.compile(r"^.*?\berror: .*$", re.MULTILINE)


@dataclass
class Outcome:
    """How the command ended on one module.

    Attributes:
        module: file name without its suffix.
        verdict: "passed", "refused" or one of FAILURES.
        seconds: wall time.
        detail: the first diagnostic, the crash's message, or empty.
        counts: for each ``--count NAME=REGEX``, the matches in the output.
    """

    module: str
    verdict: str
    seconds: float
    detail: str
    counts: dict[str, int]


def classify(status: int, stderr: str) -> tuple[str, str]:
    """Return the verdict and its detail for an ended process."""
    if crash := _CRASH.search(stderr):
        line = stderr[stderr.rfind("\n", 0, crash.start()) + 1 :].split("\n", 1)[0]
        return "CRASHED", line.strip()
    if status < 0:
        return "CRASHED", signal.Signals(-status).name
    if status >= 128:
        return "CRASHED", f"status {status}"
    if status == 0:
        return "passed", ""
    if diagnostic := _DIAGNOSTIC.search(stderr):
        return "refused", diagnostic.group().strip()
    return "SILENT", f"status {status}"


def attempt(
    command: list[str], module: Path, timeout: float, counters: dict[str, re.Pattern]
) -> Outcome:
    """Run the command on one module."""
    filled = [part.replace("{}", str(module)) for part in command]
    start = time.monotonic()
    try:
        result = subprocess.run(
            filled,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Outcome(
            module.stem, "TIMEOUT", timeout, f"no end after {timeout:g} s", {}
        )
    seconds = time.monotonic() - start
    verdict, detail = classify(result.returncode, result.stderr)
    output = result.stdout + result.stderr
    counts = {name: len(regex.findall(output)) for name, regex in counters.items()}
    # Paths in diagnostics only repeat the first column.
    return Outcome(
        module.stem, verdict, seconds, detail.replace(str(module), "…"), counts
    )


def table(outcomes: list[Outcome], width: int) -> str:
    """Return the outcomes as a Markdown table, details cut to ``width`` characters."""
    names = list(outcomes[0].counts) if outcomes else []
    for outcome in outcomes:
        names += [name for name in outcome.counts if name not in names]
    head = ["module", "verdict", "s", *names, "first diagnostic"]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for o in outcomes:
        detail = o.detail.replace("|", "\\|")
        if len(detail) > width:
            detail = detail[: width - 1] + "…"
        cells = [o.module, o.verdict, f"{o.seconds:.1f}"]
        cells += [str(o.counts.get(name, "")) for name in names]
        lines.append("| " + " | ".join([*cells, detail]) + " |")
    return "\n".join(lines)


def main() -> int:
    """Run the command line; returns the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__.split("\n")[0],
        usage="%(prog)s [options] DIR -- COMMAND … {} …",
    )
    parser.add_argument("directory", type=Path, help="searched recursively for *.mlir")
    parser.add_argument("--timeout", type=float, default=120.0, metavar="SECONDS")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--match", default="", help="regular expression on file names")
    parser.add_argument(
        "--count",
        action="append",
        default=[],
        metavar="NAME=REGEX",
        help="add a column with the number of matches in the command's output",
    )
    parser.add_argument("--width", type=int, default=160, help="of the last column")
    parser.add_argument("--json", type=Path, help="also write the outcomes here")
    if "--" not in sys.argv:
        parser.error("the command must follow '--'")
    split = sys.argv.index("--")
    arguments = parser.parse_args(sys.argv[1:split])
    command = sys.argv[split + 1 :]
    if not any("{}" in part for part in command):
        parser.error("the command must contain '{}' for the module")
    modules = sorted(
        path
        for path in arguments.directory.rglob("*.mlir")
        if re.search(arguments.match, path.name)
    )
    if not modules:
        parser.error(f"no module under {arguments.directory}")
    counters = {}
    for spec in arguments.count:
        name, _, regex = spec.partition("=")
        counters[name] = re.compile(regex, re.MULTILINE)

    with ThreadPoolExecutor(arguments.jobs) as pool:
        futures = [
            pool.submit(attempt, command, module, arguments.timeout, counters)
            for module in modules
        ]
        outcomes = []
        for future in futures:
            outcomes.append(future.result())
            if sys.stderr.isatty():
                name = f"{outcomes[-1].module[:60]:60}"
                progress = f"\r{len(outcomes)}/{len(modules)} {name}"
                print(progress, end="", file=sys.stderr, flush=True)
    if sys.stderr.isatty():
        print(file=sys.stderr)
    print(table(outcomes, arguments.width))
    tally = Counter(o.verdict for o in outcomes)
    print("\n" + ", ".join(f"{count} {name}" for name, count in tally.most_common()))
    if arguments.json:
        arguments.json.write_text(json.dumps([asdict(o) for o in outcomes], indent=1))
    return 1 if any(o.verdict in FAILURES for o in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())
