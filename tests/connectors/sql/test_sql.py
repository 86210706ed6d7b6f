"""What a query's values become: exact amounts, plain dates, references as they are printed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arfeed import SourceError
from arfeed_connectors.sql.settings import SqlSettings
from arfeed_connectors.sql.text.names import Names
from arfeed_connectors.sql.values.frames import Frames
from arfeed_connectors.sql.values.money import exact
from support.databases.tables import one_row, sql, table
from support.feeds.sources import balances, failure, opened, problems, read

TOLERANCE = Decimal("0.000001")
COLUMNS = "invoice_ref TEXT, customer_name TEXT, currency TEXT, issued_on TEXT, balance REAL"


@pytest.fixture
def file(tmp_path: Path) -> str:
    return table(f"sqlite:///{tmp_path / 'books.db'}", "nothing", "a INT")


def framed(names: str, *rows: Sequence[object], **how: object) -> dict[str, list[object]]:
    """What a batch of a driver's tuples becomes, as Python values by column."""
    made = SqlSettings.model_validate({"url": "postgresql://db/erp", "query": "SELECT 1", "currency": "EUR", **how})
    frame = Frames("erp", made, Names("erp", tuple(names.split()), {})).frame([tuple(row) for row in rows])
    return {name: pa.array(frame[name]).to_pylist() for name in names.split()}


def money(value: object, digits: int, tolerance: Decimal = TOLERANCE) -> Decimal | None:
    values, wrong = exact(pa.array([value]), np.array([digits]), tolerance)
    return None if wrong[0] else values[0].as_py()


# --- amounts --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "digits", "meant"),
    [
        (2309.7899999999995, 2, "2309.79"),
        (1234567890.12, 2, "1234567890.12"),
        (0.1 + 0.2, 2, "0.3"),
        (-0.05, 2, "-0.05"),
        (150000.0, 0, "150000"),
        (12.345, 3, "12.345"),
        (8999999999999.99, 2, "8999999999999.99"),
        (Decimal("119.99999999"), 2, "120"),
        (Decimal("33.3300000000000000"), 2, "33.33"),
        (Decimal("10.1234"), 2, "10.1234"),
    ],
)
def test_noise_of_floats_is_taken_for_the_amount_that_is_meant(value: object, digits: int, meant: str) -> None:
    assert money(value, digits) == Decimal(meant)


@pytest.mark.parametrize(
    ("value", "digits"),
    [
        (10.005, 2),
        (10.00001, 2),
        (150000.5, 0),
        (12.345, 2),
        (float("nan"), 2),
        (float("inf"), 2),
        (1e15, 2),
        (Decimal("33.3333333333333333"), 2),
        (Decimal("119.9999999"), 2),
    ],
)
def test_no_other_float_is_rounded(value: object, digits: int) -> None:
    assert money(value, digits) is None


def test_the_tolerance_can_be_widened() -> None:
    assert money(10.00001, 2, Decimal("0.01")) == Decimal(10)


def test_null_stays_null_among_floats_and_decimals() -> None:
    for column in (pa.array([None, 1.5]), pa.array([None, Decimal("1.500000")])):
        values, wrong = exact(column, np.array([2, 2]), TOLERANCE)
        assert values.to_pylist() == [None, Decimal("1.5")]
        assert not wrong.any()


@settings(max_examples=200, deadline=None)
@given(st.integers(-(10**14), 10**14), st.integers(0, 4))
def test_every_amount_comes_back_from_the_float_nearest_to_it(units: int, digits: int) -> None:
    amount = Decimal(units).scaleb(-digits)
    assert money(float(amount), digits) == amount


def test_a_float_that_is_no_amount_is_refused_with_row_invoice_and_column(file: str) -> None:
    rows = [("INV-1", "Ada", "EUR", "2026-04-07", 10.25), ("INV-2", "Ada", "EUR", "2026-04-07", 10.255)]
    said = failure(sql(table(file, "ledger", COLUMNS, *rows), query="SELECT * FROM ledger"))
    assert said == (
        "erp row 2 (invoice INV-2) column balance: 10.255 is not an amount in EUR, which has 2 decimals, nor within "
        "`tolerance` of one (1 such rows in this batch); correct it there, or round it in the query"
    )


def test_the_control_over_floats_is_exact_too(file: str) -> None:
    rows = [(f"INV-{number}", "Ada", "EUR", "2026-04-07", 0.1) for number in range(30)]
    source = sql(table(file, "ledger", COLUMNS, *rows), query="SELECT * FROM ledger")
    assert sum(balances(opened(source)).values()) == 3


def test_an_exact_decimal_with_too_many_digits_is_a_problem_of_its_row(postgresql: str) -> None:
    assert problems(one_row(postgresql, "10.005 AS balance"))[1:] == [
        "erp row 1 (invoice INV-1), column balance: '10.005' has too many digits: EUR has 2 decimals"
    ]


