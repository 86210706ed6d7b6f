"""What says that an amount lowers a debt: a column beside it, or a sign that is the other way round."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from arfeed.model import arrow
from arfeed.operations.init.answers import SIGN_OPTION, Answers, Asker
from arfeed.operations.init.document_types import NEGATIVE, words_by_sign
from arfeed.tables.headings.document_words import credit_posting_keys
from arfeed.tables.headings.sign_words import find_lowering_letters, find_negative_words

if TYPE_CHECKING:
    import pandas as pd

_SIGNS = {
    "negative": "the customer owes it: what is owed is written negative",
    "positive": "it is a credit note or a payment, and lowers what the customer owes",
}
_MEANINGS = {"sign": "such rows lower what the customer owes", "other": "it means something else"}
_MOST_WORDS = 30


def find_sign(
    chosen: Mapping[str, str], headers: Sequence[str], read: Callable[[], Iterator[pd.DataFrame]],
    answers: Answers, asker: Asker,
) -> dict[str, Any] | Literal[False] | None:  # fmt: skip
    """Return the setting `sign`: what was said, or the column whose words are signs beside amounts without one.

    Single letters and SAP's posting keys may mean something else, so they are asked about.
    """
    if answers.sign is not None:
        return dict(answers.sign) if answers.sign else False
    for header in (name for name in headers if name not in chosen.values()):
        words = _words(read(), header)
        sure = find_negative_words(header, words)
        lowers = sure or find_lowering_letters(words) or credit_posting_keys(header, words)
        unsigned = (
            {word for rows in read() for word in words_by_sign(rows, header, chosen["balance"])[0]} if lowers else ()
        )
        # Where such rows have a minus already, the word adds nothing, and applying it would turn them round.
        if not {*lowers} & {*unsigned}:
            continue
        listed = ", ".join(lowers)
        if sure:
            asker.found(f"sign: the column {header!r}, in which {listed} lowers a debt; the amounts have no sign")
        elif asker.choose(f"What does {listed} mean in the column {header!r}?", SIGN_OPTION, _MEANINGS) == "other":
            return False
        return {"column": header, "negative": [*lowers]}
    return None


def _words(tables: Iterator[pd.DataFrame], header: str) -> list[str]:
    """Return the words of a column; none if there are many."""
    import pyarrow.compute as pc

    found: dict[str, None] = {}
    for rows in tables:
        found.update(dict.fromkeys(pc.utf8_trim_whitespace(arrow.to_text_array(rows[header])).unique().to_pylist()))
        if len(found) > _MOST_WORDS:
            return []
    return [*filter(None, found)]


def ask_sign(
    chosen: Mapping[str, str], read: Callable[[], Iterator[pd.DataFrame]], settings: Mapping[str, object], asker: Asker
) -> str | None:
    """Ask which sign a debt has if most balances are negative; None if they are not, or a setting says it already."""
    if {"owed_is", "sign"} & settings.keys() or "balance" not in chosen:
        return None
    above, below = _count_signs(read(), chosen["balance"])
    # A list with more credits than debts is rare; one that writes debts negative is not.
    if below <= above:
        return None
    asker.doubt(f"balance: {below:,} of {above + below:,} rows are negative, as if customers were owed money")
    return asker.choose("What does a negative balance mean in this file?", "--set owed_is=SIGN", _SIGNS)


def _count_signs(tables: Iterator[pd.DataFrame], balance: str) -> tuple[int, int]:
    """Return how many balances are above 0, and how many below."""
    import pyarrow.compute as pc

    above = below = 0
    for rows in tables:
        amounts = pc.utf8_trim_whitespace(arrow.to_text_array(rows[balance]))
        given = amounts.filter(pc.match_substring_regex(amounts, "[1-9]"))
        negative = pc.sum(pc.match_substring_regex(given, NEGATIVE)).as_py() or 0
        below, above = below + negative, above + len(given) - negative
    return above, below
