"""Rows of text to typed invoices: every row becomes an invoice or a problem, and none is dropped."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from arfeed.intake.extract import extract
from arfeed.model.schema import NAMES
from support.feeds.sources import HEADER, balances, failure, folder, given, problems, read, rows


def test_a_row_comes_out_with_every_canonical_column_and_its_own(tmp_path: Path) -> None:
    source = folder(tmp_path / "erp.csv", HEADER + ",Branch", "00071, Ångström ,gbp,2026-04-07,10.00,Leeds")
    row = read(source).iloc[0]
    assert [*row.index] == [*NAMES, "Branch"]
    assert row[["invoice_ref", "source_ref", "source", "Branch"]].tolist() == ["00071", "00071", "files", "Leeds"]
    assert row[["customer_name", "customer_id", "currency"]].tolist() == ["Ångström", "Ångström", "GBP"]
    assert row[["kind", "status", "balance", "issued_on"]].tolist() == ["invoice", "open", 10, date(2026, 4, 7)]


def test_all_problems_of_all_rows_are_reported_at_once_with_file_and_line(tmp_path: Path) -> None:
    file = tmp_path / "erp.csv"
    source = folder(
        file,
        "No,Name,Cur,Date,Open",
        "INV-1,Ada,GBP,31/02/2026,10.00",
        "INV-2,,GBP,13/04/2026,10.00",
        "INV-3,Ada,£,13/04/2026,1.5e3",
        ",Ada,GBP,13/04/2026,",
        columns={
            "invoice_ref": "No",
            "customer_name": "Name",
            "currency": "Cur",
            "issued_on": "Date",
            "balance": "Open",
        },
        dates="DMY",
    )
    head, *lines = problems(source)
    advice = lines.pop(next(place for place, line in enumerate(lines) if line.startswith("… ")))
    assert advice.startswith('… say in [sources.files] what such a word means: values.currency = { "£" = "…" }')
    assert head == "6 values can't be taken, so nothing is delivered:"
    assert {tuple(line.removeprefix(f"{file} line ").replace(": ", " ").split(" ")[:4]) for line in lines} == {
        ("2,", "column", "Date", "'31/02/2026'"),
        ("3,", "column", "Name", "''"),
        ("4,", "column", "Cur", "'£'"),
        ("4,", "column", "Open", "'1.5e3'"),
        ("5,", "column", "No", "''"),
        ("5,", "column", "Open", "''"),
    }


@pytest.mark.parametrize(
    "before",
    [
        pytest.param('A,"a memo\nof three\nlines",GBP,2026-04-07,1', id="quoted newlines"),
        pytest.param("\n\n\nA,B,GBP,2026-04-07,1", id="blank lines"),
        pytest.param('A,"said ""hello""\r\nand left",GBP,2026-04-07,1', id="quotes in quotes"),
    ],
)
@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["no mark", "byte order mark"])
def test_a_problem_names_the_line_that_an_editor_shows(tmp_path: Path, before: str, mark: str) -> None:
    file = tmp_path / "erp.csv"
    source = folder(file, mark + HEADER, before, "INV-2,Ada,GBP,2026-04-07,oops")
    line = file.read_text(encoding="utf-8").replace("\r\n", "\n").split("\n").index("INV-2,Ada,GBP,2026-04-07,oops") + 1
    assert problems(source)[1].startswith(f"{file} line {line}, column balance: 'oops' ")


def test_rows_of_a_source_without_files_are_named_by_their_number() -> None:
    assert problems(given(rows(balance=["1", "x"])))[1].startswith("given row 2 (invoice INV-2), column balance: 'x' ")


def test_rows_with_an_origin_are_named_by_it() -> None:
    assert problems(given(rows(balance="x", origin="api page 3")))[1].startswith("api page 3, column balance: 'x' ")


@pytest.mark.parametrize("kinds", [1, 2, 4])
def test_at_most_fifty_lines_are_reported_however_many_problems_there_are(kinds: int) -> None:
    wrong = {"balance": "x", "issued_on": "x", "currency": "x", "due_on": "x"}
    lines = problems(given(rows(customer_name=["Ada"] * 500, **dict([*wrong.items()][:kinds]))))
    assert len(lines) <= 50
    assert lines[0].startswith(f"{500 * kinds} values")
    more = sum(line.startswith("… and ") and line.endswith(" more like it in given") for line in lines)
    counted = sum(line.endswith(" (500 rows have it)") for line in lines)  # a word is shown once
    assert (more, counted) == (min(kinds, 2) + (kinds > 3), int(kinds > 2))


def test_at_most_fifty_lines_are_reported_of_a_hundred_frames() -> None:
    lines = problems(given(*[rows(balance="x")] * 100))
    assert len(lines) <= 50
    assert lines[-1] == "… and 95 more like it in given"
    assert len(lines) == 1 + 5 + 1


def test_one_bad_value_is_one_problem() -> None:
    assert len(problems(given(rows(balance="ten", issued_on="today")))) == 1 + 2


@pytest.mark.parametrize("code", ["GB", "£", "$", "XYZ", "XAU", "EURO", ""])
def test_an_unknown_currency_is_a_problem(code: str) -> None:
    assert f"column currency: {code!r} is not an ISO 4217 currency code" in problems(given(rows(currency=code)))[1]


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("BGN", "in BGN, which ISO 4217 withdrew in 2026-01 (its successor is EUR); nothing is converted"),
        ("HRK", "in HRK, which ISO 4217 withdrew in 2023-01 (its successor is EUR); nothing is converted"),
        ("ANG", "in ANG, which ISO 4217 withdrew in 2025-07 (its successor is XCG); nothing is converted"),
    ],
)
def test_a_debt_in_a_withdrawn_currency_is_taken_as_it_is_and_noted(code: str, said: str) -> None:
    source = given(rows(currency=["EUR", code.lower(), code, code], balance=["1.00", "5.50", "6.25", "0.00"]))
    extracted = extract([source], lambda: datetime.now(UTC))
    assert extracted.rows["currency"].tolist() == ["EUR", code, code, code]
    assert extracted.rows["balance"].tolist() == [Decimal("1.00"), Decimal("5.50"), Decimal("6.25"), Decimal(0)]
    assert extracted.reports[0].complete.notes == (f"2 open documents are {said}",)


def test_a_currency_that_is_in_use_is_not_noted() -> None:
    assert extract([given(rows())], lambda: datetime.now(UTC)).reports[0].complete.notes == ()


def test_a_withdrawn_currency_keeps_its_digits() -> None:
    assert "'1.5' has too many digits: ITL has 0 decimals" in problems(given(rows(currency="ITL", balance="1.5")))[1]
    assert (
        "'1.2345' has too many digits: BGN has 2 decimals" in problems(given(rows(currency="BGN", balance="1.2345")))[1]
    )


def test_the_currency_of_the_settings_fills_blanks_only() -> None:
    source = given(rows(currency=["", "EUR"]), currency="GBP")
    assert read(source)["currency"].tolist() == ["GBP", "EUR"]


def test_without_a_currency_column_the_settings_say_it() -> None:
    assert read(given(rows().drop(columns="currency"), currency="CHF"))["currency"].tolist() == ["CHF"]


@pytest.mark.parametrize(
    ("code", "amount", "taken"),
    [
        ("JPY", "1.50", False), ("JPY", "1500", True), ("JPY", "1500.00", True), ("GBP", "1.005", False),
        ("GBP", "1265.0000", True), ("KWD", "1.234", True), ("KWD", "1.2345", False), ("GBP", "-0.01", True),
        ("GBP", "9999999999999999.9999", False), ("GBP", "-9999999999999999.9999", False),
    ],
)  # fmt: skip
def test_an_amount_has_no_more_digits_than_its_currency(code: str, amount: str, taken: bool) -> None:
    source = given(rows(currency=code, balance=amount))
    if taken:
        assert balances(read(source)) == {"INV-1": Decimal(amount)}
    else:
        assert f"column balance: '{amount}" in problems(source)[1]
        assert problems(source)[1].endswith(f"{code} has {0 if code == 'JPY' else 3 if code == 'KWD' else 2} decimals")


def test_a_blank_balance_is_a_problem_and_never_zero() -> None:
    assert "one is required, and blank is not zero" in problems(given(rows(balance="")))[1]


def test_a_closed_document_needs_no_balance() -> None:
    assert balances(read(given(rows(status="paid", balance="")))) == {"INV-1": Decimal(0)}


@pytest.mark.parametrize("kind", ["credit_note", "payment"])
def test_a_credit_with_a_positive_balance_is_a_problem(kind: str) -> None:
    assert "must be negative" in problems(given(rows(kind=kind, balance="10.00")))[1]
    assert balances(read(given(rows(kind=kind, balance="-10.00")))) == {"INV-1": Decimal(-10)}


@pytest.mark.parametrize(("column", "word"), [("status", "settled"), ("status", ""), ("kind", "bill"), ("kind", "")])
def test_an_unknown_word_is_a_problem_and_not_a_default(column: str, word: str) -> None:
    assert f"column {column}: {word!r} is not one of " in problems(given(rows(**{column: word})))[1]


@pytest.mark.parametrize(
    "frame",
    [
        pytest.param(rows().assign(balance=[10.0]), id="float64"),
        pytest.param(rows().assign(balance=pd.array([10.0], dtype="Float64")), id="nullable"),
        pytest.param(rows().assign(balance=pd.Series([10.0], dtype=object)), id="object"),
    ],
)
def test_floats_are_refused_by_name(frame: pd.DataFrame) -> None:
    assert failure(given(frame)).startswith("given: column 'balance' holds floats, which lose cents")


def test_a_number_that_became_a_float_is_refused_too() -> None:
    assert "column 'invoice_ref' holds floats" in failure(given(rows().assign(invoice_ref=[71.0])))


def test_an_invoice_number_that_came_as_a_number_is_refused() -> None:
    said = failure(given(rows().assign(invoice_ref=[71])))
    assert said.startswith(
        "given: column 'invoice_ref' holds the invoice numbers as int64, which has lost leading zeros"
    )


@pytest.mark.parametrize("balance", [Decimal("10.50"), 10, "10.50"], ids=["decimal", "integer", "text"])
def test_typed_money_is_taken_as_it_is(balance: object) -> None:
    assert balances(read(given(rows(balance=[balance])))) == {"INV-1": Decimal(str(balance))}


@pytest.mark.parametrize(
    "day", [date(2026, 4, 7), pd.Timestamp(2026, 4, 7), "2026-04-07"], ids=["date", "stamp", "text"]
)
def test_typed_dates_are_taken_as_they_are(day: object) -> None:
    assert read(given(rows(issued_on=[day])))["issued_on"].tolist() == [date(2026, 4, 7)]


@pytest.mark.parametrize("amount", [Decimal("1.00001"), Decimal(10**17)], ids=["finer", "larger"])
def test_a_typed_amount_that_does_not_fit_fails_the_source(amount: Decimal) -> None:
    assert "column 'balance' holds amounts finer or larger than 16.4 digits" in failure(given(rows(balance=[amount])))


@pytest.mark.parametrize(
    ("frame", "wrong"),
    [
        (["INV-1"], "yielded list, not a DataFrame"),
        (rows().set_axis(["a", "a", "b", "c", "d"], axis="columns"), "yielded a DataFrame that is not a plain table"),
        (rows(balance=[Decimal(1), "x"]), "yielded a DataFrame that is not a plain table"),
        (rows(memo=[b"\xff"]), "column 'memo' holds binary, which is not text"),
        (rows().drop(columns="balance"), "no column for balance; name it in [sources.given] columns"),
    ],
    ids=["no frame", "columns of one name", "mixed types", "bytes", "no balance"],
)
def test_a_connector_that_yields_nonsense_fails_its_source_by_name(frame: pd.DataFrame, wrong: str) -> None:
    assert failure(given(frame)).startswith("given: ")
    assert wrong in failure(given(frame))


def test_a_header_that_the_settings_name_must_be_there() -> None:
    message = failure(given(rows(), columns={"invoice_ref": "Number"}))
    assert message == (
        "given: `columns` names the header 'Number', which is not there; found invoice_ref, customer_name, currency, "
        "issued_on, balance; correct `columns`"
    )


def test_an_invoice_needs_a_date_and_a_number_and_a_closed_one_does_not() -> None:
    lines = problems(given(rows(issued_on="", invoice_ref="")))
    assert [line.rpartition(": ")[2] for line in lines[1:]] == [
        "an invoice needs its date",
        "an invoice needs its number",
    ]
    assert len(read(given(rows(status="void", issued_on="", invoice_ref="")))) == 1


def test_a_credit_note_may_have_no_dates() -> None:
    assert read(given(rows(kind="credit_note", balance="-1", issued_on="")))["issued_on"].isna().all()


# --- the order of dates ---------------------------------------------------------------------------------------------


def dated(*days: str, **settings: Any) -> list[date]:
    return list(read(given(rows(issued_on=list(days)), **settings))["issued_on"])


def test_an_order_that_the_file_itself_proves_is_used() -> None:
    assert dated("13/04/2026", "04/05/2026") == [date(2026, 4, 13), date(2026, 5, 4)]
    assert dated("04/13/2026", "04/05/2026") == [date(2026, 4, 13), date(2026, 4, 5)]


def test_a_file_that_leaves_the_order_open_is_refused() -> None:
    assert failure(given(rows(issued_on="04/05/2026"))) == (
        "given: its dates could be day-month-year or month-day-year; "
        'set dates = "DMY" or dates = "MDY" in [sources.given]'
    )


def test_a_file_that_contradicts_itself_is_refused() -> None:
    assert "could be day-month-year or month-day-year" in failure(given(rows(issued_on=["13/04/2026", "04/13/2026"])))


def test_the_settings_decide_what_the_file_leaves_open() -> None:
    assert dated("04/05/2026", dates="DMY") == [date(2026, 5, 4)]
    assert dated("04/05/2026", dates="MDY") == [date(2026, 4, 5)]
    assert dated("04.05.26", dates="%d.%m.%y") == [date(2026, 5, 4)]


def test_a_setting_that_the_file_contradicts_is_a_problem_that_names_the_right_one() -> None:
    lines = problems(given(rows(issued_on=["04/13/2026", "04/05/2026"]), dates="DMY"))
    assert lines[1] == (
        "given row 1 (invoice INV-1), column issued_on: '04/13/2026' is not a date in order day-month-year; "
        "all dates of this source fit month-day-year, so check `dates`"
    )
    assert len(lines) == 2


def test_the_order_found_in_the_first_frame_holds_for_the_others() -> None:
    lines = problems(given(rows(issued_on="13/04/2026"), rows(issued_on="04/13/2026")))
    assert "'04/13/2026' is not a date in order day-month-year" in lines[1]


def test_a_frame_that_leaves_the_order_open_waits_for_one_that_proves_it() -> None:
    frames = [
        rows(issued_on="04/05/2026"),
        rows(issued_on=""),
        rows(issued_on="13/04/2026"),
        rows(issued_on="1/2/2026"),
    ]
    source = given(*(frame.assign(status="void", invoice_ref=str(number)) for number, frame in enumerate(frames)))
    frame = read(source)
    assert frame["invoice_ref"].tolist() == ["0", "1", "2", "3"]
    assert frame["issued_on"].dropna().tolist() == [date(2026, 5, 4), date(2026, 4, 13), date(2026, 2, 1)]


def test_an_order_proven_at_the_end_of_a_large_file_is_used(tmp_path: Path) -> None:
    lines = [f"INV-{number},Ada,GBP,01/02/2026,1.00," + "x" * 500 for number in range(10_000)]
    frame = read(folder(tmp_path / "erp.csv", HEADER + ",memo", *lines, "INV,Ada,GBP,13/02/2026,1.00,"))
    assert frame["issued_on"].value_counts().to_dict() == {date(2026, 2, 1): 10_000, date(2026, 2, 13): 1}


def test_rows_are_counted_over_frames() -> None:
    assert problems(given(rows(), rows(balance=["1", "x"])))[1].startswith(
        "given row 3 (invoice INV-2), column balance: 'x' "
    )


@pytest.mark.parametrize("first", [rows().iloc[:0], rows(kind="credit_note", balance="-1", issued_on="")])
def test_a_frame_without_dates_settles_no_order(first: pd.DataFrame) -> None:
    assert read(given(first, rows(issued_on="13/04/2026")))["issued_on"].tolist()[-1] == date(2026, 4, 13)


# --- documents without a number -------------------------------------------------------------------------------------


def nameless(**columns: object) -> list[str]:
    plain = {"invoice_ref": "", "kind": "payment", "amount": "-50.00", "balance": "-50.00"}
    return list(read(given(rows(**(plain | columns))))["invoice_ref"])


def test_a_payment_without_a_number_gets_one_of_its_own() -> None:
    (ref,) = nameless()
    assert len(ref) == len("PAYMENT-") + 8
    assert ref.startswith("PAYMENT-")
    assert nameless(kind="credit_note")[0].startswith("CREDIT_NOTE-")


def test_such_a_number_does_not_depend_on_the_balance_or_the_decimals_written() -> None:
    assert nameless() == nameless(balance="-0.01") == nameless(amount="-50.0000")


@pytest.mark.parametrize(
    "change", [{"customer_name": "Bob"}, {"issued_on": "2026-04-08"}, {"amount": "-51.00"}], ids=str
)
def test_such_a_number_tells_documents_apart(change: dict[str, str]) -> None:
    assert nameless() != nameless(**change)


def test_equal_documents_without_a_number_get_different_ones() -> None:
    first, second = nameless(balance=["-50.00", "-20.00"])
    assert first != second
    assert first == nameless()[0]


def test_such_a_number_stays_when_other_rows_come_before_it() -> None:
    assert nameless(customer_name=["Bob", "Ada"])[1] == nameless()[0]


def test_such_a_number_goes_on_counting_over_frames() -> None:
    frame = rows(invoice_ref="", kind="payment", amount="-50", balance="-50")
    assert read(given(frame, frame))["invoice_ref"].nunique() == 2


# --- what spreadsheets do to exports ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "text"),
    [
        ("invoice_ref", "#N/A"),
        ("invoice_ref", "#REF!"),
        ("invoice_ref", "########"),
        ("customer_name", "#NAME?"),
        ("customer_name", "#BEZUG!"),
        ("customer_name", "#DIV/0!"),
    ],
)
def test_a_spreadsheet_error_is_neither_a_number_nor_a_name(column: str, text: str) -> None:
    assert f"{text!r} is a spreadsheet error" in problems(given(rows(**{column: text})))[1]


@pytest.mark.parametrize("ref", ["1.23E+15", "1,23457E+11", "5E+10"])
def test_a_number_that_a_spreadsheet_has_shortened_is_a_problem(ref: str) -> None:
    assert "format the column as text" in problems(given(rows(invoice_ref=ref)))[1]


@pytest.mark.parametrize(
    ("ref", "origin"),
    [
        ("Jan-26", "a.csv#2"),
        ("4-Mar", "a.csv#2"),
        ("04-Mar", "a.csv#2"),
        ("4. Okt", "a.csv#2"),
        ("14. Okt", "a.csv#2"),
        ("2026-03-04", "a.xlsx#2"),
        ("2026-03-04 00:00:00", "a.xlsx#2"),
    ],
)
def test_a_number_that_excel_turned_into_a_date_is_a_problem(ref: str, origin: str) -> None:
    found = problems(given(rows(invoice_ref=["INV-1", ref], origin=["a#1", origin])))
    assert f"{ref!r} is a date: a spreadsheet has turned the number into one" in found[1]
    assert found[0].startswith("1 value ")


@pytest.mark.parametrize("ref", ["JAN-26", "2026-03-04", "04-MARS", "Jan-2026-7", "2026-13-04"])
def test_a_number_that_only_looks_a_little_like_a_date_is_taken(ref: str) -> None:
    assert list(balances(read(given(rows(invoice_ref=[ref], origin=["a.csv#2"]))))) == [ref]


@pytest.mark.parametrize("ref", ["#1001", "#A-7", "E+E 5", "12E5", "1E-7", "Total-5", "TOTAL"])
def test_a_number_that_only_looks_a_little_like_that_is_taken(ref: str) -> None:
    assert list(balances(read(given(rows(invoice_ref=ref))))) == [ref]


@pytest.mark.parametrize("label", ["Total", "Grand total:", "TOTALS", "Summe", "Gesamtsumme", "Totaal"])
def test_a_row_of_totals_is_recognized(label: str) -> None:
    lines = problems(given(rows(invoice_ref=label, customer_name="", issued_on="")))
    assert any(f"{label!r} begins a row of totals" in line for line in lines)


def test_an_error_beside_an_amount_is_reported_once() -> None:
    assert len(problems(given(rows(balance="#REF!")))) == 2


def test_a_serial_number_of_excel_is_recognized() -> None:
    assert 'set dates = "excel"' in problems(given(rows(issued_on=["46119", "2026-04-07"]), dates="DMY"))[1]


@pytest.mark.parametrize("amounts", [["1.500"], ["1.500", "12"], ["-2.000", "999"]])
def test_a_point_that_may_group_thousands_is_a_problem_as_long_as_nothing_says_so(amounts: list[str]) -> None:
    assert "could be read as a thousand times as much" in problems(given(rows(balance=amounts, kind="invoice")))[1]


@pytest.mark.parametrize(
    ("amounts", "settings"),
    [(["1.500", "7.25"], {}), (["1.500", "1234.500"], {}), (["1.500"], {"currency": "KWD"}), (["1.500", "0.500"], {})],
    ids=["two decimals", "four digits before it", "a currency of three decimals", "a zero before it"],
)
def test_a_point_that_is_proven_to_be_the_decimal_one_is_taken(amounts: list[str], settings: dict[str, str]) -> None:
    currency = settings.get("currency", "GBP")
    assert Decimal("1.5") in set(balances(read(given(rows(balance=amounts, currency=currency)))).values())


@pytest.mark.parametrize(
    ("day", "said"),
    [("7/16/26", 'fit dates = "MDY"'), ("16/7/26", 'fit dates = "DMY"'), ("6/7/26", 'dates = "DMY" or dates = "MDY"')],
)
def test_a_two_digit_year_without_an_order_is_reported_with_the_orders_that_fit(day: str, said: str) -> None:
    assert problems(given(rows(issued_on=day)))[1].endswith(said)


@pytest.mark.parametrize("day", ["9999-12-31", "14/10/2569", "2099-12-31", date(9999, 12, 31)])
def test_a_year_beyond_reason_is_a_problem(day: object) -> None:
    said = problems(given(rows(due_on=day), dates="DMY"))[1]
    assert "has an implausible year: a placeholder, or a year of another calendar (2569" in said
    assert str(read(given(rows(due_on="2099-12-30")))["due_on"].iloc[0]) == "2099-12-30"


def test_a_bad_amount_from_elsewhere_than_a_file_is_to_be_made_a_number_at_its_source() -> None:
    found = problems(given(rows(balance="$1,234.50")))[1]
    assert "in SQL, CAST it AS numeric" in found
    assert "decimal =" not in found
