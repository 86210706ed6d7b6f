"""Invoices that have moved from one customer to another, and numbers that now stand for another document."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from arfeed.model import arrow
from arfeed.model.results import Objection
from arfeed.planning.changes.stayed import Mask, Stayed, as_mask, count_distinct
from arfeed.planning.wording import format_money, name_first, pluralize

_LEGAL_FORMS = (
    r"\b(limited|ltd|llc|llp|inc|incorporated|corp|corporation|company|co|plc|gmbh|mbh|ag|kg|ohg|ug|ek|se|sa|sarl|sas|"
    r"srl|sl|spa|bv|nv|ab|as|oy|aps|pty|lda|and)\b"
)
"""Words that one system writes and another leaves out, in a name in lower case and without dots (RE2)."""

_CUSTOMER = ("customer_id", "customer_name", "customer_email")

_LATER = 60
"""A customer's document that is dated over this many days later, with another amount, is another one.

A date is corrected by days, or by a month that was mistyped; numbers that start again every quarter or year come back
to a regular customer after about 90 days or more.
"""

_RENAMED_AT_ONCE = 50
"""At most one customer in this many, and one in a small feed, may be renamed at once; more look like another list."""


def find_reused_numbers(found: Stayed) -> Mask:
    """Return where a number stands for another document: another customer's, or a much later one of the same."""
    # A moved customer, a corrected date or a corrected amount each happens to one document. All three at once do not,
    # nor does a date so much later together with another amount, whoever the customer is.
    another = (_has_other_customer(found) & found.differs("issued_on")) | (found.days_moved("issued_on") > _LATER)
    if not another.any():
        return another
    billed = found.differs("amount")
    # Some sources state no amounts. Balances move by themselves, but together with the others they tell enough.
    unknown = as_mask(pc.or_(pc.is_null(found.now("amount")), pc.is_null(found.before("amount"))))
    return another & np.where(unknown, found.differs("balance"), billed)


def object_to_reused_numbers(found: Stayed, reused: Mask) -> Iterator[Objection]:
    """Object to numbers that stand for another document."""
    if count := int(reused.sum()):
        other = reused & _has_other_customer(found)
        kinds = [
            (int(other.sum()), "with a different customer, date and amount"),
            (
                int((reused & ~other).sum()),
                f"with the same customer, a date over {_LATER} days later and a different amount",
            ),
        ]
        said = [words if some == count else f"{some:,} {words}" for some, words in kinds if some]
        yield Objection(
            "number-reused",
            f"{pluralize(count, 'number')} now {'stands' if count == 1 else 'stand'} for a different document, "
            f"{' and '.join(said)}: {found.worst(reused, lambda row: _show_document(found, row))}. The receiver would "
            "put the new document in the place of the old one, whose debt would be gone. If numbers start again every "
            "year, or in every company, add what tells them apart, as with the transform `rename`; approve if the old "
            "documents are settled",
            found.refs(reused),
        )


def object_to_other_customers(found: Stayed, reused: Mask) -> Iterator[Objection]:
    """Object to invoices that now belong to another customer, and to names or emails that moved between customers."""
    # A reused number has its own objection, which states more: the old document's debt would be gone.
    moved = _has_other_customer(found) & ~reused
    if moved.any():
        moved &= ~_find_renamed(found, moved)
    parts = [(moved, "now of a different customer", "")] if moved.any() else []
    kept = ~found.differs("customer_id")
    # In a feed of two customers both may get new addresses on one day; that both get new names is worth a question.
    for column, what, fewest in (("customer_name", "name", 2), ("customer_email", "email", 3)):
        strayed = _find_strayed(found, column, kept, fewest)
        if strayed.any():
            parts.append((strayed, f"with the same customer number and a different {what}", column))
    if parts:
        said = "; ".join(
            f"{pluralize(int(where.sum()), 'invoice')} {what}: "
            + found.worst(where, lambda row, column=column: _show_customers(found, row, column))  # type: ignore[misc]
            for where, what, column in parts
        )
        yield Objection(
            "customer-changed",
            f"customers are not those of the last report: {said}. A column may have been sorted or filled by itself, "
            "or this may be another company's list. Compare these with the source; approve if they are right",
            found.refs(np.logical_or.reduce([where for where, *_ in parts])),
        )


def note_renamings(found: Stayed | None) -> Iterator[str]:
    """Yield a note on customers who are known by name only and have a new name on all of their invoices."""
    if found is None:
        return
    moved = _has_other_customer(found) & ~find_reused_numbers(found)
    renamed = _find_renamed(found, moved) if moved.any() else moved
    if renamed.any():
        names = pc.unique(_join_pairs(found.before("customer_name"), found.now("customer_name"), renamed, " → "))
        yield (
            f"taken for {pluralize(len(names), 'renamed customer')}, since every invoice of theirs has the new name: "
            f"{name_first(names.to_pylist())}. The receiver may take each for a new customer"
        )


