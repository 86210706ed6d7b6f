"""The tables of the board's database. A change here needs a migration in `migrations/versions`."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    DDL,
    Column,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    event,
)

from arfeed.history.tables import Moment

# A name for every constraint, so that a later migration can speak of it, and a prefix for every table: the board may
# share a database with a history.
metadata = MetaData()

people = Table(
    "board_people",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("password", String(200)),  # as argon2 writes it; none until the person has chosen one
    Column("created_at", Moment, nullable=False),
    Column("failures", Integer, nullable=False),  # wrong passwords since the last right one
    Column("locked_until", Moment),
)

grants = Table(
    "board_grants",
    metadata,
    Column("person", ForeignKey("board_people.name"), primary_key=True),
    Column("role", String(10), primary_key=True),  # viewer, approver, operator
    Column("pattern", String(200), primary_key=True),  # of feeds' names, as a shell matches files
)

# One-time links. Tokens of all kinds are kept as their SHA-256 only: whoever reads the database can't log in by it.
invitations = Table(
    "board_invitations",
    metadata,
    Column("token", String(64), primary_key=True),
    Column("person", ForeignKey("board_people.name")),  # none: whoever comes first chooses the name
    Column("expires_at", Moment, nullable=False),
)

sessions = Table(
    "board_sessions",
    metadata,
    Column("token", String(64), primary_key=True),
    Column("person", ForeignKey("board_people.name"), nullable=False, index=True),
    Column("form_token", String(64), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("used_at", Moment, nullable=False),
)

# Of programs. A token has no roles beyond its person's, and of those only what `role` may.
tokens = Table(
    "board_tokens",
    metadata,
    Column("token", String(64), primary_key=True),
    Column("name", String(32), nullable=False, unique=True),
    Column("person", ForeignKey("board_people.name"), nullable=False, index=True),
    Column("role", String(10), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("used_at", Moment),
)

# Whoever an OpenID provider says has come is a person by issuer and subject: names and addresses there may change.
identities = Table(
    "board_identities",
    metadata,
    Column("issuer", String(300), primary_key=True),
    Column("subject", String(255), primary_key=True),
    Column("person", ForeignKey("board_people.name"), nullable=False, index=True),
    Column("since", Moment, nullable=False),
)

plans = Table(
    "board_plans",
    metadata,
    Column("id", String(24), primary_key=True),  # of the feed and the document
    Column("feed", String(200), nullable=False, index=True),
    Column("at", Moment, nullable=False),
    Column("code", String(80)),  # what approves it; none if nothing has to be approved, or nothing can be
    Column("refused", Integer, nullable=False),
    Column("missing", Integer, nullable=False),
    Column("document", LargeBinary, nullable=False),  # the JSON of `plan --json`, packed by zlib
)

jobs = Table(
    "board_jobs",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("feed", String(200), nullable=False, index=True),
    Column("kind", String(10), nullable=False),  # look, run, approve
    Column("plan", ForeignKey("board_plans.id")),
    Column("asked_by", String(100), nullable=False),
    Column("asked_at", Moment, nullable=False),
    Column("state", String(10), nullable=False, index=True),  # asked, running, ended
    Column("started_at", Moment),
    Column("ended_at", Moment),
    Column("outcome", String(20)),  # see arfeed.operations.board.work.Outcome
    Column("message", Text),
    Column("run", String(40)),
    Column("seen", ForeignKey("board_plans.id")),  # the plan that it ended with
)

approvals = Table(
    "board_approvals",
    metadata,
    Column("plan", ForeignKey("board_plans.id"), primary_key=True),
    Column("person", String(32), primary_key=True),
    Column("turn", Integer, primary_key=True),  # a plan whose run failed may be approved again
    Column("at", Moment, nullable=False),
    Column("reason", Text, nullable=False),
    Column("job", ForeignKey("board_jobs.id")),  # none while somebody else still has to approve
    Column("way", String(60)),  # how, if it was not on a page: by which token
)

questions = Table(
    "board_questions",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("feed", String(200), nullable=False, index=True),
    Column("invoice_ref", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("asked_by", String(100), nullable=False),
    Column("asked_at", Moment, nullable=False),
    Column("answer", Text),  # none: it holds the approval back
    Column("answered_by", String(100)),
    Column("answered_at", Moment),
)

audit = Table(
    "board_audit",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at", String(40), nullable=False),  # the text itself is hashed
    Column("who", String(100), nullable=False),
    Column("what", String(40), nullable=False),
    Column("about", String(300), nullable=False),
    Column("details", Text, nullable=False),  # JSON
    Column("before", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
)

APPEND_ONLY = {
    "sqlite": [
        f"CREATE TRIGGER board_audit_no_{verb} BEFORE {verb} ON board_audit "
        "BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END"
        for verb in ("update", "delete")
    ],
    "postgresql": [
        "CREATE FUNCTION board_audit_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "$$BEGIN RAISE EXCEPTION 'the audit log is append-only'; END$$",
        "CREATE TRIGGER board_audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON board_audit "
        "FOR EACH STATEMENT EXECUTE FUNCTION board_audit_refuse()",
    ],
}
"""Triggers that keep programs, ours included, from changing what was logged; the hash chain shows who took them off."""

for _dialect, _statements in APPEND_ONLY.items():
    for _statement in _statements:
        event.listen(audit, "after_create", DDL(_statement).execute_if(dialect=_dialect))  # type: ignore[no-untyped-call] # SQLAlchemy


def now() -> datetime:
    """Return the time by the machine's clock, in UTC, as the tables keep it."""
    return datetime.now(UTC)
