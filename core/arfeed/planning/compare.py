"""Hold a report against the baseline: what is new, changed or missing, and why each missing invoice is."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from arfeed import schema
from arfeed.interfaces import Counts

COMPARED = (
    "kind", "customer_id", "customer_name", "customer_email", "currency", "issued_on", "due_on", "amount", "balance",
    "po_number", "memo",
)  # fmt: skip

REMOVED_BY = "removed by "
SOURCE_REMOVED = "source removed"


@dataclass(frozen=True, slots=True)
class Comparison:
    """The report with `change` (new, changed, unchanged), and the baseline's missing rows."""

    report: pd.DataFrame
    missing: pd.DataFrame
    counts: Counts


def compare(report: pd.DataFrame, keys: pd.Series[str], baseline: pd.DataFrame) -> Comparison:
    """Compare by folded reference; `keys` are the report's. Both frames have canonical columns."""
    ours, theirs = schema.text_array(keys), schema.text_array(schema.folded(baseline["invoice_ref"]))
    places = pc.index_in(ours, value_set=theirs)
    known = pc.is_valid(places)
    changed = _changed(report, baseline, places)
    change = pc.if_else(known, pc.if_else(changed, "changed", "unchanged"), "new")
    gone = pc.invert(pc.is_in(theirs, value_set=ours)).to_numpy(zero_copy_only=False)
    counted = {name: int(pc.sum(pc.equal(change, name)).as_py() or 0) for name in ("new", "changed", "unchanged")}
    return Comparison(
        report.assign(change=pd.Series(pc.cast(change, pa.large_string()), index=report.index, dtype="str")),
        baseline[gone].reset_index(drop=True),
        Counts(missing=int(gone.sum()), **counted),
    )


def _changed(report: pd.DataFrame, baseline: pd.DataFrame, places: pa.Array) -> pa.Array:
    """Where a row that stands in both differs in a column that the receiver sees."""
    result = pa.repeat(pa.scalar(value=False), len(report))
    for name in COMPARED:
        kind = schema.arrow_type(name)
        now, before = _array(report[name], kind), _array(baseline[name], kind).take(places)
        unequal = pc.fill_null(pc.not_equal(now, before), fill_value=False)
        one_blank = pc.xor(pc.is_null(now), pc.is_null(before))
        result = pc.or_(result, pc.or_(unequal, one_blank))
    return result


def _array(column: pd.Series, kind: pa.DataType) -> pa.Array:
    array = pa.array(column, type=kind)
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array


def with_reasons(
    missing: pd.DataFrame, rows: pd.DataFrame, removed: pd.DataFrame, sources: Collection[str] | None
) -> pd.DataFrame:
    """Add to every missing row why it is: what its source says of it now, or which step removed it.

    `rows` are all rows the sources listed, open and closed; `removed` has source, source_ref, kind and by; `sources`
    are the feed's own, None where no source was asked. Reasons:
    paid, void, draft, settled, removed by <step>, source removed, gone.
    """
    if missing.empty:
        return missing.assign(reason=pd.Series([], dtype="str"))
    lost = _keys(missing)
    listed = rows[_within(_keys(rows), lost)]
    zero = listed["balance"] == schema.ZERO
    is_open = listed["status"] == "open"
    steps = removed[_within(_keys(removed), lost)]
    conditions = [
        (SOURCE_REMOVED, _of_other_sources(missing, sources)),
        *(
            (f"{REMOVED_BY}{step}", _within(lost, _keys(steps[steps["by"] == step])))
            for step in _last_first(steps["by"])
        ),
        (f"{REMOVED_BY}the destination", _within(lost, _keys(listed[is_open & ~zero]))),
        ("paid", _within(lost, _keys(listed[listed["status"] == "paid"]))),
        ("settled", _within(lost, _keys(listed[is_open & zero]))),
        ("void", _within(lost, _keys(listed[listed["status"] == "void"]))),
        ("draft", _within(lost, _keys(listed[listed["status"] == "draft"]))),
    ]
    reasons = np.select([mask for _, mask in conditions], [name for name, _ in conditions], default="gone")
    return missing.assign(reason=pd.Series(reasons, index=missing.index, dtype="str"))


def _of_other_sources(
    missing: pd.DataFrame, sources: Collection[str] | None
) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Where a row comes from a source that the feed no longer has; a blank source is one that was never known."""
    if sources is None:
        return np.zeros(len(missing), dtype=bool)
    return ~missing["source"].isin([*sources, ""]).to_numpy(dtype=bool)


def _last_first(steps: pd.Series[str]) -> list[str]:
    return list(dict.fromkeys(reversed(steps.tolist())))


def _keys(rows: pd.DataFrame) -> pa.Array:
    """Return what identifies a document at its source: source, kind and the reference as the source wrote it."""
    columns = [
        schema.text_array(column) for column in (rows["source"], rows["kind"], schema.folded(rows["source_ref"]))
    ]
    return pc.binary_join_element_wise(*columns, pa.scalar("\x1f", pa.large_string()))


def _within(some: pa.Array, others: pa.Array) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    return np.asarray(pc.is_in(some, value_set=others))


def totals(report: pd.DataFrame) -> pd.DataFrame:
    """Return source, currency, count and balance: what the report sums to."""
    columns = pa.Table.from_pandas(report[["source", "currency", "balance"]], preserve_index=False)
    grouped = columns.group_by(["source", "currency"]).aggregate([("balance", "count"), ("balance", "sum")])
    named = grouped.rename_columns(["source", "currency", "count", "balance"]).sort_by(
        [("source", "ascending"), ("currency", "ascending")]
    )
    return schema.table_frame(named.replace_schema_metadata())
