"""Connecting to an SFTP server: with what the settings name, and nothing else of this machine."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar, cast
from urllib.parse import urlsplit

import asyncssh
import stamina

from arfeed.model.errors import ConfigError, DestinationError
from arfeed.model.settings import DestinationSettings
from arfeed.sftp.address import SFTP_PORT, SftpAddress, sftp_address
from arfeed.sftp.filesystem import SftpFileSystem
from arfeed.sftp.hostkeys import HostKeyWitness, OtherKeys, host_key_kinds, read_known_hosts, untrusted
from arfeed.sftp.keys import agent_keys, read_private_key

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
    way = _way(address, settings, port_is_given=urlsplit(url).port is not None)
    known_hosts = read_known_hosts(Path(settings.known_hosts))
    with _explained(address, way, settings), agent_keys(wanted=settings.use_agent) as held:
        options = _options(address, way, settings, held)
        for attempt in stamina.retry_context(_may_pass, attempts=ATTEMPTS, timeout=ALL_ATTEMPTS_SECONDS):
            with attempt:
                return kind(
                    address.host,
                    port=way.server.port,
                    known_hosts=known_hosts,
                    options=options,
                    config=settings.ssh_config,
                    abort_broken_writes=settings.publish == "direct",
                    other_keys=way.other_keys,
                )
    raise AssertionError("the last attempt returns or raises")


@dataclass(frozen=True, slots=True)
class _Way:
    """How the server is reached: under which name and port known_hosts lists it, and what it showed when it was not.

    Without `ssh_config` in the settings, that is the address itself.
    """

    server: SftpAddress
    options: asyncssh.SSHClientConnectionOptions
    keys: tuple[Path, ...]
    shown: list[asyncssh.SSHKey] = field(default_factory=list)
    other_keys: OtherKeys = field(default_factory=OtherKeys)


def _way(address: SftpAddress, settings: DestinationSettings, *, port_is_given: bool) -> _Way:
    port = {} if settings.ssh_config and not port_is_given else {"port": address.port}
    try:
        options = asyncssh.SSHClientConnectionOptions(
            host=address.host,
            username=address.user,
            config=settings.ssh_config,  # None reads no configuration at all
            client_keys=None,
            agent_path=None,
            x509_trusted_certs=None,
            x509_trusted_cert_paths=None,
            **port,
        )
    except (OSError, ValueError) as exc:
        raise DestinationError(f"ssh_config: {settings.ssh_config} can't be used: {exc}. Mend it.") from exc
    server = replace(address, host=options.host_key_alias or options.host, port=options.port or SFTP_PORT)
    return _Way(server, options, tuple(Path(key).expanduser() for key in settings.private_key or _identities(options)))


def _identities(options: asyncssh.SSHClientConnectionOptions) -> list[str]:
    """Return the key files that the OpenSSH configuration names for this host, if one was read."""
    return [str(file) for file in cast("list[object]", options.config.get("IdentityFile", []))]


def _options(
    address: SftpAddress, way: _Way, settings: DestinationSettings, held: Sequence[asyncssh.SSHKeyPair]
) -> asyncssh.SSHClientConnectionOptions:
    keys = [*(read_private_key(key, settings.passphrase) for key in way.keys), *held]
    if not keys and not settings.password:
        raise DestinationError(
            f"There is nothing to log in to {address.host} with. Set private_key (the file of an OpenSSH key; "
            '`arfeed keygen` makes one) or password = "${NAME}" in [destination].'
        )
    return asyncssh.SSHClientConnectionOptions(
        way.options,
        # An empty list would mean the keys in ~/.ssh; only None means none.
        client_keys=keys or None,
        # Handed over as a question, so that no frame of a traceback holds the answer.
        password=settings.password.get_secret_value if settings.password else None,
        gss_host=None,
        host_based_auth=False,
        server_host_key_algs=host_key_kinds(way.server, Path(settings.known_hosts)),
        encryption_algs=CIPHERS,
        compression_algs=None,
        connect_timeout=CONNECT_SECONDS,
        login_timeout=LOGIN_SECONDS,
        keepalive_interval=KEEPALIVE_SECONDS,
        client_factory=lambda: HostKeyWitness(way.shown),
        server_host_keys_handler=way.other_keys,
    )


def _may_pass(exc: Exception) -> bool:
    """Whether a fresh connection may fare better."""
    if isinstance(exc, socket.gaierror):
        return exc.errno == socket.EAI_AGAIN
    return isinstance(exc, ConnectionError | TimeoutError | asyncssh.ConnectionLost)


@contextmanager
def _explained(address: SftpAddress, way: _Way, settings: DestinationSettings) -> Iterator[None]:
    server = f"{address.host} (port {way.server.port})"
    try:
        yield
    except asyncssh.HostKeyNotVerifiable as exc:
        raise DestinationError(untrusted(way.server, Path(settings.known_hosts), way.shown, exc.reason)) from exc
    except PermissionError as exc:
        raise DestinationError(
            f"{server} did not let {address.user!r} log in with {_credentials(way, settings)}. Check the user in "
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


def _credentials(way: _Way, settings: DestinationSettings) -> str:
    given = [f"the key {key}" for key in way.keys]
    given += ["the keys of the SSH agent"] if settings.use_agent else []
    return " or ".join([*given, "the password"] if settings.password else given)
