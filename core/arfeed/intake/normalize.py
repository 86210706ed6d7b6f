"""Rows of text to typed invoices. Every row becomes an invoice or a problem; none is dropped."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from arfeed.intake.columns import Columns, Problem, note
from arfeed.model import arrow, schema
from arfeed.model.characters import byte_at
from arfeed.model.currencies import digits_by_row, minor_digits
from arfeed.model.errors import SourceError
from arfeed.model.parts import Connector
from arfeed.model.settings import FileSettings
from arfeed.tables.headings.proposal import REQUIRED
from arfeed.tables.values import dates, values

if TYPE_CHECKING:
    import pandas as pd


class Frame(NamedTuple):
    """What a connector yielded, and how many rows it had yielded before."""

    raw: pd.DataFrame
    before: int


class Typed(NamedTuple):
    """A frame's rows with canonical columns, typed, what is wrong with them, and whether they state a status."""

    rows: pa.Table
    problems: Sequence[Problem]
    states_status: bool


@dataclass(slots=True)
class Normalizer:
    """Normalizes the frames of one source: `take` them in order, have them `typed` in any, `accept` them in order.

    One date order holds for all of them. Frames wait as long as nothing says which: a large file comes in many, and
    any may prove it.
    """

    connector: Connector
    order: str | None = None
    problems: list[Problem] = field(default_factory=list)
    nameless: Counter[tuple[object, ...]] = field(default_factory=Counter)
    waiting: list[Frame] = field(default_factory=list)
    seen: int = 0
    states_status: bool = False

    def __post_init__(self) -> None:
        """Begin with the order that is declared."""
        self.order = self.connector.settings.dates

    def take(self, raw: object) -> list[Frame]:
        """Take the next frame; return those that can be typed now, large ones in pieces.

        Raise `SourceError` for what is no frame.
        """
        import pandas as pd

        if not isinstance(raw, pd.DataFrame):
            raise SourceError(f"{self._yielded()} {type(raw).__name__}, not a DataFrame")
        if _says_nothing(raw):
            return []
        self.waiting.append(Frame(raw, self.seen))
        settled = self._order_is_settled()
        self.seen += len(raw)
        return self._waited() if settled else []

    def rest(self) -> list[Frame]:
        """Return the frames that waited. Raise `SourceError` if nothing settled the order of their dates."""
        for frame in self.waiting:
            distinct = _distinct_dates(self._raw(frame))
            if _any_text(distinct):
                self.order = self._order_found(distinct)
                break
        return self._waited()

    def _waited(self) -> list[Frame]:
        frames = [piece for frame in self.waiting for piece in _pieces(frame)]
        self.waiting.clear()
        return frames

    def typed(self, frame: Frame) -> Typed:
        """Return the frame's rows with canonical columns. It changes nothing here: several may be typed at once."""
        table = self._raw(frame)
        status = table.choice("status", schema.STATUSES, default="open")
        is_open = pc.equal(status, "open")
        kind = table.choice("kind", schema.KINDS, default="invoice")
        currency = self._currency(table)
        days = self._dates(table)
        amounts = {name: self._money(table, name) for name in schema.MONEY}
        money = {name: parsed.values for name, parsed in amounts.items()}
        balance = money["balance"]
        table.object(
            "balance", pc.and_(is_open, table.blank("balance")), "is no balance: one is required, and blank is not zero"
        )
        self._check_digits(table, money, currency)
        self._check_currencies(table, amounts, currency)
        self._check_points(table, currency)
        credit = pc.and_(pc.not_equal(kind, "invoice"), pc.greater(balance, pa.scalar(0, values.MONEY)))
        table.object("balance", credit, "must be negative: a credit note or payment lowers what is owed")
        owed = pc.and_(pc.equal(status, "paid"), pc.not_equal(balance, pa.scalar(0, values.MONEY)))
        table.object("balance", owed, "is still owed, though the status says paid; mend one of the two there")
        open_invoice = pc.and_(is_open, pc.equal(kind, "invoice"))
        table.object(
            "issued_on", pc.and_(open_invoice, _dateless(table, "issued_on")), "is none: an invoice needs its date"
        )
        name = table.text("customer_name")
        table.object("customer_name", pc.and_(is_open, values.blank(name)), "is blank: the customer's name is required")
        ref = table.text("invoice_ref")
        table.object("invoice_ref", pc.and_(open_invoice, values.blank(ref)), "is blank: an invoice needs its number")
        _object_to_damage(table, open_invoice)
        identity = table.text("customer_id")
        unidentified = values.blank(identity)
        if pc.any(unidentified).as_py():
            identity = pc.if_else(unidentified, name, identity)
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
            "balance": pc.fill_null(balance, pa.scalar(0, values.MONEY)),
            "source": pa.repeat(pa.scalar(self.connector.source, pa.large_string()), len(frame.raw)),
        }
        ordered = {column: result[column] for column in schema.NAMES} | table.extras()
        return Typed(pa.table(ordered), table.problems, "status" in table.columns)

    def accept(self, typed: Typed) -> pa.Table:
        """Return the rows, of which all have a name now; add what is wrong with them to `problems`."""
        self.states_status |= typed.states_status
        for problem in typed.problems:
            note(self.problems, problem)
        rows = typed.rows
        nameless = pc.and_(values.blank(rows["invoice_ref"]), pc.not_equal(rows["kind"], "invoice"))
        if not pc.any(nameless).as_py():
            return rows
        names = self._names(rows.select(["kind", "customer_id", "issued_on", "amount"]).filter(nameless))
        named = pc.replace_with_mask(arrow.as_single_chunk(rows["invoice_ref"]), arrow.as_single_chunk(nameless), names)
        for name in ("invoice_ref", "source_ref"):
            rows = rows.set_column(rows.column_names.index(name), name, named)
        return rows

    def _raw(self, frame: Frame) -> Columns:
        arrow = self._arrow(frame.raw)
        return Columns(self._columns(frame.raw), arrow, self.connector.source, frame.before)

    def _arrow(self, raw: pd.DataFrame) -> pa.Table:
        try:
            return pa.Table.from_pandas(raw, preserve_index=False, nthreads=1)
        except (pa.ArrowException, ValueError, TypeError) as exc:
            raise SourceError(f"{self._yielded()} a DataFrame that is no plain table: {exc}") from exc

    def _yielded(self) -> str:
        return f"{self.connector.source}: its connector {self.connector.name!r} yielded"

    def _columns(self, raw: pd.DataFrame) -> dict[str, str]:
        """Return canonical name → header in this frame; the settings go before the connector's own map."""
        found = [str(name) for name in raw.columns]
        declared = self.connector.settings.columns
        missing = [header for header in declared.values() if header not in found]
        if missing:
            raise SourceError(
                f"{self.connector.source}: `columns` names the header {missing[0]!r}, which is not there; "
                f"found {', '.join(name for name in found if name != 'origin')}; mend `columns`"
            )
        if ours := [name for name in found if name.startswith(schema.OURS)]:
            raise SourceError(
                f"{self.connector.source}: it has a column {ours[0]!r}; names that begin with {schema.OURS!r} are "
                "arfeed's own, so give it another"
            )
        known = {name: header for name, header in self.connector.columns.items() if header in found}
        columns = {name: name for name in schema.NAMES if name in found} | known | dict(declared)
        absent = [name for name in REQUIRED if name not in columns]
        if absent:
            raise SourceError(
                f"{self.connector.source}: no column for {', '.join(absent)}; say which in "
                f'[sources.{self.connector.source}] columns = {{ {absent[0]} = "…" }}; found {", ".join(found)}'
            )
        return columns

    def _currency(self, table: Columns) -> pa.Array:
        texts = table.text("currency").dictionary_encode()
        default = self.connector.settings.currency or ""
        codes = pc.utf8_upper(pc.if_else(values.blank(texts.dictionary), default, texts.dictionary))
        known = pc.is_in(codes, value_set=pa.array(list(minor_digits()), pa.large_string()))
        why = "is no ISO 4217 currency code; map the column, or set `currency` for rows without one"
        table.object("currency", pc.invert(known).take(texts.indices), why)
        return table.text("currency") if codes.equals(texts.dictionary) else codes.take(texts.indices)

    def _order_is_settled(self) -> bool:
        if self.order:
            return True
        distinct = _distinct_dates(self._raw(self.waiting[-1]))
        if not _any_text(distinct):
            return len(self.waiting) == 1
        best = _fitting_best(distinct)
        if "YMD" in best or len(best) == 1:
            self.order = best[0]
        return self.order is not None

    def _dates(self, table: Columns) -> dict[str, pa.Array]:
        distinct = _distinct_dates(table)
        return {name: self._date(table, name, distinct) for name in schema.DATES}

    def _date(self, table: Columns, name: str, distinct: pa.Array) -> pa.Array:
        column = table.array(name)
        if pa.types.is_date32(column.type):
            return column
        order = self.order or "YMD"
        declared = self.connector.settings.dates is not None
        parsed = dates.parse_dates(table.text(name), order, declared=declared)
        if pc.any(parsed.wrong).as_py():
            table.object(name, parsed.wrong, _date_why(order, distinct, declared=declared))
        return parsed.values

    def _order_found(self, distinct: pa.Array) -> str:
        """Return the order that fits the dates best; a file that leaves it open is not guessed at."""
        best = _fitting_best(distinct)
        if "YMD" in best or len(best) == 1:
            return best[0]
        raise SourceError(
            f"{self.connector.source}: its dates could be day-month-year or month-day-year; "
            f'say which in [sources.{self.connector.source}]: dates = "DMY" or dates = "MDY"'
        )

    def _money(self, table: Columns, name: str) -> values.Parsed:
        column = table.array(name)
        if pa.types.is_decimal(column.type) or pa.types.is_integer(column.type):
            return values.Parsed(_exact(column, table, name), pc.is_null(column), plain=True)
        settings = self.connector.settings
        decimal = settings.decimal if isinstance(settings, FileSettings) else None
        parsed = values.parse_money(table.text(name), decimal)
        table.object(name, parsed.wrong, _MONEY_WHY[decimal] if isinstance(settings, FileSettings) else _MAKE_NUMBERS)
        return parsed

    def _check_digits(self, table: Columns, money: Mapping[str, pa.Array], currency: pa.Array) -> None:
        steps = 10 ** (schema.MONEY_SCALE - digits_by_row(currency, schema.MONEY_SCALE))
        for name, column in money.items():
            units = values.units(column)
            if units is None or (units % steps).any():
                for code in pc.unique(currency).to_pylist():
                    count = minor_digits().get(code, schema.MONEY_SCALE)
                    wrong = pc.and_(pc.equal(currency, code), values.decimals_used(column, count))
                    table.object(name, wrong, f"has too many digits: {code} has {count} decimals")

    def _check_currencies(self, table: Columns, amounts: Mapping[str, values.Parsed], currency: pa.Array) -> None:
        for name, parsed in amounts.items():
            texts = table.text(name)
            if not parsed.plain and pc.any(pc.match_substring_regex(texts, r"[A-Z\p{Sc}]")).as_py():
                wrong = pc.and_(pc.is_valid(parsed.values), values.contradicted(texts, currency))
                table.object(name, wrong, "names another currency than its row; mend `columns` or `currency`")

    def _check_points(self, table: Columns, currency: pa.Array) -> None:
        """Object to 1.500 where no mark is declared and no other amount proves that its point is a decimal one."""
        if getattr(self.connector.settings, "decimal", None):
            return
        for name in table.written(schema.MONEY):
            texts = table.text(name)
            if not (byte_at(texts, -4) == ord(".")).any():
                continue
            doubtful = pc.match_substring_regex(texts, r"^-?\d{1,3}\.\d{3}$")
            if pc.any(doubtful).as_py() and not pc.any(pc.match_substring_regex(texts, _POINT)).as_py():
                three = [code for code, digits in minor_digits().items() if digits > 2]
                wrong = pc.and_(doubtful, pc.invert(pc.is_in(currency, value_set=pa.array(three, pa.large_string()))))
                table.object(name, wrong, 'could mean a thousand times more; say decimal = "." or decimal = ","')

    def _names(self, rows: pa.Table) -> pa.Array:
        """Give credit notes and payments without a number a lasting one, made of what does not change."""
        lines = zip(*(column.to_pylist() for column in rows.columns), strict=True)
        return pa.array([self._name(line) for line in lines], pa.large_string())

    def _name(self, row: tuple[object, ...]) -> str:
        """Hash what identifies a nameless document; equal ones are told apart by their order.

        Runs a row at a time, over nameless documents only: no vectorised hash is promised to outlive its library.
        """
        self.nameless[row] += 1
        parts = (self.connector.source, *row, self.nameless[row])
        text = "\x1f".join("" if part is None else str(part) for part in parts)
        return f"{str(row[0]).upper()}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


