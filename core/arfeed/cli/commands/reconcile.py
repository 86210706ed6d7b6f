"""`arfeed reconcile`: whether the receiver has what was delivered."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from arfeed.cli.display.output import complain, console, print_json, refuse
from arfeed.cli.display.progress import progress
from arfeed.cli.options import DEFAULT_CONFIG, Config, Destination, Html, Json
from arfeed.model.errors import SourceError

Export = Annotated[
    Path | None,
    typer.Argument(
        metavar="[EXPORT]",
        help="The receiver's export of its open invoices; of a pattern, the newest. Not for rehearsal://NAME.",
    ),
]
Whole = Annotated[
    bool, typer.Option("--whole", help="The export is the whole list, though it looks like a part of it.")
]
Alone = Annotated[bool, typer.Option("--unattended", help="Ask nothing; the default if stdin is not a terminal.")]


def reconcile(
    export: Export = None,
    config: Config = DEFAULT_CONFIG,
    destination: Destination = None,
    whole: Whole = False,
    html: Html = None,
    as_json: Json = False,
    unattended: Alone = False,
) -> None:
    """Compare the receiver's own list with the last delivery. Corrects nothing; ends with 3 for differences, 4 if not
    comparable.
    """
    from arfeed.cli.display.asking import asker_for
    from arfeed.cli.display.masking import read_feed
    from arfeed.cli.display.reconciliation import show_reconciliation
    from arfeed.cli.display.show import show_page
    from arfeed.runs.context import begin_run
    from arfeed.runs.page_files import check_page_file, write_reconciliation_page
    from arfeed.runs.reconciliation.reconciling import reconcile as compare

    project, people = read_feed(config, destination), console(beside_json=as_json)
    check_page_file(html)
    asker = asker_for(people, unattended=unattended)
    with progress() as steps:
        begun = begin_run(project, steps)
        made = compare(begun, export, asker, whole=whole)
        page = write_reconciliation_page(begun, made, html) if html else None
    document = json.loads(made.body)
    show_reconciliation(document, people)
    show_page(page, people)
    if as_json:
        print_json({**document, "page": str(page) if page else None})
    if made.outcome == "differences":
        refuse("The receiver has something else than was delivered; nothing was corrected.")
    if made.outcome == "not comparable":
        complain(SourceError("Not comparable: nothing is known of what the receiver has."))
        sys.exit(SourceError.exit_code)
