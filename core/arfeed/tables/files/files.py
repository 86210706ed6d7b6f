"""The files of a source: which ones the setting `path` means, and opening them from wherever they lie."""

from __future__ import annotations

import hashlib
import posixpath
import time
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from difflib import get_close_matches
from itertools import groupby
from typing import IO, Self

from arfeed.model.background import begin
from arfeed.model.errors import SourceError
from arfeed.model.parts import Connector
from arfeed.model.settings import FileSettings, SourceSettings
from arfeed.tables.files.storage import Entry, Storage, explained, label, storage

_NEVER_MEANT = ("~$", "._", ".~lock.")
_UNDER_WAY = (".part", ".partial", ".filepart", ".crdownload", ".download", ".tmp")
_LOCKS = ("~${}", ".~lock.{}#")
_MOST_NAMED = 3
_FRESH_SECONDS = 60
_PATIENCE_SECONDS = 30

State = tuple[tuple[str, Entry, Entry | None], ...]
Inputs = tuple[tuple[str, str], ...]


class FoundFile(str):
    """A file's path or URL as it is shown, together with the place it was found in."""

    place: Storage
    entry: Entry

    @classmethod
    def at(cls, place: Storage, entry: Entry) -> Self:
        """Name a file of a listing."""
        file = cls(label(place.url(entry.path)))
        file.place, file.entry = place, entry
        return file


def find_files(settings: FileSettings) -> list[str]:
    """Return the files that the setting `path` means, oldest first. Raise `SourceError` if none or too many match.

    Lock files, downloads under way and resource files (`~$x.csv`, `x.csv.part`, `._x.csv`) are passed over. A file
    that an office program has open is refused: what is on its screen may not be what is in the file.
    """
    return [*_found(settings)]


def changed_at(file: str) -> datetime | None:
    """Return when a file that `find_files` found last changed (UTC); None where the place it lies at does not say."""
    changed = file.entry.changed if isinstance(file, FoundFile) else 0
    return datetime.fromtimestamp(changed, UTC) if changed else None


def _inputs(settings: FileSettings) -> list[FoundFile]:
    """Return all files that are read for a source; what is wrong with a further one names the setting it is for."""
    files = _found(settings)
    for name, other in settings.others().items():
        try:
            files += _found(other)
        except SourceError as exc:
            raise SourceError(f"{name}: {exc}") from exc
    return files


def _found(settings: FileSettings) -> list[FoundFile]:
    shown = label(settings.path)
    with explained(shown):
        place = storage(settings.path, settings)
        pattern = place.path(settings.path)
        entries = _matching(place, pattern)
        files = [FoundFile.at(place, entry) for entry in entries if not _passed_over(entry.path)]
        if not files:
            raise SourceError(f"{shown}: no file matches; export it again or mend `path`{_near_misses(place, pattern)}")
        files.sort(key=lambda file: (file.entry.changed, file))
        if len(files) > 1 and settings.files is None:
            raise SourceError(
                f"{shown}: {len(files)} files match ({_named(files)}); "
                'remove what is old, or say files = "newest" or files = "all"'
            )
        chosen = [_newest(files, shown)] if settings.files == "newest" else files
        _refuse_opened(chosen)
    return chosen


def _matching(place: Storage, pattern: str) -> list[Entry]:
    """Match in both normal forms: macOS writes an ü as two characters, people type it as one."""
    forms = dict.fromkeys([pattern, *(unicodedata.normalize(form, pattern) for form in ("NFC", "NFD"))])
    found = {entry.path: entry for form in forms for entry in place.glob(form)}
    return [*found.values()]


def _passed_over(path: str) -> bool:
    name = posixpath.basename(path)
    return name.startswith(_NEVER_MEANT) or name.lower().endswith(_UNDER_WAY)


def _newest(files: Sequence[FoundFile], shown: str) -> FoundFile:
    """Return the file that changed last, by the clock of the place it lies at."""
    *_, (_, latest) = ((time, [*group]) for time, group in groupby(files, lambda file: file.entry.changed))
    if len(latest) > 1:
        raise SourceError(
            f'{shown}: files = "newest", but {len(latest)} files are equally new ({_named(latest)}); '
            "remove what is old, or name the file in `path`"
        )
    return latest[0]


