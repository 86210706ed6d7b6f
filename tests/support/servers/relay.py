"""A relay in front of a real server, which cuts connections or goes silent when a test says so."""

from __future__ import annotations

import asyncio
import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

from support.servers.openssh import HOST

Fault = Literal["cut", "stall"]


@dataclass
class Relay:
    """Forwards connections. After `left` more bytes from clients the fault happens, once or for good."""

    target: int
    port: int = 0
    left: float = math.inf
    fault: Fault = "cut"
    for_good: bool = False
    happened: int = 0
    _open: set[asyncio.StreamWriter] = field(default_factory=set)

    def arm(self, fault: Fault, after: int, *, for_good: bool) -> None:
        """Let a fault happen after so many more bytes, over all connections."""
        self.fault, self.for_good, self.left = fault, for_good, after

    def heal(self) -> None:
        self.left = math.inf

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream, downstream = await asyncio.open_connection(HOST, self.target)
        ends = {writer, downstream}
        self._open |= ends
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._forth(reader, downstream))
                group.create_task(_copy(upstream, writer))
        except* OSError:
            pass
        for end in ends:
            end.transport.abort()
        self._open -= ends

    async def _forth(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while block := await reader.read(16384):
            self.left -= len(block)
            if self.left < 0:
                await self._happen()
            writer.write(block)
            await writer.drain()
        raise ConnectionError

    async def _happen(self) -> None:
        self.happened += 1
        if not self.for_good:
            self.left = math.inf
        if self.fault == "stall":
            await asyncio.Event().wait()
        raise ConnectionError

    def stop(self) -> None:
        for end in list(self._open):
            end.transport.abort()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while block := await reader.read(65536):
        writer.write(block)
        await writer.drain()
    raise ConnectionError


@contextmanager
def relaying(target: int) -> Iterator[Relay]:
    """Run a relay to a port of this machine, in a thread of its own."""
    relay, loop = Relay(target), asyncio.new_event_loop()
    started = threading.Event()
    stopping = asyncio.Event()

    async def run() -> None:
        server = await asyncio.start_server(relay.serve, HOST, 0)
        relay.port = server.sockets[0].getsockname()[1]
        started.set()
        await stopping.wait()
        server.close()
        relay.stop()

    def main() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(run())

    thread = threading.Thread(target=main, name="relay")
    thread.start()
    started.wait()
    try:
        yield relay
    finally:
        loop.call_soon_threadsafe(stopping.set)
        thread.join()
