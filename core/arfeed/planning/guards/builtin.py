"""The built-in objections that need no learning, in the order in which people read them. No feed can switch one off.

What is weighed against a feed's habits (surprise, pattern, money, share, older, returned, a file that is gone) is in
`planning.habits.judgement`, called by `guards.weighing`.
"""

from __future__ import annotations

from collections.abc import Iterator

from arfeed.model.results import Objection, Plan
from arfeed.planning.changes.rules import object_to_changes
from arfeed.planning.evidence.ledgers import Outflow
from arfeed.planning.guards.books import object_to_more_than_was_received, object_to_moved_ledgers
from arfeed.planning.guards.budget import object_to_the_sum_of_approvals
from arfeed.planning.guards.documents import (
    object_to_missing_documents,
    object_to_old_documents,
    object_to_shared_documents,
)
from arfeed.planning.guards.first import object_to_doubtful_readings, object_to_totals_as_balances
from arfeed.planning.guards.known import Known
from arfeed.planning.guards.missing import (
    object_to_balances_of_zero,
    object_to_changed_configuration,
    object_to_contradictions,
    object_to_empty_reports,
    object_to_renumbered,
    object_to_still_open,
    object_to_unexplained,
    object_to_unproven_closings,
)
from arfeed.planning.guards.receivers import (
    object_to_foreign_reports,
    object_to_history_behind,
    object_to_rejections,
    object_to_same_receiver,
    object_to_unknown_baseline,
)
from arfeed.planning.guards.reconciled import object_to_overdue_reconciliation
from arfeed.planning.guards.report import object_to_everything_changed
from arfeed.planning.guards.sources import object_to_older_dates, object_to_stale_sources


def find_objections(plan: Plan, known: Known, left: Outflow) -> Iterator[Objection]:
    """Yield every objection that needs no odds; `left` is the result of `sum_outflow` for the plan."""
    # From the receiver to the details: if the report goes to the wrong place, nothing that follows means anything.
    yield from object_to_unknown_baseline(plan)
    yield from object_to_foreign_reports(plan)
    yield from object_to_same_receiver(plan)
    yield from object_to_history_behind(plan)
    yield from object_to_rejections(plan, known.rejections)
    yield from object_to_empty_reports(plan)
    yield from object_to_totals_as_balances(plan)
    yield from object_to_doubtful_readings(plan)
    yield from object_to_unexplained(plan)
    yield from object_to_unproven_closings(plan)
    yield from object_to_still_open(plan)
    yield from object_to_contradictions(plan)
    yield from object_to_balances_of_zero(plan)
    yield from object_to_moved_ledgers(plan)
    yield from object_to_more_than_was_received(plan, left)
    yield from object_to_the_sum_of_approvals(plan, known.approved)
    yield from object_to_renumbered(plan)
    yield from object_to_changed_configuration(plan)
    yield from object_to_everything_changed(plan)
    yield from object_to_changes(plan)
    yield from object_to_stale_sources(plan)
    yield from object_to_older_dates(plan)
    yield from object_to_overdue_reconciliation(plan, known.reconciled, known.first)
    yield from object_to_missing_documents(plan)
    yield from object_to_shared_documents(plan)
    yield from object_to_old_documents(plan)
