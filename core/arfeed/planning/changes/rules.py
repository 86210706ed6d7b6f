"""What changes in invoices that stay: everyday changes pass, those that look like another column or file are asked."""

from __future__ import annotations

from collections.abc import Iterator

from arfeed.model.results import Objection, Plan
from arfeed.planning.changes.balances import balances_scaled, currency_changed, scaled, sums_moved
from arfeed.planning.changes.billed import balance_above_amount
from arfeed.planning.changes.customers import customer_changed, number_reused, renaming_note
from arfeed.planning.changes.days import dates_exchanged, dates_shifted
from arfeed.planning.changes.stayed import stayed


def changes_in_what_stays(plan: Plan) -> Iterator[Objection]:
    """Yield an objection for each kind of change that is not everyday, in feeds of any size."""
    found = stayed(plan)
    yield from balance_above_amount(plan, found)
    if found is None:
        return
    yield from currency_changed(found)
    yield from number_reused(found)
    yield from customer_changed(found)
    yield from dates_exchanged(found)
    yield from dates_shifted(found)
    multiplied = scaled(found)
    yield from balances_scaled(found, multiplied)
    yield from sums_moved(found, multiplied)


def notes_on_changes(plan: Plan) -> tuple[str, ...]:
    """Return what a reader of the plan should know of changes that nobody is asked about."""
    return tuple(renaming_note(stayed(plan)))
