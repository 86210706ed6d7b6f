"""What installed distributions offer, read from their metadata once and kept in a file of the user's cache folder.

Reading the metadata of 150 distributions takes longer than a small delivery. What was kept counts only while every
file that it was read from is as it was then: same place, size, inode and time of change.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from importlib.machinery import PathFinder
from importlib.metadata import Distribution, EntryPoint, EntryPoints, PathDistribution, distributions
from pathlib import Path
from typing import Any

_FORMAT = 1
_KINDS = (".dist-info", ".egg-info")
_NAMING = ("METADATA", "PKG-INFO")

read = Distribution.entry_points.fget  # type: ignore[attr-defined]  # typeshed hides that it is a property
"""How a distribution's entry points are read, whatever has been put in its place meanwhile."""


@dataclass(frozen=True, slots=True)
class Installed:
    """All entry points of what is installed, and what can't be read.

    `names` are the names and versions of the distributions that offer plugins, by where they are. `unreadable` are name
    and version of each distribution with entry points that can't be read, and why they can't.
    """

    points: EntryPoints
    names: Mapping[str, tuple[str, str]]
    unreadable: tuple[tuple[str, str, str], ...]


def find_installed() -> Installed:
    """Return what is installed now: as it was kept, if nothing has changed since, else read anew and kept.

    Asked again for the same path it is what it was: a process goes on with what was installed when it began.
    """
    return _find(tuple(sys.path))


@lru_cache(maxsize=1)
def _find(path: tuple[str, ...]) -> Installed:
    del path  # what the answer is kept for
    state = _state()
    if state is None:
        return _read()
    file = _file()
    if file and (kept := _recall(file, state)):
        return kept
    found = _read()
    # Only if nothing was installed meanwhile: what was read must be what the state describes.
    if file and _state() == state:
        _keep(file, state, found)
    return found


def identify(distribution: Distribution | None, fallback: str = "") -> tuple[str, str]:
    """Return a distribution's name and version; if its metadata can't be read, its path and no version."""
    where = str(getattr(distribution, "_path", None) or fallback)
    try:
        return (distribution.name or where, distribution.version or "") if distribution else (where, "")
    except Exception:  # noqa: BLE001 - third-party files may hold anything
        return where, ""


def _read() -> Installed:
    points: list[EntryPoint] = []
    names: dict[str, tuple[str, str]] = {}
    unreadable: list[tuple[str, str, str]] = []
    seen: set[str] = set()
    for distribution in distributions():
        try:
            offered: EntryPoints = read(distribution)
        except Exception as exc:  # noqa: BLE001 - as above
            unreadable.append((*identify(distribution), f"{type(exc).__name__}: {exc}"))
            continue
        # Of two distributions of one name Python imports the first, so it is the one that offers.
        name = str(getattr(distribution, "_normalized_name", None) or distribution.name)
        if name in seen:
            continue
        seen.add(name)
        points += offered
        if any(point.group == "arfeed" for point in offered):
            names[_place(distribution)] = identify(distribution)
    return Installed(EntryPoints(points), names, tuple(unreadable))


def _place(distribution: Distribution | None) -> str:
    return str(getattr(distribution, "_path", ""))


def _state() -> str | None:
    """Return a hash of the files that entry points are read from; None if others than plain folders may have some."""
    if any(hasattr(finder, "find_distributions") and finder is not PathFinder for finder in sys.meta_path):
        return None
    digest = hashlib.sha256(repr((_FORMAT, sys.version, sys.path)).encode(errors="surrogateescape"))
    for entry in sys.path:
        try:
            for line in _files_of(entry or os.curdir):
                digest.update(line)
        except _UnknownError:
            return None
        except (FileNotFoundError, PermissionError):
            continue  # Python passes over such entries as well
        except OSError:
            return None
    return digest.hexdigest()


class _UnknownError(Exception):
    """Raised for a place with metadata in another form, such as a zip file or an egg."""


