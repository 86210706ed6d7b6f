"""Publish many files at once, over as many connections as it takes."""

from __future__ import annotations

import asyncio
import errno
from collections import Counter, deque
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from arfeed.delivery.strategies import UnderWay, choose_strategy
from arfeed.delivery.uploads import CONNECTION_OVER, Outcome, Upload, check_staged, format_place, part_name
from arfeed.model.errors import DestinationError
from arfeed.model.settings import DestinationSettings
from arfeed.sftp.reasons import WriteRefusedError, reason

if TYPE_CHECKING:
    from arfeed.delivery.store import Store

OPENING_TRIES = 3
"""How often a file that the server refuses to open is tried again, with fewer files open."""

FEWER = 4
"""Divides the number of concurrent files after a connection on which none was completed."""


class _AgainError(Exception):
    """A file is to be tried again, `with_fewer` open at once where the server opened no more."""

    def __init__(self, *, with_fewer: bool) -> None:
        self.with_fewer = with_fewer


class Publication:
    """Publishes files, many at once, over as many connections as it takes. A file that fails does not stop the others.

    What one connection leaves under way, the next settles before anything else. It gives its own uploads other names:
    a rename that the server has received and not yet carried out must find neither the new upload nor a half of it.
    """

    def __init__(
        self,
        uploads: Sequence[Upload],
        *,
        run: str,
        settings: DestinationSettings,
        before_naming: Callable[[], None] | None = None,
    ) -> None:
        """Take the run's id, which marks its uploads under way."""
        self._waiting = deque(uploads)
        self._under_way: dict[Upload, UnderWay] = {}
        self._run = run
        self._strategy = choose_strategy(settings, before_naming)
        self._last: Store | None = None
        self._connections = 0
        self._workers = 0
        self._refusals: Counter[Upload] = Counter()
        self._in_order: set[Upload] = set()
        self._all_in_order = False
        self._fruitless = 0
        self._ended = 0

    async def go_on(self, store: Store, done: Callable[[Outcome], None]) -> None:
        """Settle what an earlier connection left, then publish the rest; raise what ended this connection.

        After a connection on which no file came to its end, fewer are under way at once: some may on a shorter one.
        """
        # One that was dropped because the server mixed files up says nothing about the line.
        blamed = self._last is not None and not self._last.shares_handles
        self._fruitless = self._fruitless + 1 if blamed and not self._ended else 0
        self._store, self._done, self._ended = store, done, 0
        self._last = store
        # Counted into the names of parts: an old rename that is carried out late must not find a new upload.
        self._connections += 1
        # Before anything new: what is settled here may have its name already, and must not be sent a second time.
        await _run_together(self._settle(left) for left in list(self._under_way.values()))
        # A weak line that broke under many files may carry a few of them to their end.
        self._workers = -(-min(store.slots, len(self._waiting)) // FEWER**self._fruitless)
        await _run_together(self._work() for _ in range(self._workers))

    async def _settle(self, left: UnderWay) -> None:
        verified = await self._strategy.settle(self._store, left)
        if verified is None:
            del self._under_way[left.upload]
            self._waiting.append(left.upload)
        else:
            self._end(Outcome(left.upload, None, verified))

    async def _work(self) -> None:
        """Publish one file after the other. Where a server opens no more files, fewer workers go on."""
        while self._waiting:
            upload = self._waiting.popleft()
            in_order = self._all_in_order or upload in self._in_order
            # Noted before the first byte goes, so that a connection that ends in the middle leaves nothing unknown.
            self._under_way[upload] = left = UnderWay(upload, self._part(upload), in_order)
            try:
                outcome = await self._outcome(left)
            except _AgainError as again:
                del self._under_way[upload]
                self._waiting.append(upload)
                # The last worker goes on in any case: with none, the files that wait would never have an answer.
                if again.with_fewer and self._workers > 1:
                    break
            else:
                self._end(outcome)
        self._workers -= 1

    def _end(self, outcome: Outcome) -> None:
        self._under_way.pop(outcome.upload, None)
        self._ended += 1
        self._done(outcome)

    async def _outcome(self, left: UnderWay) -> Outcome:
        upload = left.upload
        try:
            # Staged long ago, maybe: what was cleared away or cut since must not be sent as if it were whole.
            check_staged(upload)
            return Outcome(upload, None, verified=await self._strategy.publish(self._store, left))
        except ConnectionAbortedError as exc:
            # The connection was dropped so that a broken file is never closed, which would finish it.
            if not left.in_order:
                self._all_in_order = True
                raise
            self._end(Outcome(upload, f"{format_place(upload)}: {exc}", verified=False, exposed=True))
            raise
        # Left in `_under_way`, for the next connection to settle.
        except CONNECTION_OVER:
            raise
        except (OSError, DestinationError) as exc:
            if isinstance(exc, WriteRefusedError) and not left.in_order:
                # Some servers refuse blocks that overtake each other, such as rclone's without a cache.
                self._in_order.add(upload)
                raise _AgainError(with_fewer=False) from exc
            if getattr(exc, "errno", None) == errno.EMFILE and self._refusals[upload] < OPENING_TRIES:
                self._refusals[upload] += 1
                raise _AgainError(with_fewer=True) from exc
            return Outcome(upload, f"{format_place(upload)}: {reason(exc)}", verified=False, exposed=left.exposed)

    def _part(self, upload: Upload) -> str:
        name = part_name(upload.name, self._run, self._connections)
        return self._store.path(self._strategy.folder_of_parts(upload), name)


async def _run_together(steps: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Run steps concurrently; if one fails, stop the others and raise what no other connection would fix, if any."""
    try:
        async with asyncio.TaskGroup() as group:
            for step in steps:
                group.create_task(step)
    except ExceptionGroup as failures:
        # A refused lock, say, must not be hidden behind the lost connection that it came with.
        raise min(failures.exceptions, key=lambda exc: isinstance(exc, CONNECTION_OVER)) from None
