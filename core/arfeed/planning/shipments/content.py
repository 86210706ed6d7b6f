"""What a shipment is laid out from: the open invoices, their customers, and what is closed."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa

from arfeed.model import arrow, schema
from arfeed.model.shipping.files import Content

if TYPE_CHECKING:
    from collections.abc import Sequence

_CUSTOMER = ["customer_id", "customer_name", "customer_email"]


def make_content(at: datetime, invoices: pd.DataFrame, missing: pd.DataFrame, closed_on: date) -> Content:
    """Return the frames of a delivery; `missing` are the plan's, with reason and evidence."""
    ours = [name for name in invoices.columns if not str(name).startswith(schema.OURS)]
    opened = invoices[ours].reset_index(drop=True)
    gone = missing.reset_index(drop=True)
    named = gone[[name for name in gone.columns if not str(name).startswith(schema.OURS)]]
    # What was delivered before a column came has it blank.
    blank = {name: _column([None] * len(named), schema.arrow_type(name)) for name in ours if name not in named.columns}
    closed = named.assign(**blank, closed_on=_column([closed_on] * len(named), pa.date32()))
    customers = opened[_CUSTOMER].drop_duplicates("customer_id", ignore_index=True)
    return Content(at, opened, customers, closed, _ledger(opened, closed))


def _ledger(opened: pd.DataFrame, closed: pd.DataFrame) -> pd.DataFrame:
    """Return the open rows and then the closed ones, these with a balance of 0."""
    upper = opened.assign(status="open", reason="")
    zero = _column([schema.ZERO] * len(closed), schema.arrow_type("balance"))
    lower = closed.assign(status="closed", balance=zero)
    parts = [_as_table(each, [*upper.columns, "closed_on"]) for each in (upper, lower)]
    return arrow.to_frame(pa.concat_tables(parts))


def _as_table(frame: pd.DataFrame, columns: Sequence[str]) -> pa.Table:
    """Return these columns of a frame, in their types; a column that it has not is null."""
    arrays = {}
    for name in columns:
        kind = arrow_type(name)
        there = name in frame.columns
        arrays[name] = arrow.as_single_chunk(pa.array(frame[name], kind)) if there else pa.nulls(len(frame), kind)
    return pa.table(arrays)


def arrow_type(name: str) -> pa.DataType:
    """Return the Arrow type of a column of a shipment: the canonical ones, and the day on which a row was closed."""
    return pa.date32() if name == "closed_on" else schema.arrow_type(name)


def _column(values: Sequence[object], kind: pa.DataType) -> pd.Series[Any]:
    return arrow.to_frame(pa.table({"values": pa.array(values, kind)}))["values"]
