"""What is shown of feeds, plans and jobs, to people and to programs alike; what somebody may not see does not exist."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from arfeed.model.errors import ArfeedError
from arfeed.operations.board import approvals
from arfeed.operations.board.access.guard import Visit
from arfeed.operations.board.application import Application, NotFoundError, Path
from arfeed.operations.board.approvals import Job, PlanRecord
from arfeed.operations.board.feeds import Feed, State, Trace, state_of, trace
from arfeed.plugins.config import Project

LONGEST_NUMBER = 200
"""So long may be the number of an invoice that is searched for."""

_MOST_TRACES = 200


class Overview(NamedTuple):
    """One feed on the first page. `waiting` is the plan that somebody has to approve, `wrong` what can't be read."""

    feed: Feed
    state: State | None
    waiting: PlanRecord | None
    pending: Job | None
    wrong: str

    @property
    def urgency(self) -> tuple[bool, bool, str]:
        """What to sort by: what somebody has to do something about comes first."""
        failed = bool(self.wrong or (self.state and self.state.outcome and self.state.outcome.ending == "failed"))
        return (self.waiting is None, not failed, self.feed.name.casefold())


def visible_feeds(application: Application, visit: Visit) -> Iterator[Feed]:
    """Yield the feeds that whoever asks may see."""
    person = visit.session.person if visit.session else None
    return (each for each in application.feeds.all().values() if person and person.may("see", each.name))


def find_feed(application: Application, path: Path) -> Feed:
    """Return the feed that an address names. Raise `NotFoundError` if there is none."""
    found = application.feeds.find(path["feed"])
    if found is None:
        raise NotFoundError
    return found


def find_project(application: Application, path: Path) -> Project:
    """Return the configuration of a feed. Raise `NotFoundError` if there is none that can be read."""
    found = find_feed(application, path)
    if found.project is None:
        raise NotFoundError
    return found.project


def find_plan(application: Application, path: Path) -> PlanRecord:
    """Return the plan that an address names. Raise `NotFoundError` if its feed has none of this id."""
    with application.database.reading() as connection:
        found = approvals.find_plan(connection, path["feed"], path["plan"])
    if found is None:
        raise NotFoundError
    return found


def find_job(application: Application, path: Path) -> Job:
    """Return the job that an address names. Raise `NotFoundError` if its feed has none of this id."""
    with application.database.reading() as connection:
        found = approvals.find_job(connection, path["feed"], path["job"])
    if found is None:
        raise NotFoundError
    return found


def find_traces(application: Application, visit: Visit, number: str) -> tuple[list[Trace], list[str]]:
    """Return what became of an invoice, the newest first, and which feeds could not be searched, with the reason."""
    found: list[Trace] = []
    unread: list[str] = []
    for each in visible_feeds(application, visit) if number else ():
        try:
            found += trace(each, number)
        except ArfeedError as exc:
            # Said in the answer: what could not be searched may be where it was.
            unread.append(f"{each.name}: {exc}")
    return sorted(found, key=lambda each: each.at, reverse=True)[:_MOST_TRACES], unread


def look_at(application: Application, found: Feed) -> Overview:
    """Return what is to be seen of a feed; a plan that another run was refused for is taken over."""
    with application.database.reading() as connection:
        pending = approvals.pending_job(connection, found.name)
    if found.project is None:
        return Overview(found, None, None, pending, found.mistake)
    try:
        state = state_of(found.project)
    except ArfeedError as exc:
        return Overview(found, None, None, pending, str(exc))
    with application.database.reading() as connection:
        latest = approvals.latest_plan(connection, found.name)
    if state.refused is not None and state.outcome and (latest is None or latest.at < state.outcome.at):
        with application.database.writing() as connection:
            approvals.keep(connection, found.name, state.refused)
            latest = approvals.latest_plan(connection, found.name)
    waiting = latest if latest and latest.refused and _is_open(latest, state) else None
    return Overview(found, state, waiting, pending, "")


def _is_open(record: PlanRecord, state: State) -> bool:
    """Whether nothing was delivered since a plan was made."""
    return state.delivery is None or state.delivery.started_at < record.at


def is_current(application: Application, record: PlanRecord, project: Project) -> bool:
    """Whether a plan is the last one of its feed that is known, and nothing was delivered since."""
    with application.database.reading() as connection:
        latest = approvals.latest_plan(connection, record.feed)
    return latest is not None and latest.id == record.id and _is_open(record, state_of(project))
