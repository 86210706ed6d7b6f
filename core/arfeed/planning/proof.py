"""Prove a report file: its own destination reads the plan's references and balances back from it, row by row."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from arfeed.model import arrow, schema
from arfeed.model.errors import DestinationError
from arfeed.model.parts import Destination
from arfeed.plugins.isolation import restore_process_state


def check_reads_back(destination: Destination, invoices: pd.DataFrame, path: Path) -> None:
    """Raise `DestinationError` if the file is not these invoices, in their order, to the destination itself."""
    read = _read(destination, path)
    # The layout is a plugin's code. A dropped row marks an invoice as paid, so the file itself is checked, not the
    # frame.
    if len(read) != len(invoices):
        raise DestinationError(
            f"{_describe_reader(destination)} reads {len(read)} rows of a report of {len(invoices)} invoices; "
            f"fix its report() or its {_get_reader(destination)}()"
        )
    for name, taken in (("invoice_ref", _take_refs), ("balance", _take_balances)):
        wanted = pa.array(invoices[name], schema.arrow_type(name))
        _compare(destination, name, taken(destination, read[name]), arrow.as_single_chunk(wanted))


def _get_reader(destination: Destination) -> str:
    """Return "read_balances", or "read_report" if a class that inherits the former reads its reports otherwise."""
    # The most derived class decides: an inherited read_balances would read the layout of its parent, not this one.
    own = next(each for each in type(destination).__mro__ if {"read_balances", "read_report"} & vars(each).keys())
    return "read_balances" if "read_balances" in vars(own) else "read_report"


def _describe_reader(destination: Destination) -> str:
    return f"{destination.name}: its {_get_reader(destination)}()"


def _read(destination: Destination, path: Path) -> pd.DataFrame:
    try:
        with restore_process_state(), path.open("rb") as file:
            read: object = getattr(destination, _get_reader(destination))(file)
    # A plugin may call sys.exit, which is not an Exception and would end the run without a message.
    except (Exception, SystemExit) as exc:
        raise DestinationError(
            f"{_describe_reader(destination)} failed on the report just written: {type(exc).__name__}: {exc}"
        ) from exc
    if not isinstance(read, pd.DataFrame):
        raise DestinationError(f"{_describe_reader(destination)} returned {type(read).__name__}, not a DataFrame")
    for name in ("invoice_ref", "balance"):
        # With two columns of one name, `read[name]` would be a frame, and which one is meant is not known.
        if [*read.columns].count(name) != 1:
            there = ", ".join(map(str, read.columns))
            raise DestinationError(
                f"{_describe_reader(destination)} gives not one column {name!r} of the report just written, but "
                f"{there or 'none'}; a report must tell each invoice's number and balance, under whatever header"
            )
    return read


def _take_refs(destination: Destination, column: pd.Series[str]) -> pa.Array:
    texts = arrow.as_single_chunk(pa.array(column))
    # A reader that guesses types drops leading zeros; as long as no number has any, it would pass.
    if pa.types.is_integer(texts.type) or pa.types.is_floating(texts.type):
        raise DestinationError(f"{_describe_reader(destination)} made 'invoice_ref' {texts.type}, which is not text")
    return texts if pa.types.is_large_string(texts.type) else pc.cast(texts, pa.large_string())


def _take_balances(destination: Destination, column: pd.Series[str]) -> pa.Array:
    """Return balances exactly; a float, or a text that is not a plain number, is refused."""
    values = arrow.as_single_chunk(pa.array(column))
    if pa.types.is_floating(values.type):
        raise DestinationError(f"{_describe_reader(destination)} made 'balance' a float; money never is one")
    try:
        return pc.cast(values, schema.arrow_type("balance"))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as exc:
        raise DestinationError(
            f"{_describe_reader(destination)} gives a balance that can't be taken: {exc}; give plain texts"
        ) from exc


def _compare(destination: Destination, name: str, read: pa.Array, wanted: pa.Array) -> None:
    # A null on either side counts as different: a blank reference or balance is never what was planned.
    same = pc.fill_null(pc.equal(read, wanted), fill_value=False)
    row = pc.index(same, value=False).as_py()
    if row >= 0:
        reader = _get_reader(destination)
        raise DestinationError(
            f"{destination.name}: the report it laid out is not the plan; read back by its own {reader}(), invoice "
            f"{row + 1} of the file has the {name} {_format_value(read[row])}, and in the plan "
            f"{_format_value(wanted[row])}; fix its report() or its {reader}()"
        )


def _format_value(value: pa.Scalar) -> str:
    plain = value.as_py()
    return "blank" if plain is None else repr(plain) if isinstance(plain, str) else f"{plain}"
