"""The reconciliation of each source's list with its control account, as a bookkeeper reconciles a subledger.

List and ledger need not agree: payments on account and journal entries make them differ by an amount that stays. What
counts is that the difference has not moved since the last delivery, to the cent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from arfeed.model import arrow, schema
from arfeed.model.controls import ControlAccount
from arfeed.model.results import Ledger, LedgerState, Objection, Plan, SourceReport
from arfeed.planning.reasons import as_the_source_said
from arfeed.planning.wording import money, named, refs_of

States = Mapping[tuple[str, str], LedgerState]
"""By source and currency."""


def ledger_states(sources: Iterable[SourceReport], listed: pd.DataFrame, before: States) -> tuple[LedgerState, ...]:
    """Return what list and control account of each source say now.

    `listed` are all open rows as the sources listed them, before any transform. A source whose rows are carried forward
    keeps the state that its rows are of.
    """
    sums = {
        (row["source"], row["currency"]): row["balance"]
        for row in arrow.group_balances(listed, ("source", "currency")).to_pylist()
    }
    states: list[LedgerState] = []
    for source in sources:
        account = source.complete.control_account
        if source.failed:
            states += [state for state in before.values() if state.source == source.source]
        elif account is not None:
            states += _states(source.source, account, sums, listed, before)
    return tuple(states)


def _states(
    source: str, account: ControlAccount, sums: Mapping[tuple[str, str], Decimal], listed: pd.DataFrame, before: States
) -> Iterator[LedgerState]:
    mine = {currency for name, currency in (*sums, *before) if name == source}
    differences = _differences(source, account, listed)
    for currency in sorted({*mine, *account.balances}):
        yield LedgerState(
            source,
            currency,
            sums.get((source, currency), schema.ZERO),
            account.balances.get(currency, schema.ZERO),
            None if differences is None else differences.get(currency, {}),
            None if account.received is None else account.received.get(currency, schema.ZERO),
        )


def _differences(source: str, account: ControlAccount, listed: pd.DataFrame) -> dict[str, dict[str, Decimal]] | None:
    """Return by currency and customer what the list has more than the ledger, where they differ at all."""
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
    return tuple(_ledger(state, before.get((state.source, state.currency))) for state in states)


def _ledger(now: LedgerState, then: LedgerState | None) -> Ledger:
    if then is None:
        return Ledger(now.source, now.currency, now.listed, now.account, received=now.received)
    customers = _moved_customers(now.differences, then.differences)
    return Ledger(now.source, now.currency, now.listed, now.account, then.listed, then.account, customers, now.received)


def _moved_customers(
    now: Mapping[str, Decimal] | None, then: Mapping[str, Decimal] | None
) -> tuple[tuple[str, Decimal], ...]:
    """Return the customers whose difference moved, the largest first."""
    if now is None or then is None:
        return ()
    moved = {name: now.get(name, schema.ZERO) - then.get(name, schema.ZERO) for name in {*now, *then}}
    return tuple(sorted(((name, by) for name, by in moved.items() if by), key=lambda each: (-abs(each[1]), each[0])))


def object_to_moved_ledgers(plan: Plan) -> Iterator[Objection]:
    """Object where list and control account have come apart since the last delivery.

    Where the account is by customer, it is enough that they have at a customer of whom invoices are gone: what one
    has lost another may have gained.
    """
    moved = [ledger for ledger in plan.ledgers if ledger.moved or _moved_within(plan, ledger)]
    if moved:
        yield Objection(
            "ledger-moved",
            f"{'; '.join(_in_words(ledger) for ledger in moved)}. If the list has lost invoices, export it again, at "
            "the same moment as the control account; approve if the difference has a reason in the books, such as a "
            "payment on account or a journal entry",
            _refs_of(plan, [(ledger.source, ledger.currency) for ledger in moved]),
        )


def _moved_within(plan: Plan, ledger: Ledger) -> bool:
    """Whether invoices are gone of a customer at whom list and account have come apart, though their sums have not."""
    if ledger.moved is None or not ledger.customers:
        return False
    missing = plan.missing[plan.missing["evidence"] != "proven"]
    currencies, customers = (as_the_source_said(missing, name) for name in ("currency", "customer_id"))
    here = (missing["source"] == ledger.source) & (currencies == ledger.currency)
    return bool((here & customers.isin([name for name, _ in ledger.customers])).any())


def figures_of(plan: Plan, codes: Set[str]) -> Iterator[str]:
    """Yield what an approval of these objections is bound to beside invoices: by how much ledgers moved, and ages."""
    for ledger in plan.ledgers:
        if "ledger-moved" in codes and (ledger.moved or _moved_within(plan, ledger)):
            customers = [f"{name} {by}" for name, by in ledger.customers]
            yield f"ledger-moved {ledger.source} {ledger.currency} {ledger.moved} {customers}"
        if "more-than-received" in codes and ledger.received is not None:
            left = money_that_left(plan, ledger.source, ledger.currency)
            yield f"more-than-received {ledger.source} {ledger.currency} {left} {ledger.received}"
    if codes & {"stale-source", "as-of-backwards"}:
        yield from (f"as of {source.source} {source.read.as_of}" for source in plan.sources)


def _in_words(ledger: Ledger) -> str:
    by = ledger.moved or schema.ZERO
    was = (ledger.listed_before or schema.ZERO) - (ledger.account_before or schema.ZERO)
    currency = ledger.currency
    where = ""
    if ledger.customers:
        where = ", at " + named(f"{name} ({money(amount, currency)})" for name, amount in ledger.customers)
    return (
        f"{ledger.source}: its list sums to {money(ledger.listed, currency)} and its control account says "
        f"{money(ledger.account, currency)}; they differed by {money(was, currency)} at the last delivery and differ "
        f"by {money(was + by, currency)} now, {money(abs(by), currency)} {'less' if by < 0 else 'more'} on the "
        f"list{where}"
    )


def _refs_of(plan: Plan, groups: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """Return the missing invoices of these sources and currencies that are not proven to be closed."""
    missing = plan.missing[plan.missing["evidence"] != "proven"]
    pairs = zip(missing["source"].tolist(), missing["currency"].tolist(), strict=True)
    mine = np.fromiter((pair in groups for pair in pairs), bool, len(missing))
    return refs_of(missing[mine])


def object_to_more_than_was_received(plan: Plan) -> Iterator[Objection]:
    """Object where more has left the list than was booked as received, credited or written off."""
    for ledger in plan.ledgers:
        left = money_that_left(plan, ledger.source, ledger.currency)
        if ledger.received is not None and ledger.listed_before is not None and left > ledger.received:
            yield Objection(
                "more-than-received",
                f"{money(left, ledger.currency)} has left the list of {ledger.source} since the last delivery, and "
                f"only {money(ledger.received, ledger.currency)} was booked as received, credited or written off. Look "
                "for what the list has lost; approve if something else explains it",
                _refs_of(plan, [(ledger.source, ledger.currency)]),
            )


def accounted(plan: Plan) -> set[tuple[str, str]]:
    """Return the sources and currencies whose receipts account for everything that has left their lists."""
    return {
        (ledger.source, ledger.currency)
        for ledger in plan.ledgers
        if ledger.moved == schema.ZERO
        and ledger.received is not None
        and money_that_left(plan, ledger.source, ledger.currency) <= ledger.received
    }


def money_that_left(plan: Plan, source: str, currency: str) -> Decimal:
    """Sum what was owed for invoices that are missing, and by how much balances of others fell."""
    if plan.before is None:
        return schema.ZERO
    before = plan.before[(plan.before["source"] == source) & (plan.before["currency"] == currency)]
    theirs = arrow.to_text_array(plan.report["invoice_ref"])
    places = pc.index_in(arrow.to_text_array(before["invoice_ref"]), value_set=theirs)
    then = arrow.as_single_chunk(pa.array(before["balance"]))
    now = pc.fill_null(arrow.as_single_chunk(pa.array(plan.report["balance"])).take(places), schema.ZERO)
    fell = pc.subtract(then, now)
    owed = pc.and_(pc.greater(then, schema.ZERO), pc.greater(fell, schema.ZERO))
    return pc.sum(fell.filter(owed), min_count=0).as_py() or schema.ZERO


def note_lost_accounts(states: Iterable[LedgerState], before: States, sources: Iterable[str]) -> Iterator[str]:
    """Say which sources had a control account at the last delivery and have none now."""
    known = {state.source for state in states}
    lost = sorted({source for source, _ in before} & {*sources} - known)
    for source in lost:
        yield (
            f"{source}: it had a control account at the last delivery and has none now, so nothing balances what is "
            "missing there"
        )


def note_ledgers(ledgers: Iterable[Ledger]) -> Iterator[str]:
    """Say what control accounts showed where there is nothing to object to."""
    for ledger in ledgers:
        difference = money(ledger.listed - ledger.account, ledger.currency)
        figures = (
            f"{ledger.source}: list {money(ledger.listed, ledger.currency)}, control account "
            f"{money(ledger.account, ledger.currency)}, difference {difference}"
        )
        if ledger.moved is None:
            yield f"{figures}; the next delivery is held against it"
        elif not ledger.moved:
            yield f"{figures}, as at the last delivery"
