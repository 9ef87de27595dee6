#!/usr/bin/env python3
r"""Do all that a bundle is for, in as many calls as it takes, where there is a GPU.

    python benchmarks/kernels/measure_kernels.py .bundle results --minutes 9

Each call goes on where the last one stopped: what a step has finished is marked in the
folder of results. The exit status is 75 while something is left, 1 if a step has failed
(the others are done all the same; --again forgets what failed), 0 at the end.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cases import ELEMENTS
from driver import read_manifest
from failures import FAILED
from measured import CASES_LEFT
from profile_kernels import ProfileError, find_ncu
from sanitize_kernels import TOOLS, find_sanitizer

HERE = Path(__file__).parent
#: Seconds below which a step that cannot be gone on with is left for the next call.
LEAST = 60
#: Of other types than f16, fewer cases.
FEWER = ("--sparsities", "0.5", "0.75", "0.875", "--tokens", "16", "64", "1024", "4096")


@dataclass(frozen=True)
class Step:
    """One command.

    Attributes:
        name: its mark, and its log.
        words: the script and its arguments.
        resumes: whether it takes --minutes and --resume.
    """

    name: str
    words: tuple[str, ...]
    resumes: bool = False


def steps(
    bundle: Path, results: Path, spatha: Path | None, cutlass: Path | None
) -> Iterator[Step]:
    """All steps, the quick ones and those that others need first."""
    given = str(bundle)
    kernels = [info for info in read_manifest(bundle) if not info.without]
    micro = results / "micro.json"
    check = ("check_kernels.py", given, "--failed", str(results / FAILED))
    yield Step("check-classes", (*check, "--classes"))
    if json.loads((bundle / "manifest.json").read_text()).get("micro"):
        yield Step("micro", ("micro_benchmarks.py", given, "--out", str(micro)))
    dtypes = list(dict.fromkeys(info.dtype for info in kernels))
    peers = (*(("--spatha", str(spatha)) if spatha else ()),
             *(("--cutlass", str(cutlass)) if cutlass else ()))  # fmt: skip

    def bench(name: str, dtype: str, *more: str) -> Step:
        words = (
            "bench_kernels.py", given, "--dtypes", dtype,
            "--out", str(results / f"results-{dtype}.csv"),
            "--trials", str(results / f"trials-{dtype}.csv"),
            "--micro", str(micro), *peers, *more,
        )  # fmt: skip
        return Step(name, words, resumes=True)

    if "f16" in dtypes:
        yield bench("goals-f16", "f16", "--goals")
    # Lists by windows, for the kernels that need them.
    sharing = [info for info in kernels if info.window and info.dtype == "f16"]
    for window in sorted({info.window for info in sharing}):
        tiles = sorted({info.tile for info in sharing if info.window == window})
        yield bench(
            f"goals-f16-w{window}", "f16", "--goals", "--window", str(window),
            "--tiles", *map(str, tiles),
        )  # fmt: skip
    for dtype in dtypes:
        if dtype != "f16":
            yield bench(f"bench-{dtype}", dtype, *FEWER)
    whats = ("stages", "counters") if _has_ncu() else ("stages",)
    for mark, words in _profiled(bundle):
        for what in whats:
            name = f"{what}-{mark}"
            out = str(results / f"{name}.csv")
            yield Step(name, ("profile_kernels.py", what, given, out, *words))
    if find_sanitizer():
        for tool in TOOLS:
            table = str(results / f"{tool}.md")
            yield Step(
                tool,
                ("sanitize_kernels.py", given, "--tools", tool, "--table", table),
            )
    if "f16" in dtypes:
        yield bench("bench-f16", "f16")
    for tile in sorted({info.tile for info in kernels}):
        yield Step(f"check-v{tile}", (*check, "--tiles", str(tile)))


def _profiled(bundle: Path) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The cases of which it is said what bounds them: a mark, and what asks for it."""
    for tile, tokens in ((128, 4096), (256, 4096), (64, 4096), (128, 16)):
        yield f"v{tile}-n{tokens}", ("--tile", str(tile), "--tokens", str(tokens))
    # Lists by windows, for the kernels that need them and of which there are variants.
    varied: dict[tuple[int, int, int], set[str]] = defaultdict(set)
    for info in read_manifest(bundle):
        if info.without and info.window and info.dtype == "f16":
            varied[info.tile, info.window, info.window_blocks].add(info.name)
    for (tile, window, blocks), names in sorted(varied.items()):
        # Of which a tile keeps as many k-blocks as the kernel has for a window.
        sparsity = 1 - blocks * ELEMENTS["f16"].block / (2 * window)
        words = ("--tile", str(tile), "--tokens", "4096", "--window", str(window),
                 "--sparsity", str(sparsity), "--kernels", *sorted(names))  # fmt: skip
        yield f"v{tile}-w{window}-k{blocks}-n4096", words


def _has_ncu() -> bool:
    try:
        find_ncu()
    except ProfileError:
        return False
    return True


def run_step(step: Step, results: Path, seconds: float) -> int | None:
    """The exit status, or None if there was not enough time.

    What a step prints goes to its log as well.
    """
    words = list(step.words)
    if "--micro" in words and not (results / "micro.json").exists():
        place = words.index("--micro")
        del words[place : place + 2]
    if step.resumes:
        # A case may take a minute beyond the time.
        words += ["--resume", "--minutes", f"{max(seconds / 60 - 1, 0):.2f}"]
    command = [sys.executable, str(HERE / words[0]), *words[1:]]
    with (results / f"{step.name}.log").open("a") as log:
        try:
            done = subprocess.run(
                command, stdout=log, stderr=subprocess.STDOUT, check=False,
                timeout=seconds,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return None
    return done.returncode


def main() -> int:
    """Does as many steps as there is time for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bundle", type=Path)
    parser.add_argument("results", type=Path, help="folder, kept from call to call")
    parser.add_argument("--minutes", type=float, default=9)
    parser.add_argument("--spatha", type=Path)
    parser.add_argument("--cutlass", type=Path)
    parser.add_argument("--only", nargs="+", help="steps by name")
    parser.add_argument("--again", action="store_true", help="forget what failed")
    arguments = parser.parse_args()
    end = time.monotonic() + 60 * arguments.minutes
    results = arguments.results
    results.mkdir(parents=True, exist_ok=True)
    state_file = results / "steps.json"
    state: dict[str, int] = (
        json.loads(state_file.read_text()) if state_file.exists() else {}
    )
    if arguments.again:
        state = {name: status for name, status in state.items() if status == 0}
    left = 0
    for step in steps(arguments.bundle, results, arguments.spatha, arguments.cutlass):
        if step.name in state or (arguments.only and step.name not in arguments.only):
            continue
        seconds = end - time.monotonic()
        if seconds < LEAST:
            left += 1
            continue
        status = run_step(step, results, seconds)
        if status is None or status == CASES_LEFT:
            print(f"{step.name}: to be gone on with", flush=True)
            left += 1
            continue
        state[step.name] = status
        # Whole or not at all, should this be ended now.
        part = state_file.with_suffix(".part")
        part.write_text(json.dumps(state, indent=1) + "\n")
        part.replace(state_file)
        print(f"{step.name}: {'failed, see its log' if status else 'done'}", flush=True)
    if left:
        print(f"{left} steps are left: call again with the same folders")
        return CASES_LEFT
    return 1 if any(state.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
