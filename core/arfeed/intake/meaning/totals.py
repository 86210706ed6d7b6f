"""A row of totals as the control of its file: it must be the sum of all rows."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from arfeed.intake.columns import Columns
from arfeed.intake.meaning.sifting import TOTALS, TotalsRow
from arfeed.intake.meaning.signs import find_owed
from arfeed.intake.money import read_money
from arfeed.model.arrow import filter_rows, sum_balances, to_text_array
from arfeed.model.currencies import format_without_currency, minor_digits
from arfeed.model.errors import SourceError
from arfeed.model.settings import FileSettings
from arfeed.tables.places import locate_row

_CODE = re.compile(r"\b[A-Z]{3}\b")
_WORD = re.compile(r"[^\W\d_]{2}")


def check_totals_rows(
    found: Sequence[TotalsRow],
    rows: pd.DataFrame,
    folded: pd.DataFrame,
    columns_of: Callable[[pd.DataFrame], Columns],
    settings: FileSettings,
) -> Mapping[str, Decimal] | None:
    """Check each row of totals against the sum of its file; return the sums by currency if all files state theirs.

    The balance of an invoice that stands in several rows may count in each of them or once: `folded` has it once. SAP's
    subtotals, `*` below those of `**`, have to add up to the sum of all rows. Raise `SourceError` for a total
    that is not the sum of all rows, such as that of a group.
    """
    stated: dict[tuple[str, str], Decimal] = {}
    files: set[str] = set()
    printed = [(total, *_read_total(total, columns_of, settings)) for total in found]
    levels = _add_levels(printed)
    for total, code, amount in printed:
        file = _file_of(total)
        mine = _of_file(rows, file)
        if total.unlabelled:
            _refuse_unless_last(total, mine, settings)
        sums = [_sums(each) for each in (mine, _of_file(folded, file))]
        may_be = {amount, levels[file, _count_stars(total), code]}
        whole = next((each for each in (_sum_of(some, code) for some in sums) if each in may_be), None)
        if whole is None:
            said, counted = f"{format_without_currency(amount)} {code}".strip(), _sum_of(sums[0], code)
            if total.unlabelled and _WORD.search(total.label):
                raise SourceError(
                    f"{_place(total, settings)}: {total.label!r} ends the list with {said}, but without a number and a "
                    f"date: it is not a document, nor the total of the {len(mine):,} rows of {file}, which sum to "
                    f"{format_without_currency(counted)}. Complete it in the source, or export without it"
                )
            raise SourceError(
                f"{_place(total, settings)}: {total.label!r} is a row of totals, {said}, but the {len(mine):,} rows of "
                f"{file} sum to {format_without_currency(counted)}. If it is the total of a group, export without "
                "subtotals; otherwise rows are missing, or some are listed that it leaves out: export it again"
            )
        files.add(file)
        known = {code: whole} if code else sums[1] if len(sums[1]) == 1 else {}
        # A file may print its total more than once, as SAP does at the end of each level.
        stated |= {(file, currency): each for currency, each in known.items()}
    every = {origin.rpartition("#")[0] for origin in pc.unique(_files(rows)).to_pylist()}
    totals: dict[str, Decimal] = {}
    for (_, currency), each in stated.items():
        totals[currency] = totals.get(currency, Decimal(0)) + each
    return totals if totals and files == every and {*totals} == {*_sums(folded)} else None


def refuse_hidden_totals(endings: Mapping[str, str], rows: pd.DataFrame, settings: FileSettings) -> None:
    """Raise `SourceError` for the last row of a file that passes for an invoice and is what the rows above add up to.

    It has a date, and something that stands for a customer. `endings` are by file the origins of rows that may be such.
    """
    for file, origin in endings.items():
        mine = _of_file(rows, file)
        last = mine.iloc[-1]
        if last["origin"] != origin:
            continue
        others = mine.iloc[:-1][(mine["currency"].iloc[:-1] == last["currency"]).to_numpy()]
        adds_up = last["balance"] == others["balance"].sum() != 0 and len(others) > 1
        if adds_up or pc.match_substring_regex(pa.scalar(last["invoice_ref"]), TOTALS).as_py():
            amount = f"{format_without_currency(last['balance'])} {last['currency']}"
            why = f"its balance, {amount}, is that of all rows above it" if adds_up else f"it has a balance of {amount}"
            raise SourceError(
                f"{locate_row(origin, delimiter=settings.delimiter)}: {last['invoice_ref']!r} ends the list, is not a "
                f"number, and {why}: it seems to be a row of totals, which would be reported as an invoice. Export "
                "without it"
            )


def _files(rows: pd.DataFrame) -> pa.Array:
    return pc.replace_substring_regex(to_text_array(rows["origin"]), r"[^#]*$", "")


def _of_file(rows: pd.DataFrame, file: str) -> pd.DataFrame:
    mine = pc.equal(_files(rows), f"{file}#")
    return filter_rows(rows, pd.Series(mine.to_numpy(zero_copy_only=False), index=rows.index))


def _file_of(total: TotalsRow) -> str:
    return total.origin.rpartition("#")[0]


def _count_stars(total: TotalsRow) -> int:
    return len(total.label) - len(total.label.lstrip("*"))


def _read_total(
    total: TotalsRow, columns_of: Callable[[pd.DataFrame], Columns], settings: FileSettings
) -> tuple[str, Decimal]:
    """Return the currency of a total, blank if it states none, and its amount."""
    table = columns_of(total.raw)
    return _currency(total, table), _amount(total, table, settings)


def _add_levels(printed: Sequence[tuple[TotalsRow, str, Decimal]]) -> Mapping[tuple[str, int, str], Decimal]:
    """Return what totals of one level, by the number of their stars, add up to, by file, level and currency."""
    levels: defaultdict[tuple[str, int, str], Decimal] = defaultdict(Decimal)
    for total, code, amount in printed:
        key = _file_of(total), _count_stars(total), code
        # Without stars nothing says that several totals are of one level.
        levels[key] = levels[key] + amount if key[1] else amount
    return levels


def _amount(total: TotalsRow, table: Columns, settings: FileSettings) -> Decimal:
    unsigned = settings.model_copy(update={"sign": None})  # the row itself has no sign
    amounts = read_money(table, unsigned)
    kind = pa.array(["invoice"], pa.large_string())
    amount = find_owed(table, amounts, kind, unsigned)["balance"][0].as_py()
    if table.problems or amount is None:
        wrong = table.problems[0].examples[0][1] if table.problems else ""
        raise SourceError(
            f"{_place(total, settings)}: {total.label!r} is a row of totals without a balance that can be read "
            f"({wrong!r}); export without totals"
        )
    return Decimal(amount)


def _currency(total: TotalsRow, table: Columns) -> str:
    """Return the currency that a total is of, from its cell or its label; blank if neither says it."""
    if code := table.text("currency")[0].as_py().upper():
        return str(code)
    return next((word for word in _CODE.findall(total.label) if word in minor_digits()), "")


def _sums(rows: pd.DataFrame) -> dict[str, Decimal]:
    groups = sum_balances(rows, ("currency",)).to_dict("records")
    return {group["currency"]: Decimal(group["balance"]) for group in groups}


def _sum_of(sums: Mapping[str, Decimal], code: str) -> Decimal:
    return sums.get(code, Decimal(0)) if code else sum(sums.values(), Decimal(0))


def _refuse_unless_last(total: TotalsRow, rows: pd.DataFrame, settings: FileSettings) -> None:
    """Raise `SourceError` for a row that holds an amount alone above others: its document has lost all the rest."""
    number = int(total.origin.rpartition("#")[2])
    last = pc.max(pc.cast(pc.replace_substring_regex(to_text_array(rows["origin"]), r"^.*#", ""), pa.int64())).as_py()
    if last is not None and last > number:
        raise SourceError(
            f"{_place(total, settings)}: it has an amount, but no number, customer or date, so it is not a document; "
            "export the file again"
        )


def _place(total: TotalsRow, settings: FileSettings) -> str:
    return locate_row(total.origin, delimiter=settings.delimiter)
