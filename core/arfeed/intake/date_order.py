"""The dates of a source's rows: in which order they are written, and reading them in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from arfeed.intake.columns import Columns
from arfeed.model import schema
from arfeed.model.text.characters import byte_at
from arfeed.tables.values.dates import (
    ORDER_WORDS,
    ORDERS,
    SHORTEST_TIMED,
    count_misfits,
    in_words,
    means_none,
    parse_dates,
    strip_times_of_cells,
)

_CELL = r"^\d{4}[-/.]\d{1,2}[-/.](?P<d>\d{1,2})(?:[T ]|$)"
"""How date cells are read, and how Gnumeric writes them into CSV files."""

_TYPED = r"^(?P<a>\d{1,2})[-/. ](?P<b>\d{1,2})[-/. ](?:\d{4}|\d\d)(?:[T ]|$)"
_MONTHS = 12
_BEYOND_REASON = date(2099, 12, 31)
"""This day and later ones stand for no date in many systems: 2099-12-31, 2999-12-31, 9999-12-31."""


def distinct_dates(table: Columns, names: Sequence[str] = schema.DATES) -> pa.Array:
    """Return each distinct text of these date columns that came as text."""
    texts = [table.text(name) for name in names if not pa.types.is_date32(table.array(name).type)]
    return pa.concat_arrays(texts).unique() if texts else pa.array([], pa.large_string())


def has_text(texts: pa.Array) -> bool:
    """Whether any of these texts is not blank."""
    return bool(pc.any(pc.not_equal(texts, "")).as_py())


def find_order(distinct: pa.Array) -> str | None:
    """Return the one order that fits these texts best; None if they leave it open, which is not guessed at."""
    wrong = count_misfits(distinct)
    best = [order for order in ORDERS if wrong[order] == min(wrong.values())]
    # A date that begins with a four-digit year is read as such in every order, so all orders fit where YMD does.
    return best[0] if "YMD" in best or len(best) == 1 else None


def find_orders_apart(columns: Mapping[str, pa.Array]) -> dict[str, str]:
    """Return the order of each date column if they have several; nothing unless each is proven by its own texts alone.

    `columns` has the distinct texts of each.
    """
    given = {name: texts for name, texts in columns.items() if has_text(texts)}
    fitting = {
        name: [order for order, wrong in count_misfits(texts, declared=True).items() if not wrong]
        for name, texts in given.items()
    }
    # Dates that begin with a four-digit year fit every order, and are proof of none.
    if any(len(orders) != 1 for orders in fitting.values()):
        return {}
    orders = {name: order for name, (order,) in fitting.items()}
    return orders if len({*orders.values()}) > 1 else {}


def explain_orders_apart(table: Columns) -> str:
    """Return what to set if the date columns are in several orders, each proven; blank if they are not."""
    apart = find_orders_apart({name: distinct_dates(table, [name]) for name in schema.DATES})
    if not apart:
        return ""
    settings = f'dates = "{apart["issued_on"]}" and due_dates = "{apart["due_on"]}"'
    return f"the two columns of dates are in two orders: set {settings}"


def read_days(table: Columns, order: str, *, declared: bool, due: str | None = None) -> dict[str, pa.Array]:
    """Return the date columns as date32, by name; add a problem for each text that is not a date in this order.

    `due` is the order of the due dates if they have another.
    """
    days = {name: _read(table, name, order, declared=declared) for name in schema.DATES if name != "due_on" or not due}
    return days | ({"due_on": _read(table, "due_on", due, declared=True)} if due else {})


def _read(table: Columns, name: str, order: str, *, declared: bool) -> pa.Array:
    column = table.array(name)
    if pa.types.is_date32(column.type):
        return column
    texts = table.text(name)
    # Few files have texts that are long enough; only then is each looked at.
    if (pc.max(pc.binary_length(texts)).as_py() or 0) >= SHORTEST_TIMED:
        texts = strip_times_of_cells(texts, table.text("origin"))
    parsed = parse_dates(texts, order, declared=declared)
    if pc.any(parsed.wrong).as_py():
        table.add_problem(name, parsed.wrong, _why_not(order, table, declared=declared))
    return parsed.values


def _why_not(order: str, table: Columns, *, declared: bool) -> str:
    distinct = distinct_dates(table)
    fitting = [other for other, wrong in count_misfits(distinct, declared=True).items() if not wrong]
    hint = ""
    if fitting and declared:
        hint = f"; all dates of this source fit {ORDER_WORDS[fitting[0]]}, so check `dates`"
    elif fitting:
        settings = " or ".join(f'dates = "{each}"' for each in fitting)
        hint = f"; for two-digit years the order must be set: all dates of this source fit {settings}"
    elif apart := explain_orders_apart(table):
        hint = f"; {apart}"
    # As Excel counts them, these are the days of 1982 to 2036.
    if pc.any(pc.match_substring_regex(distinct, r"^[34]\d{4}$")).as_py():
        hint = f'{hint}; 46119 is how Excel counts days: format the column as dates, or set dates = "excel"'
    return f"is not a date {in_words(order)}{hint}"


def is_dateless(table: Columns, name: str) -> pa.Array:
    """Return where a date is blank, or a placeholder such as 0000-00-00."""
    dateless = table.is_blank(name)
    if pa.types.is_date(table.array(name).type):
        return dateless
    # Each distinct text once: a million rows hold a few thousand days.
    texts = table.text(name).dictionary_encode()
    return pc.or_(dateless, means_none(texts.dictionary).take(texts.indices))


def check_years(table: Columns, days: Mapping[str, pa.Array]) -> None:
    """Add problems for dates of years beyond reason: placeholders, and years of another calendar."""
    for name, column in days.items():
        if (last := pc.max(column).as_py()) is not None and last >= _BEYOND_REASON:
            why = (
                "has an implausible year: a placeholder, or a year of another calendar (2569 of the "
                "Buddhist one is 2026); export it blank, or in the Gregorian calendar"
            )
            table.add_problem(name, pc.greater_equal(column, pa.scalar(_BEYOND_REASON)), why)


def check_exchanged(table: Columns, days: Mapping[str, pa.Array], *, apart: bool = False) -> None:
    """Add problems for dates of a file that a spreadsheet has read in another order and saved again.

    It turns 04/07/2026 into a date, of the 4th of July where the 7th of April was meant, and leaves 04/23/2026 as text.
    So dates of both kinds in one column are refused; and if no date has a day above 12, those in two columns, unless
    these are written `apart`, and due dates before the invoice's that would not be so with day and month exchanged.
    """
    texts = {name: table.text(name) for name in schema.DATES if not pa.types.is_date32(table.array(name).type)}
    # Most files have dates of one kind, and some day above 12: their first bytes tell that.
    if not any(_has_sign(column, 4) for column in texts.values()):
        return
    if not any(_has_sign(column, 1, 2) for column in texts.values()) and any(map(_has_day_above_12, days.values())):
        return
    distinct = {name: _dates(column.unique()) for name, column in texts.items()}
    cells = {name: column.filter(pc.match_substring_regex(column, _CELL)) for name, column in distinct.items()}
    if not any(len(column) for column in cells.values()):
        return
    typed = {name: column.filter(pc.match_substring_regex(column, _TYPED)) for name, column in distinct.items()}
    exchangeable = not any(pc.any(_day_above_12(column, _CELL)).as_py() for column in cells.values())
    beyond = any(pc.any(_day_above_12(column, _TYPED)).as_py() for column in typed.values())
    for name, column in cells.items():
        others = [] if apart else typed.values()
        beside = typed[name] if len(typed[name]) else next((each for each in others if len(each)), None)
        if len(column) and beside is not None and (len(typed[name]) or (exchangeable and beyond)):
            why = (
                f"is a date, beside dates that are text such as {beside[0].as_py()}: a spreadsheet that reads dates in "
                "another order has saved the file again, and may have exchanged day and month; take the file as it "
                f"was exported{'' if len(typed[name]) else ', or set `due_dates` if it has them so'}"
            )
            table.add_problem(name, pc.is_in(texts[name], value_set=column), why)
    if exchangeable and not any(map(len, typed.values())) and texts.keys() >= {"issued_on", "due_on"}:
        _check_early(table, days)


_SIGNS = np.frombuffer(b"-/. ", np.uint8)


_FIRST = 1_000


def _has_sign(texts: pa.Array, *places: int) -> bool:
    # The first texts often settle it, here and below.
    return any(
        bool(np.isin(byte_at(some, place), _SIGNS, kind="table").any())
        for some in (texts.slice(0, _FIRST), texts.slice(_FIRST))
        for place in places
    )


def _has_day_above_12(days: pa.Array) -> bool:
    return any(
        bool(pc.any(pc.greater(pc.day(some), _MONTHS)).as_py()) for some in (days.slice(0, _FIRST), days.slice(_FIRST))
    )


def _dates(distinct: pa.Array) -> pa.Array:
    return distinct.filter(pc.invert(means_none(distinct)))


def _day_above_12(texts: pa.Array, pattern: str) -> pa.Array:
    """Return where a date has a part that is not a month: a cell's day, or either part of a typed date."""
    parts = pc.extract_regex(texts, pattern)
    fields = [pc.cast(pc.struct_field(parts, name), pa.int32()) for name in ("d" if pattern == _CELL else "ab")]
    return pc.fill_null(pc.greater(pc.max_element_wise(*fields), _MONTHS), fill_value=False)


def _check_early(table: Columns, days: Mapping[str, pa.Array]) -> None:
    issued, due = days["issued_on"], days["due_on"]
    early = pc.fill_null(pc.less(due, issued), fill_value=False)
    if pc.any(early).as_py():
        repaired = pc.greater_equal(_exchange(due), _exchange(issued))
        why = (
            "is before the invoice's date, and would not be with day and month exchanged: a spreadsheet that reads "
            "dates in another order has saved the file again; take the file as it was exported"
        )
        table.add_problem("due_on", pc.and_(early, repaired), why)


def _exchange(days: pa.Array) -> pa.Array:
    """Return a number that orders dates as they were with day and month exchanged."""
    year, month, day = (part(days) for part in (pc.year, pc.month, pc.day))
    return pc.add(pc.multiply(pc.add(pc.multiply(year, 100), day), 100), month)
