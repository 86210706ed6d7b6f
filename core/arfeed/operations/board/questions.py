"""Questions about single invoices of a plan, for whoever exports: until they are answered, nobody approves the plan."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from arfeed.operations.board.audit import log
from arfeed.operations.board.database import Database
from arfeed.operations.board.tables import now, questions

LONGEST = 500
"""How many characters a question or an answer has."""


class Question(NamedTuple):
    """What somebody wants to know of an invoice before anybody approves that it is marked as paid."""

    id: str
    feed: str
    invoice_ref: str
    text: str
    asked_by: str
    asked_at: datetime
    answer: str | None = None
    answered_by: str | None = None
    answered_at: datetime | None = None


def check_question(document: Mapping[str, Any], ref: str, text: str) -> list[str]:
    """Return what is wrong with a question about a plan."""
    wrong = []
    if ref not in {row["invoice_ref"] for row in document["missing"]}:
        wrong.append("This plan marks no invoice of that number as paid.")
    if not 1 <= len(text) <= LONGEST:
        wrong.append(f"Say in 1 to {LONGEST} characters what you want to know.")
    return wrong


def ask_about(database: Database, feed: str, ref: str, text: str, by: str) -> None:
    """Record a question about an invoice."""
    with database.writing() as connection:
        asked = Question(secrets.token_hex(8), feed, ref, text, by, now())
        connection.execute(sa.insert(questions).values(**asked._asdict()))
        log(connection, by, "question asked", feed, invoice=ref, text=text)


def answer(database: Database, feed: str, question: str, text: str, by: str) -> bool:
    """Record the answer to a question; return False if there is no such question, or it has one."""
    with database.writing() as connection:
        this = sa.and_(questions.c.id == question, questions.c.feed == feed, questions.c.answer.is_(None))
        values = {"answer": text, "answered_by": by, "answered_at": now()}
        if connection.execute(sa.update(questions).where(this).values(**values)).rowcount != 1:
            return False
        log(connection, by, "question answered", feed, question=question, text=text)
        return True


def list_questions(connection: sa.Connection, feed: str, most: int = 50) -> list[Question]:
    """Return the questions of a feed, those without an answer first, then the newest."""
    order = (questions.c.answer.is_not(None), questions.c.asked_at.desc(), questions.c.id)
    columns = [questions.c[name] for name in Question._fields]
    query = sa.select(*columns).where(questions.c.feed == feed).order_by(*order).limit(most)
    return [Question(*row) for row in connection.execute(query)]


def find_open(connection: sa.Connection, feed: str, document: Mapping[str, Any]) -> list[Question]:
    """Return the questions without an answer about invoices that a plan marks as paid."""
    refs: Collection[str] = {row["invoice_ref"] for row in document["missing"]}
    query = sa.select(*(questions.c[name] for name in Question._fields))
    rows = connection.execute(query.where(questions.c.feed == feed, questions.c.answer.is_(None)))
    return [asked for row in rows if (asked := Question(*row)).invoice_ref in refs]
