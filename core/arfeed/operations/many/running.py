"""Run many feeds, several at once, each in its own process: nothing of one affects another."""

from __future__ import annotations

import os
import re
import selectors
import signal
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from arfeed.model.errors import ArfeedError
from arfeed.operations.many.limits import Limits, memory_of, show_seconds, show_size
from arfeed.operations.many.outcome import OUTCOMES, Ended, Outcome, pack
from arfeed.operations.many.starting import Child

_TICK = 0.1
"""Seconds between two looks at limits and signals."""
_SOON = 0.005
"""Seconds to the next look at a process that has closed its streams and will end at once."""
_GRACE = 10.0
"""Seconds that a feed has to end after SIGTERM."""
_MOST_TEXT = 512 * 1024
_MOST_OUT = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Job:
    """A feed to run. Of feeds that share one of their `destinations` one runs at a time."""

    config: Path
    limits: Limits
    destinations: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Started:
    """A feed has begun to run."""

    config: Path


@dataclass(frozen=True, slots=True)
class Said:
    """A feed printed lines for people."""

    config: Path
    text: str


@dataclass(slots=True)
class Stop:
    """Whether to end: set by a signal's handler, read by the loop."""

    signal: int | None = None


_MOST_LEFT = 64
"""How many pieces of 64 KB are read from the streams of a process that has ended; a pipe holds 1 MB at most."""

_ANSWERS = {0: re.compile(rb'\s*\{\s*"delivered": true'), **dict.fromkeys(range(2, 7), re.compile(rb"\s*\{"))}
"""How the document of each exit code begins; a bug, 1, has none."""

Event = Started | Said | Outcome | None
"""None comes several times a second."""


class _Kept:
    """The beginning and the end of what a stream gives, so that no feed can fill this process's memory."""

    def __init__(self, most: int) -> None:
        self._most = most // 2
        self._head = bytearray()
        self._tail: deque[bytes] = deque()
        self._held = 0
        self._left_out = 0

    def add(self, data: bytes) -> None:
        room = self._most - len(self._head)
        self._head += data[:room]
        if data := data[max(room, 0) :]:
            self._tail.append(data)
            self._held += len(data)
            while self._held - len(self._tail[0]) > self._most:
                gone = self._tail.popleft()
                self._held -= len(gone)
                self._left_out += len(gone)

    def all(self) -> bytes:
        """Return it, with a line in the place of what is left out."""
        between = f"\n… {self._left_out:,} bytes are left out …\n".encode() if self._left_out else b""
        return bytes(self._head) + between + b"".join(self._tail)


@dataclass(slots=True)
class _Running:
    job: Job
    child: Child
    began: float
    out: _Kept = field(default_factory=lambda: _Kept(_MOST_OUT))
    err: _Kept = field(default_factory=lambda: _Kept(_MOST_TEXT))
    open: int = 0
    line: bytes = b""
    ended: tuple[Ended, str] | None = None
    kill_at: float | None = None


Start = Callable[[Path], Child]


def run_each(jobs: Sequence[Job], start: Start, at_once: int, stop: Stop) -> Iterator[Event]:
    """Run all jobs, at most that many at once; yield what happens, and each `Outcome` as soon as it is there.

    Once `stop` has a signal nothing more is started, what runs gets SIGTERM, and SIGKILL if it does not end; jobs that
    were not begun have no outcome. Leaving the iterator ends what runs, too.
    """
    yield from _run(_Pool(deque(jobs), start, at_once, stop))


def run_as_they_come(jobs: deque[Job], start: Start, at_once: int, stop: Stop, wake: int) -> Iterator[Event]:
    """Do as `run_each` does, until `stop`, with jobs that the caller adds to `jobs` meanwhile.

    A descriptor `wake` from which there is something to read brings the next None at once.
    """
    yield from _run(_Pool(jobs, start, at_once, stop, wake))


def _run(pool: _Pool) -> Iterator[Event]:
    try:
        yield from pool.events()
    finally:
        pool.kill()


