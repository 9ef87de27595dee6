"""The files that bench_kernels.py writes: "# key: value" lines, then CSV."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType

#: An exit status: cases are left, run again to go on (EX_TEMPFAIL).
CASES_LEFT = 75
#: What has to be the same in a file that is gone on with, and in files of one report.
SAME = ("gpu", "driver", "torch", "commit", "roof")


class Mismatch(RuntimeError):
    """A file is of another machine or commit, or has another roof."""


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


class MeasuredFile:
    """Such a file while it is written, new or gone on with."""

    def __init__(
        self, path: Path | None, columns: Sequence[str], about: dict[str, str],
        resume: bool,
    ) -> None:  # fmt: skip
        """Begins it, or reads what it has.

        Args:
            path: None: what is written goes nowhere.
            columns: of the rows.
            about: the head of a new file.
            resume: whether to keep what is there.

        Raises:
            Mismatch: if what is there has another head or other columns.
        """
        self._rows: list[list[str]] = []
        kept = resume and path is not None and path.exists()
        if kept:
            lines = path.read_text().splitlines()
            there = dict(line[2:].split(": ", 1) for line in lines if line[:2] == "# ")
            for key in SAME:
                if there.get(key) != about.get(key):
                    raise Mismatch(
                        f"{path} was measured with {key} {there.get(key)}, this is "
                        f"{about.get(key)}"
                    )
            first, *self._rows = csv.reader(
                line for line in lines if line[:2] != "# "
            )
            if first != list(columns):
                raise Mismatch(f"{path} has other columns")
        target, mode = Path(path or os.devnull), "a" if kept else "w"
        # Closed by __exit__.
        self._stream = target.open(mode, newline="")  # noqa: SIM115
        self._writer = csv.writer(self._stream)
        if not kept:
            for key, value in about.items():
                self._stream.write(f"# {key}: {value}\n")
            self._writer.writerow(columns)
            self._stream.flush()

    def __enter__(self) -> MeasuredFile:
        """Until the end of the block."""
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:  # fmt: skip
        """Closes it."""
        self._stream.close()

    def keys(self, count: int) -> set[tuple[str, ...]]:
        """The first columns of the rows that were there."""
        return {tuple(row[:count]) for row in self._rows}

    def write(self, rows: Iterable[Sequence[object]]) -> None:
        """Adds rows that stand in the file when this returns."""
        self._writer.writerows(rows)
        self._stream.flush()
