"""Why each missing invoice is: what its source says of it now, or which step removed it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from arfeed import schema

REMOVED_BY = "removed by "
RENUMBERED = f"{REMOVED_BY}renumbering"
SOURCE_REMOVED = "source removed"
_TELLING = ("customer_id", "customer_name", "issued_on", "amount")
"""What tells two documents of one number apart; a transform may have changed some of it, but hardly all."""
GONE = "gone"


def with_reasons(
    missing: pd.DataFrame, rows: pd.DataFrame, removed: pd.DataFrame, sources: Collection[str] | None
) -> pd.DataFrame:
    """Add to every missing row why it is.

    `rows` are all rows the sources listed, open and closed; `removed` has source, source_ref, kind and by; `sources`
    are the feed's own, None where no source was asked. Reasons:
    paid, void, draft, settled, removed by <step>, source removed, gone.
    """
    if missing.empty:
        return missing.assign(reason=pd.Series(dtype="str"))
    reasons = pa.nulls(len(missing), pa.large_string())
    if sources is not None:
        known = pc.is_in(schema.text_array(missing["source"]), value_set=pa.array([*sources, ""]))
        reasons = pc.if_else(known, reasons, SOURCE_REMOVED)
    lost = missing.assign(ref=schema.folded(missing["source_ref"]))
    said = _said(lost["ref"], _of_same_documents(lost, rows), removed)
    adopted = pc.equal(schema.text_array(lost["source"]), "")
    for statements, by in _attempts(said):
        may_ask = pc.is_null(reasons) if "source" in by else pc.and_(pc.is_null(reasons), adopted)
        reasons = pc.replace_with_mask(reasons, may_ask, _answers(lost[np.asarray(may_ask)], statements, by))
    return missing.assign(reason=pd.Series(pc.fill_null(reasons, GONE), index=missing.index, dtype="str"))


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


def _said(refs: pd.Series[str], rows: pd.DataFrame, removed: pd.DataFrame) -> pd.DataFrame:
    """Return what sources and steps say of these references (source, kind, ref, saying), what counts most first.

    Being open outweighs being closed, and of several steps the last one removed it.
    """
    listed, steps = _about(refs, rows), _about(refs, removed).iloc[::-1]
    is_open, settled = listed["status"] == "open", listed["balance"] == schema.ZERO
    parts = [
        steps.assign(saying=REMOVED_BY + steps["by"]),
        _saying(RENUMBERED, listed[is_open & ~settled]),
        _saying("paid", listed[listed["status"] == "paid"]),
        _saying("settled", listed[is_open & settled]),
        _saying("void", listed[listed["status"] == "void"]),
        _saying("draft", listed[listed["status"] == "draft"]),
    ]
    return pd.concat([part[["source", "kind", "ref", "saying"]] for part in parts])


def _about(refs: pd.Series[str], rows: pd.DataFrame) -> pd.DataFrame:
    folded = schema.folded(rows["source_ref"])
    wanted = schema.among(folded, refs)
    return rows[wanted].assign(ref=folded[wanted])


def _of_same_documents(lost: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Leave out closed rows that share no more than the number with what is missing.

    A number may be used again: unless customer, date or amount agree, it is another invoice that was paid.
    """
    listed = _about(lost["ref"], rows)
    pairs = (
        listed[["ref", "kind", *_TELLING]]
        .reset_index()
        .merge(lost[["ref", "kind", *_TELLING]], on=["ref", "kind"], suffixes=("", "_before"))
    )
    agrees = [(pairs[name] == pairs[f"{name}_before"]).fillna(value=False) for name in _TELLING]
    same = pairs.loc[np.logical_or.reduce(agrees).astype(bool), "index"]
    still_open = (listed["status"] == "open") & (listed["balance"] != schema.ZERO)
    return listed[still_open | listed.index.isin(same)]


def _saying(what: str, rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(saying=what)


def _answers(asking: pd.DataFrame, statements: pd.DataFrame, by: Sequence[str]) -> pa.Array:
    """Return the first statement about each row, null where there is none."""
    distinct = statements.drop_duplicates(list(by))
    places = pc.index_in(_keys(asking, by), value_set=_keys(distinct, by))
    return schema.text_array(distinct["saying"]).take(places)


def _keys(rows: pd.DataFrame, by: Sequence[str]) -> pa.Array:
    columns = [schema.text_array(rows[name]) for name in by]
    return pc.binary_join_element_wise(*columns, pa.scalar("\x1f", pa.large_string()))
