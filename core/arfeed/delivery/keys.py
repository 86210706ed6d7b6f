"""The key that arfeed logs in with, and the keys by which it knows the server."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import asyncssh
from pydantic import SecretStr

from arfeed.delivery.address import SFTP_PORT, SftpAddress
from arfeed.errors import DestinationError

HOST_KEY_KINDS = [
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "rsa-sha2-512",
    "rsa-sha2-256",
]


def read_private_key(file: Path, passphrase: SecretStr | None) -> asyncssh.SSHKey:
    """Read an OpenSSH private key that nobody else on this machine can read."""
    try:
        mode = file.stat().st_mode
        content = file.read_bytes()
    except OSError as exc:
        raise DestinationError(
            f"The private key {file} can't be read: {exc.strerror}. Check private_key in [destination], or make a key "
            f"with: ssh-keygen -t ed25519 -f {file}"
        ) from exc
    if os.name == "posix" and mode & 0o077:
        raise DestinationError(
            f"The private key {file} can be read by others on this machine (mode {mode & 0o777:04o}), so it is not "
            f"used. Type: chmod 600 {file}"
        )
    try:
        return asyncssh.import_private_key(content, passphrase.get_secret_value() if passphrase else None)
    except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError) as exc:
        raise DestinationError(
            f'The private key {file} can\'t be used: {exc}. Check the file, and passphrase = "${{NAME}}" in '
            "[destination]."
        ) from exc


def read_known_hosts(file: Path) -> asyncssh.SSHKnownHosts:
    """Read the keys of known servers. A file that does not exist knows none."""
    try:
        content = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        content = ""
    except (OSError, UnicodeError) as exc:
        raise DestinationError(
            f"The file of known hosts {file} can't be read: {exc}. Mend it, or name another as known_hosts in "
            "[destination]."
        ) from exc
    try:
        return asyncssh.import_known_hosts(content)
    except ValueError as exc:
        raise DestinationError(f"The file of known hosts {file} is damaged: {exc}. Mend that line.") from exc


def host_key_kinds(address: SftpAddress, file: Path) -> Sequence[str]:
    """Return the kinds of host key to ask for: the known ones first, then any, so that a changed key can be shown."""
    known, authorities = _known(address, file)
    if authorities:
        return ()
    return [alg.decode() for key in known for alg in key.sig_algorithms] + HOST_KEY_KINDS


class HostKeyWitness(asyncssh.SSHClient):
    """Remembers the host key that was not trusted, so that a message can show it."""

    def __init__(self, seen: list[asyncssh.SSHKey]) -> None:
        """Take the list to put it into."""
        self._seen = seen

    def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:
        """Trust nothing that known_hosts does not list."""
        del host, addr, port
        self._seen.append(key)
        return False


def untrusted(address: SftpAddress, file: Path, key: asyncssh.SSHKey) -> str:
    """Say that the server's key is unknown or has changed, and what settles it."""
    name = _name_in_known_hosts(address)
    line = f"{name} {key.export_public_key().decode().strip()}"
    before, _ = _known(address, file)
    if not before:
        return (
            f"The server {address.host} is not known yet, so nothing was sent. Its key has the fingerprint\n"
            f"  {key.get_fingerprint()}\n"
            f"Ask the receiver for theirs, by another way than this connection. If it is the same, add this line to "
            f"{file}:\n  {line}"
        )
    return (
        f"The server {address.host} shows another key than the one in {file}, so nothing was sent: somebody may stand "
        f"between, or the receiver has changed it.\n"
        f"  known:  {', '.join(known.get_fingerprint() for known in before)}\n"
        f"  shown:  {key.get_fingerprint()}\n"
        f"Ask the receiver, by another way than this connection. If they confirm the new one, remove the old with "
        f"ssh-keygen -R '{name}' -f {file} and add this line:\n  {line}"
    )


def _known(address: SftpAddress, file: Path) -> tuple[Sequence[asyncssh.SSHKey], Sequence[asyncssh.SSHKey]]:
    """Return the host keys known for a server, and the keys of authorities that may sign others."""
    port = None if address.port == SFTP_PORT else address.port
    keys, authorities, *_ = read_known_hosts(file).match(address.host, "", port)
    return keys, authorities


def _name_in_known_hosts(address: SftpAddress) -> str:
    return address.host if address.port == SFTP_PORT else f"[{address.host}]:{address.port}"
