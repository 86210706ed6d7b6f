"""What is known of each feed before it runs: where it delivers to, how long it may take, what it needs imported."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel

from arfeed.model.fields import Location, check_address, parse_duration, parse_size
from arfeed.model.text.secrets import KEYRING, VARIABLE, look_up
from arfeed.operations.many.limits import Limits
from arfeed.operations.many.running import Job
from arfeed.plugins.shared import read_unchecked
from arfeed.runs.addresses import is_rehearsed, normalize


@dataclass(frozen=True, slots=True)
class Planned:
    """The jobs, the plugins that their feeds enable, and the schemes of the addresses that they name."""

    jobs: Sequence[Job]
    plugins: frozenset[str]
    schemes: frozenset[str]


class _Address(BaseModel):
    url: Annotated[Location, AfterValidator(check_address)]


def plan_jobs(configs: Iterable[Path], limits: Limits) -> Planned:
    """Look at each feed, without checking it; what is wrong in one its own run will report.

    `limits` are for feeds that set none themselves.
    """
    jobs: list[Job] = []
    plugins: set[str] = set()
    schemes: set[str] = set()
    for config in configs:
        document = read_unchecked(config)
        urls = [_text(table.get("url")) for table in find_destinations(document)]
        history = _text(_table(document, "feed").get("history"))
        enabled = document.get("plugins")
        plugins |= {each for each in enabled if isinstance(each, str)} if isinstance(enabled, list) else set()
        schemes |= {each.partition("://")[0] for each in (*urls, history) if each and "://" in each}
        known = frozenset(place for url in urls if (place := _destination(config, url)))
        jobs.append(Job(config, _limits(_table(document, "feed"), limits), known))
    return Planned(jobs, frozenset(plugins), frozenset(schemes))


def find_destinations(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the tables of a feed's destinations, unchecked: [destination], or each of [destinations.NAME]."""
    several = _table(document, "destinations")
    return [each for each in several.values() if isinstance(each, dict)] or [_table(document, "destination")]


def _table(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    table = document.get(name)
    return table if isinstance(table, dict) else {}


def _limits(feed: Mapping[str, Any], default: Limits) -> Limits:
    seconds, memory = default.seconds, default.memory
    try:
        if "time_limit" in feed:
            span = parse_duration(feed["time_limit"])
            seconds = span.total_seconds() if isinstance(span, timedelta) else seconds
        if "memory_limit" in feed:
            size = parse_size(feed["memory_limit"])
            memory = size if isinstance(size, int) else memory
    except ValueError:
        return default
    return Limits(seconds, memory)


def _text(value: object) -> str | None:
    """Return a text with what it takes from the environment; None if that is not set, or in a keyring."""
    if not isinstance(value, str) or f"${{{KEYRING}" in value:
        return None  # a keyring is asked over a connection, and here nothing may be opened
    try:
        return VARIABLE.sub(lambda match: look_up(match[1]), value)
    except LookupError:
        return None


def _destination(config: Path, url: str | None) -> str | None:
    """Return where a feed delivers to, the same for all that deliver there; None if that can't be told."""
    if url is None:
        return None
    folder = config.absolute().parent
    if is_rehearsed(url):
        return f"{url} in {folder}"
    try:
        return normalize(_Address.model_validate({"url": url}, context={"folder": folder}).url)
    except ValueError:
        return None
