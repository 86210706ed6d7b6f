"""URLs of servers: reading an sftp:// address, and the one identity by which a destination is known."""

from __future__ import annotations

import ipaddress
import os
import posixpath
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, quote, unquote, urlsplit

import fsspec

from arfeed.model.errors import DestinationError
from arfeed.sftp.sides import DESTINATION, Wording

SFTP_PORT = 22

_PORTS = {"ftp": 21, "http": 80, "https": 443, "smb": 445, "webdav": 80, "webdavs": 443}
"""Default ports of the schemes whose URLs name a host and a port. URLs of other schemes name a bucket or an account."""

# A slash or a backslash would leave the folder; a lone surrogate cannot be encoded as UTF-8.
_UNSAFE = re.compile(r"[/\\\x00-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class SftpAddress:
    """A root on an SFTP server. `root` is absolute, or empty for the login directory; `host` is as in the URL."""

    user: str
    host: str
    port: int
    root: str

    def __str__(self) -> str:
        """Return the canonical URL, which holds no password."""
        return f"sftp://{quote(self.user)}@{_canonical_host(self.host)}:{self.port}{quote(_as_url_path(self.root))}"

    @property
    def nondefault_port(self) -> int | None:
        """The port, unless it is SSH's own: known_hosts names a server on port 22 by its host alone."""
        return None if self.port == SFTP_PORT else self.port

    @property
    def known_hosts_name(self) -> str:
        """The name of the server in a known_hosts file."""
        return f"[{self.host}]:{self.port}" if self.nondefault_port else self.host


def is_sftp(url: str) -> bool:
    """Whether a URL is for arfeed's own SFTP file system."""
    return url.startswith(("sftp://", "ssh://"))


def is_local(url: str) -> bool:
    """Whether a URL, or a path, names a folder on this machine."""
    return "://" not in url or url.startswith(("file://", "local://"))


def local_path(url: str) -> str:
    """Return the path of a local URL."""
    return str(fsspec.url_to_fs(url)[1])


def destination_id(url: str) -> str:
    """Return the identity of a destination: scheme, user, host, port and root, never a password.

    All spellings of an address have the same identity, and the identity of an identity is itself.
    """
    if is_sftp(url):
        return str(sftp_address(url))
    if is_local(url) or url.startswith("memory://"):
        filesystem, path = fsspec.url_to_fs(url)
        return str(filesystem.unstrip_protocol(_normalize_local(path) if is_local(url) else path))
    return _without_secrets(urlsplit(url))


def sftp_address(url: str, wording: Wording = DESTINATION) -> SftpAddress:
    """Read an sftp:// URL. Raise `wording.config_error` naming what is wrong with it."""
    try:
        parts = urlsplit(url)
        port = parts.port or SFTP_PORT
    except ValueError as exc:
        raise wording.config_error(_describe_problem(f"{exc}", wording)) from exc
    if not parts.hostname or not parts.username:
        raise wording.config_error(_describe_problem("it must name a user and a host", wording))
    # A folder called "a#b" would silently be cut to "a", which is another destination.
    if parts.query or parts.fragment:
        raise wording.config_error(_describe_problem("write ? as %3F and # as %23", wording))
    return SftpAddress(unquote(parts.username), parts.hostname, port, _root(unquote(parts.path), wording))


def check_name(name: str) -> None:
    """Raise `DestinationError` unless a file name is a bare name."""
    if name in ("", ".", "..") or _UNSAFE.search(name):
        raise DestinationError(
            f"{name!r} can't be the name of a delivered file: it must be a bare name without slashes or control "
            "characters. Fix the reference it comes from, or the destination plugin that made it. Nothing was sent."
        )


def check_folder(folder: str) -> None:
    """Raise `DestinationError` for a folder that might not be below the root."""
    if folder and any(part in ("", ".", "..") or _UNSAFE.search(part) for part in folder.split("/")):
        raise DestinationError(
            f"{folder!r} can't be a folder at the receiver: give a path below its root, such as csv_data_uploads. "
            "Nothing was sent."
        )


def _root(path: str, wording: Wording) -> str:
    # People end URLs with a slash by habit. A second identity for the same account would have its own baseline, and
    # what was delivered under the other one would be unknown to it.
    if path in ("", "/"):
        return ""
    if ".." in path.split("/") or "\0" in path:
        raise wording.config_error(_describe_problem("the path may not contain ..", wording))
    return "/" + posixpath.normpath(path).lstrip("/")


def _as_url_path(root: str) -> str:
    return "/." if root == "/" else root


def _normalize_local(path: str) -> str:
    """Return a local path without `.`, `..` and doubled slashes; `..` after a symlink is that of the link's target."""
    # The usual case needs no look at the disk.
    if ".." not in Path(path).parts:
        return os.path.normpath(path)
    behind = Path(path).parts[::-1].index("..")
    above = Path(*Path(path).parts[: len(Path(path).parts) - behind])
    return str(Path(os.path.realpath(above), *Path(path).parts[len(above.parts) :]))


def _canonical_host(host: str) -> str:
    """Return a hostname in lower case and without a trailing dot, or an IPv6 address in its short form, in brackets."""
    name = host.removesuffix(".").lower()
    try:
        return f"[{ipaddress.ip_address(name).compressed}]" if ":" in name else name
    except ValueError:
        return f"[{name}]"


def _without_secrets(parts: SplitResult) -> str:
    """Return a URL without its password. Names of buckets, and of what they hold, stay as they are."""
    user, _, place = parts.netloc.rpartition("@")
    name = user.partition(":")[0]
    if parts.scheme in _PORTS and parts.hostname:
        place = f"{_canonical_host(parts.hostname)}:{parts.port or _PORTS[parts.scheme]}"
    return f"{parts.scheme}://{name + '@' if name else ''}{place}{parts.path.rstrip('/')}"


def _describe_problem(why: str, wording: Wording) -> str:
    return (
        f"{wording.url} is not an SFTP address: {why}. Write sftp://USER@HOST or sftp://USER@HOST:PORT{wording.path}."
    )
