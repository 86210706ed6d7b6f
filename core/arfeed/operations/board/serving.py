"""Where the board listens, and under which conditions it does."""

from __future__ import annotations

import logging
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from arfeed.model.errors import ConfigError
from arfeed.operations.board.access.guard import Network, Place

if TYPE_CHECKING:
    from starlette.types import ASGIApp

_LOOPBACK = {
    "127.0.0.1": ("127.0.0.1", "localhost"),
    "localhost": ("127.0.0.1", "localhost"),
    "::1": ("[::1]", "localhost"),
}


@dataclass(frozen=True, slots=True)
class Listening:
    """Address and port to listen at; the certificate and its key; the proxies before it; the address people type."""

    host: str = "127.0.0.1"
    port: int = 8300
    certificate: Path | None = None
    private_key: Path | None = None
    proxies: Sequence[str] = ()
    url: str | None = None

    def place(self) -> Place:
        """Return where browsers reach it. Raise `ConfigError` for anything but loopback, TLS or a declared proxy."""
        proxies = tuple(_network(proxy) for proxy in self.proxies)
        local = self.host in _LOOPBACK
        if (self.certificate is None) != (self.private_key is None):
            raise ConfigError("--certificate and --private-key belong together: name both, or neither")
        if self.certificate and proxies:
            raise ConfigError("--certificate and --behind-proxy exclude each other: TLS ends here, or at the proxy")
        if not local and not self.certificate and not proxies:
            raise ConfigError(
                f"--host {self.host}: the board listens there only by TLS, or behind a proxy that speaks TLS: "
                "passwords would cross the network in the clear. Give --certificate and --private-key, or "
                "--behind-proxy with the proxy's address, or leave --host out and use an SSH tunnel"
            )
        if self.url is not None:
            return Place(frozenset({_origin(self.url, by_tls=bool(self.certificate or proxies))}), proxies)
        if proxies or not local:
            raise ConfigError(
                "--url is required: name the address that people type, as in --url https://board.example.com. Forms "
                "from any other are refused"
            )
        scheme = "https" if self.certificate else "http"
        return Place(frozenset(f"{scheme}://{name}:{self.port}" for name in _LOOPBACK[self.host]))


def address_of(listening: Listening) -> str:
    """Return the address to print: the one that was given, or that of this machine."""
    scheme = "https" if listening.certificate else "http"
    return listening.url.rstrip("/") if listening.url else f"{scheme}://{_LOOPBACK[listening.host][0]}:{listening.port}"


def bind_port(listening: Listening) -> socket.socket:
    """Return a socket that holds the port. Raise `ConfigError` if that is not possible."""
    family = socket.AF_INET6 if ":" in listening.host else socket.AF_INET
    held = socket.socket(family, socket.SOCK_STREAM)
    try:
        # A board that is started again need not wait until the system has forgotten its last connections.
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind((listening.host, listening.port))
    except OSError as exc:
        held.close()
        raise ConfigError(
            f"--host {listening.host} --port {listening.port}: the board can't listen there: {exc.strerror or exc}; is "
            "one running already?"
        ) from exc
    return held


def serve(site: ASGIApp, listening: Listening, held: socket.socket) -> None:
    """Serve until Ctrl-C or SIGTERM. Raise `ConfigError` if the certificate can't be used."""
    import uvicorn

    if listening.certificate and listening.private_key:
        try:
            ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(
                listening.certificate, listening.private_key
            )
        except (OSError, ValueError) as exc:
            raise ConfigError(f"--certificate {listening.certificate}: it can't be used: {exc}") from exc
    config = uvicorn.Config(
        site,
        host=listening.host,
        port=listening.port,
        # Addresses of one-time links would stand in an access log, and whoever reads logs could use them.
        access_log=False,
        log_level="warning",
        server_header=False,
        # Headers of a proxy are read by `Guard`, which knows the proxy.
        proxy_headers=False,
        limit_concurrency=200,
        timeout_keep_alive=10,
        timeout_graceful_shutdown=5,
        h11_max_incomplete_event_size=16 * 1024,
        ssl_certfile=listening.certificate,
        ssl_keyfile=listening.private_key,
    )
    log_bugs()
    uvicorn.Server(config).run(sockets=[held])


def log_bugs() -> None:
    """Have the bugs of pages and workers logged to stderr, whose secrets are masked."""
    # arfeed's own logger writes nothing unless somebody asked for events, and hides what is logged below it.
    logging.getLogger("arfeed.board").addHandler(logging.StreamHandler())


def _network(text: str) -> Network:
    try:
        return ip_network(text)
    except ValueError as exc:
        raise ConfigError(
            f"--behind-proxy {text}: give the address that the proxy connects from, or a network, as in 10.0.0.7 or "
            f"10.0.0.0/28 ({exc})"
        ) from exc


def _origin(url: str, *, by_tls: bool) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.path.strip("/") or parts.query or "@" in url:
        raise ConfigError(f"--url {url}: give scheme and host and nothing else, as in https://board.example.com")
    if parts.scheme == "http" and (by_tls or not _is_loopback(parts.hostname or "")):
        raise ConfigError(f"--url {url}: it must begin with https://, since people log in there")
    if parts.scheme == "https" and not by_tls:
        raise ConfigError(
            f"--url {url}: nothing here speaks TLS; give --certificate and --private-key, or --behind-proxy"
        )
    return f"{parts.scheme}://{parts.netloc.lower()}"


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
