"""Reading reports with a row for each customer or account: totals owed, without single invoices."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from arfeed.model.arrow import to_text_array
from arfeed.model.errors import SourceError
from arfeed.model.settings import ControlAccountSettings, FileSettings
from arfeed.tables.grid import read_grid
from arfeed.tables.places import locate
from arfeed.tables.values.amounts import MONEY, as_units, format_units, parse_money

Mask = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.int64]

_HEAD = 100
"""Rows searched for the header."""

# Sums are 64-bit integers of ten-thousandths; half of their range leaves room for any group of lines.
_LARGEST = 2.0**62

_TOTAL = r"(?i)^((grand |report )?totals?|summe|gesamt(summe|betrag)?|total g[eé]n[eé]ral|totale|totaal)$"
_SUBTOTAL = r"(?i)^total(?: for| -)? (?P<name>.+?)(?: with sub-customers)?$"
_FOOTER = r"(?i)^(percentage of total|((accrual|cash) basis|(mon|tues|wednes|thurs|fri|satur|sun)day)\b.*)$"
_OWN_LINES = " - Other"
"""What QuickBooks Desktop adds to a customer's name if its own balance is listed beside those of its jobs."""

_CUSTOMERS = r"(a/r|accounts receivable|aged receivables|receivables) ?(ageing|aging)? summary|customer balance summary"
_ACCOUNTS = r"trial balance"
_REFUSED = {
    r"open invoices|(a/r|accounts receivable) (aging|ageing) detail|aged receivables detail|customer balance detail|"
    r"invoice list.*|transaction list.*": "it lists invoices, as the source itself does",
    r"collections": "it leaves out what is not yet due",
    r"(a/p|accounts payable|aged payables) ?(aging|ageing)? (summary|detail)|vendor balance (summary|detail)|"
    r"unpaid bills( detail)?": "it states what you owe, not what you are owed",
    r"profit (and|&) loss.*|statement of cash flows": "it states no balance of receivables",
}
INSTEAD = "export the trial balance, the A/R ageing summary or the customer balance summary"
_DEBITS = (
    ("YTD Debit", "YTD Credit"),
    ("Debit - Year to date", "Credit - Year to date"),
    ("Debit", "Credit"),
)
"""The column headings of trial balances, the best first: Xero's has the month's movements beside the balances."""


class Form(NamedTuple):
    """The layout of a report: the row of its header and the numbers of its columns.

    `printed` reports end with a total. The rows of `customers` reports are customers. `named` holds the columns that
    the settings name.
    """

    header: int
    balance: int
    credit: int | None
    printed: bool
    customers: bool
    named: dict[str, int]

    @property
    def accounts(self) -> bool:
        """Whether its rows are all accounts of the ledger, of which only some count."""
        return self.printed and not self.customers


@dataclass(frozen=True, slots=True)
class Summary:
    """A report that states balances.

    `lines` has label (the path of a customer, or an account), owed (decimal), origin, and the cells of every column as
    text, named by their numbers.
    """

    file: str
    title: tuple[str, ...]
    form: Form
    lines: pa.Table


def read_summary(file: str, settings: FileSettings, columns: ControlAccountSettings) -> Summary:
    """Read a report that states balances. Raise `SourceError` if it can't be read or does not add up."""
    # As a whole: it has a row for each customer at most, and groups reach from one frame into the next.
    grid = pd.concat(
        read_grid(
            file,
            encoding=settings.encoding,
            delimiter=settings.delimiter,
            sheet=settings.sheet,
            fallback="cp1252",
        ),
        ignore_index=True,
    )
    top = [[str(cell).strip() for cell in row] for row in grid.drop(columns="origin").head(_HEAD).to_numpy().tolist()]
    form = _form(file, top, columns)
    title = tuple(text for row in top[: form.header] for text in row if text)
    body = _Body(file, grid.iloc[form.header + 1 :], form, settings.decimal)
    return Summary(file, title, form, body.lines())


# --- the header -----------------------------------------------------------------------------------------------------


def _form(file: str, top: Sequence[Sequence[str]], columns: ControlAccountSettings) -> Form:
    said = [text for row in top for text in row if text]
    for pattern, why in _REFUSED.items():
        for text in said:
            if re.fullmatch(rf"({pattern})( report)?", text, re.IGNORECASE):
                raise SourceError(f"{file}: this is the report {text!r}: {why}; {INSTEAD}")
    customers = any(re.fullmatch(rf"({_CUSTOMERS})( report)?", text, re.IGNORECASE) for text in said)
    accounts = any(re.fullmatch(rf"{_ACCOUNTS}( report)?", text, re.IGNORECASE) for text in said)
    # What the settings name goes first. A lone column Total counts only if a title says that the rows are customers.
    form = _find_named_form(file, top, columns, printed=customers or accounts, customers=customers)
    form = form or _with_debits(top) or (_with_total(top) if customers else None)
    if form is None:
        found = "; ".join(", ".join(filter(None, row)) for row in top[:3] if any(row)) or "nothing"
        raise SourceError(
            f"{file}: it is not clear which column holds what is owed; it begins with {found[:150]}. Name its heading "
            f"in `balance`, or {INSTEAD}"
        )
    return form


