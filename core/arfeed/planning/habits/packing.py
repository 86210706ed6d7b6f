"""What was learned, as one compact Parquet file."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from arfeed.model import arrow
from arfeed.model.errors import ConfigError
from arfeed.planning.habits.case import BANDS, WIDE
from arfeed.planning.habits.learned import Learned

_SOURCE, _BAND, _CUSTOMER, _REFERENCE = range(4)
_CHECKSUM = 4
_NUMBERS = [f"n{place}" for place in range(2 * WIDE)]
_MARK = b"arfeed habits 1\n"
_SCHEMA = pa.schema(
    [
        pa.field("source", pa.large_string(), nullable=False),
        pa.field("what", pa.int8(), nullable=False),
        pa.field("name", pa.large_string(), nullable=False),
        *(pa.field(name, pa.float32(), nullable=False) for name in _NUMBERS),
    ]
)
"""A row a source (reports, working days), band (open days, closings), customer (closed, expected), reference (day)."""


def packed(sources: Mapping[str, Learned]) -> bytes:
    """Pack what was learned of each source."""
    pieces = [piece for name, learned in sources.items() for piece in _pieces(name, learned)]
    sink = pa.BufferOutputStream()
    parquet.write_table(
        pa.concat_tables([_SCHEMA.empty_table(), *pieces]),
        sink,
        compression="zstd",
        use_dictionary=["source", "what", *_NUMBERS],
        write_statistics=False,
    )
    content: bytes = sink.getvalue().to_pybytes()
    return _MARK + _checksum(content) + content


def _checksum(content: bytes) -> bytes:
    return zlib.crc32(content).to_bytes(_CHECKSUM)


def _pieces(source: str, learned: Learned) -> Iterator[pa.Table]:
    yield _piece(source, _SOURCE, pa.array([""]), np.array([[learned.reports, learned.worked]]))
    bands = np.column_stack([learned.open_days, learned.closings])
    yield _piece(source, _BAND, pa.array([""] * BANDS), bands)
    yield _piece(source, _CUSTOMER, learned.customers, np.column_stack([learned.closed, learned.expected]))
    yield _piece(source, _REFERENCE, learned.references, learned.gone[:, None])


def _piece(source: str, what: int, names: pa.Array, numbers: np.ndarray) -> pa.Table:
    count, width = numbers.shape
    none = np.zeros(count, np.float32)
    columns = [numbers[:, place].astype(np.float32) if place < width else none for place in range(len(_NUMBERS))]
    fixed = [pa.repeat(pa.scalar(source, pa.large_string()), count), pa.repeat(pa.scalar(what, pa.int8()), count)]
    return pa.table([*fixed, names.cast(pa.large_string()), *columns], schema=_SCHEMA)


def unpacked(content: bytes) -> dict[str, Learned]:
    """Return what was learned of each source; a ConfigError says what is wrong with the content."""
    start = len(_MARK) + _CHECKSUM
    if content[: len(_MARK)] != _MARK:
        raise _damaged("another version of arfeed wrote it")
    if content[len(_MARK) : start] != _checksum(content[start:]):
        raise _damaged("its checksum is wrong")
    table = parquet.read_table(pa.BufferReader(content[start:]))
    return {source: _learned(table.filter(pc.equal(table["source"], source))) for source in _sources(table)}


def _sources(table: pa.Table) -> list[str]:
    return pc.unique(table["source"]).to_pylist()  # type: ignore[no-any-return] # Arrow has no types


def _learned(table: pa.Table) -> Learned:
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
    )


def _damaged(why: str) -> ConfigError:
    return ConfigError(
        f"what the history keeps of this feed's payers can't be read ({why}). Restore the history from its backup"
    )
