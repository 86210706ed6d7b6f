"""Host keys: which ones OpenSSH's known_hosts lists for a server, and what to do when the server shows another."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import asyncssh

from arfeed.sftp.sides import DESTINATION, Wording

if TYPE_CHECKING:
    from arfeed.sftp.address import SftpAddress

HOST_KEY_KINDS = [
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "rsa-sha2-512",
    "rsa-sha2-256",
]


def read_known_hosts(file: Path, wording: Wording = DESTINATION) -> asyncssh.SSHKnownHosts:
    """Read the keys of known servers; a file that does not exist lists none. Raise `wording.error` for a bad file."""
    try:
        content = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        content = ""
    except (OSError, UnicodeError) as exc:
        raise wording.error(
            f"The file of known hosts {file} can't be read: {exc}. Fix it, or set known_hosts in {wording.table} to "
            "another file."
        ) from exc
    try:
        return asyncssh.import_known_hosts(content)
    except ValueError as exc:
        raise wording.error(f"The file of known hosts {file} is damaged: {exc}. Fix that line.") from exc


def listed_fingerprints(server: SftpAddress, file: Path) -> tuple[str, ...]:
    """Return the fingerprints of the host keys that known_hosts lists for a server."""
    known, _, _ = _list_keys(server, file)
    return tuple(key.get_fingerprint() for key in known)


def host_key_kinds(server: SftpAddress, file: Path) -> Sequence[str]:
    """Return the key algorithms to ask the server for, those of its known keys first.

    The others follow, so that a server whose key has changed gets far enough to show the new one. Empty if a
    certificate authority signs the keys, so that asyncssh uses its defaults.
    """
    known, authorities, _ = _list_keys(server, file)
    if authorities:
        return ()
    return [alg.decode() for key in known for alg in key.sig_algorithms] + HOST_KEY_KINDS


class OtherKeys:
    """Records the other host keys that a server has proved to hold, besides the one it was asked for.

    OpenSSH's servers announce them right after the login (hostkeys-00@openssh.com); other servers announce none.
    """

    def __init__(self) -> None:
        """Start without any."""
        self.fingerprints: tuple[str, ...] = ()
        self._announced = asyncio.Event()

    def __call__(
        self,
        added: Sequence[asyncssh.SSHKey],
        removed: Sequence[asyncssh.SSHKey],
        retained: Sequence[asyncssh.SSHKey],
        revoked: Sequence[asyncssh.SSHKey],
    ) -> None:
        """Record what asyncssh found: keys that known_hosts lacks, and those that it lists."""
        del removed, revoked
        self.fingerprints = tuple(key.get_fingerprint() for key in (*retained, *added))
        self._announced.set()

    async def wait(self) -> None:
        """Wait until the server has announced its keys, which may never happen."""
        await self._announced.wait()


class HostKeyWitness(asyncssh.SSHClient):
    """Keeps the host key that was not trusted, so that a message can show it."""

    def __init__(self, shown: list[asyncssh.SSHKey]) -> None:
        """Append the key to `shown`."""
        self._shown = shown

    def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:
        """Trust no key: asyncssh asks only about those that known_hosts does not list."""
        del host, addr, port
        self._shown.append(key)
        return False


def explain_distrust(
    server: SftpAddress, file: Path, shown: Sequence[asyncssh.SSHKey], reason: str, wording: Wording
) -> str:
    """Return why the server is not trusted (its key is unknown, changed or revoked) and what to do about it."""
    known, authorities, revoked = _list_keys(server, file)
    if revoked and not shown:
        return (
            f"{file} marks the key of {server.host} as revoked ({_fingerprints(revoked)}), so {wording.outcome}. Ask "
            f"{wording.owner} for the fingerprint of their current key."
        )
    if authorities or not shown:
        return (
            f"The server {server.host} is not trusted ({reason}), so {wording.outcome}. Ask {wording.owner} who signs "
            f"their host keys, and compare that with the @cert-authority line in {file}."
        )
    key, name = shown[-1], server.known_hosts_name
    line = f"{name} {key.export_public_key().decode().strip()}"
    if not known:
        return (
            f"The server {server.host} is not known yet, so {wording.outcome}. Its key has the fingerprint\n"
            f"  {key.get_fingerprint()}\n"
            f"Ask {wording.owner} for theirs by another channel than this connection. If it is the same, add this line "
            f"to {file}:\n  {line}"
        )
    return (
        f"The server {server.host} presented a different key from the one in {file}, so {wording.outcome}: somebody "
        f"may be intercepting the connection, or {wording.owner} has changed the key.\n  known:  "
        f"{_fingerprints(known)}\n  shown:  {key.get_fingerprint()}\nAsk {wording.owner} by another channel than this "
        f"connection. If they confirm the new key, remove the old one with ssh-keygen -R '{name}' -f {file} and add "
        f"this line:\n  {line}"
    )


def _list_keys(
    server: SftpAddress, file: Path
) -> tuple[Sequence[asyncssh.SSHKey], Sequence[asyncssh.SSHKey], Sequence[asyncssh.SSHKey]]:
    """Return a server's known host keys, the keys of authorities that may sign others, and the revoked ones."""
    keys, authorities, revoked, *_ = read_known_hosts(file).match(server.host, "", server.nondefault_port)
    return keys, authorities, revoked


def _fingerprints(keys: Sequence[asyncssh.SSHKey]) -> str:
    return ", ".join(key.get_fingerprint() for key in keys)
