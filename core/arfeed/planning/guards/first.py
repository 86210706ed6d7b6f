"""Objections to a first delivery, which nothing can be compared with, and to what is read for the first time."""

from __future__ import annotations

from collections.abc import Iterator

from arfeed.model.results import Objection, Plan
from arfeed.model.settings import FileSettings
from arfeed.model.text.legible import name_some
from arfeed.planning.wording import pluralize
from arfeed.tables.headings.document_words import is_part_payment
from arfeed.tables.headings.proposal import is_total

_MOST_NAMED = 3


def object_to_totals_as_balances(plan: Plan) -> Iterator[Objection]:
    """Object, in a first delivery, to balances that the settings read from the column of the invoices' totals."""
    for source in plan.sources if plan.baseline is None else ():
        columns = source.settings.columns
        header = columns.get("balance", "balance")
        told = isinstance(source.settings, FileSettings) and source.settings.balance_is == "total"
        if not told and ("balance" not in columns or not (header == columns.get("amount") or is_total(header))):
            continue
        partly = [each.word for each in source.statuses if each.status == "open" and is_part_payment(each.word)]
        said = f" Some have the status {name_some([repr(word) for word in partly], _MOST_NAMED)}." if partly else ""
        verb = "holds" if told else "seems to hold"
        yield Objection(
            "total-as-balance",
            f"the balances of {source.source} come from the column {header!r}, which {verb} the totals of the "
            f"{pluralize(source.open, 'open invoice')}: one that was paid in part would be "
            f"reported as owed in full.{said} Name the column of what is still owed in `columns`; approve if this one "
            "is that column, or if no invoice is ever paid in part",
        )


def object_to_doubtful_readings(plan: Plan) -> Iterator[Objection]:
    """Object to what makes the reading of a source doubtful, and did not when it was last delivered."""
    found = [(source.source, doubt) for source in plan.sources for doubt in source.doubts]
    if found:
        said = "; ".join(f"{source}: {doubt.said}" for source, doubt in found)
        yield Objection(
            "doubtful-reading",
            f"the file may have been read wrongly. {said}. Approve if all of it is right",
        )
