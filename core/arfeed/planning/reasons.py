"""Why each missing invoice is missing: what its source says of it now, or which step removed it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from arfeed.model import arrow, schema

REMOVED_BY = "removed by "
RENUMBERED = f"{REMOVED_BY}renumbering"
SOURCE_REMOVED = "source removed"
STILL_OPEN = "still open"
CONTRADICTORY = "open with a balance of 0"
GONE = "gone"

PROVEN = frozenset({"paid", "void", "draft", "settled"})
"""Reasons by which the source itself says that this very document is not owed any more."""

_FACTS = ("customer_id", "issued_on", "amount", "currency", "company")
"""What tells two documents of one number apart; `company` is an extra column that some sources have."""

_TELLING = ("customer_id", "issued_on", "amount")
"""Of these at least one must agree: the number and the currency alone are what namesakes share."""

_DOCUMENT = ["source", "kind", "ref"]


def with_reasons(
    missing: pd.DataFrame,
    rows: pd.DataFrame,
    removed: pd.DataFrame,
    sources: Collection[str] | None,
    *,
    stating: Collection[str] = (),
    beside: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Return the missing rows with the column `reason`.

    `rows` are all rows that the sources listed, open and closed; `removed` has source, source_ref, kind and by;
    `sources` are the feed's own, None if no source was asked. `stating` are those that state a status: there an open
    row with a balance of 0 contradicts itself. `beside` are closed rows that the last reading listed beside open ones
    of their number (see `closed_beside`), which therefore explain nothing. Reasons: paid, void, draft, settled, open
    with a balance of 0, removed by <step>, source removed, gone.
    """
    if missing.empty:
        return missing.assign(reason=pd.Series(dtype="str"))
    reasons = pa.nulls(len(missing), pa.large_string())
    if sources is not None:
        known = pc.is_in(arrow.to_text_array(missing["source"]), value_set=pa.array([*sources, ""]))
        reasons = pc.if_else(known, reasons, SOURCE_REMOVED)
    lost = _with_company(missing).assign(ref=arrow.fold(missing["source_ref"]))
    listed = _of_same_documents(lost, not_beside(_about(lost["ref"], _with_company(rows)), beside))
    said = _said(listed, _about(lost["ref"], removed).iloc[::-1], stating)
    adopted = pc.equal(arrow.to_text_array(lost["source"]), "")
    for statements, by in _attempts(said):
        may_ask = pc.is_null(reasons) if "source" in by else pc.and_(pc.is_null(reasons), adopted)
        reasons = pc.replace_with_mask(reasons, may_ask, _answers(lost[np.asarray(may_ask)], statements, by))
    return _with(missing, pc.fill_null(reasons, GONE))


