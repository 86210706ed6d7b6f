"""What makes the reading of a file doubtful at its first delivery: columns that nobody has named, and odd values.

Each doubt is a sentence that names the column or the rows and what to set. `check` shows them, and the first plan
objects to them; later plans are compared with a delivery that somebody has approved.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from arfeed.intake.meaning.hints import find_lowering_letters, note_negative_debts
from arfeed.model import arrow, schema
from arfeed.model.legible import name_some, quote
from arfeed.model.parts import Transform
from arfeed.model.results import Doubt
from arfeed.model.settings import FileSettings, SourceSettings
from arfeed.tables.headings.balances import (
    contradict,
    find_moves,
    is_in_own_currency,
    named_currencies,
    other_side,
    other_unit,
)
from arfeed.tables.headings.document_words import (
    CREDIT_TEXT,
    credit_posting_keys,
    is_credit_prefix,
    is_flag_column,
    is_kind_column,
    is_status_column,
    is_yes,
    kind_of,
    status_of,
)
from arfeed.tables.headings.normalize import header_words
from arfeed.tables.values.amounts import MONEY

_ZERO = pa.scalar(0, MONEY)
_OLD = date(1990, 1, 1)
_SAMPLE = 1_000
_MOST_WORDS = 30
_MOST_NAMED = 3
_LINE = frozenset(["line", "item", "position", "pos", "zeile", "ligne", "linea", "regel", "rad", "linje"])


def find_doubts(rows: pd.DataFrame, settings: SourceSettings, headers: Mapping[str, str]) -> tuple[Doubt, ...]:
    """Return what is doubtful about the rows of a file; `headers` are its headings by canonical name."""
    if not isinstance(settings, FileSettings) or rows.empty:
        return ()
    case = _Case(rows, settings, headers)
    return tuple(doubt for find in _KINDS for doubt in find(case))


class _Case:
    """The rows of a source, which of them are `owed`, and the words of columns that are not used."""

    def __init__(self, rows: pd.DataFrame, settings: FileSettings, headers: Mapping[str, str]) -> None:
        self.rows, self.settings, self.headers = rows, settings, headers
        used = {*headers.values(), *settings.headings(), *schema.NAMES}
        self.unused = [name for name in rows.columns if name not in used and not name.startswith(schema.OURS)]
        # Few words in the first rows; only then is the whole column looked at.
        first = rows.head(_SAMPLE)
        short = [name for name in self.unused if len(arrow.to_text_array(first[name]).unique()) <= _MOST_WORDS]
        words = {name: [*filter(None, arrow.to_text_array(rows[name]).unique().to_pylist())] for name in short}
        self.words = {name: some for name, some in words.items() if 0 < len(some) <= _MOST_WORDS}

    @property
    def source(self) -> str:
        """The name of the source."""
        return str(self.rows["source"].iloc[0])

    @functools.cached_property
    def owed(self) -> pa.Array:
        """Where a row is reported as owed."""
        is_open = pc.equal(arrow.to_text_array(self.rows["status"]), "open")
        return pc.and_(is_open, pc.not_equal(self.money("balance"), _ZERO))

    @functools.cached_property
    def debts(self) -> pa.Array:
        """Where a row is reported as something that the customer owes."""
        return pc.and_(self.owed, pc.greater(self.money("balance"), _ZERO))

    def money(self, name: str) -> pa.Array:
        return arrow.as_single_chunk(pa.array(self.rows[name]))

    def count(self, name: str, where: pa.Array, wanted: Callable[[str], bool]) -> Counter[str]:
        """Return how many of these rows have each of the wanted words in a column."""
        counted = pc.value_counts(arrow.to_text_array(self.rows[name]).filter(where)).to_pylist()
        return Counter(
            {each["values"]: each["counts"] for each in counted if each["values"] and wanted(each["values"])}
        )


def _unread_columns(case: _Case) -> Iterator[Doubt]:
    """Yield columns that nobody named, with the words by which they contradict that a row is open, or is a debt.

    These are columns of a status, flags such as `Is credit`, and columns of a kind of document.
    """
    has_status, has_kind = "status" in case.headers, "kind" in case.headers
    # Beside a status that is read, only words count that say that nothing is owed.
    fine = ("open", None) if has_status else ("open",)
    for name, words in case.words.items():
        is_status = is_status_column(name, words)
        if is_status:
            found = case.count(name, case.owed, lambda word: status_of(word) not in fine)
            how = "columns.status = {column}, with `values.status` for its words"
            yield from _name_column(name, found, "of what would be reported as owed", how)
        if is_flag_column(name, words) and (has_status or not is_status):
            found = case.count(name, case.owed, is_yes)
            how = "columns.status or columns.kind = {column}, with `values` for its words, or leave such rows out"
            yield from _name_column(name, found, "of what would be reported as owed", how)
        if is_kind_column(name, words) and not has_kind:
            found = case.count(name, case.debts, lambda word: kind_of(word) != "invoice")
            how = (
                "columns.kind = {column}, with `values.kind` for its words and `credits_positive` if they have no sign"
            )
            yield from _name_column(name, found, "of rows that would be reported as debts", how)


def _name_column(name: str, found: Mapping[str, int], of: str, how: str) -> Iterator[Doubt]:
    if found:
        named = how.format(column=quote(name))
        yield Doubt(f"the column {name!r} is not used and says {_listed(found)} {of}. Name it: {named}", name)


def _untold_signs(case: _Case) -> Iterator[Doubt]:
    """Yield columns of letters or SAP's posting keys that may be the sign of amounts without one."""
    if case.settings.sign is not None or {"debit", "credit"} & {*case.settings.columns}:
        return
    for name, words in case.words.items():
        lowers = find_lowering_letters(words) or credit_posting_keys(name, words)
        if lowers and (found := case.count(name, case.debts, lowers.__contains__)):
            listed = ", ".join(quote(word) for word in lowers)
            yield Doubt(
                f"the column {name!r} is not used and has {_listed(found)} beside amounts without a sign: it may "
                f"say what lowers a debt. Set sign = {{ column = {quote(name)}, negative = [{listed}] }}, or "
                "sign = false",
                name,
            )