_PIECE = 100_000
"""So many rows are typed by one thread: enough to prove what a file's points and dates mean."""


def _pieces(frame: Frame) -> list[Frame]:
    starts = range(0, len(frame.raw) or 1, _PIECE)
    return [Frame(frame.raw.iloc[start : start + _PIECE], frame.before + start) for start in starts]


def _says_nothing(raw: pd.DataFrame) -> bool:
    """Whether a frame has neither rows nor headers, as the empty answer of an API: there is nothing to map."""
    return len(raw) == 0 and {*raw.columns} <= {"origin"}


_MONEY_WHY: Mapping[str | None, str] = {
    None: 'is no plain amount such as 1234.50; for other notations say decimal = "," or decimal = "."',
    ".": "is no amount such as 1,234.50",
    ",": "is no amount such as 1.234,50",
}

_MAKE_NUMBERS = "is no plain amount such as 1234.50; make it a number where it comes from: in SQL, CAST it AS numeric"


def _distinct_dates(table: Columns) -> pa.Array:
    texts = [table.text(name) for name in schema.DATES if not pa.types.is_date32(table.array(name).type)]
    return pa.concat_arrays(texts).unique() if texts else pa.array([], pa.large_string())


def _any_text(texts: pa.Array) -> bool:
    return bool(pc.any(pc.not_equal(texts, "")).as_py())


