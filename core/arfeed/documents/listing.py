"""The files among which an invoice's PDF may be: those of a folder, or the members of ZIP archives."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from arfeed.model.errors import SourceError
from arfeed.model.parts import Connector
from arfeed.tables.files.storage import Entry, OpenArchive, Storage, explained, label, storage

_ARCHIVE = re.compile(r"([^{]+?\.zip)/(.+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ListedFile:
    """A file, and its name below the folder or in the archive."""

    name: str
    entry: Entry
    place: Storage
    read: Callable[[str], bytes]

    @property
    def label(self) -> str:
        """The path or URL as people know it."""
        return label(self.place.url(self.entry.path))

    def content(self) -> bytes:
        """Read the file."""
        return self.read(self.entry.path)


@dataclass(frozen=True, slots=True)
class Listing:
    """Files, the newest first, and what is left of the template for their names."""

    pattern: str
    files: list[ListedFile]


def list_documents(connector: Connector) -> Listing:
    """List what the setting `documents` speaks of. Raise `SourceError` where the folder or archive is not there."""
    template = connector.settings.documents or ""
    archives = _ARCHIVE.fullmatch(template) if "::" not in template else None
    with explained(f"{connector.source}: `documents`"):
        if archives:
            files, pattern = [*_members(connector, archives[1])], archives[2]
        else:
            files, pattern = [*_files(connector, template)], _split(template)[1]
    return Listing(pattern, sorted(files, key=lambda file: (-file.entry.changed, file.name)))


def _files(connector: Connector, template: str) -> Iterator[ListedFile]:
    folder, pattern = _split(template)
    place = storage(folder, connector.settings)
    base = place.path(folder)
    entries = place.listing(base, deep="/" in pattern)
    if entries is None:
        raise SourceError(
            f"{connector.source}: the folder of `documents` is not there: {label(folder)}; make it, or mend `documents`"
        )
    read = place.read if place.archive is None else OpenArchive(place).read
    below = len(base.rstrip("/")) + 1 if base else 0
    for entry in entries:
        yield ListedFile(entry.path[below:], entry, place, read)


def _members(connector: Connector, pattern: str) -> Iterator[ListedFile]:
    """Look into all archives that a pattern matches."""
    place = storage(pattern, connector.settings)
    archives = place.glob(place.path(pattern))
    if not archives:
        raise SourceError(f"{connector.source}: `documents` names no archive that is there: {label(pattern)}; mend it")
    for archive in archives:
        inside = Storage(place.filesystem, archive.path)
        read = OpenArchive(inside).read
        for entry in inside.listing("", deep=True) or []:
            yield ListedFile(entry.path, entry, inside, read)


def _split(template: str) -> tuple[str, str]:
    """Split a template into its fixed folder and the rest, which depends on the invoice."""
    first, link, archive = template.partition("::")
    scheme, root, path = first.rpartition("://")
    cut = re.split(r"[{*?]", path)[0].rfind("/")
    return f"{scheme}{root}{path[: cut + 1]}{link}{archive}", path[cut + 1 :]
