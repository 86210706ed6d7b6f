"""Proposing what the headers of a file mean, for people to check and paste; a proposal is never applied by itself."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from arfeed.model import arrow, schema
from arfeed.model.fields import PARTS_OF_BALANCE
from arfeed.tables.headings import contents
from arfeed.tables.headings.balances import find_moves
from arfeed.tables.headings.canonical import name_of
from arfeed.tables.headings.normalize import header_words, normalize_header
from arfeed.tables.headings.synonyms import USUAL
from arfeed.tables.headings.words import MISLEADING, TAXES, WITH_TAXES

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

# Shorter names, such as `no` and `re`, are words of too many other headers.
_SHORTEST_HELD = 4
_NUMBER = re.compile(r"[-+(]?\d[\d.,' ]*[)-]?")
_NAME = re.compile("nam|nom|ragione|razon|firma")
"""What a heading has that can only be that of names, whatever they look like."""

_BLANK = "is blank"
_NEVER_ANOTHER = ("invoice_ref", "balance", "issued_on", "due_on", "amount")
REQUIRED = ("invoice_ref", "customer_name", "balance")

_ONE_OF = ("status", "balance", "currency", "due_on")
"""Columns for which all headings that may be meant are compared: if their values differ, a person has to say which."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a file's headers seem to mean, as lines of a source's table in plugins.toml, each with its evidence.

    `columns` maps canonical names to headers, and `evidence` states the evidence for each. `unfit` explains, for
    columns that were not found, which header has such a name, and why its values do not fit. `several` has the
    headers, for columns that were not found, of which any may be meant, by their names or by their values. `called`
    has the headers that are named like a column of `unfit`. `repeated` is a header of numbers that repeat.
    """

    columns: Mapping[str, str]
    lines: tuple[str, ...]
    evidence: Mapping[str, str] = field(default_factory=dict)
    unfit: Mapping[str, str] = field(default_factory=dict)
    several: Mapping[str, Sequence[str]] = field(default_factory=dict)
    called: Mapping[str, Sequence[str]] = field(default_factory=dict)
    repeated: str | None = None

    @property
    def misfits(self) -> list[str]:
        """Return the columns of `unfit` whose header has values."""
        return [name for name, why in self.unfit.items() if not why.endswith(_BLANK)]

    def __str__(self) -> str:
        """Return the lines to paste into plugins.toml."""
        return "\n".join(self.lines)


def missing_columns(headers: Sequence[str], columns: Mapping[str, str]) -> list[str]:
    """Return the columns that every source needs and that neither the headers nor the setting `columns` give.

    A header gives the column whose name it bears, case, blanks and underscores aside.
    """
    return _lacking([name for header in headers if (name := name_of(header))], columns)


def _lacking(names: Sequence[str], columns: Mapping[str, str]) -> list[str]:
    given = {*columns, *names, *(["balance"] if {*PARTS_OF_BALANCE} & {*columns} else [])}
    return [name for name in REQUIRED if name not in given]


def propose_columns(rows: pd.DataFrame) -> Proposal:
    """Propose `columns`, `dates`, `decimal` and `currency` for a file, from its headers and first rows, all text.

    A header counts only if its values fit: amounts and dates parse, currencies are ISO codes, numbers differ.
    """
    texts = _texts_of(rows)
    chosen: dict[str, str] = {}
    evidence: dict[str, str] = {}
    several: dict[str, list[str]] = {}
    # First all columns by a header's whole name, then by a part of it: "Customer" must not take "Customer number".
    for find_headers in (_headers_named, _headers_holding):
        for column in (name for name in USUAL if name not in (*chosen, *several)):
            free = [name for name in texts if name not in chosen.values()]
            fitting = _fitting(column, find_headers(column, free), texts)
            if find_headers is _headers_named and column in _ONE_OF:
                fitting = _fitting(column, [*find_headers(column, free), *_headers_holding(column, free)], texts)
            elif find_headers is _headers_named:
                fitting = dict([*fitting.items()][:1])
            if len(contents.distinct_columns(texts, [*fitting])) > 1:
                several[column] = [*fitting]
            elif fitting:
                chosen[column], evidence[column] = next(iter(fitting.items()))
    codes = _settle_names(chosen, evidence, texts)
    several |= _doubt_numbers(chosen, texts)
    moves = _find_moves(chosen, texts)
    running = (
        f"the column {chosen.pop('balance')!r} runs on by {' and '.join(moves)} from row to row" if moves else None
    )
    flags = contents.find_flags(texts, [name for name in texts if name not in chosen.values()])
    if flags and "status" not in (*chosen, *several):
        several["status"] = flags
    several |= contents.find_by_values(chosen, several, texts)
    marks = _marks_of(chosen, texts)
    settings = [*_dates(chosen, texts), *_decimal(marks), *_currency(chosen)]
    lines = [_line(f"columns.{name}", chosen[name], evidence[name]) for name in USUAL if name in chosen]
    lines += [_open_line(name, headers) for name, headers in several.items()]
    lacking = [name for name in _lacking([*texts], chosen) if name not in several]
    absent = [f'# columns.{name} = "…"  # not found; look it up' for name in lacking]
    unfit = {
        name: why
        for name in USUAL
        if name not in (*chosen, *several) and (why := _explain_unfit(name, texts, chosen.values()))
    }
    if running:
        unfit["balance"] = f"{running}, so it is not what is open of each invoice"
    if codes:
        unfit["customer_name"] = f"the column {codes!r} holds numbers, not names"
    called = {name: [*_find_called(name, texts, chosen.values())] for name in unfit}
    repeated = next(iter(called.get("invoice_ref", ())), None)
    return Proposal(chosen, (*settings, *lines, *absent), evidence, unfit, several, called, repeated)


def _texts_of(rows: pd.DataFrame) -> dict[str, pa.Array]:
    """Return the texts of each column, trimmed; of date cells with a time of day the day."""
    import pyarrow.compute as pc

    from arfeed.tables.values.dates import strip_times_of_cells

    names = [str(name) for name in rows.columns if name != "origin"]
    texts = {name: pc.utf8_trim_whitespace(arrow.to_text_array(rows[name])) for name in names}
    if "origin" not in rows.columns:
        return texts
    origins = arrow.to_text_array(rows["origin"])
    return {name: strip_times_of_cells(column, origins) for name, column in texts.items()}


def _settle_names(chosen: dict[str, str], evidence: dict[str, str], texts: Mapping[str, pa.Array]) -> str | None:
    """Take a column of codes for the customers' numbers, and another for their names.

    Return the header if no other has a usual name: a person has to say which column names the customers.
    """
    header = chosen.get("customer_name")
    if header is None or _NAME.search(normalize_header(header)) or not contents.are_codes(texts[header]):
        return None
    free = {name: texts[name] for name in texts if name not in chosen.values() and not contents.are_codes(texts[name])}
    free_names = [*free]
    names = _fitting(
        "customer_name",
        [*_headers_named("customer_name", free_names), *_headers_holding("customer_name", free_names)],
        free,
    )
    if "customer_id" not in chosen:
        chosen["customer_id"], evidence["customer_id"] = header, evidence["customer_name"]
    del chosen["customer_name"], evidence["customer_name"]
    if not names:
        return header
    chosen["customer_name"], evidence["customer_name"] = next(iter(names.items()))
    return None


def _doubt_numbers(chosen: dict[str, str], texts: Mapping[str, pa.Array]) -> dict[str, list[str]]:
    """Return a column of customers' numbers as one that may be meant, and choose it no longer, if its values differ."""
    if not {"customer_id", "customer_name"} <= chosen.keys():
        return {}
    numbers, names = (texts[chosen[name]] for name in ("customer_id", "customer_name"))
    return {} if contents.may_be_customer_numbers(numbers, names) else {"customer_id": [chosen.pop("customer_id")]}