def _fitting_best(distinct: pa.Array) -> list[str]:
    """Return the orders in which the fewest of these texts are no date."""
    wrong = dates.misfits(distinct)
    return [order for order in dates.ORDERS if wrong[order] == min(wrong.values())]


_POINT = r"^-?(?:\d+\.(?:\d{1,2}|\d{4,})|\d{4,}\.\d+|0\.\d+)$"
"""Amounts in which a point can't group thousands."""

_ERROR = r"^(?:#+|#N/A|#NV|#\p{Lu}[\p{Lu}/0-9]*[!?]+)$"
"""What spreadsheets show for a value they don't have, or that is wider than its column."""

_MONTHS = "(?:Jan|Feb|Mar|Mrz|Apr|May|Mai|Jun|Jul|Aug|Sep|Oct|Okt|Nov|Dec|Dez)"
_DAY_AND_MONTH = rf"^(?:\d{{1,2}}(?:-|\. ?){_MONTHS}|{_MONTHS}[- ]\d{{2}})$"
_DAY_OF_CELL = r"^(?:19|20)\d\d-[01]\d-[0-3]\d(?: \d\d:\d\d:\d\d)?$"
_LENGTHS = pa.array([*range(5, 8), 10, 19])
"""As Excel shows what it took for a day or a month, how its dates are read, and how long all these are."""

