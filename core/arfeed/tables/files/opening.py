"""Opening the files of a source, wherever they are kept."""

from __future__ import annotations

import hashlib
from typing import IO, Self

from arfeed.tables.files.storage import Entry, Storage, display_path, refuse_sftp, storage_at, translate_errors


class FoundFile(str):
    """The path or URL of a file, as messages show it, with the storage that it was found in.

    A plain string would lose the login: what opens a file by its name later could not reach its server any more.
    """

    storage: Storage
    entry: Entry

    @classmethod
    def at(cls, storage: Storage, entry: Entry) -> Self:
        """Name a file of a listing."""
        file = cls(display_path(storage.url(entry.path)))
        file.storage, file.entry = storage, entry
        return file


def open_binary(file: str) -> IO[bytes]:
    """Open a file that `find_files` found, or any path or fsspec URL. Raise `SourceError` if that fails."""
    with translate_errors(file, "it can't be opened"):
        if isinstance(file, FoundFile):
            return file.storage.open(file.entry.path)
        storage = storage_at(file, refuse_sftp)
        return storage.open(storage.path(file))


def hash_file(file: str) -> str:
    """Return the SHA-256 of a file."""
    with open_binary(file) as data:
        return hashlib.file_digest(data, "sha256").hexdigest()  # type: ignore[arg-type]  # fsspec's files have readinto
