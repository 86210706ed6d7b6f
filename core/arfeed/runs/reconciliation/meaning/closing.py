"""What says beside its balance that an invoice is closed: states, flags, and days of payment."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from arfeed.model.text.legible import quote
from arfeed.runs.reconciliation.meaning.evidence import count_true, fold
from arfeed.runs.reconciliation.meaning.sent import Sent
from arfeed.runs.reconciliation.meaning.words import (
    ASIDE,
    CLOSED,
    CREDIT,
    FLAGGED,
    NOT_CLOSED,
    NOT_YET,
    OVER,
    SETTLING,
    VOID,
    is_ambiguous,
)
from arfeed.tables.headings.contents import find_flags, is_settled_header
from arfeed.tables.headings.document_words import is_flag_column, is_part_payment, is_yes, status_of
from arfeed.tables.headings.normalize import header_words, normalize_header
from arfeed.tables.values.amounts import MONEY, parse_money
from arfeed.tables.values.dates import ORDERS, means_none, parse_dates

if TYPE_CHECKING:
    from arfeed.runs.reconciliation.meaning.search import Search

_NOTHING = re.compile(r"0+(?:[.,]0+)? ?%?")
"""An amount or a share of 0."""

_TICKS = frozenset("✓✔☑✅")
_FEW = 30
_MANY = 1_000


@dataclass(frozen=True, slots=True)
class Closing:
    """A column by which rows with a balance are closed: how many, and by which words; by days if there are none."""

    header: str
    words: Sequence[str]
    count: int

    def advise(self, search: Search) -> str:
        """Return what to write in the settings, or to export."""
        instead = "export only what is open, or a column with what is open as well"
        if self.words:
            others = [word for word in search.evidence.few_words(self.header, _FEW) if word not in self.words]
            # Nobody knows what the others mean before somebody has looked at them.
            meant = {**dict.fromkeys(self.words, _closes_as(self.header)), **dict.fromkeys(others, self._rest(search))}
            meant = {word: meant_status(search, word, self.header) or ours for word, ours in meant.items()}
            listed = ", ".join(f'{quote(word)} = "{ours}"' for word, ours in meant.items())
            instead = f"columns.status = {quote(self.header)} and values.status = {{ {listed} }}"
        named = "with each of its words" if self.words else 'as "anything"'
        return (
            f"{instead}; or, if such rows are open all the same, name {quote(self.header)} in ignore {named}, in "
            "[destination.reconcile]"
        )

    def _rest(self, search: Search) -> str:
        """Return what the other words mean: of yes and no the other one, else what somebody has to say."""
        return "open" if is_flag(search, self.header) else "…"


def find_closings(search: Search, headers: Sequence[str]) -> list[Closing]:
    """Return the columns by which rows with a balance are closed, unless the settings say that it is the status.

    Also of columns that the settings pass over, without the words that they name: it said something else then.
    """
    texts, owed, found = search.evidence.texts, find_owed(search), []
    for name in headers:
        if name == search.settings.columns.get("status") or (said := search.passes_over(name)) == "anything":
            continue
        words = _closing(search, name)
        closed = _has_word(texts[name], words) if words else _days_of_payment(search, name)
        if closed is not None and isinstance(said, list):
            closed = pc.and_not(closed, _has_word(fold(texts[name]), fold(pa.array(said)).to_pylist()))
        if closed is not None and (count := count_true(pc.and_(closed, owed))):
            found.append(Closing(name, words, count))
    return found


def find_owed(search: Search) -> pa.Array:
    """Return the rows that are open there by their balance and their status."""
    texts, header = search.evidence.texts, search.found.columns.get("balance")
    owed = pa.array(np.ones(search.evidence.size, bool))
    if header in texts:
        # What can't be read is owed until somebody knows better.
        amounts = parse_money(texts[header], search.found.decimal).values
        owed = pc.fill_null(pc.not_equal(amounts, pa.scalar(0, MONEY)), fill_value=True)
    if (status := search.found.columns.get("status")) in texts:
        owed = pc.and_not(owed, _has_word(texts[status], _closing(search, status)))
    return owed


def find_part_paid(search: Search, sent: Sent, header: str) -> Iterator[tuple[int, str]]:
    """Yield the rows whose state, in a column of states, says that a part was paid, while the balance is all of it."""
    evidence, balance, owed = search.evidence, search.found.columns.get("balance"), sent.array("balance")
    told = {word.strip().casefold() for word in search.settings.values.get("status") or {}}
    words = [word for word in evidence.words(header) if is_part_payment(word) and word.casefold() not in told]
    if not words or balance not in evidence.texts or owed is None:
        return
    amount = sent.array("amount")
    whole = pc.cast(owed if amount is None else pc.coalesce(amount, owed), MONEY)
    there = parse_money(evidence.take_paired(balance), search.found.decimal).values
    texts = evidence.take_paired(header)
    same = pc.fill_null(pc.equal(pc.abs(there), pc.abs(whole)), fill_value=False)
    for place in np.flatnonzero(pc.and_(same, _has_word(texts, words))).tolist():
        yield int(evidence.rows[place]), f"{header} {texts[place].as_py()!r}, and {balance} is the whole amount"


def is_flag(search: Search, header: str) -> bool:
    """Whether a column says yes or no of what its heading names."""
    words = search.evidence.few_words(header, _FEW)
    if not words:
        return False
    named = bool(header_words(header) & (NOT_CLOSED | ASIDE | FLAGGED)) or status_of(header) in CLOSED
    return (
        (named and is_flag_column("paid", words))
        or is_flag_column(header, words)
        or bool(find_flags(search.evidence.texts, [header]))
    )


def meant_status(search: Search, word: str, header: str) -> str | None:
    """Return the status that a word means in a column, by the settings or in every program; None if it may be several.

    `Posted` and `Authorized` are open of an invoice, and of a payment they are the end of it.
    """
    said = search.settings.values.get("status") or {}
    told = {theirs.strip().lower(): ours for theirs, ours in said.items()}.get(word.lower())
    return told or (None if is_ambiguous(word, header) else status_of(word))


def _closing(search: Search, header: str) -> list[str]:
    """Return the words of a column by which an invoice is closed; none if it does not say what is."""
    if header == search.found.columns.get("status"):
        return [word for word in search.evidence.words(header) if meant_status(search, word, header) in CLOSED]
    words = search.evidence.few_words(header, _FEW)
    if any(word.startswith(CREDIT) for word in header_words(header)):
        return []
    if not is_flag(search, header):
        # Whatever the column is called, if some of its words mean what is closed.
        return [
            word
            for word in search.evidence.few_words(header, _MANY)
            if meant_status(search, word, header) in CLOSED or normalize_header(word) in OVER or word in _TICKS
        ]
    if header_words(header) & NOT_CLOSED:
        # Without a mark it is not open either.
        blank = [""] if search.evidence.has_blanks(header) else []
        return [word for word in [*words, *blank] if not is_yes(word) and meant_status(search, word, header) != "open"]
    said = [word for word in words if word in _TICKS or any(letter.isalnum() for letter in word)]
    return [word for word in said if not _is_no(word) and meant_status(search, word, header) != "open"]


def _has_word(texts: pa.Array, words: Sequence[str]) -> pa.Array:
    return pc.is_in(texts, value_set=pa.array(words, texts.type))


def _days_of_payment(search: Search, header: str) -> pa.Array | None:
    """Return which rows have a day in a column of days of payment; None if it is none."""
    texts, words = search.evidence.texts[header], header_words(header)
    if not is_settled_header(header) and (not words & SETTLING or words & NOT_YET):
        return None
    none = pc.or_(means_none(texts), pc.match_substring_regex(texts, f"^{_NOTHING.pattern}$"))
    given = pc.and_(pc.match_substring_regex(texts, r"\d"), pc.invert(none))
    days = texts.filter(given)
    wrong = min(count_true(parse_dates(days, order, declared=True).wrong) for order in ORDERS)
    # A day with its time may be written in a way that is not read here; it is not an amount.
    return given if wrong * 2 <= len(days) or search.evidence.agreement("balance", header) is None else None


def _closes_as(header: str) -> str:
    return "void" if any(word.startswith(VOID) for word in header_words(header)) else "paid"


def _is_no(word: str) -> bool:
    return bool(_NOTHING.fullmatch(word)) or (is_flag_column("paid", [word]) and not is_yes(word))
