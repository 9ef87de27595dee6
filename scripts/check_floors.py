#!/usr/bin/env python3
"""Checks that no file includes a header of a floor above its own.

The floors are those of docs/rationale.md. Exits 1 with file:line for each
include that goes up, or that takes MLIR into Core, or LLVM into the runtime.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

# (path prefix below include/hinm or lib) -> floor
FLOORS = {
    "Core": 1,
    "Runtime": 1,
    "Emulator": 1,
    "Dialect": 2,
    "Analysis": 3,
    "Transforms": 3,
    "Conversion": 4,
    "Target": 4,
    "Pipelines": 5,
    "InitAll": 5,
    "CAPI": 5,
}
# What the bottom floors may not see at all.
FORBIDDEN = {
    "Core": ("mlir/",),
    "Runtime": ("mlir/", "llvm/", "hinm/"),
    "Emulator": ("mlir/", "llvm/", "hinm/"),
}
INCLUDE = re.compile(r'^\s*#\s*include\s*["<]([^">]+)[">]')


def part_of(path: pathlib.PurePath) -> str | None:
    """The floor's folder (or file stem) that a path belongs to."""
    for part in path.parts:
        if part in FLOORS:
            return part
    return path.stem if path.stem in FLOORS else None


def main() -> int:
    """Walks lib and include; prints each offence; returns the exit status."""
    bad = []
    for top in ("lib", "include"):
        for path in sorted((ROOT / top).rglob("*")):
            if path.suffix not in (".h", ".cpp", ".c"):
                continue
            own = part_of(path.relative_to(ROOT / top))
            if own is None:
                continue
            for number, line in enumerate(path.read_text().splitlines(), 1):
                match = INCLUDE.match(line)
                if not match:
                    continue
                header = match.group(1)
                where = f"{path.relative_to(ROOT)}:{number}"
                if any(header.startswith(f) for f in FORBIDDEN.get(own, ())):
                    bad.append(f"{where}: {own} may not include {header}")
                elif header.startswith("hinm/"):
                    other = part_of(pathlib.PurePath(header))
                    if other and FLOORS[other] > FLOORS[own]:
                        bad.append(
                            f"{where}: {own} is floor {FLOORS[own]}, "
                            f"{header} is floor {FLOORS[other]}"
                        )
    print("\n".join(bad) if bad else "every include goes down or stays level")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
