"""How long a database may take: a limit, and Ctrl-C, that end a statement whatever its driver is doing.

Most drivers wait in C, where Python hears no signal. So they work in a thread of their own, and who asked them waits
where signals are heard.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import sqlalchemy as sa

T = TypeVar("T")

_KEY = "arfeed patience"
_LOOK = 0.5
"""Seconds between two looks for signals: on Windows a waiting lock hears none."""

_GRACE = 5.0
"""Seconds that a driver has to give up in, before it is left alone with what it does."""


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
        """Count from now on for a new statement."""
        self._spent = 0.0

    def wait_for(self, work: Callable[[], T]) -> T:
        """Return what the work comes to. Raise what it raises, and `TimeoutError` if it can't be ended."""
        begun = time.monotonic()
        job = _Job(work)
        try:
            if not job.ends_within(self.seconds - self._spent):
                self.late = True
                self._end(job)
        except BaseException:  # Ctrl-C
            self._end(job)
            raise
        finally:
            self._spent += time.monotonic() - begun
        if self.left_alone:
            raise TimeoutError("it does not answer")
        result: T = job.result()
        return result

    def _end(self, job: _Job) -> None:
        with suppress(Exception):  # there may be nothing to cancel any more
            self.cancel()
        self.left_alone = not job.ends_within(_GRACE)


class _Job:
    """Work in a thread, which does not keep the program from ending."""

    def __init__(self, work: Callable[[], Any]) -> None:
        self._work = work
        self._done = threading.Event()
        self._result: Any = None
        self._error: BaseException | None = None
        threading.Thread(target=self._run, name="arfeed database", daemon=True).start()

    def _run(self) -> None:
        try:
            self._result = self._work()
        except BaseException as exc:  # noqa: BLE001 - raised where it was asked for
            self._error = exc
        finally:
            self._done.set()

    def ends_within(self, seconds: float) -> bool:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if self._done.wait(min(left, _LOOK)):
                return True
        return self._done.is_set()

    def result(self) -> Any:
        if self._error is not None:
            raise self._error
        return self._result


def keep(connection: sa.Connection, patience: Patience | None) -> None:
    """Let a connection's statements be limited; None for a driver that hears signals and limits by itself."""
    connection.info[_KEY] = patience


def patience_of(connection: sa.Connection) -> Patience | None:
    """Return what limits the statements of a connection."""
    found: Patience | None = connection.info.get(_KEY)
    return found


def patiently(connection: sa.Connection, work: Callable[[], T], *, first: bool = False) -> T:
    """Do something with a connection's driver within its limit; `first` is where a statement begins."""
    patience = patience_of(connection)
    if patience is None:
        return work()
    if first:
        patience.begin()
    return patience.wait_for(work)
