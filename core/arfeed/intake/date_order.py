"""The dates of a source's rows: in which order they are written, and reading them in it."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from arfeed.intake.columns import Columns
from arfeed.model import schema
from arfeed.tables.values.dates import ORDER_WORDS, ORDERS, count_misfits, in_words, means_none, parse_dates


def distinct_dates(table: Columns) -> pa.Array:
    """Return each distinct text of all date columns that came as text."""
    texts = [table.text(name) for name in schema.DATES if not pa.types.is_date32(table.array(name).type)]
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


def read_days(table: Columns, order: str, *, declared: bool) -> dict[str, pa.Array]:
    """Return the date columns as date32, by name; add a problem for each text that is not a date in this order."""
    distinct = distinct_dates(table)
    return {name: _read(table, name, order, distinct, declared=declared) for name in schema.DATES}


def _read(table: Columns, name: str, order: str, distinct: pa.Array, *, declared: bool) -> pa.Array:
    column = table.array(name)
    if pa.types.is_date32(column.type):
        return column
    parsed = parse_dates(table.text(name), order, declared=declared)
    if pc.any(parsed.wrong).as_py():
        table.add_problem(name, parsed.wrong, _why_not(order, distinct, declared=declared))
    return parsed.values


def _why_not(order: str, distinct: pa.Array, *, declared: bool) -> str:
    fitting = [other for other, wrong in count_misfits(distinct, declared=True).items() if not wrong]
    hint = ""
    if fitting and declared:
        hint = f"; all dates of this source fit {ORDER_WORDS[fitting[0]]}, so check `dates`"
    elif fitting:
        settings = " or ".join(f'dates = "{each}"' for each in fitting)
        hint = f"; for two-digit years the order must be set: all dates of this source fit {settings}"
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
