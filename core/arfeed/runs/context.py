"""What every run works with: the feed, its history, its destination, and somebody to tell."""

from __future__ import annotations

import re
import secrets
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from arfeed.delivery.remote import Remote, open_remote
from arfeed.history.recovery import parts_of
from arfeed.history.store import History
from arfeed.model.errors import ArfeedError
from arfeed.plugins.config import Project
from arfeed.sftp.address import destination_id

if TYPE_CHECKING:
    from arfeed.delivery.rehearsal.reports import Headers

_REHEARSAL = "rehearsal://"

_ANY_MOMENT = datetime(2026, 1, 1, tzinfo=UTC)

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Return the time of the machine's clock, in UTC."""
    return datetime.now(UTC)


class Progress(Protocol):
    """What a run tells while it works."""

    def step(self, text: str) -> None:
        """Begin a step, named for people."""

    def reading(self, source: str, rows: int) -> None:
        """Note how many rows of a source have been read."""

    def expect(self, files: int, size: int | None = None) -> None:
        """Begin to work through so many files, of so many bytes where that is known."""

    def done(self, size: int) -> None:
        """Note that one more file, of so many bytes, is done, or has failed."""

    def warn(self, text: str) -> None:
        """Say something that went wrong without stopping the run."""


@dataclass(frozen=True, slots=True)
class RunContext:
    """What every command works with: the feed, its history, a staging folder, and somebody to tell."""

    project: Project
    history: History
    folder: Path
    progress: Progress
    clock: Clock
    destination: str
    """The one name that the destination is known by in the history."""


def identity(project: Project) -> str:
    """Return the address of the destination, the same however it is spelled."""
    return _identity(project.destination.settings.url)


def known_as(project: Project, history: History) -> str:
    """Return the one name that the destination is known by in the history.

    It is the address; or the one that it was joined with, or that an older arfeed spelled otherwise.
    """
    address = identity(project)
    if joined := history.receivers.find_joined(address):
        return joined[0]
    known = history.receivers.destinations()
    spelled = (each for each in known if normalized(each) == address)
    return address if address in known else next(spelled, address)


def normalized(destination: str) -> str:
    """Return a destination's name as it would be spelled today; one that can't be read any more as it is."""
    try:
        return _identity(destination)
    except (ArfeedError, ValueError, ImportError):
        return destination


def is_rehearsed(destination: str) -> bool:
    """Whether it is a receiver of this machine to rehearse with, which is known by its name alone."""
    return destination.startswith(_REHEARSAL)


def _identity(url: str) -> str:
    return url if is_rehearsed(url) else destination_id(url)


def new_run(at: datetime) -> str:
    """Return a run's id: when it began, and something that no other has."""
    return f"{at:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"


def open_history(project: Project) -> History:
    """Open the history that the feed names. Raise `ConfigError` where it can't be used."""
    return History(project.feed.history.get_secret_value())


@contextmanager
def open_context(project: Project, progress: Progress, clock: Clock) -> Iterator[RunContext]:
    """Open the history and a staging folder."""
    with (
        open_history(project) as history,
        tempfile.TemporaryDirectory(prefix="arfeed-") as folder,
    ):
        yield RunContext(project, history, Path(folder), progress, clock, known_as(project, history))


@contextmanager
def remote(project: Project, *, meanwhile: bool = False) -> Iterator[Remote]:
    """Connect to the destination, or begin to and go on `meanwhile`.

    `rehearsal://NAME` is the local receiver, started for as long where none runs.
    """
    settings = project.destination.settings
    if not settings.url.startswith(_REHEARSAL):
        with open_remote(settings, meanwhile=meanwhile) as server:
            yield server
        return
    from arfeed.delivery.rehearsal.standing import at_hand

    name = settings.url.removeprefix(_REHEARSAL)
    with at_hand(name, project.folder / ".arfeed" / "rehearsal" / name, _headers(project)) as local:
        keys = {"private_key": (str(local.private_key),), "known_hosts": str(local.known_hosts)}
        with open_remote(settings.model_copy(update=keys), url=local.url, meanwhile=meanwhile) as server:
            yield server


def _headers(project: Project) -> Headers:
    """Tell the rehearsed receiver what a feed calls the columns it goes by, as a real one is told once."""
    from arfeed.delivery.rehearsal.reports import Headers

    columns = project.destination.settings.model_dump().get("columns", {})
    return Headers(ref=columns.get("invoice_ref", "invoice_ref"), balance=columns.get("balance", "balance"))


def foreign_reports(context: RunContext, server: Remote) -> tuple[str, ...]:
    """Return the reports at the destination that this history does not know, by their names.

    Those named as feeds name them come last, so that the last is the latest as far as names can tell.
    """
    destination = context.project.destination
    names = [name for name in server.sizes(destination.report_folder) if destination.is_report(name)]
    unknown = set(names) - context.history.known_reports(context.destination)
    return tuple(sorted(unknown, key=lambda name: (is_own_name(context.project, name), name)))


def is_own_name(project: Project, name: str) -> bool:
    """Whether a report is named as feeds to this destination name theirs: such names are in the order of moments."""
    return _shape(name) == _shape(project.destination.report_name(_ANY_MOMENT))


def _shape(name: str) -> str:
    return re.sub("[0-9]", "0", name)


def part_folder(project: Project, folder: str) -> str:
    """Return where the files of a folder have their place while they are uploaded."""
    chosen = project.destination.settings.part_folder
    return folder if chosen is None else chosen


def clear_parts(context: RunContext, server: Remote, run: str) -> list[str]:
    """Remove what a run left under way at the destination, and nothing else; return the names."""
    destination = context.project.destination
    folders = [destination.document_folder, destination.report_folder]
    cleared: list[str] = []
    for folder in dict.fromkeys(part_folder(context.project, folder) for folder in folders):
        names = parts_of(run, server.sizes(folder))
        server.remove(folder, names)
        cleared += names
    return cleared
