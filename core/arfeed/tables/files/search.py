"""Searching for the files of a source: which ones the setting `path` matches, and which of them are refused."""

from __future__ import annotations

import posixpath
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime
from difflib import get_close_matches
from itertools import groupby

from arfeed.model.errors import SourceError
from arfeed.model.settings import FileSettings
from arfeed.tables.files.opening import FoundFile
from arfeed.tables.files.reach import reach
from arfeed.tables.files.storage import Entry, Storage, display_path, translate_errors

_NEVER_INPUTS = ("~$", "._", ".~lock.")
_PARTIAL = (".part", ".partial", ".filepart", ".crdownload", ".download", ".tmp")
_LOCKS = ("~${}", ".~lock.{}#")
_MOST_NAMED = 3


def find_files(settings: FileSettings) -> list[str]:
    """Return the files that the setting `path` matches, oldest first. Raise `SourceError` if none or too many do.

    Lock files, partial downloads and resource forks (`~$x.csv`, `x.csv.part`, `._x.csv`) are skipped. A file that an
    office program has open is refused, since unsaved changes are not in it.
    """
    return [*_search(settings)]


def changed_at(file: str) -> datetime | None:
    """Return when a file that `find_files` found last changed (UTC); None if its storage does not say."""
    changed = file.entry.changed if isinstance(file, FoundFile) else 0
    return datetime.fromtimestamp(changed, UTC) if changed else None


def find_inputs(settings: FileSettings) -> list[FoundFile]:
    """Return all files that are read for a source, those of further settings such as `control_account` included."""
    files = _search(settings)
    for name, other in settings.others().items():
        try:
            files += _search(other)
        except SourceError as exc:
            raise SourceError(f"{name}: {exc}") from exc
    return files


def _search(settings: FileSettings) -> list[FoundFile]:
    shown = display_path(settings.path)
    with translate_errors(shown):
        storage = reach(settings.path, settings)
        pattern = storage.path(settings.path)
        entries = _matching(storage, pattern)
        files = [FoundFile.at(storage, entry) for entry in entries if not _is_skipped(entry.path)]
        if not files:
            raise SourceError(
                f"{shown}: no file matches; export it again or correct `path`{_near_misses(storage, pattern)}"
            )
        files.sort(key=lambda file: (file.entry.changed, file))
        if len(files) > 1 and settings.files is None:
            raise SourceError(
                f"{shown}: {len(files)} files match ({_name_files(files)}); "
                'remove the old ones, or set files = "newest" or files = "all"'
            )
        chosen = [_newest(files, shown)] if settings.files == "newest" else files
        # Only those that are read: an older file may well be open.
        _refuse_locked(chosen)
    return chosen


def _matching(storage: Storage, pattern: str) -> list[Entry]:
    """Match in both normal forms of Unicode: macOS stores an ü as two characters, people type it as one."""
    forms = dict.fromkeys([pattern, *(unicodedata.normalize(form, pattern) for form in ("NFC", "NFD"))])
    found = {entry.path: entry for form in forms for entry in storage.glob(form)}
    return [*found.values()]


def _is_skipped(path: str) -> bool:
    name = posixpath.basename(path)
    return name.startswith(_NEVER_INPUTS) or name.lower().endswith(_PARTIAL)


def _newest(files: Sequence[FoundFile], shown: str) -> FoundFile:
    """Return the file that changed last, by the clock of its storage. Raise `SourceError` for a tie."""
    # Copying and unpacking give files equal times, and which one counts is not guessed.
    *_, (_, latest) = ((time, [*group]) for time, group in groupby(files, lambda file: file.entry.changed))
    if len(latest) > 1:
        raise SourceError(
            f'{shown}: files = "newest", but {len(latest)} files are equally new ({_name_files(latest)}); '
            "remove the old ones, or name the file in `path`"
        )
    return latest[0]


def _refuse_locked(files: Sequence[FoundFile]) -> None:
    for file in files:
        folder, name = posixpath.split(file.entry.path)
        # Nobody edits a file inside an archive.
        for lock in _LOCKS if file.storage.archive is None else ():
            found = file.storage.entry(posixpath.join(folder, lock.format(name)))
            if found:
                raise SourceError(
                    f"{file}: it is open in another program, as {posixpath.basename(found.path)} beside it shows, and "
                    "what is not saved is not in it; save and close it, or remove a lock file that was left behind"
                )


def _near_misses(storage: Storage, pattern: str) -> str:
    """Return what the folder holds instead, the most similar names first, as the end of a message."""
    folder, wanted = posixpath.split(pattern)
    if any(wildcard in folder for wildcard in "*?"):
        return ""
    # A glob's escaped bracket is a bracket in the folder's name.
    entries = storage.listing(folder.replace("[[]", "["), deep=False)
    if entries is None:
        return ". Its folder does not exist"
    names = [posixpath.basename(entry.path) for entry in entries]
    folded = {name.casefold(): name for name in names if not name.startswith(_NEVER_INPUTS)}
    # Loosely alike, as the names of exports have dates in them.
    close = get_close_matches(wanted.casefold(), folded, _MOST_NAMED, 0.4)
    shown = [folded[name] for name in close] or [*folded.values()][:_MOST_NAMED]
    partial = "; a name such as .part means that a file is not complete yet" if any(map(_is_skipped, shown)) else ""
    return f". Its folder holds {', '.join(shown)}{partial}" if shown else ". Its folder is empty"


def _name_files(files: Sequence[str]) -> str:
    return ", ".join(files[:_MOST_NAMED]) + (", …" if len(files) > _MOST_NAMED else "")
