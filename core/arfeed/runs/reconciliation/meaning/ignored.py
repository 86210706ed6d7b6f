"""Columns that `ignore` names: which of their words it does not name, and which columns may be named without a look."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from arfeed.model.text.legible import quote
from arfeed.runs.reconciliation.meaning.evidence import count_true, fold
from arfeed.runs.reconciliation.meaning.words import begins_closed, mentions_closed, says_closed
from arfeed.tables.values.dates import ORDERS, parse_dates

if TYPE_CHECKING:
    from arfeed.runs.reconciliation.meaning.search import Search

MOST_WORDS = 30
NOTHING = pa.array(["", "-", "–", "—", "n/a", "N/A", "null", "NULL"], pa.large_string())
"""What a column holds that says nothing."""

_AMOUNT = re.compile(r"\D{0,4}\d[\d.,' ]*[.,]\d{1,4}\D{0,4}")

_CODE = re.compile(r"(?!.*\d[.,]\d{1,2}$)[\w./-]+")
_SIGNS = re.compile(r"[^\W_]")
_LETTERS = re.compile(r"[^\W\d_]{4,}")
"""A code that is not an amount, its letters and digits, and words within it."""

_FEWEST_REPEATED = 10
"""Rows of customers that have others, by which it is seen that a column goes by the customer."""


def list_words(search: Search, header: str) -> list[str]:
    """Return the words of a column of few, blank among them if it is; none if it holds amounts, or rare texts."""
    evidence = search.evidence
    words = evidence.few_words(header, MOST_WORDS)
    if not words or len(words) * 2 > len(evidence.filled(header)) or all(map(_AMOUNT.fullmatch, words)):
        return []
    return [*words, *([""] if evidence.has_blanks(header) else [])]


def find_new_words(search: Search, owed: pa.Array) -> dict[str, list[str]]:
    """Return for each ignored column the words beside what is open there that `ignore` does not name.

    Of a column of few words that was named without them all are new.
    """
    found = {}
    for header in search.list_ignored():
        said = search.passes_over(header)
        if said == "anything":
            continue
        texts = search.evidence.texts[header].filter(owed)
        if isinstance(said, list):
            named = fold(pa.array([word.strip() for word in said], texts.type))
            texts = texts.filter(pc.invert(pc.is_in(fold(texts), value_set=named)))
            new = pc.unique(texts).to_pylist()
        elif words := list_words(search, header):
            new = [word for word in pc.unique(texts).to_pylist() if word in words]
            new = new if any(new) else []
        else:
            # What a text begins with is what it is about: "paid 3/4 by cheque".
            new = [text for text in pc.unique(texts).to_pylist() if begins_closed(text)]
        if new:
            found[header] = new
    return found


def is_harmless(search: Search, header: str) -> bool:
    """Whether a column can hardly say that an invoice is closed: it goes by the customer, or numbers the rows.

    Others stand in no line that is pasted without a look.
    """
    if says_closed(header):
        return False
    return _goes_by_customer(search, header) or _is_unique(search, header)


def _goes_by_customer(search: Search, header: str) -> bool:
    """Whether a column of few words has one and the same for all invoices of a customer, none of them rare."""
    evidence = search.evidence
    texts = evidence.take_paired(header)
    words = evidence.few_words(header, MOST_WORDS)
    if len(words) < 2 or count_true(pc.is_in(texts, value_set=NOTHING)) or any(map(mentions_closed, words)):
        return False
    if min(each["counts"] for each in pc.value_counts(texts).to_pylist()) * 10 < len(texts):
        return False
    names = fold(pa.array(evidence.invoices_of("customer_name")))
    customers = pc.count_distinct(names).as_py()
    pairs = pc.count_distinct(pc.binary_join_element_wise(names, texts, pa.scalar("\0", texts.type))).as_py()
    return bool(pairs == customers <= len(texts) - _FEWEST_REPEATED)


def _is_unique(search: Search, header: str) -> bool:
    """Whether each row has another code, all of one shape: one with something more may say that it is done."""
    evidence = search.evidence
    texts = evidence.texts[header]
    distinct = pc.unique(texts)
    if len(distinct) < len(texts) or len(texts) < _FEWEST_REPEATED or evidence.has_blanks(header):
        return False
    words = distinct.to_pylist()
    shapes = {(_SIGNS.sub("", word), *_LETTERS.findall(word)) for word in words}
    are_days = any(not count_true(parse_dates(texts, order, declared=True).wrong) for order in ORDERS)
    return all(map(_CODE.fullmatch, words)) and len(shapes) == 1 and not are_days


def make_line(search: Search, headers: list[str]) -> str:
    """Return the line that has these columns ignored as well, each with its words."""
    said = {**search.settings.passed_over, **{header: _passed_over(search, header) for header in headers}}
    if all(words == "texts" for words in said.values()):
        return f"ignore = [{', '.join(map(quote, said))}]"
    return f"ignore = {{ {', '.join(f'{quote(name)} = {_write(words)}' for name, words in said.items())} }}"


def _passed_over(search: Search, header: str) -> list[str] | str:
    if words := list_words(search, header):
        before = search.passes_over(header)
        return [*dict.fromkeys([*(before if isinstance(before, list) else []), *words])]
    about_closed = any(map(begins_closed, search.evidence.words(header))) or says_closed(header)
    return "anything" if about_closed else "texts"


def _write(words: list[str] | str) -> str:
    return quote(words) if isinstance(words, str) else f"[{', '.join(map(quote, words))}]"
