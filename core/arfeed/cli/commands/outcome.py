"""`arfeed outcome`: what the receiver says became of a delivery."""

from __future__ import annotations

import sys
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from arfeed.cli.display.output import complain, console, print_json
from arfeed.cli.display.progress import progress
from arfeed.cli.options import DEFAULT_CONFIG, Config, Destination, Json
from arfeed.model.errors import ConfigError, DestinationError
from arfeed.model.text.legible import list_some, make_legible

if TYPE_CHECKING:
    from rich.console import Console

    from arfeed.history.records import OutcomeOfDelivery
    from arfeed.plugins.config import Project
    from arfeed.runs.context import RunContext

Run = Annotated[str | None, typer.Argument(metavar="[RUN]", help="A delivery's run; the last one if none is named.")]
Wait = Annotated[
    str | None, typer.Option("--wait", metavar="TIME", help='Ask until it is known, at most that long, as in "30 min".')
]


def outcome(
    run: Run = None,
    config: Config = DEFAULT_CONFIG,
    destination: Destination = None,
    wait: Wait = None,
    as_json: Json = False,
) -> None:
    """Ask the receiver whether it has taken a delivery. Ends with 5 if it has rejected any of it."""
    from arfeed.cli.display.masking import read_feed
    from arfeed.runs.context import begin_run

    project, people = read_feed(config, destination), console(beside_json=as_json)
    with progress() as steps:
        asked, told = ask(begin_run(project, steps), run, parse_wait(wait))
    if as_json:
        print_json(as_data(asked, told))
    show(asked, told, people)


def parse_wait(wait: str | None) -> timedelta:
    """Read what was typed after `--wait`; nothing is no time at all."""
    from arfeed.model.fields import parse_duration

    if wait is None:
        return timedelta(0)
    try:
        span = parse_duration(wait)
    except ValueError as exc:
        raise ConfigError(f"--wait {wait}: {exc}") from exc
    return span if isinstance(span, timedelta) else timedelta(0)


def insist_on_answer(project: Project) -> None:
    """Raise `ConfigError` if the receiver never says what becomes of a delivery, as far as is known beforehand."""
    from arfeed.runs.receiver.outcomes import make_silence_error, may_answer

    if not may_answer(project.destination):
        raise make_silence_error(project.destination)


def ask(begun: RunContext, run: str | None, wait: timedelta) -> tuple[str, OutcomeOfDelivery | None]:
    """Ask what became of a delivery."""
    from arfeed.runs.receiver.outcomes import ask_outcome

    return ask_outcome(begun, run, wait)


def as_data(run: str, told: OutcomeOfDelivery | None) -> dict[str, object]:
    """Return what became of a delivery as plain data."""
    if told is None:
        return {"run": run, "state": "pending", "rejected": []}
    return {"run": run, "state": told.state, "rejected": [asdict(each) for each in told.rejected]}


def show(run: str, told: OutcomeOfDelivery | None, people: Console) -> None:
    """Show what became of a delivery; end with 5 if the receiver has rejected any of it."""
    if told is None:
        people.print(f"The receiver has not said yet what became of run {run}.", markup=False, highlight=False)
        return
    if not told.is_rejection:
        people.print(Text(f"✓ the receiver has taken run {run}", "green"))
        return
    lines = [make_legible(f"{each.invoice_ref or each.file or run}: {each.reason}") for each in told.rejected]
    what = "the delivery" if told.state == "rejected" else "a part"
    listed = f":\n{list_some(lines)}" if lines else "."
    # Not raised: with --json the one document has been printed by now.
    complain(DestinationError(f"The receiver has rejected {what} of run {run}{listed}\nThe next plan asks about it."))
    sys.exit(DestinationError.exit_code)
