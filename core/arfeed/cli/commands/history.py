"""`arfeed history`: what was delivered, and whether its receipts are as they were written."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from arfeed.cli.display.output import complain, console, print_json
from arfeed.cli.options import DEFAULT_CONFIG, Config, Destination, Json
from arfeed.model.errors import ConfigError
from arfeed.model.text.legible import make_legible

if TYPE_CHECKING:
    from arfeed.history.records import ReconciliationRecord, RunRecord
    from arfeed.history.store import History

app = typer.Typer(help="List deliveries and reconciliations, and who approved each delivery.")


@app.callback(invoke_without_command=True)
def history(context: typer.Context, config: Config = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """List the runs that delivered, and the reconciliations, the newest first."""
    # `arfeed history` lists; its other uses are subcommands, before which typer calls this too.
    if context.invoked_subcommand is None:
        _list(_rows(config), as_json=as_json)


@app.command("verify")
def verify(config: Config = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """Check that receipts, runs and kept reports are as they were written; ends with 2 if one is not."""
    from arfeed.history.audit import audit, make_tampering_error

    with _history(config) as database:
        count, wrong = len(database.runs()) + len(database.reconciliations()), list(audit(database))
    if as_json:
        print_json({"ok": not wrong, "runs": count, "wrong": wrong})
    else:
        mark = "!" if wrong else "✓"
        console().print(f"{mark} {count} runs checked, {len(wrong)} changed since they were written", markup=False)
    if wrong:
        # Not raised: with --json a second document, that of the error, would follow the first.
        complain(make_tampering_error(wrong))
        sys.exit(ConfigError.exit_code)


@app.command("join")
def join(
    address: Annotated[str, typer.Argument(help="The address that the history knows the receiver by.")],
    config: Config = DEFAULT_CONFIG,
    destination: Destination = None,
) -> None:
    """Keep one history for the destination and another address of the same receiver."""
    from arfeed.cli.display.masking import read_feed
    from arfeed.cli.display.progress import progress
    from arfeed.runs.context import begin_run
    from arfeed.runs.receiver.joining import join as join_histories

    project = read_feed(config, destination)
    with progress() as steps:
        joined = join_histories(begin_run(project, steps), address)
    said = f"✓ {joined.address} and {joined.where} have one history now, kept as {joined.where}"
    console().print(said, style="green", markup=False)


@app.command("page")
def page(
    run: Annotated[str, typer.Argument(help="The run, as `arfeed history` names it.")],
    config: Config = DEFAULT_CONFIG,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write it here, not into the feed's folder of pages.")
    ] = None,
) -> None:
    """Rewrite the page of a delivery or reconciliation from its receipt."""
    from arfeed.cli.display.masking import read_feed
    from arfeed.cli.display.show import show_page
    from arfeed.runs.page_files import check_page_file, rewrite_page

    check_page_file(html)
    show_page(rewrite_page(read_feed(config), run, html), console())


def _rows(config: Config) -> list[dict[str, Any]]:
    with _history(config) as database:
        told = database.receiver_states()
        listed = [_as_data(run, told.get(run.id)) for run in database.runs()]
        listed += [_as_reconciliation(each) for each in database.reconciliations()]
    # By id, which begins with the time.
    return sorted(listed, key=lambda row: (row["started_at"], row["run"]), reverse=True)


def _history(config: Config) -> History:
    from arfeed.cli.display.masking import read_feed
    from arfeed.runs.context import open_history

    return open_history(read_feed(config))


def _list(listed: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        print_json(listed)
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2))
    # Two columns that would say the same, or nothing, in most histories.
    several = ["destination"] if len({row["destination"] for row in listed}) > 1 else []
    answers = ["receiver"] if any(row.get("receiver") for row in listed) else []
    shown = ["run", *several, "kind", "state", *answers, "report", "open", "missing", "approved_by"]
    for name in shown:
        table.add_column(name.replace("_", " "), justify="right" if name in ("open", "missing") else "left")
    for row in listed:
        cells = ("" if row.get(name) is None else str(row[name]) for name in shown)
        # Not as markup: an address may have brackets, and so may a report's name.
        table.add_row(*(Text(make_legible(cell)) for cell in cells))
    console().print(table)


def _as_reconciliation(record: ReconciliationRecord) -> dict[str, Any]:
    """Return a reconciliation in the form of a run: its export, what is open there, and how many are paid there."""
    receipt = _receipt(record.receipt)
    counts = receipt.get("counts", {}) if isinstance(receipt, dict) else {}
    return {
        "run": record.id,
        "kind": "reconcile",
        "state": record.outcome,
        "feed": record.feed,
        "destination": record.destination,
        "started_at": record.at.isoformat(),
        "ended_at": record.at.isoformat(),
        "report": record.export,
        "open": record.open_count,
        "missing": counts.get("paid there"),
        "approval": None,
        "approved_by": None,
        "differences": record.differences,
        "by": record.by,
        "receipt": receipt,
    }


def _as_data(run: RunRecord, receiver: str | None) -> dict[str, Any]:
    return {
        "run": run.id,
        "kind": run.kind,
        "state": run.state,
        "receiver": receiver,
        "feed": run.feed,
        "destination": run.destination,
        "started_at": run.started_at.isoformat(),
        "ended_at": run.ended_at.isoformat() if run.ended_at else None,
        "report": run.report_name,
        "open": run.open_count,
        "missing": run.missing_count,
        "approval": run.approval,
        "approved_by": run.approved_by,
        "receipt": _receipt(run.receipt),
    }


def _receipt(receipt: str | None) -> object:
    """Return the receipt as data; a damaged one as its text."""
    try:
        # A damaged receipt must not keep the others from being listed; `verify` names it.
        return json.loads(receipt or "null")
    except ValueError:
        return receipt
