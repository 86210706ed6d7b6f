"""The header of a table, found by what it holds: files have banners above it, and spell it in many ways."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, count
from typing import NamedTuple

from arfeed.model.errors import SourceError

MOST_ROWS = 30
"""How far down a header is looked for."""


class Row(NamedTuple):
    """A row of a file's start: its line in a CSV file or its number in a sheet, and its cells."""

    line: int
    cells: Sequence[str]


class Header(NamedTuple):
    """The names of the columns, those that it lacks, and where it stands: among the rows from 0 on, and its line."""

    named: list[str]
    surplus: list[str]
    position: int
    line: int

    @property
    def names(self) -> list[str]:
        """All columns."""
        return [*self.named, *self.surplus]


def find_header(file: str, rows: Sequence[Row], columns: Sequence[str]) -> Header:
    """Return the first row that has all these columns, under the names they have here; without any, the first row.

    Raise `SourceError` where there is none, with what was found instead.
    """
    if not any(cell.strip() for cell in rows[0].cells) if rows and not columns else not rows:
        raise SourceError(f"{file}: there is no header in line {rows[0].line if rows else 1}; export it again")
    headers = [_distinct([cell.strip() for cell in row.cells]) for row in rows[: MOST_ROWS if columns else 1]]
    lacking = [_lacking(names, columns) for names in headers]
    best = min(range(len(headers)), key=lambda position: len(lacking[position]))
    if lacking[best]:
        found = ", ".join(headers[best] if len(lacking[best]) < len(columns) else headers[0])
        raise SourceError(
            f"{file}: there is no column {lacking[best][0]!r}; found {found}. Name one of these in `columns`, or "
            "export it with that column"
        )
    names = _respelled(file, headers[best], columns)
    return Header(names, _surplus(rows[best:], len(names)), best, rows[best].line)


def folded(name: str) -> str:
    """Return a header as it is compared: without case, blanks, byte order mark and the asterisk of required columns."""
    return "".join(name.replace("*", "").replace("\ufeff", "").split()).casefold()


def _lacking(names: Sequence[str], columns: Sequence[str]) -> list[str]:
    there = {folded(name) for name in names}
    return [column for column in columns if folded(column) not in there]


def _respelled(file: str, names: list[str], columns: Sequence[str]) -> list[str]:
    """Give the columns that are asked for the names they are asked by; one that is there as it is stays."""
    result = list(names)
    for column in columns:
        if column in names:
            _refuse_twin(file, names, column, columns)
            continue
        places = [place for place, name in enumerate(names) if folded(name) == folded(column)]
        if len(places) > 1:
            alike = " and ".join(repr(names[place]) for place in places)
            raise SourceError(f"{file}: the column {column!r} could be {alike}; name it exactly")
        result[places[0]] = column
    return result


def _refuse_twin(file: str, names: list[str], column: str, columns: Sequence[str]) -> None:
    """Raise `SourceError` where two columns have this very header, and only the first is asked for."""
    twin = f"{column} (2)"
    if twin in names and twin not in columns:
        raise SourceError(
            f"{file}: two columns are called {column!r}, so it is not plain which is meant; leave one out of the "
            f"export, or name the second one as {twin!r}"
        )


def _surplus(rows: Sequence[Row], width: int) -> list[str]:
    """Name columns that the header lacks but the first row has; they must be blank throughout."""
    first = len(rows[1].cells) if len(rows) > 1 and not any(rows[1].cells[width:]) else width
    return [f"column {number}" for number in range(width + 1, first + 1)]


def _distinct(names: Sequence[str]) -> list[str]:
    """Tell headers apart: from each other, and from the column `origin` that is added to them."""
    result: list[str] = []
    for number, name in enumerate(names, 1):
        plain = name or f"column {number}"
        spellings = chain([plain], (f"{plain} ({again})" for again in count(2)))
        result.append(next(header for header in spellings if header not in (*result, "origin")))
    return result
