"""`--log-json`: what happens, as lines of JSON for schedulers and monitors."""

from __future__ import annotations

import io
import json
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from time import monotonic
from typing import Annotated, TextIO

import typer

from arfeed.cli.display.masking import masking
from arfeed.model.errors import ArfeedError, ConfigError
from arfeed.model.events import LOGGER, bind, event
from arfeed.model.text.legible import escape_json

ON_STDERR = "-"
VARIABLE = "ARFEED_LOG_JSON"
_INTERRUPTED = 130


class _JsonLines(logging.Formatter):
    """One JSON object per line: time, level, event, and the event's facts."""

    def format(self, record: logging.LogRecord) -> str:
        document = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **getattr(record, "facts", {}),
        }
        return escape_json(json.dumps(document, ensure_ascii=False, default=str))


class _Log(logging.StreamHandler[TextIO]):
    """The file, or stderr, to which events are written. If it is full, the run goes on without it."""

    def __init__(self, file: TextIO | None) -> None:
        # Masked like everything else that leaves the process: logs are shipped to other machines.
        super().__init__(masking(file) if file else sys.stderr)
        self.setFormatter(_JsonLines())
        self._file = file
        self._told = False

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - as in its base
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            super().handleError(record)
        # Once, not for every event: a full disk stays full.
        elif not self._told:
            self._told = True
            from arfeed.cli.display.output import complain

            complain(ArfeedError(f"the log can't be written: {error.strerror}; events are missing from it"))

    def close(self) -> None:
        super().close()
        if self._file:
            with suppress(OSError):
                self._file.close()


class _Nowhere(io.StringIO):
    """Where text for people goes while stderr is for programs; every fact in it is an event, too."""

    def write(self, text: str, /) -> int:
        return len(text)


def begin(target: str | None) -> str | None:
    """Write events to a file, appending to what it holds, or to stderr, which is then used for nothing else."""
    if target is None:
        return None
    try:
        handler = _Log(None if target == ON_STDERR else Path(target).open("a", encoding="utf-8"))  # noqa: SIM115 - log_ending() closes it
    except OSError as exc:
        raise ConfigError(f"--log-json {target}: it can't be written: {exc.strerror}; name a file that can") from exc
    logger = logging.getLogger(LOGGER)
    logger.addHandler(handler)
    # Only now: without --log-json the level stays as it is, and events cost next to nothing.
    logger.setLevel(logging.INFO)
    if target == ON_STDERR:
        # After the handler took the real stream.
        sys.stderr = masking(_Nowhere())
    event("begin", arguments=sys.argv[1:], arfeed=version("arfeed"))
    return target


LogJson = Annotated[
    str | None,
    typer.Option(
        "--log-json",
        metavar="FILE|-",
        envvar=VARIABLE,
        is_eager=True,
        callback=begin,
        help="Also write what happens as lines of JSON to a file; - writes them to stderr, and nothing else there.",
    ),
]


def are_events_written() -> bool:
    """Whether events are written anywhere, so that errors must be logged as well as printed."""
    # The words are searched since this is asked before typer has parsed them.
    return bool(os.environ.get(VARIABLE)) or any(word.partition("=")[0] == "--log-json" for word in sys.argv)


@contextmanager
def log_ending() -> Iterator[None]:
    """Log how the command ended and how long it took, as the last event; then close the log."""
    began = monotonic()
    # A program that calls `main` twice must not see the first feed's name in the second one's events.
    bind()
    code = 0
    try:
        yield
    except SystemExit as end:
        # sys.exit() takes texts and None as well; Python makes 1 and 0 of them.
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
        raise
    except KeyboardInterrupt:
        code = _INTERRUPTED
        raise
    finally:
        event("end", exit_code=code, seconds=round(monotonic() - began, 3))
        logger = logging.getLogger(LOGGER)
        for handler in [each for each in logger.handlers if isinstance(each, _Log)]:
            logger.removeHandler(handler)
            handler.close()
