"""Publishing a file: the steps from a staged file to one under its real name, each of them on its own."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import re
from collections import Counter, deque
from collections.abc import Callable, Coroutine, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from arfeed.delivery.address import check_folder, check_name
from arfeed.delivery.store import Store
from arfeed.errors import ArfeedError, DestinationError
from arfeed.settings import DestinationSettings

CONNECTION_OVER = (ConnectionError, TimeoutError)

OPENING_TRIES = 3
"""How often a file that the server does not open is tried again, with fewer others open."""

_LONGEST_STEM = 200

_PART = re.compile(r"\..+\.part")


@dataclass(frozen=True, slots=True)
class Upload:
    """A staged local file and where it goes: a folder below the root ("" is the root) and a bare name.

    `replaces` says that an older version of this name was delivered before; otherwise the name has to be free.
    """

    path: Path
    folder: str
    name: str
    size: int
    sha256: str
    replaces: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one upload ended. Without an error it is published; `verified` says that it was seen there, whole.

    `exposed` says of one that failed that a part of it may stand under its real name.
    """

    upload: Upload
    error: str | None
    verified: bool
    exposed: bool = False


def part_name(name: str, run: str, connection: int = 1) -> str:
    """Return the name a file has while it is uploaded over a run's first connection, or a later one.

    A long name gives its hash instead, since the longer name of its part might be one that no server takes.
    """
    stem = name if len(name.encode()) <= _LONGEST_STEM else hashlib.sha256(name.encode()).hexdigest()
    return f".{stem}.{run}.part" if connection == 1 else f".{stem}.{connection}.{run}.part"


def check_part(name: str) -> None:
    """Refuse a name that is not one of an upload under way."""
    if not _PART.fullmatch(name):
        raise DestinationError(f"{name!r} is no upload under way, and nothing else is ever removed.")


def check_uploads(uploads: Sequence[Upload], run: str) -> None:
    """Refuse names and folders that leave the root, and two uploads of one name, before anything is sent."""
    check_name(run)
    taken: set[tuple[str, str]] = set()
    for upload in uploads:
        check_folder(upload.folder)
        check_name(upload.name)
        if (upload.folder, upload.name) in taken:
            raise DestinationError(f"Two files are to be called {_place(upload)}. Nothing was sent.")
        taken.add((upload.folder, upload.name))


@dataclass(slots=True)
class _UnderWay:
    """How far an upload has come: where it is written, and whether its rename was asked for.

    `exposed` means that a part of it may stand under its real name.
    """

    part: str
    naming: bool = False
    exposed: bool = False


