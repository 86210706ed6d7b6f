"""The commands, assembled, and the place where errors become exit codes."""

from __future__ import annotations

import atexit
import gc
import logging
import os
import sys
import traceback
from io import TextIOWrapper
from itertools import pairwise
from typing import cast

from typer.exceptions import TyperException

from arfeed.cli.assembly import assemble
from arfeed.cli.display.logs import are_events_written, log_ending
from arfeed.cli.display.masking import masked_output
from arfeed.model.errors import ArfeedError, ConfigError
from arfeed.model.events import LOGGER, event
from arfeed.plugins.distributions import find_culprit


def _tune_for_short_process() -> None:
    """Switch off what only pays off in a long-lived process. None of it changes what is done."""
    gc.set_threshold(100_000)  # looking for garbage after every 700 new objects takes a tenth of the imports' time
    os.environ.setdefault("MIMALLOC_PURGE_DELAY", "30")  # Arrow's memory goes back sooner: 100 MB at a million rows
    os.environ.setdefault("MIMALLOC_ALLOW_THP", "0")  # and in small pieces: 50 MB
    # pyarrow loads a second allocator, which it does not use, and which starts a thread: `sync --all` could not fork.
    os.environ.setdefault("JE_ARROW_MALLOC_CONF", "background_thread:false")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # NumPy's matrices, of which there are none, need no threads
    atexit.register(gc.freeze)  # what is left at the end goes with the process, unsearched: 0.2 s


def _run() -> int | None:
    """Run the command that was typed. In its standalone mode, typer would report wrong usage on stderr only."""
    try:
        app = assemble(sys.argv[1:])
        return cast("int | None", app(standalone_mode="--json" not in sys.argv and not are_events_written()))
    except TyperException as exc:
        raise ConfigError(f"{exc} (`arfeed --help` lists the commands and options)") from exc


def _one_document() -> bool:
    """Whether stdout is to hold one JSON document, so that whatever plugins print must not get there."""
    # Looked up in the words themselves, since stdout has to be prepared before typer parses them.
    words = [each for before, each in pairwise(sys.argv) if not each.startswith("-") and before != "--log-json"]
    return "--json" in sys.argv or (words[:1] == ["schema"] and "--help" not in sys.argv)


def main() -> None:
    """Run the command line; anything but an expected error keeps its traceback and ends with 1."""
    _tune_for_short_process()
    for library in ("asyncio", "stamina", LOGGER):
        # arfeed reports a lost connection in its own words; its events are only for those who ask with --log-json.
        logging.getLogger(library).addHandler(logging.NullHandler())
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # A log in an old encoding, as on Windows, gets escapes for what it can't encode, so that no run fails.
            stream.reconfigure(errors="backslashreplace")
    # Masking outermost: the last event and the traceback are printed inside of it.
    with masked_output(one_document=_one_document()), log_ending():
        try:
            sys.exit(_run())
        except ArfeedError as exc:
            from arfeed.cli.display.output import complain, print_json

            event("error", logging.ERROR, kind=type(exc).__name__, message=str(exc), exit_code=exc.exit_code)
            complain(exc)
            # A program that reads stdout gets its document in every case, errors included.
            if "--json" in sys.argv:
                print_json({"error": {"kind": type(exc).__name__, "message": str(exc), "exit_code": exc.exit_code}})
            sys.exit(exc.exit_code)
        except Exception as exc:  # noqa: BLE001 - printed here, while secrets are still covered
            event("bug", logging.CRITICAL, traceback=traceback.format_exc(), exit_code=ArfeedError.exit_code)
            traceback.print_exc()
            if stranger := find_culprit(exc):
                from arfeed.cli.display.output import complain

                complain(
                    ArfeedError(
                        f"this is a bug in the plugin {stranger}: report it to its author, or remove it from `plugins`"
                    )
                )
            sys.exit(ArfeedError.exit_code)
