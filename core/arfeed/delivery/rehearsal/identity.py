"""The keys by which client and receiver know each other: made once, on the spot, and used again the next time."""

from __future__ import annotations

from pathlib import Path

import asyncssh

from arfeed.delivery.rehearsal.whole_file import write_whole


def key_at(path: Path) -> asyncssh.SSHKey:
    """Return the private key kept at a path; create it, readable by its owner only, if it does not exist."""
    if not path.exists():
        key = asyncssh.generate_private_key("ssh-ed25519", comment="arfeed rehearsal")
        write_whole(path, key.export_private_key(), mode=0o600)
    return asyncssh.read_private_key(path)


def write_known_hosts(path: Path, host: str, port: int, key: asyncssh.SSHKey) -> None:
    """Write the line by which a client recognises the server."""
    public = key.export_public_key().decode()
    write_whole(path, f"[{host}]:{port} {public}".encode())
