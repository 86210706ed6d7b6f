"""Text to exact values."""

from __future__ import annotations

import sys
import unicodedata
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arfeed.tables.values.amounts import find_contradicted, parse_money

amounts = st.integers(-(10**20) + 1, 10**20 - 1).map(lambda units: Decimal(units) / 10_000)


def texts(*values: str) -> pa.Array:
    return pa.array(values, pa.large_string())


def money(*values: str, decimal: str | None = None) -> list[Decimal | None]:
    parsed = parse_money(texts(*values), decimal)
    assert [value is None for value in parsed.values.to_pylist()] == parsed.wrong.to_pylist()
    return list(parsed.values.to_pylist())


@given(st.lists(amounts, min_size=1))
def test_any_plain_amount_is_read_exactly(values: list[Decimal]) -> None:
    assert money(*(f"{value:f}" for value in values)) == values


@given(st.lists(amounts, min_size=1))
def test_any_amount_with_a_point_and_grouped_thousands_is_read_exactly(values: list[Decimal]) -> None:
    assert money(*(f"{value:,.4f}" for value in values), decimal=".") == values


@given(st.lists(amounts, min_size=1))
def test_any_amount_with_a_decimal_comma_is_read_exactly(values: list[Decimal]) -> None:
    swapped = str.maketrans(",.", ".,")
    assert money(*(f"{value:,.4f}".translate(swapped) for value in values), decimal=",") == values


@given(st.lists(amounts, min_size=1))
def test_an_ungrouped_amount_with_a_decimal_comma_is_read_exactly(values: list[Decimal]) -> None:
    assert money(*(f"{value:f}".replace(".", ",") for value in values), decimal=",") == values


@pytest.mark.parametrize("decimal", [None, ".", ","])
@pytest.mark.parametrize(
    "text",
    [
        "1e3", "1E3", "+-3.10", "+(3,10)", ".5", ",5", "5.", "5,", "1,23.4", "1.23,4", "1.2345,6", "0x10",
        "12345678901234567", "NaN", "nan", "inf", "-inf", "--5", "- 5", "-5-", "(-40)", "(40", "40)", "-40 CR", "$$5",
        "$5 USD", "CR 5", "5 gbp", "$", "()", "1_000", "1 23", "1'23", "1 234'567", "1  234", "12 34 567",
        "٣", "１２", "1.23456", "1..5", "1,,5", "---", "1,234,56", "12,34,56", "1.5\n2", "5 %",
    ],
)  # fmt: skip
def test_no_doubtful_notation_is_ever_taken_for_an_amount(text: str, decimal: str | None) -> None:
    assert money(text, decimal=decimal) == [None]


@pytest.mark.parametrize(("text", "decimal"), [("1,234", None), ("1.234,50", "."), ("1,234.50", ","), ("1,5", ".")])
def test_the_other_mark_is_never_read_as_the_decimal_one(text: str, decimal: str | None) -> None:
    assert money(text, decimal=decimal) == [None]


@pytest.mark.parametrize(
    ("text", "value"),
    [("1265.0000", "1265"), ("0.00", "0"), ("-0", "0"), ("-12.5", "-12.5"), ("0007.10", "7.1"), ("1.50000000", "1.5")],
)
def test_zeros_that_say_nothing_do_no_harm(text: str, value: str) -> None:
    assert money(text) == [Decimal(value)]


def test_every_currency_sign_may_be_beside_an_amount() -> None:
    signs = [sign for sign in map(chr, range(sys.maxunicode + 1)) if unicodedata.category(sign) == "Sc"]
    assert money(*(f"{sign}5.00" for sign in signs)) == [Decimal(5)] * len(signs)


def test_a_blank_amount_is_nothing_and_not_wrong() -> None:
    parsed = parse_money(texts("", "0"), None)
    assert parsed.values.to_pylist() == [None, Decimal(0)]
    assert parsed.wrong.to_pylist() == [False, False]


AROUND = [
    ("(40.00)", "-40"), ("200.00-", "-200"), ("$(250.00)", "-250"), ("($250.00)", "-250"), ("-$200.00", "-200"),
    ("$-200.00", "-200"), ("EUR 5.00", "5"), ("5.00 GBP", "5"), ("US$5.00", "5"),
    ("\u22125.00", "-5"), ("€\u00a05.00", "5"),
    ("7.50 CR", "-7.5"), ("7.50DR", "7.5"),
    ("7.50 Cr", "-7.5"), ("7.50 dr", "7.5"), ("+3.10", "3.1"),
    ("200.00- EUR", "-200"), ("-5.00\u202f€", "-5"),
]  # fmt: skip


@pytest.mark.parametrize("decimal", [None, ".", ","])
@pytest.mark.parametrize(("text", "value"), AROUND)
def test_signs_brackets_and_currencies_may_surround_an_amount(text: str, value: str, decimal: str | None) -> None:
    assert money(text.replace(".", decimal or "."), decimal=decimal) == [Decimal(value)]


@pytest.mark.parametrize(
    ("text", "decimal", "value"),
    [
        ("1.234,56", ",", "1234.56"), ("1 234,56", ",", "1234.56"), ("1\u00a0234\u00a0567,8", ",", "1234567.8"),
        ("1\u202f234,56", ",", "1234.56"), ("1'234.56", ".", "1234.56"), ("1\u2019234.56", ".", "1234.56"),
        ("12,34,567.89", ".", "1234567.89"), ("1,00,000", ".", "100000"), ("$1,500.00", ".", "1500"), ("-", ".", "0"),
        ("--", ",", "0"), ("(1.500,00 €)", ",", "-1500"), ("1 234.50", ".", "1234.5"),
    ],
)  # fmt: skip
def test_a_declared_mark_lets_thousands_be_grouped(text: str, decimal: str, value: str) -> None:
    assert money(text, decimal=decimal) == [Decimal(value)]
    assert money(text, decimal=None) == [None]


@pytest.mark.parametrize(
    ("text", "code", "wrong"),
    [
        ("$5", "USD", False), ("$5", "AUD", False), ("$5", "MXN", False), ("$5", "EUR", True), ("A$5", "USD", True),
        ("A$5", "AUD", False), ("£5", "GBP", False), ("£5", "USD", True), ("5 EUR", "EUR", False),
        ("5 EUR", "GBP", True),
        ("€5", "EUR", False), ("¥5", "CNY", False), ("5 CR", "GBP", False), ("5", "GBP", False),
    ],
)  # fmt: skip
def test_a_sign_decides_no_currency_but_may_contradict_one(text: str, code: str, wrong: bool) -> None:
    assert find_contradicted(texts(text), texts(code)).to_pylist() == [wrong]
