"""Verify what the server holds: whether a name is free, and whether a file arrived as it was sent."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Sequence
from typing import TYPE_CHECKING

from arfeed.model.errors import DestinationError

if TYPE_CHECKING:
    from arfeed.delivery.store import Store
    from arfeed.delivery.uploads import Upload


_UNSTATED = (
    'the server does not state how large files are, so nothing was verified. Set verify = "content" in [destination], '
    'which reads back what was sent, or "none" to take the server\'s word.'
)


async def is_there(store: Store, path: str) -> bool:
    """Whether a file exists."""
    try:
        await store.size(path)
    except FileNotFoundError:
        return False
    return True


async def find_there(store: Store, paths: Sequence[str]) -> list[bool]:
    """Return for each path whether a file exists there; all are asked at once."""
    return await asyncio.gather(*(is_there(store, path) for path in paths))


async def is_whole(store: Store, upload: Upload, path: str, verify: str) -> bool:
    """Whether a file stands there as it was sent, as far as `verify` looks; False where its size is not known."""
    if verify == "none":
        return await is_there(store, path)
    try:
        await check_whole(store, upload, path, verify)
    except (FileNotFoundError, DestinationError):
        return False
    return True


async def check_free(store: Store, upload: Upload, target: str) -> None:
    """Raise `FileExistsError` if the name is taken, unless by an older version that arfeed delivered."""
    # A name that this history did not fill belongs to somebody else, and is never written over.
    if not upload.replaces and await is_there(store, target):
        raise FileExistsError(errno.EEXIST, "File exists")


async def check_replaceable(store: Store, upload: Upload, target: str) -> None:
    """Raise if an older version can't be replaced, before its successor is sent in vain."""
    if upload.replaces and not store.replaces and await is_there(store, target):
        raise OSError(errno.ENOTSUP, "Operation unsupported")


async def check_whole(store: Store, upload: Upload, path: str, verify: str) -> None:
    """Raise `DestinationError` if the size differs from what was sent or, with "content", if the bytes do.

    With "none" the server's answers to what was written are all that counts.
    """
    if verify == "none":
        return
    size = await store.size(path)
    if size is None and verify == "size":
        raise DestinationError(_UNSTATED)
    # Good answers to all WRITEs prove nothing: ProFTPD (1.3.8) gives them beyond a quota, too.
    if size not in (None, upload.size):
        raise DestinationError(f"the server holds {size:,} of {upload.size:,} bytes. Ask the receiver about space.")
    # Without a size one byte more is read, so that a file that goes on is found.
    if verify == "content" and await store.sha256(path, upload.size + (size is None)) != upload.sha256:
        raise DestinationError("the server holds other bytes than were sent. Ask the receiver about their disk.")