def _credits_by_text(case: _Case) -> Iterator[Doubt]:
    """Yield debts that only their numbers or a free text call credit notes, such as `CN-7` among `INV-6` and `INV-8`.

    A number counts if others begin otherwise: a company may have any letters before all of its numbers.
    """
    if "kind" in case.headers:
        return
    refs = arrow.to_text_array(case.rows["invoice_ref"]).filter(case.debts)
    letters = pc.struct_field(pc.extract_regex(refs, r"^(?P<letters>\p{L}{2,6})(?:[\W_\d])"), "letters")
    counted = pc.value_counts(pc.fill_null(letters, "")).to_pylist()
    found = {each["values"]: each["counts"] for each in counted if is_credit_prefix(each["values"])}
    if found and 2 * sum(found.values()) < len(refs):
        yield Doubt(
            f"{_listed(found)} of what would be reported as debts begins a number as those of credit notes do, and "
            "other numbers do not. If these are credits, export them with a minus sign or with a column of the kind "
            "of document, and name it: columns.kind, with `credits_positive`"
        )
    for name in (name for name in case.unused if name not in case.words):
        texts = arrow.to_text_array(case.rows[name]).filter(case.debts)
        called = texts.filter(pc.match_substring_regex(texts, CREDIT_TEXT))
        if len(called):
            yield Doubt(
                f"the column {name!r} is not used and calls {len(called):,} of what would be reported as debts a "
                f"credit note, such as {called[0].as_py()[:60]!r}. If these are credits, export them with a minus "
                "sign, or with a column of the kind of document",
                name,
            )


def _amounts_of_lines(case: _Case) -> Iterator[Doubt]:
    """Yield a balance that may be that of a line, of which the lines of an invoice would be taken once."""
    header = case.headers.get("balance", "")
    if case.settings.rows == "lines" and header_words(header) & _LINE:
        yield Doubt(
            f"the column {header!r} seems to hold what each line has, and lines that agree are taken once. If the "
            'lines of an invoice add up, set rows = "instalments"'
        )


def _other_units(case: _Case) -> Iterator[Doubt]:
    """Yield headings of amounts that are not in whole units of their currency."""
    for column in ("balance", "amount", "debit", "credit", "paid"):
        header = case.headers.get(column) or case.settings.columns.get(column, "")
        if unit := other_unit(header):
            yield Doubt(
                f"the column {header!r} seems to hold amounts in {unit!r}, and is read as whole units of the currency. "
                "Export the amounts as they stand on the invoices"
            )


def _negative_debts(case: _Case) -> Iterator[Doubt]:
    """Yield invoices that are mostly negative: what customers owe would be reported as what is owed to them."""
    for said in note_negative_debts(case.rows, case.source, case.settings):
        yield Doubt(said)


