"""Verify what the server holds: whether a name is free, and whether a file arrived as it was sent."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from arfeed.model.errors import DestinationError

if TYPE_CHECKING:
    from arfeed.delivery.store import Store
    from arfeed.delivery.uploads import Upload


async def size_of(store: Store, path: str) -> int | None:
    """Return a file's size, None if it does not exist."""
    try:
        return await store.size(path)
    except FileNotFoundError:
        return None


async def check_free(store: Store, upload: Upload, target: str) -> None:
    """Raise `FileExistsError` if the name is taken, unless by an older version that arfeed delivered."""
    if not upload.replaces and await size_of(store, target) is not None:
        raise FileExistsError(errno.EEXIST, "File exists")


async def check_replaceable(store: Store, upload: Upload, target: str) -> None:
    """Raise if an older version can't be replaced, before its successor is sent in vain."""
    if upload.replaces and not store.replaces and await size_of(store, target) is not None:
        raise OSError(errno.ENOTSUP, "Operation unsupported")


async def check_whole(store: Store, upload: Upload, path: str, verify: str) -> None:
    """Raise `DestinationError` if the size differs from what was sent or, with "content", if the bytes do."""
    size = await store.size(path)
    if size != upload.size:
        raise DestinationError(f"the server holds {size:,} of {upload.size:,} bytes. Ask the receiver about space.")
    if verify == "content" and await store.sha256(path, size) != upload.sha256:
        raise DestinationError("the server holds other bytes than were sent. Ask the receiver about their disk.")