class _Pool:
    def __init__(self, waiting: deque[Job], start: Start, at_once: int, stop: Stop, wake: int | None = None) -> None:
        self._waiting = waiting
        self._lasting = wake is not None
        self._start = start
        self._at_once = at_once
        self._stop = stop
        self._running: list[_Running] = []
        self._selector = selectors.DefaultSelector()
        if wake is not None:
            self._selector.register(wake, selectors.EVENT_READ)

    def events(self) -> Iterator[Event]:
        while ((self._waiting or self._lasting) and self._stop.signal is None) or self._running:
            while self._stop.signal is None and (job := self._next()):
                self._running.append(self._begin(job))
                yield Started(job.config)
            yield from self._read(self._patience())
            for each in self._running:
                self._hold_to_limits(each)
            for each in [*self._running]:
                code = each.child.poll()
                if code is not None:
                    self._running.remove(each)
                    yield from self._rest(each)
                    yield self._outcome(each, code)
            yield None

    def kill(self) -> None:
        """End what still runs, at once; its next run settles what it left."""
        for each in self._running:
            each.child.send(signal.SIGKILL)
            self._close(each)
            with suppress(ChildProcessError):
                while each.child.poll() is None:
                    time.sleep(_SOON)
        self._selector.close()

    def _next(self) -> Job | None:
        """Take the first job that may begin now out of those that wait."""
        if len(self._running) >= self._at_once:
            return None
        busy = {place for each in self._running for place in each.job.destinations}
        job = next((job for job in self._waiting if busy.isdisjoint(job.destinations)), None)
        if job:
            self._waiting.remove(job)
        return job

    def _begin(self, job: Job) -> _Running:
        began = time.monotonic()
        each = _Running(job, self._start(job.config), began)
        for number, kept in ((each.child.out, each.out), (each.child.err, each.err)):
            if number is not None:
                os.set_blocking(number, False)
                self._selector.register(number, selectors.EVENT_READ, (each, kept))
                each.open += 1
        return each

    def _patience(self) -> float:
        return _SOON if any(not each.open for each in self._running) else _TICK

    def _read(self, patience: float) -> Iterator[Said]:
        if not self._selector.get_map():
            time.sleep(patience)
            return
        for key, _ in self._selector.select(patience):
            if key.data is None:
                continue  # the caller reads it
            each, kept = key.data
            data = _take(key.fd)
            if data == b"":
                self._selector.unregister(key.fd)
                each.open -= 1
            elif data:
                kept.add(data)
                if kept is each.err:
                    yield from _whole_lines(each, data)

    def _rest(self, each: _Running) -> Iterator[Said]:
        """Read what is left of a process that has ended, without waiting for others that have its streams open."""
        # What it started and left behind must not go on: its feed is over.
        if hasattr(os, "killpg"):
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(each.child.pid, signal.SIGKILL)
        for number, kept in ((each.child.out, each.out), (each.child.err, each.err)):
            # Not without end: what started its own session was not killed, and may go on writing for ever.
            for _ in range(_MOST_LEFT):
                if number is None or not (data := _take(number)):
                    break
                kept.add(data)
                if kept is each.err:
                    yield from _whole_lines(each, data)
        if each.line:
            yield from _whole_lines(each, b"\n")
        self._close(each)

    def _close(self, each: _Running) -> None:
        for number in (each.child.out, each.child.err):
            if number is not None:
                with suppress(KeyError, ValueError):
                    self._selector.unregister(number)
                if each.child.popen is None:
                    os.close(number)
        if each.child.popen:
            for stream in (each.child.popen.stdout, each.child.popen.stderr):
                if stream:
                    stream.close()

    def _hold_to_limits(self, each: _Running) -> None:
        now, limits = time.monotonic(), each.job.limits
        if each.kill_at is not None:
            if now >= each.kill_at:
                each.child.send(signal.SIGKILL)
        elif self._stop.signal is not None:
            self._end(each, ("stopped", ""))
        elif limits.seconds is not None and now - each.began > limits.seconds:
            self._end(each, ("time", show_seconds(limits.seconds)))
        elif limits.memory is not None and memory_of(each.child.pid) > limits.memory:
            # Without warning: it would take more in the time that it takes to end.
            each.ended, each.kill_at = ("memory", show_size(limits.memory)), now
            each.child.send(signal.SIGKILL)

    def _end(self, each: _Running, why: tuple[Ended, str]) -> None:
        each.ended, each.kill_at = why, time.monotonic() + _GRACE
        each.child.send(signal.SIGTERM)

    def _outcome(self, each: _Running, code: int) -> Outcome:
        ended = each.ended
        # What had ended by itself before it was stopped counts as it ended.
        if code in OUTCOMES and code != ArfeedError.exit_code:
            ended = None
        elif code < 0 and ended is None:
            ended = ("killed", _signal_name(-code))
        out = each.out.all()
        # Delivered is only what says so: a plugin that ends the process ends it with any code.
        if code in _ANSWERS and not _ANSWERS[code].match(out):
            code, ended = ArfeedError.exit_code, ended or ("silent", f"exit code {code}")
        return Outcome(
            each.job.config,
            # A process that was killed, or ended in another way, has failed.
            code if code in OUTCOMES else ArfeedError.exit_code,
            time.monotonic() - each.began,
            pack(out),
            each.err.all().decode(errors="replace"),
            ended,
        )


def _whole_lines(each: _Running, data: bytes) -> Iterator[Said]:
    """Yield the lines that are complete now: what is read at once may end within a line, or a character."""
    lines, newline, each.line = (each.line + data).rpartition(b"\n")
    if newline:
        yield Said(each.job.config, lines.decode(errors="replace"))


def _take(number: int) -> bytes | None:
    """Return what can be read now: nothing at the end of the stream, None if there is nothing yet."""
    try:
        return os.read(number, 65536)
    except BlockingIOError:
        return None
    except OSError:
        return b""


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)
