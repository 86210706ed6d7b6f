"""The channels of one SFTP connection: opened in advance, watched for silence, their errors translated to `OSError`."""

from __future__ import annotations

import asyncio
import errno
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import asyncssh
from sshfs.pools.base import BaseSFTPChannelPool

ANSWER_SECONDS = 60
"""How long the server may answer no request at all. A slow line queues many, so each alone may take longer."""
OPENING_SECONDS = 30


class OpenChannels(BaseSFTPChannelPool):  # type: ignore[misc]  # sshfs ships no types
    """Opens its channels before the first file, as many as the server allows, and lends the least busy one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take the arguments that sshfs passes to its pools; open nothing yet."""
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
        """Open `count` channels, or as many as the server allows. Raise `OSError` if it allows none."""
        with os_errors():
            async with asyncio.timeout(OPENING_SECONDS):
                # With `return_exceptions`, since the channels that did open are enough.
                opened = await asyncio.gather(
                    *(self._maybe_new_channel() for _ in range(count)), return_exceptions=True
                )
            self._busy = {channel: 0 for channel in opened if isinstance(channel, asyncssh.SFTPClient)}
            if not self._busy:
                raise next((found for found in opened if found), ConnectionError("the server opens no SFTP session"))

    @asynccontextmanager
    async def get(self) -> AsyncIterator[asyncssh.SFTPClient]:
        """Lend the least busy channel."""
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


class SharedHandleError(ConnectionError):
    """The server gave one handle to two files that are open on one channel, so it mixes up what is written to them."""


class OpenFiles:
    """The files open on each channel, by the handles that the server gave them.

    Erlang's ssh_sftpd (OTP 25.2.3) gives the third file that is open at once on a channel, and every later one, the
    handle of the second: what is written to one lands in another. With one file at a time it does right.
    """

    def __init__(self, connection: asyncssh.SSHClientConnection) -> None:
        """Take the connection, which is ended at once where a handle is shared."""
        self._connection = connection
        self._held: set[tuple[asyncssh.SFTPClient, bytes]] = set()
        self._turns: defaultdict[asyncssh.SFTPClient, asyncio.Lock] = defaultdict(asyncio.Lock)
        self.shared = False
        self.one_at_a_time = False

    @asynccontextmanager
    async def turn(self, channel: asyncssh.SFTPClient) -> AsyncIterator[None]:
        """Wait until a file may be opened on a channel, which is at once unless only one may be open."""
        if not self.one_at_a_time:
            yield
            return
        async with self._turns[channel]:
            yield

    @contextmanager
    def hold(self, channel: asyncssh.SFTPClient, file: asyncssh.SFTPClientFile) -> Iterator[None]:
        """Hold a file that was just opened, until it is closed. Raise `SharedHandleError` if its handle is in use.

        Nothing has been written to this file yet, but what is on its way to the other may land in it.
        """
        held = (channel, getattr(file, "_handle", b""))  # asyncssh (2.24) shows it in a private attribute only
        if held in self._held:
            self.shared = True
            # Neither file is to be closed, as that would publish what the server mixed up.
            self._connection.abort()
            raise SharedHandleError("the server gave one handle to two open files, so it would mix them up")
        self._held.add(held)
        try:
            yield
        finally:
            self._held.discard(held)


class Patience:
    """Ends a connection on which every request stays unanswered, with one timer for all of them."""

    def __init__(self, connection: asyncssh.SSHClientConnection) -> None:
        """Take the connection that may be ended."""
        self._connection = connection
        self._waiting = 0
        self._heard = 0.0
        self._ran_out = False

    async def watch(self) -> None:
        """Abort the connection once it has been silent for ANSWER_SECONDS while requests wait."""
        while not self._ran_out:
            # One timer and not one for each request, of which there may be thousands.
            await asyncio.sleep(ANSWER_SECONDS / 4)
            self._ran_out = self._waiting > 0 and time.monotonic() - self._heard >= ANSWER_SECONDS
        self._connection.abort()

    @contextmanager
    def waiting(self) -> Iterator[Callable[[], None]]:
        """Count a waiting request; call what is yielded whenever a part of its answer arrives."""
        # Silence counts from the first request on; before it the server had nothing to answer.
        if not self._waiting:
            self._note()
        self._waiting += 1
        try:
            yield self._note
        finally:
            self._waiting -= 1
            self._note()

    @contextmanager
    def translate_silence(self) -> Iterator[None]:
        """Raise `TimeoutError` if the connection was ended here, for its silence."""
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
    """Translate what asyncssh raises to the `OSError`s that every file system raises."""
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
    # After its kinds. Servers of version 3 know few codes and answer most things with a plain failure.
    except asyncssh.SFTPError as exc:
        raise OSError(errno.EIO, exc.reason) from exc
    except (asyncssh.ChannelOpenError, asyncssh.DisconnectError) as exc:
        raise ConnectionError(exc.reason) from exc
