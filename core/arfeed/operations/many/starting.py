"""Start the run of one feed in its own process: forked from this one, or as a new Python."""

from __future__ import annotations

import atexit
import io
import logging
import os
import runpy
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import NoReturn

from arfeed.model.events import LOGGER

_IN, _OUT, _ERR = range(3)
_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG of Linux's prctl
_FIRST_TO_GO = "500"  # of 1000; if the machine runs out of memory, it ends a feed and not this process


@dataclass(slots=True)
class Child:
    """A process that runs `arfeed` for one feed, the leader of its own process group.

    `out` and `err` are what to read its document and its messages from; no `err` if it writes where this process does.
    """

    pid: int
    out: int
    err: int | None
    popen: subprocess.Popen[bytes] | None = None

    def poll(self) -> int | None:
        """Return its exit code, or the negative number of the signal that ended it; None while it runs."""
        if self.popen:
            return self.popen.poll()
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        return os.waitstatus_to_exitcode(status) if pid else None

    def send(self, number: int) -> None:
        """Send a signal to it and to what it has started."""
        with suppress(ProcessLookupError, PermissionError):
            if hasattr(os, "killpg"):
                os.killpg(self.pid, number)
            elif self.popen:
                self.popen.terminate()
        # It has no group yet if it was started just now.
        with suppress(ProcessLookupError, PermissionError):
            os.kill(self.pid, number)


def spawn(words: Sequence[str], environment: Mapping[str, str], *, captured: bool) -> Child:
    """Start `arfeed` with these words in a new Python."""
    # Without -P the current folder would come first on the path, and a pandas.py in it before pandas.
    command = [sys.executable, "-P", "-m", "arfeed", *words]
    process = subprocess.Popen(  # noqa: S603 - our own command, and a file that was found
        command,
        # Without stdin: a feed that waited for an answer would hold up all feeds behind it.
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE if captured else None,
        # The document that is read back is UTF-8, whatever the code page of this machine.
        env={**os.environ, **environment, "PYTHONIOENCODING": "utf-8"},
        start_new_session=True,
    )
    assert process.stdout  # noqa: S101 - for the type checker
    return Child(process.pid, process.stdout.fileno(), process.stderr.fileno() if process.stderr else None, process)


def fork(words: Sequence[str], environment: Mapping[str, str], *, captured: bool) -> Child:
    """Start `arfeed` with these words in a copy of this process, which must have no other threads."""
    if others := [thread for thread in threading.enumerate() if thread is not threading.main_thread()]:
        raise RuntimeError(f"a process with other threads can't be forked: {others}")
    for stream in (sys.stdout, sys.stderr):
        # Or both processes would write what is buffered.
        with suppress(OSError):
            stream.flush()
    out, out_of_child = os.pipe()
    err, err_of_child = os.pipe() if captured else (None, None)
    parent = os.getpid()
    pid = os.fork()
    if not pid:
        # Nothing of this process may go on in the copy, whatever happens: not its loop, nor its clearing up.
        try:
            _become_own(parent, out_of_child, err_of_child, environment)
            code = _run(words)
        except BaseException:  # noqa: BLE001 - as said
            traceback.print_exc()
            code = 1
        _end(code)
    os.close(out_of_child)
    if err_of_child is not None:
        os.close(err_of_child)
    return Child(pid, out, err)


def _become_own(parent: int, out: int, err: int | None, environment: Mapping[str, str]) -> None:
    """Make this copy look like a process that was just started: own session, streams, signals and log."""
    os.setsid()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    os.dup2(os.open(os.devnull, os.O_RDONLY), _IN)
    os.dup2(out, _OUT)
    if err is not None:
        os.dup2(err, _ERR)
    # The other feeds' pipes too: whoever reads them waits until nobody can write any more.
    for descriptor in map(int, os.listdir("/proc/self/fd")):  # noqa: PTH208 - a folder of numbers
        if descriptor > _ERR:
            with suppress(OSError):
                os.close(descriptor)
    _die_with_parent(parent)
    sys.stdin = sys.__stdin__ = open(_IN, encoding="utf-8", closefd=False)  # type: ignore[misc]  # noqa: SIM115
    sys.stdout = sys.__stdout__ = _stream(_OUT)  # type: ignore[misc]
    sys.stderr = sys.__stderr__ = _stream(_ERR, line_buffering=True)  # type: ignore[misc]
    os.environ.update(environment)
    logger = logging.getLogger(LOGGER)
    for handler in [*logger.handlers]:
        logger.removeHandler(handler)
    logger.setLevel(logging.NOTSET)


def _stream(number: int, *, line_buffering: bool = False) -> io.TextIOWrapper:
    raw = open(number, "wb", closefd=False)  # noqa: SIM115 - a descriptor, which stays open to the end
    return io.TextIOWrapper(raw, encoding="utf-8", errors="backslashreplace", line_buffering=line_buffering)


def _die_with_parent(parent: int) -> None:
    """End this process with its parent, and before the parent if memory runs out."""
    with suppress(OSError), open("/proc/self/oom_score_adj", "w", encoding="ascii") as score:  # noqa: PTH123
        score.write(_FIRST_TO_GO)
    with suppress(Exception):
        import ctypes

        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGTERM)
    if os.getppid() != parent:  # it ended before it was asked for
        os._exit(1)


def _run(words: Sequence[str]) -> int:
    """Do what `python -m arfeed` does, and return its exit code."""
    sys.argv = ["arfeed", *words]
    try:
        runpy.run_module("arfeed", run_name="__main__", alter_sys=False)
    except SystemExit as end:
        # sys.exit() takes texts and None as well; Python makes 1 and 0 of them.
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


def _end(code: int) -> NoReturn:
    """End as a process does: wait for threads that are not daemons, call what was registered, flush buffers."""
    for ending in (getattr(threading, "_shutdown", None), getattr(atexit, "_run_exitfuncs", None)):
        with suppress(BaseException):
            if ending:
                ending()
    for stream in (sys.stdout, sys.stderr):
        with suppress(BaseException):
            stream.flush()
    os._exit(code & 0xFF)
