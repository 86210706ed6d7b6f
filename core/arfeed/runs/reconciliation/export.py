"""Reading an export of the receiver's list as a source's file is read, but without refusing a row for what it lacks."""

from __future__ import annotations

import glob
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from arfeed.intake.columns import Columns
from arfeed.intake.date_order import read_days
from arfeed.intake.meaning.numbers import compose_numbers
from arfeed.intake.meaning.sifting import Sieve
from arfeed.intake.meaning.signs import find_owed
from arfeed.intake.meaning.totals import check_totals_rows
from arfeed.intake.money import check_money, read_money
from arfeed.model import arrow
from arfeed.model.currencies import minor_digits
from arfeed.model.errors import ConfigError, SourceError
from arfeed.model.settings import FileSettings, ReconcileSettings
from arfeed.runs.reconciliation.cells import clean, find_named
from arfeed.runs.reconciliation.delivered import LastDelivery
from arfeed.runs.reconciliation.meaning.accounting import Accounts, account
from arfeed.runs.reconciliation.meaning.columns import find_meaning
from arfeed.runs.reconciliation.meaning.currencies import AMOUNTS, codes_of
from arfeed.runs.reconciliation.meaning.search import Asker, Meaning, Search
from arfeed.runs.reconciliation.meaning.words import is_ambiguous
from arfeed.runs.reconciliation.workbook import (
    read_beside,
    refuse_hidden_lists,
    refuse_marked_rows,
    refuse_several_sheets,
)
from arfeed.tables.dbase import is_dbase
from arfeed.tables.files.search import find_files
from arfeed.tables.headings.banner import find_heading_row, read_banner
from arfeed.tables.headings.document_words import status_of
from arfeed.tables.read import read_header, read_to_the_end
from arfeed.tables.separated.text import find_encoding
from arfeed.tables.values.amounts import MONEY
from arfeed.tables.values.dates import ORDERS, parse_dates
from arfeed.tables.values.parsed import is_blank
from arfeed.tables.workbook.sheets import is_workbook

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LOOKED_AT = 20_000
"""Rows that the meaning of the columns is found by."""

_STAMP = re.compile(
    r"(?<!\d)(20\d\d)[-_. /]?(0[1-9]|1[0-2])[-_. /]?(0[1-9]|[12]\d|3[01])"
    r"(?:[T _-]{1,3}([01]\d|2[0-3])[-_.:]?([0-5]\d)(?:[-_.:]?[0-5]\d)?(Z| ?UTC)?(?![-_.]?\d))?(?!\d)"
)
"""A day that begins with its year, and perhaps a time, in the name of a file or above the headings."""

_FALLBACK = "cp1252"

_WRITTEN_DAY = re.compile(
    r"(?<![\d./-])\d{1,2}[./-]\d{1,2}[./-]\d{4}(?!\d)"
    r"|(?<!\d)\d{1,2}\.? [^\W\d_]{3,10}\.?,? \d{4}(?!\d)"
    r"|[^\W\d_]{3,10}\.? \d{1,2},? \d{4}(?!\d)"
)
"""A day that begins otherwise, such as 27.11.2026 or Nov 27, 2026."""

_ORDINAL = re.compile(r"(?<=\d)(?:st|nd|rd|th)\b", re.IGNORECASE)
_NAMED_MONTH = re.compile(r"(?<!\d)(\d{1,2})[-./ ]([^\W\d_]{3,10})[-./ ]'?(\d{4}|[2-9]\d)(?!\d)")
_SHORT_YEAR = re.compile(r"(?<![\d./-])(\d{1,2})([./-])(\d{1,2})\2([2-9]\d)(?![\d./-])")
_RUN_TOGETHER = re.compile(r"(?<!\d)(\d\d)(\d\d)(20\d\d)(?!\d)")
"""As in open_12112026.csv."""

_A_DAY = timedelta(days=1)
_ZERO = pa.scalar(0, MONEY)


