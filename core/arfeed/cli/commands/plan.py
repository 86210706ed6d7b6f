"""`arfeed plan`: what would be delivered, and what that would mean."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from arfeed.cli.display.output import console, print_json, refuse
from arfeed.cli.display.progress import progress
from arfeed.cli.options import DEFAULT_CONFIG, Config, Destination, Html, Json, Typed

if TYPE_CHECKING:
    from rich.console import Console

    from arfeed.plugins.config import Project
    from arfeed.runs.chapters import Result


def plan(
    config: Config = DEFAULT_CONFIG, destination: Destination = None, html: Html = None, as_json: Json = False
) -> None:
    """Show what sync would deliver and mark as paid. Sends nothing; ends as sync would."""
    from arfeed.cli.display.masking import read_feed
    from arfeed.cli.display.several import insist_on_one
    from arfeed.runs import pipeline
    from arfeed.runs.context import begin_run
    from arfeed.runs.page_files import check_page_file, write_plan_page

    project, people = read_feed(config, destination), console(beside_json=as_json)
    # Before the sources are read, which may take minutes.
    check_page_file(html)
    if len(project.destinations) > 1:
        insist_on_one(project, html=html)
        _plan_each(project, config, people, as_json=as_json)
        return
    typed = Typed("arfeed sync", config, project.chosen)
    with progress() as steps:
        result = pipeline.plan(project, steps)
        # The page needs a context only to warn if it can't be written.
        page = write_plan_page(begin_run(project, steps), result.plan, html, typed.command) if html else None
    _show(result, page, typed, people)
    if as_json:
        print_json(_as_data(result, page))
    if result.plan.objections:
        # The exit code that `sync` would have, so that a script can ask before it delivers.
        refuse("Refused: sync would deliver nothing.")


def _plan_each(project: Project, config: Path, people: Console, *, as_json: bool) -> None:
    from arfeed.cli.display.several import show_each
    from arfeed.runs import pipeline
    from arfeed.runs.context import begin_runs

    with progress() as steps:
        endings = pipeline.plan_each(begin_runs(project, steps))

    def show(name: str, result: Result) -> dict[str, object]:
        _show(result, None, Typed("arfeed sync", config, name), people)
        return _as_data(result, None) if as_json else {}

    refused = "{name}: Refused: sync would deliver nothing there."
    documents, code = show_each(project.destinations, endings, show, refused)
    if as_json:
        print_json({"destinations": documents})
    if code:
        raise SystemExit(code)


def _show(result: Result, page: Path | None, typed: Typed, people: Console) -> None:
    """Show a plan with what to type."""
    from arfeed.cli.display.show import show_page, show_plan

    show_plan(result.plan, people, typed.command, typed.adopt)
    show_page(page, people)


def _as_data(result: Result, page: Path | None) -> dict[str, object]:
    from arfeed.history.receipts import plan_document

    return {**plan_document(result.plan), "page": str(page) if page else None}
