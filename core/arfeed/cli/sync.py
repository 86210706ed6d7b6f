"""`arfeed sync`: deliver."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from arfeed.cli.options import DEFAULT_CONFIG, Config, Json, typed
from arfeed.cli.output import console, print_json, refuse
from arfeed.cli.progress import progress

if TYPE_CHECKING:
    from arfeed.pipeline import Result

Approve = Annotated[
    str | None, typer.Option("--approve", metavar="N-HASH", help="Deliver the very plan that printed this code.")
]


def sync(config: Config = DEFAULT_CONFIG, approve: Approve = None, as_json: Json = False) -> None:
    """Deliver the report of all open invoices and their PDFs, unless review refuses it."""
    from arfeed import pipeline
    from arfeed.cli.masking import read_feed

    project = read_feed(config)
    with progress() as steps:
        result = pipeline.sync(project, steps, approve=approve)
    _tell(result, typed("arfeed sync", config), approve, as_json=as_json)


def resend(
    run: Annotated[str, typer.Argument(help="The run, as `arfeed history` names it.")],
    config: Config = DEFAULT_CONFIG,
    approve: Approve = None,
    as_json: Json = False,
) -> None:
    """Deliver an earlier run's report again, reviewed like any other; it sends no PDFs."""
    from arfeed import pipeline
    from arfeed.cli.masking import read_feed

    project = read_feed(config)
    with progress() as steps:
        result = pipeline.resend(project, steps, run, approve=approve)
    _tell(result, typed(f"arfeed resend {run}", config), approve, as_json=as_json)


def _tell(result: Result, command: str, approve: str | None, *, as_json: bool) -> None:
    from arfeed.cli.show import plan_as_data, receipt_as_data, show_plan, show_receipt

    people = console(beside_json=as_json)
    show_plan(result.plan, people, command, delivered=result.receipt is not None)
    if result.receipt:
        show_receipt(result.receipt, people)
    if as_json:
        receipt = receipt_as_data(result.receipt) if result.receipt else None
        print_json({"delivered": receipt is not None, "plan": plan_as_data(result.plan), "receipt": receipt})
    if result.receipt is None:
        refuse(_refused(approve))


def _refused(approve: str | None) -> str:
    if approve is None:
        return "Refused: nothing was delivered."
    return f"Refused: nothing was delivered. The approval {approve} is for another plan than this one; read it again."
