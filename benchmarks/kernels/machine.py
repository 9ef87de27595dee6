"""What nvidia-smi says of the machine that measures."""

from __future__ import annotations

import subprocess


def _query(field: str) -> str:
    try:
        done = subprocess.run(
            ["nvidia-smi", f"--query-gpu={field}", "--format=csv,noheader,nounits"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    except FileNotFoundError:
        return ""
    lines = done.stdout.splitlines()
    return lines[0].strip() if done.returncode == 0 and lines else ""


def driver_version() -> str:
    """Of the CUDA driver; empty if it is not known."""
    return _query("driver_version")


def sm_clock() -> int:
    """MHz of the SMs, now; 0 if it is not known."""
    text = _query("clocks.sm")
    return int(text) if text.isdigit() else 0


def clock_limits() -> str:
    """Of the SMs and of memory at most, and the power that it may take."""
    fields = {"SM": "clocks.max.sm", "memory": "clocks.max.mem"}
    known = {name: _query(field) or "unknown" for name, field in fields.items()}
    clocks = ", ".join(f"{name} {clock} MHz" for name, clock in known.items())
    return f"{clocks}, {_query('power.limit') or 'unknown'} W"
