"""Fingerprints of rows: one hash over all their facts, whatever order they are in."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from arfeed.model import arrow, schema
from arfeed.model.text.characters import byte_at

FACTS = (
    "invoice_ref", "kind", "customer_id", "customer_name", "customer_email", "currency", "issued_on", "due_on",
    "amount", "balance",
)  # fmt: skip
"""What the person who approves is assumed to have seen of an invoice."""

_OF_MISSING = ("reason", "evidence")
"""What is shown of a missing invoice in addition."""

# The multiplier of FNV-1a with 64 bits; the hash only decides an order, so it need not resist anybody.
_FACTOR = np.uint64(1099511628211)
# Each byte of the longest reference costs one pass over all rows, so one very long reference would slow all down.
_MOST_BYTES = 64


def hash_facts(rows: pd.DataFrame) -> str:
    """Return the SHA-256 of the facts of rows, one column after the other, as Arrow keeps them."""
    # A source that lists the same invoices in another order must not void an approval.
    order = pa.array(_order_by_reference(arrow.to_text_array(rows["invoice_ref"])))
    digest = hashlib.sha256(str(len(rows)).encode())
    for name in (*FACTS, *_OF_MISSING):
        if name not in rows.columns:  # a report that is adopted may have fewer columns
            continue
        column = arrow.as_single_chunk(pa.array(rows[name], type=schema.arrow_type(name))).take(order)
        digest.update(name.encode())
        for part in _split_into_buffers(column):
            digest.update(part)
    return digest.hexdigest()


def _split_into_buffers(column: pa.Array) -> Iterator[bytes | memoryview | pa.Buffer]:
    """Yield which values are blank, and the memory that holds the others; after `take` it begins where they do."""
    if column.null_count:
        # Blanks are hashed by themselves, since Arrow leaves what lies in a null's memory undefined.
        yield b"blank" + np.packbits(np.asarray(pc.is_null(column))).tobytes()
        column = column.drop_null()
    if not len(column):
        return
    if not pa.types.is_large_string(column.type):
        yield memoryview(column.buffers()[1])[: len(column) * column.type.byte_width]
        return
    _, offsets, content = column.buffers()
    ends = np.frombuffer(offsets, np.int64, len(column) + 1)
    # The ends too: without them "12", "3" and "1", "23" would be the same bytes.
    yield memoryview(offsets)[: ends.nbytes]
    yield memoryview(content)[: ends[-1]] if ends[-1] else b""


def _order_by_reference(refs: pa.Array) -> npt.NDArray[np.int64]:
    """Return the rows in an order that only their references decide: by a number made of each, or by the alphabet.

    Numbers are sorted ten times as fast as texts. If two references make the same number, or if they are very long,
    the alphabet decides for all of them.
    """
    longest = pc.max(pc.binary_length(refs)).as_py() or 0
    if longest <= _MOST_BYTES:
        keys = np.zeros(len(refs), np.uint64)
        for place in range(longest):
            keys = (keys ^ byte_at(refs, place)) * _FACTOR
        order = np.argsort(keys)
        ordered = keys[order]
        # With a collision the order of the two rows would depend on where they stood, and so would the hash.
        if not (ordered[1:] == ordered[:-1]).any():
            return order
    return np.asarray(pc.array_sort_indices(refs)).astype(np.int64)
