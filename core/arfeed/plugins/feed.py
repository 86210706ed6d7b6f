"""The tables [feed], [schedule] and [board] of plugins.toml, and what [destinations.NAME] may be called."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, SecretStr

from arfeed.model.fields import DatabaseUrl, Duration, Location, Size, is_private
from arfeed.model.settings import Settings

DESTINATION_NAME = "[A-Za-z0-9_][A-Za-z0-9_-]*"
"""What a destination may be called: it is typed in commands, and stands in addresses of the board."""


def _timezone(name: str | None) -> str | None:
    if name is not None:
        try:
            # Windows has no time zone database; there the package tzdata is one, and a missing one raises here too.
            ZoneInfo(name)
        except (KeyError, ValueError, OSError) as exc:
            raise ValueError("give a name of the IANA time zone database, such as Europe/London") from exc
    return name


def _ping(url: SecretStr | None) -> SecretStr | None:
    if url is not None:
        parts = urlsplit(url.get_secret_value())
        if not is_private(parts):
            raise ValueError("give a URL that begins with https://; http:// is for this machine only")
        if parts.query or parts.fragment or re.search(r"[^\x21-\x7e]", url.get_secret_value()):
            raise ValueError("give the URL as the monitor shows it, without ? and #, blanks and line ends")
    return url


def _web_address(url: str | None) -> str | None:
    if url is not None and (not url.startswith(("https://", "http://")) or any(each.isspace() for each in url)):
        raise ValueError("give an address that begins with https://")
    return url


class FeedSettings(Settings):
    """The table [feed]."""

    name: str = Field(default="feed", description="What this feed is called in plans, receipts and messages.")
    timezone: Annotated[str | None, AfterValidator(_timezone)] = Field(
        default=None, description="Time zone of as-of dates, e.g. Europe/London."
    )
    history: DatabaseUrl = Field(
        default=SecretStr("sqlite:///.arfeed/history.db"),
        validate_default=True,
        description="SQLAlchemy URL of the history; may hold a password, so it is never shown.",
    )
    pages: Literal[False] | Location | None = Field(
        default=None,
        description="Folder for the page of every delivery; a folder pages beside the history if that is an SQLite "
        "file and this is unset; false for none.",
    )
    lock_seconds: float = Field(default=60, gt=0, description="How long the lock of a dead or suspended run lasts.")
    ping: Annotated[SecretStr | None, AfterValidator(_ping)] = Field(
        default=None,
        examples=["https://hc-ping.com/${PING_ID}"],
        description="Ping URL of a monitor, as healthchecks.io has them: asked with /start, then with the exit code.",
    )
    time_limit: Duration | None = Field(
        default=None,
        examples=["30 min"],
        description="How long `sync --all` lets this feed run before it ends it; its --time-limit if unset.",
    )
    memory_limit: Size | None = Field(
        default=None,
        examples=["2 GB"],
        description="How much memory `sync --all` lets this feed take before it ends it; its --memory-limit if unset.",
    )


def _cron(line: str) -> str:
    """Return a cron line; what its fields hold is judged by `arfeed fleet register`, which has a library for that."""
    if len(line.split()) != 5:
        raise ValueError('give five fields: minute, hour, day, month, day of the week, as in "0 6 * * MON-FRI"')
    return line


class ScheduleSettings(Settings):
    """The table [schedule]: when `arfeed fleet` runs this feed."""

    cron: Annotated[str, AfterValidator(_cron)] = Field(
        examples=["0 6 * * MON-FRI"], description="When the feed is due, as a line of cron; a missed run is caught up."
    )
    timezone: Annotated[str | None, AfterValidator(_timezone)] = Field(
        default=None, description="Time zone of the cron line; that of [feed] if unset, and UTC without either."
    )
    spread: Literal[False] | Duration | None = Field(
        default=None,
        examples=["30 min"],
        description="How much later than the cron line the feed may begin, always by the same part of it that its name "
        "decides; 10 minutes if unset, false for not at all.",
    )


class BoardSettings(Settings):
    """The table [board]: what `arfeed board` asks of those who approve a plan of this feed."""

    url: Annotated[str | None, AfterValidator(_web_address)] = Field(
        default=None,
        description="The address of this feed's page on the board, as in https://board.example.com/feeds/acme; "
        "messages of refused plans name it.",
    )
    amount_over: Decimal | None = Field(
        default=None,
        ge=0,
        description="Whoever approves also types what would be marked as paid in each currency in which it is more "
        "than this.",
    )
    two_people_over: int | None = Field(
        default=None, ge=0, description="Two people have to approve if more invoices than this would be marked as paid."
    )
    two_people_over_amount: Decimal | None = Field(
        default=None,
        ge=0,
        description="Two people have to approve if more than this would be marked as paid in any one currency.",
    )
