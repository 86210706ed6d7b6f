"""Plans that wait, what has to be typed to approve one, and the jobs that approvals start."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import sqlalchemy as sa

from arfeed.history.tables import split_conditions
from arfeed.model.currencies import format_amount
from arfeed.operations.board.audit import log
from arfeed.operations.board.database import Database
from arfeed.operations.board.tables import approvals, jobs, now, plans

if TYPE_CHECKING:
    from arfeed.plugins.feed import BoardSettings

Kind = Literal["look", "run", "approve"]
LONGEST_REASON = 500

_KEPT_PLANS = 20
"""So many plans of a feed are kept; those that somebody has approved, for good."""
_PENDING = ("asked", "running")


@dataclass(frozen=True, slots=True)
class PlanHead:
    """A plan without its document: when it was made, whether it was refused, what approves it, how many are missing."""

    id: str
    feed: str
    at: datetime
    code: str | None
    refused: bool
    missing: int


@dataclass(frozen=True, slots=True)
class PlanRecord(PlanHead):
    """A plan as the board knows it."""

    packed: bytes = field(repr=False)

    @property
    def document(self) -> dict[str, Any]:
        """What `plan --json` printed."""
        document: dict[str, Any] = json.loads(zlib.decompress(self.packed))
        return document


@dataclass(frozen=True, slots=True)
class Job:
    """A run that somebody asked for; `state` is asked, running or ended, `seen` the plan that it ended with."""

    id: str
    feed: str
    kind: Kind
    plan: str | None
    asked_by: str
    asked_at: datetime
    state: str
    started_at: datetime | None = None
    ended_at: datetime | None = None
    outcome: str | None = None
    message: str | None = None
    run: str | None = None
    seen: str | None = None


class Word(NamedTuple):
    """What somebody who approves says; `way` is how, where it was not on a page: by which token."""

    person: str
    way: str
    reason: str


class Approval(NamedTuple):
    """One person's yes to a plan; `way` is the token of a program that gave it, in words to put behind the name."""

    person: str
    at: datetime
    reason: str
    way: str | None = None


@dataclass(frozen=True, slots=True)
class Demands:
    """What a plan asks of those who approve it: a number, amounts by currency, and how many people."""

    invoices: int
    amounts: Mapping[str, Decimal]
    people: int


def demands(document: Mapping[str, Any], settings: BoardSettings) -> Demands:
    """Return what has to be typed, and by how many, to approve a plan under the feed's `[board]`."""
    owed: dict[str, Decimal] = {}
    for row in document["missing"]:
        # Absolute: a credit note that is closed must not make up for an invoice that is.
        owed[row["currency"]] = owed.get(row["currency"], Decimal(0)) + abs(Decimal(row["balance"]))
    invoices, most = len(document["missing"]), max(owed.values(), default=Decimal(0))
    limit, count, amount = settings.amount_over, settings.two_people_over, settings.two_people_over_amount
    asked = {currency: sum_ for currency, sum_ in sorted(owed.items()) if limit is not None and sum_ > limit}
    two = (count is not None and invoices > count) or (amount is not None and most > amount)
    return Demands(invoices, asked, 2 if two else 1)


def find_mistakes(wanted: Demands, form: Mapping[str, str]) -> list[str]:
    """Return what is wrong with what was typed into the form of an approval."""
    wrong = []
    # However people group thousands: what is asked is that they have read the number, not how they write it.
    if re.sub(r"[\s.,'’]", "", form.get("invoices", "")) != str(wanted.invoices):
        wrong.append("The number is not how many invoices would be marked as paid.")
    for currency, amount in wanted.amounts.items():
        if not _is_amount(form.get(f"amount-{currency}", ""), amount, currency):
            wrong.append(f"The amount is not what would be marked as paid in {currency}.")
    if len(form.get("reason", "")) > LONGEST_REASON:
        wrong.append(f"The reason is longer than {LONGEST_REASON} characters.")
    return wrong


def keep(connection: sa.Connection, feed: str, document: Mapping[str, Any]) -> str:
    """Keep a plan unless it is kept already; return its id."""
    text = json.dumps(document, ensure_ascii=False, sort_keys=True)
    # By content, so that the same plan made again is one plan, and an approval of it stays good.
    identity = hashlib.sha256(f"{feed}\n{text}".encode()).hexdigest()[:24]
    if connection.execute(sa.select(plans.c.id).where(plans.c.id == identity)).one_or_none() is None:
        row = {
            "id": identity,
            "feed": feed,
            "at": datetime.fromisoformat(document["planned_at"]),
            "code": document["approval"],
            "refused": bool(document["objections"]),
            "missing": len(document["missing"]),
            "document": zlib.compress(text.encode()),
        }
        connection.execute(sa.insert(plans).values(**row))
        _forget_old(connection, feed)
    return identity


