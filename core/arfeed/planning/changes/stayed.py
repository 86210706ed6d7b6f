"""The invoices that are in both reports and have changed, with what each report says of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from arfeed.model import arrow
from arfeed.model.results import Plan
from arfeed.planning.wording import format_money, largest

Mask: TypeAlias = npt.NDArray[np.bool_]
"""One bool for each changed invoice."""

Floats: TypeAlias = npt.NDArray[np.float64]
"""Numbers that are only weighed and never delivered: a share, a factor, or a size to compare."""

GROUP = ("source", "currency")
"""What is judged separately: a mistake rarely strikes two sources at once, and currencies are never added up."""


@dataclass(frozen=True, slots=True)
class Stayed:
    """The changed invoices of a plan, one row each; columns are taken only when asked for, and compared once.

    `last` is the last report. `rows` are their places in the new report, `places` those of the same numbers in `last`.
    """

    plan: Plan
    last: pd.DataFrame
    rows: npt.NDArray[np.int64]
    places: npt.NDArray[np.int64]
    _columns: dict[str, pa.Array] = field(default_factory=dict)

    def now(self, column: str) -> pa.Array:
        """Return a column as the new report has it."""
        return self._take(f"now {column}", self.plan.report, column, self.rows)

    def before(self, column: str) -> pa.Array:
        """Return a column as the last report had it."""
        return self._take(f"before {column}", self.last, column, self.places)

    def differs(self, column: str) -> Mask:
        """Return where a column differs from before; a value that is blank on one side does not count."""
        key = f"differs {column}"
        if key not in self._columns:
            self._columns[key] = pc.not_equal(self.now(column), self.before(column))
        return as_mask(self._columns[key])

    def days_moved(self, column: str) -> npt.NDArray[np.int64]:
        """Return by how many days each date of a column moved; 0 if one of the two is blank."""
        moved = pc.days_between(self.before(column), self.now(column))
        return np.asarray(pc.fill_null(moved, 0), dtype=np.int64)

    def sizes(self, by: Iterable[str] = GROUP) -> dict[tuple[str, ...], int]:
        """Return how many invoices are in both reports, including unchanged ones, by source, currency or both."""
        sizes: dict[tuple[str, ...], int] = {}
        # From the plan's sums, so that no guard has to group the unchanged rows, which are nearly all, again.
        for moved in self.plan.facts.movements:
            group = tuple(str(getattr(moved, name)) for name in by)
            sizes[group] = sizes.get(group, 0) + moved.now.documents - moved.new.documents
        return sizes

    def groups(self, by: Iterable[str] = GROUP) -> list[tuple[tuple[str, ...], Mask]]:
        """Return the groups among the changed invoices, and a mask of each."""
        names = list(by)
        code = np.zeros(len(self.rows), np.int64)
        texts: list[list[str]] = []
        for name in names:
            encoded = self.now(name).dictionary_encode()
            texts.append(encoded.dictionary.to_pylist())
            # One number for each combination of values, taken apart again below: grouping numbers is far faster than
            # texts.
            code = code * len(texts[-1]) + np.asarray(encoded.indices)
        found = []
        for each in np.unique(code).tolist():
            rest, group = each, []
            for values in reversed(texts):
                rest, place = divmod(rest, len(values))
                group.append(values[place])
            found.append((tuple(reversed(group)), code == each))
        return found

    def unchanged(self, source: str) -> pd.DataFrame:
        """Return a source's invoices that are the same in both reports."""
        report = self.plan.report
        same = pc.equal(arrow.to_text_array(report["change"]), "unchanged")
        theirs = pc.equal(arrow.to_text_array(report["source"]), source)
        return arrow.filter_rows(report, pd.Series(as_mask(same) & as_mask(theirs)))

    def refs(self, where: Mask) -> tuple[str, ...]:
        """Return the invoice numbers where the mask is true."""
        return tuple(self.now("invoice_ref").filter(pa.array(where)).to_pylist())

    def worst(self, where: Mask, say: Callable[[int], str]) -> str:
        """Describe the largest invoices where the mask is true, each in the words that `say` returns for its row."""
        names = ("invoice_ref", "currency", "balance")
        chosen = np.flatnonzero(where)
        # By the balance before: the new one may be the very mistake, and must not decide which invoices are shown.
        taken = {name: self.before(name).take(pa.array(chosen)) for name in names}
        rows = largest(arrow.to_frame(pa.table(taken)))
        texts = [say(int(chosen[place])) for place in rows.index]
        return "; ".join(texts) + ("; …" if len(chosen) > len(texts) else "")

    def _take(self, key: str, frame: pd.DataFrame, column: str, rows: npt.NDArray[np.int64]) -> pa.Array:
        if key not in self._columns:
            whole = arrow.as_single_chunk(pa.array(frame[column]))
            # If all rows have changed, as after a misread column, nothing needs to be copied.
            every = len(rows) == len(whole) and bool((rows == np.arange(len(whole))).all())
            self._columns[key] = whole if every else whole.take(pa.array(rows))
        return self._columns[key]


@dataclass(frozen=True, slots=True)
class Finding:
    """What a guard has found in sums: described in words, and where it is."""

    words: str
    where: Mask


def find_stayed(plan: Plan) -> Stayed | None:
    """Return the changed invoices of a plan; None if nothing has changed, or nothing was there before."""
    if plan.before is None or not plan.counts.changed:
        return None
    change = arrow.to_text_array(plan.report["change"])
    rows = np.flatnonzero(as_mask(pc.equal(change, "changed")))
    refs = arrow.to_text_array(plan.report["invoice_ref"]).take(pa.array(rows))
    found = pc.index_in(arrow.to_text_array(plan.before["invoice_ref"]), value_set=refs)
    there = np.flatnonzero(as_mask(pc.is_valid(found)))
    places = np.zeros(len(rows), np.int64)
    places[np.asarray(found.drop_null())] = there
    return Stayed(plan, plan.before, rows, places)


def as_mask(values: pa.Array) -> Mask:
    """Return an Arrow array of bools as a numpy array; null counts as false."""
    return np.asarray(pc.fill_null(values, False))


def count_distinct(values: pa.Array, where: Mask) -> int:
    """Return how many different values there are where the mask is true."""
    return int(pc.count_distinct(values.filter(pa.array(where))).as_py())


def as_floats(values: pa.Array) -> Floats:
    """Return sums as floats to weigh them by; whatever is delivered, shown or added up stays exact."""
    sizes: Floats = np.asarray(pc.fill_null(pc.cast(values, pa.float64()), 0.0))
    return sizes


def join_findings(found: Stayed, findings: Iterable[Finding]) -> Mask:
    """Return where any of the findings is."""
    joined: Mask = np.logical_or.reduce([np.zeros(len(found.rows), bool), *(each.where for each in findings)])
    return joined


def describe_move(found: Stayed, row: int, column: str = "balance") -> str:
    """Write whose sum it is, what it was and what it is now."""
    now, before = (
        format_money(which(column)[row].as_py(), which("currency")[row].as_py()) for which in (found.now, found.before)
    )
    return f"{found.now('invoice_ref')[row].as_py()} {found.now('customer_name')[row].as_py()} {before} → {now}"
