"""What a report sums to, for whoever reads a plan: movements, ageing and the largest debtors, exact and by column."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from arfeed.model import arrow, schema
from arfeed.model.figures import BUCKETS, Aged, Debtor, Facts, Movement, Reason, Sum
from arfeed.model.results import SourceReport

_MOST_DEBTORS = 10
_LAST_DAYS = (0, 30, 60, 90)
"""The last day past due of each bucket except "over 90" and "no due date"."""

_GROUP = ("source", "currency")
_CUSTOMER = (*_GROUP, "customer_id")
_MOST_FIRST = [("balance", "descending"), ("customer_id", "ascending")]
_NOTHING = Sum(0, schema.ZERO)


def sum_up(
    report: pd.DataFrame,
    before: pd.DataFrame | None,
    missing: pd.DataFrame,
    sources: Iterable[SourceReport],
    today: date,
) -> Facts:
    """Sum up a compared report. Each source's documents are aged on its as-of date, or today if it states none."""
    # An export of last Friday says what was overdue on Friday; aged on today, it would look later than it was.
    aged_on = {source.source: source.read.as_of or today for source in sources}
    days = _days_past_due(report, aged_on, today)
    return Facts(
        movements=tuple(_movements(report, before, missing)),
        reasons=tuple(_reasons(missing)),
        ageing=tuple(_ageing(report, days)),
        aged_on=aged_on or {"": today},
        debtors=tuple(_debtors(report, days)),
    )


def _reasons(missing: pd.DataFrame) -> Iterator[Reason]:
    for reason, evidence, currency, owed in sorted(_sums(missing, "reason", "evidence", "currency")):
        yield Reason(reason, currency, owed, evidence)


def _movements(report: pd.DataFrame, before: pd.DataFrame | None, missing: pd.DataFrame) -> Iterator[Movement]:
    """Sum by source and currency; `changed` is the part of the difference that is neither new nor missing."""
    was = {} if before is None else _by_group(before)
    gone = _by_group(missing)
    now: dict[tuple[str, str], dict[str, Sum]] = {}
    for source, currency, change, owed in _sums(report, *_GROUP, "change"):
        now.setdefault((source, currency), {})[change] = owed
    for group in sorted({*was, *now}):
        parts = now.get(group, {})
        old, lost, fresh = was.get(group, _NOTHING), gone.get(group, _NOTHING), parts.get("new", _NOTHING)
        counts, balances = zip(*parts.values(), strict=True) if parts else ((), ())
        final = Sum(sum(counts), sum(balances, schema.ZERO))
        # Computed from the totals instead of summing changed rows: the columns of the table then add up in every
        # case.
        difference = final.balance - old.balance - fresh.balance + lost.balance
        yield Movement(
            *group,
            before=old,
            new=fresh,
            changed=Sum(parts.get("changed", _NOTHING).documents, difference),
            missing=lost,
            now=final,
            moved=final.documents - old.documents - fresh.documents + lost.documents,
        )


def _by_group(rows: pd.DataFrame) -> dict[tuple[str, str], Sum]:
    return {(source, currency): owed for source, currency, owed in _sums(rows, *_GROUP)}


def _days_past_due(report: pd.DataFrame, aged_on: Mapping[str, date], today: date) -> pa.Array:
    """Return for each row how many days it is past due; null if it has no due date."""
    names, dates = pa.array([*aged_on], pa.large_string()), pa.array([*aged_on.values()], pa.date32())
    places = pc.index_in(arrow.to_text_array(report["source"]), value_set=names)
    due = arrow.as_single_chunk(pa.array(report["due_on"]))
    return pc.days_between(due, pc.fill_null(dates.take(places), today))


def _ageing(report: pd.DataFrame, days: pa.Array) -> Iterator[Aged]:
    number = np.searchsorted(_LAST_DAYS, np.asarray(pc.fill_null(days, 0)))
    dated = np.asarray(pc.is_valid(days))
    # Rows without a due date, most of them credit notes, stand apart: called "not due" they would lower what is due.
    buckets = pd.Series(np.where(dated, number, len(BUCKETS) - 1), index=report.index)
    for currency, bucket, owed in sorted(_sums(report.assign(bucket=buckets), "currency", "bucket")):
        yield Aged(currency, BUCKETS[bucket], owed)


def _debtors(report: pd.DataFrame, days: pa.Array) -> Iterator[Debtor]:
    """Sum by customer of a source, and yield those that owe most in each currency."""
    groups = arrow.group_balances(report, _CUSTOMER)
    # Only customers in debt: one whose credits outweigh the debts would otherwise fill the end of a short list.
    owing = groups.filter(pc.greater(groups["balance"], schema.ZERO))
    top: list[dict[str, Any]] = []
    for currency in sorted(pc.unique(owing["currency"]).to_pylist()):
        mine = owing.filter(pc.equal(owing["currency"], currency))
        # By currency, since sums in different currencies can't be ranked. The id breaks ties, so that equal plans
        # look equal.
        top += mine.take(pc.select_k_unstable(mine, k=_MOST_DEBTORS, sort_keys=_MOST_FIRST)).to_pylist()
    ids = pa.array([row["customer_id"] for row in top], pa.large_string())
    theirs = np.asarray(pc.is_in(arrow.to_text_array(report["customer_id"]), value_set=ids))
    late = theirs & np.asarray(pc.fill_null(pc.greater(days, 0), fill_value=False))
    overdue = {(*customer,): owed.balance for *customer, owed in _sums(report[late], *_CUSTOMER)}
    # One id may come with several names; the first one listed is shown.
    names = report[theirs].drop_duplicates([*_CUSTOMER]).set_index([*_CUSTOMER])["customer_name"]
    for row in top:
        customer = tuple(row[name] for name in _CUSTOMER)
        owed = Sum(row["count"], row["balance"])
        yield Debtor(row["currency"], row["source"], names[customer], owed, overdue.get(customer, schema.ZERO))


def _sums(rows: pd.DataFrame, *by: str) -> list[tuple[Any, ...]]:
    """Return a tuple a group: what the columns `by` hold, and the sum."""
    groups = arrow.group_balances(rows, by)
    columns = [groups[name].to_pylist() for name in (*by, "count", "balance")]
    return [(*keys, Sum(count, balance)) for *keys, count, balance in zip(*columns, strict=True)]
