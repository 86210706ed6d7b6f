"""Parsing dates: in an order such as DMY, by a format, with the month's name, or as Excel counts days."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache

import pyarrow as pa
import pyarrow.compute as pc

from arfeed.tables.values.parsed import Parsed, is_blank

# Midnight only: any other time makes it a moment, whose day depends on a time zone.
_MIDNIGHT = r"(?:[T ](?:0?0:00(?::00(?:\.0+)?)?(?: ?(?:Z|UTC|[+-]\d\d:?\d\d))?|12:00(?::00)? AM))?$"
_PATTERNS: Mapping[str, str] = {
    "YMD": r"^(?P<y>\d{4})[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2})" + _MIDNIGHT,
    "DMY": r"^(?P<d>\d{1,2})[-/. ](?P<m>\d{1,2})[-/. ](?P<y>\d{4}|\d{2})" + _MIDNIGHT,
    "MDY": r"^(?P<m>\d{1,2})[-/. ](?P<d>\d{1,2})[-/. ](?P<y>\d{4}|\d{2})" + _MIDNIGHT,
}
_COMPACT = r"^(?P<y>(?:19|20)\d\d)(?P<m>0[1-9]|1[0-2])(?P<d>0[1-9]|[12]\d|3[01])$"
"""20261001; with the day or the month first it would be of the month 20 or of a year before 1300."""
ORDERS = tuple(_PATTERNS)
ORDER_WORDS: Mapping[str, str] = {"DMY": "day-month-year", "MDY": "month-day-year", "YMD": "year-month-day"}

_NAMED = (
    r"^(?P<d>\d{1,2})(?:\.|st|nd|rd|th)?[- /]?(?:de )?(?P<m>\p{L}+)\.?,?[- /]?(?:de )?(?P<y>\d{4}|\d{2})" + _MIDNIGHT,
    r"^(?P<m>\p{L}+)\.?[- /]?(?P<d>\d{1,2})(?:st|nd|rd|th)?(?:, ?|[- /])(?P<y>\d{4}|\d{2})" + _MIDNIGHT,
)
_LANGUAGES = (
    "en",
    "de",
    "fr",
    "nl",
    "es",
    "it",
    "pt",
    "sv",
    "da",
    "nb",
    "fi",
    "pl",
    "cs",
    "sk",
    "hu",
    "ro",
    "hr",
    "tr",
)

_TIMED = r"^(\d{4}-\d\d-\d\d) \d\d:\d\d:\d\d(?:\.\d+)?$"
"""A date cell with a time of day, as it is read here."""

SHORTEST_TIMED = len("2026-04-07 10:30:00")

PIVOT = 69
"""Two-digit years from here on are of the 1900s, lower ones of the 2000s, as for strptime's %y."""

_NONE = pa.array(
    [
        "0000-00-00",
        "00000000",
        "00/00/0000",
        "00.00.0000",
        "0001-01-01",
        "1900-01-01",
        "01/01/1900",
        "1/1/1900",
        "01.01.1900",
    ],
    pa.large_string(),
)
"""Placeholders that systems without blank dates write."""

_EXCEL = {"excel": datetime(1899, 12, 30), "excel-1904": datetime(1904, 1, 1)}  # noqa: DTZ001 - a date has no time zone
# 9999-12-31, the last day that Excel knows.
_LAST_SERIAL = 2_958_465
_LEAP_DAY_THAT_NEVER_WAS = 60

_MOST_REMEMBERED = 20_000
_remembered: dict[tuple[str, bool], tuple[pa.Array, Parsed]] = {}
"""Texts and their dates, by order and whether it is declared: most frames of a file have the same days."""


def in_words(order: str) -> str:
    """Return the words for an order or format in messages."""
    if order in _EXCEL:
        return f"as {order.replace('-', ' ').capitalize()} counts days"
    return f"in order {ORDER_WORDS[order]}" if order in ORDER_WORDS else f"in the format {order}"


