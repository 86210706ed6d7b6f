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

_LITERAL = ("quoted", "escaped", "bare")
_SIDES = frozenset({"H", "HABEN", "S", "SOLL", "C", "CREDIT", "KREDIT", "CRÉDIT", "D", "DEBIT", "DÉBIT"})
"""Words for the two sides of an account of which some mean the other side to other people."""

Mark = tuple[bool, str]
"""Whether it is a placeholder for a digit, and the character."""


@dataclass(frozen=True, slots=True)
class Format:
    """A parsed format: its marks if they display whole numbers, its currency, and whether it has conditions.

    `sides` says what its sections, for positive and for negative numbers, show beside the digits as a sign: "-" for
    what lowers a balance (a minus, brackets, Cr), "+" for what raises it (Dr), "?" for words such as Haben; else "".
    """

    code: str
    marks: Sequence[Mark] = ()
    currency: str = ""
    conditional: bool = False
    sides: tuple[str, ...] = ("",)

    @classmethod
    def of(cls, code: str) -> Self | None:
        """Return the format of a code; None if it displays a plain number."""
        sections = _sections(code)
        if any(name == "condition" for section in sections for name, _ in section):
            wholes = [marks for section in sections if (marks := _marks(section))]
            return cls(code, conditional=True) if wholes else None
        # The first section is for positive numbers, which references are.
        marks, currency = _marks(sections[0]), _currency(sections[0])
        sides = tuple(_side(section) for section in sections[:2])
        found = cls(code, marks, currency, sides=sides)
        return found if marks or currency or found.signed else None

    @property
    def signed(self) -> bool:
        """Whether it may show another sign than the number has."""
        return self.sides[0] in ("-", "?") or "+" in self.sides[1:] or "?" in self.sides[1:]

    def shown(self, number: str) -> str | None:
        """Return a number with the sign that people see; None if the format leaves that open."""
        below = number.startswith("-")
        digits = number.removeprefix("-")
        side = self.sides[-1 if below else 0]
        if not digits.strip("0.") or not self.signed:
            return number
        if below and len(self.sides) == 1:  # Excel puts a minus before the only section
            return None if side else number
        if side == "?":
            return None
        if below and not side:
            return digits if self.sides[0] == "-" else number
        return f"-{digits}" if side == "-" else digits

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


def find_words(code: str) -> str:
    """Return what a format says beside a positive number, other than its currency, side or unit; blank for nothing.

    A format that shows no number says "nothing shown".
    """
    section = _sections(code)[0]
    shown = {name for name, text in section if name in ("digit", "general") or (name == "other" and text.isalpha())}
    if not shown and not any(text == "@" for _, text in section):
        return _NOTHING if code.strip() else ""
    said = "".join(text if name in _LITERAL else " " for name, text in section if name != "digit")
    words = [word for word in re.findall(r"[^\W\d_]+", said) if not _is_harmless(word)]
    return " ".join(words) if "other" not in shown else ""  # of a date, letters are its parts


_NOTHING = "nothing shown"
_SHORT = 3
_UNITS = frozenset(
    {
        *("DAY", "DAYS", "TAG", "TAGE", "TAGEN", "JOUR", "JOURS", "GIORNI", "DÍAS", "DIAS", "DAGEN", "DAGAR", "DAGER"),
        *("DNI", "TAUSEND", "MIO", "THOUSAND", "MILLION", "MIL"),
    }
)


def _is_harmless(word: str) -> bool:
    """Whether a word of a format is a currency's, a unit, or too short to say anything."""
    return len(word) <= _SHORT or word.upper() in _SIDES | _UNITS


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


def _side(section: Sequence[tuple[str, str]]) -> str:
    """Return the sign that a section shows beside its digits, as in `Format.sides`."""
    digits = [number for number, (name, _) in enumerate(section) if name in ("digit", "general")]
    if not digits:
        return ""
    before = "".join(text for name, text in section[: digits[0]] if name in _LITERAL)
    behind = "".join(text for name, text in section[digits[-1] + 1 :] if name in _LITERAL)
    words = {word.rstrip(".") for word in f"{before} {behind}".upper().split()}
    signs = "".join(word for word in words if not re.search(r"\w", word))  # the dash of "INV-" is not a minus
    if "CR" in words or "-" in signs or ("(" in before and ")" in behind):
        return "-"
    if "DR" in words or "+" in signs:
        return "+"
    return "?" if words & _SIDES else ""


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