_SHORTENED = r"^\d(?:[.,]\d+)?E\+\d+$"
_TOTALS = (
    r"(?i)^(?:(?:grand |sub ?)?totals?|summe|gesamt(?:summe|betrag)?|totaux|total g[eé]n[eé]ral|totale|totaal)\b.{0,3}$"
)


def _object_to_damage(table: Columns, mine: pa.Array) -> None:
    """Object to what spreadsheets have made of numbers and names, and to their rows of totals."""
    for name in ("invoice_ref", "customer_name"):
        texts = table.text(name)
        if pc.any(pc.starts_with(texts, "#")).as_py():
            wrong = pc.and_(mine, pc.match_substring_regex(texts, _ERROR))
            table.object(name, wrong, "is an error of a spreadsheet; mend the formula behind it there")
    ref = table.text("invoice_ref")
    if pc.any(pc.match_substring(ref, "E+")).as_py():
        wrong = pc.and_(mine, pc.match_substring_regex(ref, _SHORTENED))
        table.object(
            "invoice_ref",
            wrong,
            "is a number that a spreadsheet has shortened; format the column as text, and export anew",
        )
    _object_to_dates(table, ref, mine)
    headless = pc.and_(mine, values.blank(table.text("customer_name")))
    if pc.any(headless).as_py():
        wrong = pc.and_(headless, pc.match_substring_regex(ref, _TOTALS))
        table.object("invoice_ref", wrong, "heads a row of totals, which is no invoice; export without totals")


