"""The commands, each with its place, its example and what the list of commands says of it."""

from __future__ import annotations

from typing import NamedTuple


class Command(NamedTuple):
    """A function of a module in `commands`, or the module's own group of commands; `says` begins its help, too."""

    place: str
    says: str
    example: str | None = None


COMMANDS = {
    "init": Command(
        "setup.init.init",
        "Make a first plugins.toml from a sample and a few questions, then check it. Overwrites nothing.",
        "arfeed init exports/SalesInvoices-20260409.csv --to rehearsal",
    ),
    "check": Command(
        "check.check",
        "Check the configuration, the history, every source and the connection to the destination.",
        "arfeed check --probe",
    ),
    "plan": Command(
        "plan.plan",
        "Show what sync would deliver and mark as paid. Sends nothing; ends as sync would.",
        "arfeed plan --html plan.html",
    ),
    "sync": Command(
        "sync.sync",
        "Deliver the report of all open invoices and their PDFs, unless review refuses it.",
        "arfeed sync --approve 5-9b165e",
    ),
    "resend": Command(
        "sync.resend",
        "Deliver an earlier run's report again, reviewed like any other; it sends no PDFs.",
        "arfeed resend 20260409T101500Z-5d0c1e",
    ),
    "adopt": Command(
        "adopt.adopt",
        "Make a report that arfeed did not send the baseline of the next one.",
        "arfeed adopt open_ar_20260409T101500Z.csv",
    ),
    "outcome": Command(
        "outcome.outcome",
        "Ask the receiver whether it has taken a delivery. Ends with 5 if it has rejected any of it.",
        "arfeed outcome --wait '30 min'",
    ),
    "reconcile": Command(
        "reconcile.reconcile",
        "Compare the receiver's own list with the last delivery. Corrects nothing; ends with 3 for differences, 4 if "
        "not comparable.",
        "arfeed reconcile open-invoices.xlsx --html reconciliation.html",
    ),
    "expect": Command(
        "expect.expect",
        "Say in advance that invoices will be closed, so that the next plan need not ask. Without words: list answers.",
        "arfeed expect 'write-off run of December' --below 50 --until 2026-12-31",
    ),
    "keygen": Command(
        "setup.keygen.keygen",
        "Make a key pair for SFTP. Overwrites nothing; prints what to send to the receiver and what to configure.",
        "arfeed keygen ~/.ssh/arfeed_ed25519",
    ),
    "rehearse": Command(
        "rehearse.rehearse",
        "Run a receiver here until Ctrl-C: Kolleno's folders over SFTP, and a page with its books and faults.",
        "arfeed rehearse",
    ),
    "schedule": Command(
        "setup.schedule.schedule",
        "Print a daily schedule for `sync` or `reconcile`, with retries after exit codes 5 and 6 only.",
        "arfeed schedule cron --at 06:00 --days weekdays",
    ),
    "schema": Command(
        "schema.schema",
        "Print the JSON Schema of plugins.toml, with the settings of the plugins that it enables.",
        "arfeed schema > plugins.schema.json",
    ),
    "documents": Command("documents.app", "Look at PDFs."),
    "board": Command("board.serve.app", "Serve a page on which people see every feed, and approve what was refused."),
    "fleet": Command("fleet.serve.app", "Run many feeds on many machines, by a queue in PostgreSQL."),
    "history": Command("history.app", "List deliveries and reconciliations, and who approved each delivery."),
    "plugins": Command("plugins.app", "List plugins, show their settings, or start a new one."),
}
