"""A worker: this process runs feeds, forked from it, and a second one beside it talks to the queue.

Two, since the one that forks must have neither threads nor connections. If either ends or is stopped, so does the
other, and the supervisor starts a new worker; runs that were under way end with it, and another worker takes them over.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from time import monotonic

from arfeed.model.errors import ConfigError
from arfeed.operations.fleet.messages import BEAT, STOP, Order, report_of, stopped_report
from arfeed.operations.fleet.origin import fetch
from arfeed.operations.fleet.queue import Pace, insist_on_queue, make_app
from arfeed.operations.fleet.serving import Place, serve
from arfeed.operations.fleet.store import Fleet
from arfeed.operations.many import warming
from arfeed.operations.many.choice import find_feeds
from arfeed.operations.many.jobs import plan_jobs
from arfeed.operations.many.limits import Limits
from arfeed.operations.many.outcome import Outcome
from arfeed.operations.many.running import Job, Stop, run_as_they_come
from arfeed.operations.many.starting import Child, fork

_PATIENCE = 15.0
"""Seconds in which the process that talks to the queue has to end."""

_Found = tuple[frozenset[str], frozenset[str]]


def work(place: Place, at_once: int, limits: Limits, pace: Pace, environment: Mapping[str, str]) -> int:
    """Work off the queue until SIGTERM or Ctrl-C; return the exit code.

    At most `at_once` feeds run at a time. Raise `ConfigError` if nothing is registered, or feeds can't be forked here.
    """
    if not warming.can_fork():
        raise ConfigError("a worker forks a process for each feed, which only Linux does safely; start it there")
    known = warming.descriptors()
    plugins, schemes = _apart(lambda: _look_ahead(place))
    warming.warm_up(plugins, schemes)
    if opened := warming.find_open(known):
        raise ConfigError(f"a worker can't fork feeds, since imports left open: {', '.join(opened)}")
    ours, theirs = Pipe()
    queue = _fork(lambda: _serve(ours, theirs, place, pace, at_once))
    theirs.close()
    stop = Stop()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda asked, _: setattr(stop, "signal", asked))
    return _Foreman(ours, queue, limits, stop, pace).work(at_once, environment)


def _serve(pipe: Connection, own: Connection, place: Place, pace: Pace, at_once: int) -> None:
    # A supervisor may send its signal to both; only the other process decides what follows.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    # Or the end of the other process would not end this connection.
    pipe.close()
    serve(own, place, pace, at_once)


def _look_ahead(place: Place) -> _Found:
    """Return the plugins and schemes of all feeds, to import what they need."""
    with Fleet(place.url) as fleet:
        found = fleet.origin()
    with make_app(place.url).open() as app:
        insist_on_queue(app)
    folder = place.folder or fetch(found.place, place.cache)
    planned = plan_jobs(find_feeds(folder), Limits(None, None))
    return planned.plugins, planned.schemes


def _apart(do: Callable[[], _Found]) -> _Found:
    """Return what a function returns that may open connections, which must not be here when feeds are forked."""
    ours, theirs = Pipe(duplex=False)

    def answer() -> None:
        try:
            theirs.send(do())
        except ConfigError as exc:
            theirs.send(str(exc))

    process = _fork(answer)
    theirs.close()
    try:
        found: _Found | str = ours.recv()
    except EOFError:
        raise ConfigError("the feeds could not be looked at; see what was printed above") from None
    finally:
        os.waitpid(process, 0)
        ours.close()
    if isinstance(found, str):
        raise ConfigError(found)
    return found


def _fork(do: Callable[[], None]) -> int:
    """Run a function in a copy of this process, and return that process's id.

    Not by `multiprocessing`, which in the processes of feeds, forked later, would wait for this one at their end.
    """
    process = os.fork()
    if process:
        return process
    try:
        do()
    except BaseException:  # noqa: BLE001 - nothing of this process may go on in the copy
        traceback.print_exc()
    finally:
        os._exit(1)


class _Foreman:
    """Starts the feeds that the queue orders, and reports how they ended."""

    def __init__(self, pipe: Connection, queue: int, limits: Limits, stop: Stop, pace: Pace) -> None:
        self._pipe = pipe
        self._queue = queue
        self._limits = limits
        self._stop = stop
        self._stalled = pace.stalled
        self._jobs: deque[Job] = deque()
        # Of each plugins.toml the orders in their order, since of one destination one run goes on at a time.
        self._orders: dict[Path, deque[Order]] = defaultdict(deque)
        self._beat_at = monotonic()
        self._broken = self._stopping = False

    def work(self, at_once: int, environment: Mapping[str, str]) -> int:
        def start(config: Path) -> Child:
            return fork(self._orders[config][0].words, dict(environment), captured=True)

        for happened in run_as_they_come(self._jobs, start, at_once, self._stop, self._pipe.fileno()):
            if isinstance(happened, Outcome):
                self._report(happened)
            elif happened is None:
                self._take()
                self._beat()
                if self._stop.signal is not None:
                    self._ask_to_stop()
        return self._end()

    def _report(self, outcome: Outcome) -> None:
        order = self._orders[outcome.config].popleft()
        if outcome.code:
            # What it printed is lost otherwise, and a person may need it.
            print(outcome.text, end="", file=sys.stderr, flush=True)  # noqa: T201
        self._send(report_of(order, outcome))

    def _take(self) -> None:
        try:
            while self._pipe.poll():
                order: Order = self._pipe.recv()
                (job,) = plan_jobs([order.config], self._limits).jobs
                self._orders[order.config].append(order)
                self._jobs.append(Job(order.config, job.limits, job.destinations or frozenset({str(order.config)})))
        except (EOFError, OSError):
            self._break()

    def _beat(self) -> None:
        now = monotonic()
        if now - self._beat_at > self._stalled * 0.7:
            # The runs of this worker were taken for lost, and others have begun them.
            self._break()
        elif now - self._beat_at >= 1:
            self._beat_at = now
            self._send(BEAT)

    def _send(self, message: object) -> None:
        try:
            self._pipe.send(message)
        except OSError:
            self._break()

    def _break(self) -> None:
        self._broken = True
        self._stop.signal = self._stop.signal or signal.SIGTERM

    def _ask_to_stop(self) -> None:
        # At once, or the queue would hand out again what is given back to it.
        if not self._stopping:
            self._stopping = True
            self._send(STOP)

    def _end(self) -> int:
        """Give back what was not begun, and wait for the process that talks to the queue."""
        self._ask_to_stop()
        for order in (order for orders in self._orders.values() for order in orders):
            self._send(stopped_report(order))
        code = 1 if self._broken else 0
        until = monotonic() + _PATIENCE
        while not self._broken and monotonic() < until and not os.waitpid(self._queue, os.WNOHANG)[0]:
            with suppress(EOFError, OSError):
                if self._pipe.poll(0.05):
                    self._send(stopped_report(self._pipe.recv()))
                self._send(BEAT)
        with suppress(ProcessLookupError, ChildProcessError):  # it has ended
            os.kill(self._queue, signal.SIGKILL)
            os.waitpid(self._queue, 0)
        return code