def with_answers(missing: pd.DataFrame, answers: pd.DataFrame, beside: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return the missing rows (with `reason`), those that are gone explained by what their sources answered.

    `answers` are typed rows as `Connector.explain` gives them, which state a status: paid, void, draft, still open, or
    open with a balance of 0. `beside` are closed rows that stood beside open ones, as in `with_reasons`.
    """
    gone = np.asarray(missing["reason"] == GONE)
    if not gone.any() or answers.empty:
        return missing
    lost = _with_company(missing[gone]).assign(ref=arrow.fold(missing["source_ref"][gone]))
    listed = _of_same_documents(lost, not_beside(_about(lost["ref"], _with_company(answers)), beside))
    said = _said(listed, None, listed["source"].unique(), still_open=STILL_OPEN)
    adopted = pc.equal(arrow.to_text_array(lost["source"]), "")
    by_source, by_any = (_answers(lost, said, by) for by in (("source", "kind", "ref"), ("kind", "ref")))
    found = pc.if_else(adopted, by_any, by_source)
    reasons = arrow.to_text_array(missing["reason"])
    return _with(missing, pc.replace_with_mask(reasons, pa.array(gone), pc.fill_null(found, GONE)))


def closed_beside(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the closed rows that share source, kind and number with an open one, for the next plan to know."""
    rows = _with_company(rows)
    closed = ~_is_owed(rows)
    if not closed.any():
        return _identified(rows.iloc[:0])
    owed = rows[~closed].assign(ref=arrow.fold(rows["source_ref"][~closed]))
    candidates = rows[closed].assign(ref=arrow.fold(rows["source_ref"][closed]))
    shared = pc.is_in(_keys(candidates, _DOCUMENT), value_set=_keys(owed, _DOCUMENT))
    return _identified(candidates[np.asarray(shared)])


def still_beside(beside: pd.DataFrame, owed: pd.DataFrame, failed: Collection[str]) -> pd.DataFrame:
    """Return the rows that stood beside open ones which are still open, or whose source could not be read."""
    numbers = owed.assign(ref=arrow.fold(owed["source_ref"]))
    there = np.asarray(pc.is_in(_keys(beside, _DOCUMENT), value_set=_keys(numbers, _DOCUMENT)), dtype=bool)
    kept: pd.DataFrame = beside[there | np.asarray(beside["source"].isin([*failed]))]
    return kept


def _identified(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the columns that a row is known again by."""
    if "ref" not in rows.columns:
        rows = rows.assign(ref=rows["source_ref"])
    return rows[[*_DOCUMENT, *(name for name in _FACTS if name in rows.columns)]].reset_index(drop=True)


def not_beside(listed: pd.DataFrame, beside: pd.DataFrame | None) -> pd.DataFrame:
    """Leave out as many closed rows as the last reading listed with the very same facts.

    A row that is known by all but its amount is the same one, since systems set that of a voided document to 0 later.
    """
    if beside is None or beside.empty or listed.empty:
        return listed
    facts = [name for name in _FACTS if name in listed.columns and name in beside.columns]
    for known in (facts, [name for name in facts if name != "amount"]):
        listed, beside = _without_each_other(listed, beside, [*_DOCUMENT, *known])
    return listed


def _without_each_other(
    listed: pd.DataFrame, beside: pd.DataFrame, by: Sequence[str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Leave out closed rows and rows that stood beside, each against one that it agrees with in these columns."""
    closed = listed[~_is_owed(listed)]
    now, then = (pd.Series(_keys(rows, by), index=rows.index, dtype="str") for rows in (closed, beside))
    stood, found = (_first_of(mine, others) for mine, others in ((now, then), (then, now)))
    return listed.drop(index=closed.index[stood]), beside[~found]


def _first_of(mine: pd.Series[str], others: pd.Series[str]) -> np.ndarray:
    """Return where a text is one of the first so many as there are among the others."""
    as_many = mine.map(others.value_counts()).fillna(0).to_numpy()
    first: np.ndarray = mine.groupby(mine).cumcount().to_numpy() < as_many
    return first


def _with_company(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows whose column `company` is called so, however the source writes it."""
    found = [name for name in rows.columns if name != "company" and str(name).casefold() == "company"]
    return rows if "company" in rows.columns or not found else rows.rename(columns={found[0]: "company"})


def _is_owed(rows: pd.DataFrame) -> pd.Series[bool]:
    return (rows["status"] == "open") & (rows["balance"] != schema.ZERO)


def _with(missing: pd.DataFrame, reasons: pa.Array) -> pd.DataFrame:
    return missing.assign(reason=pd.Series(reasons, index=missing.index, dtype="str"))


def _attempts(said: pd.DataFrame) -> Iterator[tuple[pd.DataFrame, Sequence[str]]]:
    """Yield the statements to look through, and by which columns, in turn.

    A document is its source, kind and reference. Of an adopted row no source is known: any may speak. Where nothing
    is said of its own kind, which a transform may have changed, another kind with that reference can't close it; but
    if it is still open, that is told.
    """
    still_open = said[said["saying"].str.startswith(REMOVED_BY)]
    yield said, ("source", "kind", "ref")
    yield said, ("kind", "ref")
    yield still_open, ("source", "ref")
    yield still_open, ("ref",)


def _said(
    listed: pd.DataFrame, steps: pd.DataFrame | None, stating: Collection[str], still_open: str = RENUMBERED
) -> pd.DataFrame:
    """Return what sources and steps say of these references (source, kind, ref, saying), what counts most first.

    Being open outweighs being closed, and of several steps the last one removed it.
    """
    is_open, settled = listed["status"] == "open", listed["balance"] == schema.ZERO
    worth = pa.array(listed["amount"])
    nothing = np.asarray(pc.fill_null(pc.equal(worth, pa.scalar(0, worth.type)), fill_value=False))
    contradictory = is_open & settled & ~nothing & listed["source"].isin(list(stating))
    removed = [] if steps is None else [steps.assign(saying=REMOVED_BY + steps["by"])]
    parts = [
        *removed,
        _saying(still_open, listed[is_open & ~settled]),
        _saying(CONTRADICTORY, listed[contradictory]),
        _saying("paid", listed[listed["status"] == "paid"]),
        _saying("settled", listed[is_open & settled & ~contradictory]),
        _saying("void", listed[listed["status"] == "void"]),
        _saying("draft", listed[listed["status"] == "draft"]),
    ]
    return pd.concat([part[["source", "kind", "ref", "saying"]] for part in parts])


def _about(refs: pd.Series[str], rows: pd.DataFrame) -> pd.DataFrame:
    folded = arrow.fold(rows["source_ref"])
    wanted = arrow.is_in(folded, refs)
    return rows[wanted].assign(ref=folded[wanted]).reset_index(drop=True)


def _of_same_documents(lost: pd.DataFrame, listed: pd.DataFrame) -> pd.DataFrame:
    """Leave out closed rows of another document: whatever a row and a missing invoice both state must agree.

    A number may be used again, by another customer, in another year or currency; then it is another invoice that was
    paid. Rows that are still owed are kept, whichever document they are.
    """
    facts = [name for name in _FACTS if name in listed.columns and name in lost.columns]
    theirs = lost[["ref", "kind", "source"]].assign(
        **{f"{name}_before": as_the_source_said(lost, name) for name in facts}
    )
    pairs = listed[["ref", "kind", "source", "status", *facts]].reset_index().merge(theirs, on=["ref", "kind"])
    agree, differ = {}, {}
    for name in facts:
        now, then = (pa.array(pairs[column]) for column in (name, f"{name}_before"))
        known = pc.and_(_stated(now), _stated(then))
        if name == "amount":  # several systems set the amount of what is voided to 0
            voided = pc.and_(
                pc.equal(arrow.to_text_array(pairs["status"]), "void"), pc.equal(now, pa.scalar(0, now.type))
            )
            known = pc.and_(known, pc.invert(pc.fill_null(voided, fill_value=False)))
        same = pc.fill_null(pc.equal(now, then), fill_value=False)
        agree[name] = np.asarray(pc.and_(known, same), dtype=bool)
        differ[name] = np.asarray(pc.and_(known, pc.invert(same)), dtype=bool)
    telling = np.logical_or.reduce([agree[name] for name in _TELLING])
    same = telling & ~np.logical_or.reduce([*differ.values()])
    here = np.asarray((pairs["source_x"] == pairs["source_y"]) | (pairs["source_y"] == ""))
    return listed[_is_owed(listed) | listed.index.isin(pairs.loc[same & here, "index"])]


def as_the_source_said(lost: pd.DataFrame, name: str) -> pd.Series:
    """Return a column before any transform changed it, where the baseline has kept that."""
    return lost.get(f"{schema.OURS}source_{name}", lost[name])


def _stated(column: pa.Array) -> pa.Array:
    """Where a side knows a fact: text that is not blank, any date or amount."""
    there = pc.is_valid(column)
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        there = pc.and_(there, pc.not_equal(pc.fill_null(column, ""), ""))
    return there


def _saying(what: str, rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(saying=what)


def _answers(asking: pd.DataFrame, statements: pd.DataFrame, by: Sequence[str]) -> pa.Array:
    """Return the first statement about each row, null where there is none."""
    distinct = statements.drop_duplicates(list(by))
    places = pc.index_in(_keys(asking, by), value_set=_keys(distinct, by))
    return arrow.to_text_array(distinct["saying"]).take(places)


def _keys(rows: pd.DataFrame, by: Sequence[str]) -> pa.Array:
    columns = [pc.fill_null(pc.cast(arrow.as_single_chunk(pa.array(rows[name])), pa.large_string()), "") for name in by]
    return pc.binary_join_element_wise(*columns, pa.scalar("\x1f", pa.large_string()))
