"""What a row of a file means: words, signs, numbers made of columns, totals, lines, instalments."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from arfeed import ConfigError, FileSettings
from arfeed.intake.explaining import release_all
from arfeed.intake.extract import Extract, extract
from arfeed.intake.transform import check_unique
from arfeed.model.arrow import fold
from arfeed_connectors.folder import Folder
from support.feeds.sources import HEADER, balances, explained, failure, folder, opened, problems, read

LIST = "No;Customer;Date;Open"
NAMED = {"invoice_ref": "No", "customer_name": "Customer", "issued_on": "Date", "balance": "Open"}
HOW = {"columns": NAMED, "currency": "EUR"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "open.csv"


def columns(**more: str) -> dict[str, str]:
    return {**HOW["columns"], **more}  # type: ignore[dict-item]


def whole(*sources: Folder) -> Extract:
    with release_all(sources):
        return extract(sources, lambda: datetime.now(UTC))


def notes(source: Folder) -> list[str]:
    return [*whole(source).reports[0].complete.notes]


def refused(**settings: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        FileSettings.model_validate({"path": "x.csv", **settings})
    return str(caught.value)


# --- words ----------------------------------------------------------------------------------------------------------


def test_words_of_a_status_are_read_as_the_settings_say(file: Path) -> None:
    lines = [
        HEADER + ",State",
        "1,Ada,GBP,2026-04-07,5,Sent ",
        "2,Bob,GBP,2026-04-07,0,SETTLED",
        "3,Cy,GBP,2026-04-07,7,void",
    ]
    values = {"status": {"sent": "open", "Settled": "paid"}}
    rows = read(folder(file, *lines, columns={"status": "State"}, values=values))
    assert rows["status"].tolist() == ["open", "paid", "void"]


def test_words_that_nothing_explains_are_listed_once_with_their_rows_and_with_what_to_set(file: Path) -> None:
    words = ["new", "late", "new", "open", "new"]
    lines = [f"{number},Ada,GBP,2026-04-07,5,{word}" for number, word in enumerate(words)]
    assert problems(folder(file, HEADER + ",status", *lines)) == [
        "4 values can't be taken, so nothing is delivered:",
        f"{file} line 2, column status: 'new' is not one of open, paid, void, draft (3 rows have it)",
        f"{file} line 3, column status: 'late' is not one of open, paid, void, draft",
        '… say in [sources.files] what such a word means: values.status = { "new" = "…" }; '
        "values.status = false leaves the column alone",
    ]


@pytest.mark.parametrize(
    ("name", "word", "meaning"),
    [("status", "Storniert", "void"), ("status", "anulado", "void"), ("status", "Sent", "open"),
     ("kind", "Gutschrift", "credit_note")],
)  # fmt: skip
def test_a_word_that_means_one_thing_in_every_program_is_refused_with_its_meaning(
    file: Path, name: str, word: str, meaning: str
) -> None:
    lines = problems(
        folder(file, f"{LIST};Word", f"1;Ada;2026-04-07;5;{word}", columns=columns(**{name: "Word"}), currency="EUR")
    )
    assert f'values.{name} = {{ "{word}" = "{meaning}" }}' in " ".join(lines)


def test_words_are_counted_over_all_frames_of_a_large_file(file: Path) -> None:
    lines = [f"{number},Ada,GBP,2026-04-07,5,{'odd' if number % 2 else 'open'},{'x' * 200}" for number in range(60_000)]
    said = problems(folder(file, HEADER + ",status,memo", *lines))
    assert said[1].endswith("'odd' is not one of open, paid, void, draft (30000 rows have it)")
    assert len(said) == 3


@pytest.mark.parametrize(("name", "word"), [("status", "Freigegeben"), ("kind", "RE"), ("currency", "Euro")])
def test_a_column_that_is_left_alone_says_nothing(file: Path, name: str, word: str) -> None:
    header = "invoice_ref,customer_name,issued_on,balance," + name
    source = folder(file, header, f"1,Ada,2026-04-07,5,{word}", values={name: False}, currency="EUR")
    row = read(source).iloc[0]
    assert (row["status"], row["kind"], row["currency"]) == ("open", "invoice", "EUR")


def test_a_currency_may_have_the_sources_own_word(file: Path) -> None:
    source = folder(file, HEADER, "1,Ada,Euro,2026-04-07,5", values={"currency": {"EURO": "EUR"}})
    assert read(source)["currency"].tolist() == ["EUR"]


def test_kinds_by_words_with_unsigned_credits_are_negative(file: Path) -> None:
    lines = [LIST + ";Type", "1;Ada;2026-04-07;50;INV", "2;Ada;2026-04-08;20;CRN", "3;Bob;2026-04-08;0;CRN"]
    words = {"kind": {"INV": "invoice", "CRN": "credit_note"}}
    how = {**HOW, "columns": columns(kind="Type"), "values": words}
    assert balances(read(folder(file, *lines, **how, credits_positive=True))) == {"1": 50, "2": -20, "3": 0}
    assert any("must be negative" in line for line in problems(folder(file, *lines, **how)))


def test_a_credit_that_is_negative_already_is_not_turned_into_a_debt(file: Path) -> None:
    lines = [LIST + ";Type", "2;Ada;2026-04-08;-20;credit_note"]
    source = folder(file, *lines, **{**HOW, "columns": columns(kind="Type")}, credits_positive=True)
    assert any("must be negative" in line for line in problems(source))


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"values": {"status": {"x": "settled"}}}, "a status is one of open, paid, void, draft"),
        ({"values": {"kind": {"x": "bill"}}}, "a kind is one of invoice, credit_note, payment"),
        ({"values": {"currency": {"x": "EURO"}}}, "a currency is one of ISO 4217 codes"),
        ({"values": {"state": {"x": "open"}}}, "'state' is not a column of an invoice"),
        ({"values": {"memo": {"x": "y"}}}, "memo can only be left alone"),
        ({"values": {"status": False}, "columns": {"status": "S"}}, "remove one of the two"),
        ({"columns": {"balance": "B", "debit": "D"}}, "name one of them"),
        ({"columns": {"credit": "C"}}, "name the column of debit as well"),
        ({"columns": {"paid": "P"}}, "name the column of amount"),
        ({"columns": {"customer_name": "{A}-{B}"}}, "only invoice_ref can be made of several columns"),
        ({"columns": {"debit": "D"}, "sign": {"column": "S", "negative": ["H"]}}, "already give the sign"),
        ({"sign": {"column": "S", "negative": []}}, "at least 1 item"),
    ],
)
def test_settings_that_contradict_themselves_are_refused(settings: dict[str, Any], why: str) -> None:
    assert why in refused(**settings)


def test_the_words_of_the_settings_also_tell_that_a_list_holds_what_is_closed(file: Path) -> None:
    lines = [HEADER + ",State", "1,Ada,GBP,2026-04-07,5,sent", "2,Bob,GBP,2026-04-07,0,settled"]
    values = {"status": {"sent": "open", "settled": "paid"}}
    source = folder(file, *lines, columns={"status": "State"}, values=values)
    assert whole(source).reports[0].complete.lists_closed


# --- signs ----------------------------------------------------------------------------------------------------------

SIGNED = [LIST + ";S/H", "1;Ada;2026-04-07;50;S", "2;Ada;2026-04-08;20;H", "3;Bob;2026-04-08;-5;S"]


@pytest.mark.parametrize("positive", [{}, {"positive": ["s"]}], ids=["inferred", "named"])
def test_a_column_may_hold_the_sign(file: Path, positive: dict[str, object]) -> None:
    source = folder(file, *SIGNED, **HOW, sign={"column": "S/H", "negative": ["h"], **positive})
    assert balances(read(source)) == {"1": 50, "2": -20, "3": -5}


def test_a_word_that_does_not_say_the_sign_is_refused(file: Path) -> None:
    sign = {"column": "S/H", "negative": ["H"]}
    assert "has 'S', 'X' beside" in failure(folder(file, *SIGNED, "4;Bob;2026-04-08;5;X", **HOW, sign=sign))
    named = problems(folder(file, *SIGNED, "4;Bob;2026-04-08;5;X", **HOW, sign={**sign, "positive": "S"}))
    assert named[1] == f"{file} line 5, column S/H: 'X' does not say the sign; name its words in `sign`"
    blank = problems(folder(file, *SIGNED, "4;Bob;2026-04-08;5;", **HOW, sign=sign))
    assert blank[1] == f"{file} line 5, column S/H: '' does not say the sign; name its words in `sign`"


def test_an_amount_that_is_negative_twice_is_refused(file: Path) -> None:
    source = folder(file, LIST + ";S/H", "1;Ada;2026-04-07;-50;H", **HOW, sign={"column": "S/H", "negative": ["H"]})
    assert "'-50' is negative already, and S/H marks it as negative too" in problems(source)[1].replace(
        "-50.0000", "-50"
    )


def test_a_column_of_signs_that_is_not_there_is_named(file: Path) -> None:
    source = folder(file, LIST, "1;Ada;2026-04-07;50", **HOW, sign={"column": "S/H", "negative": ["H"]})
    assert "there is no column 'S/H'; found No, Customer, Date, Open" in failure(source)


@pytest.mark.parametrize(
    ("heading", "owed", "lowers"),
    [
        ("Soll/Haben-Kennzeichen", "S", "H"), ("D/C", "D", "C"), ("dc indicator", "D", "C"), ("Dr/Cr", "Dr", "Cr"),
        ("Typ", "Debit", "Credit"), ("Kind of entry", "Soll", "Haben"), ("+/-", "+", "-"), ("Debe/Haber", "D", "H"),
    ],
)  # fmt: skip
def test_a_column_of_signs_that_no_setting_names_is_refused(file: Path, heading: str, owed: str, lowers: str) -> None:
    lines = [f"{LIST};{heading}", f"1;Ada;2026-04-07;50;{owed}", f"2;Ada;2026-04-08;20;{lowers}"]
    said = failure(folder(file, *lines, **HOW))
    assert said.startswith(f"{file} line 3: {heading} says {lowers!r}, and '20' has no sign")
    assert f'sign = {{ column = "{heading}", negative = ["{lowers}"] }}' in said
    assert balances(read(folder(file, *lines, **HOW, sign=False))) == {"1": 50, "2": 20}


@pytest.mark.parametrize(
    ("heading", "row"),
    [
        ("S/H", "2;Ada;2026-04-08;-20;H"), ("S/H", "2;Ada;2026-04-08;0.00;H"), ("S/H", "2;Ada;2026-04-08;20;X"),
        ("Delivery", "2;Ada;2026-04-08;20;H"), ("S/H", "2;Ada;2026-04-08;20 CR;H"),
    ],
)  # fmt: skip
def test_a_column_that_is_not_needed_for_the_sign_is_left_alone(file: Path, heading: str, row: str) -> None:
    assert len(read(folder(file, f"{LIST};{heading}", "1;Ada;2026-04-07;50;S", row, **HOW))) == 2


def test_debit_less_credit_is_what_is_owed(file: Path) -> None:
    lines = ["No;Customer;Date;Dr;Cr", "1;Ada;2026-04-07;50;", "2;Ada;2026-04-08;;20.50", "3;Bob;2026-04-08;9;2"]
    made = {"invoice_ref": "No", "customer_name": "Customer", "issued_on": "Date", "debit": "Dr", "credit": "Cr"}
    how = {"columns": made, "currency": "EUR"}
    assert balances(read(folder(file, *lines, **how))) == {"1": 50, "2": Decimal("-20.5"), "3": 7}
    assert "is not a balance" in problems(folder(file, *lines, "4;Bob;2026-04-08;;", **how))[1]
    assert problems(folder(file, *lines, "4;Bob;2026-04-08;x;", **how))[1].startswith(f"{file} line 5, column Dr: 'x'")


def test_amount_less_paid_is_what_is_owed(file: Path) -> None:
    lines = ["No;Customer;Date;Total;Paid", "1;Ada;2026-04-07;50;12.5", "2;Ada;2026-04-08;20;", "3;Bob;2026-04-08;9;9"]
    made = {"invoice_ref": "No", "customer_name": "Customer", "issued_on": "Date", "amount": "Total", "paid": "Paid"}
    how = {"columns": made, "currency": "EUR"}
    rows = read(folder(file, *lines, **how))
    assert balances(rows) == {"1": Decimal("37.5"), "2": 20, "3": 0}
    assert rows["amount"].tolist() == [50, 20, 9]
    assert "is not a balance" in problems(folder(file, *lines, "4;Bob;2026-04-08;;3", **how))[1]


def test_a_part_of_the_balance_in_another_currency_or_of_doubtful_thousands_is_a_problem(file: Path) -> None:
    made = {"invoice_ref": "No", "customer_name": "Customer", "issued_on": "Date", "debit": "Dr", "credit": "Cr"}
    how = {"columns": made, "currency": "EUR"}
    header = "No;Customer;Date;Dr;Cr"
    assert "column Dr: '$5' names a different" in problems(folder(file, header, "1;Ada;2026-04-07;$5;", **how))[1]
    assert (
        "column Cr: '1.500' could be read as a thou"
        in problems(folder(file, header, "1;Ada;2026-04-07;;1.500", **how))[1]
    )


@pytest.mark.parametrize("text", ["1.500 Dr", "+1.500", "1.500 EUR", "1.500-"])
def test_a_point_that_may_mean_thousands_is_doubted_in_every_notation(file: Path, text: str) -> None:
    assert (
        "could be read as a thousand times as much"
        in problems(folder(file, LIST, f"1;Ada;2026-04-07;{text}", **HOW))[1]
    )


NEGATIVE = [LIST, "1;Ada;2026-04-07;-50", "2;Bob;2026-04-08;-20", "3;Bob;2026-04-08;5"]


@pytest.mark.parametrize(
    ("others", "beside"), [(["12.50"], "12.50"), (["0.500", "7.5"], "7.5"), (["2.7500"], "2.7500")]
)
def test_three_digits_behind_a_point_beside_fewer_are_doubted(file: Path, others: list[str], beside: str) -> None:
    lines = [LIST, *(f"{number};Ada;2026-04-07;{text}" for number, text in enumerate(["1.500", *others]))]
    said = problems(folder(file, *lines, **HOW))[1]
    assert f"'1.500' could be read as a thousand times as much, beside {beside}; set decimal" in said
    assert balances(opened(folder(file, *lines, **HOW, decimal=".")))["0"] == Decimal("1.5")


def test_three_digits_behind_every_point_are_decimals_if_some_amount_proves_it(file: Path) -> None:
    lines = [LIST, "1;Ada;2026-04-07;1.500", "2;Ada;2026-04-07;0.250", "3;Ada;2026-04-07;12"]
    assert balances(opened(folder(file, *lines, **HOW)))["1"] == Decimal("1.5")


def test_debts_may_be_written_as_negative(file: Path) -> None:
    assert balances(read(folder(file, *NEGATIVE, **HOW, owed_is="negative"))) == {"1": 50, "2": 20, "3": -5}


def test_an_amount_follows_its_balance_when_that_is_turned(file: Path) -> None:
    lines = [LIST + ";Total", "1;Ada;2026-04-07;-50;-80", "2;Bob;2026-04-08;-20;30", "3;Cy;2026-04-08;0;-9"]
    source = folder(file, *lines, **{**HOW, "columns": columns(amount="Total")}, owed_is="negative")
    assert read(source)["amount"].tolist() == [80, 30, 9]


def test_a_source_whose_invoices_are_mostly_negative_is_noted_until_a_setting_says_how_debts_are_written(
    file: Path,
) -> None:
    (note,) = notes(folder(file, *NEGATIVE, **HOW))
    assert note.startswith("2 of 3 open invoices are negative")
    assert 'owed_is = "negative" in [sources.files]' in note
    assert notes(folder(file, *NEGATIVE, **HOW, owed_is="positive")) == []
    (note,) = notes(folder(file, *NEGATIVE, **HOW, owed_is="negative"))
    assert note.startswith("1 invoice has a balance below 0: 3, overpaid")
    (note,) = notes(folder(file, *NEGATIVE, "4;Cy;2026-04-08;1", **HOW))
    assert note.startswith("2 invoices have a balance below 0")


# --- numbers --------------------------------------------------------------------------------------------------------


def test_a_number_may_be_made_of_several_columns(file: Path) -> None:
    lines = ["Nr;Jahr;Customer;Date;Open", "7;2025;Ada;2025-04-07;5", "7;2026;Bob;2026-04-07;6"]
    source = folder(file, *lines, **{**HOW, "columns": columns(invoice_ref="{Nr}-{Jahr}")})
    rows = opened(source)
    assert rows["invoice_ref"].tolist() == rows["source_ref"].tolist() == ["7-2025", "7-2026"]
    check_unique(rows, fold(rows["invoice_ref"]))


def test_a_number_that_lacks_a_part_is_refused(file: Path) -> None:
    lines = ["Nr;Jahr;Customer;Date;Open", "7;;Ada;2025-04-07;5"]
    said = problems(folder(file, *lines, **{**HOW, "columns": columns(invoice_ref="{Nr}-{Jahr}")}))
    assert "column {Nr}-{Jahr}: '7-' lacks a part" in said[1]
    absent = failure(folder(file, *lines, **{**HOW, "columns": columns(invoice_ref="{Nr}-{Year}")}))
    assert "there is no column 'Year'" in absent


def test_a_kind_whose_numbers_others_have_too_gets_a_prefix(file: Path) -> None:
    lines = [
        LIST + ";Type",
        "1;Ada;2026-04-07;50;invoice",
        "1;Bob;2026-04-08;-20;credit_note",
        ";Cy;2026-04-08;-1;payment",
    ]
    source = folder(
        file, *lines, **{**HOW, "columns": columns(kind="Type")}, prefix={"credit_note": "CN-", "payment": "P"}
    )
    first, second, third = opened(source)["invoice_ref"]
    assert (first, second) == ("1", "CN-1")
    assert third.startswith("PAYMENT-")


def test_a_second_file_is_asked_by_the_numbers_that_are_made(tmp_path: Path) -> None:
    header = "Nr;Jahr;Customer;Date;Open;State"
    folder(tmp_path / "paid.csv", header, "7;2025;Ada;2025-04-07;0;settled", "8;2025;Ada;2025-04-07;0;settled")
    file = tmp_path / "open.csv"
    folder(file, header, "9;2025;Bob;2025-04-07;6;sent")
    settings = {
        **HOW,
        "columns": columns(invoice_ref="{Nr}-{Jahr}", status="State"),
        "path": str(file),
        "closed": str(tmp_path / "paid.csv"),
        "values": {"status": {"sent": "open", "settled": "paid"}},
        "prefix": {"invoice": "R"},
    }
    rows = explained(Folder("files", Folder.Settings.model_validate(settings)), ["R7-2025"])
    assert dict(zip(rows["invoice_ref"], rows["status"], strict=True))["R7-2025"] == "paid"


# --- totals, rules, groups ------------------------------------------------------------------------------------------

TWO = [LIST, "1;Ada;2026-04-07;50", "2;Bob;2026-04-08;20.25"]


@pytest.mark.parametrize(
    "total",
    [
        "Total;;;70.25", "Summe;;;70.25", ";Grand total:;;70.25", ";TOTAL EUR;;70.25", ";;;70.25", "Totals;;;70.25 EUR",
        "** ;;;70.25", "Gesamtsumme;;;70.25", "Σ;;;70.25",
        "2 invoices;;;70.25",
    ],
)  # fmt: skip
def test_a_row_of_totals_that_adds_up_is_the_control_of_its_file(file: Path, total: str) -> None:
    found = whole(folder(file, *TWO, total, **HOW))
    assert balances(found.open) == {"1": 50, "2": Decimal("20.25")}
    assert found.reports[0].complete.totals == {"EUR": Decimal("70.25")}


@pytest.mark.parametrize("total", ["Total;;;50", ";;;50", "Summe;;;70.26", ";Subtotal Ada;;50", "2 rows;;;50"])
def test_a_row_of_totals_that_does_not_add_up_stops_the_run(file: Path, total: str) -> None:
    said = failure(folder(file, *TWO, total, **HOW))
    assert said.startswith(f"{file} line 4: ")
    assert "is a row of totals" in said
    assert "rows of" in said
    assert "sum to 70.25" in said


def test_an_amount_that_stands_alone_among_documents_is_not_taken_for_their_total(file: Path) -> None:
    said = failure(folder(file, *TWO[:2], ";;;70.25", TWO[2], **HOW))
    assert said.startswith(f"{file} line 3: it has an amount, but no number, customer or date")


def test_a_row_of_totals_whose_amount_cannot_be_read_stops_the_run(file: Path) -> None:
    assert "without a balance that can be read ('7O.25')" in failure(folder(file, *TWO, "Total;;;7O.25", **HOW))


def test_totals_of_several_currencies_are_controls_of_their_own(file: Path) -> None:
    lines = [HEADER, "1,Ada,GBP,2026-04-07,5", "2,Bob,USD,2026-04-07,7", "Total,,GBP,,5"]
    made = whole(folder(file, *lines, "Total USD,,,,7"))
    assert made.reports[0].complete.totals == {"GBP": Decimal(5), "USD": Decimal(7)}
    assert "Total USD' is a row of totals, 8.00 USD" in failure(folder(file, *lines, "Total USD,,,,8"))
    mixed = whole(folder(file, *lines[:3], "Total,,,,12"))
    assert mixed.reports[0].complete.totals is None
    assert "sum to 12.00" in failure(folder(file, *lines[:3], "Total,,,,11"))


def test_a_total_that_is_printed_at_each_level_is_one_control(file: Path) -> None:
    source = folder(file, "Sub;" + LIST, *(f";{row}" for row in TWO[1:]), "*;;;;70.25", "**;;;;70.25", **HOW)
    assert whole(source).reports[0].complete.totals == {"EUR": Decimal("70.25")}


@pytest.mark.parametrize("grand", [("**;;;;70.25",), ()], ids=["with a grand total", "alone"])
def test_subtotals_that_add_up_to_all_rows_are_a_control(file: Path, grand: tuple[str, ...]) -> None:
    rows = [f";{TWO[1]}", "*;;Ada;;50", f";{TWO[2]}", "*;;Bob;;20.25", *grand]
    found = whole(folder(file, "Sub;" + LIST, *rows, **HOW))
    assert found.reports[0].complete.totals == {"EUR": Decimal("70.25")}
    assert len(found.rows) == 2


@pytest.mark.parametrize("left_out", [1, 3], ids=["a subtotal", "a subtotal's rows"])
def test_subtotals_that_do_not_add_up_to_all_rows_stop_the_run(file: Path, left_out: int) -> None:
    rows = [f";{TWO[1]}", f";{TWO[2]}", "*;;Ada;;50", "*;;Bob;;20.25", "**;;;;70.25"]
    said = failure(folder(file, "Sub;" + LIST, *rows[:left_out], *rows[left_out + 1 :], **HOW))
    assert "is a row of totals" in said
    assert "export without subtotals" in said


def test_subtotals_by_currency_are_controls_of_their_own(file: Path) -> None:
    rows = [
        *(";1;Ada;2026-04-01;50;EUR", ";2;Ada;2026-04-02;7;USD", "*;;Ada;;50;EUR", "*;;Ada;;7;USD"),
        *(";3;Bob;2026-04-03;20;EUR", "*;;Bob;;20;EUR", "**;;;;70;EUR", "**;;;;7;USD"),
    ]
    how = {"columns": NAMED | {"currency": "Cur"}}
    found = whole(folder(file, f"Sub;{LIST};Cur", *rows, **how))
    assert found.reports[0].complete.totals == {"EUR": Decimal(70), "USD": Decimal(7)}
    assert "'**' is a row of totals, 8.00 USD" in failure(
        folder(file, f"Sub;{LIST};Cur", *rows[:-1], "**;;;;8;USD", **how)
    )


def test_unnamed_totals_by_currency_below_a_list_are_controls_beside_the_currency_of_the_company(file: Path) -> None:
    rows = ["1;Ada;2026-04-01;50;EUR;50;EUR", "2;Ada;2026-04-02;7;USD;6.10;EUR"]
    how = {"columns": NAMED | {"currency": "Cur"}}
    header = f"{LIST};Cur;In local currency;Local currency"
    found = whole(folder(file, header, *rows, ";;;50;EUR;56.10;EUR", ";;;7;USD;;", **how))
    assert found.reports[0].complete.totals == {"EUR": Decimal(50), "USD": Decimal(7)}
    assert "is a row of totals, 8.00 USD" in failure(
        folder(file, header, *rows, ";;;50;EUR;56.10;EUR", ";;;8;USD;;", **how)
    )


@pytest.mark.parametrize(
    "row",
    [
        "Ergebnis;;;70.25", "2;;;70.25", "Σ 2;;;70.25", ";Owing at 09/04/2026:;;70.25", ";Te ontvangen;;70.25",
        ";Ada and Bob Total;;70.25", ";Alle Kunden - Summe:;;70.25",
    ],
)  # fmt: skip
def test_the_row_of_totals_below_a_table_is_known_by_its_place_and_sum(file: Path, row: str) -> None:
    assert len(opened(folder(file, *TWO, row, **HOW))) == 2
    assert "70.00" in failure(folder(file, *TWO, row.replace("70.25", "70.00"), **HOW))


def test_a_last_row_of_a_customer_without_number_and_date_is_neither_a_document_nor_the_total(file: Path) -> None:
    said = failure(folder(file, *TWO, ";Cleo;;9", **HOW))
    assert said.startswith(f"{file} line 4: 'Cleo' ends the list with 9.00, but without a number and a date")
    assert "nor the total of the 2 rows" in said
    # A customer who has other rows is one, whatever his amount.
    assert any("an invoice needs its number" in line for line in problems(folder(file, *TWO, ";Bob;;70.25", **HOW)))
    assert any(
        "an invoice needs its number" in line for line in problems(folder(file, *TWO, ";Cleo;;1", TWO[1], **HOW))
    )


def test_the_subtotal_of_a_customer_is_named_as_one(file: Path) -> None:
    said = failure(folder(file, TWO[0], TWO[1], ";Ada Subtotal;;50", TWO[2], ";Bob Subtotal;;20.25", **HOW))
    assert said.startswith(f"{file} line 3: 'Ada Subtotal' is a row of totals, 50.00")
    assert "export without subtotals" in said


def test_a_last_row_with_a_number_of_its_own_is_a_document_that_lacks_something(file: Path) -> None:
    assert any("the customer's name is required" in line for line in problems(folder(file, *TWO, "3;;;70.25", **HOW)))


@pytest.mark.parametrize("label", ["Offene Posten", "Current", "Saldo per 09.04.2026"])
def test_a_last_row_with_a_date_that_the_rows_above_add_up_to_is_no_invoice(file: Path, label: str) -> None:
    says = f"{label!r} ends the list, is not a number, and its balance, 70.25 EUR, is that of all rows above it"
    assert says in failure(folder(file, *TWO, f"{label};All;2026-04-09;70.25", **HOW))
    assert len(read(folder(file, *TWO, f"{label};All;2026-04-09;70.24", **HOW))) == 3
    assert len(read(folder(file, *TWO, "3;Bob;2026-04-09;70.25", **HOW))) == 3
    # Only where it ends its file.
    assert len(read(folder(file, *TWO, f"{label};All;2026-04-09;70.25", "4;Bob;2026-04-09;1", **HOW))) == 4


def test_a_last_row_that_is_called_a_total_is_no_invoice_whatever_its_amount(file: Path) -> None:
    said = failure(folder(file, *TWO, "Total;All;2026-04-09;39", **HOW))
    assert "'Total' ends the list, is not a number, and it has a balance of 39.00 EUR" in said


def test_a_total_counts_in_the_file_that_prints_it(tmp_path: Path) -> None:
    for name, rows in (("a", TWO[1:]), ("b", ["3;Cy;2026-04-09;4"])):
        total = sum(Decimal(row.rpartition(";")[2]) for row in rows)
        (tmp_path / f"{name}.csv").write_text("\n".join([LIST, *rows, f"Total;;;{total}"]) + "\n")
    both = Folder("files", Folder.Settings.model_validate({**HOW, "path": str(tmp_path / "*.csv"), "files": "all"}))
    assert whole(both).reports[0].complete.totals == {"EUR": Decimal("74.25")}


def test_a_total_follows_the_sign_that_the_settings_give(file: Path) -> None:
    source = folder(file, *NEGATIVE, "Total;;;-65", **HOW, owed_is="negative")
    assert whole(source).reports[0].complete.totals == {"EUR": Decimal(65)}
    signed = folder(file, *SIGNED, "Summe;;;25;", **HOW, sign={"column": "S/H", "negative": ["H"]})
    assert whole(signed).reports[0].complete.totals == {"EUR": Decimal(25)}


def test_a_customer_called_total_is_a_customer(file: Path) -> None:
    lines = [LIST + ";Type", "1;Total UK;2026-04-07;50;invoice", ";Total UK;;-5;payment"]
    assert len(opened(folder(file, *lines, **{**HOW, "columns": columns(kind="Type")}))) == 2


@pytest.mark.parametrize("rule", ["-----------------------", "=======", "----;------;----;----", "  ------------  "])
def test_rules_are_passed_over_and_lines_keep_their_numbers(file: Path, rule: str) -> None:
    lines = [rule, LIST, rule, *TWO[1:], rule]
    assert balances(opened(folder(file, *lines, **HOW, delimiter=";"))) == {"1": 50, "2": Decimal("20.25")}
    broken = problems(folder(file, *lines, "3;Cy;2026-04-09;x", **HOW, delimiter=";"))
    assert broken[1].startswith(f"{file} line 7, column Open: 'x'")


def test_a_rule_within_a_text_is_part_of_it(file: Path) -> None:
    lines = [LIST + ";Note", '1;Ada;2026-04-07;50;"above\n--------\nbelow"', "------------"]
    assert read(folder(file, *lines, **HOW))["Note"].tolist() == ["above\n--------\nbelow"]


def test_a_record_that_is_cut_is_still_found_beside_rules(file: Path) -> None:
    assert "it has 2 fields where the header has 4" in failure(folder(file, *TWO, "---------", "3;Cy", **HOW))


def test_a_report_in_groups_is_called_one(file: Path) -> None:
    lines = ["Customer;No;Date;Open", "Maple Dairy;;;", ";1;2026-04-07;50", ";CHQ 5;2026-04-09;-20"]
    said = failure(folder(file, *lines, **HOW))
    assert said.startswith(f"{file} line 2: 'Maple Dairy' stands alone in its row")
    assert "this report is grouped" in said


# --- several rows that are one document -----------------------------------------------------------------------------


def test_rows_that_agree_in_all_columns_in_use_are_one_document_and_noted(file: Path) -> None:
    lines = [LIST + ";Line", *(f"{row};20.00" for row in TWO[1:]), "1;Ada;2026-04-07;50.00;30.00"]
    source = folder(file, *lines, **HOW)
    assert balances(opened(source)) == {"1": 50, "2": Decimal("20.25")}
    assert len(opened(source)) == 2
    (note,) = notes(source)
    assert note.startswith("1 row repeated a document in all columns that are used and was taken once: 1;")


def test_overlapping_exports_are_taken_once(tmp_path: Path) -> None:
    for name, rows in (("a", TWO[1:]), ("b", [TWO[2], "3;Cy;2026-04-09;4"])):
        (tmp_path / f"{name}.csv").write_text("\n".join([LIST, *rows]) + "\n")
    both = Folder("files", Folder.Settings.model_validate({**HOW, "path": str(tmp_path / "*.csv"), "files": "all"}))
    assert balances(opened(both)) == {"1": 50, "2": Decimal("20.25"), "3": 4}
    assert "a.csv#3" in notes(both)[0]
    assert "b.csv#2" in notes(both)[0]


ITEMS = [LIST + ";Item", "1;Ada;2026-04-07;50;oak", "1;Ada;2026-04-07;50;elm"]


def test_rows_that_differ_only_in_a_column_that_is_not_used_are_asked_about(file: Path) -> None:
    said = failure(folder(file, *ITEMS, **HOW))
    assert f"{file} line 3: '1' agrees with {file} line 2 but for Item" in said
    assert "whether 50.00 is owed once or 2 times" in said


@pytest.mark.parametrize(("rows", "owed"), [("invoices", 50), ("lines", 50), ("instalments", 100)])
def test_a_setting_says_whether_rows_that_differ_in_nothing_used_add_up(file: Path, rows: str, owed: int) -> None:
    assert balances(opened(folder(file, *ITEMS, **HOW, rows=rows))) == {"1": owed}


def two_exports(folder: Path, *rows: str, **settings: object) -> Folder:
    """Exports of the same headings, a row each, the newest last."""
    for number, row in enumerate(rows):
        file = folder / f"{number}.csv"
        file.write_text("\n".join([LIST + ";Due;State", row]) + "\n")
        os.utime(file, (1_000_000_000 + number, 1_000_000_000 + number))
    how = {**HOW, "columns": columns(due_on="Due", status="State"), "files": "all", **settings}
    return Folder("files", Folder.Settings.model_validate({**how, "path": str(folder / "*.csv")}))


OWED = "1;Ada;2026-04-07;50;2026-05-07;open"


@pytest.mark.parametrize(
    ("newer", "state"),
    [
        ("1;Ada;2026-04-07;0;2026-05-21;paid", "paid"),
        ("1;Ada;2026-04-07;0;2026-05-21;open", "open with a balance of 0"),
        ("1;Ada;2026-04-07;50;2026-05-07;void", "void"),
    ],
)
def test_what_one_export_has_as_owed_and_another_as_closed_is_refused(tmp_path: Path, newer: str, state: str) -> None:
    for rows in ((OWED, newer), (newer, OWED)):
        said = failure(two_exports(tmp_path, *rows))
        assert f"'1' is owed with 50.00, and {tmp_path}" in said
        assert f"has it as {state}. If each export is a complete list" in said
    assert opened(two_exports(tmp_path, OWED, newer, files="newest", allow_empty=True)).empty


@pytest.mark.parametrize("other", ["2;Ada;2026-04-07;0;2026-05-21;paid", "1;Bob;2026-04-07;0;2026-05-21;paid"])
def test_closed_documents_of_other_exports_are_others(tmp_path: Path, other: str) -> None:
    assert balances(opened(two_exports(tmp_path, OWED, other))) == {"1": 50}


def test_documents_without_a_number_are_never_taken_for_one(file: Path) -> None:
    lines = [LIST + ";Type", *[";Ada;2026-04-07;-5;payment"] * 2]
    rows = opened(folder(file, *lines, **{**HOW, "columns": columns(kind="Type")}))
    assert rows["balance"].tolist() == [-5, -5]


def test_a_further_line_of_an_invoice_is_called_one(file: Path) -> None:
    said = failure(folder(file, LIST + ";Item", "1;Ada;2026-04-07;50;oak", ";;;;elm", **HOW))
    assert said.startswith(f"{file} line 3: it has no number, customer, date or balance, but Item 'elm'")
    assert 'rows = "lines"' in said


LINES = [
    LIST + ";Item",
    "1;Ada;2026-04-07;50;oak",
    ";;;;elm",
    "1;;;;ash",
    "2;Bob;2026-04-08;20;fir",
    "2;Bob;2026-04-08;20.00;yew",
]


def test_lines_become_their_invoice(file: Path) -> None:
    source = folder(file, *LINES, "Total;;;70;", **HOW, rows="lines")
    assert opened(source)[["invoice_ref", "customer_name", "balance"]].to_numpy().tolist() == [
        ["1", "Ada", 50],
        ["2", "Bob", 20],
    ]
    [note] = notes(source)
    assert note.startswith(
        "2 invoices have several lines, and the balance is taken once for each, such as 50.00 for 1;"
    )


def test_lines_that_end_one_frame_and_go_on_in_the_next_are_one_invoice(file: Path) -> None:
    lines = [row for number in range(20_000) for row in (f"{number};Ada;2026-04-07;50;{'x' * 200}", f";;;;{'y' * 200}")]
    assert len(opened(folder(file, LIST + ";Item", *lines, **HOW, rows="lines"))) == 20_000


@pytest.mark.parametrize("row", ["2;Bob;2026-04-08;21;yew", "2;Bo;2026-04-08;20;yew"])
def test_lines_that_disagree_are_refused_with_what_differs(file: Path, row: str) -> None:
    said = failure(folder(file, *LINES, row, **HOW, rows="lines"))
    assert said.startswith(f"{file} line 7: '2' has rows that disagree")
    assert f"it differs from {file} line 5 in " in said


def test_a_line_with_an_amount_and_no_number_is_a_problem(file: Path) -> None:
    said = " ".join(problems(folder(file, *LINES, ";;;3;yew", **HOW, rows="lines")))
    assert "is blank: an invoice needs its number" in said


def test_a_first_line_that_belongs_to_no_invoice_is_a_problem(file: Path) -> None:
    assert "is blank: an invoice needs its number" in " ".join(
        problems(folder(file, LIST + ";Item", ";;;;elm", "1;Ada;2026-04-07;50;oak", **HOW, rows="lines"))
    )


SCHEDULE = ["No;Customer;Date;Due;Amount;Open"]
BY_DATE = {**HOW, "columns": columns(due_on="Due", amount="Amount"), "rows": "instalments"}


def test_instalments_are_added_up_and_due_on_the_first_date_with_something_open(file: Path) -> None:
    lines = [
        *SCHEDULE,
        "1;Ada;2026-04-01;2026-07-01;300;300",
        "1;Ada;2026-04-01;2026-05-01;300;0",
        "1;Ada;2026-04-01;2026-06-01;300;120.5",
        "2;Bob;2026-04-02;2026-05-02;80;80",
    ]
    rows = opened(folder(file, *lines, "Total;;;;;500.5", **BY_DATE))
    assert rows[["invoice_ref", "amount", "balance", "due_on"]].to_numpy().tolist() == [
        ["1", 900, Decimal("420.5"), date(2026, 6, 1)],
        ["2", 80, 80, date(2026, 5, 2)],
    ]


def test_a_total_that_every_instalment_repeats_is_not_added_up(file: Path) -> None:
    lines = [*SCHEDULE, "1;Ada;2026-04-01;2026-05-01;900;300", "1;Ada;2026-04-01;2026-06-01;900;300"]
    assert opened(folder(file, *lines, **BY_DATE))[["amount", "balance"]].to_numpy().tolist() == [[900, 600]]


def test_instalments_that_may_be_counted_twice_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    row = "1;Ada;2026-04-01;2026-05-01;300;300"
    assert "two instalments that agree in all columns" in failure(folder(file, *SCHEDULE, row, row, **BY_DATE))
    folder(file, *SCHEDULE, row)
    (tmp_path / "b.csv").write_text("\n".join([*SCHEDULE, row]) + "\n")
    both = {**BY_DATE, "path": str(tmp_path / "*.csv"), "files": "all"}
    twice = Folder("files", Folder.Settings.model_validate(both))
    assert balances(opened(twice)) == {"1": 300}
    assert "taken once" in notes(twice)[0]
    (tmp_path / "b.csv").write_text("\n".join([*SCHEDULE, "1;Ada;2026-04-01;2026-05-01;300;100"]) + "\n")
    assert "may be counted twice" in failure(Folder("files", Folder.Settings.model_validate(both)))


def test_instalments_of_different_customers_are_refused(file: Path) -> None:
    lines = [*SCHEDULE, "1;Ada;2026-04-01;2026-05-01;300;300", "1;Bob;2026-04-01;2026-06-01;300;300"]
    said = failure(folder(file, *lines, **BY_DATE))
    assert "'1' has instalments that disagree" in said
    assert "customer_name (Ada and Bob)" in said


# --- PDFs -----------------------------------------------------------------------------------------------------------


def test_several_templates_are_tried_in_their_order(tmp_path: Path) -> None:
    from arfeed.documents.finding import find

    source = folder(
        tmp_path / "open.csv",
        *TWO,
        **HOW,
        documents=[str(tmp_path / "pdf/Invoice {invoice_ref}.pdf"), str(tmp_path / "old/{invoice_ref}.pdf")],
    )
    for name in ("pdf/Invoice 1.pdf", "old/1.pdf", "old/2.pdf"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
    found = find([source], opened(source), tmp_path)
    assert {ref: content() for (_, ref), content in found.readers.items()} == {
        "1": b"pdf/Invoice 1.pdf",
        "2": b"old/2.pdf",
    }


@pytest.mark.parametrize(
    ("heading", "owed", "lowers"),
    [
        ("Debet/Credit", "Debet", "Credit"),
        ("D/H", "D", "H"),
        ("MD/D", "MD", "D"),
        ("Debet/Krediet", "debet", "krediet"),
    ],
)
def test_a_column_of_signs_is_known_by_a_heading_that_names_both(
    file: Path, heading: str, owed: str, lowers: str
) -> None:
    lines = [f"{HEADER},{heading}", f"1,Ada,GBP,2026-04-07,5,{owed}", f"2,Bob,GBP,2026-04-07,7,{lowers}"]
    assert f'negative = ["{lowers}"]' in failure(folder(file, *lines))


@pytest.mark.parametrize(("heading", "words"), [("Y/N", ["Y", "N"]), ("Open/Late", ["Open", "Late"])])
def test_a_column_of_yes_and_no_is_no_sign(file: Path, heading: str, words: list[str]) -> None:
    rows = [f"{number},Ada,GBP,2026-04-07,5,{word}" for number, word in enumerate(words, 1)]
    assert len(opened(folder(file, f"{HEADER},{heading}", *rows))) == len(words)


def test_what_is_taken_off_must_not_be_negative_in_every_row(file: Path) -> None:
    lines = ["No,Customer,Currency,Day,Debit,Credit", "1,Ada,GBP,2026-04-07,12,-2", "2,Bob,GBP,2026-04-07,,-1"]
    plain = {"invoice_ref": "No", "customer_name": "Customer", "currency": "Currency", "issued_on": "Day"}
    both = {"debit": "Debit", "credit": "Credit"}
    assert "is negative in every row" in failure(folder(file, *lines, columns={**plain, **both}))


def test_lines_that_took_the_balance_once_are_noted(file: Path) -> None:
    lines = [HEADER, "1,Ada,GBP,2026-04-07,45", "1,Ada,GBP,2026-04-07,45", "2,Bob,GBP,2026-04-07,7"]
    assert any(
        "the balance is taken once for each, such as 45" in note for note in notes(folder(file, *lines, rows="lines"))
    )


# --- spellings for spreadsheets -------------------------------------------------------------------------------------


@pytest.mark.parametrize("written", ['="00123"', '"=""00123"""', "'00123", '"=""00123"" "'])
def test_a_number_that_is_spelled_for_spreadsheets_goes_out_as_it_is_meant(file: Path, written: str) -> None:
    source = folder(file, LIST, f"{written};Ada;2026-04-07;5", "7;Bo;2026-04-07;6", **HOW)
    assert balances(opened(source)) == {"00123": 5, "7": 6}
    (note,) = notes(source)
    assert note.startswith("1 value of 'No' is wrapped for spreadsheets, such as ")
    assert note.endswith("; read as 00123")


