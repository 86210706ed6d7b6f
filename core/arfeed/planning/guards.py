"""The built-in guards: one implementation of `arfeed_review`, which no feed can switch off."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from arfeed import schema
from arfeed.hookspecs import hookimpl
from arfeed.interfaces import Objection, Plan, SourceReport
from arfeed.planning.reasons import GONE, REMOVED_BY, SOURCE_REMOVED
from arfeed.planning.receivers import history_behind, same_receiver
from arfeed.planning.wording import counted, largest, money, named, span, worst

_CLOSED = ("paid", "void", "settled")
"""Reasons by which the source itself says that nothing is owed any more."""

_NO_SOURCE = "an adopted report"
"""What to call the source of rows that `adopt` took: it is not known."""


class Guards:
    """The reasons not to deliver that arfeed itself knows."""

    @hookimpl
    def arfeed_review(self, plan: Plan) -> Iterable[Objection]:
        """Return every objection to the plan."""
        return (
            *_unknown_baseline(plan),
            *_foreign_report(plan),
            *same_receiver(plan),
            *history_behind(plan),
            *_empty_report(plan),
            *_unexplained(plan),
            *_still_open(plan),
            *_missing_share(plan),
            *_renamed(plan),
            *_config_changed(plan),
            *_everything_changed(plan),
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
    if plan.foreign:
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


def _unexplained(plan: Plan) -> Iterator[Objection]:
    speaking = [source.source for source in plan.sources if _absence_speaks(source)]
    missing = plan.missing[(plan.missing["reason"] == GONE) & ~plan.missing["source"].isin(speaking)]
    if len(missing):
        sources = named(sorted(source or _NO_SOURCE for source in missing["source"].unique()))
        yield Objection(
            "unexplained",
            f"{_invoices(missing)} no longer listed by {sources}, which can't say why: {worst(missing)}. Look whether "
            "the export is complete; approve if they are settled. If a source drops what is paid, say "
            "absent_means_paid = true there",
            _refs(missing),
        )


def _absence_speaks(source: SourceReport) -> bool:
    """Whether a source that no longer lists an invoice has thereby said that it is closed."""
    complete = source.complete
    return source.settings.absent_means_paid or (complete.controlled and not complete.lists_closed)


def _still_open(plan: Plan) -> Iterator[Objection]:
    missing = plan.missing[plan.missing["reason"].str.startswith(REMOVED_BY)]
    if len(missing):
        by = named(sorted(missing["reason"].str.removeprefix(REMOVED_BY).unique()))
        yield Objection(
            "still-open",
            f"{_invoices(missing)} still open at the source but removed by {by}: {worst(missing)}. Mend that step; "
            "approve if the receiver should take them as paid",
            _refs(missing),
        )


def _missing_share(plan: Plan) -> Iterator[Objection]:
    """Object where too much is missing: by count in total, per source, per currency; by money per currency."""
    if plan.before is None:
        return
    too_much = [*_too_much(plan, plan.before)]
    if too_much:
        yield Objection(
            "missing-share",
            f"more than {plan.guards.missing_share:.0%} would be marked as paid: {'; '.join(too_much)}. Largest: "
            f"{worst(plan.missing)}. Look whether the sources are complete; approve if so much was really settled",
            _refs(plan.missing),
        )


def _too_much(plan: Plan, baseline: pd.DataFrame) -> Iterator[str]:
    """Say of each group of which more than the share is missing, how much that is."""
    lost, whole = len(plan.missing), len(baseline)
    if _over(plan, lost, lost, whole):
        yield f"{lost:,} of {counted(whole, 'invoice')}"
    for by in ("source", "currency"):
        before = _sums(baseline, by)
        for name, (count, balance) in _sums(plan.missing, by).items():
            all_count, all_balance = before[name]
            if _over(plan, count, count, all_count):
                yield f"{name or _NO_SOURCE}: {count:,} of {counted(all_count, 'invoice')}"
            if by == "currency" and _over(plan, count, balance, all_balance):
                yield f"{money(balance, name)} of {money(all_balance, name)}"


def _over(plan: Plan, count: int, part: int | Decimal, whole: int | Decimal) -> bool:
    return count > plan.guards.missing_floor and bool(whole) and float(part / whole) > plan.guards.missing_share


def _sums(rows: pd.DataFrame, by: str) -> dict[str, tuple[int, Decimal]]:
    """Return count and sum of absolute balances by the values of a column."""
    table = pa.table({"name": pa.array(rows[by]), "balance": pc.abs(pa.array(rows["balance"]))})
    groups = table.group_by("name").aggregate([("balance", "count"), ("balance", "sum")]).to_pylist()
    return {group["name"]: (group["balance_count"], group["balance_sum"]) for group in groups}


def _renamed(plan: Plan) -> Iterator[Objection]:
    missing = plan.missing[~plan.missing["reason"].isin(_CLOSED)]
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
            _refs(pairs),
        )


def _likenesses(rows: pd.DataFrame) -> pa.Array:
    """Return what two numbers of one invoice would agree in. Where a source states no amounts, balances count."""
    amounts = pc.coalesce(pa.array(rows["amount"]), pa.array(rows["balance"]))
    columns = [rows["source"], rows["customer_id"], rows["currency"], amounts, rows["issued_on"]]
    texts = [pc.fill_null(pc.cast(pa.array(column), pa.large_string()), "") for column in columns]
    joined = pc.binary_join_element_wise(*texts, pa.scalar("\x1f", pa.large_string()))
    return schema.one_piece(joined)


def _config_changed(plan: Plan) -> Iterator[Objection]:
    reasons = plan.missing["reason"]
    missing = plan.missing[reasons.isin([GONE, SOURCE_REMOVED]) | reasons.str.startswith(REMOVED_BY)]
    if plan.settings_changed and len(missing):
        yield Objection(
            "config-changed",
            f"the configuration or a plugin's version has changed since the last delivery, and {_invoices(missing)} "
            f"missing without being said to be closed: {worst(missing)}. Look whether the change meant to drop them; "
            "approve if so",
            _refs(missing),
        )


def _everything_changed(plan: Plan) -> Iterator[Objection]:
    common = plan.counts.changed + plan.counts.unchanged
    if plan.before is None or not _most(plan, plan.counts.changed, common):
        return
    changed = plan.report[plan.report["change"] == "changed"]
    theirs = schema.text_array(schema.folded(plan.before["invoice_ref"]))
    places = pc.index_in(schema.text_array(schema.folded(changed["invoice_ref"])), value_set=theirs)
    before = plan.before.take(places.to_numpy()).set_axis(changed.index)
    others = (changed["balance"] != before["balance"]) | (changed["customer_id"] != before["customer_id"])
    count = int(others.sum())
    if _most(plan, count, common):
        yield Objection(
            "everything-changed",
            f"{count:,} of {counted(common, 'invoice')} have another balance or customer than in the last report, now "
            f"{worst(changed[others])}. This may be another company, column or file; approve if it is right",
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
        by_as_of = (source.read.as_of, source.before.as_of, "as-of date")
        by_issue = (source.read.latest_issue, source.before.latest_issue, "latest invoice date")
        now, then, what = by_as_of if source.read.as_of and source.before.as_of else by_issue
        if now and then and now < then:
            yield Objection(
                "as-of-backwards",
                f"{source.source} has gone back: its {what} is {now}, and was {then} in the last delivery. This looks "
                "like an older export; export it again, or approve if it is the right one",
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


def _invoices(missing: pd.DataFrame) -> str:
    return f"{counted(len(missing), 'invoice')} {'is' if len(missing) == 1 else 'are'}"


def _refs(missing: pd.DataFrame) -> tuple[str, ...]:
    return tuple(schema.text_array(missing["invoice_ref"]).to_pylist())
