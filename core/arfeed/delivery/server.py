"""What a receiver's server reports about itself, and which step of connecting failed."""

from __future__ import annotations

import secrets
import socket
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from arfeed.delivery.store import SftpStore, Store
from arfeed.model.errors import DestinationError

if TYPE_CHECKING:
    import asyncssh

EXTENSIONS = ("posix-rename", "statvfs", "fsync", "limits", "copy-data")

Step = Literal["address", "host key", "login"]


@dataclass(frozen=True, slots=True)
class About:
    """What an SFTP server reports when it is connected to.

    `extensions` are those of `EXTENSIONS` that it offers. `free` is the free space on its disk in bytes, None if not
    reported.
    """

    software: str
    protocol: int
    host_key: str
    extensions: tuple[str, ...]
    largest_write: int
    open_files: int
    free: int | None


async def read_about(store: Store) -> About | None:
    """Return what the server of an SFTP store reports; None for any other store."""
    if not isinstance(store, SftpStore):
        return None
    filesystem = store.filesystem
    channel, key = filesystem.channel, filesystem.client.get_server_host_key()
    offered = tuple(name for name in EXTENSIONS if filesystem.offers(name))
    return About(
        software=str(filesystem.client.get_extra_info("server_version")).removeprefix("SSH-2.0-"),
        protocol=channel.version,
        host_key=key.get_fingerprint() if key else "",
        extensions=offered,
        largest_write=channel.limits.max_write_len,
        open_files=filesystem.handles,
        free=await _free(channel, store.path("")) if "statvfs" in offered else None,
    )


async def _free(channel: asyncssh.SFTPClient, path: str) -> int | None:
    import asyncssh

    with suppress(asyncssh.Error, OSError):
        disk = await channel.statvfs(path or ".")
        # No blocks at all mean that the server does not know, and not that its disk is full.
        return disk.bavail * disk.frsize if disk.blocks else None
    return None


async def clock_ahead(store: Store, folder: str) -> float | None:
    """Return by how many seconds the server's clock is ahead of ours, as a scratch file shows; None if it does not."""
    path = store.path(folder, f".arfeed-probe-{secrets.token_hex(4)}.clock.part")
    with tempfile.TemporaryDirectory(prefix="arfeed-") as temporary:
        file = Path(temporary, "scratch")
        file.write_bytes(b"arfeed check --probe; this file may be removed\n")
        try:
            before = datetime.now(UTC)
            await store.put(file, path)
            # The file was written somewhere in between; half the time is the smallest error.
            middle = before + (datetime.now(UTC) - before) / 2
            written = await store.modified_at(path)
        finally:
            with suppress(OSError):
                await store.remove(path)
    return None if written is None else (written - middle).total_seconds()


def failed_step(error: DestinationError) -> Step:
    """Return the step at which connecting failed."""
    import asyncssh

    cause = error.__cause__
    if isinstance(cause, asyncssh.HostKeyNotVerifiable):
        return "host key"
    if isinstance(cause, socket.gaierror | ConnectionError | TimeoutError):
        return "address"
    return "login"


def passed_steps(error: DestinationError) -> tuple[Step, ...]:
    """Return the steps that succeeded before the one that failed.

    There are none if no connection is known to have been made: an unreadable key or known_hosts fails before that.
    """
    import asyncssh

    cause = error.__cause__
    if isinstance(cause, asyncssh.HostKeyNotVerifiable):
        return ("address",)
    denied = isinstance(cause, PermissionError) and isinstance(cause.__cause__, asyncssh.PermissionDenied)
    return ("address", "host key") if denied else ()
