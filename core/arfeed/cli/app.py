"""The commands, assembled, and the place where errors become exit codes.

Only commands that are typed are imported: the list is printed without any of them.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import logging
import os
import sys
import traceback
from collections.abc import Callable, Collection
from importlib.metadata import version
from io import TextIOWrapper
from itertools import pairwise
from typing import Annotated, cast

import typer
from typer.exceptions import TyperException

from arfeed.cli.catalog import COMMANDS
from arfeed.cli.display.logs import LogJson, are_events_written, log_ending
from arfeed.cli.display.masking import masked_output
from arfeed.model.errors import ArfeedError, ConfigError
from arfeed.model.events import LOGGER, event
from arfeed.plugins.distributions import find_culprit


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"arfeed {version('arfeed')}")
        raise typer.Exit


Version = Annotated[bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")]


def _options(log_json: LogJson = None, show_version: Version = False) -> None:
    del log_json, show_version  # their callbacks have done all that was asked for


def assemble(words: Collection[str] = COMMANDS.keys()) -> typer.Typer:
    """Return the application. Only commands whose names are among the words can be run; the others are just listed."""
    app = typer.Typer(
        name="arfeed",
        no_args_is_help=True,
        add_completion=False,
        # `main` prints tracebacks itself, through streams that mask secrets.
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        help="Feed every open invoice and its PDF to an accounts-receivable platform. Exit codes: 0 done, 1 a bug, 2 "
        "wrong usage or configuration, 3 refused by review, 4 a source failed, 5 the destination failed, 6 another run "
        "holds the lock.",
    )
    # On `arfeed` itself and not on its commands, since wrong usage of a command is an event too.
    app.callback()(_options)
    for name, (place, says, example) in COMMANDS.items():
        # Whatever is run was typed as a separate word, wherever it stands; what was not is never reached.
        if name not in words:
            app.command(name, help=says)(_list_commands)
        elif example is None:
            app.add_typer(cast("typer.Typer", _import_place(place)), name=name)
        else:
            app.command(name, epilog=f"Example: {example}")(cast("Callable[..., None]", _import_place(place)))
    return app


def _list_commands() -> None:
    raise AssertionError("this command was run although it was not typed")


def _import_place(place: str) -> object:
    module, _, name = place.rpartition(".")
    found: object = getattr(importlib.import_module(f"arfeed.cli.commands.{module}"), name)
    return found


def _tune_for_short_process() -> None:
    """Switch off what only pays off in a long-lived process. None of it changes what is done."""
    # Imports alone leave 300,000 objects: looking for garbage among them takes a tenth of a small delivery's time.
    gc.set_threshold(500_000)
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
