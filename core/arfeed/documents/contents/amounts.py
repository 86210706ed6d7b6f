"""Finding amounts of money in the text of a PDF, in whatever notation."""

from __future__ import annotations

import re
from functools import lru_cache

from arfeed.documents.contents.words import reads_right_to_left

_GROUPING = ".,'’ €"
_POINTS = ",."
_DOUBTFUL = " €"
"""Marks that may part two numbers, too. A form field may print a hard blank as €, which is its place in the encoding
of ISO 32000-1, D.2."""


@lru_cache(maxsize=8)
def _endings(decimals: int) -> re.Pattern[str]:
    """Return a pattern of the decimal mark and what follows it."""
    return re.compile(rf"(?<=\d) ?[.,] ?(\d{{{decimals}}})(?!\d)(?![.,]\d)")


@lru_cache(maxsize=8)
def _turned_round(decimals: int) -> re.Pattern[str]:
    """Return a pattern of an amount grouped by blanks or apostrophes, whose groups PDFium turns round beside Hebrew."""
    mark = "[ '’]"
    return re.compile(rf"(?<![\d.,])(\d{{3}}[.,]\d{{{decimals}}})((?:{mark}\d{{3}})*){mark}(\d{{1,3}})(?![\d.,])")


_WHOLE = re.compile(r"(?<![\d.,])\d{1,3}(?:[.,'’ ]\d{3})+(?!\d)(?![.,]\d)|(?<![\d.,])\d+(?!\d)(?![.,]\d)")


_BROKEN = re.compile(r"(?<=[\d.,'’]) ?\n ?(?=[\d.,]?\d)")


def find_amounts(text: str, decimals: int) -> set[int]:
    """Return the amounts that a folded text prints, as whole hundredths, or whatever part the currency has.

    A blank before a group of three digits may part two numbers or group one: both readings count.
    """
    if _BROKEN.search(text):  # a cell too narrow for its amount
        text = f"{text}\n\n{_BROKEN.sub('', text)}"
    found: set[int] = set()
    if decimals == 0:
        found.update(int(re.sub(r"\D", "", number)) for number in _WHOLE.findall(text))
        return found | {amount // 100 for amount in find_amounts(text, 2) if amount % 100 == 0}
    for ending in _endings(decimals).finditer(text):
        found.update(int(whole + ending[1]) for whole in _read_whole_units(text, ending.start()))
    if reads_right_to_left(text):
        for last, groups, first in _turned_round(decimals).findall(text):
            found.add(int(first + "".join(re.findall(r"\d+", groups)[::-1]) + re.sub(r"\D", "", last)))
    return found


def find_whole_amounts(text: str, decimals: int) -> set[int]:
    """Return amounts that are printed without decimals, such as 1,200 or 1200.-, in the same unit."""
    return {int(re.sub(r"\D", "", number)) * 10**decimals for number in _WHOLE.findall(text)}


def _read_whole_units(text: str, end: int) -> list[str]:
    """Return how the digits before a decimal mark may be read, by how far to the left the number goes."""
    start = end
    while start and text[start - 1].isdigit():
        start -= 1
    readings = [text[start:end]]
    # Letters that are set one by one have a blank behind each mark, also behind that of the decimals.
    one_by_one = text[end : end + 1] in _POINTS and text[end + 1 : end + 2] == " "
    while start > 1 and (width := _mark_before(text, start, one_by_one=one_by_one)) and _is_group(text, start):
        doubtful = text[start - 1] in _DOUBTFUL
        last = start - width
        start = last
        while start and text[start - 1].isdigit():
            start -= 1
        longer = text[start:last] + readings[-1]
        if doubtful:
            readings.append(longer)
        else:
            readings[-1] = longer
    return readings


def _mark_before(text: str, start: int, *, one_by_one: bool) -> int:
    """Return how many signs group digits that begin at a place with those before: none, a mark, or it and a blank."""
    if text[start - 1] not in _GROUPING:
        return 0
    if text[start - 2].isdigit():
        return 1
    parted = one_by_one and start > 2 and text[start - 1] == " " and text[start - 2] in _POINTS
    return 2 if parted and text[start - 3].isdigit() else 0


def _is_group(text: str, start: int) -> bool:
    """Whether three digits, or two as in India, stand behind a grouping mark."""
    digits = 0
    while text[start + digits : start + digits + 1].isdigit():
        digits += 1
    return digits in (2, 3)