class _NoHandleError(Exception):
    """The server did not open a file, which may be because too many are open."""


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
        self._under_way: dict[Upload, _UnderWay] = {}
        self._run = run
        self._settings = settings
        self._before_naming = before_naming
        self._connections = 0
        self._workers = 0
        self._refusals: Counter[Upload] = Counter()
        self._begun: set[Upload] = set()
        self._making_folders = asyncio.Lock()
        self._made: set[str] = set()

    async def go_on(self, store: Store, done: Callable[[Outcome], None]) -> None:
        """Settle what an earlier connection left, then publish the rest; raise what ended this connection."""
        self._store = store
        self._done = done
        self._connections += 1
        await _together(self._settle(upload, left) for upload, left in list(self._under_way.items()))
        self._workers = min(store.slots, len(self._waiting))
        await _together(self._work() for _ in range(self._workers))

    async def _settle(self, upload: Upload, left: _UnderWay) -> None:
        """Find out what became of an upload. Once its part is removed, nothing can give it its name any more."""
        if self._settings.publish == "rename":
            try:
                await self._store.remove(left.part)
            except FileNotFoundError:
                if left.naming:
                    size = await _size(self._store, self._target(upload))
                    self._end(Outcome(upload, None, verified=size == upload.size))
                    return
        del self._under_way[upload]
        self._waiting.append(upload)

    async def _work(self) -> None:
        """Publish one file after the other. Where a server opens no more files, fewer workers go on."""
        while self._waiting:
            upload = self._waiting.popleft()
            self._under_way[upload] = _UnderWay(self._part(upload))
            try:
                outcome = await self._outcome(upload)
            except _NoHandleError:
                del self._under_way[upload]
                self._waiting.append(upload)
                if self._workers > 1:
                    break
            else:
                self._end(outcome)
        self._workers -= 1

    def _end(self, outcome: Outcome) -> None:
        self._under_way.pop(outcome.upload, None)
        self._done(outcome)

    async def _outcome(self, upload: Upload) -> Outcome:
        try:
            _check_staged(upload)
            return Outcome(upload, None, verified=await self._published(upload))
        except ConnectionAbortedError as exc:
            # The connection was dropped so that a broken file is never closed, which would finish it.
            self._end(Outcome(upload, f"{_place(upload)}: {exc}", verified=False, exposed=True))
            raise
        except CONNECTION_OVER:
            raise
        except (OSError, DestinationError) as exc:
            if getattr(exc, "errno", None) == errno.EMFILE and self._refusals[upload] < OPENING_TRIES:
                self._refusals[upload] += 1
                raise _NoHandleError from exc
            exposed = self._under_way[upload].exposed
            return Outcome(upload, f"{_place(upload)}: {_reason(exc)}", verified=False, exposed=exposed)

    async def _published(self, upload: Upload) -> bool:
        """Publish a file; return whether it was seen whole."""
        return await (self._by_rename(upload) if self._settings.publish == "rename" else self._directly(upload))

    async def _by_rename(self, upload: Upload) -> bool:
        left, target = self._under_way[upload], self._target(upload)
        try:
            await self._write(upload, self._folder_of_parts(upload), left.part)
            if self._store.refuses_taken_names:
                await self._check_part(upload, left.part)
            else:
                await asyncio.gather(self._check_part(upload, left.part), self._check_free(upload, target))
            await self._ask_before_naming()
            left.naming = True
            await self._rename(upload, left.part, target)
        except CONNECTION_OVER:
            raise
        except (OSError, ArfeedError):
            with suppress(OSError):
                await self._store.remove(left.part)
            raise
        return True

    async def _directly(self, upload: Upload) -> bool:
        target = self._target(upload)
        if upload not in self._begun:
            await self._check_free(upload, target)
        await self._ask_before_naming()
        self._begun.add(upload)
        await self._write(upload, upload.folder, target)
        self._under_way[upload].exposed = True
        try:
            await self._check(upload, target)
        except FileNotFoundError:
            # The receiver takes files away at once.
            return False
        return True

    async def _ask_before_naming(self) -> None:
        if self._before_naming is not None:
            await asyncio.to_thread(self._before_naming)

    async def _write(self, upload: Upload, folder: str, path: str) -> None:
        try:
            await self._store.put(upload.path, path)
        except FileNotFoundError:
            await self._make_folder(folder)
            await self._store.put(upload.path, path)

    async def _make_folder(self, folder: str) -> None:
        async with self._making_folders:
            if folder not in self._made:
                await self._store.make_folder(folder)
                self._made.add(folder)

    async def _check_part(self, upload: Upload, path: str) -> None:
        try:
            await self._check(upload, path)
        except FileNotFoundError as exc:
            raise DestinationError(
                "the server took the upload away before it had its name. Set part_folder in [destination] to a folder "
                'that the receiver does not watch, or publish = "direct".'
            ) from exc

    async def _check(self, upload: Upload, path: str) -> None:
        size = await self._store.size(path)
        if size != upload.size:
            raise DestinationError(f"the server holds {size:,} of {upload.size:,} bytes. Ask the receiver about space.")
        if self._settings.verify == "content" and await self._store.sha256(path, size) != upload.sha256:
            raise DestinationError("the server holds other bytes than were sent. Ask the receiver about their disk.")

    async def _check_free(self, upload: Upload, target: str) -> None:
        if not upload.replaces and await _size(self._store, target) is not None:
            raise FileExistsError(errno.EEXIST, "File exists")

    async def _rename(self, upload: Upload, part: str, target: str) -> None:
        try:
            await self._store.rename(part, target, replace=upload.replaces)
        except CONNECTION_OVER:
            raise
        except OSError:
            # Some servers answer with an error after having done it.
            if await _size(self._store, part) is None and await _size(self._store, target) == upload.size:
                return
            await self._check_free(upload, target)
            raise

    def _part(self, upload: Upload) -> str:
        name = part_name(upload.name, self._run, self._connections)
        return self._store.path(self._folder_of_parts(upload), name)

    def _folder_of_parts(self, upload: Upload) -> str:
        chosen = self._settings.part_folder
        return upload.folder if chosen is None else chosen

    def _target(self, upload: Upload) -> str:
        return self._store.path(upload.folder, upload.name)


async def _together(steps: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Take steps at once; where some fail, stop the others and raise what no other connection would mend, if any."""
    try:
        async with asyncio.TaskGroup() as group:
            for step in steps:
                group.create_task(step)
    except ExceptionGroup as failures:
        raise min(failures.exceptions, key=lambda exc: isinstance(exc, CONNECTION_OVER)) from None


async def _size(store: Store, path: str) -> int | None:
    try:
        return await store.size(path)
    except FileNotFoundError:
        return None


def _check_staged(upload: Upload) -> None:
    try:
        size = upload.path.stat().st_size
    except OSError as exc:
        raise DestinationError(f"its staged copy {upload.path} can't be read: {exc.strerror}. Run again.") from exc
    if size != upload.size:
        raise DestinationError(f"its staged copy {upload.path} has changed since it was staged. Run again.")


def _place(upload: Upload) -> str:
    return f"{upload.folder}/{upload.name}" if upload.folder else upload.name


def _reason(exc: Exception) -> str:
    """Say why one file could not be published, and what would help."""
    match exc:
        case FileExistsError():
            return "a file of that name is there already, which arfeed did not deliver; it was left as it is."
        case PermissionError():
            return "the server does not allow it. Ask the receiver for the right to write and rename there."
        case FileNotFoundError():
            return "the folder is not there. Check the path in destination.url, or ask the receiver to make it."
        case OSError(errno=errno.ENOTSUP):
            return (
                "the server can't replace a file by renaming another; the old one still stands. Ask the receiver, or "
                'set publish = "direct" in [destination].'
            )
        case OSError(errno=errno.ENOSPC | errno.EDQUOT):
            return "the receiver's disk or quota is full. Ask the receiver for space."
        case OSError():
            return f"the server answered {exc.strerror or str(exc)!r}. Its disk or quota may be full; ask the receiver."
    return str(exc)
