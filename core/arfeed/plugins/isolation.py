"""Isolate plugins: whatever they change is a copy, and their changes to the process end with the call."""

from __future__ import annotations

import decimal
import locale
import os
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, is_dataclass, replace
from types import MappingProxyType, ModuleType
from typing import TYPE_CHECKING, TypeVar, cast

from pydantic import BaseModel

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

T = TypeVar("T")

PATIENCE = 10.0
"""Seconds before stderr names the plugin that arfeed is waiting for."""


@contextmanager
def restore_process_state() -> Iterator[None]:
    """Restore what a plugin changes in the process: working folder, locale, decimal context and streams."""
    folder, words = os.getcwd(), locale.setlocale(locale.LC_ALL)  # noqa: PTH109 - given back as it was
    streams = sys.stdout, sys.stderr
    try:
        # A plugin that lowers the precision for itself would round every sum that comes after it.
        with decimal.localcontext():
            yield
    finally:
        sys.stdout, sys.stderr = streams
        # Set only if it has changed: Python's setlocale is not safe while other threads run.
        if locale.setlocale(locale.LC_ALL) != words:
            locale.setlocale(locale.LC_ALL, words)
        os.chdir(folder)


@contextmanager
def warn_if_slow(what: str) -> Iterator[None]:
    """Warn on stderr after `PATIENCE` seconds."""
    warning = f"arfeed: still waiting for {what} after {PATIENCE:g} seconds; Ctrl-C ends it\n"
    # To stderr and not through a progress display: plugins are imported before there is one.
    timer = threading.Timer(PATIENCE, sys.stderr.write, (warning,))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def isolated_copy(value: T) -> T:
    """Return a copy that the plugin may change; a frame's memory is copied only when it is written to."""
    import pandas as pd

    return cast("T", _copy(value, pd))


def _copy(value: object, pandas: ModuleType) -> object:
    if isinstance(value, pandas.DataFrame):
        return isolated_frame(value)
    if isinstance(value, pandas.Series):
        return isolated_frame(value.to_frame()).iloc[:, 0].rename(value.name)
    if isinstance(value, BaseModel):
        return value.model_copy(deep=True)
    if isinstance(value, Mapping):
        return MappingProxyType({key: _copy(item, pandas) for key, item in value.items()})
    if isinstance(value, tuple):
        items = tuple(_copy(item, pandas) for item in value)
        # A named tuple takes its items one by one, a plain one as a whole.
        return value._make(items) if hasattr(value, "_make") else items
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{each.name: _copy(getattr(value, each.name), pandas) for each in fields(value)})
    return value


def isolated_frame(invoices: pd.DataFrame) -> pd.DataFrame:
    """Return a frame with columns that share the memory read-only.

    Copy-on-write protects against what pandas does. The Arrow buffers below would still let `numpy.frombuffer` write
    into the run's own memory; slices of them are read-only.
    """
    import pandas as pd
    import pyarrow as pa

    copy = invoices.copy(deep=False)
    for number, (_, column) in enumerate(copy.items()):
        if isinstance(column.dtype, (pd.ArrowDtype, pd.StringDtype)):
            array = pa.chunked_array(pa.array(column))
            # Nested types have their memory in child arrays, which this would not reach; arfeed's own columns are all
            # flat.
            if _is_flat(array.type):
                sealed = pa.chunked_array([_seal(chunk) for chunk in array.chunks], array.type)
                copy.isetitem(number, pd.array(sealed, dtype=column.dtype))
    return copy


def _is_flat(kind: pa.DataType) -> bool:
    import pyarrow as pa

    tests = (pa.types.is_primitive, pa.types.is_decimal, pa.types.is_string, pa.types.is_large_string)
    return any(test(kind) for test in tests)


def _seal(array: pa.Array) -> pa.Array:
    """Return a flat array over read-only views of its buffers."""
    import pyarrow as pa

    buffers = [None if buffer is None else buffer.slice() for buffer in array.buffers()]
    return pa.Array.from_buffers(array.type, len(array), buffers, offset=array.offset)