@dataclass(frozen=True, slots=True)
class Export:
    """What the receiver believes.

    `rows`: invoice_ref, customer_name, currency (text, blank if not stated), due_on (date32), balance (decimal; null if
    it can't be read), open and readable (bool), why (what can't be read), others (what differs in further columns),
    origin. `columns` are the canonical names
    that it has, `evidence` says why each is taken for that. `dated` is the day or moment that it states, with `whence`;
    `written` is when its file was written, in UTC. `total` says what its own total is, None if it states none; `wrong`
    is why it is not whole, by its own total. `notes` are what a reader should know. `cells` are the same rows as they
    stand in the file, all text, under its own headings.
    """

    name: str
    sha256: str
    rows: pd.DataFrame
    columns: Mapping[str, str]
    evidence: Mapping[str, str]
    written: datetime
    dated: date | datetime | None = None
    whence: str = ""
    total: str | None = None
    wrong: str | None = None
    notes: tuple[str, ...] = ()
    cells: pd.DataFrame = field(default_factory=pd.DataFrame)


@dataclass(slots=True)
class _Cells(Columns):
    """The columns of an export, which note for each row what can't be read in it."""

    why: dict[int, str] = field(default_factory=dict)

    def __init__(self, columns: Mapping[str, str], raw: pa.Table) -> None:
        self.why = {}
        Columns.__init__(self, columns, raw, "reconcile", 0)

    def add_problem(self, name: str, wrong: pa.Array, why: str) -> None:
        """Note the rows in which `wrong` is true; `why` completes "VALUE …"."""
        for row in np.flatnonzero(pc.fill_null(wrong, fill_value=False).to_numpy(zero_copy_only=False)).tolist():
            value = self.array(name)[row].as_py()
            self.why.setdefault(row, f"{self.columns.get(name, name)} {str(value or '')!r} {why}")
        Columns.add_problem(self, name, wrong, why)


def read_export(file: Path, settings: ReconcileSettings, delivered: LastDelivery, asker: Asker) -> Export:
    """Read an export: the newest file, if a pattern is named.

    Raise `SourceError` if it is not a table, `ConfigError` if it is not there or nobody says what a column means.
    """
    file = _find(file)
    if encoding := _find_encoding(file, settings):
        settings = settings.model_copy(update={"encoding": encoding})
    how = _reading_settings(settings)
    refuse_several_sheets(file, how)
    wanted, numbers = _find_headings(file, settings, how), delivered.report["invoice_ref"]
    raw, left, below = clean(_read(file, how, wanted), settings, numbers, delivered.timezone)
    refuse_marked_rows(file, raw, settings)
    refuse_hidden_lists(file, numbers, settings)
    # A number that is a cell by itself is one of the list's own.
    above = [part for line in read_banner(str(file), how) for part in line.split(", ") if " " in part]
    if named := find_named([*above, *below, *read_beside(file, raw, settings)], numbers):
        raise SourceError(
            f"{file}: beside the list stands {named!r}, which names an invoice and may mean that it is closed; export "
            "a list with a column for that, or remove the line if it has no such meaning"
        )
    if not len(raw):
        raise SourceError(f"{file}: it has headings and nothing below them; export what the receiver has as open")
    try:
        search = find_meaning(raw.head(_LOOKED_AT), delivered.report, settings, asker)
    except SourceError as exc:
        raise SourceError(f"{file.name}: {exc}") from exc
    if search.unanswered:
        # All that is open is told at once.
        search.attempt(partial(account, search, delivered.cells))
        raise ConfigError("\n\n".join(search.unanswered))
    if encoding:
        search.found.evidence["encoding"] = f"{encoding}, since it is not valid UTF-8"
    search.found.left += left
    search.found.below += below
    return _type(file, raw, search, delivered)


def _reading_settings(settings: ReconcileSettings) -> dict[str, str]:
    """Return the known settings for reading the file."""
    return {
        name: value for name in ("encoding", "delimiter", "sheet") if (value := getattr(settings, name)) is not None
    }


def _find(file: Path) -> Path:
    """Return the file, or the newest of a pattern. Raise `ConfigError` if there is none."""
    if not file.is_file() and glob.has_magic(str(file)):
        # As a source's own files are found: the newest that is no longer being written.
        file = Path(find_files(FileSettings(path=str(file.expanduser().absolute()), files="newest"))[0])
    if file.is_dir():
        raise ConfigError(
            f"{file} is a folder; name a file in it, or a pattern of which the newest is read, in quotes: "
            f"'{file / '*.csv'}'"
        )
    if not file.is_file():
        raise ConfigError(f"{file}: there is no such file; name the export of the receiver's open invoices")
    return file


