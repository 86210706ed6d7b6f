"""The built-in guards: one implementation of `arfeed_review`, which no feed can switch off."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from arfeed.model import arrow
from arfeed.model.hooks import hookimpl
from arfeed.model.results import Objection, Plan
from arfeed.planning.changes.rules import changes_in_what_stays
from arfeed.planning.evidence import (
    object_to_balances_of_zero,
    object_to_contradictions,
    object_to_still_open,
    object_to_unexplained,
    unexplained_by_the_feed,
)
from arfeed.planning.known import Known, object_to_the_sum_of_approvals
from arfeed.planning.ledgers import object_to_more_than_was_received, object_to_moved_ledgers
from arfeed.planning.receivers import history_behind, same_receiver
from arfeed.planning.wording import are, counted, largest, named, refs_of, span, worst

NOTHING_KNOWN = Known()


class Guards:
    """The reasons not to deliver that arfeed itself knows."""

    def __init__(self, known: Known = NOTHING_KNOWN) -> None:
        """Take what is known beside the plan."""
        self._known = known

    @hookimpl
    def arfeed_review(self, plan: Plan) -> Iterable[Objection]:
        """Return every objection to the plan."""
        return (
            *_unknown_baseline(plan),
            *_foreign_report(plan),
            *same_receiver(plan),
            *history_behind(plan),
            *_empty_report(plan),
            *object_to_unexplained(plan),
            *object_to_still_open(plan),
            *object_to_contradictions(plan),
            *object_to_balances_of_zero(plan),
            *object_to_moved_ledgers(plan),
            *object_to_more_than_was_received(plan),
            *object_to_the_sum_of_approvals(plan, self._known),
            *_renamed(plan),
            *_config_changed(plan),
            *_everything_changed(plan),
            *changes_in_what_stays(plan),
            *_stale_source(plan),
            *_as_of_backwards(plan),
            *_documents(plan),
        )


def _unknown_baseline(plan: Plan) -> Iterator[Objection]:
    if plan.before is None and not plan.also_known:
        yield Objection(
            "unknown-baseline",
            f"this history knows no delivery to {plan.destination}, so nothing can be compared with the "
            f"{counted(len(plan.report), 'invoice')} read. If this is the first delivery, approve it. If not, the "
            "history is lost or another one: restore it, name the right one in [feed], or take the last report as "
            "baseline with `arfeed adopt`",
        )


def _foreign_report(plan: Plan) -> Iterator[Objection]:
    if plan.foreign and not plan.also_known:  # which says how to get a history that knows them
        last = "the last of them" if len(plan.foreign) > 1 else "it"
        yield Objection(
            "foreign-report",
            f"the destination holds {counted(len(plan.foreign), 'report')} that this history did not send: "
            f"{named(plan.foreign)}. Somebody else delivers there, or the history is another. Look into it; then "
            f"`arfeed adopt {shlex.quote(plan.foreign[-1])}` takes {last} as baseline",
            plan.foreign,
        )


def _empty_report(plan: Plan) -> Iterator[Objection]:
    if plan.report.empty:
        yield Objection(
            "empty-report",
            f"the report lists nothing: the receiver would mark every invoice as paid, {len(plan.missing):,} of the "
            "last report. Look at the sources; approve if really nothing is open",
        )
        return
    emptied = plan.missing[plan.missing["source"].isin([*_emptied(plan)]) & (plan.missing["evidence"] == "asserted")]
    if len(emptied):
        sources = named(sorted(emptied["source"].unique()))
        yield Objection(
            "empty-report",
            f"nothing is open any more in {sources}, where {counted(len(emptied), 'invoice')} stood in the last report "
            f"and nothing proves that {'it is' if len(emptied) == 1 else 'they are'} paid: {worst(emptied)}. Look at "
            "the source; approve if really nothing is open there",
            refs_of(emptied),
        )


def _emptied(plan: Plan) -> Iterator[str]:
    """Yield the sources that list nothing open any more."""
    listed = set(plan.report["source"].unique())
    yield from (source.source for source in plan.sources if not source.failed and source.source not in listed)


def _renamed(plan: Plan) -> Iterator[Objection]:
    missing = plan.missing[plan.missing["evidence"] != "proven"]
    if missing.empty:
        return
    new = plan.report[plan.report["change"] == "new"]
    places = pc.index_in(_likenesses(missing), value_set=_likenesses(new))
    found = np.asarray(pc.is_valid(places))
    if found.any():
        pairs = missing[found].assign(now=new["invoice_ref"].take(places.drop_null().to_numpy()).to_numpy())
        changes = [f"{row['invoice_ref']} → {row['now']}" for row in largest(pairs).to_dict("records")]
        yield Objection(
            "renamed",
            f"{counted(len(pairs), 'missing invoice')} and new ones agree in source, customer, currency, amount and "
            f"date, as if renumbered: {'; '.join(changes)}{'; …' * (len(pairs) > len(changes))}. The old number would "
            "be marked as paid and the new one be owed. Look at the numbers; approve if the receiver should see it so",
            refs_of(pairs),
        )


def _likenesses(rows: pd.DataFrame) -> pa.Array:
    """Return what two numbers of one invoice would agree in. Where a source states no amounts, balances count."""
    amounts = pc.coalesce(pa.array(rows["amount"]), pa.array(rows["balance"]))
    columns = [rows["source"], rows["customer_id"], rows["currency"], amounts, rows["issued_on"]]
    texts = [pc.fill_null(pc.cast(pa.array(column), pa.large_string()), "") for column in columns]
    joined = pc.binary_join_element_wise(*texts, pa.scalar("\x1f", pa.large_string()))
    return arrow.as_single_chunk(joined)


def _config_changed(plan: Plan) -> Iterator[Objection]:
    missing = unexplained_by_the_feed(plan)
    if plan.settings_changed and len(missing):
        yield Objection(
            "config-changed",
            "the configuration or a plugin's version has changed since the last delivery, and "
            f"{are(len(missing), 'invoice')} missing without being said to be closed: {worst(missing)}. Look whether "
            "the change meant to drop them; approve if so",
            refs_of(missing),
        )


def _everything_changed(plan: Plan) -> Iterator[Objection]:
    common = plan.counts.changed + plan.counts.unchanged
    if plan.before is None or not _most(plan, plan.counts.changed, common):
        return
    changed = plan.report[plan.report["change"] == "changed"]
    theirs = arrow.to_text_array(arrow.fold(plan.before["invoice_ref"]))
    places = pc.index_in(arrow.to_text_array(arrow.fold(changed["invoice_ref"])), value_set=theirs)
    before = plan.before.take(places.to_numpy()).set_axis(changed.index)
    others = (changed["balance"] != before["balance"]) | (changed["customer_id"] != before["customer_id"])
    count = int(others.sum())
    if _most(plan, count, common):
        yield Objection(
            "everything-changed",
            f"{count:,} of {counted(common, 'invoice')} have another balance or customer than in the last report, now "
            f"{worst(changed[others])}. This may be another company, column or file; approve if it is right",
            refs_of(changed[others]),
        )


def _most(plan: Plan, count: int, of: int) -> bool:
    return count > plan.guards.missing_floor and count * 2 > of


def _stale_source(plan: Plan) -> Iterator[Objection]:
    for source in plan.sources:
        limit, as_of = source.settings.max_age, source.read.as_of
        if limit is None:
            continue
        if as_of is None:
            yield Objection(
                "stale-source",
                f"{source.source} states no date to judge by, and max_age allows {span(limit)}; take max_age out, "
                "or approve if its data is of today",
            )
        elif plan.at.date() - as_of > limit:
            age = counted((plan.at.date() - as_of).days, "day")
            yield Objection(
                "stale-source",
                f"{source.source} speaks of {as_of}, {age} ago; max_age allows {span(limit)}. Export it again; approve "
                "if it is still right",
            )


def _as_of_backwards(plan: Plan) -> Iterator[Objection]:
    for source in plan.sources:
        if source.before is None or source.failed:
            continue
        now, then = source.read.as_of, source.before.as_of
        if now and then and now < then:
            yield Objection(
                "as-of-backwards",
                f"{source.source} has gone back: its as-of date is {now}, and was {then} in the last delivery. This "
                "looks like an older export; export it again, or approve if it is the right one",
            )


def _documents(plan: Plan) -> Iterator[Objection]:
    if not plan.documents_required:
        return
    documents = plan.documents
    colliding = (ref for refs in documents.colliding.values() for ref in refs)
    lacking = tuple(dict.fromkeys((*documents.without, *documents.broken, *colliding)))
    if lacking:
        yield Objection(
            "documents",
            f"{counted(len(lacking), 'invoice')} without a PDF that can be sent, and documents_required is set: "
            f"{named(lacking)}. Add or mend the PDFs; approve to deliver without them",
            lacking,
        )