def _find_named_form(
    file: str, top: Sequence[Sequence[str]], columns: ControlAccountSettings, *, printed: bool, customers: bool
) -> Form | None:
    """Return the layout by the headings that the settings name; None if they do not name the balance."""
    names = {name: getattr(columns, name) for name in ("balance", "credit", "customer", "currency")}
    names = {name: heading for name, heading in names.items() if heading}
    if "balance" not in names:
        if names:
            raise SourceError(
                f"{file}: `{next(iter(names))}` names a column, so name the one that is owed in `balance`"
            )
        return None
    missing: list[str] = []
    for number, row in enumerate(top):
        at = {_fold(text): column for column, text in reversed(list(enumerate(row))) if text}
        lacking = [heading for heading in names.values() if _fold(heading) not in at]
        if not lacking:
            found = {name: at[_fold(heading)] for name, heading in names.items()}
            by_customer = customers or "customer" in found
            return Form(number, found["balance"], found.get("credit"), printed, by_customer, found)
        missing = min(missing or lacking, lacking, key=len)
    found_here = ", ".join(dict.fromkeys(text for row in top[:20] for text in row if text))
    raise SourceError(f"{file}: no row has the heading {missing[0] if missing else ''!r}; found {found_here[:200]}")


def _with_debits(top: Sequence[Sequence[str]]) -> Form | None:
    for debit, credit in _DEBITS:
        for number, row in enumerate(top):
            folded = [_fold(text) for text in row]
            if _fold(debit) in folded and _fold(credit) in folded:
                at = folded.index(_fold(debit)), folded.index(_fold(credit))
                return Form(number, *at, printed=True, customers=False, named={})
    return None


def _with_total(top: Sequence[Sequence[str]]) -> Form | None:
    """Return the layout by the column Total, or by the only column of amounts; QuickBooks Desktop heads it by date."""
    for number, row in enumerate(top):
        filled = [column for column, text in enumerate(row) if text]
        totals = [column for column in filled if column > 0 and _fold(row[column]) == "total"]
        if totals:
            return Form(number, totals[-1], None, printed=True, customers=True, named={})
        if len(filled) > 1:
            heads = [above for above in range(number) if len(top[above]) > filled[-1] and top[above][filled[-1]]]
            if len(filled) == 2 and heads:
                return Form(heads[-1], filled[-1], None, printed=True, customers=True, named={})
            return None
    return None


def _fold(heading: str) -> str:
    return re.sub(r"[\W_]", "", heading.casefold())


# --- the rows -------------------------------------------------------------------------------------------------------