def parse_dates(texts: pa.Array, order: str, *, declared: bool = False) -> Parsed:
    """Parse texts to date32 in the order DMY, MDY or YMD, by a strptime format, or as Excel's serial numbers.

    Blanks and placeholders such as 0000-00-00 become null. Dates that start with a four-digit year, or name their
    month, are read as such in every order. Two-digit years are valid only if the order is `declared`. Only distinct
    texts are parsed: a million rows hold a few thousand days.
    """
    encoded = texts.dictionary_encode()
    parse = _parse_remembered if len(encoded.dictionary) <= _MOST_REMEMBERED else _parse
    days, wrong, _ = parse(encoded.dictionary, order, declared)
    return Parsed(days.take(encoded.indices), wrong.take(encoded.indices))


def _parse_remembered(texts: pa.Array, order: str, declared: bool) -> Parsed:
    nothing = pa.array([], pa.large_string()), Parsed(pa.array([], pa.date32()), pa.array([], pa.bool_()))
    known, meant = _remembered.get((order, declared), nothing)
    new = texts.filter(pc.invert(pc.is_in(texts, value_set=known)))
    if len(new):
        days, wrong, _ = _parse(new, order, declared)
        known = pa.concat_arrays([known, new])
        meant = Parsed(pa.concat_arrays([meant.values, days]), pa.concat_arrays([meant.wrong, wrong]))
        # Bounded: a column that is not dates at all has as many texts as rows.
        if len(known) <= _MOST_REMEMBERED:
            _remembered[order, declared] = known, meant
    places = pc.index_in(texts, value_set=known)
    return Parsed(meant.values.take(places), meant.wrong.take(places))


def _parse(texts: pa.Array, order: str, declared: bool) -> Parsed:
    days = _by_format(texts, order) if "%" in order else _by_order(texts, order, declared=declared)
    none = pc.or_(is_blank(texts), means_none(texts))
    return Parsed(pc.if_else(none, None, days), pc.and_(pc.is_null(days), pc.invert(none)))


def strip_times_of_cells(texts: pa.Array, origins: pa.Array) -> pa.Array:
    """Return the days of a workbook's date cells with a time of day; in other files it may be one of another zone."""
    if not pc.any(pc.match_substring_regex(texts, _TIMED)).as_py():
        return texts
    cells = pc.match_substring_regex(origins, r"(?i)\.xls[xm]#\d+$")
    return pc.if_else(cells, pc.replace_substring_regex(texts, _TIMED, r"\1"), texts)


def means_none(texts: pa.Array) -> pa.Array:
    """Return where a text is a placeholder for no date."""
    return pc.is_in(pc.replace_substring_regex(texts, r"[T ]00:00.*$", ""), value_set=_NONE)


def count_misfits(distinct: pa.Array, *, declared: bool = False) -> dict[str, int]:
    """Return how many of these texts are not a date, for each order."""
    return {order: pc.sum(parse_dates(distinct, order, declared=declared).wrong).as_py() or 0 for order in ORDERS}


def _by_order(texts: pa.Array, order: str, *, declared: bool) -> pa.Array:
    orders = dict.fromkeys(["YMD", order] if order in _PATTERNS else ["YMD"])
    days = [_combine_dates(pc.extract_regex(texts, _PATTERNS[each]), declared=declared) for each in orders]
    if pc.any(pc.match_substring_regex(texts, _COMPACT)).as_py():
        days.append(_combine_dates(pc.extract_regex(texts, _COMPACT), declared=declared))
    if order in _EXCEL:
        days.append(_serial(texts, order))
    # The patterns with names take longest, and most files need none of them.
    if pc.any(pc.match_substring_regex(texts, r"\p{L}{3}")).as_py():
        days += [_combine_dates(_with_month(pc.extract_regex(texts, named)), declared=declared) for named in _NAMED]
    return pc.coalesce(*days)


