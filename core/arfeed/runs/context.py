"""What every step of a run works with: the feed, its history, its destination, and whoever watches it."""

from __future__ import annotations

import re
import secrets
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from zoneinfo import ZoneInfo

from arfeed.history.recovery import parts_of
from arfeed.history.store import History
from arfeed.model.shipping.destination import folders_of
from arfeed.model.text.secrets import mask_secrets
from arfeed.runs.addresses import address_of, name_in_history

if TYPE_CHECKING:
    from arfeed.delivery.remote import Remote
    from arfeed.plugins.config import Project

# Any moment does: only the form of the name that it gives is looked at.
_ANY_MOMENT = datetime(2026, 1, 1, tzinfo=UTC)

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Return the time of the machine's clock, in UTC."""
    return datetime.now(UTC)


class Progress(Protocol):
    """What a run reports while it works."""

    def step(self, text: str) -> None:
        """Begin a step, described for people."""

    def reading(self, source: str, rows: int) -> None:
        """Report how many rows of a source have been read."""

    def expect(self, files: int, size: int | None = None) -> None:
        """Begin to work through a number of files, of `size` bytes in all if that is known."""

    def done(self, size: int) -> None:
        """Report that one more file, of `size` bytes, is done or has failed."""

    def warn(self, text: str) -> None:
        """Report something that went wrong without stopping the run."""


class _Discreet:
    """Reports as another one does; in warnings it masks the secrets of a feed, and names its destination of several."""

    def __init__(self, shown: Progress, project: Project) -> None:
        self._shown, self._project = shown, project
        self.step, self.reading, self.expect, self.done = shown.step, shown.reading, shown.expect, shown.done

    def warn(self, text: str) -> None:
        # What failed may quote the URL of a webhook or a database, and whoever has that can post or read there.
        about = f"{self._project.chosen}: " if self._project.chosen else ""
        self._shown.warn(about + mask_secrets(text, self._project.secrets))


@dataclass(frozen=True, slots=True)
class RunContext:
    """What a run knows from its first moment, before anything is opened.

    `address` is the destination's, the same however it is spelled. `run` is its id; `plan` has one as well, but it
    never gets into the history. `approver` is who approves, if not the user who runs this; then
    nothing but the approved plan is delivered.
    """

    project: Project
    progress: Progress
    clock: Clock
    address: str
    run: str
    started: datetime
    approver: str | None = field(default=None, kw_only=True)


@dataclass(frozen=True, slots=True)
class OpenContext(RunContext):
    """A run at work: its history is open, and `folder` is where it stages files.

    `destination` is the one name by which the history knows the destination.
    """

    history: History
    folder: Path
    destination: str

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of the feed, which decides what day it is."""
        return ZoneInfo(self.project.feed.timezone or "UTC")


def new_run(started: datetime) -> str:
    """Return a run's id: the time at which it began, and a random part that makes it unique."""
    # The time first, so that ids sort by it in listings and in names of unfinished uploads.
    return f"{started:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"


def begin_run(project: Project, progress: Progress, clock: Clock = utc_now) -> RunContext:
    """Return the context of a run that begins now."""
    started = clock()
    return RunContext(project, _Discreet(progress, project), clock, address_of(project), new_run(started), started)


def begin_runs(project: Project, progress: Progress, clock: Clock = utc_now) -> list[RunContext]:
    """Return the contexts of runs that begin now, one to each destination."""
    return [begin_run(each, progress, clock) for each in project.each()]


def open_history(project: Project) -> History:
    """Open the history that the feed names. Raise `ConfigError` if it can't be used."""
    return History(project.feed.history.get_secret_value())


@contextmanager
def open_context(context: RunContext) -> Iterator[OpenContext]:
    """Open the history and a staging folder; close and remove them at the end."""
    project = context.project
    with (
        open_history(project) as history,
        tempfile.TemporaryDirectory(prefix="arfeed-") as folder,
    ):
        yield OpenContext(
            project,
            context.progress,
            context.clock,
            context.address,
            context.run,
            context.started,
            history,
            Path(folder),
            name_in_history(project, history),
            approver=context.approver,
        )


def find_foreign_reports(context: OpenContext, server: Remote) -> tuple[str, ...]:
    """Return the names of reports at the destination that this history does not know.

    Names in this feed's own form come last, so that the last is the latest as far as names can tell.
    """
    unknown = find_unknown_reports(context.project, context.history, context.destination, server)
    # By name, not by the server's time: clocks differ, and a copied report may keep its old date.
    return tuple(sorted(unknown, key=lambda name: (is_own_name(context.project, name), name)))


def find_unknown_reports(project: Project, history: History, destination: str, server: Remote) -> set[str]:
    """Return the names of reports at the receiver that neither a run nor `adopt` accounts for.

    What an earlier layout's deliveries consisted of, beside the file that committed, is known by name and size.
    """
    folder = project.destination.report_folder
    sizes = {name: size for name, size in server.sizes(folder).items() if project.destination.is_report(name)}
    unknown = sizes.keys() - history.known_reports(destination)
    shipped = history.shipped_sizes(destination) if unknown else {}
    return {name for name in unknown if shipped.get((folder, name)) != sizes[name]}


def is_own_name(project: Project, name: str) -> bool:
    """Whether a report's name has the form that this destination gives: such names sort by time."""
    return _shape(name) == _shape(project.destination.report_name(_ANY_MOMENT))


def _shape(name: str) -> str:
    # Whatever the plugin's pattern is, names of one form differ in their digits only.
    return re.sub("[0-9]", "0", name)


def part_folder(project: Project, folder: str) -> str:
    """Return where the files of a folder are kept while they are uploaded."""
    chosen = project.destination.settings.part_folder
    return folder if chosen is None else chosen


def clear_parts(context: OpenContext, server: Remote, run: str) -> list[str]:
    """Remove the unfinished uploads of a run at the destination, and nothing else; return their names."""
    folders = folders_of(context.project.destination)
    cleared: list[str] = []
    # Only names that carry this run's id: another feed may be uploading into the same folder right now.
    for folder in dict.fromkeys(part_folder(context.project, folder) for folder in folders):
        names = parts_of(run, server.sizes(folder))
        server.remove(folder, names)
        cleared += names
    return cleared
