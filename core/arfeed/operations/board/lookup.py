"""What is shown of feeds, plans and jobs, to people and to programs alike; what somebody may not see does not exist."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from arfeed.model.errors import ArfeedError
from arfeed.operations.board import approvals
from arfeed.operations.board.access.problems import NotFoundError

if TYPE_CHECKING:
    from datetime import datetime

    from arfeed.history.records import RunRecord
    from arfeed.operations.board.access.guard import Visit
    from arfeed.operations.board.application import Application, Path
    from arfeed.operations.board.approvals import Job, PlanHead, PlanRecord
    from arfeed.operations.board.feeds import Feed
    from arfeed.operations.board.histories import LookBack, State, Trace
    from arfeed.plugins.config import Project

LONGEST_NUMBER = 200
"""So long may be the number of an invoice that is searched for."""

MOST_LINES = 200
"""How many lines of the log are shown."""

_MOST_TRACES = 200
_MOST_DELIVERIES = 50


class Details(NamedTuple):
    """One feed with its last deliveries, its last plans and the runs asked for on the board, the newest first.

    Each delivery comes with whether it has a receipt. `back` is what the feed has done lately; nothing if that was not
    asked for, or can't be read.
    """

    overview: Overview
    deliveries: list[tuple[RunRecord, bool]]
    plans: list[PlanHead]
    jobs: list[Job]
    back: LookBack | None


class Overview(NamedTuple):
    """One feed on the first page. `waiting` is the plan that somebody has to approve, `wrong` what can't be read."""

    feed: Feed
    state: State | None
    waiting: PlanHead | None
    pending: Job | None
    wrong: str

    @property
    def failed(self) -> bool:
        """Whether its last run failed, or it can't be read."""
        return bool(self.wrong or (self.state and self.state.outcome and self.state.outcome.ending == "failed"))

    @property
    def urgency(self) -> tuple[bool, bool, str]:
        """What to sort by: what somebody has to do something about comes first."""
        return (self.waiting is None, not self.failed, self.feed.name.casefold())


def visible_feeds(application: Application, visit: Visit) -> Iterator[Feed]:
    """Yield the feeds that whoever asks may see."""
    sees = may_see(visit)
    return (each for each in application.feeds.all().values() if sees(each.name))


def may_see(visit: Visit) -> Callable[[str], bool]:
    """Return what says which feeds whoever asks may see."""
    return visit.session.person.allowed("see") if visit.session else lambda _: False


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
    part = visit.query.get("feed", "").strip()[:LONGEST_NUMBER].casefold()
    feeds = [each for each in visible_feeds(application, visit) if number and part in each.name.casefold()]
    # What could not be searched is part of the answer: it may be where it was.
    found, unread = application.histories.trace(feeds, number)
    # What is said of one run comes in the order of time, too, so the whole is turned round.
    return sorted(found, key=attrgetter("at"))[::-1][:_MOST_TRACES], unread


def look_at(application: Application, found: Feed, *, looking_back: bool = False) -> Details:
    """Return what is to be seen of a feed."""
    deliveries: list[tuple[RunRecord, bool]] = []
    back = None
    with application.histories.together():
        states = application.histories.states_of([found], deliveries=False)
        state = states[found.name]
        if found.project and not isinstance(state, str):
            deliveries = application.histories.deliveries_of(found.project, state.destination, _MOST_DELIVERIES)
            back = application.histories.look_back(found.project, state.destination) if looking_back else None
            states[found.name] = state._replace(delivery=deliveries[0][0] if deliveries else None)
        (overview,) = _judge(application, [found], states, *_read_board(application, [found]))
    with application.database.reading() as connection:
        plans = approvals.plans_of(connection, found.name)
        jobs = approvals.jobs_of(connection, found.name)
    return Details(overview, deliveries, plans, jobs, back)


