"""The keys that arfeed logs in with."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import asyncssh
from fsspec.asyn import get_loop, sync
from pydantic import SecretStr

from arfeed.model.errors import ConfigError, DestinationError

RSA_BITS = 4096

KeyKind = Literal["ed25519", "rsa"]


def read_private_key(file: Path, passphrase: SecretStr | None) -> asyncssh.SSHKey:
    """Read a private key, unless others on this machine can read it too: OpenSSH's own rule."""
    try:
        status = file.stat()
        content = file.read_bytes()
    except OSError as exc:
        raise DestinationError(
            f"The private key {file} can't be read: {exc.strerror}. Check private_key in [destination], or make a key "
            f"with: arfeed keygen {file}"
        ) from exc
    # As for OpenSSH, a file of another user may be open to this one's group: mounted secrets are.
    if os.name == "posix" and status.st_uid == os.getuid() and status.st_mode & 0o077:
        raise DestinationError(
            f"The private key {file} can be read by others on this machine (mode {status.st_mode & 0o777:04o}), so it "
            f"is not used. Type: chmod 600 {file}"
        )
    try:
        return asyncssh.import_private_key(content, passphrase.get_secret_value() if passphrase else None)
    except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError) as exc:
        # The cause's frames hold the passphrase.
        raise DestinationError(_unusable(file, exc, given=passphrase is not None)) from None


def _unusable(file: Path, exc: Exception, *, given: bool) -> str:
    """Say why a key was not read; that its passphrase is at fault, asyncssh says in words only."""
    if "passphrase" not in str(exc).lower() and "decrypt" not in str(exc):
        return f"The private key {file} can't be used: {exc}. Make a key with: arfeed keygen"
    if given:
        return f"The passphrase in [destination] does not open the private key {file}."
    return (
        f"The private key {file} is protected by a passphrase, and none is given. Set passphrase = "
        '"${NAME}" or "${keyring:SERVICE/NAME}" in [destination].'
    )


@contextmanager
def agent_keys(*, wanted: bool) -> Iterator[Sequence[asyncssh.SSHKeyPair]]:
    """Lend the keys of the running SSH agent for as long as a login takes; none where they are not wanted."""
    if not wanted:
        yield ()
        return
    start = "Start one with eval $(ssh-agent), and give it the key with ssh-add FILE; or take use_agent away."
    try:
        agent = sync(get_loop(), asyncssh.connect_agent)
    except OSError as exc:
        raise DestinationError(f"use_agent is set, but no SSH agent answers at SSH_AUTH_SOCK. {start}") from exc
    try:
        keys = sync(get_loop(), agent.get_keys)
        if not keys:
            raise DestinationError(f"use_agent is set, but the SSH agent holds no key. {start}")
        yield keys
    finally:
        agent.close()
        sync(get_loop(), agent.wait_closed)


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A key pair that was made: the file of the private half, and the public one as a line of authorized_keys."""

    file: Path
    public_file: Path
    public_key: str
    fingerprint: str


def make_key_pair(file: Path, kind: KeyKind, passphrase: SecretStr | None) -> KeyPair:
    """Make a key pair in OpenSSH's format, readable by nobody else. Raise `ConfigError` where a file is there."""
    public_file = file.with_name(f"{file.name}.pub")
    for taken in (file, public_file):
        if taken.exists() or taken.is_symlink():
            raise ConfigError(f"{taken} is there already and was left as it is; name another file: arfeed keygen FILE")
    key = (
        asyncssh.generate_private_key("ssh-rsa", "arfeed", key_size=RSA_BITS)
        if kind == "rsa"
        else asyncssh.generate_private_key("ssh-ed25519", "arfeed")
    )
    private = key.export_private_key("openssh", passphrase.get_secret_value() if passphrase else None)
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write(file, private, 0o600)
        _write(public_file, key.export_public_key(), 0o644)
    except OSError as exc:
        raise ConfigError(f"{exc.filename or file} can't be written: {exc.strerror}; name another file") from exc
    return KeyPair(file, public_file, key.export_public_key().decode().strip(), key.get_fingerprint())


def _write(file: Path, content: bytes, mode: int) -> None:
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as target:
        target.write(content)
