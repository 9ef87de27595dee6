"""The files that bench_kernels.py writes: "# key: value" lines, then CSV."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path


def read_measured(
    path: Path, columns: Iterable[str]
) -> tuple[dict[str, str], list[dict[str, str]]]:
    """What the head of the file says of the machine, and its rows.

    Raises:
        ValueError: if there are no rows with all of the columns.
    """
    lines = path.read_text().splitlines()
    about = dict(line[2:].split(": ", 1) for line in lines if line.startswith("# "))
    rows = list(csv.DictReader(line for line in lines if not line.startswith("# ")))
    if not rows or not set(columns) <= set(rows[0]):
        raise ValueError(f"{path} is no result of bench_kernels.py")
    return about, rows
