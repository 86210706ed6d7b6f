"""The commands of `arfeed fleet` that change what the workers do."""

from __future__ import annotations

import getpass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Annotated

import typer

from arfeed.cli.commands.fleet.opening import DatabaseUrl, cache_folder, insist_on_url, open_fleet
from arfeed.cli.display.output import complain, console
from arfeed.cli.options import Destination, insist_on_code
from arfeed.model.errors import ConfigError
from arfeed.model.text.legible import name_some
from arfeed.plugins.loading import close_match

if TYPE_CHECKING:
    from collections.abc import Iterable

    from arfeed.operations.fleet.store import Fleet

Place = Annotated[
    str, typer.Argument(metavar="DIR|URL", help="The folder of the feeds, or an fsspec URL such as s3://")
]
Names = Annotated[list[str] | None, typer.Argument(metavar="[NAME]…", help="Feeds, also with *; all if left out.")]
Resume = Annotated[bool, typer.Option("--resume", help="Let them become due again.")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="The feed, as `arfeed fleet status` names it.")]
Approve = Annotated[str | None, typer.Option("--approve", metavar="N-HASH", help="The approval of its refused plan.")]
Approver = Annotated[str | None, typer.Option("--approver", metavar="NAME", help="Who approves; you, if left out.")]


def init(database: DatabaseUrl = None) -> None:
    """Create the queue and the tables of the fleet, unless they are there."""
    url = insist_on_url(database)
    from arfeed.operations.fleet.queue import create_queue

    with open_fleet(url):
        made = create_queue(url)
    console().print("✓ the queue is there" if not made else "✓ the queue is made; next: arfeed fleet register DIR")


def register(place: Place, database: DatabaseUrl = None) -> None:
    """Register the feeds of a folder, in place of those that were; ends with 2 if some can't be run."""
    with open_fleet(database) as fleet:
        from arfeed.operations.fleet.registering import register as register_feeds
        from arfeed.runs.context import utc_now

        feeds = register_feeds(fleet, place, cache_folder(), utc_now())
    out = console()
    mistaken = [feed for feed in feeds if feed.mistake]
    unscheduled = [feed.name for feed in feeds if not feed.mistake and feed.timetable is None]
    out.print(f"✓ {len(feeds) - len(mistaken)} of {len(feeds)} feeds are registered to be run", markup=False)
    if unscheduled:
        out.print(f"  without [schedule], so by `arfeed fleet run` only: {name_some(unscheduled, 5)}", markup=False)
    if mistaken:
        raise ConfigError(*(f"{feed.name}: {feed.mistake}" for feed in mistaken))


def pause(names: Names = None, database: DatabaseUrl = None, resume: Resume = False) -> None:
    """Let feeds no longer become due; runs under way go on, and `arfeed fleet run` still runs them."""
    with open_fleet(database) as fleet:
        chosen = _choose(fleet, names) if names else None
        count = fleet.pause(chosen, paused=not resume)
    console().print(f"✓ {count} feeds {'become due again' if resume else 'are paused'}", markup=False)


def run(
    name: Name,
    database: DatabaseUrl = None,
    destination: Destination = None,
    approve: Approve = None,
    approver: Approver = None,
) -> None:
    """Run a feed now, before all that is due; with --approve, deliver the very plan that printed this code."""
    url = insist_on_url(database)
    insist_on_code(approver, approve)
    with open_fleet(url) as fleet:
        (chosen,) = _choose(fleet, [name])
        (entry,) = fleet.entries([chosen])
    if entry.mistake:
        raise ConfigError(f"{entry.name} can't be run: {entry.mistake}")
    from arfeed.operations.fleet.queue import Wish, order_run

    who = (approver or f"{getpass.getuser()} by fleet run") if approve else None
    if order_run(url, entry, Wish(entry.name, approve=approve, approver=who, destination=destination)):
        console().print(f"✓ {entry.name} is run next; how it ends: arfeed fleet status {entry.name}", markup=False)
    else:
        complain(ConfigError(f"{entry.name} was asked for already, and is run next"))


def _choose(fleet: Fleet, words: Iterable[str]) -> list[str]:
    """Return the feeds that are meant. Raise `ConfigError` for a word that none of them fits."""
    known = [entry.name for entry in fleet.entries()]
    chosen: list[str] = []
    for word in words:
        found = [name for name in known if word == name] or [name for name in known if fnmatchcase(name, word)]
        if not found:
            raise ConfigError(f"{word}: there is no such feed{close_match(word, known)}")
        chosen += found
    return chosen
