"""What the rows of a source prove about its settings: its currencies and, with the line that shows it, its date order.

Nothing is decided here: `init` proposes what is proven and asks for the rest, `check` reports the evidence.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from copy import copy
from functools import cached_property
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from arfeed.intake.date_order import find_orders_apart
from arfeed.model import arrow, schema
from arfeed.model.figures import Complete
from arfeed.model.parts import Connector
from arfeed.model.settings import FileSettings
from arfeed.tables.dbase import is_dbase
from arfeed.tables.headings.canonical import left_alone, name_headings
from arfeed.tables.separated.text import physical_lines
from arfeed.tables.values.dates import ORDER_WORDS, ORDERS, means_none, parse_dates, strip_times_of_cells
from arfeed.tables.workbook.sheets import is_workbook

if TYPE_CHECKING:
    import pandas as pd

_COLUMNS = pa.schema([("text", pa.large_string()), ("origin", pa.large_string())])

_MOMENTS = tuple(
    f"{day}{time}"
    for day in ("%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y")
    for time in (" %H:%M:%S", " %H:%M", "T%H:%M:%S", "T%H:%M:%SZ")
)
_OF_MDB_EXPORT = "%m/%d/%y %H:%M:%S"
"""How mdb-export of mdbtools 1.0 writes dates in every country, without `-D` and `-T`; Access itself shows others."""

_SHORT_YEAR = r"^(?P<first>\d\d)(?P<sign>[-/.])\d\d[-/.](?P<last>\d\d)$"


class Evidence:
    """Dates and currencies collected from the frames of a connector, as it yields them."""

    def __init__(self, connector: Connector) -> None:
        """Take the connector whose frames will be collected."""
        self.connector = connector
        self.rows = 0
        self.currencies: set[str] = set()
        self._dates: dict[str, list[pa.Table]] = {name: [] for name in schema.DATES}
        self._blank_currency = False
        settings = connector.settings
        if isinstance(settings, FileSettings) and settings.due_dates:
            del self._dates["due_on"]  # a setting has their order, and they prove nothing about the other

    def collect(self, raw: pd.DataFrame) -> None:
        """Collect the dates and currencies of the next frame."""
        self.rows += len(raw)
        self._collect_currencies(raw)
        for name in self._dates:
            header = self._header(name, raw)
            # A date that came typed proves nothing about how texts are written.
            if header and raw[header].dtype == "str":
                texts, origins = pc.utf8_trim_whitespace(arrow.to_text_array(raw[header])), _origins(raw)
                self._dates[name].append(_distinct(strip_times_of_cells(texts, origins), origins))

    @property
    def needs_currency(self) -> bool:
        """Whether some rows name no currency."""
        return self._blank_currency

    @property
    def undated(self) -> bool:
        """Whether no date was read as text."""
        return not len(self._found)

    @cached_property
    def orders(self) -> list[str]:
        """The orders that all dates fit."""
        texts = self._texts
        return [order for order in ORDERS if not _any(parse_dates(texts, order, declared=True).wrong)]

    @cached_property
    def orders_apart(self) -> dict[str, str]:
        """The order of each date column by name, if they differ and each is proven; see `find_orders_apart`."""
        return find_orders_apart(
            {name: arrow.as_single_chunk(_dated(found)["text"]) for name, found in self._dates.items()}
        )

    @cached_property
    def year_first(self) -> str | None:
        """The format by which short years stand first, if that is likelier since they are fewer so: 26/03/04.

        Read as day-month-year or month-day-year, days would be years and spread over decades.
        """
        parts = pc.extract_regex(self._texts, _SHORT_YEAR)
        signs = pc.struct_field(parts, "sign").unique()
        if len(signs) != 1 or not signs[0].is_valid:
            return None
        sign = signs[0].as_py()
        form = f"%y{sign}%m{sign}%d"
        if _any(parse_dates(self._texts, form, declared=True).wrong):
            return None
        first, last = (len(pc.struct_field(parts, name).unique()) for name in ("first", "last"))
        return form if first < last else None

    @cached_property
    def moments(self) -> list[str]:
        """The formats with a time of day that all dates fit, by which the day is taken as it is written."""
        forms = (*_MOMENTS, *([_OF_MDB_EXPORT] if self.seem_of_access else []))
        return [form for form in forms if not _any(parse_dates(self._texts, form, declared=True).wrong)]

    @cached_property
    def seem_of_access(self) -> bool:
        """Whether every date is written as mdb-export writes it: NN/NN/NN HH:MM:SS."""
        shape = pc.match_substring_regex(self._texts, r"^\d\d/\d\d/\d\d \d\d:\d\d:\d\d$")
        return not _any(pc.invert(shape)) and not _any(parse_dates(self._texts, _OF_MDB_EXPORT, declared=True).wrong)

    @property
    def proven(self) -> str | None:
        """Return the only order that the dates can be in; None if they fit several, or none."""
        # Dates that begin with the year fit every order, and YMD is the first of these.
        if self.year_first:
            return None
        return self.orders[0] if len(self.orders) == 1 or self.orders[:1] == ["YMD"] else None

    def in_words(self, order: str) -> str:
        """Return how the dates are written, given an order that all of them fit."""
        named = len(self.orders) == len(ORDERS) and not _any(pc.match_substring_regex(self._texts, r"^\d{4}"))
        return "with the month's name" if named else ORDER_WORDS[order]

    def example(self, order: str) -> str:
        """Return the date that proves an order best, with its line, such as `line 4 has 31/03/2026`."""
        others = [other for other in ("DMY", "MDY") if other != order]
        against = [parse_dates(self._texts, other, declared=True).wrong for other in others]
        proof = self._found.filter(pc.and_(*against) if len(against) > 1 else against[0])
        found = (proof if len(proof) else self._found).slice(0, 1).to_pylist()[0]
        return f"{describe_place(found['origin'], self.connector)} has {found['text']}"

    def means(self, order: str) -> str:
        """Return what the first date means in an order, such as `03/04/2026 is 3 April 2026`."""
        text = self._texts[0].as_py()
        day = parse_dates(pa.array([text], pa.large_string()), order, declared=True).values[0].as_py()
        return f"{text} is {day.day} {day:%B %Y}" if day else f"{text} is not a date"

    @property
    def _texts(self) -> pa.Array:
        return arrow.as_single_chunk(self._found["text"])

    @cached_property
    def _found(self) -> pa.Table:
        return _dated([table for tables in self._dates.values() for table in tables])

    def _collect_currencies(self, raw: pd.DataFrame) -> None:
        header = self._header("currency", raw)
        if header is None:
            self._blank_currency |= len(raw) > 0
            return
        codes = pc.fill_null(pc.utf8_trim_whitespace(arrow.to_text_array(raw[header])), "")
        self.currencies |= {code for code in pc.unique(codes).to_pylist() if code}
        # A row of totals names none, and has no date either.
        day = self._header("issued_on", raw)
        dates = pa.array(raw[day]) if day else codes
        dated = (
            pc.is_valid(dates)
            if not day or raw[day].dtype != "str"
            else pc.not_equal(pc.utf8_trim_whitespace(dates), "")
        )
        self._blank_currency |= _any(pc.and_(pc.equal(codes, ""), dated))

    def _header(self, name: str, raw: pd.DataFrame) -> str | None:
        columns = self.connector.columns
        settings = self.connector.settings
        candidates = (settings.columns.get(name), columns.get(name), name)
        found = next((header for header in candidates if header and header in raw.columns), None)
        if found or not isinstance(settings, FileSettings):
            return found
        alike = name_headings([str(each) for each in raw.columns], settings.columns, left_alone(settings))
        return next(iter(alike.get(name, ())), None)


def with_evidence(connector: Connector, evidence: Evidence) -> Connector:
    """Return a copy of the connector that also passes every frame it yields to `evidence`."""

    def invoices() -> Generator[pd.DataFrame, None, Complete]:
        frames = connector.invoices()
        while True:
            try:
                raw = next(frames)
            except StopIteration as stop:
                return stop.value  # type: ignore[no-any-return]  # `extract` checks what a plugin returns
            # What is not a frame is refused by `extract`, in words.
            if hasattr(raw, "columns"):
                evidence.collect(raw)
            yield raw

    twin = copy(connector)
    # On the copy alone: its class serves the other sources as well.
    vars(twin)["invoices"] = invoices
    return twin


def describe_place(origin: str, connector: Connector) -> str:
    """Return where a row is in its file: `line 4`, for workbooks `row 4`."""
    file, _, number = origin.rpartition("#")
    settings = connector.settings
    if not number.isdecimal() or not isinstance(settings, FileSettings):
        return origin or "a row"
    if is_dbase(file) or is_workbook(file):
        return f"row {number}"
    # Latin-1 decodes any file, and only its line ends are wanted here.
    line = physical_lines(file, [int(number)], encoding="latin-1", delimiter=settings.delimiter).get(int(number))
    return f"line {line or number}"


def _origins(raw: pd.DataFrame) -> pa.Array:
    if "origin" in raw.columns:
        return arrow.to_text_array(raw["origin"])
    return pa.repeat(pa.scalar("", pa.large_string()), len(raw))


def _dated(tables: Sequence[pa.Table]) -> pa.Table:
    """Return each text of these tables once, without blanks and placeholders."""
    every = pa.concat_tables([_COLUMNS.empty_table(), *tables])
    once = _distinct(every["text"], every["origin"])
    return once.filter(pc.and_(pc.not_equal(once["text"], ""), pc.invert(means_none(once["text"]))))


def _distinct(texts: pa.Array, origins: pa.Array) -> pa.Table:
    """Return each text once, with the origin of its first row."""
    # Arrow's `first` needs the order of the rows, which its threads do not keep.
    grouped = pa.table({"text": texts, "origin": origins}).group_by("text", use_threads=False)
    return grouped.aggregate([("origin", "first")]).rename_columns(["text", "origin"]).cast(_COLUMNS)


def _any(wrong: pa.Array) -> bool:
    return bool(pc.any(wrong).as_py())
