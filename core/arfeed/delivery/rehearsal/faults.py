"""What can go wrong at a receiver, to be switched on and off while it runs."""

from __future__ import annotations

import os
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import asyncssh

from arfeed.delivery.rehearsal.folder import Folder


@dataclass(slots=True)
class Faults:
    """The faults of a receiver; none at first. Fields may be changed from any thread, and count from then on.

    disconnect_at, stall_at: the numbers of the requests at which it hangs up, or never answers. They are counted in
    `requests`, over all connections, and the first is 1.
    refuse_login: it rejects every key.
    refuse_rename: it renames nothing. refuse_replacing: it renames nothing over a file that exists.
    lose_rename: it renames, and hangs up instead of answering.
    disk_full_after: it takes that many bytes, counted in `written`, and no more.
    most_handles: that many files may be open at once in a session.
    permission_denied: names, or parts of names, of files that may not be written.
    take_away: a file is gone as soon as it stands under its real name, as with a receiver that moves it elsewhere.
    """

    disconnect_at: Container[int] = ()
    stall_at: Container[int] = ()
    refuse_login: bool = False
    refuse_rename: bool = False
    refuse_replacing: bool = False
    lose_rename: bool = False
    disk_full_after: int | None = None
    most_handles: int | None = None
    permission_denied: Sequence[str] = ()
    take_away: bool = False
    requests: int = 0
    written: int = 0


class FaultyFolder(Folder):
    """The receiver's root, with faults."""

    def __init__(
        self,
        channel: asyncssh.SSHServerChannel[bytes],
        root: Path,
        appeared: Callable[[Path], None],
        faults: Faults,
    ) -> None:
        """Serve the folder `root` with faults, and notify `appeared` of new files in it."""
        self._faults = faults
        self._handles = 0
        self._client = channel.get_connection()  # the channel itself forgets it
        super().__init__(channel, root, appeared)

    async def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> object:
        """Open a file, where that is allowed and not too many are open."""
        await self._request()
        if pflags & asyncssh.FXF_WRITE and any(name in os.fsdecode(path) for name in self._faults.permission_denied):
            raise asyncssh.SFTPPermissionDenied("Permission denied")
        if self._faults.most_handles is not None and self._handles >= self._faults.most_handles:
            raise asyncssh.SFTPFailure("Too many open files")
        opened = super().open(path, pflags, attrs)
        self._handles += 1
        return opened

    async def read(self, file_obj: object, offset: int, size: int) -> bytes:
        """Read."""
        await self._request()
        return cast("bytes", super().read(file_obj, offset, size))

    async def write(self, file_obj: object, offset: int, data: bytes) -> int:
        """Write, while there is space."""
        await self._request()
        # Counted before it is refused, so that a disk that is full stays full for the next file.
        self._faults.written += len(data)
        if self._faults.disk_full_after is not None and self._faults.written > self._faults.disk_full_after:
            raise asyncssh.SFTPFailure("No space left on device")
        return cast("int", super().write(file_obj, offset, data))

    async def close(self, file_obj: object) -> None:
        """Close a file; one whose connection has broken is closed too."""
        self._handles -= 1
        try:
            # A close after a broken line is the server's own and no request of the client.
            if not self._client.is_closed():
                await self._request()
        finally:
            await super().close(file_obj)

    async def stat(self, path: bytes) -> asyncssh.SFTPAttrs | os.stat_result:
        """Look at a file."""
        await self._request()
        return cast("os.stat_result", super().stat(path))

    async def rename(self, oldpath: bytes, newpath: bytes) -> None:
        """Rename, unless that is refused."""
        await self._request()
        self._refuse_rename()
        await super().rename(oldpath, newpath)
        self._lose_rename()

    async def posix_rename(self, oldpath: bytes, newpath: bytes) -> None:
        """Rename over what is there, unless that is refused."""
        await self._request()
        self._refuse_rename()
        if self._faults.refuse_replacing:
            raise asyncssh.SFTPOpUnsupported("Operation unsupported")
        # After it was done: only the answer is lost, so the sender has to find out.
        await super().posix_rename(oldpath, newpath)
        self._lose_rename()

    async def remove(self, path: bytes) -> None:
        """Remove a file."""
        await self._request()
        super().remove(path)

    async def mkdir(self, path: bytes, attrs: asyncssh.SFTPAttrs) -> None:
        """Make a folder."""
        await self._request()
        super().mkdir(path, attrs)

    def look_at(self, path: Path) -> None:
        """Look at a file that has appeared, and perhaps take it away."""
        super().look_at(path)
        # Uploads under way begin with a dot; real receivers do not see those either.
        if self._faults.take_away and not path.name.startswith("."):
            path.unlink()

    async def _request(self) -> None:
        if self._client.is_closed():
            raise asyncssh.SFTPConnectionLost("The sender hung up")  # nobody would close what it opens
        self._faults.requests += 1
        if self._faults.requests in self._faults.disconnect_at:
            self._hang_up()
        if self._faults.requests in self._faults.stall_at:
            # Never answered, but not for ever: the sender gives up on the connection, and this task ends with it.
            await self._client.wait_closed()

    def _refuse_rename(self) -> None:
        if self._faults.refuse_rename:
            raise asyncssh.SFTPPermissionDenied("Permission denied")

    def _lose_rename(self) -> None:
        if self._faults.lose_rename:
            self._hang_up()

    def _hang_up(self) -> None:
        self._client.abort()
        raise asyncssh.SFTPConnectionLost("The receiver hung up")
