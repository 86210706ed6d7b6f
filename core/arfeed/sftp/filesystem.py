"""An SFTP file system for fsspec: that of sshfs, made safe and fast.

sshfs (2026.8) accepts any host key by default, makes the parent folders of every file it writes, and moves by copying
and deleting. Here known hosts are required, a file costs OPEN, WRITE and CLOSE, and `mv` is refused.
"""

from __future__ import annotations

import asyncio
import errno
import io
import math
import posixpath
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeVar

import asyncssh
from fsspec.asyn import sync
from sshfs import SSHFileSystem

from arfeed.sftp.channels import OPENING_SECONDS, OpenChannels, OpenFiles, Patience, os_errors
from arfeed.sftp.reasons import WriteRefusedError
from arfeed.sftp.servers import find_make

if TYPE_CHECKING:
    from arfeed.sftp.hostkeys import OtherKeys

CHANNELS = 4
BLOCK = 255 * 1024
"""Bytes of one WRITE: OpenSSH's maximum. A lower limit of the server is honoured."""
BYTES_A_FILE = 32 * BLOCK
"""Bytes of one file in flight."""
BLOCKS_IN_FLIGHT = 256
"""Blocks held in memory and in flight, over all files."""
HANDLES = 64
"""Files open at once on one channel, unless the server announces a lower limit."""
READ_AT_ONCE = 1024 * 1024
"""Bytes of one READ."""

Answer = TypeVar("Answer")
_CONNECTION_GONE = (ConnectionError, asyncssh.DisconnectError, asyncssh.SFTPConnectionLost, asyncssh.SFTPNoConnection)


