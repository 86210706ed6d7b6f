"""Rows of text to typed invoices. Every row becomes an invoice or a problem; none is dropped."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, NoReturn

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from arfeed.intake.columns import Columns, Problem, merge_problem
from arfeed.intake.damage import check_damage
from arfeed.intake.date_order import (
    check_exchanged,
    check_years,
    distinct_dates,
    explain_orders_apart,
    find_order,
    has_text,
    is_dateless,
    read_days,
)
from arfeed.intake.meaning.numbers import add_prefixes, compose_numbers
from arfeed.intake.meaning.sifting import Sieve, Sifted
from arfeed.intake.meaning.signs import clear_closed, find_owed, sign_words
from arfeed.intake.meaning.untold_signs import refuse_untold_sign
from arfeed.intake.meaning.wrapped import Unwrapped, unwrap_texts
from arfeed.intake.money import check_money, has_cents, read_money
from arfeed.model import arrow, schema
from arfeed.model.currencies import minor_digits
from arfeed.model.errors import SourceError
from arfeed.model.fields import PARTS_OF_BALANCE, headings_of, template_headers
from arfeed.model.parts import Connector
from arfeed.model.settings import FileSettings
from arfeed.tables.headings.canonical import left_alone, name_headings, refuse_twins
from arfeed.tables.headings.proposal import REQUIRED
from arfeed.tables.values.amounts import MONEY
from arfeed.tables.values.parsed import is_blank

if TYPE_CHECKING:
    import pandas as pd


class Frame(NamedTuple):
    """What a connector yielded, how many rows it had yielded before, and its columns if they were looked at already."""

    raw: pd.DataFrame
    before: int
    columns: Columns | None = None


class Typed(NamedTuple):
    """A frame's rows with canonical columns, typed; the problems found; and whether the source states a status.

    `statuses` counts the rows by the source's word for the status and arfeed's. `signs` are the words of
    the column `sign` that no setting names. `has_cents` is whether some amount is written with decimals.
    """

    rows: pa.Table
    problems: Sequence[Problem]
    states_status: bool
    statuses: Counter[tuple[str, str]]
    signs: frozenset[str] = frozenset()
    has_cents: bool = True


@dataclass(slots=True)
class Normalizer:
    """Normalizes the frames of one source: `take` them in order, `type_frame` in any, `accept` them in order.

    One date order holds for all frames. They wait until one of them proves which it is: a large file comes in many
    frames, and any of them may hold the proof.
    """

    connector: Connector
    order: str | None = None
    problems: list[Problem] = field(default_factory=list)
    nameless: Counter[tuple[object, ...]] = field(default_factory=Counter)
    waiting: list[Frame] = field(default_factory=list)
    seen: int = 0
    states_status: bool = False
    statuses: Counter[tuple[str, str]] = field(default_factory=Counter)
    signs: frozenset[str] = frozenset()
    has_cents: bool = False
    sieve: Sieve | None = None
    headers: dict[str, str] = field(default_factory=dict)
    unwrapped: list[Unwrapped] = field(default_factory=list)
    aliases: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Start with the order that the settings declare."""
        settings = self.connector.settings
        self.order = settings.dates
        if isinstance(settings, FileSettings):
            self.sieve = Sieve(settings, self.columns_of, refuse_untold_sign)

    def take(self, raw: object) -> list[Frame]:
        """Take the next frame; return those that can be typed now, large ones in pieces.

        Raise `SourceError` unless it is a DataFrame.
        """
        import pandas as pd

        if not isinstance(raw, pd.DataFrame):
            raise SourceError(f"{self._describe_yield()} {type(raw).__name__}, not a DataFrame")
        if _is_empty_answer(raw):
            return []
        sifted = self._sift(raw)
        raw = sifted.raw
        self.waiting.append(Frame(raw, self.seen, sifted.columns))
        settled = self._order_is_settled()
        self.seen += len(raw)
        return self._release_waiting() if settled else []

    def flush(self) -> list[Frame]:
        """Return the frames that still wait. Raise `SourceError` if nothing settled the order of their dates."""
        for frame in self.waiting:
            distinct = self._undeclared_dates(frame)
            if has_text(distinct):
                self.order = find_order(distinct) or self._raise_open_order(self._columns(frame))
                break
        return self._release_waiting()

    def _sift(self, raw: pd.DataFrame) -> Sifted:
        """Return the rows of a frame that may be documents, with its columns if they were looked at for that."""
        if self.sieve is None:
            return Sifted(raw)
        # One conversion for all that looks at the whole frame.
        table = self.columns_of(raw)
        plain, found = unwrap_texts(raw, table.raw, table.columns)
        self.unwrapped += found
        return self.sieve.sift(plain, table if plain is raw else self.columns_of(plain))

    def _release_waiting(self) -> list[Frame]:
        frames = [piece for frame in self.waiting for piece in _pieces(frame)]
        self.waiting.clear()
        return frames

    def type_frame(self, frame: Frame) -> Typed:
        """Return the frame's rows with canonical columns. It changes no state, so threads may type several at once."""
        # Whatever is wrong is noted and not raised, so that one run shows everything that has to be corrected.
        table = self._columns(frame)
        settings = self.connector.settings
        # The defaults are for sources without these columns; a blank in a column that is there is a problem.
        status = table.choice("status", schema.STATUSES, "open", settings)
        kind = table.choice("kind", schema.KINDS, "invoice", settings)
        currency = self._currency(table)
        # Without an order no date came as text, so any will do.
        days = read_days(table, self.order or "YMD", declared=settings.dates is not None, due=self._due_order)
        amounts = read_money(table, settings)
        money = clear_closed(find_owed(table, amounts, kind, settings), status, settings)
        missing = pc.and_(pc.equal(status, "open"), table.is_blank("balance"))
        why = self.connector.blank_balance or "one is required, and blank is not zero"
        table.add_problem("balance", missing, f"is not a balance: {why}")
        check_money(table, amounts, currency, settings)
        from_file = isinstance(settings, FileSettings)
        _check_rows(table, status, kind, money["balance"], from_file=from_file)
        check_years(table, days)
        if from_file:
            check_exchanged(table, days, apart=self._due_order is not None)
        ref, identity = table.text("invoice_ref"), table.text("customer_id")
        if isinstance(settings, FileSettings):
            ref = add_prefixes(ref, kind, settings.prefix)
        # Customers without a number are known by their names; with a blank number all of them would be one customer.
        unidentified = is_blank(identity)
        if pc.any(unidentified).as_py():
            identity = pc.if_else(unidentified, table.text("customer_name"), identity)
        result = {
            **{column: table.text(column) for column in schema.TEXTS},
            **days,
            **money,
            "invoice_ref": ref,
            "source_ref": ref,
            "kind": kind,
            "status": status,
            "customer_id": identity,
            "currency": currency,
            # Only closed documents get here without a balance; for an open one that is a problem.
            "balance": pc.fill_null(money["balance"], pa.scalar(0, MONEY)),
            "source": pa.repeat(pa.scalar(self.connector.source, pa.large_string()), len(frame.raw)),
        }
        ordered = {column: result[column] for column in schema.NAMES} | table.extras()
        counted = _count_statuses(table, status)
        stated = "status" in table.columns
        cents = has_cents(table, amounts) if from_file else True
        return Typed(pa.table(ordered), table.problems, stated, counted, sign_words(table, settings), cents)

    def accept(self, typed: Typed) -> pa.Table:
        """Return the rows, each with an `invoice_ref` now; add their problems to `problems`."""
        self.states_status |= typed.states_status
        self.statuses += typed.statuses
        self.signs |= typed.signs
        self.has_cents |= typed.has_cents
        if len(self.signs) > 1:
            words = ", ".join(repr(word) for word in sorted(self.signs))
            raise SourceError(
                f"{self.connector.source}: the column of `sign` has {words} beside the words that are negative; "
                'say which of them are owed: positive = ["…"]'
            )
        for problem in typed.problems:
            merge_problem(self.problems, problem)
        rows = typed.rows
        # Not in `type_frame`: equal documents are numbered in the order of the frames.
        nameless = pc.and_(is_blank(rows["invoice_ref"]), pc.not_equal(rows["kind"], "invoice"))
        if not pc.any(nameless).as_py():
            return rows
        names = self._names(rows.select(["kind", "customer_id", "issued_on", "amount"]).filter(nameless))
        named = pc.replace_with_mask(arrow.as_single_chunk(rows["invoice_ref"]), arrow.as_single_chunk(nameless), names)
        for name in ("invoice_ref", "source_ref"):
            rows = rows.set_column(rows.column_names.index(name), name, named)
        return rows

    def columns_of(self, raw: pd.DataFrame) -> Columns:
        """Return the columns of a frame by their canonical names, for a look at rows before they are typed."""
        return self._columns(Frame(raw, self.seen))

    def _columns(self, frame: Frame) -> Columns:
        if frame.columns is not None:
            return frame.columns
        arrow = self._arrow(frame.raw)
        headers = self._headers(frame.raw)
        self.headers = self.headers or headers
        table = Columns(headers, arrow, self.connector.source, frame.before, self.aliases)
        compose_numbers(table, self.connector.settings)
        return table

    def _arrow(self, raw: pd.DataFrame) -> pa.Table:
        try:
            return pa.Table.from_pandas(raw, preserve_index=False, nthreads=1)
        except (pa.ArrowException, ValueError, TypeError) as exc:
            raise SourceError(f"{self._describe_yield()} a DataFrame that is not a plain table: {exc}") from exc

    def _describe_yield(self) -> str:
        return f"{self.connector.source}: its connector {self.connector.name!r} yielded"

    def _headers(self, raw: pd.DataFrame) -> dict[str, str]:
        """Return this frame's headers by canonical name; the settings take precedence over the connector's own map."""
        found = [str(name) for name in raw.columns]
        settings = self.connector.settings
        declared = settings.columns
        missing = [header for header in headings_of(declared) if header not in found]
        if missing:
            raise SourceError(
                f"{self.connector.source}: `columns` names the header {missing[0]!r}, which is not there; "
                f"found {', '.join(name for name in found if name != 'origin')}; correct `columns`"
            )
        # arfeed keeps its own columns beside the source's in the history, under this prefix.
        if ours := [name for name in found if name.startswith(schema.OURS)]:
            raise SourceError(
                f"{self.connector.source}: it has a column {ours[0]!r}; names that begin with {schema.OURS!r} are "
                "reserved for arfeed, so rename it"
            )
        # A connector's own map may name columns that not every export has; the settings' may not.
        known = {name: header for name, header in self.connector.columns.items() if header in found}
        columns = {name: name for name in schema.NAMES if name in found} | known
        if isinstance(settings, FileSettings):
            left = left_alone(settings)
            columns = {name: header for name, header in columns.items() if name not in left}
            columns = self._name_alike(found, {**columns, **declared}, left) | columns
        columns |= {name: header for name, header in declared.items() if not template_headers(header)}
        if made := [name for name in PARTS_OF_BALANCE if name in declared]:
            columns.pop("balance", None)
        given = {*columns, *declared, *(["balance"] if made else [])}
        absent = [name for name in REQUIRED if name not in given]
        if absent:
            raise SourceError(
                f"{self.connector.source}: no column for {', '.join(absent)}; name it in "
                f'[sources.{self.connector.source}] columns = {{ {absent[0]} = "…" }}; found {", ".join(found)}'
            )
        return columns

    def _name_alike(self, found: Sequence[str], columns: Mapping[str, str], left: Collection[str]) -> dict[str, str]:
        """Return the headers that bear a canonical name in another spelling, of columns that are not known yet."""
        alike = name_headings(found, columns, left)
        for name, headers in alike.items():
            refuse_twins(self.connector.source, name, headers)
        self.aliases |= {headers[0] for headers in alike.values()}
        return {name: headers[0] for name, headers in alike.items()}

    def _currency(self, table: Columns) -> pa.Array:
        # Each distinct code is checked once: a million rows have a handful.
        settings = self.connector.settings
        translated = "currency" in getattr(settings, "values", {})
        said = table.translate("currency", settings) if translated else table.text("currency")
        texts = said.dictionary_encode()
        default = settings.currency or ""
        codes = pc.utf8_upper(pc.if_else(is_blank(texts.dictionary), default, texts.dictionary))
        known = pc.is_in(codes, value_set=pa.array(list(minor_digits()), pa.large_string()))
        why = "is not an ISO 4217 currency code; map the column, or set `currency` for rows without one"
        table.add_unknown_words("currency", pc.invert(known).take(texts.indices), why, settings)
        return said if codes.equals(texts.dictionary) else codes.take(texts.indices)

    def _order_is_settled(self) -> bool:
        if self.order:
            return True
        distinct = self._undeclared_dates(self.waiting[-1])
        # A frame without dates need not wait, unless frames before it do: they are accepted in order.
        if not has_text(distinct):
            return len(self.waiting) == 1
        self.order = find_order(distinct)
        return self.order is not None

    @property
    def _due_order(self) -> str | None:
        settings = self.connector.settings
        return settings.due_dates if isinstance(settings, FileSettings) else None

    def _undeclared_dates(self, frame: Frame) -> pa.Array:
        """Return the distinct dates of a frame whose order no setting declares."""
        names = ["issued_on"] if self._due_order else schema.DATES
        return distinct_dates(self._columns(frame), names)

    def _raise_open_order(self, table: Columns) -> NoReturn:
        raise SourceError(
            f"{self.connector.source}: "
            + (
                explain_orders_apart(table)
                or 'its dates could be day-month-year or month-day-year; set dates = "DMY" or dates = "MDY"'
            )
            + f" in [sources.{self.connector.source}]"
        )

    def _names(self, rows: pa.Table) -> pa.Array:
        """Return permanent names for credit notes and payments without a number, made of what does not change."""
        lines = zip(*(column.to_pylist() for column in rows.columns), strict=True)
        return pa.array([self._name(line) for line in lines], pa.large_string())

    def _name(self, row: tuple[object, ...]) -> str:
        """Return a hash of what identifies a nameless document; equal ones are numbered in their order."""
        # A name must be the same in every later report, or the old one would be marked as paid. No vectorized hash
        # promises that across versions of its library, so this runs row by row, over nameless documents only.
        self.nameless[row] += 1
        parts = (self.connector.source, *row, self.nameless[row])
        text = "\x1f".join("" if part is None else str(part) for part in parts)
        return f"{str(row[0]).upper()}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def _count_statuses(table: Columns, status: pa.Array) -> Counter[tuple[str, str]]:
    if "status" not in table.columns:
        return Counter()
    words = table.text("status").dictionary_encode()
    places = words.indices.to_numpy()
    # The last to be written stays, so backwards it is the first row of each word; all others have its status, too.
    first = np.zeros(len(words.dictionary), np.int64)
    first[places[::-1]] = np.arange(len(places))[::-1]
    pairs = zip(words.dictionary.to_pylist(), status.take(pa.array(first)).to_pylist(), strict=True)
    return Counter(dict(zip(pairs, np.bincount(places, minlength=len(first)).tolist(), strict=True)))