def find_plan(connection: sa.Connection, feed: str, plan: str) -> PlanRecord | None:
    """Return a plan of a feed."""
    row = connection.execute(sa.select(plans).where(plans.c.id == plan, plans.c.feed == feed)).one_or_none()
    return _plan(row) if row else None


def plans_of(connection: sa.Connection, feed: str) -> list[PlanHead]:
    """Return the kept plans of a feed, the newest first; those that were approved are kept beyond the last ones."""
    query = sa.select(*_HEAD).where(plans.c.feed == feed).order_by(*_NEWEST_FIRST).limit(_KEPT_PLANS)
    return [*map(_head, connection.execute(query))]


def latest_plan(connection: sa.Connection, feed: str) -> PlanHead | None:
    """Return the plan of a feed that was made last."""
    return latest_plans(connection, [feed]).get(feed)


def latest_plans(connection: sa.Connection, feeds: Iterable[str]) -> dict[str, PlanHead]:
    """Return by feed the plan that was made last."""
    place = sa.func.row_number().over(partition_by=plans.c.feed, order_by=_NEWEST_FIRST).label("place")
    found: dict[str, PlanHead] = {}
    for some in split_conditions(plans.c.feed, feeds, connection.dialect.name):
        ranked = sa.select(*_HEAD, place).where(some).subquery()
        last = sa.select(*(ranked.c[column.name] for column in _HEAD)).where(ranked.c.place == 1)
        found |= {head.feed: head for head in map(_head, connection.execute(last))}
    return found


_HEAD = [plans.c[each.name] for each in fields(PlanHead)]
_NEWEST_FIRST = (plans.c.at.desc(), plans.c.id.desc())


def _head(row: Sequence[Any]) -> PlanHead:
    head = PlanHead(*row)
    return replace(head, refused=bool(head.refused))


def find_job(connection: sa.Connection, feed: str, job: str) -> Job | None:
    """Return a job of a feed."""
    row = connection.execute(sa.select(jobs).where(jobs.c.id == job, jobs.c.feed == feed)).mappings().one_or_none()
    return Job(**row) if row else None


def jobs_of(connection: sa.Connection, feed: str, most: int = 20) -> list[Job]:
    """Return the last jobs of a feed, the newest first."""
    query = sa.select(jobs).where(jobs.c.feed == feed).order_by(jobs.c.asked_at.desc(), jobs.c.id).limit(most)
    return [Job(**row) for row in connection.execute(query).mappings()]


def pending_jobs(connection: sa.Connection, feeds: Iterable[str]) -> dict[str, Job]:
    """Return by feed the first job that has not ended. `feeds` are those that are asked about."""
    wanted = {*feeds}
    # Of all feeds: few jobs are under way, and they have their own index.
    query = sa.select(jobs).where(jobs.c.state.in_(_PENDING)).order_by(jobs.c.asked_at.desc())
    return {row["feed"]: Job(**row) for row in connection.execute(query).mappings() if row["feed"] in wanted}


def pending_job(connection: sa.Connection, feed: str, kind: Kind | None = None) -> Job | None:
    """Return a job of a feed that has not ended."""
    query = sa.select(jobs).where(jobs.c.feed == feed, jobs.c.state.in_(_PENDING))
    query = query if kind is None else query.where(jobs.c.kind == kind)
    row = connection.execute(query.order_by(jobs.c.asked_at).limit(1)).mappings().one_or_none()
    return Job(**row) if row else None


def waiting_approvals(connection: sa.Connection, plan: str) -> list[Approval]:
    """Return the approvals of a plan that have not started a run: somebody else has to approve, too."""
    return [*_approvals(connection, approvals.c.plan == plan, approvals.c.job.is_(None))]


def approvals_of(connection: sa.Connection, job: str) -> list[Approval]:
    """Return the approvals that started a job."""
    return [*_approvals(connection, approvals.c.job == job)]


