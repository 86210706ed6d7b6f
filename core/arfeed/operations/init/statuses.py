"""The words of a status, each of which has to be understood: one that is not may be `paid`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from arfeed.model import arrow, schema
from arfeed.model.errors import ConfigError
from arfeed.operations.init.answers import Answers, Asker
from arfeed.tables.headings.document_words import status_of

if TYPE_CHECKING:
    import pandas as pd

NONE = "-"
"""The answer that no column, or no meaning, is right."""

_MEANINGS = {
    "open": "the customer owes the balance",
    "paid": "nothing is owed any more",
    "void": "cancelled, or written off",
    "draft": "not issued yet",
}
_TOTALS = {
    "total": "the total billed: paid and void documents owe nothing, part payments are not known",
    "open": "what is still open, so that one of the two columns is wrong",
}
_LEFT_OUT = ("void", "draft")
_OPTION = "--status WORD=MEANING"


def read_status(
    header: str, balance: str, read: Callable[[], Iterator[pd.DataFrame]], answers: Answers, asker: Asker
) -> Mapping[str, str]:
    """Return what each word of a status column means; empty if they are arfeed's own words.

    Words that mean one thing in every program are taken, the others are asked for, and so are those of drafts and void
    invoices that have a balance, which would be left out with it. Raise `ConfigError` for an answer
    that is not a status, or for words that nobody explained.
    """
    rows, owing = _count_words(header, balance, read)
    given = {word.casefold(): status for word, status in answers.statuses.items()}
    _check_given(header, answers.statuses, rows)
    meanings: dict[str, str] = {}
    unknown: list[str] = []
    for word in rows:
        # Their own words win: a column that says "open" needs no dictionary.
        own = word.casefold() if word.casefold() in schema.STATUSES else None
        meaning = own or status_of(word)
        if meaning in _LEFT_OUT and owing[word]:
            meaning = None  # the balance may be owed all the same
        meaning = given.get(word.casefold()) or meaning
        if meaning is None:
            try:
                meaning = asker.choose(_question(word, header, rows[word], owing[word]), _option(word), _MEANINGS)
            except ConfigError:  # nobody can be asked: all such words are named at once
                unknown.append(f"{_quote(word)} ({_rows(rows[word])}, {owing[word]} of them with a balance)")
                continue
        meanings[word] = meaning
    if unknown:
        raise ConfigError(
            f"What do these words of the column {header!r} mean: {', '.join(unknown)}? Not interactive; pass {_OPTION} "
            f"for each, where MEANING is {', '.join(schema.STATUSES)}; or --column status= if the column says nothing "
            "about payment"
        )
    for meaning in dict.fromkeys(meanings.values()):
        said = ", ".join(f"{_quote(word)} ({_rows(rows[word])})" for word in rows if meanings[word] == meaning)
        asker.found(f"status: {meaning} is {said}")
    return {} if all(word.casefold() == meaning for word, meaning in meanings.items()) else meanings


def ask_total(
    header: str, balance: str, meanings: Mapping[str, str], read: Callable[[], Iterator[pd.DataFrame]], asker: Asker
) -> str | None:
    """Ask whether a balance that paid documents have is the documents' total; None if they have none.

    `meanings` are the words of the status, without those that are arfeed's own. Raise `ConfigError` if it is not.
    """
    rows, owing = _count_words(header, balance, read)
    # Paid with a balance is a contradiction, unless the column has totals: only a person can tell which.
    paid = [word for word in rows if owing[word] and (meanings.get(word) or word.casefold()) == "paid"]
    if not paid:
        return None
    said = ", ".join(f"{_quote(word)} ({owing[word]} of {_rows(rows[word])})" for word in paid)
    asker.doubt(f"balance: documents that are paid have one in {balance!r}: {said}")
    if asker.choose(f"What does the column {balance!r} hold?", "--set balance_is=total", _TOTALS) == "open":
        raise ConfigError(
            f"the column {balance!r} says that {said} is still owed, and {header!r} that it is paid, so nothing was "
            "written; export it again, or name another column"
        )
    return "total"


def _count_words(
    header: str, balance: str, read: Callable[[], Iterator[pd.DataFrame]]
) -> tuple[Counter[str], Counter[str]]:
    """Return how many rows have each word, and how many of them have a balance."""
    import pyarrow.compute as pc

    rows: Counter[str] = Counter()
    owing: Counter[str] = Counter()
    for table in read():
        words, amounts = (pc.utf8_trim_whitespace(arrow.to_text_array(table[name])) for name in (header, balance))
        rows.update(_counts(words))
        # Any digit but 0: what the amount is in which notation is not known yet.
        owing.update(_counts(words.filter(pc.match_substring_regex(amounts, "[1-9]"))))
    return rows, owing


def _counts(words: object) -> dict[str, int]:
    import pyarrow.compute as pc

    return {each["values"]: each["counts"] for each in pc.value_counts(words).to_pylist()}


def _check_given(header: str, statuses: Mapping[str, str], rows: Mapping[str, int]) -> None:
    there = {word.casefold() for word in rows}
    for word, status in statuses.items():
        if status not in schema.STATUSES:
            raise ConfigError(f"--status {word}={status}: a status is one of {', '.join(schema.STATUSES)}")
        if word.casefold() not in there:
            found = ", ".join(_quote(name) for name in rows)
            raise ConfigError(f"--status {word}={status}: the column {header!r} has no such word; it has {found}")


def _question(word: str, header: str, rows: int, owing: int) -> str:
    return f"What does {_quote(word)} in the column {header!r} mean ({_rows(rows)}, {owing} of them with a balance)?"


def _option(word: str) -> str:
    return f"--status {word or ''}=MEANING"


def _quote(word: str) -> str:
    return repr(word) if word else "nothing"


def _rows(count: int) -> str:
    return f"{count:,} row{'s' if count != 1 else ''}"
