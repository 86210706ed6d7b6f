"""Columns that can be computed from others: rows by number, ages in days or in columns, what was paid of the total."""

from __future__ import annotations

import functools
import re
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from arfeed.runs.reconciliation.expected import TAXES
from arfeed.runs.reconciliation.meaning.sent import Sent
from arfeed.runs.reconciliation.meaning.words import COUNTING_DAYS, COUNTING_ROWS, PAID, says_closed
from arfeed.tables.headings.normalize import header_words, normalize_header
from arfeed.tables.headings.synonyms import USUAL
from arfeed.tables.values.amounts import MONEY, WIDE, parse_money
from arfeed.tables.values.dates import parse_dates

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from arfeed.runs.reconciliation.meaning.search import Search

_FEWEST = 3

_DAYS = re.compile(r"^[-+]?\d{1,5}(?= ?[^\W\d_]{0,5}\.?$)")
"""A count of days, with or without the word for them."""

_AGES = re.compile(
    r"^(?:days? )?(?:\d+ \d+|(?:over|more than|uber|mehr als|plus de|oltre|meer dan|mas de|from|ab)? ?\d+)"
    r"(?: ?(?:days?|tage?n?|jours?|dias?|giorni|dagen|d|and over|and above|plus))*(?: (?:overdue|past due))?$"
)
_NOT_LATE = frozenset(
    (  # noqa: SIM905 - many quoted words are harder to read
        "current;not due;not yet due;future;older;nicht fallig;noch nicht fallig;non echu;a scadere;niet vervallen"
    ).split(";")
)


def find_computed(search: Search, sent: Sent, headers: list[str]) -> dict[str, str]:
    """Return of the columns under these headings those that hold no news, each with what it is computed from."""
    # Payments may be numbered, too, and the days until they came: a heading has to say what is counted.
    rows = [name for name in headers if normalize_header(name) in COUNTING_ROWS or not header_words(name)]
    days = [name for name in headers if header_words(name) & COUNTING_DAYS and not says_closed(name)]
    found = {name: "the number of its row" for name in rows if _counts_rows(search, name)}
    found |= {name: why for name in days if (why := _counts_days(search, sent, name))}
    left = [name for name in headers if name not in found]
    return found | _find_ages(search, sent, left) | _find_paid(search, sent, left) | _find_taxed(search, sent, left)


def _counts_rows(search: Search, header: str) -> bool:
    texts = search.evidence.texts[header]
    number = search.evidence.texts.get(search.found.columns["invoice_ref"])
    if number is not None:
        texts = texts.filter(pc.not_equal(number, ""))
    if len(texts) < _FEWEST or not pc.all(pc.match_substring_regex(texts, r"^\d{1,9}$")).as_py():
        return False
    steps = np.diff(np.asarray(pc.cast(texts, pa.int64())))
    return bool((steps == 1).all() or (steps == -1).all())


def _counts_days(search: Search, sent: Sent, header: str) -> str:
    """Return from which day a column counts to one and the same day; nothing if it does not."""
    evidence = search.evidence
    texts = evidence.take_paired(header).to_pylist() if _may_count_days(search, header) else []
    days = [int(match[0]) if (match := _DAYS.match(text)) else 0 if text in ("", "-") else None for text in texts]
    if None in days or len({day for day in days if day}) < 2:
        return ""
    counted = np.array(days, np.int64)
    starts = {name: sent.array(name) for name in ("due_on", "issued_on")}
    if (due := search.found.columns.get("due_on")) in evidence.texts:
        starts["due_on there"] = parse_dates(
            evidence.take_paired(due), search.found.dates or "YMD", declared=True
        ).values
    for name, start in starts.items():
        if start is None or start.null_count:
            continue
        since = np.asarray(pc.cast(start, pa.int32())).astype(np.int64)
        ends = (since + counted)[counted != 0]
        if (ends == ends[0]).all() and (since[counted == 0] >= ends[0]).all():
            return f"days from {name} to {np.datetime64(int(ends[0]), 'D')}"
    return ""


def _may_count_days(search: Search, header: str) -> bool:
    # Most columns are told apart by a few values.
    few = search.evidence.take_paired(header)[:50].to_pylist()
    return bool(few) and all(_DAYS.match(text) or text in ("", "-") for text in few)