def _files_of(entry: str) -> Iterator[bytes]:
    """Yield a line for each file with metadata in a folder: where it is, and what changes with its content."""
    if not os.path.isdir(entry):  # noqa: PTH112 - as the rest of this function, a millisecond faster than Path
        os.stat(entry)  # noqa: PTH116
        raise _UnknownError
    for name in sorted(os.listdir(entry)):  # noqa: PTH208
        lowered = name.lower()
        if lowered.endswith(".egg"):
            raise _UnknownError
        if lowered.endswith(_KINDS):
            place = f"{entry}{os.sep}{name}"
            yield from _facts(place)
            # Who offers nothing need not be named, and most offer nothing.
            if offered := [*_facts(f"{place}{os.sep}entry_points.txt")]:
                yield from offered
                for each in _NAMING:
                    yield from _facts(f"{place}{os.sep}{each}")


def _facts(file: str) -> Iterator[bytes]:
    """Yield what changes whenever a file does; nothing if there is none."""
    with suppress(OSError):
        is_now = os.stat(file)  # noqa: PTH116 - as above
        facts = (file, is_now.st_mtime_ns, is_now.st_ctime_ns, is_now.st_size, is_now.st_ino)
        yield repr(facts).encode(errors="surrogateescape")


def _file() -> Path | None:
    """Return the file for this environment; only one, which is replaced whenever what is installed changes."""
    from platformdirs import user_cache_path

    place = hashlib.sha256(sys.prefix.encode(errors="surrogateescape")).hexdigest()[:16]
    try:
        return user_cache_path("arfeed") / "installed" / f"{place}.json"
    except (OSError, RuntimeError):  # nobody has a home folder here
        return None


def _recall(file: Path, state: str) -> Installed | None:
    """Return what was kept for exactly this state; None if there is nothing, or what is there is somebody else's."""
    try:
        with file.open("rb") as kept:
            # It decides what is imported, so it must be as much the user's own as the code is.
            if hasattr(os, "getuid") and os.fstat(kept.fileno()).st_uid != os.getuid():
                return None
            document = json.load(kept)
        return _restore(document) if document["state"] == state else None
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def _restore(document: Mapping[str, Any]) -> Installed:
    points = []
    found: dict[str, PathDistribution] = {}
    for name, value, group, place in document["points"]:
        if place not in found:
            found[place] = PathDistribution(Path(place))
        points.append(_belonging(EntryPoint(name, value, group), found[place]))
    names = {place: (str(name), str(version)) for place, (name, version) in document["names"].items()}
    return Installed(EntryPoints(points), names, ())


def _belonging(point: EntryPoint, distribution: Distribution) -> EntryPoint:
    # As importlib.metadata does it; an entry point can't be changed otherwise.
    vars(point).update(dist=distribution)
    return point


def _keep(file: Path, state: str, found: Installed) -> None:
    """Keep what was read, for the next run; without a folder that can be written each run reads for itself."""
    # What can't be read is looked at anew each time: whoever fixes it wants to see that at once.
    if found.unreadable or any(not isinstance(point.dist, PathDistribution) for point in found.points):
        return
    rows = [(point.name, point.value, point.group, _place(point.dist)) for point in found.points]
    text = json.dumps({"state": state, "points": rows, "names": found.names})
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    with suppress(OSError):
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        part.write_text(text, encoding="utf-8")
        os.replace(part, file)  # noqa: PTH105 - Path.replace says the same; this is the call that is atomic


def entry_points(**conditions: Any) -> Any:
    """Return what `importlib.metadata.entry_points` would, from what was kept if that still counts."""
    points = find_installed().points
    # Up to Python 3.11 what is returned can be used as a dict of groups, too.
    groups = getattr(importlib.metadata, "SelectableGroups", None)
    return (groups.load(points) if groups else points).select(**conditions)


def identify_all(points: Iterable[EntryPoint]) -> Iterator[tuple[EntryPoint, str, str]]:
    """Yield each entry point with its distribution's name and version."""
    names = find_installed().names
    for point in points:
        yield (point, *(names.get(_place(point.dist)) or identify(point.dist, point.value)))
