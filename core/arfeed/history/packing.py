"""Pack reports as compressed Parquet for the database, and unite several of them."""

from __future__ import annotations

import io

import pandas as pd
import pyarrow as pa
from pyarrow import parquet

from arfeed.model import arrow
from arfeed.model.errors import ConfigError

_NOT_KEPT = {"status", "document", "origin", "change"}
"""Columns that do not describe what the receiver holds."""


# Columns in which values repeat, so that a dictionary of them is much smaller. Of all others it would be larger.
_REPEATING = [
    *("kind", "customer_id", "customer_name", "customer_email", "currency", "issued_on", "due_on", "source"),
    *("arfeed_file", "arfeed_first_in"),
]


def pack_report(report: pd.DataFrame) -> bytes:
    """Return a report as Parquet."""
    return pack_table(report[[name for name in report.columns if name not in _NOT_KEPT]])


def pack_table(rows: pd.DataFrame) -> bytes:
    """Return any frame with Arrow-backed columns as Parquet."""
    repeating = [name for name in _REPEATING if name in rows.columns]
    buffer = io.BytesIO()
    # Without pandas' own metadata: what is read back has Arrow's types, whatever pandas made of them when it was
    # written.
    columns = pa.Table.from_pandas(rows, preserve_index=False).replace_schema_metadata()
    # Places rise by one from row to row, so that their differences are next to nothing.
    rising = {name: "DELTA_BINARY_PACKED" for name in ("arfeed_place",) if name in rows.columns}
    parquet.write_table(
        columns, buffer, compression="zstd", use_dictionary=repeating, column_encoding=rising, write_statistics=False
    )
    return buffer.getvalue()


def unpack_report(content: bytes) -> pd.DataFrame:
    """Return the report, with Arrow-backed columns."""
    try:
        return arrow.to_frame(parquet.read_table(pa.BufferReader(content)))
    except (pa.ArrowException, OSError) as exc:
        raise _damaged(exc) from exc


def find_invoice(content: bytes, ref: str) -> dict[str, str] | None:
    """Return a packed report's row of an invoice as texts, by its folded reference; None if it is not there."""
    try:
        file = parquet.ParquetFile(pa.BufferReader(content))
        # The one column first: whoever searches thousands of reports finds nothing in most of them.
        refs = arrow.fold(arrow.to_frame(file.read(["invoice_ref"]))["invoice_ref"])
        if not (refs == ref).any():
            return None
    except (pa.ArrowException, OSError) as exc:
        raise _damaged(exc) from exc
    row = unpack_report(content)[refs == ref].iloc[0]
    return {str(name): str(value) for name, value in row.items()}


def _damaged(exc: Exception) -> ConfigError:
    return ConfigError(f"feed.history: a report kept there is damaged ({exc}); restore a backup of it")


def unite_reports(reports: list[pd.DataFrame]) -> pd.DataFrame:
    """Return all rows of several reports; if several have a reference, the latest row."""
    if len(reports) == 1:
        return reports[0]
    rows = pd.concat(reports, ignore_index=True)
    # Callers pass the oldest first. Of a balance that changed meanwhile, the latest is what the receiver would show.
    last = ~arrow.fold(rows["invoice_ref"]).duplicated(keep="last")
    return rows[last].reset_index(drop=True)