class SftpFileSystem(SSHFileSystem):  # type: ignore[misc]  # sshfs ships no types
    """Files on an SFTP server whose host key is known.

    `options` hold user and keys; `other_keys` records which host keys the server has besides the known one.
    `abort_broken_writes` drops the connection when a write fails, for servers that publish at CLOSE whatever has been
    written. Relative paths start at the login directory. All methods raise `OSError` or a subclass; `ConnectionError`
    and `TimeoutError` mean that the connection is over.
    """

    # fsspec would hand out one connection for equal arguments, and one that has ended again.
    cachable = False

    def __init__(
        self,
        host: str,
        *,
        port: int,
        known_hosts: asyncssh.SSHKnownHosts,
        options: asyncssh.SSHClientConnectionOptions,
        config: str | None = None,
        abort_broken_writes: bool = False,
        other_keys: OtherKeys,
    ) -> None:
        """Connect, log in and open the channels."""
        super().__init__(
            host,
            port=port,
            known_hosts=known_hosts,
            options=options,
            config=config,  # also for jump hosts; None reads no file, not even ~/.ssh/config
            pool_type=OpenChannels,
            # By default asyncssh raises for a whole folder if one name in it is not valid UTF-8.
            sftp_client_kwargs={"path_errors": "surrogateescape"},
        )
        self.other_keys = other_keys
        self._abort_broken_writes = abort_broken_writes
        # Without this limit a hundred large PDFs would be in memory at once.
        self._blocks = asyncio.Semaphore(BLOCKS_IN_FLIGHT)
        self._patience = Patience(self.client)
        self._files = OpenFiles(self.client)
        make = find_make(self.software)
        self._files.one_at_a_time = make is not None and make.shares_handles
        self._watch = asyncio.run_coroutine_threadsafe(self._patience.watch(), self.loop)
        try:
            # Now and not with the first file: a server that allows fewer sessions is known before anything is sent.
            sync(self.loop, self._pool.open, CHANNELS)
        except BaseException:
            self.abort()
            raise

    @property
    def software(self) -> str:
        """Return what the server calls itself, such as OpenSSH_9.2p1."""
        return str(self.client.get_extra_info("server_version")).removeprefix("SSH-2.0-")

    @property
    def shares_handles(self) -> bool:
        """Whether the server is known to mix up files that are open at once on a channel, or was seen doing so."""
        return self._files.shared or self._files.one_at_a_time

    def open_one_at_a_time(self) -> None:
        """Open no more than one file at once on a channel from now on; none may be open yet."""
        self._files.one_at_a_time = True

    @property
    def handles(self) -> int:
        """Return how many files may be open at once, over all channels."""
        if self._files.one_at_a_time:
            return len(self._pool.channels)
        return sum(min(HANDLES, channel.limits.max_open_handles or HANDLES) for channel in self._pool.channels)

    @property
    def channel(self) -> asyncssh.SFTPClient:
        """Return one of the open channels, to ask what the server offers."""
        channel: asyncssh.SFTPClient = self._pool.channels[0]
        return channel

    @property
    def refuses_taken_names(self) -> bool:
        """Whether a rename to an existing name is known to fail, as the protocol requires; some servers overwrite.

        The name alone proves nothing: behind OpenSSH's there may be another program as subsystem, such as MySecureShell
        or rclone. Of those that were tried, none but OpenSSH's own (8.5 and later) offers both extensions.
        """
        own = self.offers("posix-rename") and self.offers("limits")
        return bool(own) and self.software.startswith("OpenSSH_")

    @property
    def replaces(self) -> bool:
        """Whether a rename can replace a file; the protocol itself has no such request, only an extension."""
        return self.offers("posix-rename") is not False

    def offers(self, extension: str) -> bool | None:
        """Whether the server offers one of OpenSSH's extensions; None if asyncssh no longer shows it."""
        # asyncssh (2.24) keeps this in private attributes only, and acts on it.
        offered = getattr(self.channel._handler, f"_supports_{extension.replace('-', '_')}", None)  # noqa: SLF001
        return None if offered is None else bool(offered)

    def abort(self) -> None:
        """Drop the connection at once: no handle is closed, no partial write is finished."""
        # asyncssh's objects belong to the loop's thread.
        self.loop.call_soon_threadsafe(self.client.abort)
        self.close()

    def close(self) -> None:
        """Close channels and connection."""
        with suppress(OSError, asyncssh.Error):
            sync(self.loop, self._close, timeout=OPENING_SECONDS)

    async def _close(self) -> None:
        self._watch.cancel()
        # The connection first: closing its channels one by one would take a round trip each.
        self.client.close()
        await self.client.wait_closed()
        await self._pool.close()
        await self._stack.aclose()

    @asynccontextmanager
    async def _channel(self) -> AsyncIterator[asyncssh.SFTPClient]:
        with self._patience.translate_silence(), os_errors():
            async with self._pool.get() as channel:
                yield channel

    async def _ask(self, request: Awaitable[Answer]) -> Answer:
        with self._patience.waiting():
            return await request

    async def _put_file(
        self,
        lpath: str,
        rpath: str,
        mode: str = "overwrite",
        make_parents: bool = True,
        start: int = 0,
        size: int | None = None,
        in_order: bool = False,
        **_: object,
    ) -> None:
        """Write a file, overwriting an existing one from its start. Make its folder only if the server lacks it.

        Of the local file, `size` bytes from `start` on are sent, or all up to its end; `in_order` waits for the answer
        to each block before the next is sent.
        """
        path = Path(lpath)
        if path.is_dir():
            await self._mkdir(rpath)
            return
        with path.open("rb") as source:
            end = source.seek(0, 2) if size is None else start + size
            stretch = range(start, end)
            await self._write(source, stretch, rpath, mode, make_parents=make_parents, in_order=in_order)

    async def _pipe_file(self, path: str, value: bytes, mode: str = "overwrite", **_: object) -> None:
        await self._write(io.BytesIO(value), range(len(value)), path, mode)

    async def _write(
        self,
        source: IO[bytes],
        stretch: range,
        path: str,
        mode: str,
        *,
        make_parents: bool = True,
        in_order: bool = False,
    ) -> None:
        async with self._channel() as channel, self._files.turn(channel):
            try:
                file = await self._open_for_writing(channel, path, mode)
            except asyncssh.SFTPNoSuchFile:
                if not make_parents:
                    raise
                await self._mkdir(posixpath.dirname(path))
                file = await self._open_for_writing(channel, path, mode)
            with self._files.hold(channel, file):
                # Without `limits@openssh.com` asyncssh assumes the 16 KB that every server has to take.
                size = min(BLOCK, channel.limits.max_write_len)
                try:
                    await self._send(source, stretch, file, size, 1 if in_order else BYTES_A_FILE // size)
                except (OSError, asyncssh.Error) as exc:
                    await self._give_up(path, file, exc)
                    raise _translate_refusal(exc) from exc
                # Some servers write only now, and say only now that the disk is full.
                try:
                    await self._ask(file.close())
                except asyncssh.SFTPError as exc:
                    raise _translate_refusal(exc) from exc

    async def _open_for_writing(self, channel: asyncssh.SFTPClient, path: str, mode: str) -> asyncssh.SFTPClientFile:
        try:
            # Without a block size every `write` is one request, and no task is left behind when one fails.
            return await self._ask(channel.open(path, "xb" if mode == "create" else "wb", block_size=0))
        except asyncssh.SFTPFailure as exc:
            if mode == "create" and await self._ask(channel.exists(path)):
                raise FileExistsError(errno.EEXIST, "File exists") from exc
            await self._check_there(channel, posixpath.dirname(path))
            # SFTP version 3 has no code for too many open files; servers answer with a plain failure.
            raise OSError(errno.EMFILE, exc.reason) from exc

    async def _check_there(self, channel: asyncssh.SFTPClient, path: str) -> None:
        """Raise `SFTPNoSuchFile` if a path does not exist: servers may answer a request for such a one with any error.

        Erlang's (OTP 25.2.3) lists a missing folder with a plain failure. Only STAT is answered alike by all.
        """
        try:
            await self._ask(channel.stat(path or "."))
        except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath, *_CONNECTION_GONE):
            raise
        except asyncssh.SFTPError:
            return

    def _open(self, path: str, mode: str = "rb", **options: object) -> Any:
        try:
            with os_errors():
                return super()._open(path, mode, **options)
        except OSError as exc:
            if "x" in mode and exc.errno == errno.EIO and self.exists(path):
                raise FileExistsError(errno.EEXIST, "File exists") from exc
            raise

    async def _send(
        self, source: IO[bytes], stretch: range, file: asyncssh.SFTPClientFile, size: int, at_once: int
    ) -> None:
        blocks = [stretch[start : start + size] for start in range(0, len(stretch), size)]
        senders, waiting = min(at_once, BLOCKS_IN_FLIGHT, len(blocks)), iter(blocks)
        if senders == 1:
            return await self._send_blocks(source, waiting, file, stretch.start)
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(senders):
                    group.create_task(self._send_blocks(source, waiting, file, stretch.start))
        except ExceptionGroup as failures:
            # They fail of one cause; the first is as good as all.
            raise failures.exceptions[0] from None

    async def _send_blocks(
        self, source: IO[bytes], blocks: Iterator[range], file: asyncssh.SFTPClientFile, start: int
    ) -> None:
        """Send blocks until none is left; several senders share the iterator."""
        for block in blocks:
            async with self._blocks:
                # Senders share the file; nothing is awaited between seek and read.
                source.seek(block.start)
                await self._ask(file.write(source.read(len(block)), block.start - start))

    async def _give_up(self, path: str, file: asyncssh.SFTPClientFile, exc: Exception) -> None:
        if self._abort_broken_writes and not isinstance(exc, _CONNECTION_GONE):
            self.client.abort()
            raise ConnectionAbortedError(f"writing {path} failed: {exc}; a part of it may be there") from exc
        with suppress(OSError, asyncssh.Error):
            await self._ask(file.close())

    async def _rename(self, path: str, target: str, *, replace: bool) -> None:
        """Rename a file; replace an existing one only if `replace` is set and the server can."""
        async with self._channel() as channel:
            if not replace:
                await self._ask(channel.rename(path, target))
                return
            try:
                await self._ask(channel.posix_rename(path, target))
            except asyncssh.SFTPOpUnsupported:
                # Without the extension a plain rename does, as long as nothing is there to be replaced.
                if await self._ask(channel.exists(target)):
                    raise
                await self._ask(channel.rename(path, target))

    async def _mv_file(self, path1: str, path2: str, **_: object) -> None:
        raise NotImplementedError("sshfs moves by copying and deleting, which can lose the file; nothing was moved")

    _mv = _mv_file

    async def real_path(self, path: str) -> str:
        """Return a path with its links resolved; a blank path is the login directory."""
        async with self._channel() as channel:
            return str(await self._ask(channel.realpath(path or ".")))

    async def _info(self, path: str, **_: object) -> dict[str, Any]:
        async with self._channel() as channel:
            return _describe(path, await self._ask(channel.stat(path or ".")))

    async def _ls(self, path: str, detail: bool = True, **_: object) -> list[Any]:
        found: list[dict[str, Any]] = []
        async with self._channel() as channel, self._files.turn(channel):
            try:
                with self._patience.waiting() as heard:
                    async for entry in channel.scandir(path or "."):
                        heard()
                        if entry.filename not in (".", ".."):
                            found.append(_describe(posixpath.join(path, str(entry.filename)), entry.attrs))
            except asyncssh.SFTPError as exc:
                if not isinstance(exc, _CONNECTION_GONE):
                    await self._check_there(channel, path)
                raise
        return found if detail else [info["name"] for info in found]

    async def _cat_file(self, path: str, start: int | None = None, end: int | None = None, **_: object) -> bytes:
        """Read a file, or its bytes from `start` up to `end`."""
        content = bytearray()
        offset, wanted = start or 0, math.inf if end is None else end - (start or 0)
        async with self._channel() as channel, self._files.turn(channel):
            file = await self._ask(channel.open(path, "rb", block_size=-1))
            with self._files.hold(channel, file):
                try:
                    while len(content) < wanted:
                        size = int(min(READ_AT_ONCE, wanted - len(content)))
                        block: bytes = await self._ask(file.read(size, offset + len(content)))
                        # The end, although more was asked for: callers compare sizes and hashes themselves.
                        if not block:
                            break
                        content += block
                finally:
                    # All was read by then; a connection that ends now takes nothing of it.
                    with suppress(*_CONNECTION_GONE):
                        await self._ask(file.close())
        return bytes(content)

    async def _rm_file(self, path: str, **_: object) -> None:
        async with self._channel() as channel:
            try:
                await self._ask(channel.remove(path))
            except asyncssh.SFTPFailure:
                await self._check_there(channel, path)
                raise

    async def _mkdir(self, path: str, create_parents: bool = True, **_: object) -> None:
        async with self._channel() as channel:
            await self._ask(channel.makedirs(path, exist_ok=True) if create_parents else channel.mkdir(path))


def _describe(path: str, attributes: asyncssh.SFTPAttrs) -> dict[str, Any]:
    kinds = {asyncssh.FILEXFER_TYPE_DIRECTORY: "directory", asyncssh.FILEXFER_TYPE_REGULAR: "file"}
    type_ = kinds.get(attributes.type, "other")
    return {"name": path, "size": attributes.size, "type": type_, "mtime": attributes.mtime}


def _translate_refusal(exc: Exception) -> Exception:
    """Return what a write that the server refused raises; whatever says more than that stays as it is."""
    return WriteRefusedError(errno.EIO, exc.reason) if type(exc) is asyncssh.SFTPFailure else exc