def ask(database: Database, feed: str, kind: Kind, person: str) -> str:
    """Ask for a run; return the job, an earlier one of its kind if that has not begun or not ended."""
    with database.writing() as connection:
        if found := pending_job(connection, feed, kind):
            return found.id
        return _new_job(connection, feed, kind, person)


def approve(database: Database, record: PlanRecord, wanted: Demands, word: Word) -> str | None:
    """Record a person's approval of a plan; return the job that it starts, or None if another person has to approve.

    The approval and its job are committed together, before anything runs: a board that is killed here has both, and
    starts the job when it is started again. Whoever approves what is under way or delivered gets that job.
    """
    with database.writing() as connection:
        earlier = _last_approving(connection, record.id)
        if earlier is not None and (earlier.state != "ended" or earlier.outcome in ("delivered", "moved")):
            return earlier.id
        mine = sa.select(sa.func.count()).where(approvals.c.plan == record.id, approvals.c.person == word.person)
        so_far = waiting_approvals(connection, record.id)
        # Twice by one person is once: two people are two people.
        if word.person not in {each.person for each in so_far}:
            row = {"plan": record.id, "person": word.person, "turn": connection.execute(mine).scalar_one() + 1}
            said = {"at": now(), "reason": word.reason, "way": word.way or None, "job": None}
            connection.execute(sa.insert(approvals).values(**row, **said))
            details = {"plan": record.id, "code": record.code, "invoices": record.missing, "reason": word.reason}
            by = f"{word.person}{word.way}"
            log(connection, by, "approved", record.feed, **details, of=wanted.people)
            so_far = waiting_approvals(connection, record.id)
        if len(so_far) < wanted.people:
            return None
        by = " and ".join(f"{each.person}{each.way or ''}" for each in so_far)[:100]
        job = _new_job(connection, record.feed, "approve", by, record.id)
        these = sa.and_(approvals.c.plan == record.id, approvals.c.job.is_(None))
        connection.execute(sa.update(approvals).where(these).values(job=job))
        return job


def _new_job(connection: sa.Connection, feed: str, kind: Kind, person: str, plan: str | None = None) -> str:
    job = secrets.token_hex(8)
    row = {"id": job, "feed": feed, "kind": kind, "plan": plan, "asked_by": person, "asked_at": now(), "state": "asked"}
    connection.execute(sa.insert(jobs).values(**row))
    if kind != "look":
        log(connection, person, "run asked for", feed, job=job, kind=kind, plan=plan)
    return job


def _last_approving(connection: sa.Connection, plan: str) -> Job | None:
    query = sa.select(jobs).where(jobs.c.plan == plan).order_by(jobs.c.asked_at.desc()).limit(1)
    row = connection.execute(query).mappings().one_or_none()
    return Job(**row) if row else None


def _approvals(connection: sa.Connection, *conditions: sa.ColumnElement[bool]) -> list[Approval]:
    columns = (approvals.c.person, approvals.c.at, approvals.c.reason, approvals.c.way)
    query = sa.select(*columns).where(*conditions).order_by(approvals.c.at, approvals.c.person)
    return [Approval(*row) for row in connection.execute(query)]


def _plan(row: sa.Row[Any]) -> PlanRecord:
    return PlanRecord(row.id, row.feed, row.at, row.code, bool(row.refused), row.missing, row.document)


def _forget_old(connection: sa.Connection, feed: str) -> None:
    """Delete all but the last plans of a feed, and those that a job or an approval names."""
    latest = sa.select(plans.c.id).where(plans.c.feed == feed).order_by(plans.c.at.desc()).limit(_KEPT_PLANS)
    keep_these = set(connection.execute(latest).scalars())
    for column in (approvals.c.plan, jobs.c.plan, jobs.c.seen):
        keep_these |= set(connection.execute(sa.select(column).where(column.is_not(None))).scalars())
    connection.execute(sa.delete(plans).where(plans.c.feed == feed, plans.c.id.not_in(keep_these)))


def _is_amount(typed: str, amount: Decimal, currency: str) -> bool:
    """Whether somebody typed this amount, in any notation: the digits are compared, and cents of 0 may be absent."""
    digits = re.sub(r"\D", "", typed)
    shown = format_amount(amount, currency)
    whole = {re.sub(r"\D", "", shown)}
    if amount == int(amount):
        whole.add(str(int(amount)))
    return bool(re.fullmatch(r"[\d\s.,'’]+", typed)) and digits in whole
