"""When a feed is due: its cron line, moved by a part of the spread that the feed's name decides."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from arfeed.model.errors import ConfigError
from arfeed.plugins.feed import ScheduleSettings

_SPREAD = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Timetable:
    """A cron line in a time zone, and how many seconds later the feed begins."""

    cron: str
    timezone: str
    offset: int

    def next(self, after: datetime) -> datetime:
        """Return the first moment at which the feed is due after another, in UTC.

        Where clocks are changed, lines with `*` in minute or hour go by the clock, as in Debian's cron; others are run
        once on each day. Raise `ConfigError` for a line that no day fits.
        """
        from cronsim import CronSim, CronSimError

        late = timedelta(seconds=self.offset)
        try:
            found = next(CronSim(self.cron, (after - late).astimezone(ZoneInfo(self.timezone))))
        except CronSimError as exc:
            raise ConfigError(f"schedule.cron: found {self.cron!r}: {exc}") from exc
        except StopIteration:
            raise ConfigError(f"schedule.cron: found {self.cron!r}: no day fits that line") from None
        return found.astimezone(UTC) + late


def read_timetable(name: str, document: Mapping[str, Any]) -> Timetable | None:
    """Return when a feed is due, by what its plugins.toml says; None if it has no schedule.

    Raise `ConfigError` for a wrong one.
    """
    table = document.get("schedule")
    if table is None:
        return None
    try:
        settings = ScheduleSettings.model_validate(table)
    except ValidationError as exc:
        error = exc.errors()[0]
        key = ".".join(["schedule", *map(str, error["loc"])])
        raise ConfigError(f"{key}: {error['msg'].removeprefix('Value error, ')}") from exc
    feed = document.get("feed")
    return make_timetable(name, settings, feed.get("timezone") if isinstance(feed, dict) else None)


def make_timetable(name: str, settings: ScheduleSettings, zone: str | None) -> Timetable:
    """Return when a feed is due; `zone` is that of its [feed]."""
    spread = timedelta() if settings.spread is False else settings.spread or _SPREAD
    return Timetable(settings.cron, settings.timezone or zone or "UTC", _share(name, int(spread.total_seconds())))


def _share(name: str, seconds: int) -> int:
    """Return a part of the seconds, the same for a name whichever other feeds come or go."""
    digest = hashlib.sha256(name.encode(errors="surrogateescape")).digest()
    return int.from_bytes(digest[:8]) % seconds if seconds else 0
