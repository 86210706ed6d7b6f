"""`arfeed adopt`: take a report as baseline."""

from __future__ import annotations

from typing import Annotated

import typer

from arfeed.cli.display.output import console
from arfeed.cli.display.progress import progress
from arfeed.cli.options import DEFAULT_CONFIG, Approve, Config

File = Annotated[
    str | None, typer.Argument(metavar="[FILE]", help="A report's name at the destination, or a file here.")
]


def adopt(file: File = None, config: Config = DEFAULT_CONFIG, approve: Approve = None) -> None:
    """Take a report that arfeed did not send as what the next one is compared with."""
    # Imported here, as in every command: `arfeed --help` must not wait for pandas, pyarrow and SQLAlchemy.
    from arfeed.cli.display.masking import read_feed
    from arfeed.runs.adoption import adopt as take
    from arfeed.runs.context import begin_run

    project = read_feed(config)
    with progress() as steps:
        taken = take(begin_run(project, steps), file, approve=approve)
    people = console()
    people.print(f"✓ {taken.name} is the baseline now: {taken.open_count} documents", style="green", markup=False)
    others = [name for name in taken.known if name != taken.name]
    if others:
        people.print(f"  known from now on, too: {', '.join(others)}", markup=False)
