"""Kernels that failed: noted beside the results, and left out from then on.

A kernel that breaks the context of CUDA ends its process, and one that hangs or brings
the process down leaves it no time to say so: the name of what is being launched stands
in a file until the launch has come to its end.
"""

from __future__ import annotations

import contextlib
import csv
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

from measured import MeasuredFile

#: The usual name, beside the results.
FAILED = "failed.csv"
_COLUMNS = ("commit", "subject", "reason")

Result = TypeVar("Result")


class Poisoned(RuntimeError):
    """Nothing more can be launched by this process."""


def failed_kernels(path: Path, commit: str) -> dict[str, str]:
    """What has failed, of the kernels of a commit, and why; nothing without a file."""
    if not path.exists():
        return {}
    with path.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    return {row["subject"]: row["reason"] for row in rows if row["commit"] == commit}


class Failures:
    """What has failed of a bundle: kernels by name, or cases."""

    def __init__(self, path: Path | None, commit: str) -> None:
        """Reads what has failed so far, and whether a launch ended the last process.

        Args:
            path: of the notes; None: they are not kept.
            commit: of the bundle.
        """
        self._path, self._commit = path, commit
        self._reasons = failed_kernels(path, commit) if path else {}
        self._mark = path.with_suffix(".launching") if path else None
        if self._mark and self._mark.exists():
            name = self._mark.read_text()
            self.add(name, "the last call ended while it was launched")
            self._mark.unlink()

    def __contains__(self, subject: str) -> bool:
        """Whether it has failed."""
        return subject in self._reasons

    def among(self, subjects: Iterable[str]) -> list[str]:
        """Those that have failed."""
        return [subject for subject in subjects if subject in self._reasons]

    def add(self, subject: str, reason: str) -> None:
        """Notes that something has failed, and says it; the first reason counts."""
        if subject in self._reasons:
            return
        self._reasons[subject] = reason
        print(f"{subject}: {reason}; left out from now on", file=sys.stderr)
        with MeasuredFile(self._path, _COLUMNS, {}, resume=True) as file:
            file.write([(self._commit, subject, reason)])

    @contextlib.contextmanager
    def _launching(self, name: str) -> Iterator[None]:
        if not self._mark:
            yield
            return
        self._mark.write_text(name)
        try:
            yield
        finally:
            self._mark.unlink()

    def attempt(
        self, subject: str, call: Callable[[], Result], synchronize: Callable[[], None],
        marked: bool = True,
    ) -> Result | None:  # fmt: skip
        """What a call returns that launches; None if it failed, which is noted.

        Args:
            subject: the kernel that is launched, or the case that is run.
            call: loads, launches and waits.
            synchronize: waits for the GPU, and raises if the context is broken.
            marked: whether it counts as failed if the process ends meanwhile.

        Raises:
            Poisoned: if the context is broken.
        """
        with self._launching(subject) if marked else contextlib.nullcontext():
            try:
                return call()
            except Poisoned:
                raise
            except (RuntimeError, OSError) as error:
                lines = str(error).splitlines()
                self.add(subject, lines[0] if lines else type(error).__name__)
        # Of errors that break the context, every later call fails, too.
        try:
            synchronize()
        except RuntimeError as error:
            raise Poisoned(f"{subject} broke the context of CUDA") from error
        return None
