"""Several rows that are one document: repeats, the lines of an invoice, instalments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from arfeed.model import arrow, schema
from arfeed.model.currencies import format_amount
from arfeed.model.errors import SourceError
from arfeed.model.schema import ZERO
from arfeed.model.settings import FileSettings
from arfeed.model.text.legible import name_some
from arfeed.tables.places import locate_row
from arfeed.tables.values.amounts import parse_money

_FACTS = [name for name in schema.NAMES if name != "origin"]
_DOCUMENT = ("invoice_ref", "kind", "customer_id", "issued_on")
_ADDED_UP = ("balance", "amount", "due_on", "status", "customer_email", "po_number", "memo", "document")
"""What may differ between the instalments of an invoice."""

_MOST_NAMED = 3

Mask = npt.NDArray[np.bool_]


class Folded(NamedTuple):
    """Rows of which each is a document, and what is to be said about those that became one."""

    rows: pd.DataFrame
    notes: tuple[str, ...] = ()


def fold_rows(rows: pd.DataFrame, settings: FileSettings) -> Folded:
    """Make one row of those that are one document, in the order of their first.

    Raise `SourceError` if rows contradict each other that the setting `rows` calls one document. With `rows` unset,
    documents of one number that differ are left for the check of the whole report.
    """
    # Asked first, which takes half as long as to find the repeated ones at most: most lists have none.
    if arrow.are_distinct(arrow.to_text_array(rows["invoice_ref"])):
        return Folded(rows)
    repeated = rows["invoice_ref"].duplicated(keep=False).to_numpy(bool) & (rows["invoice_ref"] != "").to_numpy(bool)
    if settings.rows == "invoices" and repeated.any():
        if settings.files == "all":
            _refuse_closed_elsewhere(rows[repeated], settings)
        repeated &= _is_owed(rows)
    if not repeated.any():
        return Folded(rows)
    some = rows[repeated]
    if settings.rows == "instalments":
        return _add_up(rows, some, settings)
    again = some.duplicated(_FACTS)
    if settings.rows == "lines":
        _refuse_differing(some, _FACTS, settings, "has rows that disagree, so they are not lines of one document")
        return Folded(_drop_repeats(rows, again), tuple(_note_lines(some, again)))
    if "rows" not in settings.model_fields_set:
        _refuse_untold_lines(some, settings)
    return Folded(_drop_repeats(rows, again), tuple(_notes(some, again)))


def _is_owed(rows: pd.DataFrame) -> Mask:
    owed: Mask = ((rows["status"] == "open") & (rows["balance"] != ZERO)).to_numpy(bool)
    return owed


def _refuse_closed_elsewhere(some: pd.DataFrame, settings: FileSettings) -> None:
    """Raise `SourceError` for a document that one file lists as owed and another as closed.

    Which of them is right depends on which is newer, and the older one may well have been copied last.
    """
    states = some.assign(file=_files(some), owed=_is_owed(some))
    distinct = states.drop_duplicates([*_DOCUMENT, "file", "owed"])
    owed, closed = distinct[distinct["owed"]], distinct[~distinct["owed"]]
    both = owed.reset_index(names="place").merge(closed.reset_index(names="other"), on=[*_DOCUMENT], how="inner")
    # Within one file it is a contradiction of that list, which is refused elsewhere.
    both = both[both["file_x"] != both["file_y"]]
    if not len(both):
        return
    one, other = some.loc[both["place"].iloc[0]], some.loc[both["other"].iloc[0]]
    count = len(both.drop_duplicates([*_DOCUMENT]))
    more = f" ({count - 1:,} more such)" if count > 1 else ""
    state = other["status"] if other["status"] != "open" else "open with a balance of 0"
    owes = format_amount(one["balance"], one["currency"])
    raise SourceError(
        f"{_place(one, settings)}: {one['invoice_ref']!r} is owed with {owes}, and "
        f"{_place(other, settings)} has it as {state}{more}. If each export is a complete list, set "
        'files = "newest"; otherwise remove the export that is out of date'
    )


def _refuse_untold_lines(some: pd.DataFrame, settings: FileSettings) -> None:
    """Raise `SourceError` for rows of one file that differ only in columns that are not used, and nothing says why.

    They may be lines that repeat the invoice's balance, which counts once, or have one each, which would be added up.
    A column that adds up to the invoice's amount proves the first: its amounts are the lines'.
    """
    extras = [name for name in some.columns if name not in schema.NAMES]
    within = some.assign(file=_files(some))
    alike = within.duplicated([*_FACTS, "file"], keep=False)
    apart = within[alike & ~within.duplicated([*_FACTS, "file", *extras], keep=False)]
    if not len(apart):
        return
    apart = apart.assign(document=apart.groupby([*_FACTS, "file"], sort=False, dropna=False).ngroup())
    proven = {document for name in extras for document in _adding_up(apart, name, settings)}
    untold = apart[~apart["document"].isin(proven)]
    if not len(untold):
        return
    lines = untold[untold["document"] == untold["document"].iloc[0]]
    one, other = lines.iloc[0], lines.iloc[1]
    parted = ", ".join(name for name in extras if one[name] != other[name])
    raise SourceError(
        f"{_place(other, settings)}: {one['invoice_ref']!r} agrees with {_place(one, settings)} but for {parted}, so "
        f"it is not clear whether {format_amount(one['balance'], one['currency'])} is owed once or {len(lines)} times. "
        f'Set rows = "lines" in [sources.{one["source"]}] if each row repeats the invoice\'s balance, '
        'rows = "instalments" if their balances add up, or rows = "invoices" if it is listed twice'
    )


def _adding_up(apart: pd.DataFrame, name: str, settings: FileSettings) -> set[int]:
    """Return the documents whose amount or balance a column that is not used adds up to."""
    parsed = parse_money(arrow.to_text_array(apart[name]), settings.decimal)
    # One cell that is not an amount is enough: a column of notes may hold numbers by chance.
    if pc.any(parsed.wrong).as_py() or parsed.values.null_count:
        return set()
    sums = pa.table({"document": pa.array(apart["document"]), "value": parsed.values}).group_by("document").aggregate(
        [("value", "sum")]
    )  # fmt: skip
    total = pd.Series(sums["value_sum"].to_pylist(), index=sums["document"].to_pylist())
    first = apart.drop_duplicates("document").set_index("document")
    stated = [first[column].astype(object).reindex(total.index) == total for column in schema.MONEY]
    return {*total.index[stated[0] | stated[1]].tolist()}


def _files(rows: pd.DataFrame) -> pd.Series[str]:
    """Return the file of each row."""
    names = pc.replace_substring_regex(arrow.to_text_array(rows["origin"]), "#[^#]*$", "")
    return pd.Series(names, index=rows.index, dtype="str")


def _drop_repeats(rows: pd.DataFrame, again: pd.Series[bool]) -> pd.DataFrame:
    return rows.drop(index=again[again].index).reset_index(drop=True) if again.any() else rows


def _note_lines(some: pd.DataFrame, again: pd.Series[bool]) -> Sequence[str]:
    """Note that a balance is taken once for an invoice: one that is each line's own would have to be added up."""
    if not again.any():
        return []
    first = some[again].iloc[0]
    count = some["invoice_ref"].nunique()
    what = "1 invoice has" if count == 1 else f"{count} invoices have"
    return [
        f"{what} several lines, and the balance is taken once for each, such as "
        f"{format_amount(first['balance'], first['currency'])} for {first['invoice_ref']}; if each line has its own "
        "amount, export a list of invoices"
    ]


