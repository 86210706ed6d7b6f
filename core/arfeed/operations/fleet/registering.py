"""Register the feeds of a folder or a URL: what may be run, when, and by which text."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from arfeed.model.errors import ConfigError
from arfeed.operations.fleet.origin import check_place, digest_all, digest_feed, fetch
from arfeed.operations.fleet.store import Fleet, Origin, Registered
from arfeed.operations.fleet.timetable import read_timetable
from arfeed.operations.many.choice import find_feeds, name_of
from arfeed.operations.many.jobs import find_destinations, plan_jobs
from arfeed.operations.many.limits import Limits
from arfeed.plugins.shared import read_unchecked

_UNLIMITED = Limits(None, None)


def register(fleet: Fleet, place: str, cache: Path, now: datetime) -> list[Registered]:
    """Register all feeds of a folder or a URL, in place of those that were; return them.

    Those with a mistake are registered too, and not run: a feed that is left out would silently never deliver again.
    """
    place = check_place(place)
    folder = fetch(place, cache)
    configs = find_feeds(folder)
    feeds = [_look_at(folder, config, lock, now) for config, lock in zip(configs, _find_locks(configs), strict=True)]
    fleet.register(Origin(place, digest_all(f"{feed.name} {feed.digest}" for feed in feeds)), feeds, now)
    return feeds


def _look_at(folder: Path, config: Path, destination: str, now: datetime) -> Registered:
    name, place = name_of(folder, config), config.relative_to(folder).as_posix()
    digest = digest_feed(config)
    document = read_unchecked(config)
    try:
        _insist_on_readable(config, digest)
        _insist_on_a_shared_history(document)
        timetable = read_timetable(name, document)
        if timetable:
            timetable.next(now)  # or a line that no day fits would be found when the feed is due
    except ConfigError as exc:
        return Registered(name, place, digest, destination, str(exc))
    return Registered(name, place, digest, destination, timetable=timetable)


def _insist_on_readable(config: Path, digest: str) -> None:
    if digest:
        return
    try:
        tomllib.loads(config.read_text(encoding="utf-8"))
    except (OSError, ValueError) as exc:
        raise ConfigError(f"{config.name}: it can't be read: {exc}") from exc
    raise ConfigError(f"{config.name}: it extends a file that can't be read: `arfeed check` names it")


def _insist_on_a_shared_history(document: Mapping[str, Any]) -> None:
    feed = document.get("feed")
    history = feed.get("history") if isinstance(feed, dict) else None
    if not isinstance(history, str) or history.startswith("sqlite"):
        raise ConfigError(
            "feed.history: the history is a file, which other workers would not have; they would not know what was "
            'delivered, and so not what is missing. Keep it in PostgreSQL: history = "postgresql+psycopg://…"'
        )


def _find_locks(configs: Sequence[Path]) -> Iterator[str]:
    """Yield of each feed a hash, the same for feeds of which one is to run at a time.

    These are feeds that deliver to one address, as far as that can be told without secrets. The queue has one lock for
    a job: with a feed of several destinations, all that share one of these have the same.
    """
    places = [_find_places(config) for config in configs]
    group_of: dict[str, set[str]] = {}
    for mine in places:
        joined = mine.union(*(group_of.get(place, ()) for place in mine))
        group_of |= dict.fromkeys(joined, joined)
    for mine in places:
        yield hashlib.sha256(min(group_of[min(mine)]).encode(errors="surrogateescape")).hexdigest()


def _find_places(config: Path) -> set[str]:
    (job,) = plan_jobs([config], _UNLIMITED).jobs
    if job.destinations:
        return {*job.destinations}
    urls = (table.get("url") for table in find_destinations(read_unchecked(config)))
    return {str(url) for url in urls if url} or {str(config)}