def _find_headings(file: Path, settings: ReconcileSettings, how: Mapping[str, str]) -> list[str]:
    """Return the headings by which the row of headings is known; none if it is the first.

    Raise `ConfigError` if the settings name a heading that no row has.
    """
    named = FileSettings(path=glob.escape(str(file)), columns=settings.columns).headings()
    usual = find_heading_row(str(file), how)
    if not named:
        return usual
    try:
        read_header(str(file), columns=named, **how)
    except SourceError as exc:
        # What is not a table at all raises here, too, as it should: that is not the settings' fault.
        read_header(str(file), columns=usual, **how)
        raise ConfigError(f"[destination.reconcile] columns: {exc}") from exc
    return named


def _find_encoding(file: Path, settings: ReconcileSettings) -> str | None:
    """Return the encoding of a text that is not UTF-8; None for UTF-8, or where the settings name it."""
    if settings.encoding is not None or is_dbase(str(file)) or is_workbook(str(file)):
        return None
    encoding = find_encoding(str(file), None, _FALLBACK)
    return encoding if encoding == _FALLBACK else None


def _read(file: Path, how: Mapping[str, str], wanted: Sequence[str]) -> pd.DataFrame:
    """Return all columns, below the row that has the wanted headings."""
    if wanted:
        wanted = read_header(str(file), columns=wanted, **how)
    # What stands below may say of which day the list is, or that an invoice is closed.
    return pd.concat(read_to_the_end(str(file), columns=wanted, **how), ignore_index=True)


def _type(file: Path, raw: pd.DataFrame, search: Search, delivered: LastDelivery) -> Export:
    settings, meaning, how = search.settings, search.found, _reading_settings(search.settings)
    shown = FileSettings(
        path=glob.escape(str(file)),
        columns=meaning.columns,
        dates=meaning.dates,
        decimal=meaning.decimal if meaning.decimal in (".", ",") else None,
        values=_values(settings, meaning),
        currency=settings.currency,
        owed_is=settings.owed_is,
        **how,
    )
    sieve = Sieve(shown, lambda frame: _cells(frame, shown), lambda *_: None)
    wrong = None
    try:
        kept = sieve.sift(raw).raw
    except SourceError as exc:
        wrong, kept = str(exc), raw
    if len(kept) != search.evidence.size:
        search.evidence = search.evidence.of_all(kept)
        search.evidence.pair(meaning.columns["invoice_ref"])
    accounts = account(search, delivered.cells)
    cells = _cells(kept, shown)
    rows = _rows(cells, shown, meaning, accounts)
    total = None
    if sieve.totals and wrong is None:
        wrong, total = _check_total(sieve, rows, shown)
    banner = [*read_banner(str(file), how), *meaning.below]
    dated, whence = _date_of(file, banner, meaning.dates)
    content = file.read_bytes()
    return Export(
        name=file.name,
        sha256=hashlib.sha256(content).hexdigest(),
        rows=rows,
        columns=meaning.columns,
        evidence=meaning.evidence,
        written=datetime.fromtimestamp(file.stat().st_mtime, UTC),
        dated=dated,
        whence=whence,
        total=total,
        wrong=wrong,
        notes=(*meaning.left, *_note_days(banner, meaning.dates)),
        cells=kept,
    )


def _cells(frame: pd.DataFrame, settings: FileSettings) -> _Cells:
    names = {name: header for name, header in settings.columns.items() if header in frame.columns}
    cells = _Cells({**names, "origin": "origin"}, pa.Table.from_pandas(frame, preserve_index=False))
    compose_numbers(cells, settings)
    return cells


def _values(settings: ReconcileSettings, meaning: Meaning) -> dict[str, dict[str, str] | Literal[False]]:
    """Return what words mean, by the settings and by what was found."""
    said = settings.values.get("currency")
    if said is False or "currency" not in meaning.columns or not meaning.currencies:
        return settings.values
    return {**settings.values, "currency": {**meaning.currencies, **(said or {})}}