def _find_ages(search: Search, sent: Sent, headers: list[str]) -> dict[str, str]:
    """Return columns of the ages of the balance, if they add up to it in every row, and go by its days."""
    ages = [name for name in headers if _is_age(name)]
    header = search.found.columns.get("balance")
    if header not in search.evidence.texts or not any(_AGES.match(normalize_header(name)) for name in ages):
        return {}
    read = {name: parse_money(search.evidence.texts[name], search.found.decimal) for name in (header, *ages)}
    if any(pc.any(each.wrong).as_py() for each in read.values()):
        return {}
    balance, *parts = (pc.fill_null(each.values, pa.scalar(0, MONEY)) for each in read.values())
    same = pc.all(pc.equal(pc.cast(functools.reduce(pc.add, parts), WIDE), pc.cast(balance, WIDE))).as_py()
    paired = [part.take(pa.array(search.evidence.rows)) for part in parts]
    # Credit notes are often listed as not due, however old.
    owed = (search.evidence.invoices_of("kind") == "invoice").to_numpy(dtype=bool)
    if not same or not _go_by_days(paired, sent, owed):
        return {}
    return dict.fromkeys(ages, f"a part of {header!r} by its age")


def _go_by_days(parts: list[pa.Array], sent: Sent, owed: NDArray[np.bool_]) -> bool:
    """Whether no invoice stands among the ages of others that fell due, or were issued, before and after it."""
    filled = np.array([np.asarray(pc.not_equal(part, pa.scalar(0, MONEY))) for part in parts])
    single = owed & (filled.sum(axis=0) == 1)
    for days in (sent.array("due_on"), sent.array("issued_on")):
        if days is None:
            continue
        dated = single & np.asarray(pc.is_valid(days))
        numbers = np.asarray(pc.fill_null(pc.cast(days, pa.int32()), 0))
        spans = sorted((numbers[of].min(), numbers[of].max()) for age in filled if (of := age & dated).any())
        if all(before[1] < after[0] for before, after in pairwise(spans)):
            return True
    return False


def _is_age(header: str) -> bool:
    name = normalize_header(header)
    return name in _NOT_LATE or _AGES.match(name) is not None


def _find_paid(search: Search, sent: Sent, headers: list[str]) -> dict[str, str]:
    """Return the columns of what was paid if that is nothing, or what is missing from the total to the balance."""
    found: dict[str, str] = {}
    evidence, decimal = search.evidence, search.found.decimal
    balance = search.found.columns.get("balance")
    called = balance is not None and normalize_header(balance) in USUAL["balance"]
    for name in (each for each in headers if normalize_header(each) in PAID):
        read = parse_money(evidence.texts[name], decimal)
        if pc.any(read.wrong).as_py():
            continue
        paid = pc.fill_null(read.values, pa.scalar(0, MONEY))
        if not pc.any(pc.not_equal(paid, pa.scalar(0, MONEY))).as_py():
            found[name] = "nothing was paid"
            continue
        total, owed = sent.array("amount"), sent.array("balance")
        ours = paid.take(pa.array(evidence.rows))
        if total is not None and owed is not None and not total.null_count and _adds_up(owed, ours, total):
            found[name] = "amount less balance as sent"
            continue
        if balance not in evidence.texts or not called:
            continue
        left = parse_money(evidence.texts[balance], decimal).values
        for whole in headers:
            amount = parse_money(evidence.texts[whole], decimal)
            if normalize_header(whole) in USUAL["amount"] and _adds_up(left, paid, amount.values):
                found |= {name: f"{whole!r} less {balance!r}", whole: f"{balance!r} and {name!r}"}
    return found


def _find_taxed(search: Search, sent: Sent, headers: list[str]) -> dict[str, str]:
    """Return the columns of totals that are what was billed with one and the same tax, or without it, in every row."""
    found: dict[str, str] = {}
    billed = sent.array("amount")
    if billed is None or billed.null_count or len(billed) < _FEWEST:
        return found
    for name in headers:
        if not (normalize_header(name) in USUAL["amount"] or header_words(name) & _TAXED):
            continue
        read = parse_money(search.evidence.take_paired(name), search.found.decimal)
        if pc.any(read.wrong).as_py() or read.values.null_count:
            continue
        pairs = [*zip(billed.to_pylist(), read.values.to_pylist(), strict=True)]
        for rate in TAXES:
            with_tax = all(abs(abs(ours) * rate - abs(theirs)) <= _CENT for ours, theirs in pairs)
            if with_tax or all(abs(abs(ours) / rate - abs(theirs)) <= _CENT for ours, theirs in pairs):
                found[name] = f"amount as sent {'with' if with_tax else 'without'} a tax of {100 * rate - 100:g} %"
    return found


_TAXED = frozenset("gross net brutto netto ttc ht tax vat mwst ust iva tva lordo bruto neto".split())  # noqa: SIM905
_CENT = Decimal("0.01")


def _adds_up(balance: pa.Array, paid: pa.Array, total: pa.Array) -> bool:
    added = pc.cast(pc.add(pc.cast(balance, MONEY), paid), WIDE)
    same = pc.fill_null(pc.equal(added, pc.cast(total, WIDE)), fill_value=False)
    return bool(len(same) and pc.all(same).as_py())
