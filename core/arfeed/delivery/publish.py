"""Publishing a file: the steps from a staged file to one under its real name, each of them on its own."""

from __future__ import annotations

import asyncio
import errno
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from arfeed.delivery.address import check_folder, check_name
from arfeed.delivery.store import Store
from arfeed.errors import ArfeedError, DestinationError

CONNECTION_OVER = (ConnectionError, TimeoutError)

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
    """How one upload ended. Without an error it is published; `verified` says that its size was seen there."""

    upload: Upload
    error: str | None
    verified: bool


def part_name(name: str, run: str) -> str:
    """Return the name a file has while it is uploaded."""
    return f".{name}.{run}.part"


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


class Publication:
    """Publishes files to a store, many at once. A file that fails does not stop the others; a lost connection does."""

    def __init__(
        self,
        store: Store,
        *,
        run: str,
        strategy: Literal["rename", "direct"],
        part_folder: str | None,
        before_naming: Callable[[], None] | None = None,
    ) -> None:
        """Take the run's id, which marks its uploads under way."""
        self._store = store
        self._run = run
        self._steps = self._by_rename if strategy == "rename" else self._directly
        self._part_folder = part_folder
        self._before_naming = before_naming
        self._making_folders = asyncio.Lock()
        self._made: set[str] = set()
        self.unsettled: list[Upload] = []
        """Files whose rename was asked for, but never answered."""

    async def publish(self, uploads: Sequence[Upload], done: Callable[[Outcome], None]) -> None:
        """Publish them all; raise what ended the connection."""
        waiting = iter(uploads)

        async def work() -> None:
            for upload in waiting:
                done(await self._outcome(upload))

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(self._store.slots, len(uploads))):
                    group.create_task(work())
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None

    async def settle(self, upload: Upload, store: Store) -> Outcome:
        """Find out, on a fresh connection, what became of a rename that was never answered."""
        part, target = self._part(upload), self._target(upload)
        if await _size(store, part) is not None:
            await store.remove(part)
            return Outcome(upload, f"{_place(upload)}: the connection was lost before the file got its name.", False)
        return Outcome(upload, None, verified=await _size(store, target) == upload.size)

    async def _outcome(self, upload: Upload) -> Outcome:
        try:
            _check_staged(upload)
            return Outcome(upload, None, verified=await self._steps(upload))
        except CONNECTION_OVER:
            raise
        except (OSError, DestinationError) as exc:
            return Outcome(upload, f"{_place(upload)}: {_reason(exc)}", verified=False)

    async def _by_rename(self, upload: Upload) -> bool:
        part, target = self._part(upload), self._target(upload)
        try:
            await self._write(upload, self._folder_of_parts(upload), part)
            if self._store.refuses_taken_names:
                await self._check_size(upload, part)
            else:
                await asyncio.gather(self._check_size(upload, part), self._check_free(upload, target))
            await self._ask_before_naming()
            await self._rename(upload, part, target)
        except CONNECTION_OVER:
            raise
        except (OSError, ArfeedError):
            with suppress(OSError):
                await self._store.remove(part)
            raise
        return True

    async def _directly(self, upload: Upload) -> bool:
        target = self._target(upload)
        await self._check_free(upload, target)
        await self._ask_before_naming()
        await self._write(upload, upload.folder, target)
        try:
            await self._check_size(upload, target)
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

    async def _check_size(self, upload: Upload, path: str) -> None:
        size = await self._store.size(path)
        if size != upload.size:
            raise DestinationError(f"the server holds {size:,} of {upload.size:,} bytes. Ask the receiver about space.")

    async def _check_free(self, upload: Upload, target: str) -> None:
        if not upload.replaces and await _size(self._store, target) is not None:
            raise FileExistsError(errno.EEXIST, "File exists")

    async def _rename(self, upload: Upload, part: str, target: str) -> None:
        try:
            await self._store.rename(part, target, replace=upload.replaces)
        except (*CONNECTION_OVER, asyncio.CancelledError):
            self.unsettled.append(upload)
            raise
        except OSError:
            # Some servers answer with an error after having done it.
            if await _size(self._store, part) is None and await _size(self._store, target) == upload.size:
                return
            await self._check_free(upload, target)
            raise

    def _part(self, upload: Upload) -> str:
        return self._store.path(self._folder_of_parts(upload), part_name(upload.name, self._run))

    def _folder_of_parts(self, upload: Upload) -> str:
        return upload.folder if self._part_folder is None else self._part_folder

    def _target(self, upload: Upload) -> str:
        return self._store.path(upload.folder, upload.name)


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
        case OSError():
            return f"the server answered {exc.strerror or str(exc)!r}. Ask the receiver if it happens again."
    return str(exc)
