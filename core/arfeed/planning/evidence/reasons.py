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
SETTLED = "settled"
"""Listed with a balance of 0 by a source that states no status: nothing else confirms that it was paid."""
ZEROED = "balance of 0"
"""The same of a source that has not listed settled documents before: a fault of its export may have done it."""
GONE = "gone"

SILENT = (GONE, ZEROED)
"""Reasons that say nothing of a payment: a setting or the books may vouch for it, the row does not."""

UNSURE = (GONE, SETTLED)
"""Reasons about which a source is asked what became of the invoice, if it can answer."""

PROVEN = frozenset({"paid", "void", "draft", SETTLED})
"""Reasons by which the source itself says that this very document is no longer owed."""

_FACTS = ("customer_id", "issued_on", "amount", "currency", "company")
"""What distinguishes two documents with the same number; `company` is an extra column that some sources have."""

_TELLING = ("customer_id", "issued_on", "amount")
"""At least one of these must agree: namesakes share the number, and usually the currency too."""

_DOCUMENT = ["source", "kind", "ref"]


def add_reasons(
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
    `sources` are the feed's own, None if no source was asked. `stating` are those that state a status: an open row
    with a balance of 0 contradicts itself there. `beside` are closed rows that the last reading listed beside open ones
    of their number (see `find_closed_beside`), which therefore explain nothing. Reasons: paid, void, draft, settled,
    open with a balance of 0, removed by <step>, source removed, gone.
    """
    if missing.empty:
        return missing.assign(reason=pd.Series(dtype="str"))
    reasons = pa.nulls(len(missing), pa.large_string())
    if sources is not None:
        # A source that is no longer configured can say nothing. Rows that `adopt` took have a blank source, and any
        # may answer.
        known = pc.is_in(arrow.to_text_array(missing["source"]), value_set=pa.array([*sources, ""]))
        reasons = pc.if_else(known, reasons, SOURCE_REMOVED)
    lost = _name_company(missing).assign(ref=arrow.fold(missing["source_ref"]))
    # Narrowed to the missing numbers first: they are few, while sources may list a million rows.
    listed = _keep_same_documents(lost, drop_known_beside(_find_rows_of(lost["ref"], _name_company(rows)), beside))
    # Reversed, so that of several steps the last one that removed a row is found first.
    said = _collect_statements(listed, _find_rows_of(lost["ref"], removed).iloc[::-1], stating)
    adopted = pc.equal(arrow.to_text_array(lost["source"]), "")
    for statements, by in _list_attempts(said):
        # A better attempt's answer stands: each is made only for rows that have no reason yet.
        may_ask = pc.is_null(reasons) if "source" in by else pc.and_(pc.is_null(reasons), adopted)
        reasons = pc.replace_with_mask(reasons, may_ask, _look_up(lost[np.asarray(may_ask)], statements, by))
    return _set_reasons(missing, pc.fill_null(reasons, GONE))


def add_answers(missing: pd.DataFrame, answers: pd.DataFrame, beside: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return the missing rows (with `reason`), with those that are gone or listed with 0 explained by the answers.

    `answers` are typed rows as `Connector.explain` returns them, with a status: paid, void, draft, still open, or
    open with a balance of 0. `beside` are closed rows that stood beside open ones, as in `add_reasons`.
    """
    unsure = np.asarray(missing["reason"].isin(UNSURE))
    if not unsure.any() or answers.empty:
        return missing
    lost = _name_company(missing[unsure]).assign(ref=arrow.fold(missing["source_ref"][unsure]))
    listed = _keep_same_documents(lost, drop_known_beside(_find_rows_of(lost["ref"], _name_company(answers)), beside))
    # Whoever can answer for a single document knows its status, so "open with a balance of 0" is a contradiction.
    said = _collect_statements(listed, None, listed["source"].unique(), still_open=STILL_OPEN)
    adopted = pc.equal(arrow.to_text_array(lost["source"]), "")
    by_source, by_any = (_look_up(lost, said, by) for by in (("source", "kind", "ref"), ("kind", "ref")))
    found = pc.if_else(adopted, by_any, by_source)
    reasons = arrow.to_text_array(missing["reason"])
    found = pc.coalesce(found, reasons.filter(pa.array(unsure)))
    return _set_reasons(missing, pc.replace_with_mask(reasons, pa.array(unsure), found))


def doubt_zeros(missing: pd.DataFrame, settling: Collection[str]) -> pd.DataFrame:
    """Return the missing rows (with `reason`); a balance of 0 counts as settled for the `settling` sources only.

    These are the ones that state a status, and those that listed settled documents, with a balance of 0, before.
    """
    doubtful = (missing["reason"] == SETTLED) & ~missing["source"].isin([*settling])
    return missing.assign(reason=missing["reason"].mask(doubtful, ZEROED))


def find_closed_beside(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the closed rows that share source, kind and number with an open one, for the next plan to know."""
    rows = _name_company(rows)
    closed = ~_is_owed(rows)
    if not closed.any():
        return _keep_identity(rows.iloc[:0])
    owed = rows[~closed].assign(ref=arrow.fold(rows["source_ref"][~closed]))
    candidates = rows[closed].assign(ref=arrow.fold(rows["source_ref"][closed]))
    shared = pc.is_in(_make_keys(candidates, _DOCUMENT), value_set=_make_keys(owed, _DOCUMENT))
    return _keep_identity(candidates[np.asarray(shared)])


def keep_still_beside(beside: pd.DataFrame, owed: pd.DataFrame, failed: Collection[str]) -> pd.DataFrame:
    """Return the rows that stood beside open ones, if those are still open or their source could not be read."""
    numbers = owed.assign(ref=arrow.fold(owed["source_ref"]))
    there = np.asarray(pc.is_in(_make_keys(beside, _DOCUMENT), value_set=_make_keys(numbers, _DOCUMENT)))
    kept: pd.DataFrame = beside[there | np.asarray(beside["source"].isin([*failed]))]
    return kept


def _keep_identity(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the columns by which a row is recognised."""
    if "ref" not in rows.columns:
        rows = rows.assign(ref=rows["source_ref"])
    return rows[[*_DOCUMENT, *(name for name in _FACTS if name in rows.columns)]].reset_index(drop=True)


def drop_known_beside(listed: pd.DataFrame, beside: pd.DataFrame | None) -> pd.DataFrame:
    """Leave out as many closed rows as the last reading listed with exactly the same facts.

    A row that agrees in everything but its amount is the same one, since systems later set a voided document's to 0.
    """
    if beside is None or beside.empty:
        return listed
    facts = [name for name in _FACTS if name in listed.columns and name in beside.columns]
    # Exact pairs first, or a voided namesake could use up the row that another one matches exactly.
    for known in (facts, [name for name in facts if name != "amount"]):
        listed, beside = _drop_pairs(listed, beside, [*_DOCUMENT, *known])
    return listed


def _drop_pairs(listed: pd.DataFrame, beside: pd.DataFrame, by: Sequence[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Leave out closed rows and rows that stood beside open ones, pairing those that agree in these columns."""
    closed = listed[~_is_owed(listed)]
    now, then = (arrow.to_series(_make_keys(rows, by), rows.index) for rows in (closed, beside))
    stood, found = (_find_first(mine, others) for mine, others in ((now, then), (then, now)))
    return listed.drop(index=closed.index[stood]), beside[~found]


def _find_first(mine: pd.Series[str], others: pd.Series[str]) -> np.ndarray:
    """Return where a text is among the first n equal ones, n being how many of it the others hold."""
    # Counted, not only looked up: of two equal closed rows one may have stood there before, and the other be the
    # answer.
    as_many = mine.map(others.value_counts()).fillna(0).to_numpy()
    first: np.ndarray = mine.groupby(mine).cumcount().to_numpy() < as_many
    return first


def _name_company(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with the column `company` under this name, in whatever case the source writes it."""
    found = [name for name in rows.columns if name != "company" and str(name).casefold() == "company"]
    return rows if "company" in rows.columns or not found else rows.rename(columns={found[0]: "company"})


def _is_owed(rows: pd.DataFrame) -> pd.Series[bool]:
    return (rows["status"] == "open") & (rows["balance"] != schema.ZERO)


def _set_reasons(missing: pd.DataFrame, reasons: pa.Array) -> pd.DataFrame:
    return missing.assign(reason=arrow.to_series(reasons, missing.index))


def _list_attempts(said: pd.DataFrame) -> Iterator[tuple[pd.DataFrame, Sequence[str]]]:
    """Yield in turn the statements to look through, and the columns to look them up by.

    A document is its source, kind and reference. An adopted row has no known source, so any source may answer. If
    nothing is said of its own kind, which a transform may have changed, a document of another kind can't close it;
    but it can show that the invoice is still open.
    """
    still_open = said[said["saying"].str.startswith(REMOVED_BY)]
    yield said, ("source", "kind", "ref")
    yield said, ("kind", "ref")
    yield still_open, ("source", "ref")
    yield still_open, ("ref",)


def _collect_statements(
    listed: pd.DataFrame, steps: pd.DataFrame | None, stating: Collection[str], still_open: str = RENUMBERED
) -> pd.DataFrame:
    """Return what sources and steps say of these references (source, kind, ref, saying), the weightiest first.

    Being open outweighs being closed, and of several steps the last one removed the row.
    """
    is_open, settled = listed["status"] == "open", listed["balance"] == schema.ZERO
    # A document that never was worth anything may well be open with a balance of 0, and contradicts nothing.
    nothing = np.asarray(pc.fill_null(pc.equal(pa.array(listed["amount"]), schema.ZERO), False))
    contradictory = is_open & settled & ~nothing & listed["source"].isin(list(stating))
    removed = [] if steps is None else [steps.assign(saying=REMOVED_BY + steps["by"])]
    # The order decides between several rows of one number: whatever speaks for a debt comes before what closes it.
    parts = [
        *removed,
        _add_saying(still_open, listed[is_open & ~settled]),
        _add_saying(CONTRADICTORY, listed[contradictory]),
        _add_saying("paid", listed[listed["status"] == "paid"]),
        _add_saying(SETTLED, listed[is_open & settled & ~contradictory]),
        _add_saying("void", listed[listed["status"] == "void"]),
        _add_saying("draft", listed[listed["status"] == "draft"]),
    ]
    return pd.concat([part[["source", "kind", "ref", "saying"]] for part in parts])


def _find_rows_of(refs: pd.Series[str], rows: pd.DataFrame) -> pd.DataFrame:
    folded = arrow.fold(rows["source_ref"])
    wanted = arrow.is_in(folded, refs)
    return rows[wanted].assign(ref=folded[wanted]).reset_index(drop=True)


def _keep_same_documents(lost: pd.DataFrame, listed: pd.DataFrame) -> pd.DataFrame:
    """Leave out closed rows of other documents: whatever a row and a missing invoice both state must agree.

    A number may be used again, for another customer, in another year or currency; then another invoice was paid.
    Rows that are still owed are kept, whichever document they are.
    """
    facts = [name for name in _FACTS if name in listed.columns and name in lost.columns]
    # Compared with what the source itself said, since a transform may have changed the customer of the baseline's
    # row.
    then = {f"{name}_before": get_as_stated(lost, name) for name in (*facts, "balance")}
    theirs = lost[["ref", "kind", "source"]].assign(**then)
    pairs = listed[["ref", "kind", "source", "status", *facts]].reset_index().merge(theirs, on=["ref", "kind"])
    agree, differ = {}, {"owed": _is_less_than_owed(pairs)}
    for name in facts:
        now, then = (pa.array(pairs[column]) for column in (name, f"{name}_before"))
        known = pc.and_(_is_stated(now), _is_stated(then))
        if name == "amount":  # several systems set the amount of what is voided to 0
            voided = pc.and_(pc.equal(arrow.to_text_array(pairs["status"]), "void"), pc.equal(now, schema.ZERO))
            known = pc.and_kleene(known, pc.invert(voided))
        # Kleene's logic: what is not known is false, whatever comparing nulls says of it.
        agree[name] = np.asarray(pc.and_kleene(known, pc.equal(now, then)))
        differ[name] = np.asarray(pc.and_kleene(known, pc.not_equal(now, then)))
    telling = np.logical_or.reduce([agree[name] for name in _TELLING])
    # One fact that differs is enough to be another document; facts that one side does not know count neither way.
    same = telling & ~np.logical_or.reduce([*differ.values()])
    here = np.asarray((pairs["source_x"] == pairs["source_y"]) | (pairs["source_y"] == ""))
    return listed[_is_owed(listed) | listed.index.isin(pairs.loc[same & here, "index"])]


def _is_less_than_owed(pairs: pd.DataFrame) -> np.ndarray:
    """Return where a document came to less than was owed of one whose own amount is not known, as a payment may."""
    now, then, owed = (pa.array(pairs[name]) for name in ("amount", "amount_before", "balance_before"))
    # What is voided or a draft may have lost its amount.
    paid = pc.and_(pc.equal(arrow.to_text_array(pairs["status"]), "paid"), pc.is_null(then))
    return np.asarray(pc.fill_null(pc.and_kleene(paid, pc.less(pc.abs(now), pc.abs(owed))), fill_value=False))


def get_as_stated(lost: pd.DataFrame, name: str) -> pd.Series:
    """Return a column as it was before any transform, if the baseline has kept that."""
    return lost.get(f"{schema.AS_THE_SOURCE_SAID}{name}", lost[name])


def _is_stated(column: pa.Array) -> pa.Array:
    """Return where a fact is stated: a text that is not blank, or any date or amount."""
    there = pc.is_valid(column)
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        there = pc.and_kleene(there, pc.not_equal(column, ""))
    return there


def _add_saying(what: str, rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(saying=what)


def _look_up(asking: pd.DataFrame, statements: pd.DataFrame, by: Sequence[str]) -> pa.Array:
    """Return the first statement about each row, null if there is none."""
    distinct = statements.drop_duplicates(list(by))
    places = pc.index_in(_make_keys(asking, by), value_set=_make_keys(distinct, by))
    return arrow.to_text_array(distinct["saying"]).take(places)


def _make_keys(rows: pd.DataFrame, by: Sequence[str]) -> pa.Array:
    return arrow.join_keys(pa.array(rows[name]) for name in by)
