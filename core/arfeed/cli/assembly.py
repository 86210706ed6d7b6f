"""The commands, each with its place, its example and what the list of commands says of it.

Only commands that are typed are imported: the list is printed without any of them.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Collection
from importlib.metadata import version
from typing import Annotated, NamedTuple, cast

import typer

from arfeed.cli.display.logs import LogJson


class _Command(NamedTuple):
    """A function of a module in `commands`, or the module's own group of commands; `says` begins its help, too."""

    place: str
    says: str
    example: str | None = None


COMMANDS = {
    "init": _Command(
        "setup.init.init",
        "Make a first plugins.toml from a sample and a few questions, then check it. Overwrites nothing.",
        "arfeed init exports/SalesInvoices-20260409.csv --to rehearsal",
    ),
    "check": _Command(
        "check.check",
        "Check the configuration, the history, every source and the connection to the destination.",
        "arfeed check --probe",
    ),
    "plan": _Command(
        "plan.plan",
        "Show what sync would deliver and mark as paid. Sends nothing; ends as sync would.",
        "arfeed plan --html plan.html",
    ),
    "sync": _Command(
        "sync.sync",
        "Deliver the report of all open invoices and their PDFs, unless review refuses it.",
        "arfeed sync --approve 5-9b165e",
    ),
    "resend": _Command(
        "sync.resend",
        "Deliver an earlier run's report again, reviewed like any other; it sends no PDFs.",
        "arfeed resend 20260409T101500Z-5d0c1e",
    ),
    "adopt": _Command(
        "adopt.adopt",
        "Make a report that arfeed did not send the baseline of the next one.",
        "arfeed adopt open_ar_20260409T101500Z.csv",
    ),
    "reconcile": _Command(
        "reconcile.reconcile",
        "Compare the receiver's own list with the last delivery. Corrects nothing; ends with 3 for differences, 4 if "
        "not comparable.",
        "arfeed reconcile open-invoices.xlsx --html reconciliation.html",
    ),
    "expect": _Command(
        "expect.expect",
        "Say in advance that invoices will be closed, so that the next plan need not ask. Without words: list answers.",
        "arfeed expect 'write-off run of December' --below 50 --until 2026-12-31",
    ),
    "keygen": _Command(
        "setup.keygen.keygen",
        "Make a key pair for SFTP. Overwrites nothing; prints what to send to the receiver and what to configure.",
        "arfeed keygen ~/.ssh/arfeed_ed25519",
    ),
    "rehearse": _Command(
        "rehearse.rehearse",
        "Run a receiver here until Ctrl-C: Kolleno's folders over SFTP, and a page with its books and faults.",
        "arfeed rehearse",
    ),
    "schedule": _Command(
        "setup.schedule.schedule",
        "Print a daily schedule for `sync` or `reconcile`, with retries after exit codes 5 and 6 only.",
        "arfeed schedule cron --at 06:00 --days weekdays",
    ),
    "schema": _Command(
        "schema.schema",
        "Print the JSON Schema of plugins.toml, with the settings of the plugins that it enables.",
        "arfeed schema > plugins.schema.json",
    ),
    "documents": _Command("documents.app", "Look at PDFs."),
    "board": _Command("board.serve.app", "Serve a page on which people see every feed, and approve what was refused."),
    "history": _Command("history.app", "List deliveries and reconciliations, and who approved each delivery."),
    "plugins": _Command("plugins.app", "List plugins, show their settings, or start a new one."),
}


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
        help="Feed every open invoice and its PDF to an accounts-receivable platform. Exit codes: 0 done, 1 a bug, "
        "2 wrong usage or configuration, 3 refused by review, 4 a source failed, 5 the destination failed, "
        "6 another run holds the lock.",
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
