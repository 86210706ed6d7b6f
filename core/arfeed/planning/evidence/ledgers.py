"""The reconciliation of each source's list with its control account, as a bookkeeper reconciles a subledger.

List and ledger need not agree: payments on account and journal entries make them differ by an amount that stays. What
counts is that the difference has not moved since the last delivery, to the cent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from arfeed.model import arrow, schema
from arfeed.model.figures import ControlAccount
from arfeed.model.results import Ledger, LedgerState, Plan, SourceReport
from arfeed.planning.evidence.reasons import get_as_stated
from arfeed.planning.wording import format_money

States = Mapping[tuple[str, str], LedgerState]
"""By source and currency."""

Outflow = Mapping[tuple[str, str], Decimal]
"""By source and currency, how much money has left a list since the last delivery."""


def find_ledger_states(
    sources: Iterable[SourceReport], listed: pd.DataFrame, before: States
) -> tuple[LedgerState, ...]:
    """Return the current balances of each source's list and control account.

    `listed` are all open rows as the sources listed them, before any transform. A source that is carried forward
    keeps the state of the delivery from which its rows are.
    """
    reports = tuple(sources)
    # Most feeds have no control account, and nothing to compare the sums of their lists with.
    sums = _sum_by_group(listed) if any(source.complete.control_account for source in reports) else {}
    states: list[LedgerState] = []
    for source in reports:
        account = source.complete.control_account
        if source.failed:
            states += [state for state in before.values() if state.source == source.source]
        elif account is not None:
            states += _find_states(source.source, account, sums, listed, before)
    return tuple(states)


def _find_states(
    source: str, account: ControlAccount, sums: Mapping[tuple[str, str], Decimal], listed: pd.DataFrame, before: States
) -> Iterator[LedgerState]:
    # Also currencies that only the last delivery or only the ledger has: a list that has lost all of a currency has
    # no rows of it, and just there the difference moves.
    mine = {currency for name, currency in (*sums, *before) if name == source}
    differences = _find_differences(source, account, listed)
    for currency in sorted({*mine, *account.balances}):
        yield LedgerState(
            source,
            currency,
            sums.get((source, currency), schema.ZERO),
            account.balances.get(currency, schema.ZERO),
            None if differences is None else differences.get(currency, {}),
            None if account.received is None else account.received.get(currency, schema.ZERO),
        )


def _find_differences(
    source: str, account: ControlAccount, listed: pd.DataFrame
) -> dict[str, dict[str, Decimal]] | None:
    """Return by currency and customer by how much the list exceeds the ledger, if they differ at all."""
    if account.customers is None:
        return None
    rows = listed[listed["source"] == source]
    totals = arrow.group_balances(rows, ("customer_id", "currency")).to_pylist()
    owed = {(row["customer_id"], row["currency"]): row["balance"] for row in totals}
    result: dict[str, dict[str, Decimal]] = {}
    for customer, currency in sorted({*owed, *account.customers}):
        key = customer, currency
        if difference := owed.get(key, schema.ZERO) - account.customers.get(key, schema.ZERO):
            result.setdefault(currency, {})[customer] = difference
    return result


def compare_ledgers(states: Iterable[LedgerState], before: States) -> tuple[Ledger, ...]:
    """Return how list and control account compare with the last delivery, by source and currency."""
    return tuple(_compare_ledger(state, before.get((state.source, state.currency))) for state in states)


def _compare_ledger(now: LedgerState, then: LedgerState | None) -> Ledger:
    # At a first reconciliation nothing can have moved: a difference that is there from the start proves nothing.
    if then is None:
        return Ledger(now.source, now.currency, now.listed, now.account, received=now.received)
    customers = _find_moved_customers(now.differences, then.differences)
    return Ledger(now.source, now.currency, now.listed, now.account, then.listed, then.account, customers, now.received)


def _find_moved_customers(
    now: Mapping[str, Decimal] | None, then: Mapping[str, Decimal] | None
) -> tuple[tuple[str, Decimal], ...]:
    """Return the customers for whom the difference moved, the largest first."""
    if now is None or then is None:
        return ()
    moved = {name: now.get(name, schema.ZERO) - then.get(name, schema.ZERO) for name in {*now, *then}}
    return tuple(sorted(((name, by) for name, by in moved.items() if by), key=lambda each: (-abs(each[1]), each[0])))


def has_come_apart(plan: Plan, ledger: Ledger) -> bool:
    """Whether list and account have come apart since the last delivery, in total or for a customer with missing rows.

    If the account is by customer, totals that agree are not enough: what the list has lost for one customer it may
    have gained for another.
    """
    if ledger.moved:
        return True
    # A customer whose missing invoices are all proven to be closed needs no ledger to confirm it.
    missing = plan.missing[plan.missing["evidence"] != "proven"]
    currencies, customers = (get_as_stated(missing, name) for name in ("currency", "customer_id"))
    here = (missing["source"] == ledger.source) & (currencies == ledger.currency)
    return bool((here & customers.isin([name for name, _ in ledger.customers])).any())


def list_figures(plan: Plan, codes: Set[str], left: Outflow) -> Iterator[str]:
    """Yield what an approval of these objections is bound to besides invoices: ledger movements and as-of dates."""
    for ledger in plan.ledgers:
        if "ledger-moved" in codes and has_come_apart(plan, ledger):
            customers = [f"{name} {by}" for name, by in ledger.customers]
            yield f"ledger-moved {ledger.source} {ledger.currency} {ledger.moved} {customers}"
        if "more-than-received" in codes and ledger.received is not None:
            gone = left[ledger.source, ledger.currency]
            yield f"more-than-received {ledger.source} {ledger.currency} {gone} {ledger.received}"
    if codes & {"stale-source", "as-of-backwards"}:
        yield from (f"as of {source.source} {source.read.as_of}" for source in plan.sources)


def _sum_by_group(rows: pd.DataFrame) -> dict[tuple[str, str], Decimal]:
    sums = arrow.group_balances(rows, ("source", "currency")).to_pylist()
    return {(row["source"], row["currency"]): row["balance"] for row in sums}


def find_accounted_for(ledgers: Iterable[Ledger], left: Outflow) -> set[tuple[str, str]]:
    """Return the sources and currencies whose booked receipts account for everything that has left their lists."""
    return {
        (ledger.source, ledger.currency)
        for ledger in ledgers
        # Both are needed: receipts may happen to suffice although list and ledger no longer agree.
        if ledger.moved == schema.ZERO
        and ledger.received is not None
        and left[ledger.source, ledger.currency] <= ledger.received
    }


def sum_outflow(plan: Plan) -> Outflow:
    """Sum the balances of missing invoices and the amounts by which other balances fell.

    Only lists whose books say what was received since then are summed up; the others are not compared with it.
    """
    asked = [(ledger.source, ledger.currency) for ledger in plan.ledgers if ledger.received is not None]
    if plan.before is None or not asked:
        return dict.fromkeys(asked, schema.ZERO)
    theirs = arrow.to_text_array(plan.report["invoice_ref"])
    places = pc.index_in(arrow.to_text_array(plan.before["invoice_ref"]), value_set=theirs)
    then = arrow.as_single_chunk(pa.array(plan.before["balance"]))
    # A missing invoice has fallen to nothing, so missing and part-paid ones are one subtraction.
    now = pc.fill_null(arrow.as_single_chunk(pa.array(plan.report["balance"])).take(places), schema.ZERO)
    fell = pc.subtract(then, now)
    # Debts only: a credit that is used up raises what is owed, and would hide that much of what has left.
    owed = np.asarray(pc.and_(pc.greater(then, schema.ZERO), pc.greater(fell, schema.ZERO)), dtype=bool)
    rows = plan.before[["source", "currency"]].assign(balance=arrow.to_series(fell, plan.before.index))[owed]
    sums = _sum_by_group(rows)
    return {group: sums.get(group, schema.ZERO) for group in asked}


def note_lost_accounts(states: Iterable[LedgerState], before: States, sources: Iterable[str]) -> Iterator[str]:
    """Yield a note on sources that had a control account at the last delivery and have none now."""
    known = {state.source for state in states}
    lost = sorted({source for source, _ in before} & {*sources} - known)
    for source in lost:
        yield (
            f"{source}: it had a control account at the last delivery and has none now, so no control account backs "
            "what is missing there"
        )


def note_ledgers(ledgers: Iterable[Ledger]) -> Iterator[str]:
    """Yield a note on every control account that there is nothing to object to."""
    for ledger in ledgers:
        difference = format_money(ledger.listed - ledger.account, ledger.currency)
        figures = (
            f"{ledger.source}: list {format_money(ledger.listed, ledger.currency)}, control account "
            f"{format_money(ledger.account, ledger.currency)}, difference {difference}"
        )
        if ledger.moved is None:
            yield f"{figures}; the next delivery will be compared with it"
        elif not ledger.moved:
            yield f"{figures}, as at the last delivery"
