"""Columns that nobody named, and that say that a row is not the debt it would be reported as."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from arfeed.intake.meaning.doubts.case import Case, begin_doubt, list_words
from arfeed.model import arrow
from arfeed.model.results import Doubt
from arfeed.model.text.characters import byte_at
from arfeed.model.text.legible import quote
from arfeed.tables.headings.contents import are_settled, is_settled_header, may_be_customer_numbers
from arfeed.tables.headings.document_words import (
    CLOSED_TEXT,
    CREDIT_TEXT,
    PAYMENT_TEXT,
    RECEIVED,
    TERMS_HEADER,
    TERMS_TEXT,
    are_yes_and_no,
    credit_beginnings,
    credit_posting_keys,
    find_contradicting_flags,
    is_credit_prefix,
    is_ended_header,
    is_flag_column,
    is_kind_column,
    is_no,
    is_no_debt_prefix,
    is_of_trade,
    is_raised_flag,
    is_status_column,
    is_yes,
    kind_of,
    status_of,
)
from arfeed.tables.headings.sign_words import find_lowering_letters

_ENOUGH = 20_000
"""Rows that tell whether numbers are those of customers."""

_ZERO = r"^\D*0[0.,]*\D*$"
"""An amount or a placeholder of nothing, such as `0.00` or `€ 0,00`."""


def unread_columns(case: Case) -> Iterator[Doubt]:
    """Yield columns that nobody named, with the words by which they contradict that a row is open, or is a debt.

    These are columns of a status, flags such as `Is credit`, and columns of a kind of document.
    """
    has_status, has_kind = "status" in case.headers, "kind" in case.headers
    # Beside a status that is read, only words count that say that nothing is owed.
    fine = ("open", None) if has_status else ("open",)
    for name, words in case.words.items():
        is_status = is_status_column(name, words)
        if is_status:
            contradicts = find_contradicting_flags(name, words) or (lambda word: status_of(word) not in fine)
            found = case.count(name, case.owed, contradicts)
            how = "columns.status = {column}, with `values.status` for its words"
            yield from _name_column(name, found, "that would be reported as owed", how)
        if is_flag_column(name, words) and (has_status or not is_status):
            found = case.count(name, case.owed, is_yes)
            how = "columns.status or columns.kind = {column}, with `values` for its words, or leave such rows out"
            yield from _name_column(name, found, "that would be reported as owed", how)
        if is_raised_flag(name, words):
            found = case.count(name, case.owed, is_no)
            how = "columns.status = {column}, with `values.status` for its words, or leave such rows out"
            yield from _name_column(name, found, "that would be reported as owed", how)
        if is_kind_column(name, words) and not has_kind:
            found = case.count(name, case.debts, _is_another_kind)
            how = (
                "columns.kind = {column}, with `values.kind` for its words and `credits_positive` if they have no sign"
            )
            yield from _name_column(name, found, "that would be reported as debts", how)


def _is_another_kind(word: str) -> bool:
    return kind_of(word) != "invoice" and not is_of_trade(word)


def _name_column(name: str, found: Mapping[str, int], of: str, how: str) -> Iterator[Doubt]:
    if found:
        named = how.format(column=quote(name))
        said = f"the column {name!r} is not mapped, but has {list_words(found)} in rows {of}. Map it: {named}"
        yield Doubt(said, name, frozenset(found))


def settled_debts(case: Case) -> Iterator[Doubt]:
    """Yield columns of a day of payment, or of what settled an invoice, beside debts with nothing taken off.

    An invoice paid in part may have a day of payment as well; its balance is less than its amount.
    """
    headers = [name for name in case.unused if is_settled_header(name)] if "status" not in case.headers else []
    if not headers:
        return
    amount, balance = case.money("amount"), case.money("balance")
    whole = pc.and_(case.debts, pc.or_kleene(pc.is_null(amount), pc.equal(amount, balance)))
    for name in headers:
        texts = pc.utf8_trim_whitespace(arrow.to_text_array(case.rows[name]))
        count = pc.sum(pc.and_(whole, are_settled(name, texts))).as_py()
        if count:
            yield Doubt(
                f"{begin_doubt(name, count)}: such invoices may be settled. Export without them, or with a column of "
                "what is still owed",
                name,
            )


def ended_debts(case: Case) -> Iterator[Doubt]:
    """Yield columns of the day, document or amount by which some of the debts were taken back, as `Deleted at`.

    What all of them have says nothing of any of them.
    """
    for name in filter(is_ended_header, case.unused):
        # Flags are named by `unread_columns`, and what a balance of totals leaves out by `unused_deductions`.
        if are_yes_and_no(case.words.get(name, ())) or "paid" in case.settings.columns:
            continue
        texts = pc.utf8_trim_whitespace(arrow.to_text_array(case.rows[name]))
        ended = pc.and_(are_settled(name, texts), pc.invert(pc.match_substring_regex(texts, _ZERO)))
        count, every = (pc.sum(where).as_py() or 0 for where in (pc.and_(case.debts, ended), case.debts))
        if 0 < count < every:
            yield Doubt(
                f"{begin_doubt(name, count)}: such invoices may have been taken back. Export without them, or with a "
                "status",
                name,
            )


def untold_signs(case: Case) -> Iterator[Doubt]:
    """Yield columns of letters or SAP's posting keys that may be the sign of amounts without one."""
    if case.settings.sign is not None or {"debit", "credit"} & {*case.settings.columns}:
        return
    for name, words in case.words.items():
        lowers = find_lowering_letters(words) or credit_posting_keys(name, words)
        if lowers and (found := case.count(name, case.debts, lowers.__contains__)):
            listed = ", ".join(quote(word) for word in lowers)
            yield Doubt(
                f"the column {name!r} is not mapped, but has {list_words(found)} beside unsigned amounts: it may mark "
                f"credits. Set sign = {{ column = {quote(name)}, negative = [{listed}] }}, or sign = false",
                name,
                frozenset(found),
            )


