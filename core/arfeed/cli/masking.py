"""Keeping secrets out of everything that is printed, a stranger's exception text and tracebacks among it."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO, cast

from arfeed.config import Project, read_project
from arfeed.events import LOGGER
from arfeed.secrets import masked


class _Masking:
    """A stream that covers the secrets it has been told of; all else is the stream's own."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.secrets: set[str] = set()

    def write(self, text: str) -> int:
        self._stream.write(masked(text, self.secrets))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def masking(stream: TextIO) -> TextIO:
    """Return a stream that covers the secrets of every feed read by `read_feed`."""
    return cast("TextIO", _Masking(stream))


@contextmanager
def masked_output() -> Iterator[None]:
    """Print through streams that cover the secrets of every feed read by `read_feed`."""
    streams = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (_Masking(stream) for stream in streams)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = streams


def read_feed(config: Path) -> Project:
    """Read a plugins.toml, and cover its secrets in what is printed and logged from now on."""
    project = read_project(config)
    logs = [getattr(handler, "stream", None) for handler in logging.getLogger(LOGGER).handlers]
    for stream in (sys.stdout, sys.stderr, *logs):
        if isinstance(stream, _Masking):
            stream.secrets |= project.secrets
    return project
