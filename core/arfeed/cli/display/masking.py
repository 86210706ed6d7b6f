"""Keep secrets out of everything that is printed, including exception texts and tracebacks of third-party code."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, cast

from arfeed.model.events import LOGGER
from arfeed.model.text.secrets import mask_secrets

if TYPE_CHECKING:
    from arfeed.plugins.config import Project

_STDOUT, _STDERR = 1, 2


class _Masking:
    """A stream that masks the secrets in `secrets`, and otherwise behaves like the stream it wraps."""

    def __init__(self, stream: TextIO, document: TextIO | None = None) -> None:
        self._stream = stream
        self.document = document or self
        # Filled by `read_feed`: what is printed before plugins.toml is read can hold none of its secrets.
        self.secrets: set[str] = set()

    def close(self) -> None:
        """Stay open: a plugin must not close it."""

    def write(self, text: str) -> int:
        with _a_full_disk_as_a_broken_pipe():
            self._stream.write(mask_secrets(text, self.secrets))
        return len(text)

    def flush(self) -> None:
        with _a_full_disk_as_a_broken_pipe():
            self._stream.flush()

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def _a_full_disk_as_a_broken_pipe() -> Iterator[None]:
    """Raise a write error as the one that consoles handle: a reader that has gone."""
    try:
        yield
    except OSError as exc:
        # rich's consoles handle this one; any other error of writing would end a run that may be delivering.
        raise BrokenPipeError(exc.errno, exc.strerror) from exc


def masking(stream: TextIO) -> TextIO:
    """Return a stream that masks the secrets of every feed read by `read_feed`."""
    return cast("TextIO", _Masking(stream))


@contextmanager
def masked_output(*, one_document: bool) -> Iterator[None]:
    """Print through streams that mask the secrets of every feed read by `read_feed`.

    With `one_document`, whatever is printed on stdout goes to stderr, and only `document` writes to stdout.
    """
    streams = sys.stdout, sys.stderr
    with _apart(sys.stdout) if one_document else nullcontext(sys.stdout) as stdout:
        out, sys.stderr = _Masking(stdout), masking(streams[1])
        sys.stdout = cast("TextIO", _Masking(streams[1], cast("TextIO", out)) if one_document else out)
        try:
            yield
        finally:
            sys.stdout, sys.stderr = streams


@contextmanager
def _apart(stdout: TextIO) -> Iterator[TextIO]:
    """Lead what is written to descriptor 1 to stderr, until the process ends; yield the real stdout."""
    # In a test or under pythonw, stdout is not a file, and has no descriptor to redirect.
    if stdout is None or stdout is not sys.__stdout__:
        yield stdout
        return
    # What is still buffered was written for the old place.
    stdout.flush()
    # By descriptor: a database driver in C, or a tap that is started, writes past Python's streams.
    # It is not led back: what a plugin or a library still holds in a buffer is written when the process ends.
    kept = os.dup(_STDOUT)
    os.dup2(_STDERR, _STDOUT)
    with open(kept, "w", encoding=stdout.encoding, errors=stdout.errors) as document:  # noqa: PTH123 - a descriptor
        yield document


def read_feed(config: Path, destination: str | None = None) -> Project:
    """Read a plugins.toml, and mask its secrets in what is printed and logged from now on.

    With a `destination`, return the feed as one that has only that. Raise `ConfigError` if it has none of this name.
    """
    from arfeed.plugins.config import read_project

    project = read_project(config)
    logs = [getattr(handler, "stream", None) for handler in logging.getLogger(LOGGER).handlers]
    for stream in (sys.stdout, sys.stderr, getattr(sys.stdout, "document", None), *logs):
        if isinstance(stream, _Masking):
            stream.secrets |= project.secrets
    return project if destination is None else project.choose(destination)
