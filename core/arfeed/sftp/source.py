"""Reading a source's files from an SFTP server, with the same checks as when delivering to one."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, unquote, urlsplit

from fsspec.spec import AbstractBufferedFile

from arfeed.sftp.filesystem import SftpFileSystem

# In a URL every path begins with a slash, so `/~/` marks one that starts at the login directory.
_LOGIN_FOLDER = "/~/"


class SourceSftp(SftpFileSystem):
    """Files of a source. Paths are absolute, or relative to the login directory if the URL's begins with `/~/`."""

    protocol = "sftp"
    account = ""
    """The URL of the server's root, without a password; whoever connects sets it."""

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        if "://" not in path:
            return path.rstrip("/") or path
        plain = unquote(path[len(account_url(path)) :])
        return plain.removeprefix(_LOGIN_FOLDER) if plain.startswith(_LOGIN_FOLDER) else plain

    def unstrip_protocol(self, name: str) -> str:
        """Return the URL of a path."""
        return f"{self.account}{quote(name if name.startswith('/') else _LOGIN_FOLDER + name, safe='/~*')}"

    def _open(self, path: str, mode: str = "rb", **_: object) -> AbstractBufferedFile:
        return _File(self, path, mode)


class _File(AbstractBufferedFile):  # type: ignore[misc]  # fsspec ships no types
    """An open file, fetched block by block."""

    def _fetch_range(self, start: int, end: int) -> Any:
        return self.fs.cat_file(self.path, start=start, end=end)


def account_url(url: str) -> str:
    """Return the part of a URL before its path."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
