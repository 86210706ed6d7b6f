"""Try with scratch files what a receiver's server permits in a folder, and remove them again."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from arfeed.delivery.store import SftpStore
from arfeed.model.settings import DestinationSettings

if TYPE_CHECKING:
    from arfeed.delivery.store import Store

_CONTENT = b"arfeed check --probe; this file may be removed\n"
# Erlang's ssh_sftpd mixes up files from the third on; eight also find a server that is confused a little later.
_OPEN_AT_ONCE = 8

_IRREPLACEABLE = (
    "a PDF that has changed stays as it was, and the plan names it. Ask the receiver to allow it (it is posix-rename "
    'in OpenSSH), or set replace_by = "remove" in [destination], which removes the old PDF first'
)
_REPLACES_PLAINLY = 'a plain rename replaces files there: set replace_by = "rename" in [destination]'
_SHARES_HANDLES = "arfeed sends one file at once over each channel there, so none is exchanged; tell the receiver"


@dataclass(frozen=True, slots=True)
class Tried:
    """An operation that was tried, and the server's answer if it failed.

    `advice` is set where deliveries work without it; otherwise they fail as well.
    """

    what: str
    answer: str | None = None
    advice: str = ""


class _SharedError(OSError):
    """Several open files were given one handle."""


async def probe(store: Store, folder: str, settings: DestinationSettings) -> list[Tried]:
    """Try one operation after the other, and return how each ended."""
    mark = secrets.token_hex(4)
    scratch, renamed, *more = (
        store.path(folder, f".arfeed-probe-{mark}.{number}.part") for number in range(2 + _OPEN_AT_ONCE)
    )
    direct = settings.publish == "direct"
    with tempfile.TemporaryDirectory(prefix="arfeed-") as temporary:
        file = Path(temporary, "scratch")
        file.write_bytes(_CONTENT)
        try:
            tried = [
                await _try("make or find the folder", store.make_folder(folder)),
                await _try("write a file", store.put(file, scratch)),
                await _try("see its size", _check_size(store, scratch), _without_sizes(settings)),
                await _try(
                    "rename it",
                    store.rename(scratch, renamed, replace=False),
                    'publish = "direct" works without this' if direct else "",
                ),
            ]
            if not direct:
                tried.append(await _try_replacing(store, file, scratch, renamed))
            if isinstance(store, SftpStore):
                tried.append(await _try_many(store, more))
            left = (
                f"what an interrupted run leaves behind stays there, as {renamed} does now; ask the receiver to grant "
                "this permission"
            )
            tried.append(await _try("remove a file", store.remove(scratch if direct else renamed), left))
        finally:
            # Also after a failure in the middle: a scratch file that stays would look like an upload under way.
            for path in (scratch, renamed, *more):
                with suppress(OSError):
                    await store.remove(path)
    return tried


def _without_sizes(settings: DestinationSettings) -> str:
    return "" if settings.verify == "size" else f'verify = "{settings.verify}" works without this'


async def _check_size(store: Store, path: str) -> None:
    size = await store.size(path)
    if size is None:
        # A delivery with verify = "size" would end the same way, after everything was sent.
        raise OSError('no size; set verify = "content" in [destination], which reads back what was sent, or "none"')
    if size != len(_CONTENT):
        raise OSError(f"a size of {size} for {len(_CONTENT)} bytes")


async def _try_replacing(store: Store, file: Path, scratch: str, target: str) -> Tried:
    """Try to replace a file as a delivery would, and if that fails, by a plain rename."""
    what = "replace a file by renaming"
    # The target may be there already, from the rename before, or not, if that failed: both are fine here.
    with suppress(OSError):
        await store.put(file, target)
    tried = await _try(what, _replace(store, file, scratch, target), _IRREPLACEABLE)
    # Servers such as Twisted Conch replace by a plain rename without announcing posix-rename.
    if tried.answer is None:
        return tried
    plainly = await _try(what, store.rename(scratch, target, replace=False))
    return Tried(what, tried.answer, _REPLACES_PLAINLY if plainly.answer is None else _IRREPLACEABLE)


async def _replace(store: Store, file: Path, scratch: str, target: str) -> None:
    await store.put(file, scratch)
    await store.rename(scratch, target, replace=True)


async def _try_many(store: SftpStore, paths: Sequence[str]) -> Tried:
    what = f"keep {len(paths)} open files apart"
    try:
        return await _try(what, _keep_apart(store, paths))
    except _SharedError as exc:
        return Tried(what, str(exc), _SHARES_HANDLES)


async def _keep_apart(store: SftpStore, paths: Sequence[str]) -> None:
    """Hold files of one size and other content open at once on one channel; raise if they are not read back so.

    Not by `Store.put`, which opens one at once where a server is known to mix them up.
    """
    from arfeed.sftp.channels import os_errors

    channel, contents = store.filesystem.channel, [b"%d %s" % (number, _CONTENT) for number in range(len(paths))]
    with os_errors():
        files = [await channel.open(path, "wb", block_size=0) for path in paths]
        # asyncssh (2.24) shows the handle in a private attribute only.
        shared = len({getattr(file, "_handle", file) for file in files}) < len(files)
        for file, content in zip(files, contents, strict=True):
            with suppress(OSError, *_refusals()):
                await file.write(content, 0)
        for file in files:
            with suppress(OSError, *_refusals()):
                await file.close()
    # What was read back decides as well: a server may give two handles and still write into one file.
    held = [await store.read(path) for path in paths]
    wrong = sum(found != content for found, content in zip(held, contents, strict=True))
    if shared:
        raise _SharedError(f"one handle for several open files; {wrong} of {len(paths)} held what belongs to others")
    if wrong:
        raise OSError(f"{wrong} of {len(paths)} files with other content than was written to them")


def _refusals() -> tuple[type[Exception], ...]:
    import asyncssh

    return (asyncssh.SFTPFailure, asyncssh.SFTPInvalidHandle, asyncssh.SFTPBadMessage)


async def _try(what: str, step: Awaitable[None], advice: str = "") -> Tried:
    try:
        await step
    except _SharedError:
        raise
    except OSError as exc:
        return Tried(what, exc.strerror or str(exc), advice)
    return Tried(what)
