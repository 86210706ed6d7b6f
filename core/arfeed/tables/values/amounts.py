"""Parsing exact amounts, whole columns at a time, never as floats."""

from __future__ import annotations

import string
import unicodedata
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from itertools import chain

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from arfeed.model import schema
from arfeed.model.currencies import format_without_currency
from arfeed.model.text.characters import byte_at, find_byte_range
from arfeed.tables.values.parsed import Parsed, is_blank

MONEY = pa.decimal128(schema.MONEY_PRECISION, schema.MONEY_SCALE)
WIDE = pa.decimal128(38, schema.MONEY_SCALE)
"""Room for what does not fit into MONEY, so that a message can state it."""

# Zeros beyond the fourth decimal lose nothing when they are cut off.
_FITS = rf"^-?\d{{1,{schema.MONEY_PRECISION - schema.MONEY_SCALE}}}(\.\d{{1,{schema.MONEY_SCALE}}}0*)?$"

_NUMBERS: Mapping[str | None, str] = {
    None: r"\d+(?:\.\d+)?",
    ".": r"(?:\d+|\d{1,3}(?:(?:,\d{3})+|(?: \d{3})+|(?:'\d{3})+)|\d{1,2}(?:,\d{2})+,\d{3})(?:\.\d+)?",
    ",": r"(?:\d+|\d{1,3}(?:(?:\.\d{3})+|(?: \d{3})+|(?:'\d{3})+))(?:,\d+)?",
}
"""Digits, with or without thousands separators (or lakhs, as in India), and decimals."""

_USUAL: Mapping[str | None, str] = {
    None: r"^-?\d+(?:\.\d+)?$",
    ".": r"^-?(?:\d+|\d{1,3}(?:,\d{3})+)(?:\.\d+)?$",
    ",": r"^-?(?:\d+|\d{1,3}(?:\.\d{3})+)(?:,\d+)?$",
}
"""The notation of most amounts. Only the others are matched against the slower patterns."""

_MARKS: Mapping[str | None, tuple[tuple[str, str], ...]] = {None: (), ".": ((",", ""),), ",": ((".", ""), (",", "."))}
"""Replacements of thousands separators and decimal marks."""

_CURRENCY = r"(?:[A-Z]{1,2}\$|\p{Sc}|[A-Z]{3})"
_NOTATIONS = (
    "(?:[-+]?{c} ?|{c} ?[-+]|[-+])?{n}",  # 12.50, -12.50, +12.50, -$12.50, EUR -12.50
    "[-+]?{n} ?{c}",  # -12.50 EUR
    "(?:{c} ?)?{n}[-+](?: ?{c})?",  # 12.50-
    r"\((?:{c} ?)?{n}(?: ?{c})?\)",  # (12.50), ($12.50)
    r"{c} ?\({n}\)|\({n}\) ?{c}",  # $(12.50)
    r"(?:{c} ?)?{n} ?(?i:CR|DR)\.?",  # 12.50 CR, 12.50 Dr
)
_TYPOGRAPHY = (("\u2212", "-"), ("\u00a0", " "), ("\u202f", " "), ("\u2009", " "), ("\u2019", "'"))
"""Typographic characters for a minus, a space and an apostrophe."""


def parse_money(texts: pa.Array, decimal: str | None) -> Parsed:
    """Parse texts to decimal128(20, 4); blanks become null.

    An amount may have a sign, brackets and a currency. Thousands separators are valid only if the `decimal` mark is
    declared, and only every three digits, since 1,234 is ambiguous. Then a lone dash is zero, too.
    """
    empty = is_blank(texts)
    if decimal is None and (values := _all_plain(pc.if_else(empty, None, texts))) is not None:
        return Parsed(values, pa.repeat(pa.scalar(value=False), len(texts)), plain=True)
    usual = pc.match_substring_regex(texts, _USUAL[decimal])
    plain = pc.if_else(usual, texts, None)
    for mark, typed in _MARKS[decimal]:
        plain = pc.replace_substring(plain, mark, typed)
    others = pc.fill_null(pc.invert(pc.or_(usual, empty)), fill_value=False)
    if pc.any(others).as_py():
        plain = pc.replace_with_mask(plain, others, _normalize(texts.filter(others), decimal))
    plain = pc.if_else(pc.match_substring_regex(plain, _FITS), plain, None)
    return Parsed(pc.cast(plain, MONEY), pc.and_(pc.is_null(plain), pc.invert(empty)))


def _all_plain(texts: pa.Array) -> pa.Array | None:
    """Return the amounts if all are written like -1234.50 and short enough to fit; else None.

    Arrow's cast (26) would also accept 1e3, +3.10, .5 and 5., so these are ruled out by their bytes first.
    """
    least, greatest = find_byte_range(texts)
    longest = pc.max(pc.binary_length(texts)).as_py() or 0
    # From "-" to "9" there are only digits, the point and the slash; the cast fails at whatever is misplaced.
    if least < ord("-") or greatest > ord("9") or longest > schema.MONEY_PRECISION - schema.MONEY_SCALE:
        return None
    first, second, last = (byte_at(texts, place) == ord(".") for place in (0, 1, -1))
    if (first | last | (second & (byte_at(texts, 0) == ord("-")))).any():
        return None
    try:
        return pc.cast(texts, MONEY)
    except pa.ArrowInvalid:
        return None