def _notes(some: pd.DataFrame, again: pd.Series[bool]) -> Sequence[str]:
    if not again.any():
        return []
    refs = some.loc[again, "invoice_ref"].drop_duplicates().tolist()
    first = some[some["invoice_ref"] == refs[0]]["origin"].tolist()
    count = int(again.sum())
    row, was = ("row", "was") if count == 1 else ("rows", "were")
    return [
        f"{count} {row} repeated a document in all columns that are used and {was} taken once: "
        f"{name_some(refs, _MOST_NAMED)}; the first stands at {first[0]} and {first[1]}"
    ]


def _refuse_differing(some: pd.DataFrame, names: Sequence[str], settings: FileSettings, why: str) -> None:
    """Raise `SourceError` for the first document whose rows differ in one of these columns."""
    distinct = some.drop_duplicates(["invoice_ref", *names])
    twice = distinct["invoice_ref"].duplicated(keep=False)
    if not twice.any():
        return
    ref = distinct.loc[twice, "invoice_ref"].iloc[0]
    pair = distinct[distinct["invoice_ref"] == ref].head(2)
    parted = [name for name in names if pair[name].nunique(dropna=False) > 1]
    one, other = (row for _, row in pair.iterrows())
    shown = ", ".join(f"{name} ({_show(one[name])} and {_show(other[name])})" for name in parted)
    parts = ""
    if settings.rows == "lines" and {*parted} <= {*_ADDED_UP} and "balance" in parted:
        parts = 'If each row has its own part of the balance, set rows = "instalments", which adds them up. '
    raise SourceError(
        f"{_place(other, settings)}: {ref!r} {why}: it differs from {_place(one, settings)} in {shown}. {parts}If "
        "these are different documents, build the number from several columns, as in "
        'invoice_ref = "{No}-{Year}", or give kinds a `prefix`; otherwise export the file again'
    )


def _show(value: Any) -> str:
    return "blank" if pd.isna(value) or value == "" else str(value)


def _place(row: pd.Series, settings: FileSettings) -> str:
    return locate_row(str(row["origin"]), delimiter=settings.delimiter)