def test_amounts_and_formulas_that_were_made_harmless_are_read_as_they_are_meant(file: Path) -> None:
    row = opened(folder(file, LIST, """1;'=Ada;="2026-04-07";'-5.50""", **HOW)).iloc[0]
    assert (row["customer_name"], row["issued_on"], row["balance"]) == ("=Ada", date(2026, 4, 7), Decimal("-5.5"))


@pytest.mark.parametrize("name", ["'t Hof BV", "'70s Records", '="a" & "b"', "=A1"])
def test_names_with_an_apostrophe_and_formulas_are_left_as_they_are(file: Path, name: str) -> None:
    source = folder(file, LIST, f"1;{name};2026-04-07;5", **HOW)
    assert opened(source)["customer_name"].tolist() == [name]
    assert notes(source) == []


def test_a_second_file_may_spell_its_numbers_for_spreadsheets(tmp_path: Path) -> None:
    (tmp_path / "paid.csv").write_text('No;Customer;Date;Open\n="001";Ada;2026-04-07;0\n')
    source = Folder(
        "files",
        Folder.Settings.model_validate(
            {**HOW, "path": str(tmp_path / "open.csv"), "closed": str(tmp_path / "paid.csv")}
        ),
    )
    folder(tmp_path / "open.csv", LIST, "2;Ada;2026-04-07;5")
    rows = explained(source, ["001"])
    assert dict(zip(rows["invoice_ref"], rows["status"], strict=True)) == {"001": "paid"}


