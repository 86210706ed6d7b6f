"""A relay that holds everything back for a while, each way, and limits nothing else.

`python -m benchmarks.delivery.delay PORT SECONDS` prints the port it listens on and relays to PORT. It takes what
comes as fast as it comes, so a sender sees latency, never a small window.
"""

import asyncio
import sys
from collections import deque

HOST = "127.0.0.1"


class Held(asyncio.Protocol):
    """One end of a connection: passes what it receives on to the other end, later."""

    def __init__(self, seconds: float, other: "Held | None" = None) -> None:
        self.seconds = seconds
        self.other = other
        self.waiting: deque[tuple[float, bytes | None]] = deque()
        self.timer: asyncio.TimerHandle | None = None
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self._hold(data)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._hold(None)

    def _hold(self, data: bytes | None) -> None:
        loop = asyncio.get_running_loop()
        self.waiting.append((loop.time() + self.seconds, data))
        if self.timer is None:
            self.timer = loop.call_at(self.waiting[0][0], self._pass_on)

    def _pass_on(self) -> None:
        loop = asyncio.get_running_loop()
        target = self.other.transport if self.other else None
        while self.waiting and self.waiting[0][0] <= loop.time():
            _, data = self.waiting.popleft()
            if target is not None and data is None:
                target.close()
            elif target is not None and data is not None:
                target.write(data)
        self.timer = loop.call_at(self.waiting[0][0], self._pass_on) if self.waiting else None


class Door(Held):
    """The end that a client reaches; it opens the other one."""

    def __init__(self, seconds: float, port: int) -> None:
        super().__init__(seconds)
        self.port = port

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.opening = asyncio.get_running_loop().create_task(self._open())

    async def _open(self) -> None:
        loop = asyncio.get_running_loop()
        _, self.other = await loop.create_connection(lambda: Held(self.seconds, self), HOST, self.port)


async def main(port: int, seconds: float) -> None:
    """Relay until somebody ends the process."""
    server = await asyncio.get_running_loop().create_server(lambda: Door(seconds, port), HOST, 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), float(sys.argv[2])))
