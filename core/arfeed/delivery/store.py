"""The operations that delivery needs of a receiver's server, on any fsspec file system."""

from __future__ import annotations

import asyncio
import hashlib
import posixpath
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import fsspec
from fsspec.asyn import AsyncFileSystem
from fsspec.implementations.local import LocalFileSystem

from arfeed.model.errors import ConfigError
from arfeed.model.settings import DestinationSettings
from arfeed.sftp.address import is_sftp, sftp_address

if TYPE_CHECKING:
    from arfeed.sftp.filesystem import SftpFileSystem

PIECE = 4 * 1024 * 1024
ReplaceBy = Literal["posix-rename", "rename", "remove"]

READING_AT_ONCE = 32
"""How many files are read back at once; each may hold a piece in memory."""


class Store:
    """Files below a root. Runs on fsspec's event loop; raises `OSError` and its kinds.

    This class suits object stores, where a copy is there whole or not at all.
    """

    slots = 16
    """How many files may be transferred at once."""
    makes_root = True
    """Whether a missing root is created with the first folder; otherwise it is a mistake in the URL."""
    replaces = True
    """Whether `rename` can replace a file."""
    refuses_taken_names = False
    """Whether `rename` itself fails if the name is taken, which spares a look-up before it."""
    shares_handles = False
    """Whether the server mixes up files that are open at once; then it opens few."""

    def __init__(self, filesystem: Any, root: str) -> None:
        """Keep the file system and the root, both open already."""
        self.filesystem = filesystem
        self.root = root
        self._reading = asyncio.Semaphore(READING_AT_ONCE)

    def path(self, folder: str, name: str = "") -> str:
        """Return the path of a folder or a file below the root."""
        return posixpath.join(self.root, *(part for part in (folder, name) if part))

    def open_one_at_a_time(self) -> None:
        """Open one file at once where more would be mixed up; only some SFTP servers do that."""

    async def put(
        self, file: Path, path: str, start: int = 0, size: int | None = None, *, in_order: bool = False
    ) -> None:
        """Write a local file, or `size` bytes of it from `start` on; the folder of `path` has to exist.

        With `in_order` each block is answered before the next is sent, if there are blocks.
        """
        del in_order
        if size in (None, file.stat().st_size):
            await self._call("put_file", str(file), path)
        else:
            await self._call("pipe_file", path, await asyncio.to_thread(_read_range, file, start, size))

    async def rename(self, path: str, target: str, *, replace: bool) -> None:
        """Give a file its name. Without `replace`, the caller has checked that the name is free."""
        del replace
        # Object stores can't rename. A copy appears whole, so nobody sees half a report; a part that stays is harmless.
        await self._call("cp_file", path, target)
        await self._call("rm_file", path)

    async def size(self, path: str) -> int | None:
        """Return a file's size, None if the server states none; raise `FileNotFoundError` if it does not exist."""
        size = (await self._call("info", path))["size"]
        return None if size is None else int(size)

    async def modified_at(self, path: str) -> datetime | None:
        """Return when a file was last changed, by the server's clock; None if the server does not report it."""
        info = await self._call("info", path)
        # fsspec has no common name for it: SFTP and files have mtime, S3 has LastModified.
        reported = info.get("mtime") or info.get("LastModified")
        if isinstance(reported, datetime):
            return reported
        return datetime.fromtimestamp(reported, UTC) if reported else None

    async def sizes(self, folder: str) -> dict[str, int]:
        """Return the names and sizes of all files in a folder."""
        entries = await self._call("ls", folder, True)
        files = (entry for entry in entries if entry["type"] != "directory")
        return {posixpath.basename(entry["name"]): int(entry["size"] or 0) for entry in files}

    async def sha256(self, path: str, size: int) -> str:
        """Read a file back, a piece at a time, `READING_AT_ONCE` files at once; return the SHA-256 of `size` bytes.

        A byte beyond them counts as well, so that a file that goes on has another hash.
        """
        digest = hashlib.sha256()
        async with self._reading:
            for start in range(0, size, PIECE):
                # Piece by piece: a file of gigabytes would not fit into memory, and several are read at once.
                digest.update(await self._call("cat_file", path, start, min(start + PIECE, size)))
        return digest.hexdigest()

    async def read(self, path: str) -> bytes:
        """Return a file's content."""
        content = await self._call("cat_file", path)
        return bytes(content)

    async def remove(self, path: str) -> None:
        """Remove a file."""
        await self._call("rm_file", path)

    async def make_folder(self, folder: str) -> None:
        """Make a folder below the root, and the root; leave an existing one alone."""
        if path := self.path(folder):
            await self._call("makedirs", path, True)

    def abort(self) -> None:
        """Drop the transfers under way."""

    def close(self) -> None:
        """Close the connection, if there is one."""

    async def _call(self, method: str, *args: object, **options: object) -> Any:
        # Asynchronous ones run on this loop; all others would block it, and with it every transfer.
        if isinstance(self.filesystem, AsyncFileSystem):
            return await getattr(self.filesystem, f"_{method}")(*args, **options)
        return await asyncio.to_thread(getattr(self.filesystem, method), *args, **options)


