"""The channels of one SFTP connection: opened beforehand, watched for silence, their errors made everybody's."""

from __future__ import annotations

import asyncio
import errno
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import asyncssh
from sshfs.pools.base import BaseSFTPChannelPool

ANSWER_SECONDS = 60
"""How long requests may wait while the server answers none of them; on a slow line many wait, and each in its turn."""
OPENING_SECONDS = 30


class OpenChannels(BaseSFTPChannelPool):  # type: ignore[misc]  # sshfs ships no types
    """Opens its channels before the first file, as many as the server gives, and hands out the least busy."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take what sshfs gives its pools; open nothing yet."""
        super().__init__(*args, **kwargs)
        self._busy: dict[asyncssh.SFTPClient, int] = {}

    @property
    def active_channels(self) -> int:
        """How many channels are open."""
        return len(self._busy)

    @property
    def channels(self) -> list[asyncssh.SFTPClient]:
        """The channels that are open."""
        return list(self._busy)

    async def open(self, count: int) -> None:
        """Open so many channels, or as many as the server allows, which has to be one at least."""
        with os_errors():
            async with asyncio.timeout(OPENING_SECONDS):
                opened = await asyncio.gather(
                    *(self._maybe_new_channel() for _ in range(count)), return_exceptions=True
                )
            self._busy = {channel: 0 for channel in opened if isinstance(channel, asyncssh.SFTPClient)}
            if not self._busy:
                raise next((found for found in opened if found), ConnectionError("it opens no SFTP session"))

    @asynccontextmanager
    async def get(self) -> AsyncIterator[asyncssh.SFTPClient]:
        """Lend the channel that has the least to do."""
        if not self._busy:
            raise ConnectionError("the connection is closed")
        channel = min(self._busy, key=self._busy.__getitem__)
        self._busy[channel] += 1
        try:
            yield channel
        finally:
            self._busy[channel] -= 1

    async def _cleanup(self) -> None:
        self._busy = {}


class Patience:
    """Ends a connection on which every request stays unanswered; one timer for all of them."""

    def __init__(self, connection: asyncssh.SSHClientConnection) -> None:
        """Take the connection that may be ended."""
        self._connection = connection
        self._waiting = 0
        self._heard = 0.0
        self._ran_out = False

    async def watch(self) -> None:
        """Look now and then, and end the connection when it has been silent for too long."""
        while not self._ran_out:
            await asyncio.sleep(ANSWER_SECONDS / 4)
            self._ran_out = self._waiting > 0 and time.monotonic() - self._heard >= ANSWER_SECONDS
        self._connection.abort()

    @contextmanager
    def waiting(self) -> Iterator[Callable[[], None]]:
        """Count a request in; what is yielded notes that a part of the answer has come."""
        if not self._waiting:
            self._note()
        self._waiting += 1
        try:
            yield self._note
        finally:
            self._waiting -= 1
            self._note()

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Say so where it was silence that ended the connection."""
        try:
            yield
        except ConnectionError as exc:
            if self._ran_out:
                raise TimeoutError(f"no answer for {ANSWER_SECONDS} seconds") from exc
            raise

    def _note(self) -> None:
        self._heard = time.monotonic()


@contextmanager
def os_errors() -> Iterator[None]:
    """Turn what asyncssh raises into what every file system raises."""
    try:
        yield
    except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath) as exc:
        raise FileNotFoundError(errno.ENOENT, exc.reason) from exc
    except (asyncssh.SFTPPermissionDenied, asyncssh.SFTPWriteProtect) as exc:
        raise PermissionError(errno.EACCES, exc.reason) from exc
    except asyncssh.SFTPFileAlreadyExists as exc:
        raise FileExistsError(errno.EEXIST, exc.reason) from exc
    except asyncssh.SFTPOpUnsupported as exc:
        raise OSError(errno.ENOTSUP, exc.reason) from exc
    except asyncssh.SFTPNoSpaceOnFilesystem as exc:
        raise OSError(errno.ENOSPC, exc.reason) from exc
    except asyncssh.SFTPQuotaExceeded as exc:
        raise OSError(errno.EDQUOT, exc.reason) from exc
    except (asyncssh.SFTPConnectionLost, asyncssh.SFTPNoConnection) as exc:
        raise ConnectionError(exc.reason) from exc
    except asyncssh.SFTPError as exc:
        raise OSError(errno.EIO, exc.reason) from exc
    except (asyncssh.ChannelOpenError, asyncssh.DisconnectError) as exc:
        raise ConnectionError(exc.reason) from exc
