"""Invoices that have passed from one customer to another, or whose number stands for another document now."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from arfeed.model import arrow
from arfeed.model.results import Objection
from arfeed.planning.changes.stayed import Mask, Stayed, truths
from arfeed.planning.wording import counted, money, named

_LEGAL_FORMS = (
    r"\b(limited|ltd|llc|llp|inc|incorporated|corp|corporation|company|co|plc|gmbh|mbh|ag|kg|ohg|ug|ek|se|sa|sarl|sas|"
    r"srl|sl|spa|bv|nv|ab|as|oy|aps|pty|lda|and)\b"
)
"""What is written in one place and left out in another, once a name is in small letters and has no dots (RE2)."""

_RENAMED_AT_ONCE = 50
"""One customer in so many, and one in a small feed, may be renamed at once before it looks like another list."""


def number_reused(found: Stayed) -> Iterator[Objection]:
    """Object to numbers that stand for another document: customer, date and amount all differ."""
    reused = _reused(found)
    if count := int(reused.sum()):
        yield Objection(
            "number-reused",
            f"{counted(count, 'number')} now {'stands' if count == 1 else 'stand'} for another document, with another "
            f"customer, date and amount: {found.worst(reused, lambda row: _document(found, row))}. The receiver would "
            "put the new document in the place of the old one, whose debt would be gone. If numbers start again every "
            "year, or in every company, add what tells them apart, as with the transform `rename`; approve if the old "
            "documents are settled",
            found.refs(reused),
        )


def customer_changed(found: Stayed) -> Iterator[Objection]:
    """Object to invoices that belong to another customer, and to names or emails that have left their customers."""
    moved = _other_customer(found) & ~_reused(found)
    if moved.any():
        moved &= ~_renaming(found, moved)
    parts = [(moved, "of another customer", "")] if moved.any() else []
    kept = ~found.differs("customer_id")
    for column, what, fewest in (("customer_name", "name", 2), ("customer_email", "email", 3)):
        strayed = _strayed(found, column, kept, fewest)
        if strayed.any():
            parts.append((strayed, f"of the same customer number with another {what}", column))
    if parts:
        said = "; ".join(
            f"{counted(int(where.sum()), 'invoice')} {what}: "
            + found.worst(where, lambda row, column=column: _customers(found, row, column))  # type: ignore[misc]
            for where, what, column in parts
        )
        yield Objection(
            "customer-changed",
            f"customers are not those of the last report: {said}. A column may have been sorted or filled by itself, "
            "or this may be another company's list. Compare these with the source; approve if they are right",
            found.refs(np.logical_or.reduce([where for where, *_ in parts])),
        )


def renaming_note(found: Stayed | None) -> Iterator[str]:
    """Yield a note on customers that have another name everywhere at once, where names are all that is known."""
    if found is None:
        return
    moved = _other_customer(found) & ~_reused(found)
    renamed = _renaming(found, moved) if moved.any() else moved
    if renamed.any():
        names = pc.unique(_joined(found.before("customer_name"), found.now("customer_name"), renamed, " → "))
        yield (
            f"taken for {counted(len(names), 'renamed customer')}, since every invoice of theirs has the new name: "
            f"{named(names.to_pylist())}. The receiver may take each for a new customer"
        )


def _other_customer(found: Stayed) -> Mask:
    """Where the customer is another, and not only spelled otherwise where the name is all that is known."""
    other = found.differs("customer_id")
    if other.any():
        other &= ~(_known_by_name(found) & _spelled_alike(found))
    return other


def _reused(found: Stayed) -> Mask:
    other = _other_customer(found) & found.differs("issued_on")
    if not other.any():
        return other
    billed = found.differs("amount")
    unknown = truths(pc.or_(pc.is_null(found.now("amount")), pc.is_null(found.before("amount"))))
    return other & np.where(unknown, found.differs("balance"), billed)


def _renaming(found: Stayed, moved: Mask) -> Mask:
    """Return where a customer known by name has been renamed, or given a number: all of it at once, and nothing else.

    The old name is gone, the new one was not there, and there is more to go by than a single row: a second one, the
    same email, or the same name beside the new number.
    """
    nothing = np.zeros(len(moved), bool)
    got_number = truths(pc.equal(found.before("customer_id"), found.before("customer_name"))) & _spelled_alike(found)
    candidates = moved & (_known_by_name(found) | got_number)
    pairs = _joined(found.before("customer_id"), found.now("customer_id"), candidates, "\x1f")
    counts = {pair["values"]: pair["counts"] for pair in pc.value_counts(pairs).to_pylist()}
    customers = pc.count_distinct(pa.array(found.last["customer_id"])).as_py()
    if not 0 < len(counts) <= max(1, customers // _RENAMED_AT_ONCE):
        return nothing
    split = [pair.split("\x1f") for pair in counts]
    olds, news = pa.array([old for old, _ in split]), pa.array([new for _, new in split])
    if len(pc.unique(olds)) < len(olds) or len(pc.unique(news)) < len(news):
        return nothing
    still, there = (
        truths(pc.is_in(names.cast(pa.large_string()), value_set=arrow.to_text_array(frame["customer_id"])))
        for names, frame in ((olds, found.plan.report), (news, found.last))
    )
    same_email = _stays(found, "customer_email")
    result = nothing
    for place, (old, count) in enumerate(zip(olds.to_pylist(), counts.values(), strict=True)):
        mine = candidates & truths(pc.equal(found.before("customer_id"), old))
        known = count > 1 or bool((same_email | got_number)[mine].all())
        if known and not still[place] and not there[place]:
            result = result | mine
    return result


def _strayed(found: Stayed, column: str, kept: Mask, fewest: int) -> Mask:
    """Return where a customer's number has got another customer's name or email, or nearly everybody another one.

    A value has strayed if another customer has lost it meanwhile: an address that a group of companies shares from
    now on is lost by nobody. One customer may be corrected; two that exchange theirs are asked about.
    """
    filled = _filled(found.now(column)) & _filled(found.before(column))
    other = kept & found.differs(column) & filled
    if not other.any():
        return other
    strayed = other & _taken_over(found, column, other)
    if _several(found, "now", "customer_id", strayed) >= 2 and _several(found, "now", column, strayed) >= 2:
        return strayed
    if column == "customer_name":
        other &= ~_spelled_alike(found)
    sizes, nearly_all = found.sizes(["source"]), np.zeros(len(other), bool)
    for group, mine in found.groups(["source"]):
        theirs = other & mine
        if theirs.sum() * 2 > sizes[group] and _several(found, "now", "customer_id", theirs) >= fewest:
            nearly_all |= theirs
    return nearly_all


def _taken_over(found: Stayed, column: str, other: Mask) -> Mask:
    """Return where a customer now has what another customer has lost."""
    chosen = pa.array(other)
    customers = found.before("customer_id").filter(chosen).dictionary_encode()
    values = found.before(column).filter(chosen).dictionary_encode()
    ids, lost = np.asarray(customers.indices), np.asarray(values.indices)
    lowest = np.full(len(values.dictionary), len(customers.dictionary), ids.dtype)
    highest = np.full(len(values.dictionary), -1, ids.dtype)
    np.minimum.at(lowest, lost, ids)
    np.maximum.at(highest, lost, ids)
    gained = pc.fill_null(pc.index_in(found.now(column).filter(chosen), value_set=values.dictionary), -1)
    places = np.asarray(gained)
    result = np.zeros(len(other), bool)
    result[np.flatnonzero(other)] = (places >= 0) & ((lowest[places] != ids) | (highest[places] != ids))
    return result


def _several(found: Stayed, when: str, column: str, where: Mask) -> int:
    values = found.now(column) if when == "now" else found.before(column)
    return int(pc.count_distinct(values.filter(pa.array(where))).as_py())


def _known_by_name(found: Stayed) -> Mask:
    """Where the source states no number of the customer, so that the name stands in its place."""
    now = pc.equal(found.now("customer_id"), found.now("customer_name"))
    return truths(pc.and_(now, pc.equal(found.before("customer_id"), found.before("customer_name"))))


def _spelled_alike(found: Stayed) -> Mask:
    """Where a name is the old one but for letter case, accents, blanks, punctuation and legal form."""
    now, before = (_plain(names) for names in (found.now("customer_name"), found.before("customer_name")))
    return truths(pc.fill_null(pc.equal(now, before), fill_value=False))


def _plain(names: pa.Array) -> pa.Array:
    encoded = names.dictionary_encode()
    lowered = pc.utf8_lower(pc.utf8_normalize(encoded.dictionary, form="NFKD"))
    letters = pc.replace_substring_regex(lowered, r"[\p{Mn}.'’]", "")
    words = pc.replace_substring_regex(letters, r"[^\p{L}\p{N}]+", " ")
    bare = pc.replace_substring_regex(pc.replace_substring_regex(words, _LEGAL_FORMS, ""), " ", "")
    return pc.if_else(pc.equal(bare, ""), lowered, bare).take(encoded.indices)


def _filled(texts: pa.Array) -> Mask:
    return truths(pc.fill_null(pc.not_equal(texts, ""), fill_value=False))


def _stays(found: Stayed, column: str) -> Mask:
    """Where a column is filled and the same as before."""
    return _filled(found.now(column)) & ~found.differs(column)


def _joined(one: pa.Array, other: pa.Array, where: Mask, by: str) -> pa.Array:
    chosen = pa.array(where)
    return pc.binary_join_element_wise(one.filter(chosen), other.filter(chosen), pa.scalar(by, pa.large_string()))


def _customers(found: Stayed, row: int, column: str) -> str:
    """Say who had an invoice and who has it now, or which name or email a customer's number had and has."""
    ref = found.now("invoice_ref")[row].as_py()
    if column:
        customer = found.now("customer_id")[row].as_py()
        return f"{ref} of {customer}: {found.before(column)[row].as_py()} → {found.now(column)[row].as_py()}"
    return f"{ref} {_customer(found, 'before', row)} → {_customer(found, 'now', row)}"


def _customer(found: Stayed, when: str, row: int) -> str:
    column = found.before if when == "before" else found.now
    identity, name = column("customer_id")[row].as_py(), column("customer_name")[row].as_py()
    return str(name) if identity == name else f"{name} ({identity})"


def _document(found: Stayed, row: int) -> str:
    both = []
    for when, column in (("before", found.before), ("now", found.now)):
        currency = column("currency")[row].as_py()
        billed = column("amount")[row].as_py()
        amount = column("balance")[row].as_py() if billed is None else billed
        both.append(f"{_customer(found, when, row)} {money(amount, currency)} of {column('issued_on')[row].as_py()}")
    return f"{found.now('invoice_ref')[row].as_py()}: {' → '.join(both)}"
