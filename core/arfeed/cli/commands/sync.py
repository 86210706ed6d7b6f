"""`arfeed sync`: deliver."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from arfeed.cli.display.output import console, print_json, refuse
from arfeed.cli.display.progress import phase_seconds, progress
from arfeed.cli.options import (
    DEFAULT_CONFIG,
    Approve,
    Config,
    Destination,
    Html,
    Json,
    Typed,
    insist_on_code,
    takes,
)
from arfeed.model.errors import ConfigError

if TYPE_CHECKING:
    from rich.console import Console

    from arfeed.history.records import OutcomeOfDelivery
    from arfeed.plugins.config import Project
    from arfeed.runs.chapters import Result

All = Annotated[
    Path | None,
    typer.Option(
        "--all",
        metavar="DIR",
        help="Deliver every feed of a folder: its *.toml, and plugins.toml in the folders in it.",
    ),
]
Jobs = Annotated[
    int | None,
    typer.Option("--jobs", metavar="N", min=1, help="With --all: how many at once; unset: one a processor."),
]
Only = Annotated[
    list[str] | None,
    typer.Option("--only", metavar="NAME|failed", help="With --all: this feed, or what was not delivered last."),
]
Shard = Annotated[
    str | None, typer.Option("--shard", metavar="N/OF", help="With --all: one of several shares, such as 2/5.")
]
TimeLimit = Annotated[
    str | None,
    typer.Option("--time-limit", metavar="TIME", help='With --all: how long each may take, or "none"; 1 h if unset.'),
]
MemoryLimit = Annotated[
    str | None,
    typer.Option("--memory-limit", metavar="SIZE", help='With --all: how much memory each may take, or "none".'),
]
Metrics = Annotated[
    Path | None,
    typer.Option("--metrics", metavar="FILE", help="With --all: write figures of each feed for Prometheus, as x.prom."),
]
Wait = Annotated[
    str | None,
    typer.Option(
        "--wait", metavar="TIME", help="After a delivery, ask the receiver what became of it, at most that long."
    ),
]
_ABOUT_ALL = ("jobs", "only", "shard", "time_limit", "memory_limit", "metrics")
Approver = Annotated[
    str | None,
    # The second name is an earlier one.
    typer.Option(
        "--approver",
        "--approved-by",
        metavar="NAME",
        help="Who approves, if a program types this for somebody; account and machine are kept beside the name.",
    ),
]


@dataclass(frozen=True, slots=True)
class Options:
    """What was typed: a field for each option."""

    context: typer.Context
    config: Config = DEFAULT_CONFIG
    destination: Destination = None
    approve: Approve = None
    approver: Approver = None
    folder: All = None
    jobs: Jobs = None
    only: Only = None
    shard: Shard = None
    time_limit: TimeLimit = None
    memory_limit: MemoryLimit = None
    metrics: Metrics = None
    wait: Wait = None
    html: Html = None
    as_json: Json = False


@takes(Options)
def sync(options: Options) -> None:
    """Deliver the report of all open invoices and their PDFs, unless review refuses it."""
    if options.folder is not None:
        _refuse_with_all(options.context, options.folder)
        _sync_all(options, options.folder)
    else:
        _refuse_without_all(options.context)
        _sync_one(options)


def _sync_all(options: Options, folder: Path) -> None:
    from arfeed.cli.commands.every import Wishes, sync_all

    wishes = Wishes(
        options.jobs,
        options.only or (),
        options.shard,
        options.time_limit,
        options.memory_limit,
        options.metrics,
    )
    sync_all(folder, wishes, log=options.context.find_root().params.get("log_json"), as_json=options.as_json)


def _sync_one(options: Options) -> None:
    from arfeed.cli.commands import outcome
    from arfeed.cli.display.masking import read_feed
    from arfeed.cli.display.several import insist_on_one
    from arfeed.runs import pipeline
    from arfeed.runs.context import begin_run
    from arfeed.runs.page_files import check_page_file, write_plan_page, write_receipt_page

    config, approve, html = options.config, options.approve, options.html
    project = read_feed(config, options.destination)
    check_page_file(html)
    insist_on_code(options.approver, approve)
    if len(project.destinations) > 1:
        insist_on_one(project, html=html, wait=options.wait, approver=options.approver)
        _sync_each(project, options)
        return
    typed, wait = Typed("arfeed sync", config, project.chosen), outcome.parse_wait(options.wait)
    if options.wait is not None:
        outcome.insist_on_answer(project)
    with progress() as steps:
        begun = replace(begin_run(project, steps), approver=options.approver)
        result = pipeline.sync_begun(begun, approve=approve)
        # The run itself is over and its lock released; the page asked for by --html is written after it.
        page, finished, seconds = result.page, begin_run(project, steps), phase_seconds(steps)
        if html and result.receipt:
            page = write_receipt_page(finished, result.receipt, html)
        elif html:
            page = write_plan_page(finished, result.plan, html, typed.command)
    told = None
    if options.wait is not None and result.receipt:
        with progress() as steps:
            told = outcome.ask(begin_run(project, steps), result.receipt.run, wait)
    _report(result, page, typed, approve, seconds if options.as_json else None, told)


def _sync_each(project: Project, options: Options) -> None:
    """Deliver to all destinations of a feed, and end with the worst of their exit codes."""
    from arfeed.cli.display.several import show_each
    from arfeed.runs import pipeline
    from arfeed.runs.chapters import Result
    from arfeed.runs.context import begin_runs

    people = console(beside_json=options.as_json)
    with progress() as steps:
        endings = pipeline.sync_each(begin_runs(project, steps), approve=options.approve)
        seconds = phase_seconds(steps)

    def show(name: str, result: Result) -> dict[str, object]:
        _show(result, result.page, Typed("arfeed sync", options.config, name), people)
        return _as_data(result, result.page) if options.as_json else {}

    # Whoever approved what was delivered elsewhere has approved nothing here, and has made no mistake either.
    used = any(isinstance(each, Result) and each.receipt and each.plan.approval == options.approve for each in endings)
    refused = f"{{name}}: {_describe_refusal(None if used else options.approve)}"
    documents, code = show_each(project.destinations, endings, show, refused)
    if options.as_json:
        print_json({"delivered": code == 0, "destinations": documents, "seconds": seconds})
    if code:
        raise SystemExit(code)


def _refuse_with_all(context: typer.Context, folder: Path) -> None:
    for name in ("approve", "config", "destination", "html", "wait"):
        # Only what was typed: ARFEED_CONFIG may be set for everything, and is not meant here.
        if _is_typed(context, name):
            raise ConfigError(
                f"--{name} is about one feed, and --all about every feed in {folder}. Leave one out; a plan "
                f"is approved by: arfeed sync --config {folder / 'FEED' / 'plugins.toml'} --approve N-HASH"
            )


def _refuse_without_all(context: typer.Context) -> None:
    for name in _ABOUT_ALL:
        if _is_typed(context, name):
            option = name.replace("_", "-")
            raise ConfigError(f"--{option} is about many feeds: name their folder as well, as in: --all feeds")


def _is_typed(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def resend(
    run: Annotated[str, typer.Argument(help="The run, as `arfeed history` names it.")],
    config: Config = DEFAULT_CONFIG,
    destination: Destination = None,
    approve: Approve = None,
    as_json: Json = False,
) -> None:
    """Deliver an earlier run's report again, reviewed like any other; it sends no PDFs."""
    from arfeed.cli.display.masking import read_feed
    from arfeed.runs import pipeline
    from arfeed.runs.context import begin_run

    project = read_feed(config, destination)
    with progress() as steps:
        result = pipeline.resend(begin_run(project, steps), run, approve=approve)
        seconds = phase_seconds(steps)
    typed = Typed(f"arfeed resend {run}", config, project.chosen)
    _report(result, result.page, typed, approve, seconds if as_json else None)


