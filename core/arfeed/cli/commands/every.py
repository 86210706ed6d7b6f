"""`arfeed sync --all DIR`: every feed of a folder, and one summary."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.markup import escape
from rich.table import Table

from arfeed.cli.display.logs import VARIABLE
from arfeed.cli.display.output import console, print_json
from arfeed.operations.feeds import Outcome, find_feeds, highest, sync_each


def sync_all(folder: Path, *, log: str | None, as_json: bool) -> None:
    """Deliver every feed of a folder, report how each ended, and end with the highest of their exit codes.

    `log` is the file that `--log-json` named for their events.
    """
    feeds = find_feeds(folder)
    outcomes: list[Outcome] = []
    with _terminable():
        for number, config in enumerate(feeds, 1):
            console(beside_json=True).print(f"\n[{number}/{len(feeds)}] {config}", style="bold", markup=False)
            # Each by itself, so that its heading stands above what it prints.
            outcomes += sync_each([config], {VARIABLE: log} if log else {})
    people = console(beside_json=as_json)
    people.print(_summary(outcomes))
    for outcome in outcomes:
        if outcome.code:
            people.print(f"  {outcome.config}: {outcome.next}", markup=False)
    if as_json:
        print_json({"exit_code": highest(outcomes), "feeds": [_as_data(outcome) for outcome in outcomes]})
    sys.exit(highest(outcomes))


@contextmanager
def _terminable() -> Iterator[None]:
    """Let SIGTERM also end the feed that is running."""
    # As an exception, so that the process of the feed under way is terminated too, and does not go on alone.
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _summary(outcomes: list[Outcome]) -> Table:
    delivered = sum(outcome.code == 0 for outcome in outcomes)
    title = f"\n{delivered} of {len(outcomes)} feeds delivered"
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, padding=(0, 2))
    for name in ("", "feed", "outcome", "open", "missing", "seconds"):
        table.add_column(name, justify="right" if name in ("open", "missing", "seconds") else "left")
    for outcome in outcomes:
        opened, missing = outcome.counts or ("", "")
        table.add_row(
            "✗" if outcome.code else "✓",
            # A folder called [red] is not a style.
            escape(str(outcome.config)),
            outcome.name,
            str(opened),
            str(missing),
            f"{outcome.seconds:.1f}",
            style="red" if outcome.code else "green",
        )
    return table


def _as_data(outcome: Outcome) -> dict[str, object]:
    return {
        "config": str(outcome.config),
        "outcome": outcome.name,
        "exit_code": outcome.code,
        "seconds": round(outcome.seconds, 3),
        "result": outcome.document,
    }
