"""How good the evidence is that a missing invoice is closed: proven, balanced, asserted or unexplained."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

import numpy as np
import pandas as pd

from arfeed.model import schema
from arfeed.model.results import Ledger, Objection, Plan, SourceReport
from arfeed.planning.reasons import (
    CONTRADICTORY,
    GONE,
    PROVEN,
    REMOVED_BY,
    SOURCE_REMOVED,
    STILL_OPEN,
    as_the_source_said,
)
from arfeed.planning.wording import are, counted, named, refs_of, worst

Evidence = Literal["proven", "balanced", "asserted", "unexplained"]
"""proven: the source itself says that this very document is closed. balanced: the difference between the source's list
and its control account has not moved, to the cent. asserted: the source's settings say that absence is payment.
unexplained: everything else, whatever the source counted."""

_NO_SOURCE = "an adopted report"
"""What to call the source of rows that `adopt` took: it is not known."""


def with_evidence(missing: pd.DataFrame, sources: Iterable[SourceReport], ledgers: Iterable[Ledger]) -> pd.DataFrame:
    """Return the missing rows (with `reason`) with the column `evidence`."""
    reasons, origin = missing["reason"], missing["source"]
    gone = np.asarray(reasons == GONE)
    believed = np.asarray(origin.isin([source.source for source in sources if source.settings.absent_means_paid]))
    evidence = np.full(len(missing), "unexplained", dtype=object)
    evidence[np.asarray(reasons.isin(list(PROVEN)))] = "proven"
    evidence[gone & believed] = "asserted"
    evidence[gone & _balanced(missing, ledgers)] = "balanced"
    return missing.assign(evidence=pd.Series(evidence, index=missing.index, dtype="str"))


def _balanced(missing: pd.DataFrame, ledgers: Iterable[Ledger]) -> np.ndarray:
    """Return where the difference of list and ledger has not moved, in the row's source and currency.

    Where the ledger is by customer, nor may it have moved at the row's own: what one lost, another may have gained.
    """
    unmoved = {(ledger.source, ledger.currency): ledger for ledger in ledgers if ledger.moved == schema.ZERO}
    result = np.zeros(len(missing), dtype=bool)
    if not unmoved:
        return result
    currencies, customers = (as_the_source_said(missing, name) for name in ("currency", "customer_id"))
    for (source, currency), ledger in unmoved.items():
        here = (missing["source"] == source) & (currencies == currency)
        result |= np.asarray(here & ~customers.isin([name for name, _ in ledger.customers]))
    return result


def object_to_unexplained(plan: Plan) -> Iterator[Objection]:
    """Object to invoices that are gone without any evidence; a count of the list explains no absence."""
    silent_reasons = plan.missing["reason"].isin([GONE, SOURCE_REMOVED])
    missing = plan.missing[silent_reasons & (plan.missing["evidence"] == "unexplained")]
    if len(missing):
        silent = {*missing["source"]}
        sources = named(sorted(source or _NO_SOURCE for source in silent))
        counted_all = [source for source in plan.sources if source.complete.controlled and source.source in silent]
        whole = " That the list was read to its end does not say why they are not on it." if counted_all else ""
        yield Objection(
            "unexplained",
            f"{are(len(missing), 'invoice')} no longer listed by {sources}, which does not say what became of "
            f"{'it' if len(missing) == 1 else 'them'}: {worst(missing)}.{whole} Check that the export is complete; "
            f"approve if they are settled. `arfeed check` names what would explain them: {_remedies(plan, missing)}",
            refs_of(missing),
        )


def _remedies(plan: Plan, missing: pd.DataFrame) -> str:
    """Name what would answer next time, for sources that list closed documents and for those that do not."""
    listing = {source.source for source in plan.sources if source.complete.lists_closed}
    if set(missing["source"].unique()) <= listing:
        return "a longer period in the export, so that what was closed is still listed, or a control_account"
    return "a list of what is closed, a control_account, or absent_means_paid = true if the source drops what is paid"


def object_to_still_open(plan: Plan) -> Iterator[Objection]:
    """Object to invoices that their source still calls open; no share of the feed is too small for it."""
    reasons = plan.missing["reason"]
    removed = plan.missing[reasons.str.startswith(REMOVED_BY)]
    answered = plan.missing[reasons == STILL_OPEN]
    if removed.empty and answered.empty:
        return
    said = []
    if len(removed):
        by = named(sorted(removed["reason"].str.removeprefix(REMOVED_BY).unique()))
        said.append(
            f"{are(len(removed), 'invoice')} still open at the source but removed by {by}: {worst(removed)}. "
            "Fix that step"
        )
    if len(answered):
        sources = named(sorted(answered["source"].unique()))
        said.append(
            f"{are(len(answered), 'invoice')} no longer listed by {sources}, which answers that "
            f"{'it is' if len(answered) == 1 else 'they are'} still open: {worst(answered)}. Its list has lost "
            f"{'it' if len(answered) == 1 else 'them'}; fix the query or the export"
        )
    refs = refs_of(pd.concat([removed, answered]))
    yield Objection("still-open", f"{'; '.join(said)}. Approve only if the receiver should take them as paid", refs)


def object_to_contradictions(plan: Plan) -> Iterator[Objection]:
    """Object to invoices that their source calls open and lists with a balance of 0."""
    missing = plan.missing[plan.missing["reason"] == CONTRADICTORY]
    if len(missing):
        sources = named(sorted(missing["source"].unique()))
        yield Objection(
            "contradiction",
            f"{are(len(missing), 'invoice')} called open by {sources}, and listed there with a balance of 0: "
            f"{worst(missing)}. One of the two is wrong: look at the balances of the export; approve if they are "
            "settled",
            refs_of(missing),
        )


def object_to_balances_of_zero(plan: Plan) -> Iterator[Objection]:
    """Object where most of a source's balances have become 0 at once, though it states no status beside them."""
    if plan.before is None:
        return
    stating = {source.source for source in plan.sources if source.states_status}
    settled = plan.missing[(plan.missing["reason"] == "settled") & ~plan.missing["source"].isin(list(stating))]
    for source, count in settled["source"].value_counts().items():
        whole = int((plan.before["source"] == source).sum())
        if count > plan.guards.missing_floor and count > plan.guards.missing_share * whole:
            mine = settled[settled["source"] == source]
            yield Objection(
                "contradiction",
                f"{count:,} of {counted(whole, 'invoice')} of {source} are listed with a balance of 0 all at once: "
                f"{worst(mine)}. Look at the column of balances in the export; approve if all of them were settled",
                refs_of(mine),
            )


def unexplained_by_the_feed(plan: Plan) -> pd.DataFrame:
    """Return the missing rows that a change of the feed's own configuration may have dropped."""
    reasons = plan.missing["reason"]
    silent = reasons.isin([GONE, SOURCE_REMOVED, STILL_OPEN, CONTRADICTORY]) & (plan.missing["evidence"] != "proven")
    return plan.missing[silent | reasons.str.startswith(REMOVED_BY)]