def _find_moves(chosen: Mapping[str, str], texts: Mapping[str, pa.Array]) -> list[str]:
    """Return the columns by which the proposed balance runs on from row to row; none if it does not."""
    if "balance" not in chosen:
        return []
    free = {name: texts[name] for name in texts if name not in chosen.values() or name == chosen.get("amount")}
    return find_moves(texts[chosen["balance"]], free)


def find_by_values(rows: pd.DataFrame, chosen: Mapping[str, str], known: Collection[str]) -> dict[str, list[str]]:
    """Return, for columns that are neither chosen nor `known`, the headers whose values may be theirs."""
    return contents.find_by_values(chosen, known, _texts_of(rows))


def find_worded(rows: pd.DataFrame, chosen: Mapping[str, str]) -> list[str]:
    """Return the headers that are not chosen and whose columns have few words, of which any may say what is paid."""
    texts = _texts_of(rows)
    codes = find_currency_columns(rows, [*texts])
    return contents.find_worded(texts, [name for name in texts if name not in (*chosen.values(), *codes)])


def count_usual_headers(cells: Sequence[str]) -> int:
    """Return how many of an invoice's columns have a common header among these cells; 0 if some cell is an amount."""
    if any(_NUMBER.fullmatch(cell.strip()) for cell in cells):
        return 0
    return sum(any(True for _ in _headers_named(name, cells)) for name in USUAL)


