"""The built-in guards: one implementation of `arfeed_review`, which no feed can switch off."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

import pandas as pd
import pyarrow as pa

from arfeed import schema
from arfeed.hookspecs import hookimpl
from arfeed.interfaces import Objection, Plan, SourceReport
from arfeed.planning.compare import REMOVED_BY, SOURCE_REMOVED

_CLOSED = ("paid", "void", "settled")
"""Reasons by which the source itself says that nothing is owed any more."""

_MOST_NAMED = 3


class Guards:
    """The reasons not to deliver that arfeed itself knows."""

    @hookimpl
    def arfeed_review(self, plan: Plan) -> Iterable[Objection]:
        """Return every objection to the plan."""
        return (
            *_unknown_baseline(plan),
            *_foreign_report(plan),
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
    if plan.before is None:
        yield Objection(
            "unknown-baseline",
            f"this history knows no delivery to {plan.destination}, so nothing can be compared. If this is the first "
            "delivery, approve it. If not, the history is lost or another one: restore it, name the right one in "
            "[feed], or take the last report as baseline with `arfeed adopt`",
        )


def _foreign_report(plan: Plan) -> Iterator[Objection]:
    if plan.foreign:
        named = _named(plan.foreign)
        yield Objection(
            "foreign-report",
            f"{len(plan.foreign)} report{'s' * (len(plan.foreign) > 1)} at the destination not sent by this history: "
            f"{named}. Somebody else delivers there, or the history is another. Look into it; then "
            "`arfeed adopt` takes the last as baseline",
            plan.foreign,
        )


def _empty_report(plan: Plan) -> Iterator[Objection]:
    if plan.report.empty:
        yield Objection(
            "empty-report",
            "the report lists nothing: the receiver would mark every invoice as paid. Look at the sources; approve if "
            "really nothing is open",
        )


def _unexplained(plan: Plan) -> Iterator[Objection]:
    speaking = {source.source for source in plan.sources if _absence_speaks(source)}
    missing = plan.missing[(plan.missing["reason"] == "gone") & ~plan.missing["source"].isin(list(speaking))]
    if len(missing):
        sources = _named(sorted({source or "an adopted report" for source in missing["source"]}))
        yield Objection(
            "unexplained",
            f"{_invoices(missing)} no longer listed by {sources}, which can't say why: {_worst(missing)}. Look whether "
            "the export is complete; approve if they are settled. If a source drops what is paid, say "
            "absent_means_paid = true there",
            tuple(missing["invoice_ref"]),
        )


def _absence_speaks(source: SourceReport) -> bool:
    """Whether a source that no longer lists an invoice has thereby said that it is closed."""
    complete = source.complete
    return source.settings.absent_means_paid or (complete.controlled and not complete.lists_closed)


def _still_open(plan: Plan) -> Iterator[Objection]:
    missing = plan.missing[plan.missing["reason"].str.startswith(REMOVED_BY)]
    if len(missing):
        by = _named(sorted(set(missing["reason"].str.removeprefix(REMOVED_BY))))
        yield Objection(
            "still-open",
            f"{_invoices(missing)} still open at the source but removed by {by}: {_worst(missing)}. Mend that step; "
            "approve if the receiver should take them as paid",
            tuple(missing["invoice_ref"]),
        )


def _missing_share(plan: Plan) -> Iterator[Objection]:
    """Object where too much is missing: by count in total, per source, per currency; by money per currency."""
    if plan.before is None or len(plan.missing) <= plan.guards.missing_floor:
        return
    groups = [
        *_shares(plan, None),
        *_shares(plan, "source"),
        *_shares(plan, "currency"),
    ]
    too_much = [text for text, count, share in groups if _over(plan, count, share)]
    if too_much:
        yield Objection(
            "missing-share",
            f"more than {plan.guards.missing_share:.0%} would be marked as paid: {'; '.join(too_much)}. Largest: "
            f"{_worst(plan.missing)}. Look whether the sources are complete; approve if so much was really settled",
            tuple(plan.missing["invoice_ref"]),
        )


def _over(plan: Plan, count: int, share: float) -> bool:
    return count > plan.guards.missing_floor and share > plan.guards.missing_share


def _shares(plan: Plan, by: str | None) -> Iterator[tuple[str, int, float]]:
    """Yield what to say of a group, how many of it are missing, and what share that is."""
    before, missing = _sums(plan.before, by), _sums(plan.missing, by)
    for name, (count, money) in missing.items():
        all_count, all_money = before[name]
        place = f"{name or 'an adopted report'}: " if by else ""
        yield f"{place}{count} of {all_count} invoices", count, count / all_count
        if by == "currency" and all_money:
            yield f"{place}{money:,.2f} of {all_money:,.2f}", count, float(money / all_money)


def _sums(rows: pd.DataFrame | None, by: str | None) -> dict[str, tuple[int, Decimal]]:
    """Return count and sum of absolute balances by the values of a column, or of all rows under a blank name."""
    if rows is None or rows.empty:
        return {}
    names = rows[by] if by else pd.Series([""] * len(rows), dtype="str")
    table = pa.table({"name": pa.array(names), "money": pa.array(rows["balance"].abs())})
    grouped = table.group_by("name").aggregate([("money", "count"), ("money", "sum")]).to_pydict()
    pairs = zip(grouped["money_count"], grouped["money_sum"], strict=True)
    return dict(zip(grouped["name"], pairs, strict=True))


def _renamed(plan: Plan) -> Iterator[Objection]:
    keys = ["source", "customer_id", "currency", "amount", "issued_on"]
    missing = plan.missing[~plan.missing["reason"].isin(_CLOSED)]
    new = plan.report[plan.report["change"] == "new"]
    if missing.empty or new.empty:
        return
    pairs = missing[["invoice_ref", *keys]].merge(new[["invoice_ref", *keys]], on=keys, suffixes=("", "_new"))
    if len(pairs):
        named = [f"{old} → {now}" for old, now in zip(pairs["invoice_ref"], pairs["invoice_ref_new"], strict=True)]
        refs = tuple(dict.fromkeys(pairs["invoice_ref"]))
        yield Objection(
            "renamed",
            f"{len(refs)} missing and new invoices agree in customer, currency, amount and date: {_named(named)}. They "
            "seem to be renumbered: the old number would be marked as paid, the new one be owed. Look at the numbers; "
            "approve if the receiver should see it so",
            refs,
        )


def _config_changed(plan: Plan) -> Iterator[Objection]:
    reasons = plan.missing["reason"]
    missing = plan.missing[reasons.isin(["gone", SOURCE_REMOVED]) | reasons.str.startswith(REMOVED_BY)]
    if plan.settings_changed and len(missing):
        yield Objection(
            "config-changed",
            f"the configuration or a plugin's version has changed since the last delivery, and {_invoices(missing)} "
            f"missing without being said to be closed: {_worst(missing)}. Look whether the change meant to drop them; "
            "approve if so",
            tuple(missing["invoice_ref"]),
        )


def _everything_changed(plan: Plan) -> Iterator[Objection]:
    if plan.before is None:
        return
    both = plan.report[plan.report["change"] != "new"]
    before = plan.before.assign(key=schema.folded(plan.before["invoice_ref"]))[["key", "balance", "customer_id"]]
    pairs = both.assign(key=schema.folded(both["invoice_ref"]))[["key", "balance", "customer_id"]]
    pairs = pairs.merge(before, on="key", suffixes=("", "_before"))
    changed = (pairs["balance"] != pairs["balance_before"]) | (pairs["customer_id"] != pairs["customer_id_before"])
    count = int(changed.sum())
    if count > plan.guards.missing_floor and count * 2 > len(pairs):
        yield Objection(
            "everything-changed",
            f"{count} of {len(pairs)} invoices have another balance or customer than in the last report. This may be "
            "another company, column or file; approve if it is right",
        )


def _stale_source(plan: Plan) -> Iterator[Objection]:
    for source in plan.sources:
        limit, as_of = source.settings.max_age, source.read.as_of
        if limit is None:
            continue
        if as_of is None:
            yield Objection(
                "stale-source",
                f"{source.source} has max_age, but states no date to judge by; take max_age out",
            )
        elif plan.at.date() - as_of > limit:
            yield Objection(
                "stale-source",
                f"{source.source} speaks of {as_of}, {(plan.at.date() - as_of).days} days ago; max_age allows "
                f"{limit.days}. Export it again; approve if it is still right",
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
                "like an older export; approve if it is the right one",
            )


def _documents(plan: Plan) -> Iterator[Objection]:
    documents = plan.documents
    lacking = (*documents.without, *documents.broken, *(ref for refs in documents.colliding.values() for ref in refs))
    if plan.documents_required and lacking:
        yield Objection(
            "documents",
            f"{len(lacking)} invoices have no PDF that can be sent, and documents_required is set: {_named(lacking)}. "
            "Add or mend the PDFs; approve to deliver without them",
            lacking,
        )


def _invoices(missing: pd.DataFrame) -> str:
    return "1 invoice is" if len(missing) == 1 else f"{len(missing)} invoices are"


def _named(items: Iterable[str]) -> str:
    every = list(items)
    return ", ".join(every[:_MOST_NAMED]) + (
        f" and {len(every) - _MOST_NAMED} more" if len(every) > _MOST_NAMED else ""
    )


def _worst(missing: pd.DataFrame) -> str:
    """Name the largest by balance."""
    order = missing["balance"].abs().sort_values(ascending=False).index
    rows = missing.loc[order[:_MOST_NAMED], ["invoice_ref", "customer_name", "balance", "currency"]].astype("str")
    named = [" ".join(row) for row in rows.to_numpy().tolist()]
    return "; ".join(named) + ("; …" if len(missing) > _MOST_NAMED else "")
