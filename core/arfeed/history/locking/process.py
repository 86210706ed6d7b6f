"""Identify the process that holds a lock so exactly that another one on the same machine can tell that it is dead."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_START_TIME = 19
"""The index of a process's start time in /proc/PID/stat, counted from its state, which follows the name (proc(5))."""


@dataclass(frozen=True, slots=True)
class HolderProcess:
    """A process, identified in a way that survives the reuse of its pid.

    `boot` identifies the machine's boot, `space` the namespaces in which `pid` and `started` (ticks since boot) have
    a meaning: containers on one machine share its boot, and often its name.
    """

    host: str
    boot: str
    space: str
    pid: int
    started: str


def this_process() -> HolderProcess | None:
    """Return this process, or None if the system does not report all of it: a lock can then only expire."""
    try:
        if str((_PROC / "self").readlink()) != str(os.getpid()):
            return None  # /proc is that of another namespace
        boot = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
        space = _namespaces()
        _, started = _state_and_start(os.getpid())
    except (OSError, ValueError, IndexError):
        return None
    return HolderProcess(socket.gethostname(), boot, space, os.getpid(), started) if boot else None


def is_dead(process: HolderProcess, here: HolderProcess | None) -> bool:
    """Whether a process has ended, as seen from `here`. False if that can't be known for certain."""
    # Any doubt counts as alive: a lock taken from a living run would let two deliver at once.
    if here is None or (process.host, process.boot, process.space) != (here.host, here.boot, here.space):
        return False
    try:
        os.kill(process.pid, 0)  # sends nothing; it also finds processes that /proc hides from other users
    except ProcessLookupError:
        return True
    # Most often no permission: the process exists, and belongs to another user.
    except OSError:
        return False
    try:
        state, started = _state_and_start(process.pid)
        # Another start time is another process under the same pid. A zombie (Z) has ended and only waits for its
        # parent.
        return started != process.started or (state in "ZX" and not _has_more_threads(process.pid))
    except (OSError, ValueError, IndexError):
        return False


def _namespaces() -> str:
    """Return the namespaces in which pids and start times count; kernels before 5.6 have one time for all."""
    time = _PROC / "self/ns/time"
    return " ".join(str(each.readlink()) for each in (_PROC / "self/ns/pid", *([time] if time.is_symlink() else [])))


def _state_and_start(pid: int) -> tuple[str, str]:
    # After the last parenthesis, since the name before it may contain blanks and parentheses itself.
    fields = (_PROC / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()
    return fields[0], str(int(fields[_START_TIME]))


def _has_more_threads(pid: int) -> bool:
    """Whether other threads still run after the first has ended, which makes a process look dead."""
    return len(list((_PROC / str(pid) / "task").iterdir())) > 1
