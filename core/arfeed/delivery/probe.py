"""Try with a scratch file what a receiver's server permits in a folder, and remove it again."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Awaitable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from arfeed.delivery.store import Store


_CONTENT = b"arfeed check --probe; this file may be removed\n"


async def probe(store: Store, folder: str) -> list[tuple[str, str | None]]:
    """Return each operation tried, with the server's answer if it failed, else None."""
    mark = secrets.token_hex(4)
    scratch, renamed = (store.path(folder, f".arfeed-probe-{mark}.{name}.part") for name in "ab")
    with tempfile.TemporaryDirectory(prefix="arfeed-") as temporary:
        file = Path(temporary, "scratch")
        file.write_bytes(_CONTENT)
        try:
            return [
                ("make or find the folder", await _try(store.make_folder(folder))),
                ("write a file", await _try(store.put(file, scratch))),
                ("see its size", await _try(_check_size(store, scratch))),
                ("rename it", await _try(store.rename(scratch, renamed, replace=False))),
                ("replace a file by renaming", await _try(_replace(store, file, scratch, renamed))),
                ("remove a file", await _try(store.remove(renamed))),
            ]
        finally:
            for path in (scratch, renamed):
                with suppress(OSError):
                    await store.remove(path)


async def _check_size(store: Store, path: str) -> None:
    size = await store.size(path)
    if size != len(_CONTENT):
        raise OSError(f"the server reports {size} of {len(_CONTENT)} bytes")


async def _replace(store: Store, file: Path, scratch: str, target: str) -> None:
    await store.put(file, scratch)
    await store.rename(scratch, target, replace=True)


async def _try(step: Awaitable[None]) -> str | None:
    try:
        await step
    except OSError as exc:
        return exc.strerror or str(exc)
    return None