def _add_up(rows: pd.DataFrame, some: pd.DataFrame, settings: FileSettings) -> Folded:
    """Return each invoice with the sum of its instalments, due on the first date with something open."""
    files = _files(some)
    extras = [name for name in some.columns if name not in schema.NAMES]
    within = some.assign(file=files).duplicated([*_FACTS, *extras, "file"])
    if within.any():
        row = some[within].iloc[0]
        raise SourceError(
            f"{_place(row, settings)}: {row['invoice_ref']!r} has two instalments that agree in all columns, so "
            "nothing says whether one is listed twice; export each instalment once"
        )
    # Instalments that only a column that is not used tells apart are several in each file that lists them.
    turn = some.assign(file=files).groupby([*_FACTS, "file"], dropna=False).cumcount()
    again = some.assign(turn=turn).duplicated([*_FACTS, "turn"])
    notes = _notes(some, again)
    some = some[~again]
    kept = [name for name in _FACTS if name not in _ADDED_UP]
    _refuse_differing(some, kept, settings, "has instalments that disagree")
    _refuse_several_files(some, files, settings)
    _refuse_closed(some, settings)
    groups = some.groupby("invoice_ref", sort=False)
    first = groups.head(1).set_index("invoice_ref", drop=False)
    open_ones = some[(some["balance"] != ZERO).to_numpy(bool)]
    due = _find_least(open_ones, "due_on").reindex(first.index).fillna(_find_least(some, "due_on"))
    sums = {name: _sum_by_invoice(some, name, first.index) for name in schema.MONEY}
    total = _stated_totals(some, sums["balance"])
    status = groups["status"].agg(lambda each: "open" if (each == "open").any() else each.iloc[0]).reindex(first.index)
    added = first.assign(
        balance=sums["balance"],
        amount=sums["amount"] if total is None else total.reindex(first.index),
        due_on=due.astype(rows["due_on"].dtype),
        status=status.astype(rows["status"].dtype),
    )
    added.index = groups.head(1).index
    whole = pd.concat([rows.drop(index=[*some.index, *again[again].index]), added]).sort_index()
    return Folded(whole[rows.columns].reset_index(drop=True), tuple(notes))


def _find_least(some: pd.DataFrame, name: str) -> pd.Series:
    return some.dropna(subset=[name]).sort_values(name).drop_duplicates("invoice_ref").set_index("invoice_ref")[name]


def _sum_by_invoice(some: pd.DataFrame, name: str, refs: pd.Index[str]) -> pd.Series:
    """Return the sum by invoice, exactly; null if a value is."""
    table = pa.table({"ref": arrow.to_text_array(some["invoice_ref"]), "value": pa.array(some[name])})
    grouped = table.group_by("ref").aggregate([("value", "sum"), ("value", "count"), ("ref", "count")])
    whole = pc.equal(grouped["value_count"], grouped["ref_count"])
    values = pc.cast(pc.if_else(whole, grouped["value_sum"], None), schema.arrow_type(name))
    by_ref = pd.Series(pd.array(values.to_pylist(), dtype=some[name].dtype), index=grouped["ref"].to_pylist())
    return by_ref.reindex(refs)


def _stated_totals(some: pd.DataFrame, balances: pd.Series) -> pd.Series | None:
    """Return the amounts if each row repeats the invoice's total; None if they are those of the instalments.

    They are the instalments' where those of some invoice differ, or are less than what is open of it in all.
    """
    if some["amount"].isna().any() or some.groupby("invoice_ref")["amount"].nunique().gt(1).any():
        return None
    amounts = some.drop_duplicates("invoice_ref").set_index("invoice_ref")["amount"]
    open_ones = balances.reindex(amounts.index)
    less = [abs(amount) < abs(balance) for amount, balance in zip(amounts, open_ones, strict=True)]
    return None if any(less) else amounts


def _refuse_several_files(some: pd.DataFrame, files: pd.Series[str], settings: FileSettings) -> None:
    """Raise `SourceError` if the instalments of an invoice stand in several files: one may be there twice."""
    found = some.assign(file=files.loc[some.index]).drop_duplicates(["invoice_ref", "file"])
    twice = found["invoice_ref"].duplicated()
    if twice.any():
        ref = found.loc[twice, "invoice_ref"].iloc[0]
        one, other = (row for _, row in found[found["invoice_ref"] == ref].head(2).iterrows())
        raise SourceError(
            f"{_place(other, settings)}: {ref!r} has different instalments here and at {_place(one, settings)}, so one "
            "of them may be counted twice; read one export, or exports that do not overlap"
        )


def _refuse_closed(some: pd.DataFrame, settings: FileSettings) -> None:
    mixed = some[some["status"].isin(["void", "draft"]).to_numpy(bool)]
    states = some.groupby("invoice_ref")["status"].nunique()
    wrong = mixed[mixed["invoice_ref"].isin(states[states > 1].index)]
    if len(wrong):
        row = wrong.iloc[0]
        raise SourceError(
            f"{_place(row, settings)}: {row['invoice_ref']!r} has an instalment that is {row['status']} beside others "
            "that are not; export it again"
        )
