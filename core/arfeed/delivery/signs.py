"""What a receiver shows itself to be, whatever it is called: its server's keys, the login, the root behind links."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from arfeed.delivery.store import LocalStore, SftpStore, Store
from arfeed.delivery.uploads import CONNECTION_OVER
from arfeed.sftp.address import is_sftp, sftp_address

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
    login, root = str(filesystem.client.get_extra_info("username")), await _resolved(store, store.root)
    keys = dict.fromkeys([shown.get_fingerprint(), *filesystem.other_keys.fingerprints])
    return tuple(Sign(key, login, root) for key in keys)


async def expected(store: Store, url: str, known_hosts: Path) -> tuple[Sign, ...]:
    """Return what another address would show if it led to this very server, by the keys that known_hosts has for it."""
    if not isinstance(store, SftpStore) or not is_sftp(url):
        return ()
    from arfeed.sftp.hostkeys import listed_fingerprints

    address = sftp_address(url)
    keys = listed_fingerprints(address, known_hosts)
    root = await _resolved(store, address.root) if keys else ""
    return tuple(Sign(key, address.user, root) for key in keys)


async def _resolved(store: SftpStore, root: str) -> str:
    """Return where a root lies behind links; as the address has it where the server can't say."""
    try:
        path: str = await store.filesystem.real_path(root)
    except CONNECTION_OVER:
        raise
    except OSError:
        return root
    return path
