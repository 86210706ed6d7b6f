"""Finding an invoice's number in the text of a PDF, however the program that wrote it broke or spaced it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from arfeed.documents.contents.words import count_letters, fold, reads_right_to_left, squeeze

_WEAK = 5
_WEAK_DIGITS = 8
_LONG = 8
_PIECES = re.compile(r"[^\W\d_]+|\d+")
_MOST_PIECES = 6


@dataclass(frozen=True, slots=True)
class Number:
    """An invoice's number, folded, and how it is looked for."""

    text: str
    letters: int
    pieces: tuple[str, ...]
    core: tuple[str, ...] = ()
    """The pieces without the letters before them and without leading zeros."""

    @property
    def is_weak(self) -> bool:
        """Whether it may stand in any PDF as a quantity, a year, a postcode or a customer's number."""
        return self.letters < _WEAK or (self.letters < _WEAK_DIGITS and self.is_digits)

    @property
    def is_digits(self) -> bool:
        """Whether its letters and digits are digits only."""
        return not any(letter.isalpha() for letter in self.text)


@lru_cache(maxsize=50_000)
def make_number(ref: str) -> Number | None:
    """Return what to look for; None for a number without a letter or a digit."""
    text = " ".join(fold(ref).split())
    letters = count_letters(text)
    if not letters:
        return None
    core = tuple(piece.lstrip("0") for piece in _PIECES.findall(_split(text)[1]))
    return Number(text, letters, tuple(_PIECES.findall(text)), core)


@lru_cache(maxsize=10_000)
def _pattern(text: str) -> re.Pattern[str]:
    """Return a pattern that allows white space anywhere; `_is_whole` judges what was matched."""
    parts = [r"[\s_]*" if letter == " " else r"[_\s]" if letter == "_" else re.escape(letter) for letter in text]
    return re.compile(r"[ ]?\n?[ ]?".join(parts))


def finds(number: Number, text: str, is_known: Callable[[str], bool]) -> int:
    """Return how surely a folded text has a number: 2 as a whole, 1 if a longer known one reads the same, 0 not."""
    start = text.find(number.text)
    if start >= 0 and _is_whole(number, text, start, start + len(number.text), is_known) == 2:
        return 2  # as nearly always
    best = 0
    for start, end in _matches(number.text, text):
        sure = _is_whole(number, text, start, end, is_known)
        if sure == 2:
            return 2
        best = max(best, sure)
    if best == 0 and reads_right_to_left(text) and _has_pieces(number, text):
        return 2 if _is_turned(number, text) or not number.is_weak else 1
    return best


def squeeze_number(ref: str) -> list[str]:
    """Return the letters and digits of a number, also as PDFium has them beside letters that are read to the left."""
    squeezed = squeeze(fold(ref))
    digit = re.search(r"\d", squeezed)
    turned = squeezed[digit.start() :] + squeezed[: digit.start()] if digit else squeezed
    return [squeezed] if turned == squeezed else [squeezed, turned]


def find_places(number: Number, text: str) -> Iterator[tuple[int, int]]:
    """Yield where a folded text has a number as a whole, and not as a part of something longer."""
    for start, end in _matches(number.text, text):
        if _is_whole(number, text, start, end, _nothing_known):
            yield start, end


def _nothing_known(_: str) -> bool:
    return False


def find_variants(number: Number, text: str, is_known: Callable[[str], bool]) -> Iterator[tuple[int, int]]:
    """Yield where a folded text has a number written otherwise: with other zeros, without its letters, or with some.

    RE-001001 may be printed as 1001 or RE-1001, and 1001 as RE-1001. What is itself a known number is that one.
    """
    if not number.core or not all(piece in text for piece in number.core):
        return
    own = _condense(number.text)
    for found in _variant(number.text).finditer(text):
        printed, bare = _condense(found[0]), _condense(found[1])
        if own != printed and not is_known(printed) and (own == bare or not is_known(bare)):
            yield found.span()


@lru_cache(maxsize=10_000)
def _variant(text: str) -> re.Pattern[str]:
    letters, core = _split(text)
    zeroless = re.sub(r"0*(\d+)", r"\1", core)
    starts = {found.start() for found in re.finditer(r"\d+", zeroless)}
    signs = [("(?:0\n?)*" if at in starts else "") + re.escape(sign) for at, sign in enumerate(zeroless)]
    # Its own letters may be left out; others are a number of another kind, unless it has none.
    before = rf"(?:{re.escape(letters)}[-./ _]{{0,2}})?" if letters else r"(?:[a-z]{1,5}[-./_]?)?"
    pattern = "\n?".join(signs)
    return re.compile(rf"(?<![^\W_])(?<![^\W_][-./_])(?<!\d,){before}({pattern})(?![^\W_])(?![-./_][^\W_])(?!,\d)")


