from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import asyncssh

from arfeed.delivery.rehearsal.receiver import Receiver

Result = TypeVar("Result")


@asynccontextmanager
async def session(at: Receiver, key: Path | None = None, user: str = "arfeed") -> AsyncIterator[asyncssh.SFTPClient]:
    async with (
        asyncssh.connect(
            "127.0.0.1",
            int(at.url.rpartition(":")[2]),
            username=user,
            client_keys=[str(key or at.private_key)],
            known_hosts=str(at.known_hosts),
            agent_path=None,
            config=[],
        ) as connection,
        connection.start_sftp_client() as sftp,
    ):
        yield sftp


class Client:
    """What a careful feed does: upload under another name, then rename."""

    def __init__(self, at: Receiver) -> None:
        self.at = at

    def do(self, task: Callable[[asyncssh.SFTPClient], Awaitable[Result]]) -> Result:
        async def in_a_session() -> Result:
            async with session(self.at) as sftp:
                return await task(sftp)

        return asyncio.run(in_a_session())

    def write(self, path: str, content: bytes) -> None:
        async def task(sftp: asyncssh.SFTPClient) -> None:
            async with sftp.open(path, "wb") as file:
                await file.write(content)

        self.do(task)

    def report(self, name: str, *refs: str, balance: str = "100.00") -> None:
        self.write(f"csv_data_uploads/.{name}.part", report(*refs, balance=balance))
        self.do(lambda sftp: sftp.rename(f"csv_data_uploads/.{name}.part", f"csv_data_uploads/{name}"))


def report(*refs: str, balance: str = "100.00") -> bytes:
    rows = "".join(f"{ref},{balance}\n" for ref in refs)
    return f"invoice_ref,balance\n{rows}".encode()
