"""Changes in invoices that stay: ordinary ones pass, those that look like another column or file do not."""

from __future__ import annotations

from collections.abc import Iterator

from arfeed.model.results import Objection, Plan
from arfeed.planning.changes.balances import (
    find_scaled,
    object_to_currencies,
    object_to_moved_sums,
    object_to_scaled_balances,
)
from arfeed.planning.changes.billed import (
    find_rebilled,
    find_restored,
    object_to_misfits,
    object_to_rebilled,
    object_to_restored,
)
from arfeed.planning.changes.customers import (
    find_reused_numbers,
    note_renamings,
    object_to_other_customers,
    object_to_reused_numbers,
)
from arfeed.planning.changes.days import (
    find_exchanged_dates,
    find_shifted_dates,
    object_to_changed_dates,
    object_to_exchanged_dates,
    object_to_lost_due_dates,
    object_to_shifted_dates,
)
from arfeed.planning.changes.stayed import Finding, find_stayed


def object_to_changes(plan: Plan) -> Iterator[Objection]:
    """Yield an objection for each kind of change that is out of the ordinary, in feeds of any size."""
    found = find_stayed(plan)
    # Asked of a first delivery too: a balance that exceeds its amount shows in a single report.
    yield from object_to_misfits(plan, found)
    if found is None:
        return
    yield from object_to_currencies(found)
    # What is explained is found before it is objected to, so that no other guard asks about it again.
    reused = find_reused_numbers(found)
    yield from object_to_reused_numbers(found, reused)
    yield from object_to_other_customers(found, reused)
    exchanged, shifted = find_exchanged_dates(found), find_shifted_dates(found)
    yield from object_to_exchanged_dates(found, exchanged)
    yield from object_to_shifted_dates(found, shifted)
    yield from object_to_changed_dates(found, reused, exchanged, shifted)
    yield from object_to_lost_due_dates(found)
    multiplied = find_scaled(found)
    yield from object_to_scaled_balances(found, multiplied)
    rebilled = find_rebilled(found, [*multiplied, Finding("", reused)])
    yield from object_to_rebilled(found, rebilled)
    restored = find_restored(found, [*multiplied, *rebilled])
    yield from object_to_restored(found, restored)
    yield from object_to_moved_sums(found, [*multiplied, *rebilled, *restored])


def note_changes(plan: Plan) -> tuple[str, ...]:
    """Return what a reader of the plan should know of changes that nobody is asked about."""
    return tuple(note_renamings(find_stayed(plan)))
