"""Run the transforms in the file's order, hold each to its promises, and remember which removed what."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from arfeed import schema
from arfeed.currencies import minor_digits
from arfeed.errors import ProblemsError, SourceError
from arfeed.intake.problems import MOST_LINES
from arfeed.interfaces import Transform
from arfeed.isolation import own, undisturbed

KEY = ["source", "source_ref"]


@dataclass(frozen=True, slots=True)
class Transformed:
    """The invoices after all steps, and those that lost their place: columns source, source_ref, kind, by.

    `by` names the step that removed an invoice or gave it another `invoice_ref`. `seconds` is how long each worked.
    """

    invoices: pd.DataFrame
    removed: pd.DataFrame
    seconds: Mapping[str, float] = field(default_factory=dict)


def transform(invoices: pd.DataFrame, steps: Sequence[Transform]) -> Transformed:
    """Apply the steps. Raise `SourceError` for one that breaks its contract."""
    removed = [invoices[[*KEY, "kind"]].iloc[:0].assign(by=pd.Series([], dtype="str"))]
    seconds: defaultdict[str, float] = defaultdict(float)
    for step in steps:
        began = perf_counter()
        applied = _applied(step, invoices)
        seconds[step.name] += perf_counter() - began
        after = _checked(step, invoices, applied)
        removed.append(_displaced(invoices, after, step.name))
        invoices = after
    return Transformed(invoices, pd.concat(removed, ignore_index=True), seconds)


def _displaced(before: pd.DataFrame, after: pd.DataFrame, by: str) -> pd.DataFrame:
    """Return the rows whose reference is no longer there after a step."""
    gone = ~_in(_joined(before, [*KEY, "invoice_ref"]), _joined(after, [*KEY, "invoice_ref"]))
    rows = before.loc[gone, [*KEY, "kind"]]
    return rows.assign(by=pd.Series([by] * len(rows), index=rows.index, dtype="str"))


def keep(invoices: pd.DataFrame, kinds: Sequence[str]) -> Transformed:
    """Keep the kinds of document that the destination wants, and remember the others."""
    wanted, by = invoices["kind"].isin(list(kinds)), "the destination's `kinds`"
    rows = invoices.loc[~wanted, [*KEY, "kind"]]
    removed = rows.assign(by=pd.Series([by] * len(rows), index=rows.index, dtype="str"))
    return Transformed(schema.only(invoices, wanted), removed)


def _applied(step: Transform, invoices: pd.DataFrame) -> pd.DataFrame:
    """Give a step its own sources only, and put the others back behind."""
    only = step.settings.sources
    if only is None:
        return _called(step, invoices)
    mine = invoices["source"].isin(only)
    return pd.concat([_called(step, invoices[mine]), invoices[~mine]], ignore_index=True)


def _called(step: Transform, invoices: pd.DataFrame) -> pd.DataFrame:
    try:
        with undisturbed():
            return step.apply(own(invoices.reset_index(drop=True)))
    except SourceError:
        raise
    except (Exception, SystemExit) as exc:
        raise SourceError(f"transform {step.name!r}: {type(exc).__name__}: {exc}") from exc


def _checked(step: Transform, before: pd.DataFrame, after: object) -> pd.DataFrame:
    if not isinstance(after, pd.DataFrame):
        raise SourceError(f"transform {step.name!r} returned {type(after).__name__}, not a DataFrame")
    missing = [name for name in schema.NAMES if name not in after.columns]
    if missing:
        raise SourceError(f"transform {step.name!r} lost the column {missing[0]!r}")
    kinds = pa.Schema.from_pandas(after, preserve_index=False)
    for name in schema.NAMES:
        if kinds.field(name).type != schema.arrow_type(name):
            raise SourceError(
                f"transform {step.name!r} made {name!r} {kinds.field(name).type}, not {schema.arrow_type(name)}"
            )
    if not _contained(after, before):
        raise SourceError(f"transform {step.name!r} invented or repeated a source_ref; it may only keep or drop rows")
    _check_values(step, after)
    return after.reset_index(drop=True)


def _check_values(step: Transform, after: pd.DataFrame) -> None:
    """See that a step has left what every row of a report must have."""
    if after["balance"].isna().any():
        raise SourceError(f"transform {step.name!r} blanked a balance; a blank balance is not zero")
    if len(settled := after["source_ref"][after["balance"] == schema.ZERO]):
        raise SourceError(
            f"transform {step.name!r} made the balance of {settled.iloc[0]!r} 0, and only documents with a balance are "
            "reported; a step that settles one drops its row, so that the plan can say so"
        )
    names = pc.fill_null(pc.utf8_trim_whitespace(schema.text_array(after["customer_name"])), "")
    if (row := pc.index(names, "").as_py()) >= 0:
        raise SourceError(
            f"transform {step.name!r} blanked the customer_name of {after['source_ref'].iloc[row]!r}; it is required"
        )
    for name, allowed in (("currency", minor_digits()), ("kind", schema.KINDS), ("status", ("open",))):
        wrong = set(after[name].unique()) - set(allowed)
        if wrong:
            raise SourceError(f"transform {step.name!r} made {name!r} {min(wrong, key=str)!r}, which it can't be")


def _contained(some: pd.DataFrame, of: pd.DataFrame) -> bool:
    """Whether no key occurs more often in `some` than in `of`."""
    wanted, there = _joined(some, KEY), _joined(of, KEY)
    if wanted.equals(there):
        return True
    have, want = pd.Series(there).value_counts(), pd.Series(wanted).value_counts()
    return bool((want <= have.reindex(want.index, fill_value=0)).all())


def _joined(frame: pd.DataFrame, names: Sequence[str]) -> pa.Array:
    columns = [schema.text_array(frame[name]) for name in names]
    return pc.binary_join_element_wise(*columns, pa.scalar("\x1f", pa.large_string()))


def _in(some: pa.Array, others: pa.Array) -> pd.Series[bool]:
    return pd.Series(pc.is_in(some, value_set=others).to_numpy(zero_copy_only=False))


def check_unique(invoices: pd.DataFrame, keys: pd.Series[str]) -> None:
    """Raise `ProblemsError` where two rows of the report have one `invoice_ref`; `keys` are the folded refs."""
    distinct = schema.text_array(keys).unique()
    if len(distinct) == len(keys) and pc.index(distinct, value="").as_py() < 0:
        return
    repeated = keys.duplicated(keep=False) | (keys == "")
    rows = invoices[repeated].assign(key=keys[repeated]).sort_values("key").head(MOST_LINES - 2)
    lines = [
        f"{row.origin} ({row.source}): {row.invoice_ref!r}, {row.customer_name}, {row.balance} {row.currency}"
        for row in rows.itertuples()
    ]
    total = int(repeated.sum())
    more = [f"… and {total - len(lines)} more"] if total > len(lines) else []
    head = (
        f"{total} rows share an invoice number (or have none), but for letter case and what can't be seen, and the "
        "receiver needs one each; mend them there, or tell sources apart with the transform `rename` and its `prefix`:"
    )
    raise ProblemsError([head, *lines, *more])
