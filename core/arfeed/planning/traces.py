"""What is kept of every row in addition to what the receiver sees, so that a later plan can tell which rows are gone.

Columns, all of them arfeed's own: `arfeed_file` (the file it was read from), `arfeed_place` (its place among the rows
of its source, from 0), `arfeed_first_in` (the run that first delivered it).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from arfeed.model import arrow, schema

FILE, PLACE, FIRST_IN = (f"{schema.OURS}{name}" for name in ("file", "place", "first_in"))


def trace_rows(invoices: pd.DataFrame, rows: pd.DataFrame, facts: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return the columns file and place of invoices, as they stand among all `rows` that the sources listed.

    Both frames have `origin`. Rows that come from no file have a blank file. `facts` are columns
    `arfeed_source_<fact>` of the first invoices: what the source itself said before a transform changed it. The
    rest, which are carried forward, have none.
    """
    if rows.empty:
        return pd.DataFrame(index=invoices.index)
    files = _find_files(arrow.to_text_array(invoices["origin"]))
    # With one source, which most feeds have, joining it to every number would only cost time.
    several = any(rows["source"].nunique() > 1 for rows in (invoices, rows))
    places = _find_places(_make_keys(invoices, several), _make_keys(rows, several))
    # Counted within the source: a list that breaks off is cut in its own order, wherever it stands among the others.
    starts = pa.scalar(0, pa.int64())
    if several:
        first = _find_first_places(arrow.to_text_array(rows["source"]))
        starts = first.take(arrow.as_single_chunk(pc.fill_null(places, 0)))
    columns = {
        FILE: arrow.to_series(files, invoices.index),
        PLACE: arrow.to_series(pc.subtract(places, starts), invoices.index),
    }
    said = {} if facts is None else {str(name): facts[name].reindex(invoices.index) for name in facts.columns}
    return pd.DataFrame(columns | said)


def _find_places(some: pa.Array, rows: pa.Array) -> pa.Array:
    """Return where each key is among those of the rows, null for those that are not."""
    # Where all that was listed is open, and no step took any of it away, each is at its own place.
    if some.equals(rows):
        return pa.array(np.arange(len(some), dtype=np.int32))
    return pc.index_in(some, value_set=rows)


def _find_files(origins: pa.Array) -> pa.Array:
    """Return the file of every origin `file#record`; blank for others, such as the key of a record of an API."""
    if not pc.max(pc.binary_length(origins)).as_py():
        return origins if origins.null_count == 0 else pc.fill_null(origins, "")
    # Split by trimming digits, not at the first "#", which a file's name may contain.
    stems = pc.ascii_rtrim(origins, characters="0123456789")
    from_files = pc.and_(pc.ends_with(stems, "#"), pc.not_equal(stems, origins))
    return pc.if_else(from_files, pc.ascii_rtrim(stems, characters="#"), "")


def _make_keys(rows: pd.DataFrame, several: bool) -> pa.Array:
    """Return the key by which a row is found again: its number, preceded by its source if there are several."""
    texts = arrow.to_text_array(rows["source_ref"])
    if not several:
        return texts
    return arrow.join_keys((arrow.to_text_array(rows["source"]), texts))


def _find_first_places(sources: pa.Array) -> pa.Array:
    """Return for every row where its source begins; the rows of a source are consecutive."""
    encoded = sources.dictionary_encode()
    _, first = np.unique(np.asarray(encoded.indices), return_index=True)
    return pa.array(first.astype(np.int64)).take(encoded.indices)


def add_traces(report: pd.DataFrame, before: pd.DataFrame, places: pa.Array, run: str) -> pd.DataFrame:
    """Return the report as the history keeps it, with what earlier reports recorded of its rows.

    `places` are the rows of `before` that its rows were, null for new ones, which `run` is the first to deliver.
    A row of a history that did not record where it came from stays blank.
    """
    # Blank, not this run: an invoice that has stood for months would pass for new, and a list without it for an older
    # one.
    earlier = pc.fill_null(_get_earlier(before, FIRST_IN, places, pa.large_string()), "")
    first = pc.if_else(pc.is_valid(places), earlier, run)
    columns = {FIRST_IN: arrow.to_series(first, report.index)}
    for name, kind in ((FILE, pa.large_string()), (PLACE, pa.int64())):
        earlier = _get_earlier(before, name, places, kind)
        now = _blank_to_null(report[name]) if name in report.columns else pa.nulls(len(report), kind)
        # Carried rows were not read now, so they keep the place and file of their last reading.
        columns[name] = arrow.to_series(pc.coalesce(now, earlier), report.index)
    return report.assign(**columns, **_list_stated(report, before, places))


def _list_stated(report: pd.DataFrame, before: pd.DataFrame, places: pa.Array) -> dict[str, pd.Series]:
    """Return what the sources themselves said, if a transform changed it: now, or for carried rows at their time."""
    columns_of_both = (*report.columns, *before.columns)
    # Both reports' columns, since a transform may have been taken out of the feed while its rows are still in the
    # baseline.
    names = dict.fromkeys(name for name in columns_of_both if name.startswith(schema.AS_THE_SOURCE_SAID))
    read = (
        pc.is_valid(_as_array(report[PLACE])) if PLACE in report.columns else pa.repeat(pa.scalar(False), len(report))
    )
    columns = {}
    for name in names:
        fact = report[name.removeprefix(schema.AS_THE_SOURCE_SAID)]
        now = _as_array(report[name] if name in report.columns else fact)
        then = pc.coalesce(_get_earlier(before, name, places, now.type), _as_array(fact))
        columns[name] = arrow.to_series(pc.if_else(read, now, then), report.index)
    return columns


def _as_array(column: pd.Series) -> pa.Array:
    return arrow.as_single_chunk(pa.array(column))


def _get_earlier(before: pd.DataFrame, name: str, places: pa.Array, kind: pa.DataType) -> pa.Array:
    if name not in before.columns:
        return pa.nulls(len(places), kind)
    return _blank_to_null(before[name]).take(places)


def _blank_to_null(column: pd.Series) -> pa.Array:
    """Return a column with nulls for values that are not known."""
    values = arrow.as_single_chunk(pa.array(column))
    if not (pa.types.is_string(values.type) or pa.types.is_large_string(values.type)):
        return values
    texts = pc.cast(values, pa.large_string())
    return pc.if_else(pc.equal(texts, ""), None, texts)