class _Body:
    """The rows below the header: each is a line, a group, a subtotal, the total, a footer or blank."""

    def __init__(self, file: str, frame: pd.DataFrame, form: Form, decimal: str | None) -> None:
        self.file, self.form, self.decimal = file, form, decimal
        self.cells = [pc.utf8_trim_whitespace(to_text_array(frame[name])) for name in frame.columns if name != "origin"]
        self.origins = to_text_array(frame["origin"])
        self.money = [column for column in (form.balance, form.credit) if column is not None]
        self.labels = self._labels()
        filled = np.logical_or.reduce([_mask(pc.not_equal(self.cells[column], "")) for column in self.money])
        total = filled & _mask(pc.match_substring_regex(self.labels, _TOTAL))
        # The first one: below it nothing but footers may follow.
        self.end = int(np.argmax(total)) if total.any() else None
        self.below = np.arange(len(filled)) > (len(filled) if self.end is None else self.end)
        footer = self.below & _mask(pc.match_substring_regex(self.labels, _FOOTER))
        self.subtotal = self._subtotals(filled) & ~self.below
        self.total = total & ~self.below
        self.line = filled & ~self.subtotal & ~self.total & ~footer

    def lines(self) -> pa.Table:
        """Return the lines. Raise `SourceError` if a total is missing, or is not the sum of its lines."""
        self._refuse(self.line & self.below, "is below the total, where nothing more is expected")
        # Such a report always prints its total, at the very end: without it some rows are missing.
        if self.form.printed and self.end is None:
            raise SourceError(f"{self.file}: it ends without a total, so it was cut off; export it again")
        if self.line.sum() > 1 and len(self.cells) == len(self.money):
            raise SourceError(
                f"{self.file}: it has {int(self.line.sum())} rows of amounts and no column that says what they are, so "
                "its total can't be told from the rows it sums; export it with the accounts or customers, or as one "
                "row"
            )
        amounts = [self._amounts(column) for column in self.money]
        groups = self._groups()
        for column, each in zip(self.money, amounts, strict=True):
            self._add_up(column, each, groups)
        chosen = pa.array(self.line)
        zero = pa.scalar(Decimal(0), MONEY)
        debit, *credit = [pc.fill_null(each, zero).filter(chosen) for each in amounts]
        owed = pc.subtract(debit, credit[0]) if credit else debit
        cells = {str(number): column.filter(chosen) for number, column in enumerate(self.cells)}
        paths = pa.array(self._paths(groups), pa.large_string()).filter(chosen)
        return pa.table({**cells, "label": paths, "owed": owed, "origin": self.origins.filter(chosen)})

    def _labels(self) -> pa.Array:
        """Return the first text of each row other than its amounts; blanks if it has nothing but amounts."""
        nothing = pa.repeat(pa.scalar("", pa.large_string()), len(self.origins))
        first, *others = [column for number, column in enumerate(self.cells) if number not in self.money] or [nothing]
        for column in others:
            first = pc.if_else(pc.equal(first, ""), column, first)
        return pc.replace_substring_regex(first, r"\s+", " ")

    def _subtotals(self, filled: Mask) -> Mask:
        """Return which rows are the total of a row above them."""
        names = pc.struct_field(pc.extract_regex(self.labels, _SUBTOTAL), "name")
        # A customer may be called "Total for X"; it is a subtotal only if X stands above it.
        first = pc.fill_null(pc.index_in(names, value_set=self.labels), len(self.labels)).to_numpy()
        found: Mask = filled & _mask(pc.is_valid(names)) & (first < np.arange(len(filled)))
        return found

    def _groups(self) -> dict[int, int]:
        """Return the row that each subtotal begins with, inner groups first."""
        ends = np.flatnonzero(self.subtotal)
        names = pc.struct_field(pc.extract_regex(self.labels.take(pa.array(ends)), _SUBTOTAL), "name").to_pylist()
        positions: dict[str, list[int]] = {name: [] for name in names}
        wanted = _mask(pc.is_in(self.labels, value_set=pa.array(names, pa.large_string())))
        for row, label in zip(
            np.flatnonzero(wanted).tolist(), self.labels.filter(pa.array(wanted)).to_pylist(), strict=True
        ):
            positions[label].append(row)
        groups: dict[int, int] = {}
        for end, name in zip(ends.tolist(), names, strict=True):
            # The nearest one: the same name may head several groups.
            groups[end] = max(row for row in positions[name] if row < end)
        return groups

    def _paths(self, groups: dict[int, int]) -> npt.NDArray[np.object_]:
        """Return each row's label after those of the groups that it is in, joined by colons."""
        paths: npt.NDArray[np.object_] = self.labels.to_numpy(zero_copy_only=False).astype(object)
        for end, start in groups.items():
            name = paths[start]
            within = paths[start + 1 : end]
            # Otherwise a customer's own lines would count as those of a job named after it.
            own = within == f"{name}{_OWN_LINES}"
            paths[start + 1 : end] = np.where(own, name, f"{name}:" + within)
        return paths

    def _amounts(self, column: int) -> pa.Array:
        counted = pa.array(self.line | self.subtotal | self.total)
        parsed = parse_money(pc.if_else(counted, self.cells[column], ""), self.decimal)
        mark = f"decimal = {self.decimal!r}" if self.decimal else 'no `decimal`; set decimal = "." or decimal = ","'
        self._refuse(_mask(parsed.wrong), f"has no amount where one is expected, with {mark}")
        return parsed.values

    def _add_up(self, column: int, amounts: pa.Array, groups: dict[int, int]) -> None:
        """Raise `SourceError` for a total that is not the sum of its lines."""
        units = as_units(pc.fill_null(amounts, pa.scalar(Decimal(0), MONEY)))
        # Added up as floats, which can't overflow unnoticed as integers do.
        if units is None or np.abs(units.astype(np.float64)).sum() > _LARGEST:
            raise SourceError(f"{self.file}: its amounts are too large to be added up here")
        sums = np.append(0, np.cumsum(np.where(self.line, units, 0)))
        ends = {**groups, **({} if self.end is None else {self.end: 0})}
        for end, start in ends.items():
            counted, printed = int(sums[end + 1] - sums[start]), int(units[end])
            # A total with nothing in this column says nothing about it.
            if self.cells[column][end].as_py() and counted != printed:
                raise SourceError(
                    f"{locate(self.origins[end].as_py(), self.file)}: {self.labels[end].as_py()!r} is printed as "
                    f"{format_units(printed)}, but its lines sum to {format_units(counted)}; export the report again, "
                    "and do not edit it"
                )

    def _refuse(self, wrong: Mask, why: str) -> None:
        if wrong.any():
            row = int(np.argmax(wrong))
            found = ", ".join(text for text in (column[row].as_py() for column in self.cells) if text)
            raise SourceError(f"{locate(self.origins[row].as_py(), self.file)}: {found[:100]!r} {why}")


def _mask(condition: pa.Array) -> Mask:
    result: Mask = condition.to_numpy(zero_copy_only=False)
    return result
