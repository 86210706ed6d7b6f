"""PostgreSQL's types as ADBC hands them over, turned into what `Frames` makes of psycopg's objects, to the type.

ADBC changes the meaning of some types without saying so, such as `money` as whole cents and `oid` with a sign. So only
the types of this list are read by it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import pyarrow as pa

Converter: TypeAlias = Callable[["pa.Array"], "pa.Array"]

TEXT = 25

_DIGITS_128, _DIGITS_256 = 38, 76
# 0001-01-01 and 9999-12-31 in days since 1970: what Python's date, and so psycopg, can hold.
_FIRST_DAY, _LAST_DAY = -719_162, 2_932_896
_DAY_IN_MICROSECONDS = 86_400_000_000
_UUID_GROUPS = (4, 6, 8, 10)


def converters(zone: str) -> Mapping[int, Converter]:
    """Return a converter for each type by its oid; `zone` is the session's time zone.

    They raise `ValueError` for dates that Python can't hold.
    """
    import pyarrow as pa

    # Oids of pg_type.dat: bigint, smallint, integer; name, text, char, varchar; timestamp with and without time zone;
    # boolean, double precision; date, numeric, uuid.
    wholes = dict.fromkeys((20, 21, 23), partial(_cast, kind=pa.int64()))
    texts = dict.fromkeys((19, TEXT, 1042, 1043), partial(_cast, kind=pa.string()))
    moments = {1114: partial(_moments, zone=None)} | ({1184: partial(_moments, zone=zone)} if _is_known(zone) else {})
    others = {16: partial(_cast, kind=pa.bool_()), 701: partial(_cast, kind=pa.float64())}
    return wholes | texts | moments | others | {1082: _days, 1700: _decimals, 2950: _uuids}


def _is_known(zone: str) -> bool:
    from zoneinfo import ZoneInfo

    try:
        # For a zone that Python does not know psycopg falls back to UTC; such columns are left to psycopg.
        return ZoneInfo(zone).key == zone
    except (KeyError, OSError, ValueError):
        return False


def _cast(array: pa.Array, *, kind: pa.DataType) -> pa.Array:
    import pyarrow as pa

    # psycopg's columns of nothing but None have no type either, and both ways must give the same frame.
    return pa.nulls(len(array)) if array.null_count == len(array) else array.cast(kind)


def _days(array: pa.Array) -> pa.Array:
    import pyarrow as pa

    _refuse_beyond(array.cast(pa.int32()), _FIRST_DAY, _LAST_DAY)
    return _cast(array, kind=pa.date32())


def _moments(array: pa.Array, *, zone: str | None) -> pa.Array:
    import pyarrow as pa

    first, last = _FIRST_DAY * _DAY_IN_MICROSECONDS, (_LAST_DAY + 1) * _DAY_IN_MICROSECONDS - 1
    _refuse_beyond(array.cast(pa.int64()), first, last)
    return _cast(array, kind=pa.timestamp("us", tz=zone))


def _refuse_beyond(numbers: pa.Array, first: int, last: int) -> None:
    import pyarrow.compute as pc

    bounds = pc.min_max(numbers)
    least, most = bounds["min"].as_py(), bounds["max"].as_py()
    if least is not None and (least < first or most > last):
        raise ValueError("holds a date outside the years 1 to 9999, such as infinity; select NULL instead")


def _decimals(array: pa.Array) -> pa.Array:
    """Return texts such as -0.05 as decimals, as wide as the widest of them."""
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = array.storage if isinstance(array, pa.ExtensionArray) else array
    if texts.null_count == len(texts):
        return pa.nulls(len(texts))
    # ADBC writes nan, inf and -inf; no plain number has an n.
    if pc.any(pc.match_substring(texts, "n")).as_py():
        return _each_decimal(texts)
    length, point = pc.binary_length(texts), pc.find_substring(texts, ".")
    has_point = pc.greater_equal(point, 0)
    scale = pc.if_else(has_point, pc.subtract(pc.subtract(length, point), 1), 0)
    before = pc.subtract(pc.if_else(has_point, point, length), pc.cast(pc.starts_with(texts, "-"), pa.int32()))
    # Arrow gives Python's Decimal("0.05") two digits: the zero before the point does not count, so it must not here.
    only_zero = pc.and_(has_point, pc.match_substring_regex(texts, r"^-?0\."))
    whole = pc.max(pc.if_else(only_zero, 0, before)).as_py()
    places = pc.max(scale).as_py()
    if whole + places > _DIGITS_256:
        return _each_decimal(texts)
    kind = pa.decimal128 if whole + places <= _DIGITS_128 else pa.decimal256
    return texts.cast(kind(max(whole + places, 1), places))


def _each_decimal(texts: pa.Array) -> pa.Array:
    """Return texts as Python writes such decimals: Arrow has no NaN, no infinity and fewer digits."""
    import pyarrow as pa

    each = [None if text is None else str(Decimal(text)) for text in texts.to_pylist()]
    return pa.array(each, pa.large_string())


def _uuids(array: pa.Array) -> pa.Array:
    """Return 16 bytes each as 8-4-4-4-12 hexadecimal digits."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    storage = array.storage if isinstance(array, pa.ExtensionArray) else array
    if storage.null_count == len(storage):
        return pa.nulls(len(storage))
    size = 16
    _, values = storage.buffers()
    # All rows in a few calls of numpy: str(UUID) for each would take longer than fetching them.
    rows = np.frombuffer(values, np.uint8)[storage.offset * size :][: len(storage) * size].reshape(-1, size)
    digits = np.frombuffer(b"".join(b"%02x" % byte for byte in range(256)), np.uint8).reshape(256, 2)
    texts = np.insert(digits[rows].reshape(-1, 2 * size), [2 * group for group in _UUID_GROUPS], ord("-"), axis=1)
    width = texts.shape[1]
    offsets = pa.py_buffer((np.arange(len(rows) + 1) * width).astype(np.int64))
    whole = pa.LargeStringArray.from_buffers(len(rows), offsets, pa.py_buffer(texts.tobytes()))
    return pc.if_else(storage.is_valid(), whole, None)
