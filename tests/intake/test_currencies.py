"""One currency is set for all rows, and a column that nobody named says otherwise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from support.feeds.sources import balances, failure, folder, opened

LIST = "No;Customer;Date;Open;State"
HOW: dict[str, Any] = {
    "columns": {
        "invoice_ref": "No", "customer_name": "Customer", "issued_on": "Date", "balance": "Open", "status": "State",
    },
    "currency": "GBP",
}  # fmt: skip


def beside(file: Path, heading: str, *words: str, states: tuple[str, ...] = (), **settings: Any) -> Any:
    """A list with a column that is not used, with a word for each row of it."""
    open_rows = states or ("open",) * len(words)
    rows = [
        f"{number};Ada;2026-04-07;{'0' if state == 'paid' else '5.00'};{state};{word}"
        for number, (word, state) in enumerate(zip(words, open_rows, strict=True), 1)
    ]
    return folder(file, f"{LIST};{heading}", *rows, **{**HOW, **settings})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "open.csv"


@pytest.mark.parametrize(
    ("heading", "words"),
    [
        ("Ccy", ("GBP", "EUR")),
        ("Curr.", ("", "EUR")),
        ("Devise", ("gbp", "eur")),
        ("X", ("USD", "EUR")),
        ("Cur", ("GBP", "EUR", "to be said")),
        ("Cur", ("GBP", "ALL")),
        ("Ccy", ("£", "€")),
        ("Sign", ("£", "US$")),
    ],
)
def test_another_currency_is_refused_with_its_column_and_what_to_write(
    file: Path, heading: str, words: tuple[str, ...]
) -> None:
    said = failure(beside(file, heading, *words))
    other = next(word for word in words[::-1] if word.strip() and word != "to be said")
    assert f"the column {heading!r} has" in said
    assert f"{other!r} (1 row)" in said
    assert f'set columns.currency = "{heading}"' in said
    assert "values.currency = false" in said
    assert (f'with values.currency = {{ "{other}" = "…" }}' in said) == (not other.isalpha())


def test_all_other_currencies_are_counted(file: Path) -> None:
    said = failure(beside(file, "Ccy", "EUR", "USD", "EUR", "GBP"))
    assert "has 'EUR' (2 rows), 'USD' (1 row) in open rows" in said


@pytest.mark.parametrize(
    ("heading", "words"),
    [
        ("Ccy", ("GBP", "gbp", "")),
        ("Ccy", ("£", "£", "")),
        ("X", ("", "", "")),
        ("Base currency", ("EUR", "EUR", "EUR")),
        ("Home Ccy", ("EUR", "EUR", "EUR")),
        ("Scope", ("ALL", "ALL", "TOP")),
        ("Rep", ("EUR", "ZOE", "USD")),
        ("Rep", ("BRN", "DEM", "BRN")),
        ("Valuta", ("07.04.2026", "08.04.2026", "")),
        ("Price", ("5.00 EUR", "7.00 EUR", "")),
    ],
)
def test_what_names_no_other_currency_is_no_matter(file: Path, heading: str, words: tuple[str, ...]) -> None:
    assert len(balances(opened(beside(file, heading, *words)))) == 3


def test_rows_that_are_not_owed_are_in_any_currency(file: Path) -> None:
    assert len(opened(beside(file, "Ccy", "GBP", "EUR", states=("open", "paid")))) == 1


def test_a_column_that_is_named_or_left_alone_is_not_asked_about(file: Path) -> None:
    read = opened(beside(file, "Ccy", "GBP", "EUR", columns={**HOW["columns"], "currency": "Ccy"}))
    assert read["currency"].tolist() == ["GBP", "EUR"]
    left = opened(beside(file, "Ccy", "GBP", "EUR", values={"currency": False}))
    assert left["currency"].tolist() == ["GBP", "GBP"]


@pytest.mark.parametrize("heading", ["Currency", "CURRENCY", " currency "])
def test_a_column_called_currency_is_read_whatever_is_set_for_rows_without_one(file: Path, heading: str) -> None:
    assert opened(beside(file, heading, "EUR", "", "usd"))["currency"].tolist() == ["EUR", "GBP", "USD"]
