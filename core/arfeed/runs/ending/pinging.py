"""A monitor that expects a sign of life: told when a run begins and how it ended. Nothing of that changes the run.

The addresses are those of healthchecks.io and what is compatible with it: the ping URL with `/start`, or with the exit
code, where anything but 0 raises the alarm. A run that never began sends nothing, and so the monitor alarms.
"""

from __future__ import annotations

import uuid
from concurrent.futures import Future, wait
from functools import partial
from typing import TYPE_CHECKING

from arfeed.model.background import begin
from arfeed.model.errors import ArfeedError, DestinationError, LockedError, RefusedError

if TYPE_CHECKING:
    from pydantic import SecretStr

    from arfeed.runs.chapters import Result
    from arfeed.runs.context import Progress

_PATIENCE = 5.0
"""Seconds for an answer. A run waits for that only once, at its end."""


class Pinger:
    """Tells the feed's monitor of one run; does nothing for a feed that has none."""

    def __init__(self, ping: SecretStr | None, progress: Progress) -> None:
        """Keep the address and an id, by which the monitor knows that two signs are of one run."""
        self._progress = progress
        self._url = ping.get_secret_value().rstrip("/") if ping else None
        self._id = uuid.uuid4()
        self._started: Future[None] | None = None

    def start(self) -> None:
        """Tell that a run has begun, in the background."""
        if self._url:
            self._started = begin(partial(_get, f"{self._url}/start?rid={self._id}"))

    def end(self, *ended: Result | Exception) -> None:
        """Tell how the run ended, and warn if that can't be told in time.

        A run to several destinations has ended as the worst of them: one that is fine must not hide another.
        """
        # A run that found the lock taken sends no ping: the run that holds the lock does.
        codes = [_exit_code(each) for each in ended if not isinstance(each, LockedError)]
        if self._url is None or not codes:
            return
        # After the start ping, or a slow one would report a finished run as running.
        told = begin(partial(_get, f"{self._url}/{max(codes)}?rid={self._id}"), after=self._started)
        wait([told], timeout=2 * _PATIENCE if self._started and not self._started.done() else _PATIENCE)
        problem = told.exception() if told.done() else TimeoutError(f"no answer within {_PATIENCE:g} seconds")
        if problem is not None:
            self._progress.warn(
                "feed.ping: the monitor was not told how the run ended, and may raise an alarm: "
                f"{type(problem).__name__}: {problem}"
            )


def _exit_code(ended: Result | Exception) -> int:
    if isinstance(ended, Exception):
        return ended.exit_code if isinstance(ended, ArfeedError) else ArfeedError.exit_code
    return 0 if ended.receipt else RefusedError.exit_code


def _get(url: str) -> None:
    # Imported here, since few feeds have a monitor.
    from urllib.error import HTTPError
    from urllib.request import Request, urlopen

    request = Request(url, headers={"User-Agent": "arfeed"})  # noqa: S310 - the scheme was checked with the settings
    try:
        with urlopen(request, timeout=_PATIENCE) as answer:  # noqa: S310 - as above
            answer.read(1)
    except HTTPError as exc:
        # It holds the connection, and has to be closed.
        with exc:
            raise DestinationError(f"it answered {exc.code} {exc.reason}") from exc
