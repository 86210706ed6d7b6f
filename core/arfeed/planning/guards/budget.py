"""What people approved without proof lately, and the objection to approving ever more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import NamedTuple

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from arfeed.model import arrow, schema
from arfeed.model.results import Objection, Plan
from arfeed.planning.wording import format_money, name_first, pluralize, refs_of

BUDGET_SPAN = timedelta(days=30)


class Unproven(NamedTuple):
    """What was marked as paid although nothing explained it: a count, and the sum of the absolute balances."""

    source: str
    currency: str
    documents: int
    balance: Decimal


def sum_closings(missing: pd.DataFrame) -> Iterator[tuple[str, str, str, int, Decimal]]:
    """Yield source, currency, evidence, count and absolute balance of what will be marked as paid."""
    for row in arrow.group_balances(_without_signs(missing), ("source", "currency", "evidence")).to_pylist():
        yield row["source"], row["currency"], row["evidence"], row["count"], row["balance"]


def object_to_the_sum_of_approvals(plan: Plan, approved: Sequence[Unproven]) -> Iterator[Objection]:
    """Object if this plan and what was `approved` lately close too much without proof, by count or by money."""
    unproven = plan.missing[plan.missing["evidence"] == "unexplained"]
    # Only plans that add to it are asked about: what was approved earlier was asked about then.
    if plan.before is None or unproven.empty or not approved:
        return
    now = [Unproven(source, currency, count, owed) for source, currency, _, count, owed in sum_closings(unproven)]
    over = [*_find_over_budget(plan, plan.before, [*approved, *now])]
    if over:
        yield Objection(
            "budget",
            f"with this plan, more than {plan.guards.unproven_share:.0%} of what is owed would have been marked as "
            f"paid without proof within {BUDGET_SPAN.days} days: {name_first(over)}. Find out why the source cannot "
            "say what became of them before approving more",
            refs_of(unproven),
        )


def _find_over_budget(plan: Plan, before: pd.DataFrame, closed: Sequence[Unproven]) -> Iterator[str]:
    """Yield, for each currency in which too much was closed, how much that is."""
    sums = arrow.group_balances(_without_signs(before), ("currency",)).to_pylist()
    owed = {row["currency"]: (row["count"], row["balance"]) for row in sums}
    # By its text: Decimal(0.1) is a little more than a tenth, and the limit is compared exactly.
    share = Decimal(str(plan.guards.unproven_share))
    for currency in sorted({each.currency for each in closed}):
        mine = [each for each in closed if each.currency == currency]
        count, balance = sum(each.documents for each in mine), sum((each.balance for each in mine), schema.ZERO)
        of_count, of_balance = owed.get(currency, (0, schema.ZERO))
        # In a feed of a few invoices, one or two are soon a tenth of everything.
        enough = count > plan.guards.missing_floor
        if enough and (count > share * of_count or balance > share * of_balance):
            yield f"{pluralize(count, 'invoice')} totalling {format_money(balance, currency)}"


def _without_signs(rows: pd.DataFrame) -> pd.DataFrame:
    # A lost credit would otherwise make room in the budget for a lost invoice.
    return rows.assign(balance=arrow.to_series(pc.abs(arrow.as_single_chunk(pa.array(rows["balance"]))), rows.index))
