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
from arfeed.tables.printed.title import read_as_of

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

_MOST_IN_TITLE = 3
_HEAD = 100
"""Rows searched for the header."""


@dataclass(frozen=True, slots=True)
class ReportForm:
    """What the printed reports of a system have in common.

    `headers` lists the headers that a column may have, the best first; case, spaces and punctuation do not count. The
    row with headers for all of `required` is the header. `keys` are filled in every line, and not all of them in any
    other row. Totals are sums of `balance`; a wrong one is an error if `exact`, otherwise a doubt. `footers` is a
    regular expression of the rows that may follow the grand total, besides those with a single text.
    """

    headers: Mapping[str, Sequence[str]]
    required: Sequence[str]
    keys: Sequence[str]
    balance: str = "balance"
    exact: bool = True
    footers: str = r"^$"


class PrintedReport:
    """A printed report in a file, read up to its header.

    `title` holds the texts above the header. `headers` maps the form's names to the headers found. `missing` holds the
    required names that have no header; `found` is then the row that comes closest to one.
    """

    def __init__(self, file: str, form: ReportForm, settings: FileSettings) -> None:
        """Read the head of the file. Raise `SourceError` if it is not a table."""
        self.file = file
        self.form = form
        self.settings = settings
        self.total: Decimal | None = None
        self.doubts: tuple[str, ...] = ()
        self.ended = False
        self._frames = self._grid()
        self._first = next(self._frames, None)
        rows = [] if self._first is None else _texts(self._first.head(_HEAD))
        # The row with the most known headers: a word of a title may happen to be one of them.
        self._at = max(range(len(rows)), key=lambda number: len(_find_named(rows[number], form)), default=0)
        self.found = rows[self._at] if rows else []
        self._columns = _find_named(self.found, form)
        self.headers = {name: self.found[column] for name, column in self._columns.items()}
        self.missing = tuple(name for name in form.required if name not in self.headers)
        above = rows[: len(rows) if self.missing else self._at]
        # Below a header that is not found, the cells of longer rows are headings and values.
        titles = [row for row in above if not self.missing or sum(map(bool, row)) <= _MOST_IN_TITLE]
        self.title = tuple(text for row in titles for text in row if text)

    @property
    def as_of(self) -> date | None:
        """Return the date in the title; None unless it can be read in one way only."""
        return read_as_of(self.title, self.settings.dates)

    def lines(self) -> Iterator[pd.DataFrame]:
        """Yield the lines under the form's names, other columns under their headers, with `group` and `origin`.

        `group` is the path of the groups that a line is in, joined by colons. `balance` is decimal, all else is text.
        Raise `SourceError` for an unknown row, and for a total that is not the sum of its lines. After the last frame
        `total` is the grand total, `ended` is whether there was one, and `doubts` are totals that do not add up.
        """
        from arfeed.model.arrow import to_frame
        from arfeed.tables.printed.rows import Marks
        from arfeed.tables.printed.totals import Rows

        if self.missing or self._first is None:
            raise SourceError(f"{self.file}: no row has headers for {', '.join(self.missing or self.form.required)}")
        names = self._names()
        first, keys = min(names), [self._columns[name] for name in self.form.keys]
        # Labels stand in the columns before the first header; if there are none, in the first column.
        marks = Marks(range(max(first, 1)), range(first + 1), keys, self.form.footers)
        balance = self._columns[self.form.balance]
        parents = self._parents(marks.labels)
        rows = Rows(self.file, marks, names, balance, self.settings.decimal, self.form.exact, parents)
        # With a column of currencies each line names its own.
        rows.currency = None if "currency" in self.headers else self.settings.currency
        for frame in chain([self._first.iloc[self._at + 1 :]], self._frames):
            yield to_frame(rows.take(frame))
        # Only after all rows: a report that was cut off looks well until its end.
        rows.finish()
        self.total, self.ended, self.doubts = rows.total, rows.ended, tuple(rows.doubts)

    def _parents(self, labels: Sequence[int]) -> pa.Array:
        """Return the groups that have a total with sub-customers; this reads the whole file if it mentions any."""
        import pyarrow as pa

        from arfeed.model.arrow import to_text_array
        from arfeed.tables.printed.groups import WITH_SUBS, find_parents

        # Which of a customer's two totals closes the group can't be seen when the first comes by.
        found = [pa.array([], pa.large_string())]
        if mentions(self.file, WITH_SUBS, self.settings.encoding):
            for frame in self._grid():
                found += [find_parents(to_text_array(frame.iloc[:, column])) for column in labels]
        return pa.concat_arrays(found).unique()

    def _grid(self) -> Iterator[pd.DataFrame]:
        settings = self.settings
        return read_grid(
            self.file,
            encoding=settings.encoding,
            delimiter=settings.delimiter,
            sheet=settings.sheet,
            # Desktop programs on Windows write reports in its code page, and no byte of a file says so.
            fallback="cp1252",
        )

    def name_of(self, name: str) -> str:
        """Return the name of a form's column in the lines: the form's own, or its header if the settings name that."""
        return self._names()[self._columns[name]] if name in self._columns else name

    def _names(self) -> dict[int, str]:
        """Return the name of each column by its number: the form's name, or its header if the settings name that.

        A column without a header is kept if the settings name it by its place, as `column 1`.
        """
        asked = {*self.settings.headings()}
        places = {column: f"column {column + 1}" for column, header in enumerate(self.found) if not header}
        names = {column: header for column, header in enumerate(self.found) if header}
        names |= {column: place for column, place in places.items() if place in asked}
        return names | {column: name for name, column in self._columns.items() if self.found[column] not in asked}


def _texts(frame: pd.DataFrame) -> list[list[str]]:
    return [[str(text).strip() for text in row] for row in frame.drop(columns="origin").to_numpy().tolist()]


def _find_named(row: Sequence[str], form: ReportForm) -> dict[str, int]:
    """Return the columns of the form's names, if this row is the header."""
    # Reversed, so that the first of two equal headers counts.
    at = {_fold(text): column for column, text in reversed(list(enumerate(row))) if text}
    chosen = {name: [header for header in map(_fold, theirs) if header in at] for name, theirs in form.headers.items()}
    return {name: at[headers[0]] for name, headers in chosen.items() if headers}


def _fold(header: str) -> str:
    return re.sub(r"[\W_]", "", header.casefold())
