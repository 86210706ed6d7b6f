"""A column of currencies that nobody named, if one currency is set for all rows."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from arfeed.intake.meaning.doubts.case import Case, list_words
from arfeed.model import arrow
from arfeed.model.currencies import minor_digits, withdrawn
from arfeed.model.errors import SourceError
from arfeed.model.text.legible import quote
from arfeed.tables.headings.balances import is_in_own_currency
from arfeed.tables.headings.normalize import normalize_header
from arfeed.tables.headings.synonyms import USUAL
from arfeed.tables.values.amounts import may_be

if TYPE_CHECKING:
    import pandas as pd

    from arfeed.model.settings import FileSettings

_NO_CURRENCY = frozenset(("ALL", "BAM", "CUP", "GEL", "MOP", "PEN", "TOP"))
"""Codes that are words as well: a column of nothing else is one of currencies only if its heading says so."""


def refuse_other_currencies(
    rows: pd.DataFrame, settings: FileSettings, headers: Mapping[str, str], source: str
) -> None:
    """Raise `SourceError` if a column that nobody named says of what is owed that it is in another currency.

    `headers` are the headings in use by canonical name. Without that, the amounts would be reported as if they were in
    the one currency that is set.
    """
    if not settings.currency or "currency" in headers or settings.values.get("currency") is False or rows.empty:
        return
    for name, found in find_other_currencies(Case(rows, settings, headers), settings.currency).items():
        sign = next((word for word in found if not _is_code(word)), None)
        meant = f', with values.currency = {{ {quote(sign)} = "…" }}' if sign else ""
        raise SourceError(
            f"{source}: every row counts as {settings.currency}, since `currency` says so and no column is named for "
            f"it, but the column {name!r} says {list_words(found)} of what is owed. If that is the currency of the "
            f"invoices, set columns.currency = {quote(name)}{meant} in [sources.{source}]; if it is something else, "
            "values.currency = false"
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
    stated = [word for word in words if _is_code(word) or _is_sign(word)]
    if named:
        return stated
    codes = {word.upper() for word in stated if _is_code(word)}
    other = (codes and codes <= {*_NO_CURRENCY}) or codes & withdrawn().keys()
    # All of its words have to be currencies: among a few texts of three letters some always are.
    return [] if other or len(stated) < len(words) else stated


def _is_code(word: str) -> bool:
    return word.upper() in minor_digits()


def _is_sign(word: str) -> bool:
    """Whether a word is the sign of a currency, such as € or US$."""
    return 0 < len(word) <= 3 and unicodedata.category(word[-1]) == "Sc" and word[:-1].isupper() >= (len(word) > 1)


def _contradicts(word: str, code: str) -> bool:
    """Whether a word names a currency that is not this one."""
    if _is_code(word):
        return word.upper() != code
    return _is_sign(word) and not may_be(word, code)