def _rows(cells: _Cells, settings: FileSettings, meaning: Meaning, accounts: Accounts) -> pd.DataFrame:
    compared = settings.values.get("currency")
    currency = _currency(cells, settings, meaning)
    days = read_days(cells, settings.dates or "YMD", declared=settings.dates is not None)
    amounts = read_money(cells, settings)
    kind = pa.repeat(pa.scalar("invoice", pa.large_string()), cells.raw.num_rows)
    balance = _lower(cells, find_owed(cells, amounts, kind, settings)["balance"], accounts)
    # What is not compared contradicts nothing.
    check_money(cells, amounts, _currency_signs(cells, currency) if compared is False else currency, settings)
    status, unknown = _status(cells, settings)
    closed = np.isin(status, ["paid", "void", "draft"])
    blank = pc.fill_null(pc.is_null(balance), fill_value=True).to_numpy(zero_copy_only=False)
    # A closed invoice may lack a balance; an open one must have it.
    cells.add_problem("balance", pa.array(blank & ~closed & ~_has_reason(cells)), "is not a balance")
    cells.add_problem("invoice_ref", is_blank(cells.text("invoice_ref")), "is blank: a row needs its number")
    nothing = pc.equal(pc.fill_null(balance, _ZERO), _ZERO).to_numpy(zero_copy_only=False)
    # `Settled` beside the total that once was owed would pass for open.
    cells.add_problem("status", pa.array(unknown & ~nothing), _MAY_BE_CLOSED)
    reasons = _texts(cells.why, len(blank))
    table = pa.table(
        {
            **{name: cells.text(name) for name in ("invoice_ref", "customer_name", "origin")},
            "currency": currency,
            "due_on": days["due_on"],
            "balance": balance,
            "open": pa.array(~closed & ~(nothing & ~blank)),
            "readable": pc.equal(reasons, ""),
            "why": reasons,
            "others": _texts({row: "; ".join(said) for row, said in accounts.others.items()}, len(blank)),
        }
    )
    return _note_twins(arrow.to_frame(table))


def _texts(by_row: Mapping[int, str], size: int) -> pa.Array:
    """Return a text for each row, blank for most."""
    return pa.array([by_row.get(row, "") for row in range(size)] if by_row else [""] * size, pa.large_string())


def _has_reason(cells: _Cells) -> NDArray[np.bool_]:
    found = np.zeros(cells.raw.num_rows, bool)
    found[[*cells.why]] = True
    return found


def _note_twins(rows: pd.DataFrame) -> pd.DataFrame:
    """Make rows unreadable whose number is listed more than once: nothing says which of them counts."""
    folded = arrow.fold(rows["invoice_ref"])
    twin = (folded.duplicated(keep=False) & (folded != "")).to_numpy(dtype=bool)
    if not twin.any():
        return rows
    counts = folded.map(folded.value_counts())
    why = [
        reason or (f"the number is listed {count} times" if double else "")
        for reason, count, double in zip(rows["why"], counts, twin, strict=True)
    ]
    return rows.assign(why=pd.Series(why, dtype="str"), readable=pd.Series([not each for each in why], dtype=bool))


def _currency(cells: _Cells, settings: FileSettings, meaning: Meaning) -> pa.Array:
    """Return the codes, blank if none is stated; whatever is not a code makes its row unreadable."""
    why = "is not an ISO 4217 currency code"
    if "currency" in cells.columns:
        name = "currency"
        words = cells.translate(name, settings) if settings.values.get(name) else cells.text(name)
        codes = pc.utf8_upper(pc.if_else(is_blank(words), settings.currency or "", words))
    else:
        name = next((each for each in AMOUNTS if each in cells.columns), "balance")
        if settings.values.get("currency") is False:
            return pa.repeat(pa.scalar(settings.currency or "", pa.large_string()), cells.raw.num_rows)
        codes = codes_of(cells.text(name), meaning.currencies, settings.currency or "")
        why = "has a symbol that several currencies use; set which one in values.currency"
    known = pc.is_in(codes, value_set=pa.array(["", *minor_digits()], pa.large_string()))
    cells.add_problem(name, pc.invert(known), why)
    return codes


def _currency_signs(cells: _Cells, currency: pa.Array) -> pa.Array:
    """Return the sign beside each amount if no currency is known."""
    name = next((each for each in AMOUNTS if each in cells.columns), "balance")
    return pc.if_else(is_blank(currency), codes_of(cells.text(name), {}, ""), currency)


def _status(cells: _Cells, settings: FileSettings) -> tuple[NDArray[np.object_], NDArray[np.bool_]]:
    """Return what each row's word for the status means, blank if it has none, and where the word is not known."""
    if "status" not in cells.columns:
        return np.full(cells.raw.num_rows, "", dtype=object), np.zeros(cells.raw.num_rows, bool)
    words = cells.translate("status", settings).dictionary_encode()
    header = cells.columns["status"]
    meant = [
        word if word in _OURS else "" if is_ambiguous(word, header) else status_of(word) or ""
        for word in words.dictionary.to_pylist()
    ]
    unknown = [bool(word.strip()) and not each for word, each in zip(words.dictionary.to_pylist(), meant, strict=True)]
    places = np.asarray(words.indices)
    return np.array(meant, dtype=object)[places], np.array(unknown, dtype=bool)[places]


