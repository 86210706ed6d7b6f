"""What a run says to programs: named events with facts, through the standard library's logging as `arfeed`.

A record's message is the event's name, its attribute `facts` the rest, as plain data. Who runs arfeed inside of another
program listens to the logger; the command line writes them as lines of JSON.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextvars import ContextVar
from types import MappingProxyType

LOGGER = "arfeed"

_bound: ContextVar[Mapping[str, object]] = ContextVar("bound", default=MappingProxyType({}))


def bind(**facts: object) -> None:
    """Say these facts with every event from now on, such as feed and run, and no earlier ones."""
    _bound.set(facts)


def event(name: str, level: int = logging.INFO, /, **facts: object) -> None:
    """Say that something happened."""
    logging.getLogger(LOGGER).log(level, name, extra={"facts": {**_bound.get(), **facts}})
