"""Printed reports of any ledger, as CSV and Excel files: what is read is what was written."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arfeed import Connector
from arfeed_connectors.quickbooks import QuickBooks
from arfeed_connectors.xero import Xero
from support.feeds.sources import read
from support.files.ledgers import AMOUNTS, DATES, Debt, Notation, ledgers
from support.files.printed import DESKTOP, ONLINE_2020, ONLINE_2026, Item, report, text_of, workbook

FORMS = st.sampled_from([(ONLINE_2026, "Total for {}"), (ONLINE_2020, "Total for {}"), (DESKTOP, "Total {}")])
ENCODINGS = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"])
AGED = ["Invoice Date", "Due Date", "Invoice Number", "Invoice Reference", "Current", "< 1 Month", "Older", "", "Total"]
SUMMED = ("Current", "Total")
ORDERS = st.permutations(AGED).filter(lambda header: header[0] not in SUMMED)
TITLE = [["Aged Receivables Detail"], ["Larkfield Ltd"], ["As at 30 June 2026"], ["Ageing by due date"], []]
CENTS = [name for name in AMOUNTS if name not in ("plain", "four decimals")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("books")


def source(use: type[Connector], file: Path, **settings: str | None) -> Connector:
    plain = {"path": str(file), "decimal": ".", "currency": "USD"}
    return use("books", use.Settings.model_validate({**plain, **settings}))


def debts(books: Connector) -> list[Debt]:
    frame = read(books)
    columns = ("customer_name", "invoice_ref", "issued_on", "due_on", "balance")
    return [Debt(*row) for row in zip(*(frame[name] for name in columns), strict=True)]


def by_customer(ledger: Sequence[Debt]) -> list[tuple[str, list[Debt]]]:
    """Return a ledger as a report groups it; a customer's group comes once."""
    in_order = sorted(ledger, key=lambda debt: debt.customer)
    return [(customer, [*group]) for customer, group in groupby(in_order, lambda debt: debt.customer)]


def save(file: Path, rows: list[list[Any]], encoding: str, end: str) -> None:
    if file.suffix == ".xlsx":
        workbook(file, rows)
        return
    text = text_of(rows, end)
    file.write_bytes(text.encode(encoding if _writes(encoding, text) else "utf-8"))


def _writes(encoding: str, text: str) -> bool:
    return text.encode(encoding, "ignore").decode(encoding) == text


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
@given(
    ledger=ledgers(),
    form=FORMS,
    total_in=st.sampled_from([0, 1]),
    encoding=ENCODINGS,
    end=st.sampled_from(["\n", "\r\n"]),
    dates=st.sampled_from(["07.04.26", "04/07/2026", "Apr 7, 2026"]),
)
def test_quickbooks_reads_what_it_writes(
    folder: Path, suffix: str, ledger: list[Debt], form: tuple[list[str], str], total_in: int, encoding: str, end: str,
    dates: str,
) -> None:  # fmt: skip
    days, (header, closing) = DATES[dates], form
    groups = {
        customer: [
            Item(debt.number, f"{debt.balance:,}", date=days.write(debt.issued), due=days.write(debt.due))
            for debt in group
        ]
        for customer, group in by_customer(ledger)
    }
    file = folder / f"report.{suffix}"
    save(file, report(groups, header=header, closing=closing, total_in=total_in), encoding, end)
    found = debts(source(QuickBooks, file, dates=days.setting))
    assert found == [debt for _, group in by_customer(ledger) for debt in group]


@settings(max_examples=settings().max_examples // 8)
@pytest.mark.parametrize("amounts", CENTS)
@given(ledger=ledgers(), dates=st.sampled_from([*DATES]), order=ORDERS, encoding=ENCODINGS)
def test_xeros_aged_report_is_read_from_csv_in_every_notation(
    folder: Path, amounts: str, ledger: list[Debt], dates: str, order: list[str], encoding: str
) -> None:
    money, days = AMOUNTS[amounts], DATES[dates]
    file = folder / "aged.csv"
    save(file, aged(ledger, order, money, days), encoding, "\r\n")
    found = debts(source(Xero, file, decimal=money.setting, dates=days.setting))
    assert found == [debt for _, group in by_customer(ledger) for debt in group]


@given(ledger=ledgers(), order=ORDERS)
def test_xeros_aged_report_is_read_from_cells(folder: Path, ledger: list[Debt], order: list[str]) -> None:
    file = folder / "aged.xlsx"
    workbook(file, aged(ledger, order, Notation(None, float), Notation(None, lambda day: day)))
    found = debts(source(Xero, file))
    assert found == [debt for _, group in by_customer(ledger) for debt in group]


def aged(ledger: Sequence[Debt], header: Sequence[str], money: Notation, days: Notation) -> list[list[Any]]:
    """Xero's report, its columns in this order."""

    def row(label: str, balance: Decimal, **cells: str | date) -> list[Any]:
        filled = {name: money.write(balance) for name in SUMMED}
        found = [{**filled, **cells}.get(name, "") for name in header]
        return [label, *found[1:]] if label else found

    rows: list[list[Any]] = [*TITLE, list(header)]
    for customer, group in by_customer(ledger):
        rows.append([customer])
        for debt in group:
            dated = {"Invoice Date": days.write(debt.issued), "Due Date": days.write(debt.due)}
            rows.append(row("", debt.balance, **dated, **{"Invoice Number": debt.number}))
        rows += [row(f"Total {customer}", sum_of(group)), []]
    return [*rows, row("Total", sum_of(ledger))]


def sum_of(ledger: Sequence[Debt]) -> Decimal:
    return sum((debt.balance for debt in ledger), Decimal(0))
