"""Finding the header of a table by its cells: files have banners above it, and spell it in many ways."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, count
from typing import NamedTuple

from arfeed.model.errors import SourceError
from arfeed.tables.headings.units import stated_unit

MOST_ROWS = 30
"""Rows searched for the header."""


class Row(NamedTuple):
    """A row from the start of a file: its line in a CSV file or its number in a sheet, and its cells."""

    line: int
    cells: Sequence[str]


class Header(NamedTuple):
    """The columns that the header names, those that it lacks, its position among the rows, from 0, and its line.

    `cells` are its cells as they stand in the file, `above` the rows above it.
    """

    named: list[str]
    surplus: list[str]
    position: int
    line: int
    cells: Sequence[str] = ()
    above: Sequence[Sequence[str]] = ()

    @property
    def names(self) -> list[str]:
        """Return the names of all columns."""
        return [*self.named, *self.surplus]


def find_header(file: str, rows: Sequence[Row], columns: Sequence[str]) -> Header:
    """Return the first row that has all these columns, with their names as spelled here; without any, the first row.

    Raise `SourceError` if there is none, with what was found instead.
    """
    if not any(cell.strip() for cell in rows[0].cells) if rows and not columns else not rows:
        raise SourceError(f"{file}: there is no header in line {rows[0].line if rows else 1}; export it again")
    # Below a banner the header can only be recognized by what it has to have.
    headers = [_distinct([cell.strip() for cell in row.cells]) for row in rows[: MOST_ROWS if columns else 1]]
    lacking = [_lacking(names, columns) for names in headers]
    best = min(range(len(headers)), key=lambda position: len(lacking[position]))
    if lacking[best]:
        # If no row has any of them, people take the first one for the header.
        found = ", ".join(headers[best] if len(lacking[best]) < len(columns) else headers[0])
        raise SourceError(
            f"{file}: there is no column {lacking[best][0]!r}; found {found}. Name one of these in `columns`, or "
            "export it with that column"
        )
    names = _respell(file, headers[best], columns)
    above = [row.cells for row in rows[:best]]
    _refuse_other_units(file, rows[:best])
    return Header(names, _surplus(rows[best:], len(names)), best, rows[best].line, rows[best].cells, above)


def fold(name: str) -> str:
    """Return a header for comparison: without case, blanks, byte order mark and the asterisk of required columns."""
    return "".join(name.replace("*", "").replace("\ufeff", "").split()).casefold()


def _lacking(names: Sequence[str], columns: Sequence[str]) -> list[str]:
    there = {fold(name) for name in names}
    return [column for column in columns if fold(column) not in there]


def _respell(file: str, names: list[str], columns: Sequence[str]) -> list[str]:
    """Rename the columns asked for to the spelling they are asked for by, unless one already has it."""
    result = list(names)
    for column in columns:
        # An exact spelling counts, even if another header differs from it only in case.
        if column in names:
            _refuse_twin(file, names, column, columns)
            continue
        places = [place for place, name in enumerate(names) if fold(name) == fold(column)]
        if len(places) > 1:
            alike = " and ".join(repr(names[place]) for place in places)
            raise SourceError(f"{file}: the column {column!r} could be {alike}; name it exactly")
        result[places[0]] = column
    return result


def _refuse_other_units(file: str, above: Sequence[Row]) -> None:
    """Raise `SourceError` if a line above the header states that amounts are in thousands, lakhs, cents or the like."""
    for row in above:
        line = " ".join(filter(None, (cell.strip() for cell in row.cells)))
        if unit := stated_unit(line):
            raise SourceError(
                f"{file} line {row.line}: {line[:80]!r} says that amounts are in {unit!r}, and they are read as whole "
                "units of their currency; export them as they stand on the invoices"
            )


def _refuse_twin(file: str, names: list[str], column: str, columns: Sequence[str]) -> None:
    """Raise `SourceError` if two columns have exactly this header, and only the first is asked for."""
    twin = f"{column} (2)"
    if twin in names and twin not in columns:
        raise SourceError(
            f"{file}: two columns are called {column!r}, so it is not clear which is meant; leave one out of the "
            f"export, or name the second one {twin!r}"
        )


def _surplus(rows: Sequence[Row], width: int) -> list[str]:
    """Return names for columns that the first row has beyond the header; they must be blank in all rows."""
    # Some programs end each row with a separator, and not the header.
    first = len(rows[1].cells) if len(rows) > 1 and not any(rows[1].cells[width:]) else width
    return [f"column {number}" for number in range(width + 1, first + 1)]


def _distinct(names: Sequence[str]) -> list[str]:
    """Return the headers made distinct from each other, and from the column `origin` that is added to them."""
    result: list[str] = []
    for number, name in enumerate(names, 1):
        plain = name or f"column {number}"
        spellings = chain([plain], (f"{plain} ({again})" for again in count(2)))
        result.append(next(header for header in spellings if header not in (*result, "origin")))
    return result
