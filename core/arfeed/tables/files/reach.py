"""Reaching the storage that a source's settings name, an SFTP server with its login included."""

from __future__ import annotations

from typing import Any

from arfeed.model.settings import FileSettings, SourceSettings
from arfeed.tables.files.storage import Storage, refuse_sftp, storage_at

_LOGIN = ("private_key", "passphrase", "password", "known_hosts")


def reach(url: str, settings: SourceSettings) -> Storage:
    """Return the storage of a URL. Raise `SourceError` if it can't be reached, or must not be."""

    def connect(server: str) -> Any:
        if not isinstance(settings, FileSettings):
            refuse_sftp(server)
        # asyncssh is heavy to import, and most sources need none of it.
        from arfeed.sftp.connection import connect_source

        return connect_source(server, **{name: value for name in _LOGIN if (value := getattr(settings, name))})

    return storage_at(url, connect)
