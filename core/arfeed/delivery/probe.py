"""What a receiver's server lets us do in a folder, tried with a scratch file that is removed again."""

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
    """Return what was tried and, where it failed, what the server answered."""
    mark = secrets.token_hex(4)
    scratch, renamed = (store.path(folder, f".arfeed-probe-{mark}.{name}.part") for name in "ab")
    with tempfile.TemporaryDirectory(prefix="arfeed-") as temporary:
        file = Path(temporary, "scratch")
        file.write_bytes(_CONTENT)
        try:
            return [
                ("make or find the folder", await _tried(store.make_folder(folder))),
                ("write a file", await _tried(store.put(file, scratch))),
                ("see its size", await _tried(_seen(store, scratch))),
                ("rename it", await _tried(store.rename(scratch, renamed, replace=False))),
                ("replace a file by renaming", await _tried(_replaced(store, file, scratch, renamed))),
                ("remove a file", await _tried(store.remove(renamed))),
            ]
        finally:
            for path in (scratch, renamed):
                with suppress(OSError):
                    await store.remove(path)


async def _seen(store: Store, path: str) -> None:
    size = await store.size(path)
    if size != len(_CONTENT):
        raise OSError(f"it says {size} of {len(_CONTENT)} bytes")


async def _replaced(store: Store, file: Path, scratch: str, target: str) -> None:
    await store.put(file, scratch)
    await store.rename(scratch, target, replace=True)


async def _tried(step: Awaitable[None]) -> str | None:
    try:
        await step
    except OSError as exc:
        return exc.strerror or str(exc)
    return None
