"""Printed reports, for connectors: a title, a header somewhere below it, groups of lines, and totals to add up to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import chain
from typing import TYPE_CHECKING

from arfeed.model.errors import SourceError
from arfeed.model.settings import FileSettings
from arfeed.tables.grid import mentions, read_grid

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

_HEAD = 100
"""So many rows are searched for the header."""

_AS_OF = re.compile(r"\bas (?:of|at):?\s+(.+)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ReportForm:
    """What the printed reports of a system have in common.

    `headers` says by which headers a column goes, the best first; case, spaces and marks do not count. The row that
    names all of `required` is the header. `keys` are filled in every line, and not all of them in any other row. Totals
    add up `balance`; with `exact`, one that does not is an error, otherwise a doubt. `footers` is a regular expression
    of the rows that may follow the grand total, beside those of a single text.
    """

    headers: Mapping[str, Sequence[str]]
    required: Sequence[str]
    keys: Sequence[str]
    balance: str = "balance"
    exact: bool = True
    footers: str = r"^$"


class PrintedReport:
    """A printed report of one file, opened up to its header.

    `title` holds the texts above the header. `headers` maps the form's names to the headers found, and `missing` names
    those required that no row has: then `found` is the row that comes closest.
    """

    def __init__(self, file: str, form: ReportForm, settings: FileSettings) -> None:
        """Read the head of the file. Raise `SourceError` where it is no table at all."""
        self.file = file
        self.form = form
        self.settings = settings
        self.total: Decimal | None = None
        self.doubts: tuple[str, ...] = ()
        self.ended = False
        self._frames = self._grid()
        self._first = next(self._frames, None)
        rows = [] if self._first is None else _texts(self._first.head(_HEAD))
        self._at = max(range(len(rows)), key=lambda number: len(_named(rows[number], form)), default=0)
        self.found = rows[self._at] if rows else []
        self._columns = _named(self.found, form)
        self.headers = {name: self.found[column] for name, column in self._columns.items()}
        self.missing = tuple(name for name in form.required if name not in self.headers)
        above = rows[: len(rows) if self.missing else self._at]
        self.title = tuple(text for row in above for text in row if text)

    @property
    def as_of(self) -> date | None:
        """The date that the title speaks of, if it can be read in one way only."""
        return as_of(self.title, self.settings.dates)

    def lines(self) -> Iterator[pd.DataFrame]:
        """Yield the lines under the form's names, other columns under their headers, with `group` and `origin`.

        `group` is the path of the groups that a line stands in, joined by colons. `balance` is decimal, all else is
        text. Raise `SourceError` for a row that is nothing known, and for totals that are not those of the lines. When
        all is read, `total` is the grand total, `ended` says whether there was one, and `doubts` says which totals do
        not add up.
        """
        from arfeed.model.arrow import to_frame
        from arfeed.tables.printed.printed import Rows
        from arfeed.tables.printed.rows import Sight

        if self.missing or self._first is None:
            raise SourceError(f"{self.file}: no row has headers for {', '.join(self.missing or self.form.required)}")
        names = self._names()
        first, keys = min(names), [self._columns[name] for name in self.form.keys]
        sight = Sight(range(max(first, 1)), range(first + 1), keys, self.form.footers)
        balance = self._columns[self.form.balance]
        parents = self._parents(sight.labels)
        rows = Rows(self.file, sight, names, balance, self.settings.decimal, self.form.exact, parents)
        rows.currency = None if "currency" in self.headers else self.settings.currency
        for frame in chain([self._first.iloc[self._at + 1 :]], self._frames):
            yield to_frame(rows.take(frame))
        rows.finish()
        self.total, self.ended, self.doubts = rows.total, rows.ended, tuple(rows.doubts)

    def _parents(self, labels: Sequence[int]) -> pa.Array:
        """Return the groups that have a total with sub-customers, for which the whole file must be looked through."""
        import pyarrow as pa

        from arfeed.model.arrow import to_text_array
        from arfeed.tables.printed.groups import WITH_SUBS, parents

        found = [pa.array([], pa.large_string())]
        if mentions(self.file, WITH_SUBS, self.settings.encoding):
            for frame in self._grid():
                found += [parents(to_text_array(frame.iloc[:, column])) for column in labels]
        return pa.concat_arrays(found).unique()

    def _grid(self) -> Iterator[pd.DataFrame]:
        settings = self.settings
        return read_grid(
            self.file,
            encoding=settings.encoding,
            delimiter=settings.delimiter,
            sheet=settings.sheet,
            fallback="cp1252",
        )

    def name_of(self, name: str) -> str:
        """Return how a column of the form is called in the lines: so, or by its header, if the settings name that."""
        return self._names()[self._columns[name]] if name in self._columns else name

    def _names(self) -> dict[int, str]:
        """Return how each column is called: by the form's name, unless the settings ask for it by its header."""
        asked = set(self.settings.columns.values())
        names = {column: header for column, header in enumerate(self.found) if header}
        return names | {column: name for name, column in self._columns.items() if self.found[column] not in asked}


def as_of(title: Sequence[str], order: str | None) -> date | None:
    """Return the date that a title speaks of, as in "As of April 4, 2026", if it can be read in one way only."""
    import pyarrow as pa

    from arfeed.tables.values.dates import ORDERS, parse_dates

    said = pa.array([match[1] for text in title if (match := _AS_OF.search(text))][:1], pa.large_string())
    orders = (order,) if order else ORDERS
    meant = {day for each in orders for day in parse_dates(said, each).values.to_pylist() if day}
    return meant.pop() if len(meant) == 1 else None


def _texts(frame: pd.DataFrame) -> list[list[str]]:
    return [[str(text).strip() for text in row] for row in frame.drop(columns="origin").to_numpy().tolist()]


def _named(row: Sequence[str], form: ReportForm) -> dict[str, int]:
    """Return the form's names of this row's columns, were it the header."""
    at = {_folded(text): column for column, text in reversed(list(enumerate(row))) if text}
    chosen = {
        name: [header for header in map(_folded, theirs) if header in at] for name, theirs in form.headers.items()
    }
    return {name: at[headers[0]] for name, headers in chosen.items() if headers}


def _folded(header: str) -> str:
    return re.sub(r"[\W_]", "", header.casefold())