def _refuse_opened(files: Sequence[FoundFile]) -> None:
    for file in files:
        folder, name = posixpath.split(file.entry.path)
        for lock in _LOCKS if file.place.archive is None else ():
            found = file.place.entry(posixpath.join(folder, lock.format(name)))
            if found:
                raise SourceError(
                    f"{file}: somebody has it open, as {posixpath.basename(found.path)} beside it says, and what is "
                    "not saved is not in the file; save and close it, or remove that leftover"
                )


def _near_misses(place: Storage, pattern: str) -> str:
    """Say what lies in the folder instead, the most similar names first."""
    folder, wanted = posixpath.split(pattern)
    if any(wildcard in folder for wildcard in "*?"):
        return ""
    entries = place.listing(folder.replace("[[]", "["), deep=False)
    if entries is None:
        return ". Its folder is not there"
    names = [posixpath.basename(entry.path) for entry in entries]
    folded = {name.casefold(): name for name in names if not name.startswith(_NEVER_MEANT)}
    close = get_close_matches(wanted.casefold(), folded, _MOST_NAMED, 0.4)
    shown = [folded[name] for name in close] or [*folded.values()][:_MOST_NAMED]
    under_way = "; a name such as .part says that a file is not whole yet" if any(map(_passed_over, shown)) else ""
    return f". Its folder holds {', '.join(shown)}{under_way}" if shown else ". Its folder is empty"


def _named(files: Sequence[str]) -> str:
    return ", ".join(files[:_MOST_NAMED]) + (", …" if len(files) > _MOST_NAMED else "")


# --- files that change ----------------------------------------------------------------------------------------------


def inputs_of(settings: SourceSettings) -> Callable[[], Inputs]:
    """Return what names a source's files with their SHA-256 once they are read; a source without files has none.

    It raises `SourceError` where a file changed, came or went meanwhile. Files of this machine are hashed while they
    are read. Others wait: two downloads at once are more than some servers, or fsspec's way to them, can do.
    """
    if not isinstance(settings, FileSettings):
        return tuple
    files = _inputs(settings)
    before = _state(files)

    def hashed() -> Inputs:
        return tuple((str(file), digest(file)) for file in files)

    hashes = begin(hashed).result if all(file.place.on_this_machine for file in files) else hashed

    def read() -> Inputs:
        inputs = hashes()
        if _state(_inputs(settings)) != before:
            raise SourceError(f"{label(settings.path)}: a file changed, came or went while it was read; run again")
        return inputs

    return read


def _state(files: Sequence[FoundFile]) -> State:
    """Return files as they were listed, and the archives that hold them as they are now."""
    return tuple((str(file), file.entry, file.place.container()) for file in files)


def unsettled(connectors: Sequence[Connector]) -> Mapping[str, SourceError]:
    """Wait for files that are still being written, half a minute at most; return what is wrong with which source.

    A file that changed within the last minute, or whose time is unknown, has to lie still for `settle_seconds`.
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
            f"{label(settings[source].path)}: it is still being written; run again when the export has ended"
        )
        for source in moving
    }


def _fresh(settings: Mapping[str, FileSettings]) -> dict[str, State]:
    """Return the files of the sources that nothing proves to be complete yet."""
    fresh: dict[str, State] = {}
    for source, of_source in settings.items():
        with suppress(SourceError):  # reading the source will raise it again, where it belongs
            files = _state(_inputs(of_source))
            times = [(container or entry).changed for _, entry, container in files]
            if any(not changed or time.time() - changed < _FRESH_SECONDS for changed in times):
                fresh[source] = files
    return fresh


# --- opening --------------------------------------------------------------------------------------------------------


def digest(file: str) -> str:
    """Return the SHA-256 of a file."""
    with open_binary(file) as data:
        return hashlib.file_digest(data, "sha256").hexdigest()  # type: ignore[arg-type]  # fsspec's files have readinto


def open_binary(file: str) -> IO[bytes]:
    """Open a file that `find_files` found, or of any fsspec URL; raise `SourceError` where that fails."""
    with explained(file, "it can't be opened"):
        if isinstance(file, FoundFile):
            return file.place.open(file.entry.path)
        place = storage(file, SourceSettings())
        return place.open(place.path(file))