def find_decimal(rows: pd.DataFrame, chosen: Mapping[str, str]) -> str | None:
    """Return the decimal mark that all amounts of the chosen columns need; None if they need none, blank if unclear."""
    import pyarrow.compute as pc

    headers = {name: header for name, header in chosen.items() if name in (*schema.MONEY, *PARTS_OF_BALANCE)}
    texts = {header: pc.utf8_trim_whitespace(arrow.to_text_array(rows[header])) for header in headers.values()}
    marks = _marks_of(headers, texts)
    return None if None in marks else str(marks[0]) if len(marks) == 1 else ""


def find_currency_columns(rows: pd.DataFrame, headers: Sequence[str]) -> dict[str, list[str]]:
    """Return those of the columns that hold only ISO 4217 codes, with the codes they hold."""
    import pyarrow.compute as pc

    from arfeed.model.currencies import minor_digits

    texts = {header: pc.utf8_upper(pc.utf8_trim_whitespace(arrow.to_text_array(rows[header]))) for header in headers}
    # All values have to be codes: among a few texts of three letters some always are.
    held = {header: [text for text in pc.unique(texts[header]).to_pylist() if text] for header in headers}
    return {header: codes for header, codes in held.items() if codes and set(codes) <= minor_digits().keys()}


def _find_called(column: str, texts: Iterable[str], taken: Collection[str]) -> Iterator[str]:
    """Return the headers with the name of a column that are not taken by another."""
    free = [name for name in texts if name not in taken]
    return iter(dict.fromkeys([*_headers_named(column, free), *_headers_holding(column, free)]))


def is_total(header: str) -> bool:
    """Whether a header is a common one of an invoice's total."""
    return normalize_header(header) in _names("amount")


def _explain_unfit(column: str, texts: Mapping[str, pa.Array], taken: Collection[str]) -> str | None:
    """Return why the values of the header that is named like a column do not fit it; None without such a header."""
    header = next(_find_called(column, texts, taken), None)
    if header is None:
        return None
    import pyarrow.compute as pc

    given = texts[header].filter(pc.not_equal(texts[header], ""))
    if not len(given):
        return f"the column {header!r} {_BLANK}"
    if column == "invoice_ref":
        counts = given.value_counts()
        twice = counts.filter(pc.greater(counts.field("counts"), 1)).field("values")[0].as_py()
        rows = "if they are parts of one document, pass --set rows=lines or --set rows=instalments"
        return f"the column {header!r} has {twice!r} more than once; {rows}"
    what = "amounts in any one notation" if column in schema.MONEY else "ISO 4217 codes"
    what = "dates in any one order" if column in schema.DATES else what
    return f"the column {header!r} does not hold {what}, but values such as {', '.join(given.unique().to_pylist()[:3])}"


def _headers_named(column: str, headers: Sequence[str]) -> Iterator[str]:
    """Return the headers that are a common name of a column, the likeliest first."""
    return (header for name in _names(column) for header in headers if name == normalize_header(header))


def _headers_holding(column: str, headers: Sequence[str]) -> Iterator[str]:
    """Return the headers that contain a common name of a column among other words."""
    return (
        header
        for name in _names(column)
        for header in headers
        if len(name) >= _SHORTEST_HELD
        and f" {name} " in f" {normalize_header(header)} "
        and not _is_misleading(column, name, header)
    )


def _is_misleading(column: str, name: str, header: str) -> bool:
    """Whether the words beside a column's name in a header give it another meaning."""
    words = header_words(header) - {*name.split()}
    if words & WITH_TAXES:
        words -= TAXES
    return bool(words & MISLEADING.get(column, frozenset()))


