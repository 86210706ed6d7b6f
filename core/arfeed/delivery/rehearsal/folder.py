"""The receiver's folder, with a callback for every file that appears in it."""

from __future__ import annotations

import os
from collections.abc import Callable
from io import FileIO
from pathlib import Path

import asyncssh


class Folder(asyncssh.SFTPServer):
    """The receiver's root as its clients see it, with the file operations of OpenSSH's internal-sftp.

    A file has appeared once it is closed after writing, or renamed. That includes an upload whose connection broke:
    a receiver that watches its folder cannot tell it from a finished one.
    """

    def __init__(self, channel: asyncssh.SSHServerChannel[bytes], root: Path, appeared: Callable[[Path], None]) -> None:
        """Serve the folder `root`, and notify `appeared` of new files in it."""
        super().__init__(channel, chroot=os.fsencode(root))
        self._appeared = appeared

    async def close(self, file_obj: object) -> None:
        """Close a file, and look at it if it was written."""
        written = _path_if_written(file_obj)
        # Closed first, so that all of it is on the disk when it is read.
        super().close(file_obj)
        if written:
            self.look_at(written)

    async def rename(self, oldpath: bytes, newpath: bytes) -> None:
        """Rename to a name that is free; asyncssh refuses any other, as OpenSSH does."""
        super().rename(oldpath, newpath)
        self.look_at(self._local(newpath))

    async def posix_rename(self, oldpath: bytes, newpath: bytes) -> None:
        """Rename, replacing what had the name before."""
        super().posix_rename(oldpath, newpath)
        self.look_at(self._local(newpath))

    def symlink(self, oldpath: bytes, newpath: bytes) -> None:
        """Refuse: a relative link that is moved to another folder would lead out of the root."""
        del oldpath, newpath
        raise asyncssh.SFTPOpUnsupported("This receiver takes no symbolic links")

    def look_at(self, path: Path) -> None:
        """Look at a file that has appeared."""
        self._appeared(path)

    def _local(self, path: bytes) -> Path:
        return Path(os.fsdecode(self.map_path(path)))


def _path_if_written(file_obj: object) -> Path | None:
    if isinstance(file_obj, FileIO) and file_obj.writable():
        return Path(os.fsdecode(file_obj.name))
    return None
