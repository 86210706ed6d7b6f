"""Text to exact values: dates in a declared order, money as decimals. Whole columns at a time, never a float."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from arfeed import schema

MONEY = pa.decimal128(schema.MONEY_PRECISION, schema.MONEY_SCALE)
WIDE = pa.decimal128(38, schema.MONEY_SCALE)
"""Room for what does not fit into MONEY, so that it can be said."""

_YEAR_FIRST = r"^(?P<y>\d{4})[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2})"
_MIDNIGHT = r"(?:[T ]00:00(?::00(?:\.0+)?)?)?$"
_PATTERNS: Mapping[str, str] = {
    "YMD": _YEAR_FIRST + _MIDNIGHT,
    "DMY": r"^(?P<d>\d{1,2})[-/. ](?P<m>\d{1,2})[-/. ](?P<y>\d{4})" + _MIDNIGHT,
    "MDY": r"^(?P<m>\d{1,2})[-/. ](?P<d>\d{1,2})[-/. ](?P<y>\d{4})" + _MIDNIGHT,
}
_FITS = rf"^-?\d{{1,{schema.MONEY_PRECISION - schema.MONEY_SCALE}}}(\.\d{{1,{schema.MONEY_SCALE}}}0*)?$"
ORDERS = tuple(_PATTERNS)
ORDER_WORDS: Mapping[str, str] = {"DMY": "day-month-year", "MDY": "month-day-year", "YMD": "year-month-day"}


class Parsed(NamedTuple):
    """A parsed column, and where a text that was not blank could not be parsed (an Arrow boolean array)."""

    values: pa.Array
    wrong: pa.Array


def blank(texts: pa.Array) -> pa.Array:
    """Where a text is null or empty."""
    return pc.fill_null(pc.equal(texts, ""), fill_value=True)


def parse_dates(texts: pa.Array, order: str) -> Parsed:
    """Parse texts to date32 in the order DMY, MDY or YMD, or by a strptime format. Blank gives null.

    A date that starts with a four-digit year is read as such in every order. Only distinct texts are parsed: a
    million rows hold a few thousand days.
    """
    encoded = texts.dictionary_encode()
    distinct = encoded.dictionary
    days = _by_format(distinct, order) if "%" in order else _by_order(distinct, order)
    values = days.take(encoded.indices)
    return Parsed(values, pc.and_(pc.is_null(values), pc.invert(blank(texts))))


def misfits(distinct: pa.Array) -> dict[str, int]:
    """Return how many of these texts are no date, by date order."""
    return {order: pc.sum(parse_dates(distinct, order).wrong).as_py() or 0 for order in ORDERS}


def _by_order(texts: pa.Array, order: str) -> pa.Array:
    days = _civil(pc.extract_regex(texts, _PATTERNS[order]))
    if order == "YMD":
        return days
    return pc.coalesce(days, _civil(pc.extract_regex(texts, _PATTERNS["YMD"])))


def _civil(parts: pa.Array) -> pa.Array:
    """Join year, month and day to date32; null where there is no such day.

    Arrow's strptime turns 31 February into 3 March, so the day and month are compared with what went in.
    """
    year, month, day = (pc.cast(pc.struct_field(parts, name), pa.int32()) for name in "ymd")
    pieces = [pc.cast(part, pa.large_string()) for part in (year, month, day)]
    stamps = pc.strptime(
        pc.binary_join_element_wise(*pieces, pa.scalar("-", pa.large_string())),
        format="%Y-%m-%d",
        unit="s",
        error_is_null=True,
    )
    same = pc.and_(
        pc.equal(pc.day(stamps), pc.cast(day, pa.int64())), pc.equal(pc.month(stamps), pc.cast(month, pa.int64()))
    )
    plausible = pc.and_(same, pc.greater_equal(year, 1900))
    return pc.cast(pc.if_else(plausible, stamps, None), pa.date32())


def _by_format(texts: pa.Array, form: str) -> pa.Array:
    """Parse distinct texts by a strptime format; Python's own is strict about the calendar, Arrow's is not."""

    def parse(text: str | None) -> object:
        try:
            return datetime.strptime(text or "", form).date()  # noqa: DTZ007 - a date has no time zone
        except ValueError:
            return None

    return pa.array([parse(text) for text in texts.to_pylist()], pa.date32())


def parse_money(texts: pa.Array, decimal: str | None) -> Parsed:
    """Parse texts to decimal128(20, 4). Blank gives null.

    Without a declared decimal mark only plain amounts with a dot are taken: 1,234 could be either. With one, the
    other mark may group thousands, strictly by three.
    """
    plain = _ungrouped(texts, decimal) if decimal else texts
    plain = _where(pc.match_substring_regex(plain, _FITS), plain)
    return Parsed(pc.cast(plain, MONEY), pc.and_(pc.is_null(plain), pc.invert(blank(texts))))


def _ungrouped(texts: pa.Array, mark: str) -> pa.Array:
    """Return amounts without thousands separators and with a dot; null where the separators do not stand by threes."""
    group = "," if mark == "." else "."
    notation = rf"^-?(\d+|\d{{1,3}}(\{group}\d{{3}})+)(\{mark}\d+)?$"
    plain = pc.replace_substring(_where(pc.match_substring_regex(texts, notation), texts), group, "")
    return pc.replace_substring(plain, ",", ".") if mark == "," else plain


def _where(mask: pa.Array, texts: pa.Array) -> pa.Array:
    return pc.if_else(mask, texts, None)


def decimals_used(values: pa.Array, digits: int) -> pa.Array:
    """Where a value has more than so many decimals other than zeros."""
    with suppress(pa.ArrowInvalid):  # which says that some value has, or is as large as the type can hold
        pc.cast(values, pa.decimal128(schema.MONEY_PRECISION, digits))
        return pa.repeat(pa.scalar(value=False), len(values))
    wide = pc.cast(values, WIDE)  # rounding may need one digit more
    return pc.fill_null(pc.not_equal(wide, pc.round(wide, digits)), fill_value=False)
