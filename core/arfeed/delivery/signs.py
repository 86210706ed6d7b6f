"""What a receiver shows itself to be, whatever it is called: its server's keys, the login, the root behind links."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from typing import NamedTuple

from arfeed.delivery.store import CONNECTION_OVER, LocalStore, SftpStore, Store

OTHER_KEYS_SECONDS = 2.0
"""How long to wait for a server to prove its other host keys; most that do so are done by the time they are asked."""


class Sign(NamedTuple):
    """One receiver: who shows the same sign is the same. On this machine, key and login are blank."""

    host_key: str
    login: str
    root: str


async def signs(store: Store, *, all_keys: bool) -> tuple[Sign, ...]:
    """Return how a receiver shows itself, one sign for each host key that its server is known to have.

    With `all_keys` the server is given time to prove those that this connection did not ask for. Nothing is known of
    object stores and the like: they are their address.
    """
    if isinstance(store, LocalStore):
        return (Sign("", "", await asyncio.to_thread(os.path.realpath, store.root)),)
    if not isinstance(store, SftpStore):
        return ()
    filesystem = store.filesystem
    shown = filesystem.client.get_server_host_key()
    if shown is None:
        return ()
    if all_keys:
        with suppress(TimeoutError):
            await asyncio.wait_for(filesystem.other_keys.wait(), OTHER_KEYS_SECONDS)
    login, root = str(filesystem.client.get_extra_info("username")), await _resolved(store)
    keys = dict.fromkeys([shown.get_fingerprint(), *filesystem.other_keys.fingerprints])
    return tuple(Sign(key, login, root) for key in keys)


async def _resolved(store: SftpStore) -> str:
    """Return where the root lies behind links; as the address has it where the server can't say."""
    try:
        root: str = await store.filesystem.real_path(store.path(""))
    except CONNECTION_OVER:
        raise
    except OSError:
        return store.path("")
    return root
