"""`arfeed history`: what was delivered, and whether its receipts are as they were written."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import typer
from rich.table import Table

from arfeed.cli.options import DEFAULT_CONFIG, Config, Json
from arfeed.cli.output import console, print_json
from arfeed.errors import ConfigError

if TYPE_CHECKING:
    from arfeed.history import RunRecord

app = typer.Typer(help="See what was delivered, and who approved it.")


@app.callback(invoke_without_command=True)
def history(context: typer.Context, config: Config = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """List the runs that delivered, the newest first."""
    if context.invoked_subcommand is None:
        _list(_runs(config), as_json=as_json)


@app.command("verify")
def verify(config: Config = DEFAULT_CONFIG) -> None:
    """See whether every receipt is as it was written; ends with 2 if one is not."""
    from arfeed.history import verify as intact

    runs = [run for run in _runs(config) if run.receipt]
    changed = [run.id for run in runs if not intact(run.receipt or "")]
    if changed:
        raise ConfigError(
            f"the receipts of {', '.join(changed)} were changed after they were written; restore a backup"
        )
    console().print(f"✓ {len(runs)} receipts are as they were written", style="green", markup=False)


def _runs(config: Config) -> list[RunRecord]:
    from arfeed.config import read_project
    from arfeed.history import History

    with History(read_project(config).feed.history.get_secret_value()) as database:
        return database.runs()


def _list(runs: list[RunRecord], *, as_json: bool) -> None:
    if as_json:
        print_json([_as_data(run) for run in runs])
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2))
    for name in ("run", "kind", "state", "report", "open", "missing", "approved by"):
        table.add_column(name, justify="right" if name in ("open", "missing") else "left")
    for run in runs:
        counts = (str(run.open_count), str(run.missing_count))
        table.add_row(run.id, run.kind, run.state, run.report_name, *counts, run.approved_by or "")
    console().print(table)


def _as_data(run: RunRecord) -> dict[str, object]:
    return {
        "run": run.id,
        "kind": run.kind,
        "state": run.state,
        "feed": run.feed,
        "destination": run.destination,
        "started_at": run.started_at.isoformat(),
        "ended_at": run.ended_at.isoformat() if run.ended_at else None,
        "report": run.report_name,
        "open": run.open_count,
        "missing": run.missing_count,
        "approval": run.approval,
        "approved_by": run.approved_by,
        "receipt": json.loads(run.receipt) if run.receipt else None,
    }
