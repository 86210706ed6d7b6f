"""Words and letters that say beside an amount whether it is owed, or lowers what is owed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set

_PAIRS: Mapping[str, str] = {
    "s": "h", "soll": "haben", "d": "chka", "dr": "cr", "db": "cr", "dt": "ct", "deb": "cred", "debit": "credit",
    "débit": "crédit", "debe": "haber", "debet": "kredit", "dare": "avere", "débito": "crédito", "+": "-", "wn": "ma",
}  # fmt: skip
"""The usual words for what is owed, and for what lowers it; for a single letter, each letter that may lower it."""

_HEADING = re.compile(
    r"(?i)soll|haben|debit|d[ée]bit|credit|cr[ée]dit|debe|haber|dare|avere|sign|vorzeichen|kennz|indicator|shkzg|side|"
    r"^\W*(?:s\W?h|d\W?[cka]|dr\W?cr|db\W?cr|bs|wn\W?ma|\+\W?-)\W*$"
)
"""Headings of a column of single letters that are signs; longer words are signs under any heading."""

_YES_OR_NO = frozenset({("y", "n"), ("j", "n"), ("s", "n"), ("o", "n"), ("t", "f"), ("m", "f"), ("w", "m")})

_SHORT = 2


def find_negative_words(header: str, spelled: Sequence[str]) -> list[str]:
    """Return those of a column's words that lower a debt; none unless all of them are signs."""
    words = {word.casefold().rstrip(".") for word in spelled}
    if second := _second_of_heading(header, words):
        return [word for word in spelled if word.casefold().rstrip(".") == second]
    for owed, others in _PAIRS.items():
        lowering = {*others} if len(owed) == 1 and owed.isalpha() else {others}
        if words & lowering and words <= {owed, *lowering} and (len(owed) > 1 or _HEADING.search(header)):
            return [word for word in spelled if word.casefold().rstrip(".") in lowering]
    return []


def find_lowering_letters(words: Sequence[str]) -> list[str]:
    """Return those of a column's words that would lower a debt if its single letters are signs; none if they are not.

    `S` and `H`, `D` and `C` may mean something else under most headings, so this is asked about and not refused.
    """
    folded = {word.casefold() for word in words}
    for owed, others in _PAIRS.items():
        if len(owed) == 1 and owed in folded and folded & {*others} and folded <= {owed, *others}:
            return [word for word in words if word.casefold() in others]
    return []


def are_signs(header: str, spelled: Sequence[str]) -> bool:
    """Whether all of a column's words are the one for what is owed: a separate word, or a letter of the heading's."""
    words = {word.casefold().rstrip(".") for word in spelled}
    if len(words) != 1 or not words <= {*_PAIRS}:
        return False
    (word,) = words
    parts = re.findall(r"[^\W\d_]+", header.casefold())
    return len(word) > _SHORT or (
        len(parts) == _SHORT and parts[0] == word and parts[1] in {*_PAIRS[word], _PAIRS[word]}
    )


def _second_of_heading(header: str, words: Set[str]) -> str | None:
    """Return what lowers a debt if the heading itself names both words, what is owed first: `D/H`, `Debet/Credit`."""
    parts = re.findall(r"[^\W\d_]+", header.casefold())
    if len(set(parts)) != len(parts) or len(parts) != 2 or parts[1] not in words or not words <= {*parts}:
        return None
    short = max(map(len, parts)) <= _SHORT and tuple(parts) not in _YES_OR_NO
    known = {*parts} & {word for pair in _PAIRS.items() for word in pair if len(word) > _SHORT}
    return str(parts[1]) if short or known else None