def _object_to_dates(table: Columns, ref: pa.Array, mine: pa.Array) -> None:
    """Object to numbers such as 04-03 that Excel took for a date: its cells hold one, its CSV files show 04-Mar."""
    some = ref.filter(pc.is_in(pc.utf8_length(ref), value_set=_LENGTHS))
    if not pc.any(pc.match_substring_regex(some, f"{_DAY_AND_MONTH}|{_DAY_OF_CELL}")).as_py():
        return
    dated = pc.match_substring_regex(ref, _DAY_AND_MONTH)
    days = pc.match_substring_regex(ref, _DAY_OF_CELL)
    if pc.any(days).as_py():
        dated = pc.or_(dated, pc.and_(days, pc.match_substring_regex(table.text("origin"), r"(?i)\.xls[xm]#\d+$")))
    table.object(
        "invoice_ref",
        pc.and_(mine, dated),
        "is a date: Excel has turned the number into one; make the column text before it is filled, or export CSV",
    )


def _date_why(order: str, distinct: pa.Array, *, declared: bool) -> str:
    fitting = [other for other, wrong in dates.misfits(distinct, declared=True).items() if not wrong]
    hint = ""
    if fitting and declared:
        hint = f"; all dates of this source fit {dates.ORDER_WORDS[fitting[0]]}, so look at `dates`"
    elif fitting:
        said = " or ".join(f'dates = "{each}"' for each in fitting)
        hint = f"; years of two digits need the order said: all dates of this source fit {said}"
    if pc.any(pc.match_substring_regex(distinct, r"^[34]\d{4}$")).as_py():
        hint = f'{hint}; 46119 is how Excel counts days: format the column as dates, or say dates = "excel"'
    return f"is not a date {dates.in_words(order)}{hint}"


def _dateless(table: Columns, name: str) -> pa.Array:
    """Where a date is blank, or one that stands for none."""
    dateless = table.blank(name)
    if pa.types.is_date(table.array(name).type):
        return dateless
    texts = table.text(name).dictionary_encode()
    return pc.or_(dateless, dates.means_none(texts.dictionary).take(texts.indices))


def _exact(column: pa.Array, table: Columns, name: str) -> pa.Array:
    try:
        return pc.cast(pc.cast(column, values.WIDE) if pa.types.is_integer(column.type) else column, values.MONEY)
    except pa.ArrowInvalid as exc:
        raise SourceError(
            f"{table.source}: column {name!r} holds amounts finer or larger than 16.4 digits: {exc}"
        ) from exc
