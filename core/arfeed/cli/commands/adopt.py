"""`arfeed adopt`: take a report as baseline."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from arfeed.cli.display.output import console
from arfeed.cli.display.progress import progress
from arfeed.cli.options import DEFAULT_CONFIG, Config, Destination

File = Annotated[
    str | None, typer.Argument(metavar="[FILE]", help="A report's name at the destination, or a file here.")
]


Approve = Annotated[
    str | None,
    typer.Option(
        "--approve",
        metavar="N-HASH",
        help="Take it though it lacks invoices, by the code that the refusal printed.",
    ),
]
Pdfs = Annotated[
    bool,
    typer.Option("--pdfs", help="Take over the PDFs of its invoices that are there, after a history was lost."),
]


Reconcile = Annotated[
    Path | None,
    typer.Option(
        "--reconcile",
        metavar="EXPORT",
        help="The receiver's export of its open invoices: if it agrees, no approval is needed.",
    ),
]


def adopt(
    file: File = None,
    config: Config = DEFAULT_CONFIG,
    destination: Destination = None,
    approve: Approve = None,
    pdfs: Pdfs = False,
    reconcile: Reconcile = None,
) -> None:
    """Make a report that arfeed did not send the baseline of the next one."""
    # Imported here, as in every command: `arfeed --help` must not wait for pandas, pyarrow and SQLAlchemy.
    from arfeed.cli.display.asking import asker_for
    from arfeed.cli.display.masking import read_feed
    from arfeed.runs.adoption import Grounds
    from arfeed.runs.adoption import adopt as take
    from arfeed.runs.context import begin_run

    project, people = read_feed(config, destination), console()
    grounds = Grounds(approve, (reconcile, asker_for(people)) if reconcile else None)
    with progress() as steps:
        taken = take(begin_run(project, steps), file, grounds, pdfs=pdfs)
    if taken.name is not None:
        people.print(f"✓ {taken.name} is the baseline now: {taken.open_count} documents", style="green", markup=False)
    others = [name for name in taken.known if name != taken.name]
    if pdfs:
        people.print(f"✓ {len(taken.pdfs):,} PDFs there are taken over; the next run sends them anew", markup=False)
    if others:
        people.print(f"  known from now on, too: {', '.join(others)}", markup=False)
