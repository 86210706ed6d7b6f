"""The amounts of a source's rows: read exactly, and checked against their currency."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from arfeed.intake.columns import Columns
from arfeed.model import schema
from arfeed.model.currencies import digits_by_row, minor_digits
from arfeed.model.errors import SourceError
from arfeed.model.fields import PARTS_OF_BALANCE
from arfeed.model.settings import FileSettings, SourceSettings
from arfeed.model.text.characters import byte_at
from arfeed.tables.values.amounts import MONEY, WIDE, as_units, find_contradicted, has_more_decimals, parse_money
from arfeed.tables.values.parsed import Parsed

_WHY_NOT: Mapping[str | None, str] = {
    None: 'is not a plain amount such as 1234.50; for other notations set decimal = "," or decimal = "."',
    ".": "is not an amount such as 1,234.50",
    ",": "is not an amount such as 1.234,50",
}
_MAKE_NUMBERS = "is not a plain amount such as 1234.50; make it a number at its source: in SQL, CAST it AS numeric"

_POINTED = r"^-?\d+\.\d+$"
_WHY_POINTED = "is a number with a point, as all numbers of a workbook have: leave out `decimal`, or make it text"
_WHY_NOISY = "has floating-point noise: round it to cents at the source"
_NOISY = r"^-?\d+[.,]\d{11,}$"

_POINT = r"^[^\d.]*(?:\d{4,}|0)\.\d{3}[^\d.]*$"
"""Amounts with three digits behind a point that cannot be a thousands separator."""

_OF_WORKBOOK = re.compile(r"(?i)\.xls[xm]#\d+$")
_CENTS = r"\d[.,]\d{1,2}\D*$|\d[.,'’\s]\d{3}"
_SAMPLE = 1_000

_DECIMALS = r"^[^\d.]*\d+\.(?:\d{1,2}|\d{4,})[^\d.]*$"
"""Amounts with another number of digits behind their point, which a column of three decimals does not have."""


def money_columns(table: Columns, settings: SourceSettings) -> tuple[str, ...]:
    """Return the columns that hold money, parts of the balance included."""
    parts = [name for name in PARTS_OF_BALANCE if name in table.columns and name in settings.columns]
    return (*(name for name in schema.MONEY if not (parts and name == "balance")), *parts)


def read_money(table: Columns, settings: SourceSettings) -> dict[str, Parsed]:
    """Return the money columns as decimal128(20, 4), by name; add a problem for each text that is not an amount.

    Where the balance is made of parts, such as debit and credit, these are returned in its place.
    """
    return {name: _read(table, name, settings) for name in money_columns(table, settings)}


def _read(table: Columns, name: str, settings: SourceSettings) -> Parsed:
    column = table.array(name)
    if pa.types.is_decimal(column.type) or pa.types.is_integer(column.type):
        return Parsed(_cast_exactly(column, table, name), pc.is_null(column), plain=True)
    from_file = isinstance(settings, FileSettings)
    decimal = settings.decimal if isinstance(settings, FileSettings) else None
    texts = table.text(name)
    parsed = parse_money(texts, decimal)
    if pc.any(parsed.wrong).as_py():
        for pattern, why, where in (
            (_NOISY, _WHY_NOISY, parsed.wrong),
            (_POINTED, _WHY_POINTED, table.from_workbook() if decimal == "," else pc.is_null(texts)),
        ):
            explained = pc.and_(pc.and_(parsed.wrong, where), pc.match_substring_regex(texts, pattern))
            table.add_problem(name, explained, why)
            parsed = parsed._replace(wrong=pc.and_(parsed.wrong, pc.invert(explained)))
    table.add_problem(name, parsed.wrong, _WHY_NOT[decimal] if from_file else _MAKE_NUMBERS)
    return parsed


def _cast_exactly(column: pa.Array, table: Columns, name: str) -> pa.Array:
    try:
        # By way of WIDE, since Arrow refuses to cast a 64-bit integer to a decimal that could be too narrow for one.
        return pc.cast(pc.cast(column, WIDE) if pa.types.is_integer(column.type) else column, MONEY)
    except pa.ArrowInvalid as exc:
        raise SourceError(
            f"{table.source}: column {name!r} holds amounts finer or larger than 16.4 digits: {exc}"
        ) from exc


def has_cents(table: Columns, amounts: Mapping[str, Parsed]) -> bool:
    """Whether some amount is written with decimals, or with thousands apart: no program writes cents like that.

    Numbers of a database or a workbook have no notation, so they count as if they were.
    """
    present = [name for name in amounts if name in table.columns]
    written = table.written_as_text(present)
    # A frame is of one file, and a pattern over a million origins would take longer than all the rest.
    if written != present or not table.raw.num_rows or _OF_WORKBOOK.search(str(table.array("origin")[0])):
        return True
    texts = [table.text(name) for name in written]
    # The first rows of nearly every list have some.
    return any(
        pc.any(pc.match_substring_regex(some, _CENTS)).as_py()
        for some in (*(each.slice(0, _SAMPLE) for each in texts), *texts)
    )


def check_money(table: Columns, amounts: Mapping[str, Parsed], currency: pa.Array, settings: SourceSettings) -> None:
    """Add problems for amounts that can't be in their row's currency, or whose point may be a thousands separator."""
    _check_decimals(table, amounts, currency)
    _check_currencies(table, amounts, currency)
    # A declared decimal mark says what a point means.
    decimal = getattr(settings, "decimal", None)
    if not decimal:
        _check_points(table, amounts, currency, from_file=isinstance(settings, FileSettings))
    elif decimal == ",":
        _check_numbers(table)


def _check_decimals(table: Columns, amounts: Mapping[str, Parsed], currency: pa.Array) -> None:
    steps = 10 ** (schema.MONEY_SCALE - digits_by_row(currency, schema.MONEY_SCALE))
    for name, parsed in amounts.items():
        units = as_units(parsed.values)
        # Decimal arithmetic by currency is slow, and needed only if some amount has too many decimals.
        if units is None or (units % steps).any():
            for code in pc.unique(currency).to_pylist():
                count = minor_digits().get(code, schema.MONEY_SCALE)
                wrong = pc.and_(pc.equal(currency, code), has_more_decimals(parsed.values, count))
                table.add_problem(name, wrong, f"has too many digits: {code} has {count} decimals")


def _check_currencies(table: Columns, amounts: Mapping[str, Parsed], currency: pa.Array) -> None:
    for name, parsed in amounts.items():
        # Not even asked for as text if it came as a number, which would take as long as reading it.
        if parsed.plain:
            continue
        texts = table.text(name)
        if pc.any(pc.match_substring_regex(texts, r"[A-Z\p{Sc}]")).as_py():
            wrong = pc.and_(pc.is_valid(parsed.values), find_contradicted(texts, currency))
            table.add_problem(name, wrong, "names a different currency from its row; correct `columns` or `currency`")


def _check_points(table: Columns, amounts: Mapping[str, Parsed], currency: pa.Array, *, from_file: bool) -> None:
    """Add a problem for 1.500 unless another amount of the column proves that its point is a decimal mark.

    In a file that has to be one of three decimals, too, such as 0.250 or 1234.500: beside 12.50 a point may be the
    decimal mark in one row and group thousands in another, as people type them.
    """
    for name in table.written_as_text([*amounts]):
        texts = table.text(name)
        # A point three digits before the end is rare, and a look at one byte of each text is cheap.
        if amounts[name].plain and not (byte_at(texts, -4) == ord(".")).any():
            continue
        doubtful = pc.match_substring_regex(texts, r"^[^\d.]*\d{1,3}\.\d{3}[^\d.]*$")
        if not pc.any(doubtful).as_py():
            continue
        mixed = pc.index(pc.match_substring_regex(texts, _DECIMALS), value=True).as_py()
        proven = pc.any(pc.match_substring_regex(texts, _POINT)).as_py()
        if (mixed >= 0 or not proven) if from_file else not (proven or mixed >= 0):
            # A currency with three decimals, such as KWD, writes one and a half as 1.500.
            three = [code for code, digits in minor_digits().items() if digits > 2]
            wrong = pc.and_(doubtful, pc.invert(pc.is_in(currency, value_set=pa.array(three, pa.large_string()))))
            beside = f", beside {texts[mixed].as_py()}" if mixed >= 0 else ""
            why = f'could be read as a thousand times as much{beside}; set decimal = "." or decimal = ","'
            table.add_problem(name, wrong, why)


def _check_numbers(table: Columns) -> None:
    """Add a problem for 12.345 in a workbook: a number's point is a decimal mark, a text's may group thousands."""
    for name in table.written_as_text(schema.MONEY):
        texts = table.text(name)
        if (byte_at(texts, -4) == ord(".")).any():
            wrong = pc.and_(table.from_workbook(), pc.match_substring_regex(texts, r"^-?\d{1,3}\.\d{3}$"))
            why = "could be read as a thousandth of it: a number in a workbook has a point; leave out `decimal`"
            table.add_problem(name, wrong, why)