def called_by_number(case: Case) -> Iterator[Doubt]:
    """Yield debts that only their numbers call credit notes or pro formas, such as `CN-7` among `INV-6` and `INV-8`.

    A number counts if others begin otherwise: a company may have any letters before all of its numbers.
    """
    if "kind" in case.headers:
        return
    total = pc.sum(case.debts).as_py() or 0
    refs = _beginning(arrow.to_text_array(case.rows["invoice_ref"]), case.debts, credit_beginnings(), most=0.5)
    letters = pc.struct_field(pc.extract_regex(refs, r"^(?P<letters>\p{L}{2,6})(?:[\W_\d])"), "letters")
    counted = pc.value_counts(pc.fill_null(letters, "")).to_pylist()
    for means, of, how in _PREFIXES:
        found = {each["values"]: each["counts"] for each in counted if means(each["values"])}
        if found and 2 * sum(found.values()) < total:
            yield Doubt(
                f"{list_words(found)} begins numbers that would be reported as debts, as it does those of {of}, "
                f"and other numbers do not. {how}"
            )


_PREFIXES = (
    (
        is_credit_prefix,
        "credit notes",
        "If these are credits, export them with a minus sign or with a column of the kind of document, and name it: "
        "columns.kind, with `credits_positive`",
    ),
    (
        is_no_debt_prefix,
        "pro formas, quotes or drafts",
        "If nobody owes these, export without them, or leave them out by the transform `exclude`",
    ),
)


class _Said(NamedTuple):
    """What a text may call a debt, unless a column says it anyway."""

    column: str
    pattern: str
    kind: str
    what: str


_CREDIT = "these are credits, export them with a minus sign, or with a column of the kind of document"
_PAYMENT = "a payment"
_SAID = (
    _Said("kind", CREDIT_TEXT, "a credit note", _CREDIT),
    _Said("kind", PAYMENT_TEXT, _PAYMENT, _CREDIT),
    _Said(
        "status", CLOSED_TEXT, "paid, void or written off", "nobody owes these, export without them, or with a status"
    ),
)


def credits_by_text(case: Case) -> Iterator[Doubt]:
    """Yield columns of a text that calls some debts credit notes or payments, or says that they are none any more."""
    memo = ["memo"] if "memo" in case.headers else []
    # A column of kinds or of a status is named by `unread_columns`.
    known = [name for name, words in case.words.items() if is_kind_column(name, words) or is_status_column(name, words)]
    said = [each for each in _SAID if each.column not in case.headers]
    for name in [*memo, *(name for name in case.unused if name not in known)]:
        texts = _beginning(arrow.to_text_array(case.rows[name]), case.debts, credit_beginnings())
        for _, pattern, kind, what in said:
            called = texts.filter(pc.match_substring_regex(texts, pattern))
            if kind == _PAYMENT:
                called = _without_terms(called, name)
            if len(called):
                header = case.headers.get(name, name)
                begun = (
                    f"the column {header!r} {'is not mapped, but ' * (name not in memo)}calls {len(called):,} of the "
                )
                yield Doubt(
                    f"{begun}rows that would be reported as debts {kind}, such as {called[0].as_py()[:60]!r}. If "
                    f"{what}",
                    header,
                    frozenset([kind]),
                )
                break


def _without_terms(texts: pa.Array, header: str) -> pa.Array:
    """Leave out texts that say how an invoice is to be paid, and not that it was."""
    if re.search(TERMS_HEADER, header):
        return texts[:0]
    terms, received = (pc.match_substring_regex(texts, pattern) for pattern in (TERMS_TEXT, RECEIVED))
    return texts.filter(pc.or_(pc.invert(terms), received))


def _beginning(texts: pa.Array, where: pa.Array, pairs: set[bytes], most: float = 1) -> pa.Array:
    """Return those of some texts that begin with one of these pairs of letters, if at most this share of them does.

    It takes a thirtieth of the time of a regular expression, which is then for few of a million.
    """
    mine = where.to_numpy(zero_copy_only=False)
    found = byte_at(texts, 0).astype(np.uint16) << 8 | byte_at(texts, 1)
    counts = np.bincount(found[mine], minlength=1 << 16)
    wanted = np.zeros(1 << 16, bool)
    wanted[[first << 8 | second for first, second in pairs]] = True
    return texts.take(pa.array(np.flatnonzero((wanted & (counts <= most * counts.sum()))[found] & mine)))


def doubtful_customers(case: Case) -> Iterator[Doubt]:
    """Yield numbers of customers that differ for one name, or are one for several names, in most of the first rows."""
    header = case.headers.get("customer_id")
    if header is None:
        return
    first = case.rows.head(_ENOUGH)
    numbers, names = (arrow.to_text_array(first[name]) for name in ("customer_id", "customer_name"))
    if not may_be_customer_numbers(numbers, names):
        yield Doubt(
            f"the column {header!r} is read as the customers' numbers, and in most cases one name has several of them, "
            "or several names share one. A customer's own reference or an account of the ledger does so; name another "
            "column as `customer_id`, or none"
        )
