"""The commands, assembled, and the place where errors become exit codes."""

from __future__ import annotations

import atexit
import gc
import logging
import os
import sys
import traceback
from collections.abc import Callable
from importlib.metadata import version
from io import TextIOWrapper
from itertools import pairwise
from typing import Annotated, cast

import typer
from typer.exceptions import TyperException

from arfeed.cli.commands import (
    adopt,
    check,
    documents,
    expect,
    history,
    init,
    keygen,
    plan,
    plugins,
    reconcile,
    rehearse,
    schedule,
    schema,
    sync,
)
from arfeed.cli.commands.board import serve as board
from arfeed.cli.display.logs import LogJson, narrated, wanted
from arfeed.cli.display.masking import masked_output
from arfeed.cli.display.output import complain, print_json
from arfeed.model.errors import ArfeedError, ConfigError
from arfeed.model.events import LOGGER, event
from arfeed.plugins.distributions import find_culprit

app = typer.Typer(
    name="arfeed",
    no_args_is_help=True,
    add_completion=False,
    # `main` prints tracebacks itself, through streams that mask secrets.
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Feed every open invoice and its PDF to an accounts-receivable platform. Exit codes: 0 done, 1 a bug, "
    "2 wrong usage or configuration, 3 refused by review, 4 a source failed, 5 the destination failed, "
    "6 another run holds the lock.",
)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"arfeed {version('arfeed')}")
        raise typer.Exit


Version = Annotated[bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")]


@app.callback()
# On `arfeed` itself and not on its commands, since wrong usage of a command is an event too.
def _options(log_json: LogJson = None, show_version: Version = False) -> None:
    del log_json, show_version  # their callbacks have done all that was asked for


def _add(name: str, function: Callable[..., None], example: str) -> None:
    """Add a command whose help ends with an example."""
    app.command(name, epilog=f"Example: {example}")(function)


_add("init", init.init, "arfeed init exports/SalesInvoices-20260409.csv --to rehearsal")
_add("check", check.check, "arfeed check --probe")
_add("plan", plan.plan, "arfeed plan --html plan.html")
_add("sync", sync.sync, "arfeed sync --approve 5-9b165e")
_add("resend", sync.resend, "arfeed resend 20260409T101500Z-5d0c1e")
_add("adopt", adopt.adopt, "arfeed adopt open_ar_20260409T101500Z.csv")
_add("reconcile", reconcile.reconcile, "arfeed reconcile open-invoices.xlsx --html reconciliation.html")
_add("expect", expect.expect, "arfeed expect 'write-off run of December' --below 50 --until 2026-12-31")
_add("keygen", keygen.keygen, "arfeed keygen ~/.ssh/arfeed_ed25519")
_add("rehearse", rehearse.rehearse, "arfeed rehearse")
_add("schedule", schedule.schedule, "arfeed schedule cron --at 06:00 --days weekdays")
_add("schema", schema.schema, "arfeed schema > plugins.schema.json")
app.add_typer(board.app, name="board")
app.add_typer(documents.app, name="documents")
app.add_typer(history.app, name="history")
app.add_typer(plugins.app, name="plugins")


def _tune_for_short_process() -> None:
    """Switch off what only pays off in a long-lived process. None of it changes what is done."""
    gc.set_threshold(100_000)  # looking for garbage after every 700 new objects takes a tenth of the imports' time
    os.environ.setdefault("MIMALLOC_PURGE_DELAY", "30")  # Arrow's memory goes back sooner: 100 MB at a million rows
    os.environ.setdefault("MIMALLOC_ALLOW_THP", "0")  # and in small pieces: 50 MB
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # NumPy's matrices, of which there are none, need no threads
    atexit.register(gc.freeze)  # what is left at the end goes with the process, unsearched: 0.2 s


def _run() -> int | None:
    """Run the command that was typed. In its standalone mode, typer would report wrong usage on stderr only."""
    try:
        return cast("int | None", app(standalone_mode="--json" not in sys.argv and not wanted()))
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
            # A log in an old encoding, as on Windows, gets escapes for what it can't encode: no run fails of it.
            stream.reconfigure(errors="backslashreplace")
    # Masking outermost: the last event and the traceback are printed inside of it.
    with masked_output(one_document=_one_document()), narrated():
        try:
            sys.exit(_run())
        except ArfeedError as exc:
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
                complain(
                    ArfeedError(
                        f"this is a bug in the plugin {stranger}: report it to its author, or remove it from `plugins`"
                    )
                )
            sys.exit(ArfeedError.exit_code)
