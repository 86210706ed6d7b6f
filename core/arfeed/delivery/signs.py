"""What identifies a receiver whatever its address: host key, login, and the root with links resolved."""

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
    """One receiver's identity: the same sign is the same receiver. For a local folder, key and login are blank."""

    host_key: str
    login: str
    root: str


async def read_signs(store: Store, *, all_keys: bool) -> tuple[Sign, ...]:
    """Return a receiver's signs, one for each host key that its server has proved.

    With `all_keys` the server is given time to prove the keys that this connection did not use. Object stores have
    no signs: their address identifies them.
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
    login, root = str(filesystem.client.get_extra_info("username")), await _resolve_root(store, store.root)
    keys = dict.fromkeys([shown.get_fingerprint(), *filesystem.other_keys.fingerprints])
    return tuple(Sign(key, login, root) for key in keys)


async def find_expected_signs(store: Store, url: str, known_hosts: Path) -> tuple[Sign, ...]:
    """Return the signs another address would have if it led to this server, by its keys in known_hosts."""
    if not isinstance(store, SftpStore) or not is_sftp(url):
        return ()
    from arfeed.sftp.hostkeys import listed_fingerprints

    address = sftp_address(url)
    keys = listed_fingerprints(address, known_hosts)
    root = await _resolve_root(store, address.root) if keys else ""
    return tuple(Sign(key, address.user, root) for key in keys)


async def _resolve_root(store: SftpStore, root: str) -> str:
    """Return a root with links resolved; as the address has it if the server can't resolve it."""
    try:
        path: str = await store.filesystem.real_path(root)
    except CONNECTION_OVER:
        raise
    except OSError:
        return root
    return path
