"""Files that change: whether they are complete before a run, and unchanged after it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from arfeed.model.background import begin
from arfeed.model.errors import SourceError
from arfeed.model.parts import Connector
from arfeed.model.settings import FileSettings, SourceSettings
from arfeed.tables.files.opening import FoundFile, hash_file
from arfeed.tables.files.search import find_inputs
from arfeed.tables.files.storage import Entry, display_path

# A server's clock may be ahead, which makes a file look fresh: that costs a wait and nothing else.
_FRESH_SECONDS = 60
_PATIENCE_SECONDS = 30

State = tuple[tuple[str, Entry, Entry | None], ...]
Inputs = tuple[tuple[str, str], ...]


def track_inputs(settings: SourceSettings) -> Callable[[], Inputs]:
    """Note the state of a source's files; return a function to call once they are read.

    It returns their names with their SHA-256, none for a source without files, and raises `SourceError` if a file
    changed, appeared or disappeared meanwhile.
    """
    if not isinstance(settings, FileSettings):
        return tuple
    files = find_inputs(settings)
    before = _state(files)

    def hash_all() -> Inputs:
        return tuple((str(file), hash_file(file)) for file in files)

    # Local files are hashed while they are read. Remote ones wait until then, since two downloads of a file at once are
    # more than some servers, or some of fsspec's file systems, can do.
    hashes = begin(hash_all).result if all(file.storage.on_this_machine for file in files) else hash_all

    def finish() -> Inputs:
        inputs = hashes()
        # Searched anew, since a newer file may have appeared beside those that were read.
        if _state(find_inputs(settings)) != before:
            shown = display_path(settings.path)
            raise SourceError(f"{shown}: a file changed, appeared or disappeared while it was read; run again")
        return inputs

    return finish


def _state(files: Sequence[FoundFile]) -> State:
    """Return files as they were listed, with the archives that hold them as they are now."""
    return tuple((str(file), file.entry, file.storage.container()) for file in files)


def wait_until_settled(connectors: Sequence[Connector]) -> Mapping[str, SourceError]:
    """Wait up to half a minute for files that are still being written; return the sources whose files still are.

    A file that changed within the last minute, or whose time is unknown, must stay unchanged for `settle_seconds`.
    """
    settings = {
        connector.source: connector.settings
        for connector in connectors
        if isinstance(connector.settings, FileSettings) and connector.settings.settle_seconds
    }
    moving = _fresh(settings)
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while moving and time.monotonic() < deadline:
        time.sleep(max(settings[source].settle_seconds for source in moving))
        now = _fresh({source: settings[source] for source in moving})
        moving = {source: files for source, files in now.items() if files != moving[source]}
    return {
        source: SourceError(
            f"{display_path(settings[source].path)}: it is still being written; run again when the export has ended"
        )
        for source in moving
    }


def _fresh(settings: Mapping[str, FileSettings]) -> dict[str, State]:
    """Return the files, by source, that may still be being written."""
    fresh: dict[str, State] = {}
    for source, of_source in settings.items():
        # Reading the source raises it again, and handles it by `on_failure`.
        with suppress(SourceError):
            files = _state(find_inputs(of_source))
            # Members of an archive keep their old times while the archive itself is being written.
            times = [(container or entry).changed for _, entry, container in files]
            if any(not changed or time.time() - changed < _FRESH_SECONDS for changed in times):
                fresh[source] = files
    return fresh
