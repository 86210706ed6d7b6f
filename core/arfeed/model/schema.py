"""The canonical columns of an invoice: the only place that lists them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

KINDS = ("invoice", "credit_note", "payment")
STATUSES = ("open", "paid", "void", "draft")

MONEY_PRECISION = 20
MONEY_SCALE = 4
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Column:
    """One canonical column: its name, its type on the way, and what it means."""

    name: str
    type: Literal["str", "date", "money"]
    meaning: str


COLUMNS = (
    Column("invoice_ref", "str", "the number printed on the invoice"),
    Column("kind", "str", "invoice, credit_note or payment (unapplied); invoice where the source has none"),
    Column(
        "status",
        "str",
        "open, paid (with a balance of 0), void or draft; open only where the source has no status",
    ),
    Column("customer_id", "str", "the customer's number; falls back to the name"),
    Column("customer_name", "str", "the customer's name"),
    Column("customer_email", "str", "where reminders go"),
    Column("currency", "str", "ISO 4217 code; from the row or from the source's setting"),
    Column("issued_on", "date", "the document's date"),
    Column("due_on", "date", "the due date; credit notes may have none"),
    Column("amount", "money", "the document's total, sign included"),
    Column("balance", "money", "the open amount, sign included; credit notes and payments are negative"),
    Column("po_number", "str", "the customer's order number"),
    Column("memo", "str", "a free text"),
    Column("document", "str", "the PDF's path or fsspec URL, if the source knows it"),
    Column("source", "str", "which source the row came from; set by arfeed"),
    Column("source_ref", "str", "the reference as the source wrote it; set by arfeed, kept through the transforms"),
    Column("origin", "str", "file and record number, for messages"),
)

NAMES = tuple(column.name for column in COLUMNS)
DATES = tuple(column.name for column in COLUMNS if column.type == "date")
MONEY = tuple(column.name for column in COLUMNS if column.type == "money")
TEXTS = tuple(column.name for column in COLUMNS if column.type == "str")

SET_BY_CORE = ("source", "source_ref")
OURS = "arfeed_"
"""What the names of columns begin with that arfeed keeps for itself beside an invoice's own."""

MAPPABLE = tuple(name for name in NAMES if name not in (*SET_BY_CORE, "origin"))
"""The columns that a source may give, and that the setting `columns` may name."""


def arrow_type(name: str) -> pa.DataType:
    """Return the Arrow type of a column; any column that is not canonical is text."""
    import pyarrow as pa

    if name in DATES:
        return pa.date32()
    if name in MONEY:
        return pa.decimal128(MONEY_PRECISION, MONEY_SCALE)
    return pa.large_string()


INVISIBLE = r"[\p{Cf}\p{Cc}\x{034F}\x{FE00}-\x{FE0F}]"
"""What shows as nothing (RE2): zero widths, marks of direction, soft hyphens, controls, variation selectors."""

_BLANKS = r"[\p{Z}\s]"


def folded(refs: pd.Series[str]) -> pd.Series[str]:
    """Return refs as they are compared: as the eye reads them, NFC and casefolded.

    Characters that nobody sees are left out, and every blank is a space. Plain ASCII, which nearly all are,
    takes the fast road.
    """
    import pandas as pd
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = text_array(refs)
    lowered = pc.ascii_lower(texts)
    foreign = pc.invert(pc.ascii_is_printable(texts))
    if pc.any(foreign).as_py():
        spaced = pc.replace_substring_regex(pc.filter(texts, foreign), _BLANKS, " ")
        seen = pc.utf8_trim_whitespace(pc.replace_substring_regex(spaced, INVISIBLE, ""))
        some = pd.Series(pc.utf8_normalize(seen, form="NFC"), dtype="str").str.casefold()
        normal = pc.utf8_normalize(pa.array(some, type=pa.large_string()), form="NFC")
        lowered = pc.replace_with_mask(lowered, foreign, normal)
    return pd.Series(lowered, index=refs.index, dtype="str")


def text_array(texts: pd.Series[str]) -> pa.Array:
    """Return a text column as one Arrow array."""
    import pyarrow as pa

    return one_piece(pa.array(texts, type=pa.large_string()))


def among(texts: pd.Series[str], others: pd.Series[str]) -> pd.Series[bool]:
    """Return where a text is one of the others; `Series.isin` takes seconds where they are hundreds of thousands."""
    import pandas as pd
    import pyarrow.compute as pc

    found = pc.is_in(text_array(texts), value_set=text_array(others))
    return pd.Series(found.to_numpy(zero_copy_only=False), index=texts.index, dtype="bool")


def only(rows: pd.DataFrame, wanted: pd.Series[bool]) -> pd.DataFrame:
    """Return the wanted rows; the frame itself, not a copy, where that is all of them."""
    return rows if wanted.all() else rows[wanted].reset_index(drop=True)


def one_piece(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Return a column as one array. Combining copies even where there is a single chunk, so that is taken as it is."""
    import pyarrow as pa

    if not isinstance(column, pa.ChunkedArray):
        return column
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def totals(rows: pd.DataFrame, by: tuple[str, ...] = ("source", "currency")) -> pd.DataFrame:
    """Return the columns `by`, in their order, with count (of rows that have a balance) and balance (their sum)."""
    return table_frame(sums(rows, by).sort_by([(name, "ascending") for name in by]))


def sums(rows: pd.DataFrame, by: Sequence[str]) -> pa.Table:
    """Return what `totals` does in any order: rows are grouped by one number, much faster than by texts."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    balance, code = one_piece(pa.array(rows["balance"])), np.zeros(len(rows), np.int64)
    values: dict[str, pa.Array] = {}
    for name in by:
        encoded = pc.dictionary_encode(one_piece(pa.array(rows[name])), null_encoding="encode")
        values[name] = encoded.dictionary
        code = code * len(encoded.dictionary) + np.asarray(encoded.indices)
    grouped = pa.table({"code": code, "balance": balance}).group_by("code")
    summed = grouped.aggregate([("balance", "count"), ("balance", "sum")])
    rest, columns = np.asarray(summed["code"]), {}
    for name in reversed(by):
        rest, places = np.divmod(rest, max(len(values[name]), 1))
        columns[name] = values[name].take(pa.array(places))
    found = pa.table({**columns, "count": summed["balance_count"], "balance": summed["balance_sum"]})
    return found.select([*by, "count", "balance"])


def no_invoices() -> pd.DataFrame:
    """Return a frame with all canonical columns and no rows."""
    import pyarrow as pa

    return table_frame(pa.table({name: pa.array([], arrow_type(name)) for name in NAMES}))


def table_frame(table: pa.Table) -> pd.DataFrame:
    """Turn an Arrow table into a frame whose columns stay Arrow-backed: str, date32, decimal128."""
    import pandas as pd
    import pyarrow as pa

    def dtype(kind: pa.DataType) -> pd.ArrowDtype | None:
        text = pa.types.is_string(kind) or pa.types.is_large_string(kind)
        return None if text else pd.ArrowDtype(kind)

    frame: pd.DataFrame = table.to_pandas(types_mapper=dtype)
    return frame
