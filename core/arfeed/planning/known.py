"""What a review knows beside the plan itself: what was approved lately, and answers that were given in advance."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import NamedTuple

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from arfeed.model import arrow, schema
from arfeed.model.results import Expectation, Objection, Plan
from arfeed.planning.habits.memory import Habits
from arfeed.planning.weighing import Source
from arfeed.planning.wording import counted, money, named, refs_of

BUDGET_SPAN = timedelta(days=30)


class Unproven(NamedTuple):
    """What was marked as paid although nothing explained it: documents, and the sum of their absolute balances."""

    source: str
    currency: str
    documents: int
    balance: Decimal


@dataclass(frozen=True, slots=True)
class Known:
    """What a review knows beside the plan.

    `approved` is what people approved without proof within the last 30 days; `expectations` are the answers given in
    advance that hold today; `habits` is what was learned of the feed, `sources` what of each is judged by it; `stated`
    are objections to what the sources listed, of which the plan no longer has all rows.
    """

    approved: tuple[Unproven, ...] = ()
    expectations: tuple[Expectation, ...] = ()
    habits: Habits = field(default_factory=Habits.none)
    sources: tuple[Source, ...] = ()
    stated: tuple[Objection, ...] = ()


def closings(missing: pd.DataFrame) -> Iterator[tuple[str, str, str, int, Decimal]]:
    """Yield source, currency, evidence, count and absolute balance of what will be marked as paid."""
    sizes = missing.assign(balance=pd.Series(pc.abs(pa.array(missing["balance"])), index=missing.index))
    for row in arrow.group_balances(sizes, ("source", "currency", "evidence")).to_pylist():
        yield row["source"], row["currency"], row["evidence"], row["count"], row["balance"]


def object_to_the_sum_of_approvals(plan: Plan, known: Known) -> Iterator[Objection]:
    """Object where this plan and what was approved lately close too much without proof, by count or by money."""
    unproven = plan.missing[plan.missing["evidence"] == "unexplained"]
    if plan.before is None or unproven.empty or not known.approved:
        return
    now = [Unproven(source, currency, count, owed) for source, currency, _, count, owed in closings(unproven)]
    over = [*_over_budget(plan, plan.before, [*known.approved, *now])]
    if over:
        yield Objection(
            "budget",
            f"with this plan, more than {plan.guards.unproven_share:.0%} of what is owed would have been marked as "
            f"paid without proof within {BUDGET_SPAN.days} days: {named(over)}. Find out why the source cannot say "
            "what became of them before approving more",
            refs_of(unproven),
        )


def _over_budget(plan: Plan, before: pd.DataFrame, closed: list[Unproven]) -> Iterator[str]:
    """Say of each currency of which too much was closed how much that is."""
    sizes = before.assign(balance=pd.Series(pc.abs(pa.array(before["balance"])), index=before.index))
    owed = {
        row["currency"]: (row["count"], row["balance"])
        for row in arrow.group_balances(sizes, ("currency",)).to_pylist()
    }
    share = Decimal(str(plan.guards.unproven_share))
    for currency in sorted({each.currency for each in closed}):
        mine = [each for each in closed if each.currency == currency]
        count, balance = sum(each.documents for each in mine), sum((each.balance for each in mine), schema.ZERO)
        of_count, of_balance = owed.get(currency, (0, schema.ZERO))
        enough = count > plan.guards.missing_floor
        if enough and (count > share * of_count or balance > share * of_balance):
            yield f"{counted(count, 'invoice')} of {money(balance, currency)}"
