"""The keys by which arfeed knows the server, in OpenSSH's known_hosts."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import asyncssh

from arfeed.model.errors import DestinationError
from arfeed.sftp.address import SFTP_PORT, SftpAddress

HOST_KEY_KINDS = [
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "rsa-sha2-512",
    "rsa-sha2-256",
]


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


def listed_fingerprints(server: SftpAddress, file: Path) -> tuple[str, ...]:
    """Return the fingerprints of the host keys by which a server is known."""
    known, _, _ = _listed(server, file)
    return tuple(key.get_fingerprint() for key in known)


def host_key_kinds(server: SftpAddress, file: Path) -> Sequence[str]:
    """Return the kinds of host key to ask for: the known ones first, then any, so that a changed key can be shown."""
    known, authorities, _ = _listed(server, file)
    if authorities:
        return ()
    return [alg.decode() for key in known for alg in key.sig_algorithms] + HOST_KEY_KINDS


class OtherKeys:
    """Takes down the host keys that a server has beside the one it was asked for, and has proved to be its own.

    OpenSSH's servers tell of them right after the login; others tell of none.
    """

    def __init__(self) -> None:
        """Know of none yet."""
        self.fingerprints: tuple[str, ...] = ()
        self._told = asyncio.Event()

    def __call__(
        self,
        added: Sequence[asyncssh.SSHKey],
        removed: Sequence[asyncssh.SSHKey],
        retained: Sequence[asyncssh.SSHKey],
        revoked: Sequence[asyncssh.SSHKey],
    ) -> None:
        """Take what asyncssh has found: keys that known_hosts lacks, and those that it has."""
        del removed, revoked
        self.fingerprints = tuple(key.get_fingerprint() for key in (*retained, *added))
        self._told.set()

    async def wait(self) -> None:
        """Wait until the server has told; that may be never."""
        await self._told.wait()


class HostKeyWitness(asyncssh.SSHClient):
    """Remembers the host key that was not trusted, so that a message can show it."""

    def __init__(self, shown: list[asyncssh.SSHKey]) -> None:
        """Take the list to put it into."""
        self._shown = shown

    def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:
        """Trust nothing that known_hosts does not list."""
        del host, addr, port
        self._shown.append(key)
        return False


def untrusted(server: SftpAddress, file: Path, shown: Sequence[asyncssh.SSHKey], reason: str) -> str:
    """Say why the server is not trusted (its key is unknown, has changed or is revoked), and what settles it."""
    known, authorities, revoked = _listed(server, file)
    if revoked and not shown:
        return (
            f"{file} marks the key of {server.host} as revoked ({_fingerprints(revoked)}), so nothing was sent. Ask "
            "the receiver for the fingerprint of their present key."
        )
    if authorities or not shown:
        return (
            f"The server {server.host} is not trusted: {reason}. So nothing was sent. Ask the receiver who signs their "
            f"host keys, and compare with the line @cert-authority in {file}."
        )
    key, name = shown[-1], _name_in_known_hosts(server)
    line = f"{name} {key.export_public_key().decode().strip()}"
    if not known:
        return (
            f"The server {server.host} is not known yet, so nothing was sent. Its key has the fingerprint\n"
            f"  {key.get_fingerprint()}\n"
            f"Ask the receiver for theirs, by another way than this connection. If it is the same, add this line to "
            f"{file}:\n  {line}"
        )
    return (
        f"The server {server.host} shows another key than the one in {file}, so nothing was sent: somebody may stand "
        f"between, or the receiver has changed it.\n"
        f"  known:  {_fingerprints(known)}\n"
        f"  shown:  {key.get_fingerprint()}\n"
        f"Ask the receiver, by another way than this connection. If they confirm the new one, remove the old with "
        f"ssh-keygen -R '{name}' -f {file} and add this line:\n  {line}"
    )


def _listed(
    server: SftpAddress, file: Path
) -> tuple[Sequence[asyncssh.SSHKey], Sequence[asyncssh.SSHKey], Sequence[asyncssh.SSHKey]]:
    """Return the host keys known for a server, the keys of authorities that may sign others, and the revoked ones."""
    port = None if server.port == SFTP_PORT else server.port
    keys, authorities, revoked, *_ = read_known_hosts(file).match(server.host, "", port)
    return keys, authorities, revoked


def _fingerprints(keys: Sequence[asyncssh.SSHKey]) -> str:
    return ", ".join(key.get_fingerprint() for key in keys)


def _name_in_known_hosts(server: SftpAddress) -> str:
    return server.host if server.port == SFTP_PORT else f"[{server.host}]:{server.port}"
