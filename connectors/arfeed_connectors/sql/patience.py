"""How long a database may take: a time limit, and Ctrl-C, end a statement whatever its driver is doing.

Most drivers wait in C, where Python hears no signals. So each works in its own thread, and the caller waits where
signals are heard.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import sqlalchemy as sa

T = TypeVar("T")

_KEY = "arfeed patience"
_LOOK = 0.5
"""Seconds between two checks for signals: on Windows a waiting lock ignores them."""

_GRACE = 5.0
"""Seconds within which a driver has to give up before it is left alone."""


@dataclass(slots=True)
class Patience:
    """The time that one connection has for each statement and all its rows; what is done between is not counted.

    `cancel` ends what the driver is doing, from another thread. `late`: the limit was reached. `left_alone`: the driver
    did not give up, so that its connection must not be touched again.
    """

    seconds: float
    cancel: Callable[[], object]
    late: bool = False
    left_alone: bool = False
    _spent: float = field(default=0.0, init=False)

    def begin(self) -> None:
        """Start counting for a new statement."""
        self._spent = 0.0

    def wait_for(self, work: Callable[[], T]) -> T:
        """Return the result of the work. Raise what it raises, and `TimeoutError` if it can't be ended."""
        begun = time.monotonic()
        job = begin(work)
        try:
            if not _ends_within(job, self.seconds - self._spent):
                self.late = True
                self._end(job)
        # Ctrl-C and SIGTERM too: the statement has to end before anybody closes its connection.
        except BaseException:
            self._end(job)
            raise
        finally:
            self._spent += time.monotonic() - begun
        if self.left_alone:
            raise TimeoutError("it does not answer")
        # After a cancelled statement this raises the driver's own error, which `late` explains as the time limit.
        return job.result()

    def _end(self, job: Future[T]) -> None:
        # The statement may have ended just now, and some drivers raise if there is nothing to cancel.
        with suppress(Exception):
            self.cancel()
        self.left_alone = not _ends_within(job, _GRACE)


def begin(work: Callable[[], T]) -> Future[T]:
    """Do something in a daemon thread: in the main one, Ctrl-C and SIGTERM would wait for a driver that sits in C."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as exc:  # noqa: BLE001 - raised where the result is asked for
            # Also SystemExit and the like: whoever waits for the result would otherwise wait for ever.
            future.set_exception(exc)

    # Not an executor: Python waits for an executor's threads when it exits, and so for a driver that never answers.
    threading.Thread(target=run, name="arfeed database", daemon=True).start()
    return future


def _ends_within(job: Future[T], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        if wait([job], min(left, _LOOK)).done:
            return True
    return job.done()


def keep(connection: sa.Connection, patience: Patience | None) -> None:
    """Let a connection's statements be limited; None for a driver that is interruptible and limits by itself."""
    connection.info[_KEY] = patience


def patience_of(connection: sa.Connection) -> Patience | None:
    """Return what limits the statements of a connection."""
    found: Patience | None = connection.info.get(_KEY)
    return found


def run_within_limit(connection: sa.Connection, work: Callable[[], T], *, first: bool = False) -> T:
    """Do something with a connection's driver within its limit; `first` marks the beginning of a statement."""
    patience = patience_of(connection)
    if patience is None:
        return work()
    if first:
        patience.begin()
    return patience.wait_for(work)
