"""Where the receiver's root is: reading the URL of a destination, and the one name a destination is known by."""

from __future__ import annotations

import ipaddress
import os
import posixpath
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, quote, unquote, urlsplit

import fsspec

from arfeed.model.errors import ConfigError, DestinationError

SFTP_PORT = 22

_PORTS = {"ftp": 21, "http": 80, "https": 443, "smb": 445, "webdav": 80, "webdavs": 443}
"""The ports of schemes whose URLs name a host and a port. Those of others name a bucket, or an account."""

# A slash or a backslash leaves the folder; a lone surrogate can't be written as UTF-8.
_UNSAFE = re.compile(r"[/\\\x00-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class SftpAddress:
    """A root on an SFTP server. `root` is absolute, or empty for the login directory; `host` is as it was written."""

    user: str
    host: str
    port: int
    root: str

    def __str__(self) -> str:
        """Return the canonical URL, which holds no password."""
        return f"sftp://{quote(self.user)}@{_as_host(self.host)}:{self.port}{quote(_as_url_path(self.root))}"


def is_sftp(url: str) -> bool:
    """Whether arfeed's own SFTP file system is used."""
    return url.startswith(("sftp://", "ssh://"))


def is_local(url: str) -> bool:
    """Whether a URL, or a path, names a folder of this machine."""
    return "://" not in url or url.startswith(("file://", "local://"))


def local_path(url: str) -> str:
    """Return the path that a URL of this machine names."""
    return str(fsspec.url_to_fs(url)[1])


def destination_id(url: str) -> str:
    """Return the identity of a destination: scheme, user, host, port and root, never a password.

    However an address is spelled it has one identity, and an identity's own identity is itself.
    """
    if is_sftp(url):
        return str(sftp_address(url))
    if is_local(url) or url.startswith("memory://"):
        filesystem, path = fsspec.url_to_fs(url)
        return str(filesystem.unstrip_protocol(_plain(path) if is_local(url) else path))
    return _without_secrets(urlsplit(url))


def sftp_address(url: str) -> SftpAddress:
    """Read an sftp:// URL; raise `ConfigError` saying what is wrong with it."""
    try:
        parts = urlsplit(url)
        port = parts.port or SFTP_PORT
    except ValueError as exc:
        raise ConfigError(_wrong(f"{exc}")) from exc
    if not parts.hostname or not parts.username:
        raise ConfigError(_wrong("it has to name a user and a host"))
    if parts.query or parts.fragment:
        raise ConfigError(_wrong("write ? as %3F and # as %23"))
    return SftpAddress(unquote(parts.username), parts.hostname, port, _root(unquote(parts.path)))


def check_name(name: str) -> None:
    """Refuse a file name that is more, or less, than a name."""
    if name in ("", ".", "..") or _UNSAFE.search(name):
        raise DestinationError(
            f"{name!r} can't be the name of a delivered file: it has to be a bare name without slashes or control "
            "characters. Mend the reference it comes from, or the destination plugin that made it. Nothing was sent."
        )


def check_folder(folder: str) -> None:
    """Refuse a folder that might not lie below the root."""
    if folder and any(part in ("", ".", "..") or _UNSAFE.search(part) for part in folder.split("/")):
        raise DestinationError(
            f"{folder!r} can't be a folder at the receiver: give a path below its root, such as csv_data_uploads. "
            "Nothing was sent."
        )


def _root(path: str) -> str:
    # A single slash is a habit of typing URLs, and a second identity for the same account would be a trap.
    if path in ("", "/"):
        return ""
    if ".." in path.split("/") or "\0" in path:
        raise ConfigError(_wrong("the path may not contain .."))
    return "/" + posixpath.normpath(path).lstrip("/")


def _as_url_path(root: str) -> str:
    return "/." if root == "/" else root


def _plain(path: str) -> str:
    """Return a local path without `.`, `..` and doubled slashes. What a link leads to lies not beside it, but there."""
    if ".." not in Path(path).parts:
        return os.path.normpath(path)
    behind = Path(path).parts[::-1].index("..")
    above = Path(*Path(path).parts[: len(Path(path).parts) - behind])
    return str(Path(os.path.realpath(above), *Path(path).parts[len(above.parts) :]))


def _as_host(host: str) -> str:
    """Return a host as everybody would write it: without the dot at the end, in small letters, an IPv6 shortened."""
    name = host.removesuffix(".").lower()
    try:
        return f"[{ipaddress.ip_address(name).compressed}]" if ":" in name else name
    except ValueError:
        return f"[{name}]"


def _without_secrets(parts: SplitResult) -> str:
    """Return a URL without its password. The names of buckets and what lies in them are left as they are."""
    user, _, place = parts.netloc.rpartition("@")
    name = user.partition(":")[0]
    if parts.scheme in _PORTS and parts.hostname:
        place = f"{_as_host(parts.hostname)}:{parts.port or _PORTS[parts.scheme]}"
    return f"{parts.scheme}://{name + '@' if name else ''}{place}{parts.path.rstrip('/')}"


def _wrong(why: str) -> str:
    return f"destination.url is no SFTP address: {why}. Write sftp://USER@HOST, sftp://USER@HOST:PORT/PATH."
