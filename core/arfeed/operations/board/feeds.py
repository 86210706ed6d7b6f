"""The feeds of a folder, found as `sync --all` finds them, and each plugins.toml read again once it has changed."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from math import inf
from pathlib import Path
from threading import Lock
from time import monotonic
from typing import NamedTuple

from sqlalchemy.exc import SQLAlchemyError

from arfeed.model.errors import ArfeedError, ConfigError
from arfeed.operations.board.caching import Version, good_until, make_thread, version_of
from arfeed.operations.fleet.timetable import Timetable, make_timetable
from arfeed.operations.many.choice import find_feeds, find_files, name_of
from arfeed.plugins.config import Project, read_project
from arfeed.plugins.loading import Registry, describe_installed

Describe = Callable[[tuple[str, ...]], Registry]

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(slots=True)
class Calendar:
    """When a fleet runs a feed next, worked out once until that has passed: for some lines it takes long."""

    timetable: Timetable
    _next: datetime | None = _LONG_AGO

    def next_run(self, after: datetime) -> datetime | None:
        """Return when the feed is due next; None if no day fits its line, which `fleet register` says."""
        known = self._next
        if known is not None and known <= after:
            try:
                self._next = known = self.timetable.next(after)
            except ConfigError:
                self._next = known = None
        return known


class Feed(NamedTuple):
    """A feed: its name in addresses and grants, its plugins.toml, and that file read, or what is wrong with it.

    A feed of several destinations is one for each of them, called acme:kolleno: each has its own plans and approvals.
    """

    name: str
    config: Path
    project: Project | None
    mistake: str
    calendar: Calendar | None = None

    @property
    def words(self) -> list[str]:
        """What to type after a command that is about it."""
        one = ["--destination", self.project.chosen] if self.project and self.project.chosen else []
        return ["--config", str(self.config), *one]

    def next_run(self, after: datetime) -> datetime | None:
        """Return when a fleet runs it next, by its [schedule]; None without one."""
        return self.calendar.next_run(after) if self.calendar else None


@dataclass
class Feeds:
    """The feeds of a folder. A file is read again once it, or a file that it extends, has changed."""

    folder: Path
    _read: dict[Path, tuple[Version, tuple[Feed, ...]]] = field(default_factory=dict)
    _listed: dict[str, Feed] = field(default_factory=dict)
    _version: Version = ()
    _entries: Version = ()
    """The folder's own."""
    _good_until: float = -inf
    _looking: Lock = field(default_factory=Lock)
    _lock: Lock = field(default_factory=Lock)
    _thread: ThreadPoolExecutor = field(default_factory=make_thread)

    def all(self) -> dict[str, Feed]:
        """Return the feeds by name. Raise `ConfigError` if there is none, or if two have one name."""
        # With thousands of feeds that takes longer than a page: one looks, and meanwhile others have the last list.
        if self._is_good() or not self._looking.acquire(blocking=not self._listed):
            return self._listed
        try:
            if not self._is_good():
                self._thread.submit(self._look_again).result()
            return self._listed
        finally:
            self._looking.release()

    def _is_good(self) -> bool:
        """Whether the list is some seconds old only, and nothing has come into the folder or gone since."""
        return monotonic() < self._good_until and version_of([str(self.folder)]) == self._entries

    def find(self, name: str) -> Feed | None:
        """Return a feed by its name. Another text is never taken for a path."""
        found = self.all().get(name)
        return next((each for each in self._of(found.config) if each.name == name), None) if found else None

    def words_of(self, name: str) -> list[str] | None:
        """Return what to type after a command that is about a feed, or None if the feed is gone."""
        feed = self.find(name)
        return feed.words if feed else None

    def _look_again(self) -> None:
        began, entries, version = monotonic(), version_of([str(self.folder)]), self._look()
        # A feed that could not be read is read again: what was wrong may be in a file that it extends.
        if version != self._version or not all(feed.project for feed in self._listed.values()):
            listed = self._list()
            # The same one if nothing has changed, by which others know that what they made of it is good.
            if listed != self._listed:
                self._listed = listed
            # Looked at once more: the files that feeds extend were not known before they were read.
            version = self._look()
        self._version, self._entries, self._good_until = version, entries, good_until(began)

    def _look(self) -> Version:
        with self._lock:
            extended = {file for version, _ in self._read.values() for file, _, _ in version}
        return version_of(sorted({str(file) for file in find_files(self.folder)} | extended))

    def _list(self) -> dict[str, Feed]:
        found: dict[str, Feed] = {}
        # For this look only: a plugin may be installed or fixed while the board runs.
        describe = cache(describe_installed)
        for feed in (each for config in find_feeds(self.folder) for each in self._of(config, describe)):
            if feed.name in found:
                raise ConfigError(f"{found[feed.name].config} and {feed.config} have one name; rename one of them")
            found[feed.name] = feed
        return found

    def _of(self, config: Path, describe: Describe = describe_installed) -> tuple[Feed, ...]:
        """Return the feed in a file, once for each of its destinations."""
        with self._lock:
            known = self._read.get(config)
            if known is None or not known[1][0].project or known[0] != version_of(path for path, _, _ in known[0]):
                feeds = _read_feeds(self.folder, config, describe)
                extended = feeds[0].project.extended if feeds[0].project else ()
                known = self._read[config] = (version_of([str(config), *map(str, extended)]), feeds)
            return known[1]


def _read_feeds(folder: Path, config: Path, describe: Describe) -> tuple[Feed, ...]:
    # acme/plugins.toml is called acme, and acme.toml acme.toml: files of both kinds may lie side by side.
    name = config.parent.name if config.parent != folder else config.name
    # On a disk a name may be bytes that are not text.
    name = os.fsencode(name).decode("utf-8", "replace")
    try:
        project = read_project(config, describe)
    except (ArfeedError, SQLAlchemyError) as exc:
        return (Feed(name, config, None, str(exc)),)
    # By the name that a fleet has for it, which decides when within the spread it begins.
    due = project.schedule and make_timetable(name_of(folder, config), project.schedule, project.feed.timezone)
    calendar = Calendar(due) if due else None
    return tuple(
        Feed(f"{name}:{each.chosen}" if each.chosen else name, config, each, "", calendar) for each in project.each()
    )
