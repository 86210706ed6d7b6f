"""Telling the number that a PDF is headed by from one that it only mentions, or lists with its amount."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from enum import IntEnum

from arfeed.documents.contents.numbers import Number, find_places, find_variants

_INVOICE = re.compile(
    r"(?:invoice|credit note|bill|rechnung|gutschrift|beleg|factur|factuur|fattura|fatura|nota|faktu"
    r"|lasku|számla|τιμολόγ"
    r"|račun|счет|счёт|חשבונית|creditn|creditf|avoir|hyvitys|dobropis|kredit|arve\b|saskait|sąskait|rēķin)[^\W\d_]*"
    r"(?:[\s-]*(?:no|nr|num|number|nummer|id|n|n\.o|ref|č|numero|número|numéro|numarası|nro|sorszáma|αρ)\b)?[\s.:#°º]*$"
)
"""What stands before a document's own number, at the end of what was read."""

MENTION = re.compile(
    r"(?<![^\W\d_])"
    r"(?:previous|prior\b|earlier|last\b|former|less\b|minus|deduct|advance|part[- ]?paym|instal|replac|supersed"
    r"|instead|amend|see\b|also\b|correct|cancel|revers|refer|ref\b|relat|regard|concern|original|against|open item"
    r"|outstanding|overdue|unpaid|remind|applied|carried|paid\b"
    r"|vorherig|vorig|früher|letzte|abzüg|abschlag|anzahl|teilz|ersetz|ersatz|siehe|auch\b|korr|berichtig|storn"
    r"|bez[uo]g|betreff|betrifft|anstelle|statt\b|zu rechnung|zur rechnung|offen|mahnung|ursprüng|verrechn"
    r"|précéd|antérieur|remplac|voir\b|aussi|annul|corrig|rectifi|dédui|déduc|acompte|moins\b|réf|rappel|solde"
    r"|continu|fortsetz|gutgeschr|suite (?:de|à)\b|seguito|düzelt|yerine|iptal|ilgili|önceki|bkz|kalan|devam"
    r"|edelli|korvaa|korjaa|hyvitet|zamiast|segue\b|seguimento|suite\b|följer|navazuje|folytat|kontynuacja"
    r"|vervolg|eredeti|hivatkoz|helyett|előző|αντικαθ|σχετικ|προηγ|ακυρ|původní|k faktuře|do faktury|avser"
    r"|krediter"
    r"|origin|oorspronk|geldt voor|sur facture|zur\b|zu rech|refiere|rel\. fatt"
    r"|preced|sostit|vedi\b|anche\b|rettif|acconto|rif\b|anterior|sustit|reempla|véase|ver\b|también|anul|rectific"
    r"|anticip|menos\b|vervang|zie\b|ook\b|crediteer|betreft|substitu|veja|poprzed|zastęp|patrz|koryg|zalicz|dotyc"
    r"|föreg|ersätt|tidigare|se även|forrige|tidligere|erstatt|se også|předch|nahraz|viz\b|oprav|zálo)"
)
"""Words by which another document is named: of what was paid, replaced, corrected or is still open. A digit may touch
them, as where lines of a turned page are run together."""

_CLOSED_UP = re.compile(MENTION.pattern.replace(r"\b", "").replace(" ", " ?"))
_WORD = re.compile(r"[^\W\d_]{4,}")
_DIGIT = re.compile(r"\d")
_MOST_WORDS = 2
_BEFORE = 60
_AFTER = 120
_NEAR = 34

Prints = Callable[[str], bool]


class Role(IntEnum):
    """What a number stands in a PDF for: a document that is `mentioned` or `listed` with its amount, or the PDF itself.

    That it is the PDF's own is certain if it is `named` its invoice number, likely if it stands `alone` on a line, and
    else possible, unless it may be a quantity, say.
    """

    MENTIONED = 0
    LISTED = 1
    POSSIBLE = 2
    ALONE = 3
    NAMED = 4


def find_roles(
    number: Number, text: str, is_known: Callable[[str], bool], prints_money: Prints
) -> Iterator[tuple[int, Role]]:
    """Yield where a folded text has a number, and its role; `prints_money` tells whether a text has its amount."""
    for start, end in [*find_places(number, text), *find_variants(number, text, is_known)]:
        yield start, _role(text, start, end, prints_money)


def _role(text: str, start: int, end: int, prints_money: Prints) -> Role:
    begin = text.rfind("\n", 0, start) + 1
    line = text[begin:start]
    named = _is_named(line)
    # A label may have its own cell, or more than one line; then the one above goes on with it.
    above = "" if named else text[text.rfind("\n", 0, max(0, begin - 1)) + 1 : begin]
    if line.strip() and _DIGIT.search(above):
        above = ""  # it has its own value
    if MENTION.search(f"{above} {line}"[-_BEFORE:]):
        return Role.MENTIONED
    named = named or (not line.strip() and _is_named(above.rstrip("\n")))
    word = _WORD.search(text, end, end + _AFTER)
    if prints_money(text[end : word.start() if word else end + _AFTER]):
        return Role.LISTED
    rest = text[end:].partition("\n")[0]
    # In narrow cells a row of a list goes over several lines.
    if not named and any(map(prints_money, (line, rest, text[end : end + _NEAR]))):
        return Role.LISTED
    if named:
        return Role.NAMED
    return Role.POSSIBLE if line.strip() or rest.strip() else Role.ALONE


def label_role(label: str) -> Role | None:
    """Return the role of what a label stands beside or above, if it says one."""
    if MENTION.search(label[-_BEFORE:]):
        return Role.MENTIONED
    return Role.NAMED if _is_named(label) else None


def may_mention(closed: str) -> bool:
    """Whether a text that has lost its blanks may have a word by which another document is named."""
    return _CLOSED_UP.search(closed) is not None


def mentions_apart(text: str) -> bool:
    """Whether a label that names another document has nothing beside it, as where labels and values are apart."""
    return any(MENTION.search(line) and _LONELY.match(line) for line in text.splitlines())


_LONELY = re.compile(r"^[^\W\d_]+(?:[\s.'-]+[^\W\d_]+){0,3}[\s.:]*$")


def _is_named(before: str) -> bool:
    """Whether a label ends here that is not part of a sentence."""
    found = _INVOICE.search(before)
    return found is not None and len(before[: found.start()].split()) <= _MOST_WORDS
