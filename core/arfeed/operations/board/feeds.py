"""The feeds of a folder, found as `sync --all` finds them, and each plugins.toml read again once it has changed."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from threading import Lock
from time import monotonic
from typing import NamedTuple

from sqlalchemy.exc import SQLAlchemyError

from arfeed.model.errors import ArfeedError, ConfigError
from arfeed.operations.board.caching import Version, version_of
from arfeed.operations.many.choice import find_feeds, find_files
from arfeed.plugins.config import Project, read_project

_FRESH = 5.0
"""Seconds for which the folder is not listed again: with thousands of feeds that takes longer than a page."""


class Feed(NamedTuple):
    """A feed: its name in addresses and grants, its plugins.toml, and that file read, or what is wrong with it."""

    name: str
    config: Path
    project: Project | None
    mistake: str


@dataclass
class Feeds:
    """The feeds of a folder. A file is read again once it, or a file that it extends, has changed."""

    folder: Path
    _read: dict[Path, tuple[Version, Feed]] = field(default_factory=dict)
    _listed: dict[str, Feed] = field(default_factory=dict)
    _version: Version = ()
    _looked: float = -inf
    _lock: Lock = field(default_factory=Lock)

    def all(self) -> dict[str, Feed]:
        """Return the feeds by name. Raise `ConfigError` if there is none, or if two have one name."""
        with self._lock:
            if monotonic() - self._looked > _FRESH:
                version = self._look()
                # A feed that could not be read is read again: what was wrong may be in a file that it extends.
                if version != self._version or not all(feed.project for feed in self._listed.values()):
                    self._listed = self._list()
                    # Looked at once more: the files that feeds extend were not known before they were read.
                    version = self._look()
                self._version, self._looked = version, monotonic()
            return self._listed

    def find(self, name: str) -> Feed | None:
        """Return a feed by its name. Another text is never taken for a path."""
        found = self.all().get(name)
        if found is None:
            return None
        with self._lock:
            return self._feed(found.config)

    def config_of(self, name: str) -> Path | None:
        """Return the plugins.toml of a feed, or None if the feed is gone."""
        feed = self.find(name)
        return feed.config if feed else None

    def _look(self) -> Version:
        extended = {file for version, _ in self._read.values() for file, _, _ in version}
        return version_of(sorted({str(file) for file in find_files(self.folder)} | extended))

    def _list(self) -> dict[str, Feed]:
        found: dict[str, Feed] = {}
        for config in find_feeds(self.folder):
            feed = self._feed(config)
            if feed.name in found:
                raise ConfigError(f"{found[feed.name].config} and {config} have one name; rename one of them")
            found[feed.name] = feed
        return found

    def _feed(self, config: Path) -> Feed:
        known = self._read.get(config)
        if known is None or known[1].project is None or known[0] != version_of(path for path, _, _ in known[0]):
            feed = _read_feed(self.folder, config)
            shared = feed.project.shared.values() if feed.project else ()
            known = self._read[config] = (version_of([str(config), *map(str, shared)]), feed)
        return known[1]


def _read_feed(folder: Path, config: Path) -> Feed:
    # acme/plugins.toml is called acme, and acme.toml acme.toml: files of both kinds may lie side by side.
    name = config.parent.name if config.parent != folder else config.name
    # On a disk a name may be bytes that are not text.
    name = os.fsencode(name).decode("utf-8", "replace")
    try:
        return Feed(name, config, read_project(config), "")
    except (ArfeedError, SQLAlchemyError) as exc:
        return Feed(name, config, None, str(exc))
