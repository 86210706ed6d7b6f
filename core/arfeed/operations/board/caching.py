"""What is worked out once for everybody who looks, until something has changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from time import monotonic
from typing import Generic, TypeVar

T = TypeVar("T")

Version = tuple[tuple[str, int, int], ...]
"""Files, each with its time and size."""

_FRESH, _OLDEST = 5.0, 20.0
"""Seconds: so long an order is good; so long one is shown while somebody else works out the next."""


@dataclass(slots=True)
class Ranking(Generic[T]):
    """The last order of the feeds, a list of what is known of each."""

    _known: tuple[float, list[T]] | None = None
    _turn: int = 0
    _lock: Lock = field(default_factory=Lock)

    def forget(self) -> None:
        """Have it worked out anew: something was done."""
        self._turn += 1
        self._known = None

    def get(self, rank: Callable[[], list[T]]) -> list[T]:
        """Return the order; whoever finds it old works it out, and meanwhile others get the last one."""
        known = self._known
        if known and monotonic() - known[0] < _FRESH:
            return known[1]
        if not self._lock.acquire(blocking=known is None or monotonic() - known[0] > _OLDEST):
            return known[1] if known else []
        try:
            # Somebody else may have done it while this one waited.
            if self._known and self._known is not known:
                return self._known[1]
            turn, began = self._turn, monotonic()
            ranked = rank()
            # What was done meanwhile is not in it.
            if turn == self._turn:
                self._known = (began, ranked)
            return ranked
        finally:
            self._lock.release()


def version_of(files: Iterable[str]) -> Version:
    """Return what shows that files have changed; a file that is gone has its own version."""
    found = []
    for file in dict.fromkeys(files):
        try:
            stat = Path(file).stat()
        except OSError:
            found.append((file, 0, -1))
        else:
            found.append((file, stat.st_mtime_ns, stat.st_size))
    return tuple(found)
