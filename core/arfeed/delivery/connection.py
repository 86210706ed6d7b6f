"""Connecting to an SFTP server: with the keys of the settings and nothing else of this machine."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import asyncssh
import stamina

from arfeed.delivery.address import SftpAddress, sftp_address
from arfeed.delivery.filesystem import SftpFileSystem
from arfeed.delivery.keys import HostKeyWitness, host_key_kinds, read_known_hosts, read_private_key, untrusted
from arfeed.errors import ConfigError, DestinationError
from arfeed.settings import DestinationSettings

CONNECT_SECONDS = 15
LOGIN_SECONDS = 30
KEEPALIVE_SECONDS = 15
ATTEMPTS = 3
ALL_ATTEMPTS_SECONDS = 60

# ChaCha20 costs asyncssh twice the processor time of AES-GCM.
CIPHERS = "^aes128-gcm@openssh.com,aes256-gcm@openssh.com"

Kind = TypeVar("Kind", bound=SftpFileSystem)


def connect(url: str, settings: DestinationSettings) -> SftpFileSystem:
    """Connect and log in; raise `DestinationError` saying what went wrong and what to do."""
    return connect_as(SftpFileSystem, url, settings)


def connect_as(kind: type[Kind], url: str, settings: DestinationSettings) -> Kind:
    """Connect as `connect` does, to a file system of some kind."""
    if urlsplit(url).password is not None:
        raise ConfigError('destination.url holds a password; set password = "${NAME}" in [destination] instead.')
    address = sftp_address(url)
    seen: list[asyncssh.SSHKey] = []
    options = _options(address, settings, seen)
    known_hosts = read_known_hosts(Path(settings.known_hosts))
    with _explained(address, settings, seen):
        for attempt in stamina.retry_context(_may_pass, attempts=ATTEMPTS, timeout=ALL_ATTEMPTS_SECONDS):
            with attempt:
                return kind(
                    address.host,
                    port=address.port,
                    known_hosts=known_hosts,
                    options=options,
                    abort_broken_writes=settings.publish == "direct",
                )
    raise AssertionError("the last attempt returns or raises")


def _options(
    address: SftpAddress, settings: DestinationSettings, seen: list[asyncssh.SSHKey]
) -> asyncssh.SSHClientConnectionOptions:
    if not settings.private_key and not settings.password:
        raise DestinationError(
            f"There is nothing to log in to {address.host} with. Set private_key (the file of an OpenSSH key) or "
            'password = "${NAME}" in [destination].'
        )
    key = settings.private_key
    return asyncssh.SSHClientConnectionOptions(
        username=address.user,
        # An empty list would mean the keys in ~/.ssh; only None means none.
        client_keys=[read_private_key(Path(key), settings.passphrase)] if key else None,
        password=settings.password.get_secret_value() if settings.password else None,
        agent_path=None,
        gss_host=None,
        host_based_auth=False,
        x509_trusted_certs=None,
        x509_trusted_cert_paths=None,
        server_host_key_algs=host_key_kinds(address, Path(settings.known_hosts)),
        encryption_algs=CIPHERS,
        compression_algs=None,
        connect_timeout=CONNECT_SECONDS,
        login_timeout=LOGIN_SECONDS,
        keepalive_interval=KEEPALIVE_SECONDS,
        client_factory=lambda: HostKeyWitness(seen),
    )


def _may_pass(exc: Exception) -> bool:
    """Whether a fresh connection may fare better."""
    if isinstance(exc, socket.gaierror):
        return exc.errno == socket.EAI_AGAIN
    return isinstance(exc, ConnectionError | TimeoutError | asyncssh.ConnectionLost)


@contextmanager
def _explained(address: SftpAddress, settings: DestinationSettings, seen: list[asyncssh.SSHKey]) -> Iterator[None]:
    known_hosts = Path(settings.known_hosts)
    server = f"{address.host} (port {address.port})"
    try:
        yield
    except asyncssh.HostKeyNotVerifiable as exc:
        why = untrusted(address, known_hosts, seen[-1]) if seen else f"The server {server} is not trusted: {exc.reason}"
        raise DestinationError(why) from exc
    except PermissionError as exc:
        raise DestinationError(
            f"{server} did not let {address.user!r} log in with {_credentials(settings)}. Check the user in "
            "destination.url, and that the receiver has your public key."
        ) from exc
    except socket.gaierror as exc:
        raise DestinationError(
            f"The name {address.host} leads nowhere ({exc.strerror}). Check destination.url and this machine's network."
        ) from exc
    except ConnectionRefusedError as exc:
        raise DestinationError(f"Nothing listens at {server}. Check host and port in destination.url.") from exc
    except TimeoutError as exc:
        raise DestinationError(
            f"{server} did not answer in time. Check destination.url, and whether a firewall lets this machine through."
        ) from exc
    except (OSError, asyncssh.Error) as exc:
        raise DestinationError(
            f"Connecting to {server} as {address.user!r} failed: {exc}. Check destination.url; if it is right, try "
            "again later or ask the receiver."
        ) from exc


def _credentials(settings: DestinationSettings) -> str:
    given = [f"the key {settings.private_key}"] if settings.private_key else []
    return " or ".join([*given, "the password"] if settings.password else given)
