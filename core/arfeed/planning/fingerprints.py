"""What rows of a report are known by: one hash over all their facts, in whatever order they stand."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from arfeed.model import arrow, schema
from arfeed.model.characters import byte_at

FACTS = (
    "invoice_ref", "kind", "customer_id", "customer_name", "customer_email", "currency", "issued_on", "due_on",
    "amount", "balance",
)  # fmt: skip
"""What somebody who approves is taken to have seen of an invoice."""

_OF_MISSING = ("reason", "evidence")
"""What is seen of a missing one beside that."""

_FACTOR = np.uint64(1099511628211)
_MOST_BYTES = 64


def content_hash(report: pd.DataFrame) -> str:
    """Return the hash of all facts of a whole report."""
    return facts_hash(report)


def facts_hash(rows: pd.DataFrame) -> str:
    """Return the SHA-256 of the facts of rows, one column after the other, as Arrow keeps them."""
    order = pa.array(_order(arrow.to_text_array(rows["invoice_ref"])))
    digest = hashlib.sha256(str(len(rows)).encode())
    for name in (*FACTS, *_OF_MISSING):
        if name not in rows.columns:  # a report that is adopted may tell less
            continue
        column = arrow.as_single_chunk(pa.array(rows[name], type=schema.arrow_type(name))).take(order)
        digest.update(name.encode())
        for part in _parts(column):
            digest.update(part)
    return digest.hexdigest()


def _parts(column: pa.Array) -> Iterator[bytes | memoryview | pa.Buffer]:
    """Yield which values are blank, and the memory that holds the others; after `take` it begins where they do."""
    if column.null_count:
        yield b"blank" + np.packbits(np.asarray(pc.is_null(column))).tobytes()
        column = column.drop_null()
    if not len(column):
        return
    if not pa.types.is_large_string(column.type):
        yield memoryview(column.buffers()[1])[: len(column) * column.type.byte_width]
        return
    _, offsets, content = column.buffers()
    ends = np.frombuffer(offsets, np.int64, len(column) + 1)
    yield memoryview(offsets)[: ends.nbytes]
    yield memoryview(content)[: ends[-1]] if ends[-1] else b""


def _order(refs: pa.Array) -> npt.NDArray[np.int64]:
    """Return the rows in an order that only their references decide: by a number made of each, or by the alphabet.

    Numbers are sorted ten times as fast as texts. Where two references make one number, and where they are very long,
    the alphabet decides for all.
    """
    longest = pc.max(pc.binary_length(refs)).as_py() or 0
    if longest <= _MOST_BYTES:
        keys = np.zeros(len(refs), np.uint64)
        for place in range(longest):
            keys = (keys ^ byte_at(refs, place)) * _FACTOR
        order = np.argsort(keys)
        ordered = keys[order]
        if not (ordered[1:] == ordered[:-1]).any():
            return order
    return np.asarray(pc.array_sort_indices(refs)).astype(np.int64)
