"""What a run reports to programs: named events with facts, through the standard library's logging as `arfeed`.

A record's message is the event's name, its attribute `facts` the rest, as plain data. A program that embeds arfeed
listens to the logger; the command line writes them as lines of JSON.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextvars import ContextVar
from types import MappingProxyType

LOGGER = "arfeed"

# A context variable, not a global: two feeds that one program runs in threads keep their own facts.
_bound: ContextVar[Mapping[str, object]] = ContextVar("bound", default=MappingProxyType({}))


def bind(**facts: object) -> None:
    """Add these facts, such as feed and run, to every later event, in place of those bound before."""
    _bound.set(facts)


def is_wanted(level: int = logging.INFO) -> bool:
    """Whether anybody listens to events of a level, so that facts that cost time are worth gathering."""
    return logging.getLogger(LOGGER).isEnabledFor(level)


def event(name: str, level: int = logging.INFO, /, **facts: object) -> None:
    """Log that something happened."""
    logging.getLogger(LOGGER).log(level, name, extra={"facts": {**_bound.get(), **facts}})
