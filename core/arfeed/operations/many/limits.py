"""How long, and with how much memory, the run of one feed may go on beside those of others."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096
_SHARE = 0.8
"""How much of the machine's memory all running feeds may take together, unless another limit is set."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds, and bytes of memory; None for what is not limited."""

    seconds: float | None
    memory: int | None


def default_memory(jobs: int) -> int | None:
    """Return what each of several jobs may take so that the machine lives on; None if its size is not known."""
    sizes = [*_sizes()]
    return int(min(sizes) * _SHARE / jobs) if sizes else None


def _sizes() -> Iterator[int]:
    with suppress(OSError, ValueError, AttributeError):
        yield os.sysconf("SC_PHYS_PAGES") * _PAGE
    for file in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        # "max", or a number near 2**63, is not a limit.
        with suppress(OSError, ValueError):
            yield int(Path(file).read_text(encoding="ascii"))


def can_measure() -> bool:
    """Whether memory of other processes can be measured here: on Linux."""
    return _PROC.joinpath("self/statm").exists()


def memory_of(pid: int) -> int:
    """Return the memory that a process and those it started hold for themselves, in bytes; 0 if it is gone."""
    held, waiting = 0, [pid]
    while waiting:
        each = waiting.pop()
        with suppress(OSError, ValueError, IndexError):
            _, resident, shared, *_ = _PROC.joinpath(str(each), "statm").read_text(encoding="ascii").split()
            held += (int(resident) - int(shared)) * _PAGE
            for children in _PROC.joinpath(str(each), "task").glob("*/children"):
                waiting += map(int, children.read_text(encoding="ascii").split())
    return held


def show_seconds(seconds: float) -> str:
    """Return a time as people write it."""
    whole = round(seconds)
    for unit, size in (("hour", 3600), ("minute", 60)):
        if whole >= size and whole % size == 0:
            return f"{whole // size} {unit}{'s' if whole > size else ''}"
    return f"{seconds:g} seconds"


def show_size(size: int) -> str:
    """Return an amount of memory as people write it."""
    return f"{size / 1e9:.3g} GB" if size >= 10**9 else f"{size / 1e6:.3g} MB"
