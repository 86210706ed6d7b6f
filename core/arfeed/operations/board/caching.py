"""What is worked out once for everybody who looks, until something has changed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Lock
from time import monotonic
from typing import Generic, TypeVar

T = TypeVar("T")

Version = tuple[tuple[str, int, int], ...]
"""Files, each with its time and size."""

_FRESH, _OLDEST = 5.0, 20.0
"""Seconds: so long an order is good; so long one is shown while somebody else works out the next."""

_SHARE = 20
"""What is worked out for all is good that many times as long as it took: it takes a twentieth of a processor."""


def good_until(began: float) -> float:
    """Return until when, by the monotonic clock, something is good that was begun then and is done now."""
    took = monotonic() - began
    return began + took + max(_FRESH, min(_SHARE * took, _OLDEST))


def make_thread() -> ThreadPoolExecutor:
    """Return a thread for what goes over thousands of feeds.

    Done by whichever thread asks, each of dozens would keep some megabytes of it for good.
    """
    return ThreadPoolExecutor(1, "arfeed-board-feeds")


@dataclass(slots=True)
class Ranking(Generic[T]):
    """The last order of the feeds, a list of what is known of each."""

    _known: tuple[float, float, list[T]] | None = None
    """When it was begun, until when it is good, and the order."""
    _basis: object = None
    _thread: ThreadPoolExecutor = field(default_factory=make_thread)
    _turn: int = 0
    _lock: Lock = field(default_factory=Lock)

    def forget(self) -> None:
        """Have it worked out anew: something was done."""
        self._turn += 1
        self._known = None

    def get(self, rank: Callable[[], list[T]], basis: object = None) -> list[T]:
        """Return the order; whoever finds it old works it out, and meanwhile others get the last one.

        An order of another `basis`, of what is ordered, is not good any more.
        """
        if basis is not self._basis:
            self._basis = basis
            self.forget()
        known = self._known
        if known and monotonic() < known[1]:
            return known[2]
        if not self._lock.acquire(blocking=known is None or monotonic() - known[0] > _OLDEST):
            return known[2] if known else []
        try:
            # Somebody else may have done it while this one waited.
            if self._known and self._known is not known:
                return self._known[2]
            turn, began = self._turn, monotonic()
            ranked = self._thread.submit(rank).result()
            # What was done meanwhile is not in it.
            if turn == self._turn:
                self._known = (began, good_until(began), ranked)
            return ranked
        finally:
            self._lock.release()


def version_of(files: Iterable[str]) -> Version:
    """Return what shows that files have changed; a file that is gone has its own version."""
    found = []
    for file in dict.fromkeys(files):
        try:
            # Not by Path, which takes longer than the call itself: there are thousands of files.
            stat = os.stat(file)  # noqa: PTH116
        except OSError:
            found.append((file, 0, -1))
        else:
            found.append((file, stat.st_mtime_ns, stat.st_size))
    return tuple(found)
