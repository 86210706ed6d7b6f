"""`arfeed plan`: what would be delivered, and what that would mean."""

from __future__ import annotations

from arfeed.cli.display.output import console, print_json, refuse
from arfeed.cli.display.progress import progress
from arfeed.cli.options import DEFAULT_CONFIG, Config, Html, Json, format_command


def plan(config: Config = DEFAULT_CONFIG, html: Html = None, as_json: Json = False) -> None:
    """Show what sync would deliver and mark as paid. Sends nothing; ends as sync would."""
    from arfeed.cli.display.masking import read_feed
    from arfeed.cli.display.show import show_page, show_plan
    from arfeed.history.receipts import plan_document
    from arfeed.runs import pipeline
    from arfeed.runs.context import begin_run
    from arfeed.runs.page_files import check_page_file, write_plan_page

    project = read_feed(config)
    # Before the sources are read, which may take minutes.
    check_page_file(html)
    command, people = format_command("arfeed sync", config), console(beside_json=as_json)
    with progress() as steps:
        result = pipeline.plan(project, steps)
        # The page needs a context only to warn if it can't be written.
        page = write_plan_page(begin_run(project, steps), result.plan, html, command) if html else None
    show_plan(result.plan, people, command, format_command("arfeed adopt", config))
    show_page(page, people)
    if as_json:
        print_json({**plan_document(result.plan), "page": str(page) if page else None})
    if result.plan.objections:
        # The exit code that `sync` would have, so that a script can ask before it delivers.
        refuse("Refused: sync would deliver nothing.")
