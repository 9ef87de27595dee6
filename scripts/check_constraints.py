#!/usr/bin/env python3
"""Checks that every constraint of the dialect has its check and its test.

A label such as (permute_c2) in the dialect's TableGen files must stand in a comment of
its C++ files, where the check is, and in a negative test. Exits 1 naming each label
without one.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def read_all(folder: str, pattern: str) -> str:
    """Return the text of every file below the folder that matches the pattern."""
    return "\n".join(
        path.read_text() for path in sorted((ROOT / folder).rglob(pattern))
    )


def main() -> int:
    """Compare the labels; return the exit status."""
    labels = set(
        re.findall(r"\((\w+_c\d+)\)", read_all("include/hinm/Dialect", "*.td"))
    )
    if not labels:
        print("no constraint labels found: are the TableGen files where they were?")
        return 1
    code = read_all("lib/Dialect", "*.cpp")
    tests = read_all("test/Dialect", "*-invalid.mlir")
    bad = 0
    for label in sorted(labels):
        word = re.compile(rf"{label}(?!\d)")
        if not word.search(code):
            print(f"{label}: no comment in lib/Dialect says where it is checked")
            bad += 1
        if not word.search(tests):
            print(f"{label}: no negative test in test/Dialect names it")
            bad += 1
    if not bad:
        print(f"{len(labels)} constraints, each with its check and its test")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
