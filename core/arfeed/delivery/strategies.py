"""The two ways to publish a staged file under its real name, with the guard that each step needs."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from arfeed.delivery.uploads import CONNECTION_OVER, Upload
from arfeed.delivery.verification import check_free, check_replaceable, check_whole, is_there, is_whole
from arfeed.model.errors import ArfeedError, DestinationError
from arfeed.model.settings import DestinationSettings
from arfeed.sftp.reasons import NO_RENAME

if TYPE_CHECKING:
    from arfeed.delivery.store import Store


@dataclass(slots=True)
class UnderWay:
    """The progress of an upload: the path it is written to, and whether its rename was requested.

    `exposed` means that a part of it may be visible under its real name; `in_order` that its blocks go one by one.
    """

    upload: Upload
    part: str
    in_order: bool = False
    naming: bool = False
    exposed: bool = False


class Strategy(ABC):
    """A way to publish a file. What it knows holds over all connections of a run."""

    def __init__(self, settings: DestinationSettings, before_naming: Callable[[], None] | None) -> None:
        """Keep the callback that may veto a file's real name."""
        self.settings = settings
        self._before_naming = before_naming
        self._making_folders = asyncio.Lock()
        self._made: set[str] = set()

    @abstractmethod
    async def publish(self, store: Store, left: UnderWay) -> bool:
        """Publish a file; return whether it was verified."""

    @abstractmethod
    async def settle(self, store: Store, left: UnderWay) -> bool | None:
        """Find out what became of an upload whose connection was lost.

        Return None if it has to be sent again; otherwise whether the file under its name is complete.
        """

    def folder_of_parts(self, upload: Upload) -> str:
        """Return the folder that a file is uploaded to before it gets its name."""
        chosen = self.settings.part_folder
        return upload.folder if chosen is None else chosen

    async def _ask_before_naming(self) -> None:
        if self._before_naming is not None:
            await asyncio.to_thread(self._before_naming)

    async def _write(self, store: Store, left: UnderWay, folder: str, path: str) -> None:
        upload = left.upload
        try:
            await store.put(upload.path, path, upload.start, upload.size, in_order=left.in_order)
        # Folders are there on every day but the first, so they are made only when they are missed.
        except FileNotFoundError:
            await self._make_folder(store, folder)
            await store.put(upload.path, path, upload.start, upload.size, in_order=left.in_order)

    async def _make_folder(self, store: Store, folder: str) -> None:
        # Many files miss their folder at once; most servers answer a second MKDIR with an error.
        async with self._making_folders:
            if folder not in self._made:
                await store.make_folder(folder)
                self._made.add(folder)


class Rename(Strategy):
    """Upload under another name, verify it, then rename it. Nothing is ever removed but the upload."""

    async def publish(self, store: Store, left: UnderWay) -> bool:
        """Publish a file; what fails leaves nothing behind."""
        upload, target = left.upload, target_of(store, left.upload)
        # First, so that no PDF is sent whose place can't be taken.
        await check_replaceable(store, upload, target)
        try:
            await self._write(store, left, self.folder_of_parts(upload), left.part)
            if store.refuses_taken_names:
                await self._check_part(store, left)
            else:
                await asyncio.gather(self._check_part(store, left), check_free(store, upload, target))
            # As late as can be: another run may have taken the lock while a large file was sent.
            await self._ask_before_naming()
            left.naming = True
            await self._rename(store, left, target)
        except CONNECTION_OVER:
            raise
        # The part goes, the error stays: whether it could be removed is not what went wrong.
        except (OSError, ArfeedError):
            with suppress(OSError):
                await store.remove(left.part)
            raise
        return True

    async def settle(self, store: Store, left: UnderWay) -> bool | None:
        """Remove the upload: once it is gone, nothing can give it its name any more. If it had gone, look there."""
        try:
            await store.remove(left.part)
        except FileNotFoundError:
            if left.naming:
                # There another file of the same size may stand under the name, so its size proves nothing.
                verify = "content" if store.shares_handles else self.settings.verify
                return await is_whole(store, left.upload, target_of(store, left.upload), verify)
        return None

    async def _rename(self, store: Store, left: UnderWay, target: str) -> None:
        try:
            await store.rename(left.part, target, replace=left.upload.replaces)
        except CONNECTION_OVER:
            raise
        except OSError as exc:
            # Some servers report an error although they renamed the file.
            if not await is_there(store, left.part):
                if await is_whole(store, left.upload, target, self.settings.verify):
                    return
                left.exposed = True  # it may have had its name for a moment
            await check_free(store, left.upload, target)
            if isinstance(exc, PermissionError):
                raise DestinationError(NO_RENAME) from exc
            raise

    async def _check_part(self, store: Store, left: UnderWay) -> None:
        try:
            await check_whole(store, left.upload, left.part, self.settings.verify)
        except FileNotFoundError as exc:
            raise DestinationError(
                "the server removed the upload before it was renamed. Ask the receiver whether their quota is used "
                "up. If they collect files from there instead, set part_folder in [destination] to a folder that they "
                'do not watch, or publish = "direct".'
            ) from exc


class Direct(Strategy):
    """Write under the real name at once, for servers that can't rename; a part of a file may be seen there."""

    def __init__(self, settings: DestinationSettings, before_naming: Callable[[], None] | None) -> None:
        """Begin without a file."""
        super().__init__(settings, before_naming)
        self._begun: set[Upload] = set()

    async def publish(self, store: Store, left: UnderWay) -> bool:
        """Publish a file; what fails may leave a part under the real name."""
        upload, target = left.upload, target_of(store, left.upload)
        # A file that was begun on an earlier connection may stand there as our own half.
        if upload not in self._begun:
            await check_free(store, upload, target)
        await self._ask_before_naming()
        self._begun.add(upload)
        try:
            await self._write(store, left, upload.folder, target)
        except CONNECTION_OVER:
            raise
        except OSError:
            # Closing may have failed after all of it was written.
            left.exposed = await is_there(store, target)
            raise
        left.exposed = True
        try:
            await check_whole(store, upload, target, self.settings.verify)
        except FileNotFoundError:
            # The receiver takes files away at once.
            return False
        return True

    async def settle(self, store: Store, left: UnderWay) -> bool | None:
        """Send it again, over what stands there of it."""
        # Whether it is whole is not asked: to write it again costs as much as to read it back.
        del store, left
        return None


def choose_strategy(settings: DestinationSettings, before_naming: Callable[[], None] | None) -> Strategy:
    """Return the strategy that the settings name."""
    return (Rename if settings.publish == "rename" else Direct)(settings, before_naming)


def target_of(store: Store, upload: Upload) -> str:
    """Return the path of a file under its real name."""
    return store.path(upload.folder, upload.name)
