"""Listing the files that may be PDFs of invoices: those of a folder, or the members of ZIP archives."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from arfeed.model.errors import SourceError
from arfeed.model.parts import Connector
from arfeed.tables.files.reach import reach
from arfeed.tables.files.storage import Entry, OpenArchive, Storage, display_path, translate_errors

# No field in the path of the archive: its members are listed before any invoice is looked at.
_ARCHIVE = re.compile(r"([^{]+?\.zip)/(.+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ListedFile:
    """A file, with its name relative to the folder or archive."""

    name: str
    entry: Entry
    storage: Storage
    read: Callable[[str], bytes]

    @property
    def label(self) -> str:
        """Return the path or URL, as messages show it."""
        return display_path(self.storage.url(self.entry.path))

    def content(self) -> bytes:
        """Read the file."""
        return self.read(self.entry.path)


@dataclass(frozen=True, slots=True)
class Listing:
    """Files, the newest first, and the part of the template that their names must match."""

    pattern: str
    files: list[ListedFile]


def list_documents(connector: Connector) -> Listing:
    """List the files that the setting `documents` names. Raise `SourceError` if the folder or archive is missing."""
    template = connector.settings.documents or ""
    archives = _ARCHIVE.fullmatch(template) if "::" not in template else None
    with translate_errors(f"{connector.source}: `documents`"):
        if archives:
            files, pattern = [*_members(connector, archives[1])], archives[2]
        else:
            files, pattern = [*_files(connector, template)], _split(template)[1]
    # Newest first, since the first file of an invoice is chosen; then by name, so that every run chooses the same.
    return Listing(pattern, sorted(files, key=lambda file: (-file.entry.changed, file.name)))


def _files(connector: Connector, template: str) -> Iterator[ListedFile]:
    folder, pattern = _split(template)
    storage = reach(folder, connector.settings)
    base = storage.path(folder)
    # Subfolders only if the template reaches into them: they may hold the PDFs of many years.
    entries = storage.listing(base, deep="/" in pattern)
    if entries is None:
        raise SourceError(
            f"{connector.source}: the folder of `documents` does not exist: {display_path(folder)}; create it, or "
            "correct `documents`"
        )
    read = storage.read if storage.archive is None else OpenArchive(storage).read
    # Templates are relative to the folder, while file systems list whole paths.
    below = len(base.rstrip("/")) + 1 if base else 0
    for entry in entries:
        yield ListedFile(entry.path[below:], entry, storage, read)


def _members(connector: Connector, pattern: str) -> Iterator[ListedFile]:
    """List the members of all archives that a pattern matches."""
    storage = reach(pattern, connector.settings)
    archives = storage.glob(storage.path(pattern))
    if not archives:
        raise SourceError(f"{connector.source}: no archive of `documents` exists: {display_path(pattern)}; correct it")
    for archive in archives:
        inside = Storage(storage.filesystem, archive.path)
        read = OpenArchive(inside).read
        for entry in inside.listing("", deep=True) or []:
            yield ListedFile(entry.path, entry, inside, read)


def _split(template: str) -> tuple[str, str]:
    """Split a template into its fixed folder and the rest, which depends on the invoice."""
    first, link, archive = template.partition("::")
    scheme, root, path = first.rpartition("://")
    # Up to the last slash before a field or wildcard: only that much is the same for all invoices.
    cut = re.split(r"[{*?]", path)[0].rfind("/")
    return f"{scheme}{root}{path[: cut + 1]}{link}{archive}", path[cut + 1 :]
