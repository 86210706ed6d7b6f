"""The control account of a source that reads files: what customers owe according to a second report."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from arfeed.intake.ledger.summaries import Summary, read_summary
from arfeed.model import arrow
from arfeed.model.currencies import minor_digits
from arfeed.model.errors import SourceError
from arfeed.model.figures import Complete, ControlAccount
from arfeed.model.settings import ControlAccountSettings, FileSettings, SourceSettings
from arfeed.tables.files.search import changed_at, find_files
from arfeed.tables.places import locate
from arfeed.tables.printed.title import read_as_of
from arfeed.tables.values.amounts import find_contradicted

_RECEIVABLES = (
    "accounts receivable", "a/r", "receivables", "trade receivables", "trade debtors", "debtors",
    "debtors control account", "sales ledger control account",
)  # fmt: skip
_NUMBERED = r"^(?P<number>\d[\d.\-/]*)(?:\s*[·:–-]\s*|\s+)(?P<name>.*)$"
_IN_BRACKETS = r"^(?P<name>.*?)\s*\((?P<number>[^()]*)\)$"
_A_DAY = timedelta(days=1)
_MOST_NAMED = 5


def add_control_account(source: str, settings: SourceSettings, rows: pd.DataFrame, complete: Complete) -> Complete:
    """Return a source's `Complete` with the control account that its settings name, unless it has one already.

    `rows` are the typed rows of the source. Raise `SourceError` for a report that can't be read, is of another day
    than the invoices, is ambiguous, or does not add up.
    """
    if not isinstance(settings, FileSettings) or settings.control_account is None or complete.control_account:
        return complete
    try:
        account = _read(settings, settings.control_account, rows, complete.as_of)
    except SourceError as exc:
        raise SourceError(f"[sources.{source}.control_account] {exc}") from exc
    return replace(complete, control_account=account)


def _read(
    settings: FileSettings, columns: ControlAccountSettings, rows: pd.DataFrame, day: date | None
) -> ControlAccount:
    other = settings.others()["control_account"]
    (file,) = find_files(other)
    listed = find_files(settings)
    # A list agrees with itself whatever it has lost.
    if file in listed:
        raise SourceError(f"{file}: this is the list of invoices itself, which can't be compared with itself")
    summary = read_summary(file, other, columns)
    _refuse_stale(file, read_as_of(summary.title, settings.dates), listed, day)
    lines = _choose_lines(summary, columns)
    lines = lines.append_column("currency", _currencies(summary, lines, settings, columns, rows))
    balances = _sums(lines, ["currency"])
    customers = None
    if summary.form.customers and not columns.account:
        named = summary.form.named.get("customer")
        names = lines["label" if named is None else str(named)]
        lines = lines.append_column("customer", _as_ids(arrow.as_single_chunk(names), rows))
        customers = _sums(lines, ["customer", "currency"])
    return ControlAccount({code: owed for (code,), owed in balances.items()}, customers)  # type: ignore[arg-type]


def _sums(lines: pa.Table, keys: Sequence[str]) -> Mapping[tuple[str, ...], Decimal]:
    sums = lines.group_by(list(keys)).aggregate([("owed", "sum")])
    columns = [sums[name].to_pylist() for name in keys]
    return dict(zip(zip(*columns, strict=True), sums["owed_sum"].to_pylist(), strict=True))


# --- of the same day ------------------------------------------------------------------------------------------------


def _refuse_stale(file: str, stated: date | None, listed: Sequence[str], day: date | None) -> None:
    """Raise `SourceError` if report and list are of different days, by their stated dates or their files' times."""
    # Dates in titles outweigh the times of files, which copying changes.
    if stated and day:
        if stated != day:
            raise SourceError(
                f"{file}: it is as of {stated}, but the invoices are as of {day}; export both of the same day"
            )
        return
    own, times = changed_at(file), [at for each in listed if (at := changed_at(each))]
    # Two exports of the same working day are less than a day apart, even around midnight.
    if own and times and abs(own - max(times)) > _A_DAY:
        raise SourceError(
            f"{file}: it was written at {own:%Y-%m-%d %H:%M} UTC, the list of invoices at {max(times):%Y-%m-%d %H:%M}; "
            "export both of the same day"
        )


# --- the account ----------------------------------------------------------------------------------------------------


