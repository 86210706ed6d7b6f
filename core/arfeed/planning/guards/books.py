"""Objections raised by control accounts: list and ledger have come apart, or more has left than was received."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd

from arfeed.model import schema
from arfeed.model.results import Ledger, Objection, Plan
from arfeed.planning.evidence.ledgers import Outflow, has_come_apart
from arfeed.planning.wording import format_money, name_first, refs_of


def object_to_moved_ledgers(plan: Plan) -> Iterator[Objection]:
    """Object if list and control account have come apart since the last delivery.

    If the account is by customer, one customer with missing invoices is enough: what the list has lost for one
    customer it may have gained for another.
    """
    moved = [ledger for ledger in plan.ledgers if has_come_apart(plan, ledger)]
    if moved:
        yield Objection(
            "ledger-moved",
            f"{'; '.join(_show_ledger(ledger) for ledger in moved)}. If the list has lost invoices, export it again, "
            "at the same moment as the control account; approve if the difference has a reason in the books, such as a "
            "payment on account or a journal entry",
            _refs_of(plan, [(ledger.source, ledger.currency) for ledger in moved]),
        )


def _show_ledger(ledger: Ledger) -> str:
    by = ledger.moved or schema.ZERO
    was = (ledger.listed_before or schema.ZERO) - (ledger.account_before or schema.ZERO)
    currency = ledger.currency
    where = ""
    if ledger.customers:
        where = ", at " + name_first(f"{name} ({format_money(amount, currency)})" for name, amount in ledger.customers)
    return (
        f"{ledger.source}: its list totals {format_money(ledger.listed, currency)} and its control account says "
        f"{format_money(ledger.account, currency)}; they differed by {format_money(was, currency)} at the last "
        f"delivery and differ by {format_money(was + by, currency)} now, {format_money(abs(by), currency)} "
        f"{'less' if by < 0 else 'more'} on the list{where}"
    )


def object_to_more_than_was_received(plan: Plan, left: Outflow) -> Iterator[Objection]:
    """Object if more has left the list than was booked as received, credited or written off."""
    for ledger in plan.ledgers:
        # Receipts are counted since the last delivery; without one there is no list from which anything could have
        # left.
        if ledger.received is None or ledger.listed_before is None:
            continue
        gone = left[ledger.source, ledger.currency]
        # Less may leave than was received, since a payment may wait to be assigned. What leaves beyond that, nobody
        # has booked. More may have been taken back than was received; if nothing has left, nothing is lost.
        if gone > max(ledger.received, schema.ZERO):
            yield Objection(
                "more-than-received",
                f"{format_money(gone, ledger.currency)} has gone from the list of {ledger.source} since the last "
                f"delivery, and only {format_money(ledger.received, ledger.currency)} was booked as received, credited "
                "or written off. Look for what the list has lost; approve if something else explains it",
                _refs_of(plan, [(ledger.source, ledger.currency)]),
            )


def _refs_of(plan: Plan, groups: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """Return the missing invoices of these sources and currencies that are not proven to be closed."""
    missing = plan.missing[plan.missing["evidence"] != "proven"]
    mine = pd.MultiIndex.from_frame(missing[["source", "currency"]]).isin(groups)
    return refs_of(missing[mine])
