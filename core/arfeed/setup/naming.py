"""What a feed is called where only plain letters may stand: in URLs."""

from __future__ import annotations

import re
import unicodedata

_SPELLED = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d"})


def slug(text: str) -> str:
    """Return a name in small letters, digits and hyphens; `feed` where nothing of it can be written so."""
    composed = unicodedata.normalize("NFC", text).casefold().translate(_SPELLED)
    letters = unicodedata.normalize("NFKD", composed)
    plain = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-") or "feed"


def complaint(name: str) -> str | None:
    """Say what is wrong with a feed's name; None where nothing is."""
    if not name.strip() or not name.isprintable():
        return "a name is one line of letters, such as acme-uk"
    return None
