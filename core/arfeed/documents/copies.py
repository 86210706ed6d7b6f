"""PDFs that were read for one destination, kept for the others of the feed: none is read twice from its source."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from arfeed.documents.finding import Found, Read

_Key = tuple[str, str, str]
"""The source, the document's number there, and the version of its PDF."""


class Copies:
    """The contents of PDFs in one file, which is gone once this is closed."""

    def __init__(self) -> None:
        """Begin without any."""
        # One file for all, as for what is staged: making tens of thousands of files takes long.
        self._file = tempfile.TemporaryFile(prefix="arfeed-")  # noqa: SIM115 - closed by `__exit__`
        self._places: dict[_Key, tuple[int, int]] = {}

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Remove the copies."""
        self._file.close()

    def remember(self, found: Found) -> Found:
        """Return the same PDFs, each read from its copy if there is one, and else copied as it is read."""
        columns = (found.table[name].tolist() for name in ("source", "source_ref", "version"))
        readers: Mapping[tuple[str, str], Read] = {
            (source, ref): partial(self._read, (source, ref, version), found.readers[source, ref])
            for source, ref, version in zip(*columns, strict=True)
        }
        return replace(found, readers={**found.readers, **readers})

    def _read(self, key: _Key, read: Read) -> bytes:
        if key in self._places:
            start, size = self._places[key]
            self._file.seek(start)
            return self._file.read(size)
        content = read()
        # What is not bytes is refused by whoever asked, as it would be without a copy.
        if isinstance(content, bytes):
            self._places[key] = (self._file.seek(0, 2), len(content))
            self._file.write(content)
        return content