def _foreign_headings(case: _Case) -> Iterator[Doubt]:
    """Yield headings of amounts that name another currency than the rows have."""
    currency = arrow.to_text_array(case.rows["currency"])
    codes = {*currency.unique().to_pylist()}
    for column in ("balance", "amount", "debit", "credit", "paid"):
        header = case.headers.get(column) or case.settings.columns.get(column, "")
        if others := contradict(named_currencies(header), codes):
            count = pc.sum(pc.is_in(currency, value_set=pa.array(others, pa.large_string()))).as_py()
            yield Doubt(
                f"the heading {header!r} names another currency than {', '.join(others[:_MOST_NAMED])}, in which "
                f"{count:,} {'row is' if count == 1 else 'rows are'} read. Correct `currency`, or name another column",
            )
        elif len(codes) > 1 and is_in_own_currency(header):
            yield Doubt(
                f"the column {header!r} seems to be in the company's own currency, and the rows are in "
                f"{', '.join(sorted(codes)[:_MOST_NAMED])}. Name the column in the invoices' own currency",
            )


def _running_balances(case: _Case) -> Iterator[Doubt]:
    header = case.headers.get("balance")
    if header is None:
        return
    first = case.rows.head(_SAMPLE)
    others = {name: arrow.to_text_array(first[name]) for name in case.unused}
    if "amount" in case.headers:
        others[case.headers["amount"]] = _as_texts(first["amount"])
    owed = _as_texts(first["balance"])
    moves = find_moves(owed, others)
    if not moves and pc.any(pc.starts_with(owed, "-")).as_py():
        # Some column may have been taken for its sign, which it has already.
        moves = find_moves(pc.replace_substring(owed, "-", ""), others)
    if moves:
        yield Doubt(
            f"the column {header!r} runs on by {' and '.join(moves)} from row to row, so it is not what is open of "
            "each invoice. Name another column as `balance`, or export the list of open invoices",
        )


def _due_before_issue(case: _Case) -> Iterator[Doubt]:
    rows = case.rows
    invoice = pc.and_(case.owed, pc.equal(arrow.to_text_array(rows["kind"]), "invoice"))
    early = pc.fill_null(pc.less(pa.array(rows["due_on"]), pa.array(rows["issued_on"])), fill_value=False)
    early = pc.and_(invoice, early)
    count, every = pc.sum(early).as_py() or 0, pc.sum(invoice).as_py()
    if count:
        some = rows[early.to_numpy(zero_copy_only=False)].head(_MOST_NAMED)
        named = ", ".join(f"{row.invoice_ref} ({row.due_on}, of {row.issued_on})" for row in some.itertuples())
        more = ", …" if count > len(some) else ""
        yield Doubt(
            f"{count:,} of {every:,} open invoices {'is' if count == 1 else 'are'} due before the day of the "
            f"invoice: {named}{more}. Look at which columns and which order of dates are read",
        )


def _very_old(case: _Case) -> Iterator[Doubt]:
    """Yield invoices from before most books are kept by computer: two-digit years, and those of another calendar."""
    old = pc.less(pa.array(case.rows["issued_on"]), pa.scalar(_OLD))
    old = pc.and_(case.owed, pc.fill_null(old, fill_value=False))
    if count := pc.sum(old).as_py() or 0:
        row = case.rows[old.to_numpy(zero_copy_only=False)].iloc[0]
        yield Doubt(
            f"{count:,} open document{'s are' if count != 1 else ' is'} from before {_OLD.year}, such as "
            f"{row['invoice_ref']} of {row['issued_on']}. Look at how the years are written",
        )


def _as_texts(column: pd.Series) -> pa.Array:
    return pc.fill_null(pc.cast(arrow.as_single_chunk(pa.array(column)), pa.large_string()), "")


def _sides_apart(case: _Case) -> Iterator[Doubt]:
    """Yield a balance that is one side of two: what stands on the other side alone would be left out."""
    header = case.headers.get("balance", "")
    other = other_side(header, case.unused)
    if other and pc.any(pc.match_substring_regex(arrow.to_text_array(case.rows[other]), "[1-9]")).as_py():
        yield Doubt(
            f"the balance is read from {header!r} alone, and {other!r} has amounts as well. Set columns.debit = "
            f"{quote(header)} and columns.credit = {quote(other)} instead of columns.balance",
            other,
        )


def drop_settled(doubts: Sequence[Doubt], transforms: Iterable[Transform]) -> tuple[Doubt, ...]:
    """Return the doubts without those about columns by which a transform sorts rows out."""
    known = {name for step in transforms for name in step.settings.model_extra or ()}
    return tuple(doubt for doubt in doubts if doubt.column not in known)


_KINDS: Sequence[Callable[[_Case], Iterator[Doubt]]] = (
    _unread_columns, _untold_signs, _credits_by_text, _other_units, _amounts_of_lines, _negative_debts,
    _foreign_headings, _running_balances, _due_before_issue, _sides_apart, _very_old,
)  # fmt: skip


def _listed(found: Mapping[str, int]) -> str:
    return name_some([f"{word!r} ({count:,} row{'s' * (count != 1)})" for word, count in found.items()], _MOST_NAMED)