def _normalize(texts: pa.Array, decimal: str | None) -> pa.Array:
    """Return amounts as -1234.50; null for other than known notations."""
    if not pc.all(pc.string_is_ascii(texts)).as_py():
        for written, typed in _TYPOGRAPHY:
            texts = pc.replace_substring(texts, written, typed)
    valid = pc.match_substring_regex(texts, _notation(decimal))
    below = pc.match_substring_regex(texts, r"[-(]|(?i:CR)\.?$")
    numbers = pc.utf8_trim(pc.if_else(valid, texts, None), characters=_list_surrounding())
    for group in " '":
        numbers = pc.replace_substring(numbers, group, "")
    for mark, typed in _MARKS[decimal]:
        numbers = pc.replace_substring(numbers, mark, typed)
    minus = pc.if_else(below, pa.scalar("-", pa.large_string()), pa.scalar("", pa.large_string()))
    signed = pc.binary_join_element_wise(minus, numbers, pa.scalar("", pa.large_string()))
    # A lone dash may also mean unknown; only if a notation is declared is it zero.
    if decimal is None:
        return signed
    return pc.if_else(pc.is_in(texts, value_set=pa.array(["-", "--"], pa.large_string())), "0", signed)


@cache
def _notation(decimal: str | None) -> str:
    forms = (form.replace("{c}", _CURRENCY).replace("{n}", _NUMBERS[decimal]) for form in _NOTATIONS)
    return f"^(?:{'|'.join(forms)})$"


@cache
def _list_surrounding() -> str:
    """Return the characters that may surround an amount; the ranges are those with currency signs in Unicode."""
    ranges = (
        range(0x3000),
        range(0xA800, 0xAA00),
        range(0xFD00, 0x10000),
        range(0x11F00, 0x12000),
        range(0x1E200, 0x1ED00),
    )
    signs = (chr(code) for code in chain(*ranges))
    return "()-+. " + string.ascii_letters + "".join(sign for sign in signs if unicodedata.category(sign) == "Sc")


def find_claims(texts: pa.Array) -> pa.Array:
    """Return the code or sign of a currency beside each amount; null if there is none."""
    return pc.struct_field(pc.extract_regex(texts, f"(?P<claim>{_CURRENCY})"), "claim")


def find_contradicted(texts: pa.Array, currency: pa.Array) -> pa.Array:
    """Return where the code or sign beside an amount can't be the row's currency."""
    claims = find_claims(texts)
    pairs = pc.binary_join_element_wise(claims, currency, pa.scalar(" ", pa.large_string()))
    wrong = [pair for pair in pairs.unique().drop_null().to_pylist() if not may_be(*pair.split(" ", 1))]
    return pc.is_in(pairs, value_set=pa.array(wrong, pa.large_string()))


def may_be(claim: str, code: str) -> bool:
    """Whether a currency is written in this way: CLDR has its sign; dollars, pesos and pounds share theirs."""
    from babel import Locale

    english = Locale.parse("en")
    known, name = english.currency_symbols.get(code, code), english.currencies.get(code, "")
    sign, before = claim[-1], claim[:-1]
    if before:
        return claim in (code, known) or (sign == "$" and code.startswith(before) and "Dollar" in name)
    shared = {"$": ("Dollar", "Peso"), "£": ("Pound",)}.get(sign, ())
    return known.endswith(sign) or any(word in name for word in shared)


def as_units(values: pa.Array) -> npt.NDArray[np.int64] | None:
    """Return amounts of type MONEY in units of their last decimal, nulls as any value; None if one is too large."""
    _, words = values.buffers()
    if words is None:
        return np.zeros(len(values), np.int64)
    # A decimal is two words of 64 bits, the lower first; if the value fits into one, the upper repeats its sign.
    low, high = np.frombuffer(words, "<i8").reshape(-1, 2)[values.offset : values.offset + len(values)].T
    return low if (high == low >> 63).all() else None


def format_units(units: int | np.int64) -> str:
    """Format ten-thousandths of which no currency is known: with two decimals, or four if it has more."""
    return format_without_currency(Decimal(int(units)).scaleb(-schema.MONEY_SCALE))


def has_more_decimals(values: pa.Array, digits: int) -> pa.Array:
    """Return where a value has more than `digits` decimals, trailing zeros aside."""
    # Rounding may need one digit more.
    wide = pc.cast(values, WIDE)
    return pc.fill_null(pc.not_equal(wide, pc.round(wide, digits)), fill_value=False)