def _combine_dates(parts: pa.Array, *, declared: bool) -> pa.Array:
    """Combine year, month and day to date32; null if there is no such day."""
    year, month, day = (pc.cast(pc.struct_field(parts, name), pa.int32()) for name in "ymd")
    if declared:
        short = pc.equal(pc.utf8_length(pc.struct_field(parts, "y")), 2)
        year = pc.if_else(short, pc.add(year, pc.if_else(pc.less(year, PIVOT), 2000, 1900)), year)
    year = pc.cast(year, pa.int32())
    pieces = [pc.cast(part, pa.large_string()) for part in (year, month, day)]
    stamps = pc.strptime(
        pc.binary_join_element_wise(*pieces, pa.scalar("-", pa.large_string())),
        format="%Y-%m-%d",
        unit="s",
        error_is_null=True,
    )
    # Arrow's strptime turns 31 February into 3 March, so its day and month are compared with the input.
    same = pc.and_(
        pc.equal(pc.day(stamps), pc.cast(day, pa.int64())), pc.equal(pc.month(stamps), pc.cast(month, pa.int64()))
    )
    # An open invoice is not from before 1900; such years are slips and placeholders.
    plausible = pc.and_(same, pc.greater_equal(year, 1900))
    return pc.cast(pc.if_else(plausible, stamps, None), pa.date32())


def _with_month(parts: pa.Array) -> pa.Array:
    """Replace the name of the month by its number; null if no language has that name."""
    names = pc.utf8_lower(pc.utf8_normalize(pc.struct_field(parts, "m"), form="NFC"))
    places, known = _places(names, _months("en"))
    if pc.any(pc.and_(pc.is_null(places), pc.is_valid(names))).as_py():
        places, known = _places(names, _months(*_LANGUAGES))
    months = pa.array([*known.values()], pa.int32()).take(places)
    year, day = pc.struct_field(parts, "y"), pc.struct_field(parts, "d")
    return pa.StructArray.from_arrays([year, months, day], names=["y", "m", "d"])


def _places(names: pa.Array, months: Mapping[str, int]) -> tuple[pa.Array, Mapping[str, int]]:
    return pc.index_in(names, value_set=pa.array([*months], pa.large_string())), months


@cache
def _months(*languages: str) -> Mapping[str, int]:
    """Return months by name, full and abbreviated, without names that mean different months in these languages."""
    # Callers try English alone first, since loading the other languages takes half a second; no English name is
    # ambiguous.
    from babel import Locale

    found: dict[str, set[int]] = {}
    for language in languages:
        for forms in Locale.parse(language).months.values():
            for width in ("wide", "abbreviated"):
                for month, name in forms[width].items():
                    found.setdefault(name.lower().rstrip("."), set()).add(month)
    return {name: min(months) for name, months in found.items() if len(months) == 1}


def _serial(texts: pa.Array, epoch: str) -> pa.Array:
    """Read Excel's serial numbers."""
    whole = pc.if_else(pc.match_substring_regex(texts, r"^[1-9]\d{0,6}(\.0+)?$"), texts, None)
    numbers = pc.cast(pc.replace_substring_regex(whole, r"\..*", ""), pa.int32())
    first = pa.scalar((_EXCEL[epoch] - datetime(1970, 1, 1)).days, pa.int32())  # noqa: DTZ001 - as above
    least = _LEAP_DAY_THAT_NEVER_WAS if epoch == "excel" else 0
    # Excel takes 1900 for a leap year: its day 60 never existed, and the days before it are off by one.
    fits = pc.and_(pc.greater(numbers, least), pc.less_equal(numbers, _LAST_SERIAL))
    return pc.cast(pc.if_else(fits, pc.add(numbers, first), None), pa.date32())


def _by_format(texts: pa.Array, form: str) -> pa.Array:
    """Parse distinct texts by a strptime format, with Python's, since Arrow's accepts days that do not exist."""

    def parse(text: str | None) -> object:
        try:
            return datetime.strptime(text or "", form).date()  # noqa: DTZ007 - a date has no time zone
        except ValueError:
            return None

    return pa.array([parse(text) for text in texts.to_pylist()], pa.date32())