_OURS = ("open", "paid", "void", "draft")
_MAY_BE_CLOSED = "may mean that it is closed; set its meaning in values.status in [destination.reconcile]"


def _lower(cells: _Cells, balance: pa.Array, accounts: Accounts) -> pa.Array:
    """Return the balances with the sign that a column of kinds or of letters gives, if no amount has its own."""
    for header, words in accounts.credits.items():
        lowers = pa.array([word for word, credit in words.items() if credit], pa.large_string())
        lowered = pc.is_in(pc.utf8_trim_whitespace(arrow.to_text_array(cells.raw[header])), value_set=lowers)
        if len(lowers) and not pc.any(pc.and_(lowered, pc.less(balance, _ZERO))).as_py():
            return pc.if_else(lowered, pc.negate(balance), balance)
    return balance


def _check_total(sieve: Sieve, rows: pd.DataFrame, settings: FileSettings) -> tuple[str | None, str | None]:
    """Return why the export is not whole by its own total, and what that total is."""
    balance = pc.fill_null(arrow.as_single_chunk(pa.array(rows["balance"])), _ZERO)
    counted = rows.assign(balance=pd.Series(balance, index=rows.index, dtype=pd.ArrowDtype(MONEY)))
    label = sieve.totals[-1].label or "the last row"
    try:
        check_totals_rows(sieve.totals, counted, counted, lambda frame: _cells(frame, settings), settings)
    except SourceError as exc:
        return str(exc), None
    return None, f"{label!r} is the sum of its rows"


def _date_of(file: Path, banner: Sequence[str], order: str | None) -> tuple[date | datetime | None, str]:
    """Return the day or moment that the export states, and where: above its headings, else in its name."""
    for text, whence in (*((text, f"{text!r} beside the list") for text in banner), (file.stem, "its name")):
        # A day to come says nothing of when the export was made, nor do two dates, which are a period.
        latest = datetime.now(UTC).date() + _A_DAY
        moments = [{moment for moment in meant if _day(moment) <= latest} for meant in _moments(text, order)]
        if len(moments) == 1 and len(moments[0]) == 1:
            return next(iter(moments[0])), whence
    return None, ""


def _note_days(banner: Sequence[str], order: str | None) -> list[str]:
    return [
        f'{text!r} beside the list may be one of several days, so it is ignored; set dates = "DMY" or another '
        "order in [destination.reconcile]"
        for text in banner
        if any(len(meant) > 1 for meant in _moments(text, order))
    ]


def _moments(text: str, order: str | None) -> list[set[date | datetime]]:
    """Return for each date in a text what it may mean: one day, or several where its order is not known."""
    stamps = [{found} for match in _STAMP.finditer(text) if (found := _stamp(match)) is not None]
    texts = pa.array(_WRITTEN_DAY.findall(_spell_out(_STAMP.sub(" ", text))), pa.large_string())
    # A file whose columns begin with the year says nothing of a date that does not.
    orders = (order,) if order in ("DMY", "MDY") else ORDERS
    read = [parse_dates(texts, each).values.to_pylist() for each in orders] if len(texts) else []
    return [*stamps, *(meant for days in zip(*read, strict=True) if (meant := {day for day in days if day}))]


def _spell_out(text: str) -> str:
    """Write days such as 12-NOV-26, 12.11.26, November 12th, 2026 and 12112026 as dates are usually written."""
    text = _RUN_TOGETHER.sub(r"\1.\2.\3", _ORDINAL.sub("", text))
    text = _SHORT_YEAR.sub(r"\1\2\3\g<2>20\4", text)
    # Of two digits is a year of this century.
    return _NAMED_MONTH.sub(lambda found: f"{found[1]} {found[2]} {2000 + int(found[3]) % 1000}", text)


def _day(moment: date | datetime) -> date:
    return moment.date() if isinstance(moment, datetime) else moment


def _stamp(match: re.Match[str]) -> date | datetime | None:
    year, month, day, hour, minute, zone = match.groups()
    try:
        on = date(int(year), int(month), int(day))
    except ValueError:
        return None
    # A time counts only if it says its zone: an hour's difference would decide which of two is the later one.
    return datetime(on.year, on.month, on.day, int(hour), int(minute), tzinfo=UTC) if hour and zone else on
