"""Words that an encoding for Western Europe has made of names in other languages, such as `Wis³a` of `Wisła`.

Nearly every file is valid cp1252, so nothing fails. But a word of a language has that language's letters, in their
places: one that fits no Western language, and fits one of the others when its bytes are read anew, was misread.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

_WESTERN = {
    "àâçèéêëîïôùûüÿœæ": r"û(?![trlchmn]|$)|œ(?=[wkpjz]|$)|æ$",  # French
    "äöüßé": "",  # German
    "áéíñóúü": "",  # Spanish
    "áâãàçéêíóôõúü": r"ã(?![oes]|$)|õ(?!e)",  # Portuguese
    "àéèìíîòóùú": r"[àèìòù]\w",  # Italian
    "àçèéíïòóúü": "",  # Catalan
    "áéèêëïóöü": "",  # Dutch
    "æøåéôòöüä": "",  # Danish, Norwegian
    "åäöéüš": "",  # Swedish, Finnish
    "áéíóúýðþæö": r"^þti$|[zwqc]",  # Icelandic; Şti. is what Turkish companies are called
    "äöõüšž": r"õ$|gy|sz|cs|zs",  # Estonian, not Hungarian
    "àèìòùáéíóú": r"[áéíóú].*[àèìòù]|[àèìòù].*[áéíóú]|c[hz]?$|[jkvwxyz]",  # Gaelic: one kind of accent
    "âêîôûäëïö": r"[jkqvxz]",  # Welsh
}
"""Letters beyond ASCII that go together in a word, by language, and what does not stand in its words."""

_CENTRAL = {
    "áčďéěíňóřšťúůýž": "",  # Czech
    "áäčďéíĺľňóôŕšťúýž": "",  # Slovak
    "ąćęłńóśźż": "",  # Polish
    "áéíóöőúüű": "",  # Hungarian
    "ăâîşţ": "",  # Romanian
    "čćđšž": "",  # Croatian, Slovene, Serbian
}
_OTHERS: Mapping[str, Mapping[str, str]] = {
    "cp1250": _CENTRAL,
    "iso8859-2": _CENTRAL,
    "cp1254": {"çğıöşüâîûi̇": ""},  # Turkish
    "cp1257": {"ąčęėįšųūž": "", "āčēģīķļņšūž": ""},  # Lithuanian, Latvian
    "cp1251": {"абвгдеёжзийклмнопрстуфхцчшщъыьэюяєіїґђјљњћџў": r"[a-z]"},
    "cp1253": {"αάβγδεέζηήθιίϊΐκλμνξοόπρσςτυύϋΰφχψωώ": r"[a-z]"},
}
REGIONS = {
    "cp1250": "Central Europe",
    "iso8859-2": "Central Europe",
    "cp1254": "Turkish",
    "cp1257": "Baltic",
    "cp1251": "Cyrillic",
    "cp1253": "Greek",
}
"""What people call the encodings that are known here."""

# Marks of which other encodings make letters; a Polish ł is ³, and a Czech ť » in ISO 8859-2.
_MARKS = "³¹¿¯£¥¼¾±¶µ»«®©¡¦¬\x80-\x9f"
_WORD = re.compile(rf"[A-Za-zÀ-ÖØ-öø-ÿŠŽšžŒœŸƒ{_MARKS}]+")
_BESIDE = re.compile(r"^(?:[³¹¿¥¼¾±¶µ»«®©¡¦¬]|[£¯](?![a-zß-ÿ]))+|(?:[¿£¥¯¼¾±¶µ»«®©¡¦¬]|(?<![A-Za-zÀ-ÿ]{3})[³¹])+$")
"""Marks before or behind a word that are none of its letters."""

_MOST_WORDS = 20_000
_SHARE = 10
"""Of this many words with letters beyond ASCII one has to be misread: a typing error is not an encoding."""


class Misread(NamedTuple):
    """The encoding that words seem to have been written in, and some of them as they were read and as they would be."""

    encoding: str
    words: Mapping[str, str]

    @property
    def region(self) -> str:
        """Whose letters the encoding has."""
        return REGIONS[self.encoding]


def find_misread(texts: Iterable[str]) -> Misread | None:
    """Return how texts were misread that were taken for Western European, None if they read well."""
    foreign = dict[str, None]()
    for text in texts:
        foreign.update(dict.fromkeys(word for word in _WORD.findall(text) if not word.isascii()))
        if len(foreign) > _MOST_WORDS:
            break
    # Afterwards, since names repeat: what is left of each word once.
    foreign = dict.fromkeys(word for word in map(_trim_marks, foreign) if not word.isascii())
    odd = [word for word in foreign if not _fits(word, _WESTERN)]
    read = {name: {word: new for word in odd if (new := _read_as(word, name))} for name in _OTHERS}
    encoding = max(read, key=lambda name: len(read[name]))
    if not read[encoding] or _SHARE * len(read[encoding]) < len(foreign):
        return None
    return Misread(encoding, read[encoding])


def _trim_marks(word: str) -> str:
    """Return a word without marks that stand beside it, as in `«Rosa»` or `m³`."""
    return _BESIDE.sub("", word)


def _fits(word: str, languages: Mapping[str, str]) -> bool:
    lower = word.lower()
    letters = {letter for letter in lower if not letter.isascii()}
    return any(letters <= {*known} and not (never and re.search(never, lower)) for known, never in languages.items())


def _read_as(word: str, encoding: str) -> str | None:
    """Return what the bytes of a word are in an encoding, None unless that is a word of one of its languages."""
    try:
        # Python's cp1252 has no letters for five bytes, and its latin-1 has controls instead of thirty.
        single = "latin-1" if any("\x80" <= letter <= "\x9f" for letter in word) else "cp1252"
        new = word.encode(single).decode(encoding)
    except UnicodeError:
        return None
    cased = new in (new.lower(), new.upper(), new.capitalize()) or new[1:] == new[1:].lower()
    return new if new != word and new.isalpha() and cased and _fits(new, _OTHERS[encoding]) else None
