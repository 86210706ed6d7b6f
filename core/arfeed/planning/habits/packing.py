"""Pack what was learned into one compact Parquet file."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from arfeed.model import arrow
from arfeed.model.errors import ConfigError
from arfeed.planning.habits.learned import BANDS, WIDE, Learned

_SOURCE, _BAND, _CUSTOMER, _REFERENCE = range(4)
_CHECKSUM = 4
_NUMBERS = [f"n{place}" for place in range(2 * WIDE)]
# The number is the layout's: an older arfeed must refuse a newer one's habits, not misread them.
_MARK = b"arfeed habits 1\n"
_SCHEMA = pa.schema(
    [
        pa.field("source", pa.large_string(), nullable=False),
        pa.field("what", pa.int8(), nullable=False),
        pa.field("name", pa.large_string(), nullable=False),
        *(pa.field(name, pa.float32(), nullable=False) for name in _NUMBERS),
    ]
)
"""One row for each source (reports, working days), band (open days, closings), customer (closed, expected by coarse
band) and reference (day, whether proven)."""

# Names are nearly all different, so a dictionary of them would only add to the size.
_OPTIONS: dict[str, Any] = {
    "compression": "zstd",
    "use_dictionary": ["source", "what", *_NUMBERS],
    "write_statistics": False,
}


def pack(sources: Mapping[str, Learned]) -> bytes:
    """Pack what was learned about each source."""
    pieces = [piece for name, learned in sources.items() for piece in _make_pieces(name, learned)]
    sink = pa.BufferOutputStream()
    parquet.write_table(pa.concat_tables([_SCHEMA.empty_table(), *pieces]), sink, **_OPTIONS)
    content: bytes = sink.getvalue().to_pybytes()
    return _MARK + _make_checksum(content) + content


def _make_checksum(content: bytes) -> bytes:
    # Against damage, not forgery: Parquet may decode a changed byte without an error, and the guards would judge by
    # it.
    return zlib.crc32(content).to_bytes(_CHECKSUM)


def _make_pieces(source: str, learned: Learned) -> Iterator[pa.Table]:
    yield _make_piece(source, _SOURCE, pa.array([""]), np.array([[learned.reports, learned.worked]]))
    bands = np.column_stack([learned.open_days, learned.closings])
    yield _make_piece(source, _BAND, pa.array([""] * BANDS), bands)
    yield _make_piece(source, _CUSTOMER, learned.customers, np.column_stack([learned.closed, learned.expected]))
    yield _make_piece(source, _REFERENCE, learned.references, np.column_stack([learned.gone, learned.proven]))


def _make_piece(source: str, what: int, names: pa.Array, numbers: np.ndarray) -> pa.Table:
    columns = np.zeros((len(names), len(_NUMBERS)))
    columns[:, : numbers.shape[1]] = numbers
    return pa.table([pa.repeat(source, len(names)), pa.repeat(what, len(names)), names, *columns.T], schema=_SCHEMA)


def unpack(content: bytes) -> dict[str, Learned]:
    """Return what was learned about each source; raise ConfigError if the content is damaged or of another version."""
    start = len(_MARK) + _CHECKSUM
    if content[: len(_MARK)] != _MARK:
        raise _make_error("another version of arfeed wrote it")
    if content[len(_MARK) : start] != _make_checksum(content[start:]):
        raise _make_error("its checksum is wrong")
    table = parquet.read_table(pa.BufferReader(content[start:]))
    return {source: _read_learned(table.filter(pc.equal(table["source"], source))) for source in _list_sources(table)}


def _list_sources(table: pa.Table) -> list[str]:
    return pc.unique(table["source"]).to_pylist()  # type: ignore[no-any-return] # Arrow has no types


def _read_learned(table: pa.Table) -> Learned:
    one, bands, customers, references = (table.filter(pc.equal(table["what"], what)) for what in range(4))
    of_customers = np.column_stack([np.asarray(customers[name]) for name in _NUMBERS])
    return Learned(
        reports=int(one["n0"][0].as_py()),
        worked=int(one["n1"][0].as_py()),
        open_days=np.asarray(bands["n0"]),
        closings=np.asarray(bands["n1"]),
        customers=arrow.as_single_chunk(customers["name"]),
        closed=of_customers[:, :WIDE],
        expected=of_customers[:, WIDE:],
        references=arrow.as_single_chunk(references["name"]),
        gone=np.asarray(references["n0"]).astype(np.int32),
        proven=np.asarray(references["n1"]) > 0,
    )


def _make_error(why: str) -> ConfigError:
    return ConfigError(
        f"what the history keeps of this feed's payers can't be read ({why}). Restore the history from its backup"
    )
