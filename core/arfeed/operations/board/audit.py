"""The audit log: who did what on the board, each line bound by its hash to all lines before it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import sqlalchemy as sa

from arfeed.operations.board.tables import audit, now

_NOTHING = "0" * 64


class Entry(NamedTuple):
    """One line of the log. `at` is a time in ISO 8601, `about` a feed or a person, `details` JSON."""

    number: int
    at: str
    who: str
    what: str
    about: str
    details: str
    before: str
    hash: str

    def compute_hash(self) -> str:
        """Return the hash that the line must have."""
        return hashlib.sha256(json.dumps(self[:-1], ensure_ascii=False).encode()).hexdigest()


def log(connection: sa.Connection, who: str, what: str, about: str = "", **details: object) -> Entry:
    """Add a line, in the transaction of what it reports: neither is there without the other."""
    last = connection.execute(sa.select(audit).order_by(audit.c.number.desc()).limit(1)).one_or_none()
    number, before = (last.number + 1, last.hash) if last else (1, _NOTHING)
    text = json.dumps(details, ensure_ascii=False, sort_keys=True)
    entry = Entry(number, now().isoformat(timespec="seconds"), who[:100], what, about[:300], text, before, "")
    entry = entry._replace(hash=entry.compute_hash())
    connection.execute(sa.insert(audit).values(**entry._asdict()))
    return entry


def entries(connection: sa.Connection, *, most: int | None = None) -> list[Entry]:
    """Return the lines, the oldest first; with `most`, the last ones only, the newest first."""
    order = audit.c.number if most is None else audit.c.number.desc()
    return [Entry(*row) for row in connection.execute(sa.select(audit).order_by(order).limit(most))]


def verify(lines: list[Entry], known: str | None = None) -> Iterator[str]:
    """Yield what is wrong with the lines, the oldest first.

    `known` is a hash that was noted down before: without it a log whose last lines were cut off looks whole.
    """
    before = _NOTHING
    for number, line in enumerate(lines, 1):
        if line.number != number:
            yield f"line {number} is missing: line {line.number} follows line {number - 1}"
            return
        if line.before != before:
            yield f"line {number} does not follow from line {number - 1}, which was changed or replaced"
        if line.hash != line.compute_hash():
            yield f"line {number} is not as it was written: {line.at} {line.who} {line.what} {line.about}"
        before = line.hash
    if known is not None and known not in {line.hash for line in lines}:
        yield f"no line has the hash {known}: the log was cut off, or written anew"


def as_data(line: Entry) -> Mapping[str, Any]:
    """Return a line as plain data."""
    return {**line._asdict(), "details": json.loads(line.details)}