def _has_other_customer(found: Stayed) -> Mask:
    """Return where the customer is another one; if only names are known, a different spelling does not count."""
    other = found.differs("customer_id")
    if other.any():
        other &= ~(_is_known_by_name(found) & _is_spelled_alike(found))
    return other


def _find_renamed(found: Stayed, moved: Mask) -> Mask:
    """Return where a customer known by name has been renamed, or given a number: all of it at once, and nothing else.

    The old name is gone, the new one was not there, and there is more to go by than a single row: a second one, the
    same email, or the same name beside the new number.
    """
    nothing = np.zeros(len(moved), bool)
    got_number = as_mask(pc.equal(found.before("customer_id"), found.before("customer_name"))) & _is_spelled_alike(
        found
    )
    candidates = moved & (_is_known_by_name(found) | got_number)
    pairs = _join_pairs(found.before("customer_id"), found.now("customer_id"), candidates, "\x1f")
    counts = {pair["values"]: pair["counts"] for pair in pc.value_counts(pairs).to_pylist()}
    customers = pc.count_distinct(pa.array(found.last["customer_id"])).as_py()
    # Many customers renamed in one day are not renamings but a column that slipped, or another company's list.
    if len(counts) > max(1, customers / _RENAMED_AT_ONCE):
        return nothing
    split = [pair.split("\x1f") for pair in counts]
    olds, news = pa.array([old for old, _ in split]), pa.array([new for _, new in split])
    # Two old names that become one, or one that becomes two, may be a merger; a renaming is one to one.
    if len(pc.unique(olds)) < len(olds) or len(pc.unique(news)) < len(news):
        return nothing
    still, there = (
        as_mask(pc.is_in(names.cast(pa.large_string()), value_set=arrow.to_text_array(frame["customer_id"])))
        for names, frame in ((olds, found.plan.report), (news, found.last))
    )
    same_email = _has_stayed(found, "customer_email")
    result = nothing
    for place, count in enumerate(counts.values()):
        mine = candidates & as_mask(pc.equal(found.before("customer_id"), olds[place]))
        known = count > 1 or bool((same_email | got_number)[mine].all())
        # If the old name is still used, or the new one was already, invoices have gone from one customer to another.
        if known and not still[place] and not there[place]:
            result = result | mine
    return result


def _find_strayed(found: Stayed, column: str, kept: Mask, fewest: int) -> Mask:
    """Return where a customer number now has another customer's name or email, or nearly all have a different one.

    A value has strayed if another customer has lost it at the same time: an address that a group of companies begins
    to share is lost by nobody. One customer may be corrected; two that exchange theirs are asked about.
    """
    # A blank that is filled, or emptied, is upkeep of the customer's record.
    filled = _is_filled(found.now(column)) & _is_filled(found.before(column))
    other = kept & found.differs(column) & filled
    if not other.any():
        return other
    strayed = other & _is_taken_over(found, column, other)
    if column == "customer_name" and (mixed := other & _is_mixed(found, other)).any():
        return strayed | mixed
    if all(count_distinct(found.now(name), strayed) >= 2 for name in ("customer_id", column)):
        return strayed
    if column == "customer_name":
        other &= ~_is_spelled_alike(found)
    sizes, nearly_all = found.sizes(["source"]), np.zeros(len(other), bool)
    for group, mine in found.groups(["source"]):
        theirs = other & mine
        if theirs.sum() * 2 > sizes[group] and count_distinct(found.now("customer_id"), theirs) >= fewest:
            nearly_all |= theirs
    return nearly_all


def _is_taken_over(found: Stayed, column: str, other: Mask) -> Mask:
    """Return where a customer now has a value that another customer has lost."""
    chosen = pa.array(other)
    customers = found.before("customer_id").filter(chosen).dictionary_encode()
    values = found.before(column).filter(chosen).dictionary_encode()
    ids, lost = np.asarray(customers.indices), np.asarray(values.indices)
    # The lowest and highest loser of each value tell, without a loop, whether anybody but the customer itself lost
    # it.
    losers = pd.Series(ids).groupby(lost)
    lowest, highest = losers.min().to_numpy(), losers.max().to_numpy()
    gained = pc.fill_null(pc.index_in(found.now(column).filter(chosen), value_set=values.dictionary), -1)
    places = np.asarray(gained)
    result = np.zeros(len(other), bool)
    result[np.flatnonzero(other)] = (places >= 0) & ((lowest[places] != ids) | (highest[places] != ids))
    return result


