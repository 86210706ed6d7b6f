"""Columns of currencies that nobody named, and that say of what is owed that it is in another one."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from arfeed.intake.meaning.doubts.case import Case, list_words
from arfeed.model import arrow
from arfeed.model.currencies import minor_digits, withdrawn
from arfeed.model.results import Doubt
from arfeed.model.text.legible import quote
from arfeed.tables.headings.balances import is_in_own_currency
from arfeed.tables.headings.normalize import normalize_header
from arfeed.tables.headings.synonyms import USUAL
from arfeed.tables.values.amounts import may_be

_NO_CURRENCY = frozenset(("ALL", "BAM", "CUP", "GEL", "MOP", "PEN", "TOP"))
"""Codes that are words as well: a column of nothing else is one of currencies only if its heading says so."""


def second_currencies(case: Case) -> Iterator[Doubt]:
    """Yield columns that name another currency than the column that is read as the currency does."""
    header = case.headers.get("currency")
    for name in case.unused if header else ():
        if is_in_own_currency(name) or not _words(case, name):
            continue
        read, said = (arrow.to_text_array(case.rows[each]).filter(case.owed) for each in ("currency", name))
        differ = pc.and_(pc.not_equal(said, ""), pc.not_equal(pc.utf8_upper(said), read))
        if not pc.any(differ).as_py():
            continue
        pairs = (
            pa.table({"read": read, "said": said})
            .filter(differ)
            .group_by(["read", "said"])
            .aggregate([([], "count_all")])
        )
        found = Counter[str]()
        for code, word, count in zip(*(column.to_pylist() for column in pairs.columns), strict=True):
            found[word] += count * _contradicts(word, code)
        found = +found
        if found:
            yield Doubt(
                f"the column {header!r} is read as the currency, and {name!r} says {list_words(found)} of what is "
                f"owed in another one. If the amounts are in that, set columns.currency = {quote(name)}",
                name,
                frozenset(found),
            )


def find_other_currencies(case: Case, code: str) -> dict[str, Mapping[str, int]]:
    """Return the columns that say of what is owed that it is in another currency, each with what it says of how many.

    The company's own currency is not that of the invoices, so columns with that name do not count.
    """
    found = {name: words for name in case.unused if not is_in_own_currency(name) and (words := _words(case, name))}
    said = {name: case.count(name, case.owed, lambda word: _contradicts(word, code)) for name in found}
    return {name: counts for name, counts in said.items() if counts}


def _words(case: Case, name: str) -> Sequence[str]:
    """Return the words of a column of currencies, by its heading or by all that it holds; none of any other."""
    named = normalize_header(name) in USUAL["currency"]
    words = case.words.get(name, ())
    if named and not words:  # more currencies than words are looked for elsewhere
        words = [*filter(None, arrow.to_text_array(case.rows[name]).unique().to_pylist())]
    stated = [word for word in words if is_code(word) or _is_sign(word)]
    if named:
        return stated
    codes = {word.upper() for word in stated if is_code(word)}
    other = (codes and codes <= {*_NO_CURRENCY}) or codes & withdrawn().keys()
    # All of its words have to be currencies: among a few texts of three letters some always are.
    return [] if other or len(stated) < len(words) else stated


def is_code(word: str) -> bool:
    """Whether a word is the code of a currency, in any case."""
    return word.upper() in minor_digits()


def _is_sign(word: str) -> bool:
    """Whether a word is the sign of a currency, such as € or US$."""
    return 0 < len(word) <= 3 and unicodedata.category(word[-1]) == "Sc" and word[:-1].isupper() >= (len(word) > 1)


def _contradicts(word: str, code: str) -> bool:
    """Whether a word names a currency that is not this one."""
    if is_code(word):
        return word.upper() != code
    return _is_sign(word) and not may_be(word, code)
