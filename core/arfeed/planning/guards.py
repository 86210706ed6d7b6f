"""The built-in guards: one implementation of `arfeed_review`, which no feed can switch off."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pandas as pd

from arfeed.hookspecs import hookimpl
from arfeed.interfaces import Objection, Plan
from arfeed.planning.compare import EXPLAINED

_MOST_NAMED = 3


class Guards:
    """The reasons not to deliver that arfeed itself knows."""

    @hookimpl
    def arfeed_review(self, plan: Plan) -> Iterable[Objection]:
        """Return every objection to the plan."""
        return tuple(self._objections(plan))

    def _objections(self, plan: Plan) -> Iterator[Objection]:
        if plan.baseline is None:
            yield Objection(
                "unknown-baseline",
                f"this history knows no delivery to {plan.destination}, so nothing can be compared. If this is the "
                "first delivery, approve it; if not, the history is lost or another: restore it, or name the right "
                "one in [feed]",
            )
        if plan.report.empty:
            yield Objection(
                "empty-report", "the report lists nothing at all: the receiver would mark everything as paid"
            )
        missing = plan.missing
        removed = missing["reason"].str.startswith("removed by")
        yield from _still_open(missing[removed])
        yield from _unexplained(missing[~removed & ~missing["reason"].isin(EXPLAINED)])


def _still_open(missing: pd.DataFrame) -> Iterator[Objection]:
    if len(missing):
        by = ", ".join(sorted(set(missing["reason"].str.removeprefix("removed by "))))
        yield Objection(
            "still-open",
            f"{_count(missing)} still open at the source but removed by {by}: {_worst(missing)}. "
            "Mend that step, or approve if the receiver should forget them",
            tuple(missing["invoice_ref"]),
        )


def _unexplained(missing: pd.DataFrame) -> Iterator[Objection]:
    if len(missing):
        reasons = missing["reason"].value_counts()
        named = ", ".join(f"{count} {reason}" for reason, count in reasons.items())
        yield Objection(
            "unexplained",
            f"{_count(missing)} missing and not said to be paid or void ({named}): {_worst(missing)}. "
            "Look whether the export is complete; approve if they are really settled",
            tuple(missing["invoice_ref"]),
        )


def _count(missing: pd.DataFrame) -> str:
    return "1 invoice is" if len(missing) == 1 else f"{len(missing)} invoices are"


def _worst(missing: pd.DataFrame) -> str:
    """Name the largest by balance."""
    order = missing["balance"].abs().sort_values(ascending=False).index
    rows = missing.loc[order[:_MOST_NAMED]]
    named = [f"{row.invoice_ref} {row.customer_name} {row.balance} {row.currency}" for row in rows.itertuples()]
    return "; ".join(named) + ("; …" if len(missing) > _MOST_NAMED else "")
