"""The text of a PDF as it is compared: letter case, dashes, digits and invisible characters folded."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

_INVISIBLE = dict.fromkeys([0xAD, 0xFEFF, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x206A)])
# PDFium writes a hyphen at the end of a line, and the break behind it, as U+0002 in one call and U+FFFE in another.
_DASHES = dict.fromkeys([0x02, 0xFFFE, 0x2212, 0x2043, *range(0x2010, 0x2016), 0xFE58, 0xFE63, 0xFF0D], "-")
_ARABIC_MARKS = {"\u066b": ".", "\u066c": ","}  # of decimals and of thousands
_BLANKS = dict.fromkeys("\xa0\u202f\t", " ")
_FOLDED = str.maketrans({**_INVISIBLE, **_DASHES, **_ARABIC_MARKS, **_BLANKS, "\r": None})
_ODD = re.compile(r"[\x01\x03-\x08\x0e-\x1f]")
_FEWEST_LETTERS = 5
_MOST_ODD = 50
_SHORT_LINE = 4
_SHORT_LINES = re.compile(rf"(?:^.{{1,{_SHORT_LINE}}}\n){{3,}}.{{0,{_SHORT_LINE}}}$", re.MULTILINE)
_NO_LETTERS = re.compile(r"[\W_]+")
_BLANK = re.compile(r"(?<=\S) (?=\S)")
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]")


def fold(text: str) -> str:
    """Return a text as texts are compared."""
    if text.isascii():
        return text.translate(_FOLDED).lower()
    return _plain_digits(unicodedata.normalize("NFKC", text.translate(_FOLDED)).translate(_FOLDED)).casefold()


def _plain_digits(text: str) -> str:
    """Return a text with the digits of all scripts as 0 to 9."""
    if not any(letter.isdecimal() and letter > "9" for letter in text):
        return text
    return "".join(str(unicodedata.decimal(letter)) if letter.isdecimal() else letter for letter in text)


def strip_accents(text: str) -> str:
    """Return a folded text without its accents, and with the plain letters of Turkish, Polish and Danish."""
    if text.isascii():
        return text
    parted = unicodedata.normalize("NFD", text).translate(_PLAIN)
    return "".join(letter for letter in parted if not unicodedata.combining(letter))


_PLAIN = str.maketrans({"ı": "i", "ł": "l", "ø": "o", "đ": "d", "æ": "a", "’": "'"})


def squeeze(text: str) -> str:
    """Return the letters and digits of a text."""
    return _NO_LETTERS.sub("", text)


def count_letters(text: str) -> int:
    """Return how many letters and digits a text has."""
    return len(squeeze(text))


def is_garbled(pages: Sequence[str]) -> bool:
    """Whether a text is of signs that no program prints: fonts whose letters were renumbered on the way."""
    size = sum(len(page) for page in pages)
    return sum(len(_ODD.findall(page)) for page in pages) * _MOST_ODD > size


def is_spaced(text: str) -> bool:
    """Whether a text has its letters one by one, as where they are set wide apart."""
    words = text.split()
    return [*map(len, words)].count(1) * 2 > len(words)


def is_in_pieces(text: str) -> bool:
    """Whether a text has most of its words broken over very short lines, as PDFium has turned text of sheets."""
    lines = [len(line) for line in text.split("\n") if line.strip()]
    return sum(length <= _SHORT_LINE for length in lines) * 2 > len(lines)


def close_up(text: str) -> str:
    """Return a text that has its letters one by one without the blanks between them."""
    return _BLANK.sub("", text)


def is_empty(pages: Sequence[str]) -> bool:
    """Whether there is no text to speak of, as in a scan."""
    return sum(count_letters(page) for page in pages) < _FEWEST_LETTERS


def reads_right_to_left(text: str) -> bool:
    """Whether a text has Hebrew or Arabic letters, beside which PDFium turns parts of numbers round."""
    return _RIGHT_TO_LEFT.search(text) is not None


def close_short_lines(text: str) -> str:
    """Return a text with runs of very short lines as one line: some programs turn text letter by letter."""
    return _SHORT_LINES.sub(lambda found: found[0].replace("\n", ""), text)
