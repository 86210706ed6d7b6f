"""`arfeed fleet`: its commands, and those that show how it stands and work its queue off."""

from __future__ import annotations

import os
import socket
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from arfeed.cli.commands.fleet import orders
from arfeed.cli.commands.fleet.opening import DatabaseUrl, cache_folder, insist_on_url, open_fleet
from arfeed.cli.display.output import console, print_json
from arfeed.cli.options import Json, takes
from arfeed.model.errors import ConfigError

if TYPE_CHECKING:
    from datetime import datetime

    from rich.table import Table

    from arfeed.operations.fleet.store import Entry

app = typer.Typer(help="Run many feeds on many machines, by a queue in PostgreSQL.", no_args_is_help=True)
app.command("init")(orders.init)
app.command("register")(orders.register)
app.command("pause")(orders.pause)
app.command("run")(orders.run)

Jobs = Annotated[
    int | None, typer.Option("--jobs", metavar="N", min=1, help="How many feeds at once; unset: one a processor.")
]
Folder = Annotated[
    Path | None, typer.Option("--feeds", metavar="DIR", help="Where the registered folder is on this machine.")
]
TimeLimit = Annotated[str | None, typer.Option("--time-limit", metavar="TIME", help="As for sync --all; 1 h if unset.")]
MemoryLimit = Annotated[str | None, typer.Option("--memory-limit", metavar="SIZE", help="As for sync --all.")]
Metrics = Annotated[
    str | None,
    typer.Option("--metrics", metavar="[HOST:]PORT", help="Answer Prometheus there; on 127.0.0.1 without a host."),
]
Names = Annotated[list[str] | None, typer.Argument(metavar="[NAME]…", help="Only these feeds; all if left out.")]


@dataclass(frozen=True, slots=True)
class Options:
    """What was typed: a field for each option."""

    context: typer.Context
    database: DatabaseUrl = None
    jobs: Jobs = None
    feeds: Folder = None
    time_limit: TimeLimit = None
    memory_limit: MemoryLimit = None
    metrics: Metrics = None


@app.command(epilog="Example: arfeed fleet worker --jobs 4 --metrics 9300")
@takes(Options)
def worker(options: Options) -> None:
    """Run feeds as they become due, until SIGTERM or Ctrl-C. Start one on each machine, under a supervisor."""
    url = insist_on_url(options.database)
    from arfeed.cli.commands.every import limits, processors
    from arfeed.cli.display.logs import VARIABLE
    from arfeed.operations.fleet.queue import Pace
    from arfeed.operations.fleet.serving import Place
    from arfeed.operations.fleet.working import work

    at_once = options.jobs or processors()
    folder = options.feeds.absolute() if options.feeds else None
    name = f"{socket.gethostname()} (process {os.getpid()})"
    place = Place(url, folder, cache_folder(), name, _address(options.metrics))
    log = options.context.find_root().params.get("log_json")
    bounds = limits(options.time_limit, options.memory_limit, at_once)
    sys.exit(work(place, at_once, bounds, Pace(), {VARIABLE: log} if log else {}))


@app.command(epilog="Example: arfeed fleet status --json")
def status(names: Names = None, database: DatabaseUrl = None, as_json: Json = False) -> None:
    """Show of each feed how its last run ended, how old the last delivery is, when it is due, and what waits."""
    from arfeed.operations.fleet.standing import as_data, rank
    from arfeed.runs.context import utc_now

    with open_fleet(database) as fleet:
        entries, now = rank(fleet.entries(names)), utc_now()
    if names and (missing := {*names} - {entry.name for entry in entries}):
        raise ConfigError(f"{', '.join(sorted(missing))}: there is no such feed")
    if as_json:
        print_json({"at": now.isoformat(timespec="seconds"), "feeds": [as_data(each, now) for each in entries]})
        return
    out = console()
    out.print(_table(entries, now))
    for entry in entries:
        if text := entry.mistake or (entry.exit_code and entry.message):
            out.print(f"  {entry.name}: {text}", markup=False)


def _table(entries: list[Entry], now: datetime) -> Table:
    from rich.markup import escape
    from rich.table import Table

    from arfeed.operations.fleet.standing import standing
    from arfeed.planning.wording import format_age

    table = Table(box=None, pad_edge=False, padding=(0, 2))
    for heading in ("feed", "stands", "last outcome", "delivered before", "due next"):
        table.add_column(heading, justify="left")
    for entry in entries:
        due = "paused" if entry.paused else f"{entry.next_due:%Y-%m-%d %H:%M} UTC" if entry.next_due else ""
        table.add_row(
            escape(entry.name),
            standing(entry),
            f"{entry.outcome or ''}{f' ({entry.in_a_row} in a row)' if entry.exit_code else ''}",
            format_age(now - entry.delivered_at) if entry.delivered_at else "",
            due,
        )
    return table


def _address(text: str | None) -> tuple[str, int] | None:
    if text is None:
        return None
    host, _, port = text.rpartition(":")
    if not port.isdigit() or not 0 < int(port) < 65536:
        raise ConfigError(f"--metrics {text}: give a port, or a host and a port, as in 0.0.0.0:9300")
    return host or "127.0.0.1", int(port)
