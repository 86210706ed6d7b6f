"""Objections to delivering on and on without ever looking at what the receiver made of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from arfeed.model.results import Objection, Plan
from arfeed.planning.wording import format_span, pluralize


def object_to_overdue_reconciliation(
    plan: Plan, reconciled: datetime | None, first: datetime | None
) -> Iterator[Objection]:
    """Object if the receiver's list was not compared for longer than `reconcile_every`.

    What was never compared counts from the `first` delivery, so that a new feed has as much time.
    """
    limit, since = plan.guards.reconcile_every, reconciled or first
    # Before the first delivery the receiver has nothing that could be compared.
    if limit is None or plan.baseline is None or (since is not None and plan.at - since <= limit):
        return
    ago = f"on {since:%Y-%m-%d}, {pluralize((plan.at - since).days, 'day')} ago" if since else ""
    if reconciled:
        found = f"was last compared {ago}"
    else:
        found = f"was never compared with a delivery, and the first was {ago}" if ago else "was never compared"
    yield Objection(
        "reconcile-due",
        f"the receiver's own list {found}, and reconcile_every allows {format_span(limit)}. Export what it has as open "
        "and compare it: arfeed reconcile EXPORT; approve if that has to wait",
    )
