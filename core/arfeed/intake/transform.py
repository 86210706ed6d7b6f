"""Running the transforms in the order of plugins.toml, checking each against its contract, noting what it removed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from arfeed.intake.problems import MOST_LINES
from arfeed.intake.rewrites import Places, compose_places, find_places, find_rewritten, source_facts
from arfeed.model import arrow, schema
from arfeed.model.currencies import format_amount, minor_digits
from arfeed.model.errors import ProblemsError, SourceError
from arfeed.model.parts import REWRITABLE, Transform
from arfeed.plugins.isolation import isolated_copy, restore_process_state

KEY = ["source", "source_ref"]


@dataclass(frozen=True, slots=True)
class Transformed:
    """The invoices after all steps, and those removed: columns source, source_ref, kind, by.

    `by` names the step that removed an invoice or gave it another `invoice_ref`. `seconds` is the time of each step.
    `notes` state how many values the steps changed, as they declare. `facts` holds the source's own values of what a
    step changed, a row for each invoice: `arfeed_source_` with customer_id, issued_on, amount, currency or kind; None
    if nothing of that was changed.
    """

    invoices: pd.DataFrame
    removed: pd.DataFrame
    seconds: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    facts: pd.DataFrame | None = None


@dataclass(frozen=True, slots=True)
class _Applied:
    """The result of a step, where each of its rows was before, and how many values of each column it changed."""

    invoices: pd.DataFrame
    places: Places
    changed: Mapping[str, int]


def transform(invoices: pd.DataFrame, steps: Sequence[Transform]) -> Transformed:
    """Apply the steps in order. Raise `SourceError` for one that breaks its contract."""
    source, places = invoices, None
    # Empty, so that the columns are there even if no step removes anything.
    removed = [invoices[[*KEY, "kind"]].iloc[:0].assign(by=pd.Series([], dtype="str"))]
    seconds: defaultdict[str, float] = defaultdict(float)
    notes = []
    for step in steps:
        began = perf_counter()
        returned, mine = _run(step, invoices)
        seconds[step.name] += perf_counter() - began
        applied = _put_back(_check(step, arrow.filter_rows(invoices, mine), returned), invoices, mine)
        removed.append(_find_removed(invoices, applied, step.name))
        notes += _notes(step, applied)
        places = compose_places(places, applied.places)
        invoices = applied.invoices
    # Over all steps at once: what one of them changes and another restores has not changed.
    facts = source_facts(source, invoices, places) if steps else None
    return Transformed(invoices, pd.concat(removed, ignore_index=True), seconds, tuple(notes), facts)


def _run(step: Transform, invoices: pd.DataFrame) -> tuple[object, pd.Series[bool]]:
    """Apply a step to the rows of its sources; return its result, and which rows these are."""
    only = step.settings.sources
    mine = pd.Series(data=True, index=invoices.index) if only is None else invoices["source"].isin(only)
    return _call(step, arrow.filter_rows(invoices, mine)), mine


def _check(step: Transform, before: pd.DataFrame, returned: object) -> _Applied:
    """Check what a step returned against its contract, row by row."""
    after = _check_columns(step, returned)
    try:
        # Row by row, since a step that writes values by position into other rows leaves a frame that looks right.
        places = find_places(before, after)
    except LookupError:
        raise SourceError(
            f"transform {step.name!r} invented or repeated a source_ref; it may only keep or drop rows"
        ) from None
    _check_values(step, after)
    after = after.reset_index(drop=True)
    return _Applied(after, places, _check_rewrites(step, before, after, places))


def _put_back(applied: _Applied, invoices: pd.DataFrame, mine: pd.Series[bool]) -> _Applied:
    """Append the rows that the step did not get to those it returned."""
    if mine.all():
        return applied
    # Appended, whatever the order was before: `places` knows where each row comes from.
    ours, others = (np.flatnonzero(which) for which in (mine, ~mine))
    places = np.concatenate([ours if applied.places is None else ours[applied.places], others])
    whole = pd.concat([applied.invoices, invoices.iloc[others]], ignore_index=True)
    return _Applied(whole, places, applied.changed)


# Who owes how much: a step has to declare that it changes any of these, and may change all else freely.
_WORDS: Mapping[str, str] = {
    "balance": "balance",
    "amount": "amount",
    "currency": "currency code",
    "customer_id": "customer number",
    "customer_name": "customer name",
}


def _check_rewrites(step: Transform, before: pd.DataFrame, after: pd.DataFrame, places: Places) -> dict[str, int]:
    """Return how many values of each column a step changed. Raise `SourceError` for a change it does not declare."""
    declared, counts = _read_declared(step), {}
    for column in _WORDS:
        where = find_rewritten(before, after, places, column)
        if not where.any():
            continue
        counts[column] = int(where.sum())
        if column not in declared:
            row = int(where.argmax())
            was, now = before.iloc[row if places is None else places[row]], after.iloc[row]
            others = f" (and {counts[column] - 1:,} more)" if counts[column] > 1 else ""
            raise SourceError(
                f"transform {step.name!r} changed the {column} of {now['source_ref']!r} from {_format(was, column)} to "
                f"{_format(now, column)}{others}, and does not declare that it does. If it should, add "
                f'the line changes = {{"{column}"}} to its class; otherwise correct the step, which may have put '
                "values into other rows"
            )
    return counts


def _read_declared(step: Transform) -> Collection[str]:
    try:
        declared = step.changes
        # A stranger's class: a plain string would be read letter by letter, and a property may raise.
        wrong = [declared] if isinstance(declared, str) else [name for name in declared if name not in REWRITABLE]
    except (Exception, SystemExit) as exc:
        raise SourceError(f"transform {step.name!r}: its `changes` failed: {type(exc).__name__}: {exc}") from exc
    if wrong:
        raise SourceError(
            f"transform {step.name!r} declares changes = {declared!r}; write a set of {', '.join(_WORDS)}"
        )
    return declared


def _format(row: pd.Series, column: str) -> str:
    value = row[column]
    if pd.isna(value):
        return "blank"
    return format_amount(value, row["currency"]) if column in schema.MONEY else repr(value)


def _notes(step: Transform, applied: _Applied) -> list[str]:
    changes = [
        f"{count:,} {_WORDS[column]}{'' if count == 1 else 's'}" for column, count in applied.changed.items() if count
    ]
    return [f"transform {step.name} changed {', '.join(changes)}"] if changes else []


def _find_removed(before: pd.DataFrame, applied: _Applied, by: str) -> pd.DataFrame:
    """Return the rows whose reference no longer exists after a step."""
    after = applied.invoices
    if applied.places is None and not find_rewritten(before, after, None, "invoice_ref").any():
        rows = before[[*KEY, "kind"]].iloc[:0]
    else:
        # By number, too: an invoice that a step has renamed is missing under its old number.
        gone = ~_is_in(_join_columns(before, [*KEY, "invoice_ref"]), _join_columns(after, [*KEY, "invoice_ref"]))
        rows = before.loc[gone, [*KEY, "kind"]]
    return rows.assign(by=pd.Series([by] * len(rows), index=rows.index, dtype="str"))


def keep(invoices: pd.DataFrame, kinds: Sequence[str], facts: pd.DataFrame | None = None) -> Transformed:
    """Keep the kinds of document that the destination accepts, with their `facts`; the others count as removed."""
    wanted, by = invoices["kind"].isin(list(kinds)), "the destination's `kinds`"
    rows = invoices.loc[~wanted, [*KEY, "kind"]]
    removed = rows.assign(by=pd.Series([by] * len(rows), index=rows.index, dtype="str"))
    kept = None if facts is None else arrow.filter_rows(facts, wanted)
    return Transformed(arrow.filter_rows(invoices, wanted), removed, facts=kept)


def _call(step: Transform, invoices: pd.DataFrame) -> object:
    try:
        with restore_process_state():
            # Numbered anew, so that the index of what comes back shows where each row was.
            return step.apply(isolated_copy(invoices.reset_index(drop=True)))
    except SourceError:
        raise
    except (Exception, SystemExit) as exc:
        raise SourceError(f"transform {step.name!r}: {type(exc).__name__}: {exc}") from exc


def _check_columns(step: Transform, after: object) -> pd.DataFrame:
    if not isinstance(after, pd.DataFrame):
        raise SourceError(f"transform {step.name!r} returned {type(after).__name__}, not a DataFrame")
    missing = [name for name in schema.NAMES if name not in after.columns]
    if missing:
        raise SourceError(f"transform {step.name!r} lost the column {missing[0]!r}")
    # Types, too: a step that computes with floats would lose cents, and nobody would see it in the frame.
    kinds = pa.Schema.from_pandas(after, preserve_index=False)
    for name in schema.NAMES:
        if kinds.field(name).type != schema.arrow_type(name):
            raise SourceError(
                f"transform {step.name!r} made {name!r} {kinds.field(name).type}, not {schema.arrow_type(name)}"
            )
    return after


def _check_values(step: Transform, after: pd.DataFrame) -> None:
    """Raise `SourceError` if a step removed or broke what every row of a report must have."""
    if after["balance"].isna().any():
        raise SourceError(f"transform {step.name!r} blanked a balance; a blank balance is not zero")
    if len(settled := after["source_ref"][after["balance"] == schema.ZERO]):
        raise SourceError(
            f"transform {step.name!r} made the balance of {settled.iloc[0]!r} 0, and only documents with a balance are "
            "reported; a step that settles one must drop its row, so that the plan shows it"
        )
    names = pc.fill_null(pc.utf8_trim_whitespace(arrow.to_text_array(after["customer_name"])), "")
    if (row := pc.index(names, "").as_py()) >= 0:
        raise SourceError(
            f"transform {step.name!r} blanked the customer_name of {after['source_ref'].iloc[row]!r}; it is required"
        )
    for name, allowed in (("currency", minor_digits()), ("kind", schema.KINDS), ("status", ("open",))):
        wrong = set(after[name].unique()) - set(allowed)
        if wrong:
            raise SourceError(f"transform {step.name!r} made {name!r} {min(wrong, key=str)!r}, which it can't be")


def _join_columns(frame: pd.DataFrame, names: Sequence[str]) -> pa.Array:
    return arrow.join_keys(arrow.to_text_array(frame[name]) for name in names)


def _is_in(some: pa.Array, others: pa.Array) -> pd.Series[bool]:
    return pd.Series(pc.is_in(some, value_set=others).to_numpy(zero_copy_only=False))


def check_unique(invoices: pd.DataFrame, keys: pd.Series[str]) -> None:
    """Raise `ProblemsError` if rows of the report share an `invoice_ref`; `keys` are the folded refs."""
    texts = arrow.to_text_array(keys)
    # A single blank is unique, and still not a number.
    if arrow.are_distinct(texts) and pc.index(texts, value="").as_py() < 0:
        return
    repeated = keys.duplicated(keep=False) | (keys == "")
    rows = invoices[repeated].assign(key=keys[repeated]).sort_values("key").head(MOST_LINES - 2)
    parted = rows.groupby("key")["key"].transform(lambda refs: _find_differences(rows.loc[refs.index]))
    lines = [
        f"{place.lstrip()}: {ref!r}, {customer}, {format_amount(balance, currency)} {currency}{differs}"
        for place, ref, customer, balance, currency, differs in zip(
            rows["origin"] + " (" + rows["source"] + ")",
            *(rows[name] for name in ("invoice_ref", "customer_name", "balance", "currency")),
            parted,
            strict=True,
        )
    ]
    total = int(repeated.sum())
    more = [f"… and {total - len(lines)} more"] if total > len(lines) else []
    several = invoices[repeated].groupby(keys[repeated])["source"].nunique().gt(1).any()
    cure = "or give each source its own `prefix` with the transform `rename`"
    if not several:
        cure = (
            "or, if they are unique only with another column or by kind, make them of both: for a file by `columns` or "
            "a `prefix` of the kind, for a database in its `query`"
        )
    head = (
        f"{total} rows share an invoice number or have none (letter case and invisible characters do not count), and "
        f"the receiver needs one for each; correct them at the source, {cure}:"
    )
    raise ProblemsError([head, *lines, *more])


def _find_differences(rows: pd.DataFrame) -> str:
    """Return in which columns rows of one number differ, for messages; blank for one row."""
    names = [name for name in schema.NAMES if name not in ("origin", "source_ref", "invoice_ref")]
    parted = [name for name in names if rows[name].nunique(dropna=False) > 1]
    if len(rows) < 2:
        return ""
    return f"; they differ in {', '.join(parted)}" if parted else "; they agree in all columns"
