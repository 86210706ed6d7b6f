"""When a feed is to run, as people type it and as each scheduler writes it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from arfeed.model.errors import ConfigError
from arfeed.plugins.loading import close_match

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WORDS = {"daily": DAYS, "weekdays": DAYS[:5]}


@dataclass(frozen=True, slots=True)
class Times:
    """Times of the day as (hour, minute), and days of the week with 0 for Monday; both in order."""

    clock: tuple[tuple[int, int], ...]
    days: tuple[int, ...]

    @property
    def daily(self) -> bool:
        """Whether it runs on every day of the week."""
        return len(self.days) == len(DAYS)

    def calendar(self, timezone: str | None) -> list[str]:
        """Return systemd's calendar expressions."""
        days = "" if self.daily else ",".join(DAYS[day].capitalize() for day in self.days) + " "
        zone = f" {timezone}" if timezone else ""
        return [f"{days}*-*-* {hour:02}:{minute:02}:00{zone}" for hour, minute in self.clock]

    def cron(self) -> list[str]:
        """Return cron's five fields; one line for all hours that share a minute."""
        # cron counts from Sunday, which is 0.
        days = "*" if self.daily else ",".join(str((day + 1) % 7) for day in self.days)
        # 06:00 and 18:30 in one line would also run at 06:30 and 18:00.
        minutes = dict.fromkeys(minute for _, minute in self.clock)
        hours = {minute: ",".join(str(hour) for hour, of in self.clock if of == minute) for minute in minutes}
        return [f"{minute} {of} * * {days}" for minute, of in hours.items()]


def read_times(clock: Sequence[str], days: str) -> Times:
    """Read times such as 06:00, and days such as daily, weekdays or mon,thu; raise `ConfigError` for others."""
    return Times(
        tuple(sorted({_time(text) for text in clock})), tuple(sorted({_day(name) for name in _name_days(days)}))
    )


def _time(text: str) -> tuple[int, int]:
    # re.ASCII, since \d would take digits of other scripts.
    match = re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)", text, re.ASCII)
    if not match:
        raise ConfigError(f"--at {text}: that is not a time of the day; give hours and minutes, such as --at 06:00")
    return int(match[1]), int(match[2])


def _name_days(days: str) -> Sequence[str]:
    return _WORDS.get(days.lower()) or [name.strip().lower() for name in days.split(",")]


def _day(name: str) -> int:
    if name not in DAYS:
        known = [*_WORDS, *DAYS]
        raise ConfigError(
            f"--days {name}: that is not a day{close_match(name, known)}. Give daily, weekdays, or days such as mon,thu"
        )
    return DAYS.index(name)
