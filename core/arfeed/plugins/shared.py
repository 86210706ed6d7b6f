"""`extends = "../common.toml"`: what many feeds share, written once, and merged below what a feed says itself."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from arfeed.model.errors import ConfigError

KEY = "extends"
SHAREABLE = ("plugins", "feed", "guards", "destination", "destinations", "notifiers", "schedule")
"""The tables of a shared file. Sources and steps are a feed's own: a shared step would shorten all reports at once."""

Parse = Callable[[Path], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Resolved:
    """What a feed says together with the files that it extends.

    `origins` is the file of each key that comes from another one than the feed's own, as `destination.mode`. `files`
    are all that it extends, one after the other, also those that nothing was taken from.
    """

    document: dict[str, Any]
    origins: Mapping[str, Path] = field(default_factory=dict)
    files: tuple[Path, ...] = ()

    def origin(self, key: str) -> Path | None:
        """Return the shared file that a key, or the table it is in, comes from; None for the feed's own."""
        while key:
            if key in self.origins:
                return self.origins[key]
            key = key.rpartition(".")[0]
        return None

    def folders(self, table: str) -> dict[str, Path]:
        """Return the folder to which a relative path is meant, for the keys of a table that a shared file states."""
        prefix = f"{table}."
        return {
            key.removeprefix(prefix).rpartition(".")[2].partition("[")[0]: file.parent
            for key, file in self.origins.items()
            if key.startswith(prefix)
        }


def resolve(path: Path, document: dict[str, Any], parse: Parse) -> Resolved:
    """Merge the files that a document extends below it. Raise `ConfigError` for a cycle or what can't be shared."""
    return _merge(path.absolute(), document, parse, (path.absolute(),))


def _merge(path: Path, document: dict[str, Any], parse: Parse, seen: tuple[Path, ...]) -> Resolved:
    own = dict(document)
    named = own.pop(KEY, None)
    if named is None:
        return Resolved(own)
    if not isinstance(named, str) or not named:
        raise ConfigError(f'{path.name}: {KEY}: found {named!r}: name one file, such as "../common.toml"')
    file = _follow(Path(path.parent, Path(named).expanduser()).absolute())
    if any(_same(file, each) for each in seen):
        way = " → ".join(each.name for each in (*seen, file))
        raise ConfigError(f"{path.name}: {KEY}: {named!r} is circular: {way}; remove one of these lines")
    if not file.is_file():
        raise ConfigError(f"{path.name}: {KEY}: there is no file {file}; a path is relative to the file that names it")
    found = parse(file)
    for table in sorted(found.keys() - {*SHAREABLE, KEY}):
        raise ConfigError(
            f"{file}: {table}: a file that feeds share can hold {', '.join(SHAREABLE)} only; move it to {path.name}"
        )
    base = _merge(file, found, parse, (*seen, file))
    origins: dict[str, Path] = {}
    merged = _merge_over(base.document, own, "", lambda key: origins.__setitem__(key, base.origins.get(key, file)))
    return Resolved(merged, origins, (file, *base.files))


def _follow(file: Path) -> Path:
    """Return a path without `..`; after a link it is that of the link's target, as for whoever opens the file."""
    return Path(file.parent.resolve(), file.name) if ".." in file.parts else file


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return one == other


def _merge_over(
    below: dict[str, Any], above: dict[str, Any], prefix: str, note: Callable[[str], object]
) -> dict[str, Any]:
    """Return tables merged key by key; `note` is called with each key that is taken from below."""
    merged = dict(above)
    for key, value in below.items():
        name = f"{prefix}{key}"
        if key not in above:
            merged[key] = value
            for each in _leaves(name, value):
                note(each)
        elif isinstance(value, dict) and isinstance(above[key], dict):
            merged[key] = _merge_over(value, above[key], f"{name}.", note)
        elif isinstance(value, dict) and above[key] is False:
            # A shared notifier that this feed does without.
            del merged[key]
        elif name == "plugins" and isinstance(value, list) and isinstance(above[key], list):
            # A feed names the plugins of its own tables, and need not repeat those of the shared ones.
            merged[key] = list(dict.fromkeys([*value, *above[key]])) if _hashable(value, above[key]) else above[key]
    return merged


def _hashable(*lists: list[Any]) -> bool:
    return all(isinstance(item, str) for each in lists for item in each)


def _leaves(key: str, value: object) -> Iterator[str]:
    yield key
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _leaves(f"{key}.{name}", item)


def read_unchecked(path: Path) -> dict[str, Any]:
    """Return what a feed says, with what it shares, unchecked; nothing if that can't be read."""

    def parse(file: Path) -> dict[str, Any]:
        return tomllib.loads(file.read_text(encoding="utf-8"))

    try:
        return resolve(path, parse(path), parse).document
    except (OSError, ValueError, ConfigError):
        return {}