def _report(
    result: Result,
    page: Path | None,
    typed: Typed,
    approve: str | None,
    seconds: Mapping[str, float] | None,
    told: tuple[str, OutcomeOfDelivery | None] | None = None,
) -> None:
    """Show a run; as JSON too, if its seconds by phase are given."""
    from arfeed.cli.commands.outcome import as_data, show

    people = console(beside_json=seconds is not None)
    _show(result, page, typed, people)
    if seconds is not None:
        print_json({**_as_data(result, page), "seconds": seconds, **({"outcome": as_data(*told)} if told else {})})
    if told:
        show(*told, people)
    # After everything has been shown: the exit code is the last word.
    if result.receipt is None:
        refuse(_describe_refusal(approve))


def _show(result: Result, page: Path | None, typed: Typed, people: Console) -> None:
    """Show how a run ended."""
    from arfeed.cli.display.show import show_page, show_plan, show_receipt

    # The plan is shown after a delivery too: it is what was delivered, and a scheduler's log keeps it.
    show_plan(result.plan, people, typed.command, typed.adopt, delivered=result.receipt is not None)
    if result.receipt:
        show_receipt(result.receipt, people)
    show_page(page, people)


def _as_data(result: Result, page: Path | None) -> dict[str, object]:
    """Return how a run ended as plain data, which names each invoice without a PDF and so takes its time."""
    from arfeed.cli.display.show import receipt_as_data
    from arfeed.history.receipts import plan_document

    receipt = receipt_as_data(result.receipt) if result.receipt else None
    return {
        "delivered": receipt is not None,
        "plan": plan_document(result.plan),
        "receipt": receipt,
        "page": str(page) if page else None,
    }


def _describe_refusal(approve: str | None) -> str:
    if approve is None:
        return "Refused: nothing was delivered."
    return f"Refused: nothing was delivered. The approval {approve} is for another plan than this one; read it again."
