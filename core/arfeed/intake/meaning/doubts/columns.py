"""Columns that nobody named, and that say that a row is not the debt it would be reported as."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from arfeed.intake.meaning.doubts.case import Case, list_words
from arfeed.model import arrow
from arfeed.model.results import Doubt
from arfeed.model.text.characters import byte_at
from arfeed.model.text.legible import quote
from arfeed.tables.headings.contents import may_be_customer_numbers
from arfeed.tables.headings.document_words import (
    CREDIT_TEXT,
    credit_beginnings,
    credit_posting_keys,
    find_contradicting_flags,
    is_credit_prefix,
    is_flag_column,
    is_kind_column,
    is_of_trade,
    is_status_column,
    is_yes,
    kind_of,
    status_of,
)
from arfeed.tables.headings.sign_words import find_lowering_letters

_ENOUGH = 20_000
"""Rows that tell whether numbers are those of customers."""


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
            yield from _name_column(name, found, "of what would be reported as owed", how)
        if is_flag_column(name, words) and (has_status or not is_status):
            found = case.count(name, case.owed, is_yes)
            how = "columns.status or columns.kind = {column}, with `values` for its words, or leave such rows out"
            yield from _name_column(name, found, "of what would be reported as owed", how)
        if is_kind_column(name, words) and not has_kind:
            found = case.count(name, case.debts, _is_another_kind)
            how = (
                "columns.kind = {column}, with `values.kind` for its words and `credits_positive` if they have no sign"
            )
            yield from _name_column(name, found, "of rows that would be reported as debts", how)


def _is_another_kind(word: str) -> bool:
    return kind_of(word) != "invoice" and not is_of_trade(word)


def _name_column(name: str, found: Mapping[str, int], of: str, how: str) -> Iterator[Doubt]:
    if found:
        named = how.format(column=quote(name))
        said = f"the column {name!r} is not used and says {list_words(found)} {of}. Name it: {named}"
        yield Doubt(said, name, frozenset(found))


def untold_signs(case: Case) -> Iterator[Doubt]:
    """Yield columns of letters or SAP's posting keys that may be the sign of amounts without one."""
    if case.settings.sign is not None or {"debit", "credit"} & {*case.settings.columns}:
        return
    for name, words in case.words.items():
        lowers = find_lowering_letters(words) or credit_posting_keys(name, words)
        if lowers and (found := case.count(name, case.debts, lowers.__contains__)):
            listed = ", ".join(quote(word) for word in lowers)
            yield Doubt(
                f"the column {name!r} is not used and has {list_words(found)} beside amounts without a sign: it may "
                f"say what lowers a debt. Set sign = {{ column = {quote(name)}, negative = [{listed}] }}, or "
                "sign = false",
                name,
                frozenset(found),
            )


def credits_by_number(case: Case) -> Iterator[Doubt]:
    """Yield debts that only their numbers call credit notes, such as `CN-7` among `INV-6` and `INV-8`.

    A number counts if others begin otherwise: a company may have any letters before all of its numbers.
    """
    if "kind" in case.headers:
        return
    total = pc.sum(case.debts).as_py() or 0
    refs = _beginning(arrow.to_text_array(case.rows["invoice_ref"]), case.debts, credit_beginnings(), most=0.5)
    letters = pc.struct_field(pc.extract_regex(refs, r"^(?P<letters>\p{L}{2,6})(?:[\W_\d])"), "letters")
    counted = pc.value_counts(pc.fill_null(letters, "")).to_pylist()
    found = {each["values"]: each["counts"] for each in counted if is_credit_prefix(each["values"])}
    if found and 2 * sum(found.values()) < total:
        yield Doubt(
            f"{list_words(found)} of what would be reported as debts begins a number as those of credit notes do, and "
            "other numbers do not. If these are credits, export them with a minus sign or with a column of the kind "
            "of document, and name it: columns.kind, with `credits_positive`"
        )


def credits_by_text(case: Case) -> Iterator[Doubt]:
    """Yield columns of a free text that calls some debts credit notes, if no column says the kind of document."""
    if "kind" in case.headers:
        return
    for name in (name for name in case.unused if name not in case.words):
        texts = _beginning(arrow.to_text_array(case.rows[name]), case.debts, credit_beginnings())
        called = texts.filter(pc.match_substring_regex(texts, CREDIT_TEXT))
        if len(called):
            yield Doubt(
                f"the column {name!r} is not used and calls {len(called):,} of what would be reported as debts a "
                f"credit note, such as {called[0].as_py()[:60]!r}. If these are credits, export them with a minus "
                "sign, or with a column of the kind of document",
                name,
            )


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
