"""Where and from what a result was made, for the files that say so."""

from __future__ import annotations

import platform
import subprocess
from pathlib import Path


def commit(folder: Path, *, dirty: bool = False) -> str:
    """The commit of the repository in a folder; empty without git.

    Args:
        folder: anywhere in it.
        dirty: whether to say that there are changes on top.
    """
    return subprocess.run(
        ["git", "-C", folder, "describe", "--always", *(["--dirty"] if dirty else [])],
        capture_output=True, text=True, check=False,
    ).stdout.strip()  # fmt: skip


def cpu() -> str:
    """The processor's name."""
    return next(
        (
            line.split(":")[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.processor(),
    )
