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

from arfeed.model.settings import DestinationSettings
from arfeed.sftp.address import SFTP_PORT, SftpAddress, sftp_address
from arfeed.sftp.filesystem import SftpFileSystem
from arfeed.sftp.hostkeys import HostKeyWitness, OtherKeys, explain_distrust, host_key_kinds, read_known_hosts
from arfeed.sftp.keys import agent_keys, read_private_key
from arfeed.sftp.sides import DESTINATION, SOURCE, Wording
from arfeed.sftp.source import SourceSftp, account_url

CONNECT_SECONDS = 15
LOGIN_SECONDS = 30
KEEPALIVE_SECONDS = 15
ATTEMPTS = 3
ALL_ATTEMPTS_SECONDS = 60

# ChaCha20, the default, costs asyncssh twice the processor time of AES-GCM.
CIPHERS = "^aes128-gcm@openssh.com,aes256-gcm@openssh.com"

Kind = TypeVar("Kind", bound=SftpFileSystem)


def connect(url: str, settings: DestinationSettings) -> SftpFileSystem:
    """Connect to a destination and log in. Raise `ConfigError` for a bad URL, `DestinationError` for all else."""
    return _connect(SftpFileSystem, url, settings, DESTINATION)


def connect_source(url: str, **login: object) -> SourceSftp:
    """Connect to the server of a source's URL. Raise `SourceError` if that fails.

    `login` holds `private_key`, `passphrase`, `password` and `known_hosts`, as far as they are set.
    """
    account = account_url(url)
    settings = DestinationSettings.model_validate({"url": account, **login})
    filesystem = _connect(SourceSftp, account, settings, SOURCE)
    filesystem.account = str(sftp_address(account, SOURCE))
    return filesystem