def _split(text: str) -> tuple[str, str]:
    """Return the letters before a number's first digit, and the rest."""
    digit = re.search(r"\d", text)
    return (text[: digit.start()].rstrip("-./_# "), text[digit.start() :]) if digit else ("", "")


def _matches(number: str, text: str) -> Iterator[tuple[int, int]]:
    """Yield where a text has a number, with white space anywhere in it."""
    if _condense(number) not in _condense(text):
        return
    if " " in number or "_" in number:
        for found in _pattern(number).finditer(text):
            yield found.span()
        return
    # Compiling a pattern per number is expensive; this finds the same.
    start = text.find(number[0])
    while start >= 0:
        end = _match(number, text, start)
        if end:
            yield start, end
        start = text.find(number[0], end or start + 1)


def _match(number: str, text: str, start: int) -> int:
    """Return where a number ends that begins at a place; 0 if it does not begin there."""
    place = start + 1
    for letter in number[1:]:
        for space in " \n ":
            if text[place : place + 1] == space:
                place += 1
        if text[place : place + 1] != letter:
            return 0
        place += 1
    return place


def _condense(text: str) -> str:
    return "".join(text.replace("_", " ").split())


def _is_whole(number: Number, text: str, start: int, end: int, is_known: Callable[[str], bool]) -> int:
    inside, before, after = text[start:end], text[max(0, start - 3) : start], text[end : end + 40]
    loose = _is_loose(number, inside)
    if _joins_before(number, before, inside, loose=loose) or _joins_after(number, after, inside, loose=loose):
        return 0
    return 1 if _may_go_on(inside, after, is_known) else 2


def _is_loose(number: Number, inside: str) -> bool:
    """Whether blanks stand between letters and digits of the number, as where letters are spaced."""
    return any(
        a.isalnum() and b == " " and c.isalnum() for a, b, c in zip(inside, inside[1:], inside[2:], strict=False)
    ) and (" " not in number.text or inside.count(" ") > number.text.count(" "))


def _joins_before(number: Number, before: str, inside: str, *, loose: bool) -> bool:
    """Whether what stands before a match makes it a part of something longer."""
    if not before:
        return False
    last, mark = before[-1], before[-2:-1]
    if last.isalnum():
        return not _may_touch(number, last, inside[0])
    if last in "-./" and mark.isalnum():
        # "No.2026-0042" is a label; "3.2026-0042" is not.
        return not (last == "." and mark.isalpha() and inside[0].isdigit() and number.letters >= _WEAK)
    if last == "," and mark.isdigit() and inside[0].isdigit():
        return True
    if loose and last == " " and mark.isalnum() and not before[-3:-2].isalnum():
        # A word's last letter, spaced like the number behind it: "i c e I N V - 2".
        return not (number.letters >= _LONG and mark.isalpha())
    return False


def _joins_after(number: Number, after: str, inside: str, *, loose: bool) -> bool:
    if not after:
        return False
    first, second = after[0], after[1:2]
    if first.isalnum():
        return not _may_touch(number, inside[-1], first)
    if first in "-./" and second.isalnum():
        return not (first == "." and second.isalpha() and inside[-1].isdigit() and number.letters >= _WEAK)
    if first == "," and second.isdigit() and inside[-1].isdigit():
        return True
    if loose and first == " " and second.isalnum() and not after[2:3].isalnum():
        return not _may_touch(number, inside[-1], second)
    return False


def _may_touch(number: Number, one: str, other: str) -> bool:
    """Whether two signs side by side can be of two cells: a letter and a digit, for a number long enough."""
    return number.letters >= _LONG and one.isdigit() != other.isdigit()


def _may_go_on(inside: str, after: str, is_known: Callable[[str], bool]) -> bool:
    """Whether the next line may go on with the number, since a longer known one would read the same."""
    if not after[:2].lstrip(" ").startswith("\n"):
        return False
    following = after.lstrip(" \n").split(maxsplit=1)
    if not following or not following[0]:
        return False
    head = "".join(inside.split())
    return any(is_known(head + following[0][:length].rstrip(".,;:")) for length in range(1, len(following[0]) + 1))


def _is_turned(number: Number, text: str) -> bool:
    """Whether A-122 stands there as -122A, as PDFium has it beside right-to-left letters."""
    head = re.match(r"[^\W\d_]+", number.text)
    if head is None:
        return False
    turned = re.escape(number.text[head.end() :] + head[0])
    return re.search(rf"(?<![^\W_]){turned}(?![^\W_])", text) is not None


def _has_pieces(number: Number, text: str) -> bool:
    """Whether some line with right-to-left letters has the number's pieces side by side, in whatever order."""
    wanted = sorted(number.pieces)
    if not 1 < len(wanted) <= _MOST_PIECES:
        return False
    for line in text.splitlines():
        pieces = _PIECES.findall(line)
        if any(sorted(pieces[at : at + len(wanted)]) == wanted for at in range(len(pieces) - len(wanted) + 1)):
            return True
    return False
