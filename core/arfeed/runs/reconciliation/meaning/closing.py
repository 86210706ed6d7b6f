"""What says beside its balance that an invoice is closed: states, flags, and days of payment."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from arfeed.model.errors import ConfigError
from arfeed.model.legible import quote
from arfeed.planning.wording import counted
from arfeed.runs.reconciliation.meaning.evidence import count_true
from arfeed.runs.reconciliation.meaning.search import Search
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
)
from arfeed.tables.headings.contents import find_flags, is_settled_header
from arfeed.tables.headings.document_words import is_flag_column, is_yes, status_of
from arfeed.tables.headings.normalize import header_words, normalize_header
from arfeed.tables.values.amounts import MONEY, parse_money
from arfeed.tables.values.dates import ORDERS, means_none, parse_dates

_TICKS = frozenset("✓✔☑✅")
_FEW = 30


def settle_status(search: Search) -> None:
    """Ask about each column by which invoices with a balance are closed, unless the settings name the status."""
    if "status" in search.settings.columns or search.settings.values.get("status") is False:
        return
    texts, header = search.evidence.texts, search.found.columns.get("balance")
    if header not in texts:
        return
    amounts = parse_money(texts[header], search.found.decimal).values
    owed = pc.fill_null(pc.not_equal(amounts, pa.scalar(0, MONEY)), fill_value=False)
    if (status := search.found.columns.get("status")) in texts:
        owed = pc.and_not(owed, _has_word(texts[status], _closing(search, status)))
    for name in search.free():
        words = _closing(search, name)
        closed = _has_word(texts[name], words) if words else _days_of_payment(search, name)
        if closed is not None and (count := count_true(pc.and_(closed, owed))):
            _ask(search, name, words, f"{name!r} closes {counted(count, 'row')} whose {header!r} is not 0")


def is_flag(search: Search, header: str) -> bool:
    """Whether a column says yes or no of what its heading names."""
    words = [word for word in search.evidence.words(header) if word]
    if not words:
        return False
    named = bool(header_words(header) & (NOT_CLOSED | ASIDE | FLAGGED)) or status_of(header) in CLOSED
    return (
        (named and is_flag_column("paid", words))
        or is_flag_column(header, words)
        or bool(find_flags(search.evidence.texts, [header]))
    )


def _ask(search: Search, header: str, words: Sequence[str], found: str) -> None:
    """Ask whether such rows are open; raise `ConfigError` with what to type or export if they are not."""
    others = [word for word in search.evidence.words(header) if word and word not in words]
    meant = {**dict.fromkeys(words, _closes_as(header)), **dict.fromkeys(others, "open")}
    meant = {word: _meant(search, word) or ours for word, ours in meant.items()}
    listed = ", ".join(f'{quote(word)} = "{ours}"' for word, ours in meant.items())
    advice = "export only what is open, or a column with what is open as well"
    if words:
        advice = f"columns.status = {quote(header)} and values.status = {{ {listed} }} in [destination.reconcile]"
    answer = search.asker.choose(
        f"{found}. Is that open all the same?",
        f"values.status = false in [destination.reconcile] if it is; if not, {advice}",
        {"open": "the balances alone are compared", "closed": advice},
    )
    if answer == "closed":
        raise ConfigError(f"{found}: {'say' if words else 'so'} {advice}")


def _closing(search: Search, header: str) -> list[str]:
    """Return the words of a column by which an invoice is closed; none if it does not say what is."""
    words = search.evidence.words(header)
    if header == search.found.columns.get("status") or (
        header in search.evidence.proposal.several.get("status", ()) and not is_flag(search, header)
    ):
        return [word for word in words if _meant(search, word) in CLOSED]
    if any(word.startswith(CREDIT) for word in header_words(header)):
        return []
    if not is_flag(search, header):
        # Whatever the column is called: a few words, of which some mean what is closed.
        few = len(words) <= _FEW
        return [word for word in words if few and (_meant(search, word) in CLOSED or normalize_header(word) in OVER)]
    if header_words(header) & NOT_CLOSED:
        return [word for word in words if not is_yes(word) and _meant(search, word) != "open"]
    said = [word for word in words if word in _TICKS or any(letter.isalnum() for letter in word)]
    return [word for word in said if not _is_no(word) and _meant(search, word) != "open"]


def _meant(search: Search, word: str) -> str | None:
    said = search.settings.values.get("status") or {}
    return {theirs.strip().lower(): ours for theirs, ours in said.items()}.get(word.lower()) or status_of(word)


def _has_word(texts: pa.Array, words: Sequence[str]) -> pa.Array:
    return pc.is_in(texts, value_set=pa.array(words, texts.type))


def _days_of_payment(search: Search, header: str) -> pa.Array | None:
    """Return which rows have a day in a column of days of payment; None if it is none."""
    texts, words = search.evidence.texts[header], header_words(header)
    if not is_settled_header(header) and (not words & SETTLING or words & NOT_YET):
        return None
    given = pc.and_(pc.match_substring_regex(texts, r"\d"), pc.invert(means_none(texts)))
    days = texts.filter(given)
    wrong = min(count_true(parse_dates(days, order, declared=True).wrong) for order in ORDERS)
    # A day with its time may be written in a way that is not read here; it is no amount.
    return given if wrong * 2 <= len(days) or search.evidence.agreement("balance", header) is None else None


def _closes_as(header: str) -> str:
    return "void" if any(word.startswith(VOID) for word in header_words(header)) else "paid"


def _is_no(word: str) -> bool:
    return is_flag_column("paid", [word]) and not is_yes(word)
