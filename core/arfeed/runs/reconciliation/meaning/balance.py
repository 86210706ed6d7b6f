"""Which column holds what is still owed: the one that agrees may be the total, and the news be in another."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from arfeed.model import arrow, schema
from arfeed.model.legible import quote
from arfeed.runs.reconciliation.meaning.closing import is_flag
from arfeed.runs.reconciliation.meaning.evidence import AGREES, DISAGREES, count_true
from arfeed.runs.reconciliation.meaning.search import Search
from arfeed.runs.reconciliation.meaning.words import NO_MONEY, OF_TAXES, PAID
from arfeed.tables.headings.balances import SIDES
from arfeed.tables.headings.normalize import header_words, normalize_header
from arfeed.tables.values.amounts import MONEY, WIDE, parse_money
from arfeed.tables.values.dates import ORDERS, parse_dates


def find_balance(search: Search) -> None:
    """Take the column of balances, or a total and what was paid of it; ask if another amount may be what is open."""
    if {"balance", "debit", "paid"} & search.found.columns.keys():
        return
    evidence = search.evidence
    found = {name: evidence.agreement("balance", name) for name in search.free()}
    agreeing = {name: share for name, share in found.items() if share is not None}
    good = [name for name, share in agreeing.items() if share >= AGREES]
    named = search.named("balance")
    if named is None and _take_sides(search):
        return
    several = [name for name in evidence.proposal.several.get("balance", ()) if name in agreeing]
    header, rivals = None, []
    if named is not None and named in agreeing and not (agreeing[named] < DISAGREES and good):
        header = named
    elif several and len([name for name in several if name in good]) == 1:
        header = next(name for name in several if name in good)
        rivals = _rivals(search, header, several)
    elif not several and named is None and len(evidence.distinct(good)) == 1:
        # It agrees best, but its heading does not say that it is what is open: that may be another column.
        header = good[0]
        rivals = _rivals(search, header, _of_money(search, header))
    if header and rivals and _are_ages(search, header, rivals):
        rivals = []
    if header is None or rivals:
        asked = [header, *rivals] if header else [*several, *good] or [*agreeing] or search.free()
        header = _ask(search, header, rivals, asked)
    if header:
        search.take("balance", header, evidence.agreed(agreeing.get(header)))


def _take_sides(search: Search) -> bool:
    """Take a column of debits and one of credits if what is left of them is what was sent."""
    evidence, free = search.evidence, {normalize_header(name): name for name in search.free()}
    for debit, credit in SIDES.items():
        if debit not in free or credit not in free or not len(evidence.rows):
            continue
        more, less = free[debit], free[credit]
        way = max(evidence.ways("balance"), key=lambda way: evidence.agreeing("balance", more, way))
        left = pc.subtract(_amounts(search, more, way), _amounts(search, less, way))
        sent = arrow.as_single_chunk(pa.array(evidence.invoices["balance"]))
        share = count_true(pc.equal(pc.cast(left, WIDE), pc.cast(sent, WIDE))) / len(evidence.rows)
        if share >= AGREES:
            search.take("debit", more, f"less {less!r} {evidence.agreed(share)}")
            search.take("credit", less, f"what lowers {more!r}")
            return True
    return False


def _amounts(search: Search, header: str, way: str | None) -> pa.Array:
    """Return a column's amounts in the paired rows, 0 where it has none."""
    return pc.fill_null(parse_money(search.evidence.paired(header), way).values, pa.scalar(0, MONEY))


_AGES = re.compile(
    r"^(?:days? )?(?:\d+ \d+|(?:over|more than|uber|mehr als|plus de|oltre|meer dan|mas de|from|ab)? ?\d+)"
    r"(?: ?(?:days?|tage?n?|jours?|dias?|giorni|dagen|d|and over|and above|plus))*(?: (?:overdue|past due))?$"
)
_NOT_LATE = frozenset(
    (  # noqa: SIM905 - many quoted words are harder to read
        "current;not due;not yet due;future;older;nicht fallig;noch nicht fallig;non echu;a scadere;niet vervallen"
    ).split(";")
)


