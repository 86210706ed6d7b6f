"""The SFTP server: one user, one key, one folder."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, cast

import asyncssh

from arfeed.delivery.rehearsal.faults import Faults, FaultyFolder

HOST = "127.0.0.1"
USER = "arfeed"


@dataclass(frozen=True, slots=True)
class Door:
    """Who may come in, the key that the server shows, what goes wrong, and the connections that are open."""

    host_key: asyncssh.SSHKey
    client_key: asyncssh.SSHKey
    faults: Faults = field(default_factory=Faults)
    connections: set[asyncssh.SSHServerConnection] = field(default_factory=set)

    async def hang_up(self) -> None:
        """End every connection, whatever its client is doing."""
        for connection in list(self.connections):
            # A client in mid-upload would keep an orderly end waiting.
            connection.abort()
            await connection.wait_closed()


class Doorkeeper(asyncssh.SSHServer):
    """Lets the one user in, with the one key; there is no password, no shell and no forwarding."""

    def __init__(self, door: Door) -> None:
        """Stand at a door."""
        self._door = door

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        """Count a connection in."""
        self._connection = conn
        self._door.connections.add(conn)

    def connection_lost(self, exc: Exception | None) -> None:
        """Count a connection out."""
        del exc
        self._door.connections.discard(self._connection)

    def public_key_auth_supported(self) -> bool:
        """Whether keys are taken: they are, and nothing else is."""
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        """Whether this is our user with our key."""
        ours = username == USER and key.public_data == self._door.client_key.public_data
        return ours and not self._door.faults.refuse_login


class Started(NamedTuple):
    """A server under way: its port, and how to stop it from another thread."""

    port: int
    stop: Callable[[], object]


@contextmanager
def running(door: Door, root: Path, appeared: Callable[[Path], None], port: int = 0) -> Iterator[int]:
    """Serve a folder from a thread with its own event loop, and yield the port: any free one where 0 is asked for.

    `appeared` is called in that thread. A port that another program has is an `OSError`.
    """
    started: Future[Started] = Future()
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="arfeed-rehearsal") as threads:
        ended = threads.submit(asyncio.run, _serve(door, root, appeared, port, started))
        # Whichever comes first: a server that can't start ends without ever having started.
        wait([cast("Future[object]", started), cast("Future[object]", ended)], return_when=FIRST_COMPLETED)
        if ended.done():
            ended.result()
        server = started.result()
        try:
            yield server.port
        finally:
            server.stop()
            ended.result()


async def _serve(door: Door, root: Path, appeared: Callable[[Path], None], port: int, started: Future[Started]) -> None:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    async with await _listen(door, root, appeared, port) as acceptor:
        started.set_result(Started(acceptor.get_port(), lambda: loop.call_soon_threadsafe(stop.set)))
        await stop.wait()
        # No new connection while the present ones are ended.
        acceptor.close()
        await door.hang_up()


async def _listen(door: Door, root: Path, appeared: Callable[[Path], None], port: int) -> asyncssh.SSHAcceptor:
    return await asyncssh.listen(
        HOST,
        port,
        server_host_keys=[door.host_key],
        server_factory=lambda: Doorkeeper(door),
        sftp_factory=lambda channel: FaultyFolder(channel, root, appeared, door.faults),
        gss_host=None,
        allow_pty=False,
        agent_forwarding=False,
    )