def look_at_all(application: Application, feeds: Sequence[Feed], *, deliveries: bool = True) -> list[Overview]:
    """Return what is to be seen of each feed; a plan that another run was refused for is taken over.

    Without `deliveries` the last ones are left out, but for feeds where they decide whether a plan waits.
    """
    states = application.histories.states_of(feeds, deliveries=deliveries)
    pending, latest = _read_board(application, feeds)
    if not deliveries:
        # Where a plan was refused, the last delivery decides whether it waits.
        refused = [feed for feed in feeds if _is_refused(states[feed.name], latest.get(feed.name))]
        states |= application.histories.states_of(refused, deliveries=True)
    return _judge(application, feeds, states, pending, latest)


def _read_board(application: Application, feeds: Sequence[Feed]) -> tuple[dict[str, Job], dict[str, PlanHead]]:
    """Return by feed the run that is under way, and the last plan that this board knows."""
    names = [feed.name for feed in feeds]
    with application.database.reading() as connection:
        return approvals.pending_jobs(connection, names), approvals.latest_plans(connection, names)


def _is_refused(state: State | str, plan: PlanHead | None) -> bool:
    outcome = None if isinstance(state, str) else state.outcome
    return (plan is not None and plan.refused) or (outcome is not None and outcome.ending == "refused")


def _judge(
    application: Application,
    feeds: Sequence[Feed],
    states: dict[str, State | str],
    pending: Mapping[str, Job],
    latest: dict[str, PlanHead],
) -> list[Overview]:
    latest |= _take_over(application, feeds, states, latest)
    return [_overview(feed, states.get(feed.name, feed.mistake), pending, latest) for feed in feeds]


def rank_feeds(application: Application) -> list[Overview]:
    """Return all feeds without their deliveries, those first that somebody has to do something about.

    At most some seconds old, and never older than what was done on this board.
    """

    def rank() -> list[Overview]:
        feeds = [*application.feeds.all().values()]
        return sorted(look_at_all(application, feeds, deliveries=False), key=lambda each: each.urgency)

    # Anew, too, once a feed has come, gone or changed.
    ranked: list[Overview] = application.ranking.get(rank, application.feeds.all())
    return ranked


def _overview(feed: Feed, state: State | str, pending: Mapping[str, Job], latest: Mapping[str, PlanHead]) -> Overview:
    job = pending.get(feed.name)
    if isinstance(state, str):
        return Overview(feed, None, None, job, state)
    plan = latest.get(feed.name)
    delivered = state.delivery.started_at if state.delivery else None
    waits = plan is not None and plan.refused and _is_open(plan, delivered)
    return Overview(feed, state, plan if waits else None, job, "")


def _take_over(
    application: Application,
    feeds: Sequence[Feed],
    states: dict[str, State | str],
    latest: Mapping[str, PlanHead],
) -> dict[str, PlanHead]:
    """Keep the plans that other runs were refused for; return those, by feed.

    A feed whose plan can't be read has the reason for its state, and hides no other.
    """
    found: dict[str, PlanHead] = {}
    for feed in feeds:
        state = states.get(feed.name)
        outcome = None if state is None or isinstance(state, str) else state.outcome
        plan = latest.get(feed.name)
        if feed.project is None or outcome is None or outcome.ending != "refused":
            continue
        # A run ends after its plan was made, so the times alone can't tell whether it is the one that is known.
        if (plan and plan.at >= outcome.at) or application.taken_over.get(feed.name) == outcome.run:
            continue
        try:
            refused = application.histories.refused_plan(feed.project)
        except ArfeedError as exc:
            states[feed.name] = str(exc)
            continue
        if refused is not None:
            with application.database.writing() as connection:
                approvals.keep(connection, feed.name, refused)
                found |= approvals.latest_plans(connection, [feed.name])
        application.taken_over[feed.name] = outcome.run
    return found


def _is_open(record: PlanHead, delivered: datetime | None) -> bool:
    """Whether nothing was delivered since a plan was made."""
    return delivered is None or delivered < record.at


def is_current(application: Application, record: PlanRecord, project: Project) -> bool:
    """Whether a plan is the last one of its feed that is known, and nothing was delivered since."""
    with application.database.reading() as connection:
        latest = approvals.latest_plan(connection, record.feed)
    return (
        latest is not None
        and latest.id == record.id
        and _is_open(record, application.histories.last_delivered_at(project))
    )