def _connect(kind: type[Kind], url: str, settings: DestinationSettings, wording: Wording) -> Kind:
    # It would end up in plans, receipts and the history, which name the destination by its URL.
    if urlsplit(url).password is not None:
        raise wording.config_error(
            f'{wording.url} holds a password; set password = "${{NAME}}" in {wording.table} instead.'
        )
    way = _make_way(sftp_address(url, wording), settings, wording, port_is_given=urlsplit(url).port is not None)
    # Read before connecting: without a list of known hosts nothing is to be asked of any server.
    known_hosts = read_known_hosts(Path(settings.known_hosts), wording)
    with _translate_errors(way, settings), agent_keys(wording, wanted=settings.use_agent) as held:
        options = _options(way, settings, held)
        for attempt in stamina.retry_context(_may_pass, attempts=ATTEMPTS, timeout=ALL_ATTEMPTS_SECONDS):
            with attempt:
                # Only what may pass by itself is tried again; a wrong password three times may lock the account.
                return kind(
                    way.address.host,
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
    """How a server is reached, and the host keys it showed.

    `server` has the name and port under which known_hosts lists it: those of `address`, unless `ssh_config` names
    others. `shown` are keys that were not trusted.
    """

    address: SftpAddress
    server: SftpAddress
    options: asyncssh.SSHClientConnectionOptions
    keys: tuple[Path, ...]
    wording: Wording
    shown: list[asyncssh.SSHKey] = field(default_factory=list)
    other_keys: OtherKeys = field(default_factory=OtherKeys)


def _make_way(address: SftpAddress, settings: DestinationSettings, wording: Wording, *, port_is_given: bool) -> _Way:
    # A port in the options would hide the one that the OpenSSH configuration names.
    port = {} if settings.ssh_config and not port_is_given else {"port": address.port}
    try:
        options = asyncssh.SSHClientConnectionOptions(
            host=address.host,
            username=address.user,
            config=settings.ssh_config,  # None reads no configuration at all
            client_keys=None,
            # Keys of this machine's user and agent would log in by chance, and on another machine no more.
            agent_path=None,
            x509_trusted_certs=None,
            x509_trusted_cert_paths=None,
            **port,
        )
    except (OSError, ValueError) as exc:
        raise wording.error(f"ssh_config: {settings.ssh_config} can't be used: {exc}. Fix it.") from exc
    # As OpenSSH does: what known_hosts lists is the alias, or the name that the configuration gives.
    server = replace(address, host=options.host_key_alias or options.host, port=options.port or SFTP_PORT)
    keys = tuple(Path(key).expanduser() for key in settings.private_key or _identities(options))
    return _Way(address, server, options, keys, wording)


def _identities(options: asyncssh.SSHClientConnectionOptions) -> list[str]:
    """Return the key files that the OpenSSH configuration names for this host, if one was read."""
    return [str(file) for file in cast("list[object]", options.config.get("IdentityFile", []))]


def _options(
    way: _Way, settings: DestinationSettings, held: Sequence[asyncssh.SSHKeyPair]
) -> asyncssh.SSHClientConnectionOptions:
    keys = [*(read_private_key(key, settings.passphrase, way.wording) for key in way.keys), *held]
    if not keys and not settings.password:
        raise way.wording.error(
            f"There is nothing to log in to {way.address.host} with. Set private_key (the file of an OpenSSH key; "
            f'`arfeed keygen` makes one) or password = "${{NAME}}" in {way.wording.table}.'
        )
    return asyncssh.SSHClientConnectionOptions(
        way.options,
        # asyncssh takes an empty list to mean the keys in ~/.ssh; only None means no key.
        client_keys=keys or None,
        # Passed as a function, so that no frame of a traceback holds the password.
        password=settings.password.get_secret_value if settings.password else None,
        gss_host=None,
        # Neither is asked for in the settings, and both would offer this machine's own identity.
        host_based_auth=False,
        server_host_key_algs=host_key_kinds(way.server, Path(settings.known_hosts)),
        encryption_algs=CIPHERS,
        # PDFs are compressed already, and reports are small.
        compression_algs=None,
        connect_timeout=CONNECT_SECONDS,
        login_timeout=LOGIN_SECONDS,
        keepalive_interval=KEEPALIVE_SECONDS,
        client_factory=lambda: HostKeyWitness(way.shown),
        server_host_keys_handler=way.other_keys,
    )


def _may_pass(exc: Exception) -> bool:
    """Whether another attempt may succeed."""
    if isinstance(exc, socket.gaierror):
        # A resolver that gives no answer may do so later; a name that does not exist is a mistake in the URL.
        return exc.errno == socket.EAI_AGAIN
    return isinstance(exc, ConnectionError | TimeoutError | asyncssh.ConnectionLost)


@contextmanager
def _translate_errors(way: _Way, settings: DestinationSettings) -> Iterator[None]:
    """Translate whatever a login raises."""
    try:
        yield
    # Before the general case: who the server is matters more than that a login failed.
    except asyncssh.HostKeyNotVerifiable as exc:
        known_hosts = Path(settings.known_hosts)
        why = explain_distrust(way.server, known_hosts, way.shown, exc.reason, way.wording)
        raise way.wording.error(why) from exc
    except (OSError, asyncssh.Error) as exc:
        raise way.wording.error(_explain_failure(exc, way, settings)) from exc


def _explain_failure(exc: Exception, way: _Way, settings: DestinationSettings) -> str:
    """Return why the login failed, and what to check."""
    server, url, owner = f"{way.address.host} (port {way.server.port})", way.wording.url, way.wording.owner
    match exc:
        case PermissionError():
            return (
                f"{server} did not let {way.address.user!r} log in with {_credentials(way, settings)}. Check the user "
                f"in {url}, and that {owner} has your public key."
            )
        case socket.gaierror():
            return (
                f"Could not resolve host {way.address.host} ({exc.strerror}). Check {url} and this machine's network."
            )
        case ConnectionRefusedError():
            return f"Nothing is listening at {server}. Check host and port in {url}."
        case asyncssh.KeyExchangeFailed():
            return (
                f"{server} and arfeed have no cipher in common: {exc}. What the server offers is obsolete, such as "
                f"ciphers in CBC mode, and arfeed uses none of it. Ask {owner} to enable AES-GCM or AES-CTR, and a "
                "current key exchange method."
            )
        case TimeoutError():
            return f"{server} did not answer in time. Check {url}, and whether a firewall blocks this machine."
    return (
        f"Connecting to {server} as {way.address.user!r} failed: {exc}. Check {url}; if it is right, try again later "
        f"or ask {owner}."
    )


def _credentials(way: _Way, settings: DestinationSettings) -> str:
    given = [f"the key {key}" for key in way.keys]
    given += ["the keys of the SSH agent"] if settings.use_agent else []
    return " or ".join([*given, "the password"] if settings.password else given)
