"""Which column holds what is still owed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from arfeed.model import arrow
from arfeed.runs.reconciliation.meaning.evidence import AGREES, DISAGREES, count_true
from arfeed.tables.headings.balances import SIDES
from arfeed.tables.headings.normalize import normalize_header
from arfeed.tables.headings.synonyms import USUAL
from arfeed.tables.values.amounts import MONEY, WIDE, parse_money

if TYPE_CHECKING:
    from arfeed.runs.reconciliation.meaning.search import Search


def find_balance(search: Search) -> None:
    """Take the column of balances, or a column of debits and one of credits; ask if several may be it.

    Any other amount is accounted for later, or asked about.
    """
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
    called = [name for name in several if name in good]
    if named in agreeing and not (agreeing[named] < DISAGREES and good):
        header = named
    elif len(called) == 1:
        header = called[0]
    elif not several and named is None and len(totals := evidence.distinct(filter(_is_total, good))) == 1:
        header = totals[0]
    else:
        # What was paid agrees as well if all of it was, whatever its heading is.
        said = "; ".join(f"{name!r}: {evidence.describe_agreement(agreeing[name])}" for name in good)
        header = search.ask("balance", [*several, *good, *agreeing] or search.free(), said)
    search.take("balance", header, evidence.describe_agreement(agreeing.get(header)))


def _is_total(header: str) -> bool:
    return normalize_header(header) in USUAL["amount"]


def _take_sides(search: Search) -> bool:
    """Take a column of debits and one of credits if what is left of them is what was sent."""
    evidence, free = search.evidence, {normalize_header(name): name for name in search.free()}
    for debit, credit in SIDES.items():
        if debit not in free or credit not in free or not len(evidence.rows):
            continue
        more, less = free[debit], free[credit]
        way = max(evidence.ways("balance"), key=lambda way: evidence.count_agreeing("balance", more, way))
        left = pc.subtract(_amounts(search, more, way), _amounts(search, less, way))
        sent = arrow.as_single_chunk(pa.array(evidence.invoices_of("balance")))
        share = count_true(pc.equal(pc.cast(left, WIDE), pc.cast(sent, WIDE))) / len(evidence.rows)
        if share >= AGREES:
            search.take("debit", more, f"less {less!r} {evidence.describe_agreement(share)}")
            search.take("credit", less, f"what lowers {more!r}")
            return True
    return False


def _amounts(search: Search, header: str, way: str | None) -> pa.Array:
    """Return a column's amounts in the paired rows, 0 if it has none."""
    return pc.fill_null(parse_money(search.evidence.take_paired(header), way).values, pa.scalar(0, MONEY))