def _choose_lines(summary: Summary, columns: ControlAccountSettings) -> pa.Table:
    """Return the lines of the accounts that count. Raise `SourceError` if it is not clear which these are."""
    if not columns.account and not summary.form.accounts:
        return summary.lines
    spelled = [_alternatives(column) for column in _texts(summary)]
    wanted = [name.casefold() for name in columns.account or _RECEIVABLES]
    found = {name: _any_of(pc.equal(each, name) for texts in spelled for each in texts) for name in wanted}
    names = {name: summary.lines["label"].filter(chosen).to_pylist() for name, chosen in found.items()}
    # By customer or currency the account has a row for each of them, and all count.
    several = columns.customer or columns.currency
    for name in columns.account:
        rows = names[name.casefold()]
        if not rows:
            raise SourceError(f"{summary.file}: it has no account {name!r}; it has {_first(summary)}")
        if len(rows) > 1 and not several:
            raise SourceError(
                f"{summary.file}: the account {name!r} is in {len(rows)} rows ({_list(rows)}); name each in "
                "`account`, as it is written there"
            )
    chosen = _any_of(found.values())
    count = pc.sum(chosen).as_py() or 0
    # Never guessed: the balance of a wrong account moves by itself, and would be asked about every day.
    if not columns.account and count != 1:
        rows = summary.lines["label"].filter(chosen).to_pylist()
        what = f"several accounts may be meant ({_list(rows)})" if count else "no account has that name"
        raise SourceError(
            f"{summary.file}: which account is the receivables account? The usual names were tried (Accounts "
            f"Receivable, Trade Debtors, Sales Ledger Control Account …), and {what}; name it in `account`; it has "
            f"{_first(summary)}"
        )
    return summary.lines.filter(chosen)


def _texts(summary: Summary) -> list[pa.Array]:
    form = summary.form
    money = {str(form.balance), str(form.credit)}
    names = [name for name in summary.lines.column_names if name not in (*money, "owed", "origin")]
    return [arrow.as_single_chunk(summary.lines[name]) for name in names]


def _alternatives(texts: pa.Array) -> list[pa.Array]:
    """Return the names that a cell goes under: number, name and abbreviation of "1200 · Accounts Receivable (A/R)"."""
    whole = pc.utf8_lower(texts)
    numbered = pc.extract_regex(whole, _NUMBERED)
    names = pc.coalesce(pc.struct_field(numbered, "name"), whole)
    bracketed = pc.extract_regex(names, _IN_BRACKETS)
    parts = [whole, names, pc.struct_field(numbered, "number")]
    parts += [pc.struct_field(bracketed, name) for name in ("name", "number")]
    return [pc.fill_null(part, "") for part in parts]


def _any_of(conditions: Iterable[pa.Array]) -> pa.Array:
    return functools.reduce(pc.or_, conditions)


def _first(summary: Summary) -> str:
    return _list(summary.lines["label"].to_pylist())


def _list(names: Sequence[str]) -> str:
    return ", ".join(names[:_MOST_NAMED]) + (", …" if len(names) > _MOST_NAMED else "")


# --- currencies and customers ---------------------------------------------------------------------------------------


def _currencies(
    summary: Summary, lines: pa.Table, settings: FileSettings, columns: ControlAccountSettings, rows: pd.DataFrame
) -> pa.Array:
    """Return each line's currency. Raise `SourceError` if the report does not state it."""
    if columns.currency is None:
        codes = pa.repeat(pa.scalar(_only_currency(summary.file, settings, rows), pa.large_string()), len(lines))
    else:
        codes = pc.utf8_upper(arrow.as_single_chunk(lines[str(summary.form.named["currency"])]))
        unknown = pc.invert(pc.is_in(codes, value_set=pa.array(list(minor_digits()), pa.large_string())))
        _refuse(summary, lines, unknown, codes, "is not an ISO 4217 currency code")
    texts = arrow.as_single_chunk(lines[str(summary.form.balance)])
    wrong = pc.fill_null(find_contradicted(texts, codes), fill_value=False)
    _refuse(summary, lines, wrong, texts, "names a different currency from the invoices")
    return codes


def _only_currency(file: str, settings: FileSettings, rows: pd.DataFrame) -> str:
    codes = sorted({*rows["currency"].unique().tolist(), *([settings.currency] if settings.currency else [])})
    if len(codes) != 1:
        raise SourceError(
            f"{file}: its amounts name no currency, and the invoices are in {', '.join(codes) or 'none'}; name its "
            "currency column in `currency`, or remove the control account"
        )
    return str(codes[0])


def _refuse(summary: Summary, lines: pa.Table, wrong: pa.Array, texts: pa.Array, why: str) -> None:
    row = pc.index(wrong, value=True).as_py()
    if row >= 0:
        place = locate(lines["origin"][row].as_py(), summary.file)
        raise SourceError(f"{place}: {texts[row].as_py()!r} {why}")


def _as_ids(names: pa.Array, rows: pd.DataFrame) -> pa.Array:
    """Return customers by the number that the invoices give them, or by their own name if no invoice has it."""
    known = rows[["customer_name", "customer_id"]].drop_duplicates()
    # A report lists customers by number or by name, depending on the program.
    names_of = pd.concat([known["customer_id"], known["customer_name"]], ignore_index=True)
    ids = pd.concat([known["customer_id"]] * 2, ignore_index=True)
    table = pd.DataFrame({"name": arrow.fold(names_of), "id": ids}).drop_duplicates()
    # A name that two customers share identifies neither.
    table = table[~table["name"].duplicated(keep=False)]
    place = pc.index_in(
        arrow.to_text_array(arrow.fold(pd.Series(names, dtype="str"))), value_set=arrow.to_text_array(table["name"])
    )
    return pc.coalesce(arrow.to_text_array(table["id"]).take(place), names)
