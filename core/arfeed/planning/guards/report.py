"""Objections to a report as a whole: nearly every invoice has changed."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow.compute as pc

from arfeed.model import arrow
from arfeed.model.results import Objection, Plan
from arfeed.planning.wording import name_largest, pluralize, refs_of


def object_to_everything_changed(plan: Plan) -> Iterator[Objection]:
    """Object if over half of the invoices have another balance or customer."""
    common = plan.counts.changed + plan.counts.unchanged
    # The count of all changes rules most plans out before any row has to be compared.
    if plan.before is None or not _are_most(plan, plan.counts.changed, common):
        return
    changed = plan.report[plan.report["change"] == "changed"]
    theirs = arrow.to_text_array(arrow.fold(plan.before["invoice_ref"]))
    places = pc.index_in(arrow.to_text_array(arrow.fold(changed["invoice_ref"])), value_set=theirs)
    before = plan.before.take(places.to_numpy()).set_axis(changed.index)
    # A new memo or due date on every invoice is upkeep. Who owes how much must not change everywhere in one day.
    others = (changed["balance"] != before["balance"]) | (changed["customer_id"] != before["customer_id"])
    count = int(others.sum())
    if _are_most(plan, count, common):
        yield Objection(
            "everything-changed",
            f"{count:,} of {pluralize(common, 'invoice')} have a different balance or customer from the last report, "
            f"now {name_largest(changed[others])}. This may be another company, column or file; approve if it is right",
            refs_of(changed[others]),
        )


def _are_most(plan: Plan, count: int, of: int) -> bool:
    return count > plan.guards.missing_floor and count * 2 > of