def _is_mixed(found: Stayed, other: Mask) -> Mask:
    """Return where a customer number has another number's name, and still its own, the only one it had, elsewhere.

    Where it has no other invoice, the email must be the other number's as well: a group's company may take its name.
    """
    chosen = pa.array(other)
    now = [found.now(name).filter(chosen) for name in _CUSTOMER]
    last = [arrow.to_text_array(found.last[name]) for name in _CUSTOMER]
    some = pc.or_(*(pc.is_in(column, value_set=values) for column, values in zip(last[:2], now[:2], strict=True)))
    before = pa.table([column.filter(some) for column in last], names=[*_CUSTOMER]).group_by([*_CUSTOMER]).aggregate([])
    had, owners = defaultdict(set), defaultdict(set)
    for identity, name, email in zip(*(before[name].to_pylist() for name in _CUSTOMER), strict=True):
        had[identity].add(name)
        owners[name].add((identity, email))
    still = arrow.filter_rows(found.plan.report, arrow.is_in(found.plan.report["customer_id"], pd.Series(now[0])))
    there = {*zip(still["customer_id"], still["customer_name"], strict=True)}
    new_email = found.differs("customer_email")[other] & _is_filled(now[2])
    result = np.zeros(len(other), bool)
    result[other] = [
        len(had[identity]) == 1
        and any(
            owner != identity and ((identity, *had[identity]) in there or (moved and theirs == email))
            for owner, theirs in owners[name]
        )
        for identity, name, email, moved in zip(*(column.to_pylist() for column in now), new_email, strict=True)
    ]
    return result


def _is_known_by_name(found: Stayed) -> Mask:
    """Return where the source states no customer number, so that the name stands in for it."""
    now = pc.equal(found.now("customer_id"), found.now("customer_name"))
    return as_mask(pc.and_(now, pc.equal(found.before("customer_id"), found.before("customer_name"))))


def _is_spelled_alike(found: Stayed) -> Mask:
    """Return where a name is the old one except for letter case, accents, blanks, punctuation and legal form."""
    now, before = (_simplify(names) for names in (found.now("customer_name"), found.before("customer_name")))
    return as_mask(pc.equal(now, before))


def _simplify(names: pa.Array) -> pa.Array:
    # Each name is simplified once, not once for each of its invoices.
    encoded = names.dictionary_encode()
    lowered = pc.utf8_lower(pc.utf8_normalize(encoded.dictionary, form="NFKD"))
    letters = pc.replace_substring_regex(lowered, r"[\p{Mn}.'’]", "")
    words = pc.replace_substring_regex(letters, r"[^\p{L}\p{N}]+", " ")
    bare = pc.replace_substring_regex(pc.replace_substring_regex(words, _LEGAL_FORMS, ""), " ", "")
    # A company may be called by nothing but such words ("Company & Co"); all of those would be one name otherwise.
    return pc.if_else(pc.equal(bare, ""), lowered, bare).take(encoded.indices)


def _is_filled(texts: pa.Array) -> Mask:
    return as_mask(pc.not_equal(texts, ""))


def _has_stayed(found: Stayed, column: str) -> Mask:
    """Return where a column is filled and unchanged."""
    return _is_filled(found.now(column)) & ~found.differs(column)


def _join_pairs(one: pa.Array, other: pa.Array, where: Mask, by: str) -> pa.Array:
    chosen = pa.array(where)
    return pc.binary_join_element_wise(one.filter(chosen), other.filter(chosen), pa.scalar(by, pa.large_string()))


def _show_customers(found: Stayed, row: int, column: str) -> str:
    """Describe who had an invoice and who has it now, or a customer number's name or email before and now."""
    ref = found.now("invoice_ref")[row].as_py()
    if column:
        customer = found.now("customer_id")[row].as_py()
        return f"{ref} of {customer}: {found.before(column)[row].as_py()} → {found.now(column)[row].as_py()}"
    return f"{ref} {_show_customer(found, 'before', row)} → {_show_customer(found, 'now', row)}"


def _show_customer(found: Stayed, when: str, row: int) -> str:
    column = found.before if when == "before" else found.now
    identity, name = column("customer_id")[row].as_py(), column("customer_name")[row].as_py()
    return str(name) if identity == name else f"{name} ({identity})"


def _show_document(found: Stayed, row: int) -> str:
    both = []
    for when, column in (("before", found.before), ("now", found.now)):
        currency = column("currency")[row].as_py()
        billed = column("amount")[row].as_py()
        amount = column("balance")[row].as_py() if billed is None else billed
        both.append(
            f"{_show_customer(found, when, row)} {format_money(amount, currency)} of {column('issued_on')[row].as_py()}"
        )
    return f"{found.now('invoice_ref')[row].as_py()}: {' → '.join(both)}"
