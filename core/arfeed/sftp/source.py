"""The way back: reading what a source keeps on an SFTP server, as strictly as the receiver's is written."""

from __future__ import annotations

from typing import Any, Self
from urllib.parse import quote, unquote, urlsplit

from fsspec.spec import AbstractBufferedFile

from arfeed.model.errors import ConfigError, DestinationError, SourceError
from arfeed.model.settings import DestinationSettings
from arfeed.sftp.address import sftp_address
from arfeed.sftp.connection import connect_as
from arfeed.sftp.filesystem import SftpFileSystem

_LOGIN_FOLDER = "/~/"

# The messages about servers and keys are written for the one destination of a feed.
_WORDS = {
    "destination.url": "the address",
    "[destination]": "the table of the source",
    "so nothing was sent": "so nothing was read",
    "the receiver": "its owner",
    "/PATH": "/PATH/NAME*.csv",
}


class SourceSftp(SftpFileSystem):
    """Files of a source. Paths are absolute, or start at the login directory where the URL's begins with `/~/`."""

    protocol = "sftp"
    account: str
    """The URL of the server's root, without a password."""

    @classmethod
    def reach(cls, url: str, **login: object) -> Self:
        """Connect with `private_key`, `passphrase`, `password`, `known_hosts`; raise `SourceError` where that fails."""
        account = _account(url)
        try:
            filesystem = connect_as(cls, account, DestinationSettings.model_validate({"url": account, **login}))
        except (ConfigError, DestinationError) as exc:
            raise SourceError(_about_a_source(str(exc))) from exc
        filesystem.account = str(sftp_address(account))
        return filesystem

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        if "://" not in path:
            return path.rstrip("/") or path
        plain = unquote(path[len(_account(path)) :])
        return plain.removeprefix(_LOGIN_FOLDER) if plain.startswith(_LOGIN_FOLDER) else plain

    def unstrip_protocol(self, name: str) -> str:
        """Return the URL of a path."""
        return f"{self.account}{quote(name if name.startswith('/') else _LOGIN_FOLDER + name, safe='/~*')}"

    def _open(self, path: str, mode: str = "rb", **_: object) -> AbstractBufferedFile:
        return _File(self, path, mode)


class _File(AbstractBufferedFile):  # type: ignore[misc]  # fsspec ships no types
    """An open file that is fetched a block at a time."""

    def _fetch_range(self, start: int, end: int) -> Any:
        return self.fs.cat_file(self.path, start=start, end=end)


def _account(url: str) -> str:
    """Return a URL up to its path."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _about_a_source(text: str) -> str:
    for ours, theirs in _WORDS.items():
        text = text.replace(ours, theirs)
    return text
