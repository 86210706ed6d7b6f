"""Headings and lines above a list which say that its amounts are in cents, thousands or lakhs."""

from __future__ import annotations

import re

from arfeed.tables.headings.normalize import normalize_header

_UNITS = frozenset(
    (  # noqa: SIM905 - thirty quoted words are harder to read
        "cent cents centimes centimos centavos pence pennies penny paise ore minor subunit thousand thousands tausend "
        "tsd teur tchf keur kusd kgbp kchf million millions mio mln mrd mill ths thou 000 000s tis tys tkr tsek tnok "
        "tdkk tusen tusind tuhat milliers miles migliaia milhares mil duizend duizenden tuhansia bin lakh lakhs lac "
        "lacs crore crores тыс тысяч тис млн haleru grosze groszy filler"
    ).split()
)
"""Words of a heading for amounts in other units than those of their currency."""

_UNIT_SIGNS = re.compile(r"\b[tmk][€$£¥]|[€$£¥] ?[tmk]\b|[千万億億百][円元圓]|[천만억백]원|单位|單位", re.IGNORECASE)
_STATED = re.compile(
    r"\b(?:in|en|em|i|v|w|в)\b(?: ?(?:[^\W\d_]{1,4}\.?|[€$£]))?[ ('’]*(?P<unit>thousands?|lakhs?|crores?|lacs?|"
    r"millions?|tausend|tsd|t€|teur|k€|keur|milliers|miles|millones|migliaia|milioni|milhares|duizend\w*|tis|tys|tkr|"
    r"tusen|тыс|тысячах|000s?|pence|cents?)(?![\w-])|"
    r"単位 ?[:：]?\W*(?P<east>[千百万億]+)|单位 ?[:：]?\W*(?P<west>[千百万亿]+)",
    re.IGNORECASE,
)
"""A line above a list by which its amounts are in other units: `All amounts in Rs. lakhs`, `Angaben in TEUR`."""


def other_unit(header: str) -> str | None:
    """Return the word of a heading that says that its amounts are in cents or thousands; None if it has none."""
    if found := _UNIT_SIGNS.search(header):
        return found[0]
    return next((word for word in normalize_header(header).split() if word in _UNITS), None)


def stated_unit(line: str) -> str | None:
    """Return the other unit than whole ones of the currency that a line above a list states; None if it states none."""
    found = _STATED.search(line)
    return next(filter(None, found.groups())) if found else None
