"""Objections to delivering on and on without ever looking at what the receiver made of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from arfeed.model.results import Objection, Plan
from arfeed.planning.wording import counted, span


def object_to_overdue_reconciliation(plan: Plan, reconciled: datetime | None) -> Iterator[Objection]:
    """Object if the receiver's list was not compared for longer than `reconcile_every`, or never."""
    limit = plan.guards.reconcile_every
    # Before the first delivery the receiver has nothing that could be compared.
    if limit is None or plan.baseline is None:
        return
    if reconciled is None:
        since = "was never compared with a delivery"
    elif plan.at - reconciled > limit:
        since = f"was last compared on {reconciled:%Y-%m-%d}, {counted((plan.at - reconciled).days, 'day')} ago"
    else:
        return
    yield Objection(
        "reconcile-due",
        f"the receiver's own list {since}, and reconcile_every allows {span(limit)}. Export what it has as open and "
        "compare it: arfeed reconcile EXPORT; approve if that has to wait",
    )