_PIECE = 100_000
"""Rows typed at once by a thread: enough for a file's points and dates to prove what they mean."""


def _pieces(frame: Frame) -> list[Frame]:
    if len(frame.raw) <= _PIECE:
        return [frame]
    starts = range(0, len(frame.raw), _PIECE)
    return [Frame(frame.raw.iloc[start : start + _PIECE], frame.before + start) for start in starts]


def _is_empty_answer(raw: pd.DataFrame) -> bool:
    """Whether a frame has neither rows nor headers, as an API's empty answer: there is nothing to map."""
    return len(raw) == 0 and {*raw.columns} <= {"origin"}


def _check_rows(table: Columns, status: pa.Array, kind: pa.Array, balance: pa.Array, *, from_file: bool) -> None:
    """Add problems for rows that contradict themselves, and for open ones that lack what an invoice must have."""
    is_open = pc.equal(status, "open")
    # An unknown word is reported separately, and says nothing about a sign.
    lowering = pc.is_in(kind, value_set=pa.array(["credit_note", "payment"], pa.large_string()))
    credit = pc.and_(lowering, pc.greater(balance, pa.scalar(0, MONEY)))
    table.add_problem("balance", credit, "must be negative: a credit note or payment lowers what is owed")
    owed = pc.and_(pc.equal(status, "paid"), pc.not_equal(balance, pa.scalar(0, MONEY)))
    total = ', or set balance_is = "total" if the column holds what was billed' if from_file else ""
    table.add_problem("balance", owed, f"is still owed, though the status says paid; correct one of the two{total}")
    open_invoice = pc.and_(is_open, pc.equal(kind, "invoice"))
    undated = pc.and_(open_invoice, is_dateless(table, "issued_on"))
    table.add_problem("issued_on", undated, "is not a date: an invoice needs its date")
    unnamed = pc.and_(is_open, is_blank(table.text("customer_name")))
    table.add_problem("customer_name", unnamed, "is blank: the customer's name is required")
    unnumbered = pc.and_(open_invoice, is_blank(table.text("invoice_ref")))
    table.add_problem("invoice_ref", unnumbered, "is blank: an invoice needs its number")
    check_damage(table, is_open, from_file=from_file)
