"""Where the receiver's root is: reading the URL of a destination, and the one name a destination is known by."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from urllib.parse import SplitResult, quote, unquote, urlsplit

import fsspec

from arfeed.errors import ConfigError, DestinationError

SFTP_PORT = 22

# A slash or a backslash leaves the folder; a lone surrogate can't be written as UTF-8.
_UNSAFE = re.compile(r"[/\\\x00-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class SftpAddress:
    """A root on an SFTP server. `root` is absolute, or empty for the login directory."""

    user: str
    host: str
    port: int
    root: str

    def __str__(self) -> str:
        """Return the canonical URL, which holds no password."""
        return f"sftp://{quote(self.user)}@{_bracketed(self.host)}:{self.port}{quote(_as_url_path(self.root))}"


def is_sftp(url: str) -> bool:
    """Whether arfeed's own SFTP file system is used."""
    return url.startswith(("sftp://", "ssh://"))


def destination_id(url: str) -> str:
    """Return the identity of a destination: scheme, user, host, port and root, never a password."""
    if is_sftp(url):
        return str(sftp_address(url))
    if "://" not in url or url.startswith(("file://", "local://", "memory://")):
        filesystem, path = fsspec.url_to_fs(url)
        return str(filesystem.unstrip_protocol(path))
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


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _without_secrets(parts: SplitResult) -> str:
    user, _, host = parts.netloc.rpartition("@")
    name = user.partition(":")[0]
    return f"{parts.scheme}://{name + '@' if name else ''}{host}{parts.path.rstrip('/')}"


def _wrong(why: str) -> str:
    return f"destination.url is no SFTP address: {why}. Write sftp://USER@HOST, sftp://USER@HOST:PORT/PATH."
