"""Excel's number formats, as far as they change what people read: leading zeros, prefixes, currencies."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Self

from arfeed.model.currencies import minor_digits

EXACT = 10**15
"""Excel keeps at most 15 digits of a number."""

# The grammar of format codes: ECMA-376 part 1, 18.8.31.
_TOKEN = re.compile(
    r"""
    "(?P<quoted>[^"]*)" | \\(?P<escaped>.) | _(?P<blank>.) | \*(?P<fill>.) | \[\$(?P<sign>[^\]-]*)[^\]]*\]
    | (?P<condition>\[[<>=][^\]]*\]) | (?P<colour>\[[A-Za-z]+\s?\d*\]) | (?P<general>General) | (?P<digit>[0#])
    | (?P<bare>[-$()\s:!&'~{}<>=]|[^\x00-\x7f]) | (?P<other>.)
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_DIGITS = ("0", "#")
_GROUPS = " \u00a0\u202f\u2009'\u2019"
"""Thousands separators other than the comma."""

Mark = tuple[bool, str]
"""Whether it is a placeholder for a digit, and the character."""


@dataclass(frozen=True, slots=True)
class Format:
    """A parsed format: its marks if they display whole numbers, its currency, and whether it has conditions."""

    code: str
    marks: Sequence[Mark] = ()
    currency: str = ""
    conditional: bool = False

    @classmethod
    def of(cls, code: str) -> Self | None:
        """Return the format of a code; None if it displays a plain number."""
        sections = _sections(code)
        if any(name == "condition" for section in sections for name, _ in section):
            wholes = [marks for section in sections if (marks := _marks(section))]
            return cls(code, conditional=True) if wholes else None
        # The first section is for positive numbers, which references are.
        marks, currency = _marks(sections[0]), _currency(sections[0])
        return cls(code, marks, currency) if marks or currency else None

    def display(self, number: int) -> str:
        """Return a whole number in this format: digits fill it from the right, the first place takes the rest."""
        digits = list(str(number)) if number else []
        places = sum(place for place, _ in self.marks)
        result: list[str] = []
        for place, mark in reversed(self.marks):
            if not place:
                result.append(mark)
                continue
            places -= 1
            taken = digits[-1:] if places else digits
            result.append("".join(taken) or ("0" if mark == "0" else ""))
            digits = digits[: len(digits) - len(taken)]
        return "".join(reversed(result)).strip()


def _sections(code: str) -> list[list[tuple[str, str]]]:
    """Split a code into its sections, as names and texts of their tokens."""
    tokens = [(str(match.lastgroup), match[str(match.lastgroup)]) for match in _TOKEN.finditer(code)]
    parts = groupby(tokens, lambda token: token == ("other", ";"))
    return [list(part) for ends, part in parts if not ends] or [[]]


def _marks(section: Sequence[tuple[str, str]]) -> list[Mark]:
    """Return the marks of a section that displays whole numbers as more than plain digits; none for others."""
    marks: list[Mark] = []
    for name, text in section:
        if name == "other" or (name == "sign" and text and not _is_currency(text)):
            return []
        if name in ("digit", "general"):
            marks.append((True, "0" if name == "general" else text))
        elif name == "blank":
            marks.append((False, " "))
        elif name not in ("fill", "colour", "condition"):
            marks += [(False, each) for each in text]
    places = [number for number, (place, _) in enumerate(marks) if place]
    if not places:
        return []
    literals = "".join(mark for place, mark in marks if not place).strip()
    between = {mark for place, mark in marks[places[0] : places[-1]] if not place}
    optional = (True, "#") in marks
    # Thousands separators, as in `# ##0`: an amount, which is read as the plain number.
    if optional and between and between <= set(_GROUPS):
        return []
    # Only the sign is displayed differently.
    if len(places) == 1 and literals in ("-", "+", "()", "("):
        return []
    # A single 0 is how plain numbers are formatted.
    zeros = sum(mark == "0" for place, mark in marks if place)
    return marks if literals or between or zeros > 1 else []


def _currency(section: Sequence[tuple[str, str]]) -> str:
    texts = "".join(text if name in ("quoted", "escaped", "sign", "bare") else "\n" for name, text in section)
    return next((text for text in texts.split() if _is_currency(text)), "")


def _is_currency(text: str) -> bool:
    """Whether a text is the code or sign of a currency, as beside an amount."""
    sign = text.strip()
    if len(sign) == 3 and sign in minor_digits():
        return True
    letters = sign[:-1]
    return (
        bool(sign)
        and unicodedata.category(sign[-1]) == "Sc"
        and (not letters or (sign[-1] == "$" and bool(re.fullmatch("[A-Z]{1,2}", letters))))
    )
