"""`arfeed sync`: deliver."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from arfeed.cli.display.output import console, print_json, refuse
from arfeed.cli.display.progress import progress
from arfeed.cli.options import DEFAULT_CONFIG, Approve, Config, Html, Json, format_command, takes
from arfeed.model.errors import ConfigError

if TYPE_CHECKING:
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
_ABOUT_ALL = ("jobs", "only", "shard", "time_limit", "memory_limit", "metrics")
ApprovedBy = Annotated[
    # Hidden, since a person at a terminal is named by their account; a program names whoever told it.
    str | None, typer.Option("--approved-by", metavar="WHO", hidden=True, help="Who approves, if not who runs this.")
]


@dataclass(frozen=True, slots=True)
class Options:
    """What was typed: a field for each option."""

    context: typer.Context
    config: Config = DEFAULT_CONFIG
    approve: Approve = None
    approved_by: ApprovedBy = None
    folder: All = None
    jobs: Jobs = None
    only: Only = None
    shard: Shard = None
    time_limit: TimeLimit = None
    memory_limit: MemoryLimit = None
    metrics: Metrics = None
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
    from arfeed.cli.display.masking import read_feed
    from arfeed.runs import pipeline
    from arfeed.runs.context import begin_run
    from arfeed.runs.page_files import check_page_file, write_plan_page, write_receipt_page

    config, approve, html = options.config, options.approve, options.html
    project, command = read_feed(config), format_command("arfeed sync", config)
    check_page_file(html)
    with progress() as steps:
        begun = replace(begin_run(project, steps), approver=options.approved_by)
        result = pipeline.sync_begun(begun, approve=approve)
        # The run itself is over and its lock released; the page asked for by --html is written after it.
        page, finished = result.page, begin_run(project, steps)
        if html and result.receipt:
            page = write_receipt_page(finished, result.receipt, html)
        elif html:
            page = write_plan_page(finished, result.plan, html, command)
    _report(result, page, command, config, approve, as_json=options.as_json)


def _refuse_with_all(context: typer.Context, folder: Path) -> None:
    for name in ("approve", "config", "html"):
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
    approve: Approve = None,
    as_json: Json = False,
) -> None:
    """Deliver an earlier run's report again, reviewed like any other; it sends no PDFs."""
    from arfeed.cli.display.masking import read_feed
    from arfeed.runs import pipeline
    from arfeed.runs.context import begin_run

    project = read_feed(config)
    with progress() as steps:
        result = pipeline.resend(begin_run(project, steps), run, approve=approve)
    _report(result, result.page, format_command(f"arfeed resend {run}", config), config, approve, as_json=as_json)


def _report(
    result: Result, page: Path | None, command: str, config: Path, approve: str | None, *, as_json: bool
) -> None:
    from arfeed.cli.display.show import receipt_as_data, show_page, show_plan, show_receipt
    from arfeed.history.receipts import plan_document

    people = console(beside_json=as_json)
    # The plan is shown after a delivery too: it is what was delivered, and a scheduler's log keeps it.
    show_plan(
        result.plan, people, command, format_command("arfeed adopt", config), delivered=result.receipt is not None
    )
    if result.receipt:
        show_receipt(result.receipt, people)
    show_page(page, people)
    if as_json:
        receipt = receipt_as_data(result.receipt) if result.receipt else None
        document = {"delivered": receipt is not None, "plan": plan_document(result.plan), "receipt": receipt}
        print_json({**document, "page": str(page) if page else None})
    # After everything has been shown: the exit code is the last word.
    if result.receipt is None:
        refuse(_describe_refusal(approve))


def _describe_refusal(approve: str | None) -> str:
    if approve is None:
        return "Refused: nothing was delivered."
    return f"Refused: nothing was delivered. The approval {approve} is for another plan than this one; read it again."
