"""The keys for logging in: read from files, lent by the SSH agent, or made by `arfeed keygen`."""

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

from arfeed.model.errors import ConfigError
from arfeed.sftp.sides import DESTINATION, Wording

RSA_BITS = 4096

KeyKind = Literal["ed25519", "rsa"]


def read_private_key(file: Path, passphrase: SecretStr | None, wording: Wording = DESTINATION) -> asyncssh.SSHKey:
    """Read a private key. Raise `wording.error` if it is unusable or, by OpenSSH's rule, readable by others."""
    try:
        status = file.stat()
        content = file.read_bytes()
    except OSError as exc:
        raise wording.error(
            f"The private key {file} can't be read: {exc.strerror}. Check private_key in {wording.table}, or make a "
            f"key with: arfeed keygen {file}"
        ) from exc
    # OpenSSH checks only files of the user's own. Secrets mounted into a container belong to root and are open to
    # the user's group, so checking them too would lock such machines out.
    if os.name == "posix" and status.st_uid == os.getuid() and status.st_mode & 0o077:
        raise wording.error(
            f"The private key {file} can be read by others on this machine (mode {status.st_mode & 0o777:04o}), so it "
            f"is not used. Type: chmod 600 {file}"
        )
    try:
        return asyncssh.import_private_key(content, passphrase.get_secret_value() if passphrase else None)
    except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError) as exc:
        # `from None`, since the frames of the cause hold the passphrase.
        raise wording.error(_explain_unusable(file, exc, wording, given=passphrase is not None)) from None


def _explain_unusable(file: Path, exc: Exception, wording: Wording, *, given: bool) -> str:
    """Return why a key could not be read."""
    # asyncssh (2.24) raises the same error for a wrong passphrase and a damaged key; only its text differs.
    if "passphrase" not in str(exc).lower() and "decrypt" not in str(exc):
        return f"The private key {file} can't be used: {exc}. Make a key with: arfeed keygen"
    if given:
        return f"The passphrase in {wording.table} does not open the private key {file}."
    return (
        f"The private key {file} is protected by a passphrase, and none is set. Set passphrase = "
        f'"${{NAME}}" or "${{keyring:SERVICE/NAME}}" in {wording.table}.'
    )


@contextmanager
def agent_keys(wording: Wording = DESTINATION, *, wanted: bool) -> Iterator[Sequence[asyncssh.SSHKeyPair]]:
    """Lend the keys of the running SSH agent for the time of a login; none unless they are `wanted`."""
    if not wanted:
        yield ()
        return
    start = "Start one with eval $(ssh-agent) and add the key with ssh-add FILE, or remove use_agent."
    try:
        agent = sync(get_loop(), asyncssh.connect_agent)
    except OSError as exc:
        raise wording.error(f"use_agent is set, but no SSH agent answers at SSH_AUTH_SOCK. {start}") from exc
    try:
        keys = sync(get_loop(), agent.get_keys)
        if not keys:
            raise wording.error(f"use_agent is set, but the SSH agent holds no key. {start}")
        yield keys
    finally:
        # Closed before the delivery: keys are needed for the login alone.
        agent.close()
        sync(get_loop(), agent.wait_closed)


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A new key pair: the file of the private half, and the public half as a line of authorized_keys."""

    file: Path
    public_file: Path
    public_key: str
    fingerprint: str


def make_key_pair(file: Path, kind: KeyKind, passphrase: SecretStr | None) -> KeyPair:
    """Make a key pair in OpenSSH's format, readable by nobody else. Raise `ConfigError` if a file exists already."""
    public_file = file.with_name(f"{file.name}.pub")
    for taken in (file, public_file):
        # A link that leads nowhere does not "exist", and writing would go through it.
        if taken.exists() or taken.is_symlink():
            raise ConfigError(f"{taken} exists already and was left as it is; name another file: arfeed keygen FILE")
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
    # Created with its mode, so that nobody can read the private half in between; O_EXCL, so that none is overwritten.
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as target:
        target.write(content)