# --- dates ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "day"),
    [
        (date(2026, 4, 7), date(2026, 4, 7)),
        (datetime.fromisoformat("2026-04-07"), date(2026, 4, 7)),
        (datetime.fromisoformat("2026-04-07T23:59:59"), date(2026, 4, 7)),
        ("2026-04-07 10:59:00", "2026-04-07"),
        ("2026-04-07T10:59:00.123", "2026-04-07"),
        ("20260407105900", "2026-04-07"),
        (20260407, "2026-04-07"),
        (date(1900, 1, 1), None),
        (datetime.fromisoformat("1900-01-01"), None),
        ("1900-01-01 00:00:00", ""),
        ("0000-00-00", ""),
        ("0000-00-00 00:00:00", ""),
        (None, None),
    ],
    ids=str,
)
def test_a_day_is_taken_without_its_time_and_no_day_is_none(value: object, day: object) -> None:
    assert framed("due_on", [value])["due_on"] == [day]


def test_a_zero_date_among_real_ones_is_none() -> None:
    assert framed("due_on", [date(2026, 4, 7)], ["0000-00-00"])["due_on"] == ["2026-04-07", ""]


def test_a_moment_with_a_time_zone_is_refused_since_it_may_be_two_days() -> None:
    with pytest.raises(SourceError, match="CAST\\(issued_on AT TIME ZONE"):
        framed("issued_on", [datetime(2026, 4, 7, 23, tzinfo=UTC)])


def test_dates_of_a_declared_format_are_left_alone() -> None:
    assert framed("due_on", ["20260704"], dates="%Y%d%m")["due_on"] == ["20260704"]


# --- everything else ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("00071", "00071"),
        (71, "71"),
        (71.0, "71"),
        (0.5, "0.5"),
        (Decimal(71), "71"),
        (True, "true"),
        (UUID(int=7), "00000000-0000-0000-0000-000000000007"),
        ([1, 2], "[1, 2]"),
        (2**70, str(2**70)),
        (None, None),
    ],
    ids=str,
)
def test_any_other_value_is_text(value: object, text: str | None) -> None:
    assert framed("thing", [value])["thing"] == [text]


def test_a_column_of_several_types_is_text() -> None:
    assert framed("invoice_ref", ["A-1"], [2], [None])["invoice_ref"] == ["A-1", "2", None]


def test_bytes_are_refused_by_name() -> None:
    with pytest.raises(SourceError, match="erp: column 'pdf' holds bytes; leave it out of the query"):
        framed("pdf", [b"%PDF-"])


def test_padding_is_trimmed_and_unknown_columns_travel_along(postgresql: str) -> None:
    source = one_row(postgresql, "'INV-1'::char(20) AS invoice_ref; 'EUR'::char(5) AS currency; 42 AS branch")
    [row] = opened(source).to_dict("records")
    assert (row["invoice_ref"], row["currency"], row["branch"]) == ("INV-1", "EUR", "42")


def test_the_databases_own_names_of_currencies_are_mapped(file: str) -> None:
    source = one_row(file, "'$' AS currency", currencies={"$": "USD"})
    assert opened(source)["currency"].tolist() == ["USD"]
    assert "is not an ISO 4217 currency code" in problems(one_row(file, "'$' AS currency"))[1]


def test_rows_without_a_currency_take_the_settings(file: str) -> None:
    assert opened(one_row(file, "NULL AS currency", currency="GBP"))["currency"].tolist() == ["GBP"]


def test_columns_may_have_any_names(file: str) -> None:
    named = {"invoice_ref": "No.", "balance": "Open Amount"}
    source = one_row(file, '\'A-1\' AS "No."; 10.5 AS "Open Amount"', headers=named)
    assert balances(opened(source)) == {"A-1": Decimal("10.5")}


def test_two_columns_of_one_name_are_refused(postgresql: str) -> None:
    said = failure(sql(postgresql, query="SELECT 1 AS a, 2 AS a"))
    assert said == "erp: the query has two columns named 'a'; name each with AS"


def test_a_status_column_says_that_closed_documents_are_listed(file: str) -> None:
    rows = one_row(file, "0 AS balance; 'paid' AS status").invoices()
    next(rows)
    with pytest.raises(StopIteration) as end:
        next(rows)
    assert end.value.value.lists_closed
    assert read(one_row(file, "0 AS balance; 'paid' AS status"))["status"].tolist() == ["paid"]


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    said = failure(sql(f"sqlite:///{tmp_path}/nowhere.db", query="SELECT 1"))
    assert said == f"erp: there is no database file {tmp_path}/nowhere.db; look at `url`"
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "texts",
    [
        ["0.10", "-12345678.90", "7", "0"],
        ["-0.0001", None, "99999999999999.9999"],
        ["0E-8", "1E+3", "12.5", "1E-7"],
        ["-" + "9" * 38, "1"],
        ["1" + "0" * 40, "0.001"],
    ],
    ids=["plain", "none", "exponents", "38 digits", "too many"],
)
def test_decimals_come_as_they_are_however_they_are_written(texts: list[str | None]) -> None:
    values = [None if text is None else Decimal(text) for text in texts]
    plain = SqlSettings.model_validate({"url": "postgresql://db/erp", "query": "SELECT 1"})
    frames = Frames("erp", plain, Names("erp", ("memo",), {}))
    column = frames.columns([(value,) for value in values]).column("memo")
    assert [None if value is None else Decimal(value) for value in column.to_pylist()] == values
    assert pa.types.is_decimal(column.type)