class LocalStore(Store):
    """Files of this machine."""

    async def rename(self, path: str, target: str, *, replace: bool) -> None:
        """Rename at once, never by copying."""
        del replace
        # One step for whoever reads the folder. That the name is free was checked before.
        await asyncio.to_thread(Path(path).replace, target)


class SftpStore(Store):
    """Files on an SFTP server."""

    makes_root = False

    def __init__(self, filesystem: SftpFileSystem, root: str, replace_by: ReplaceBy = "posix-rename") -> None:
        """Keep the connected file system; an empty root is the login directory."""
        super().__init__(filesystem, root)
        self.slots = filesystem.handles
        self.refuses_taken_names = filesystem.refuses_taken_names
        # Whoever sets another way says that it works there; a server may replace without announcing it.
        self.replaces = filesystem.replaces or replace_by != "posix-rename"
        self._replace_by = replace_by

    @property
    def shares_handles(self) -> bool:  # type: ignore[override]  # found out while the connection is used
        """Whether the server mixes up files that are open at once on a channel."""
        return bool(self.filesystem.shares_handles)

    def open_one_at_a_time(self) -> None:
        """Open one file at once on each channel."""
        self.filesystem.open_one_at_a_time()
        self.slots = self.filesystem.handles

    async def put(
        self, file: Path, path: str, start: int = 0, size: int | None = None, *, in_order: bool = False
    ) -> None:
        """Write a file as `Store.put` does. A missing folder may be the root, and that is not made."""
        await self._call("put_file", str(file), path, make_parents=False, start=start, size=size, in_order=in_order)

    async def rename(self, path: str, target: str, *, replace: bool) -> None:
        """Rename; replace an older file only with `replace`, by the way that the settings name."""
        # For a moment there is no file, which the plan says; only PDFs are ever replaced.
        if replace and self._replace_by == "remove":
            with suppress(FileNotFoundError):
                await self.remove(target)
        by_extension = replace and self._replace_by == "posix-rename"
        await self._call("rename", path, target, replace=by_extension)

    async def make_folder(self, folder: str) -> None:
        """Make a folder below the root. A root that is missing is a mistake in the URL, never made."""
        # One request on every day but the first.
        if await self._is_folder(self.path(folder)):
            return
        path = self.root
        for part in folder.split("/") if folder else ():
            path = posixpath.join(path, part)
            try:
                await self._call("mkdir", path, False)
            except OSError:
                # Servers answer an existing folder with any error; whether it is there is what counts.
                if not await self._is_folder(path):
                    raise

    async def _is_folder(self, path: str) -> bool:
        try:
            return bool((await self._call("info", path))["type"] == "directory")
        except FileNotFoundError:
            return False

    def abort(self) -> None:
        """Drop the connection without finishing anything."""
        self.filesystem.abort()

    def close(self) -> None:
        """Close the connection."""
        self.filesystem.close()


def make_opener(url: str, settings: DestinationSettings) -> Callable[[], Store]:
    """Return a function that opens the file system of a URL on its own connection; import what it needs now."""
    if is_sftp(url):
        from arfeed.sftp.connection import connect

        return lambda: SftpStore(connect(url, settings), sftp_address(url).root, settings.replace_by)
    return lambda: _open(url)


def _open(url: str) -> Store:
    try:
        # fsspec shares instances and remembers listings; a delivery has to see what is there now.
        filesystem, root = fsspec.url_to_fs(url, skip_instance_cache=True, use_listings_cache=False)
    except (ImportError, ValueError) as exc:
        raise ConfigError(
            f"destination.url can't be opened: {exc}. Write sftp://USER@HOST, a folder, or rehearsal://NAME."
        ) from exc
    return (LocalStore if isinstance(filesystem, LocalFileSystem) else Store)(filesystem, root)


def _read_range(file: Path, start: int, size: int | None) -> bytes:
    with file.open("rb") as source:
        source.seek(start)
        return source.read(size)