def _fitting(column: str, headers: Iterable[str], texts: Mapping[str, pa.Array]) -> dict[str, str]:
    """Return those of the headers whose values fit a column, with the evidence.

    None fits if the likeliest one holds other values: a less likely one is not taken in its stead without a word.
    """
    import pyarrow.compute as pc

    found: dict[str, str] = {}
    for header in dict.fromkeys(headers):
        if why := _evidence(column, texts[header]):
            found[header] = why
        elif not found and column in _NEVER_ANOTHER and pc.any(pc.not_equal(texts[header], "")).as_py():
            return {}
    return found


def _names(column: str) -> list[str]:
    return [column.replace("_", " "), *USUAL[column]]


def _evidence(column: str, texts: pa.Array) -> str | None:
    """Return the evidence in its values that a header is a column; None if they do not fit."""
    import pyarrow.compute as pc

    from arfeed.model.currencies import minor_digits

    given = texts.filter(pc.not_equal(texts, ""))
    if not len(given):
        return None
    example = given[0].as_py()
    if column in schema.DATES:
        return f"{example}" if _orders(given) else None
    if column in schema.MONEY:
        return f"{example}" if _marks(given) else None
    if column == "currency":
        codes = pc.unique(pc.utf8_upper(given)).to_pylist()
        return ", ".join(codes[:3]) if set(codes) <= minor_digits().keys() else None
    if column == "status":
        return f"{example}" if contents.is_status(given) else None
    if column == "invoice_ref":
        # A number that repeats is that of an order, or the file has a row for each line item.
        distinct = len(pc.unique(given))
        return f"{example}; {len(given)} rows, all different" if distinct == len(given) else None
    return f"{example}"


def _orders(texts: pa.Array) -> list[str]:
    import pyarrow.compute as pc

    from arfeed.tables.values.dates import ORDERS, parse_dates

    distinct = texts.unique()
    # As if declared, since a declaration is what is proposed.
    return [order for order in ORDERS if not pc.any(parse_dates(distinct, order, declared=True).wrong).as_py()]


def _marks(texts: pa.Array) -> list[str | None]:
    import pyarrow.compute as pc

    from arfeed.tables.values.amounts import parse_money

    return [mark for mark in (None, ".", ",") if not pc.any(parse_money(texts, mark).wrong).as_py()]


def _dates(chosen: Mapping[str, str], texts: Mapping[str, pa.Array]) -> Iterator[str]:
    import pyarrow as pa
    import pyarrow.compute as pc

    found = [texts[chosen[name]] for name in schema.DATES if name in chosen]
    if not found:
        return
    given = pa.concat_arrays(found)
    orders = _orders(given.filter(pc.not_equal(given, "")))
    # Dates that begin with the year fit every order.
    if "YMD" in orders or len(orders) == 1:
        yield _line("dates", "YMD" if "YMD" in orders else orders[0], "the only order that all dates fit")
    elif orders:
        # As a comment: what is not certain is left to the person who pastes it.
        yield f'# dates = "{orders[0]}"  # or "{orders[1]}": both fit, so look it up'
    else:
        yield '# dates = "…"  # no one order fits all dates; look them up'


def _marks_of(chosen: Mapping[str, str], texts: Mapping[str, pa.Array]) -> list[str | None]:
    import pyarrow as pa

    found = [texts[chosen[name]] for name in (*schema.MONEY, *PARTS_OF_BALANCE) if name in chosen]
    return _marks(pa.concat_arrays(found)) if found else [None]


def _decimal(marks: Sequence[str | None]) -> Iterator[str]:
    # Plain amounts need no declaration.
    if None in marks:
        return
    if len(marks) == 1:
        yield _line("decimal", str(marks[0]), "the only mark that all amounts fit")
    else:
        yield '# decimal = ","  # or ".": the amounts fit either, or neither, so look it up'


def _currency(chosen: Mapping[str, str]) -> Iterator[str]:
    if "currency" not in chosen:
        yield '# currency = "…"  # no column names it; say which'


def _open_line(name: str, headers: Sequence[str]) -> str:
    first, *others = (_quote(header) for header in headers)
    more = f"or {', '.join(others)}: " if others else ""
    return f"# columns.{name} = {first}  # {more}its values would fit, so look it up"


def _quote(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _line(key: str, value: str, why: str) -> str:
    return f"{key} = {_quote(value)}  # {' '.join(why.split())}"