@pytest.mark.parametrize("settings", [{"credits_positive": True}, {"prefix": {"payment": "P-"}}])
def test_settings_about_credits_need_a_column_that_tells_them_apart(file: Path, settings: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=r"no column says which rows these are; name it in columns\.kind"):
        opened(folder(file, *TWO, **HOW, **settings))
    assert len(opened(folder(file, *TWO, **HOW, prefix={"invoice": "R-"}))) == 2


# --- totals in the place of balances ---------------------------------------------------------------------------------


BILLED = ["1;Ada;2026-04-07;5.00;sent", "2;Ada;2026-04-08;2.00;paid", "3;Bo;2026-04-09;3.00;void"]


def test_what_is_paid_or_void_owes_nothing_where_the_balance_is_the_total(file: Path) -> None:
    how: dict[str, Any] = {**HOW, "columns": columns(status="State"), "values": {"status": {"sent": "open"}}}
    said = " ".join(problems(folder(file, LIST + ";State", *BILLED, **how)))
    assert "'2.00' is still owed, though the status says paid" in said
    assert 'balance_is = "total" if the column holds what was billed' in said
    rows = read(folder(file, LIST + ";State", *BILLED, **how, balance_is="total"))
    assert [str(balance) for balance in rows["balance"]] == ["5.0000", "0.0000", "0.0000"]
    assert [str(amount) for amount in rows["amount"]] == ["5.0000", "2.0000", "3.0000"]