def _are_ages(search: Search, header: str, rivals: Sequence[str]) -> bool:
    """Whether the other amounts are this one by its age: columns of days that add up to it in every row."""
    if not all(map(_is_age, rivals)) or not any(_AGES.match(normalize_header(name)) for name in rivals):
        return False
    evidence = search.evidence
    way = max(evidence.ways("balance"), key=lambda way: evidence.agreeing("balance", header, way))
    # Some may not have been taken for money before.
    ages = [name for name in search.free() if name in rivals or (name != header and _is_age(name))]
    added = functools.reduce(pc.add, (_amounts(search, name, way) for name in ages))
    return bool(pc.all(pc.equal(pc.cast(added, WIDE), pc.cast(_amounts(search, header, way), WIDE))).as_py())


def _is_age(header: str) -> bool:
    name = normalize_header(header)
    return name in _NOT_LATE or _AGES.match(name) is not None


def _of_money(search: Search, header: str) -> list[str]:
    """Return the free columns that may hold an amount beside another, whatever it is of."""
    proposal = search.evidence.proposal
    others = [taken for name, taken in proposal.columns.items() if name not in schema.MONEY]
    called = proposal.called.get("balance", ())
    free = [name for name in search.free() if name != header and name not in others and not is_flag(search, name)]
    return [name for name in free if name in called or _may_be_money(search, name, header)]


def _may_be_money(search: Search, header: str, beside: str) -> bool:
    evidence, words = search.evidence, header_words(header)
    if words & NO_MONEY or (words and words <= OF_TAXES) or evidence.agreement("balance", header) is None:
        return False
    given = evidence.filled(header)
    if any(not pc.any(parse_dates(given, order, declared=True).wrong).as_py() for order in ORDERS):
        return False
    if normalize_header(header) in PAID:
        return bool(pc.any(pc.match_substring_regex(given, "[1-9]")).as_py())
    # Days overdue and the like: whole numbers beside cents, none of them nothing, and none what was sent.
    whole = pc.all(pc.match_substring_regex(given, "^[1-9][0-9]*$")).as_py()
    cents = pc.any(pc.match_substring_regex(evidence.texts[beside], r"[.,]\d\d?$")).as_py()
    return not (whole and cents and not evidence.agreement("balance", header))


def _rivals(search: Search, header: str, others: Sequence[str]) -> list[str]:
    """Return those of the other columns that have another amount than this one for an invoice that was sent.

    What was paid is one in any case: if all of it was, it is the same amount, and nothing is open.
    """
    apart = [name for name in others if name != header]
    return [name for name in apart if normalize_header(name) in PAID or _count_others(search, header, name)]


def _count_others(search: Search, header: str, other: str) -> int:
    """Return in how many paired rows another column has another amount, or none."""
    evidence = search.evidence
    way = max(evidence.ways("balance"), key=lambda way: evidence.agreeing("balance", header, way))
    mine, its = (pc.abs(parse_money(evidence.paired(name), way).values) for name in (header, other))
    same = pc.or_(pc.fill_null(pc.equal(mine, its), fill_value=False), pc.and_(pc.is_null(mine), pc.is_null(its)))
    return count_true(pc.invert(same))


def _ask(search: Search, header: str | None, rivals: Sequence[str], headers: Sequence[str]) -> str | None:
    """Ask for the balance; return None if it is what is left of two columns, which are taken then."""
    if header is None or not rivals:
        return search.ask("balance", headers)
    evidence = search.evidence
    found = f"{header!r}: {evidence.agreed(evidence.agreement('balance', header))}; but "
    found += ", ".join(f"{name!r} has another amount in {_count_others(search, header, name):,}" for name in rivals)
    paid = next((name for name in rivals if normalize_header(name) in PAID), None)
    if paid is None:
        return search.ask("balance", headers, found)
    less = f"{header} less {paid}"
    instead = f"columns = {{ amount = {quote(header)}, paid = {quote(paid)} }} there if it is {less}"
    answer = search.ask("balance", [*headers, less], found, instead)
    if answer != less:
        return answer
    search.take("amount", header, "as you said")
    search.take("paid", paid, "as you said")
    return None
