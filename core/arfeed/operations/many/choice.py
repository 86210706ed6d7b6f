"""Which feeds of a folder are run: all of them, those that are named, those that failed, or a share of them."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from arfeed.model.errors import ConfigError
from arfeed.plugins.loading import close_match

FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Share:
    """One of several equal shares of the feeds, such as 2/5: the same feeds whenever it is asked for."""

    number: int
    of: int

    def has(self, name: str) -> bool:
        """Whether a feed belongs to it."""
        # By a hash of its name and not by its place in the list: a new feed must not move others to another machine.
        digest = hashlib.sha256(name.encode(errors="surrogateescape")).digest()
        return int.from_bytes(digest[:8]) % self.of == self.number - 1


def parse_share(text: str) -> Share:
    """Read "2/5". Raise `ConfigError` for anything else."""
    match = re.fullmatch(r"(\d{1,6})/(\d{1,6})", text.strip())
    if not match or not 1 <= int(match[1]) <= int(match[2]):
        raise ConfigError(f"--shard {text}: give the number of this share and how many there are, such as 2/5")
    return Share(int(match[1]), int(match[2]))


def find_feeds(folder: Path) -> list[Path]:
    """Return the feeds of a folder by name: every `*.toml` in it, and `plugins.toml` in the folders right below it.

    A file without sources that a feed extends is not a feed. What can't be opened is one, such as a link to a file that
    is gone: its run fails and says so, while a skipped feed would silently never deliver again.
    """
    found = {file: file.resolve() for file in sorted(find_files(folder))}
    tables = {file: _read_own(file) for file in found}
    extended = {
        found[file]: Path(file.parent, str(table["extends"])).expanduser().resolve()
        for file, table in tables.items()
        if "extends" in table
    }
    shared = {*extended.values()}
    feeds = [file for file, place in found.items() if "sources" in tables[file] or place not in shared]
    used = _find_used((found[feed] for feed in feeds), extended)
    # Files without sources that extend each other in a circle are used by no feed, and are reported as failed feeds.
    feeds += [file for file, place in found.items() if place not in used]
    if not feeds:
        raise ConfigError(
            f"{folder}: there is no feed: neither a *.toml in it nor a */plugins.toml. Name the folder that holds "
            "your feeds, as in: arfeed sync --all feeds"
        )
    return sorted(feeds)


def find_files(folder: Path) -> Iterator[Path]:
    """Yield the files of a folder that may be feeds. Raise `ConfigError` if it can't be listed."""
    try:
        entries = [*folder.iterdir()] if folder.is_dir() else []
    except OSError as exc:
        raise ConfigError(f"{folder}: its feeds can't be listed: {exc.strerror}") from exc
    for entry in entries:
        # Hidden folders belong to arfeed (`.arfeed`), editors and version control.
        if entry.name.startswith("."):
            continue
        if entry.suffix == ".toml":
            yield entry
        elif (entry.is_symlink() and not entry.exists()) or _may_be_there(entry / "plugins.toml"):
            yield entry / "plugins.toml"


def _may_be_there(file: Path) -> bool:
    """Whether there is a file, a link to one that is gone, or a folder that does not say."""
    try:
        file.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


def _find_used(places: Iterable[Path], extended: Mapping[Path, Path]) -> set[Path]:
    """Return files and all that they extend."""
    used: set[Path] = set()
    for place in places:
        step: Path | None = place
        while step is not None and step not in used:
            used.add(step)
            step = extended.get(step)
    return used


def _read_own(file: Path) -> Mapping[str, Any]:
    """Return what a file says, unchecked; nothing if it can't be read, which its own run will report."""
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def name_of(folder: Path, config: Path) -> str:
    """Return a feed's name within its folder: `acme` for `acme/plugins.toml`, and `acme.toml` for itself."""
    place = config.relative_to(folder)
    return place.parent.as_posix() if len(place.parts) > 1 else place.as_posix()


def choose(
    names: Mapping[Path, str], only: Collection[str], share: Share | None, codes: Callable[[], Mapping[str, int]]
) -> list[Path]:
    """Return the feeds that are meant, of all with their names. Raise `ConfigError` for a name that none of them has.

    `codes` returns the exit code with which each feed ended last.
    """
    wanted = set(names.values()) if not only else set(_choose_named(names.values(), only, codes))
    return [config for config, name in names.items() if name in wanted and (share is None or share.has(name))]


def _choose_named(names: Iterable[str], only: Collection[str], codes: Callable[[], Mapping[str, int]]) -> Iterable[str]:
    known = [*names]
    for word in only:
        if word == FAILED and FAILED not in known:
            last = codes()
            # What never ended has not been delivered either.
            yield from (name for name in known if last.get(name) != 0)
            continue
        plain = word.removeprefix("./").removesuffix("/").removesuffix("/plugins.toml")
        found = [name for name in known if plain in (name, name.removesuffix(".toml")) or fnmatchcase(name, plain)]
        if not found:
            raise ConfigError(f"--only {word}: there is no such feed{close_match(plain, known)}")
        yield from found
