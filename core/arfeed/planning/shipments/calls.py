"""The requests of a delivery to an API: written to one file, a line each, and read back before any is sent."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote, unquote

import pyarrow as pa

from arfeed.model.errors import ArfeedError, DestinationError
from arfeed.model.results import DeliveredFile
from arfeed.model.shipping.api import ApiDestination, CallRule, Calls
from arfeed.planning.report import digest_of
from arfeed.planning.shipments.staged import ShippedFile, StagedShipment
from arfeed.planning.shipments.tables import check_frame, in_notation, prove, refuse_blanks
from arfeed.plugins.isolation import isolated_copy, restore_process_state

if TYPE_CHECKING:
    from arfeed.model.shipping.files import Content

_FIELD = re.compile(r"\{([^{}]*)\}")


def stage_calls(destination: ApiDestination, content: Content, folder: Path) -> StagedShipment:
    """Write all requests of a delivery into one file below a folder, and prove them.

    A line is `METHOD path body`, the path percent-encoded and the body JSON on one line. The contents are the calls by
    their names, in order, so that their sizes say where each begins. Raise `DestinationError` if they are not the
    plan, or in an order that is not safe; `RefusedError` if the receiver would refuse one.
    """
    began = perf_counter()
    parts = _lay_out(destination, content)
    seconds = perf_counter() - began
    _check(destination, parts)
    path = folder / "delivery.calls"
    contents = []
    with path.open("wb") as out:
        for part in parts:
            lines = b"".join(_write(destination.name, part, content))
            out.write(lines)
            contents.append(DeliveredFile("", part.name, len(lines), hashlib.sha256(lines).hexdigest()))
    with restore_process_state():
        name = destination.report_name(content.at)
    rules = {part.name: CallRule(part.repeatable, frozenset(part.taken)) for part in parts}
    file = ShippedFile(path, "", name, path.stat().st_size, digest_of(path), tuple(contents), rules)
    return StagedShipment((file,), seconds, ())


def _lay_out(destination: ApiDestination, content: Content) -> Sequence[Calls]:
    try:
        with restore_process_state():
            parts = tuple(destination.calls(isolated_copy(content)))
    except ArfeedError:
        raise
    except (Exception, SystemExit) as exc:
        raise DestinationError(f"{destination.name}: its calls() failed: {type(exc).__name__}: {exc}") from exc
    if not parts or not all(isinstance(part, Calls) for part in parts):
        raise DestinationError(f"{destination.name}: its calls() returned {parts!r}, which are not calls")
    return parts


def _check(destination: ApiDestination, parts: Sequence[Calls]) -> None:
    subjects, names = [part.of for part in parts], [part.name for part in parts]
    flaws = []
    if subjects.count("invoices") != 1 or subjects.count("closed") != 1:
        flaws.append("must have one table of invoices and one of what is closed, though that may be empty")
    elif subjects[-1] != "closed":
        # What can't be taken back comes when everything else is there.
        flaws.append(f"ends with {names[-1]}, and has to end with what is closed")
    if len({*names}) != len(names):
        flaws.append(f"calls two of its calls alike: {', '.join(names)}")
    for part in parts:
        if part.format.decimal != "." and part.amounts == "number":
            flaws.append(f"writes amounts in {part.name} with a comma, which is not a number in JSON")
        named = (*_FIELD.findall(part.path), *part.only_in_path)
        flaws += [
            f"names a column {header!r} in {part.name}, which its frame has not"
            for header in named
            if header not in part.frame.columns
        ]
        fields = [str(header) for header in part.frame.columns if part.nested and header not in part.only_in_path]
        flaws += [
            f"has a field {whole!r} in {part.name}, which is an object with {one!r} in it as well"
            for whole in fields
            for one in fields
            if one.startswith(f"{whole}.")
        ]
    for flaw in flaws:
        raise DestinationError(f"{destination.name}: its delivery {flaw}")


def _write(whose: str, part: Calls, content: Content) -> Iterator[bytes]:
    """Yield the lines of some calls, proven to say what the plan says."""
    who, subject = f"{whose}: its calls {part.name}", content.of(part.of)
    check_frame(who, part, subject)
    laid_out = pa.Table.from_pandas(part.frame, preserve_index=False, nthreads=1)
    refuse_blanks(part, laid_out, subject)
    texts = dict(in_notation(who, part.format, laid_out, subject))
    lines = [*_lines(who, part, laid_out.schema, texts)]
    prove(who, part, subject, _read_back(part, lines))
    yield from lines


def _lines(who: str, part: Calls, schema: pa.Schema, texts: dict[str, pa.Array]) -> Iterator[bytes]:
    columns = {name: column.to_pylist() for name, column in texts.items()}
    plain = {field.name for field in schema if _is_plain(field.type, part)}
    in_body = [name for name in columns if name not in part.only_in_path]
    for row in range(len(part.frame)):
        values = {name: column[row] for name, column in columns.items()}
        place = _FIELD.sub(partial(_segment, who, values), part.path)
        fields = {
            name: value if name in plain else json.dumps(value, ensure_ascii=False)
            for name in in_body
            if (value := values[name]) not in (None, "")
        }
        yield f"{part.method} {place} {_as_object(_nest(fields) if part.nested else fields)}\n".encode()


Tree = dict[str, "str | Tree"]
"""Fields of an object by their names: JSON, or an object within."""


def _nest(fields: Mapping[str, str]) -> Tree:
    tree: Tree = {}
    for name, text in fields.items():
        *above, last = name.split(".")
        place = tree
        for each in above:
            place = cast("Tree", place.setdefault(each, {}))
        place[last] = text
    return tree


def _as_object(fields: Mapping[str, Any]) -> str:
    pairs = (
        f"{json.dumps(name)}:{text if isinstance(text, str) else _as_object(text)}" for name, text in fields.items()
    )
    return f"{{{','.join(pairs)}}}"


def _flatten(said: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in said.items():
        if isinstance(value, dict):
            yield from _flatten(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", value


def _is_plain(kind: pa.DataType, part: Calls) -> bool:
    """Whether a column is written as JSON's own numbers and words, without quotes."""
    amount = pa.types.is_decimal(kind) and part.amounts == "number"
    return amount or pa.types.is_integer(kind) or pa.types.is_boolean(kind)


def _segment(who: str, values: Mapping[str, str | None], found: re.Match[str]) -> str:
    value = values[found[1]]
    if not value or value in (".", ".."):
        raise DestinationError(f"{who}: {value!r} can't be a part of an address; fix the number in the source")
    return quote(value, safe="")


def _read_back(part: Calls, lines: Sequence[bytes]) -> pa.Table:
    """Read what is proven from the lines, as text, as whoever gets them would."""
    headers = [*dict.fromkeys(part.proves.values())]
    place = re.compile(_FIELD.sub("([^/]*)", re.sub(r"[.?+*^$()|\[\]\\]", r"\\\g<0>", part.path)))
    in_path = _FIELD.findall(part.path)
    columns: dict[str, list[str]] = {header: [] for header in headers}
    for line in lines:
        _, path, body = line.decode().split(" ", 2)
        found = place.fullmatch(path)
        named = dict(zip(in_path, map(unquote, found.groups() if found else ()), strict=True))
        fields = json.loads(body, parse_float=str, parse_int=str)
        said = {**named, **(dict(_flatten(fields)) if part.nested else fields)}
        for header in headers:
            columns[header].append(said.get(header, ""))
    return pa.table({header: pa.array(values, pa.large_string()) for header, values in columns.items()})
