"""What makes the reading of a file doubtful: columns that nobody has named, and values that do not go together."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from arfeed.intake.explaining import release_all
from arfeed.intake.extract import Extract, extract
from arfeed.model.results import Doubt
from support.feeds.sources import folder

LIST = "No;Customer;Date;Open"
HOW: dict[str, Any] = {
    "columns": {"invoice_ref": "No", "customer_name": "Customer", "issued_on": "Date", "balance": "Open"},
    "currency": "EUR",
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "open.csv"


def doubts(file: Path, *lines: str, **settings: Any) -> tuple[str, ...]:
    source = folder(file, *lines, **{**HOW, **settings})
    with release_all([source]):
        read = extract([source], lambda: datetime.now(UTC))
    return tuple(doubt.said for doubt in read.doubts(read.reports[0]))


def beside(file: Path, heading: str, *words: str, **settings: Any) -> tuple[str, ...]:
    """The doubts about a list with a column that is not used, with a word for each row of it."""
    rows = [f"{number};Ada;2026-04-07;{number}5.00;{word}" for number, word in enumerate(words, 1)]
    return doubts(file, f"{LIST};{heading}", *rows, **settings)


@pytest.mark.parametrize(
    ("heading", "words"),
    [
        ("Invoice status", ("Bokförd", "Makulerad")),
        ("State", ("new", "old")),
        ("Läge", ("Obetald", "Betald", "Annullerad")),
        ("Zustand", ("offen", "bezahlt")),
        ("Situation", ("impayée", "réglée")),
        ("Situación", ("pendiente", "cobrada")),
        ("Condizione", ("aperta", "stornata")),
        ("Toestand", ("openstaand", "voldaan")),
        ("Situação", ("em aberto", "liquidada")),
        ("Paid", ("no", "yes")),
        ("Is open", ("yes", "no")),
        ("Stage", ("Issued", "Settled", "Reversed")),
        ("Sts", ("O", "V")),
        ("Posted", ("Y", "N")),
        ("Flag", ("O", "O", "V")),
        ("Phase", ("dunning", "legal", "Written off")),
        ("Phase", ("reminder 2", "lawyer", "closed")),
        ("Active", ("true", "false")),
        ("Progress", ("not started", "100% paid")),
        ("Invoice stage", ("Sent", "Rejected")),
        ("Approval status", ("Genehmigt", "Abgelehnt")),
        ("Bokförd", ("Ja", "Nej")),
        ("Geboekt", ("ja", "nee")),
        ("Contabilizada", ("Sí", "No")),
        ("Comptabilisée", ("oui", "non")),
    ],
)
def test_a_status_that_is_not_read_is_named_with_the_words_of_what_is_owed(
    file: Path, heading: str, words: tuple[str, ...]
) -> None:
    (doubt,) = beside(file, heading, *words)
    assert f"the column {heading!r} is not mapped, but has" in doubt
    assert f"{words[-1]!r} (1 row)" in doubt
    assert f'columns.status = "{heading}"' in doubt


def test_words_that_all_mean_open_and_a_status_that_is_read_raise_no_doubt(file: Path) -> None:
    assert beside(file, "State", "Bokförd", "overdue", "Versendet") == ()
    read = {"columns": {**HOW["columns"], "status": "State"}, "values": {"status": {"x": "open"}}}
    assert beside(file, "State", "x", "x", **read) == ()


def test_beside_a_status_that_is_read_only_words_that_nothing_is_owed_are_named(file: Path) -> None:
    read = {"columns": {**HOW["columns"], "status": "Payment status"}}
    rows = ["1;Ada;2026-04-07;5;open;Cancelled", "2;Ada;2026-04-07;6;open;new", "3;Ada;2026-04-07;0;paid;Cancelled"]
    (doubt,) = doubts(file, f"{LIST};Payment status;Status", *rows, **read)
    assert "the column 'Status' is not mapped, but has 'Cancelled' (1 row) in rows that would be reported" in doubt


@pytest.mark.parametrize(
    ("heading", "words"),
    [
        ("Archived", ("N", "Y")),
        ("Pro forma", ("no", "yes")),
        ("Is credit", ("N", "Y")),
        ("Written off", ("no", "yes")),
        ("Gelöscht", ("", "x")),
        ("is_return", ("0", "1")),
        ("Kreditert", ("nei", "ja")),
        ("Gecrediteerd", ("nee", "ja")),
        ("Opłacona", ("nie", "tak")),
        ("Utkast", ("Nej", "Ja")),
    ],
)
def test_a_flag_that_is_raised_is_named(file: Path, heading: str, words: tuple[str, ...]) -> None:
    (doubt,) = beside(file, heading, *words)
    assert f"the column {heading!r} is not mapped, but has {words[1]!r} (1 row) in rows that would be reported" in doubt
    assert beside(file, heading, words[0], words[0]) == ()
    assert beside(file, "Printed", *words) == ()


def test_a_balance_that_is_one_side_of_two_is_named(file: Path) -> None:
    named = {"columns": {**HOW["columns"], "balance": "Betrag Soll"}, "currency": "EUR"}
    header = "No;Customer;Date;Betrag Soll;Betrag Haben"
    (doubt,) = doubts(file, header, "1;Ada;2026-04-07;5;0", "2;Ada;2026-04-07;0;7", **named)
    assert 'Set columns.debit = "Betrag Soll" and columns.credit = "Betrag Haben"' in doubt
    assert doubts(file, header, "1;Ada;2026-04-07;5;0", "2;Ada;2026-04-07;6;0", **named) == ()


@pytest.mark.parametrize(
    ("heading", "words"),
    [
        ("Art", ("Rechnung", "Gutschrift")),
        ("Typ", ("Faktura", "Inbetalning")),
        ("What", ("Invoice", "Credit Note", "Payment")),
        ("Document type", ("ACCREC", "ACCPAY")),
    ],
)
def test_a_kind_that_is_not_read_is_named_with_what_would_be_a_debt(
    file: Path, heading: str, words: tuple[str, ...]
) -> None:
    (doubt,) = beside(file, heading, *words)
    assert f"the column {heading!r} is not mapped, but has {words[1]!r} (1 row)" in doubt
    assert f'columns.kind = "{heading}"' in doubt


def test_credits_that_have_their_sign_raise_no_doubt(file: Path) -> None:
    rows = ["1;Ada;2026-04-07;5;Rechnung", "2;Ada;2026-04-07;-5;Gutschrift"]
    assert doubts(file, f"{LIST};Art", *rows) == ()


@pytest.mark.parametrize(
    ("heading", "words", "negative"),
    [
        ("Seite", ("S", "H"), '["H"]'),
        ("X", ("D", "C"), '["C"]'),
        ("Posting key", ("01", "11", "15"), '["11", "15"]'),
        ("BSchl", ("1", "15"), '["15"]'),
    ],
)
def test_letters_and_posting_keys_that_may_be_signs_are_named(
    file: Path, heading: str, words: tuple[str, ...], negative: str
) -> None:
    (doubt,) = beside(file, heading, *words)
    assert f'Set sign = {{ column = "{heading}", negative = {negative} }}, or sign = false' in doubt
    assert beside(file, heading, *words, sign=False) == ()


@pytest.mark.parametrize(
    ("heading", "words"),
    [("Terms", ("10", "14")), ("Month", ("03", "11")), ("Posting key", ("01", "40")), ("Group", ("A", "B"))],
)
def test_other_codes_raise_no_doubt(file: Path, heading: str, words: tuple[str, ...]) -> None:
    assert beside(file, heading, *words) == ()


@pytest.mark.parametrize(("heading", "code"), [("Balance (USD)", "EUR"), ("Open £", "EUR"), ("USD due", "GBP")])
def test_a_heading_that_names_another_currency_is_named(file: Path, heading: str, code: str) -> None:
    named = {"columns": {**HOW["columns"], "balance": heading}, "currency": code}
    (doubt,) = doubts(file, f"No;Customer;Date;{heading}", "1;Ada;2026-04-07;5", **named)
    assert f"the heading {heading!r} names a different currency from {code}, in which 1 row is read" in doubt


@pytest.mark.parametrize(("heading", "code"), [("Balance (EUR)", "EUR"), ("Open $", "AUD"), ("DUE FOR PAYMENT", "EUR")])
def test_a_heading_that_names_the_currency_or_none_raises_no_doubt(file: Path, heading: str, code: str) -> None:
    named = {"columns": {**HOW["columns"], "balance": heading}, "currency": code}
    assert doubts(file, f"No;Customer;Date;{heading}", "1;Ada;2026-04-07;5", **named) == ()


def test_balances_in_the_companys_currency_beside_several_are_named(file: Path) -> None:
    named = {"columns": {**HOW["columns"], "balance": "Balance (LCY)", "currency": "Cur"}}
    rows = ["1;Ada;2026-04-07;5;EUR", "2;Ada;2026-04-07;5;USD"]
    (doubt,) = doubts(file, "No;Customer;Date;Balance (LCY);Cur", *rows, **named)
    assert "the column 'Balance (LCY)' seems to be in the company's own currency, and the rows are in EUR, USD" in doubt


def test_a_balance_that_runs_on_is_named(file: Path) -> None:
    rows = ["1;Ada;2026-04-07;100.00;100;", "2;Ada;2026-04-08;150;50;", "3;Ada;2026-04-09;120;;30"]
    (doubt,) = doubts(file, f"{LIST};Debit;Credit", *rows)
    assert doubt.startswith("the column 'Open' runs on by Debit and Credit from row to row")
    signed = [f"{row};{sign}" for row, sign in zip(rows, "SSH", strict=True)]
    sign = {"column": "S/H", "negative": ["H"]}
    assert doubts(file, f"{LIST};Debit;Credit;S/H", *signed, sign=sign)[0].startswith("the column 'Open' runs on")


def test_days_that_agree_with_three_balances_by_chance_move_nothing(file: Path) -> None:
    rows = ["1;Ada;2026-04-07;30;30", "2;Ada;2026-04-08;60;30", "3;Bo;2026-04-09;90;30"]
    assert not doubts(file, f"{LIST};Terms", *rows)
    assert "runs on by Terms" in doubts(file, f"{LIST};Terms", *rows, "4;Bo;2026-04-10;120;30")[0]
    assert "runs on by Charges" in doubts(file, f"{LIST};Charges", *rows)[0]


def test_invoices_that_are_due_before_their_day_are_counted(file: Path) -> None:
    named = {"columns": {**HOW["columns"], "due_on": "Due"}}
    rows = ["1;Ada;2026-04-07;5;2026-03-07", "2;Ada;2026-04-07;5;2026-05-07", "3;Ada;2026-04-07;0;2026-03-07"]
    (doubt,) = doubts(file, f"{LIST};Due", *rows, **named)
    assert doubt.startswith("1 of 2 open invoices is due before the invoice date: 1 (2026-03-07, of 2026-04-07).")


def test_invoices_from_before_most_books_are_counted(file: Path) -> None:
    (doubt,) = doubts(file, LIST, "1;Ada;07.04.69;5", "2;Ada;07.04.26;5", dates="DMY")
    assert doubt.startswith("1 open document is from before 1990, such as 1, dated 1969-04-07.")


@pytest.mark.parametrize("letters", ["CN", "SCN"])
def test_unsigned_credits_that_only_their_numbers_tell_are_named(file: Path, letters: str) -> None:
    rows = ["INV-1;Ada;2026-04-07;5.00", f"{letters}-1;Ada;2026-04-08;2.00", "INV-2;Bo;2026-04-09;3.00"]
    (doubt,) = doubts(file, LIST, *rows)
    assert (
        f"'{letters}' (1 row) begins numbers that would be reported as debts, as it does those of credit notes" in doubt
    )
    assert "columns.kind" in doubt


@pytest.mark.parametrize(
    "rows",
    [
        ["CN-1;Ada;2026-04-07;5.00", "CN-2;Ada;2026-04-08;2.00"],  # the letters of a company
        ["INV-1;Ada;2026-04-07;5.00", "CN-1;Ada;2026-04-08;-2.00", "INV-2;Bo;2026-04-09;3.00"],  # signed
        ["2026-1;Ada;2026-04-07;5.00", "2026-2;Ada;2026-04-08;2.00"],
    ],
    ids=["all", "signed", "digits"],
)
def test_the_letters_of_numbers_raise_no_doubt_otherwise(file: Path, rows: list[str]) -> None:
    assert doubts(file, LIST, *rows) == ()


def test_balances_without_decimals_may_be_in_cents(file: Path) -> None:
    rows = [f"{number};Ada;2026-04-07;{number}2345" for number in range(1, 5)]
    (doubt,) = doubts(file, LIST, *rows, currency="USD")
    assert (
        "none of the 4 open balances has decimals, the largest being 42,345 USD: if the file has them in cents" in doubt
    )
    assert doubts(file, LIST, *rows, currency="JPY") == ()
    assert doubts(file, LIST, *rows, "5;Ada;2026-04-07;1.190.000", currency="COP", decimal=",") == ()
    assert doubts(file, LIST, *rows, "5;Ada;2026-04-07;99") == ()
    assert doubts(file, LIST, *rows, "5;Ada;2026-04-07;500.00") == ()
    assert doubts(file, LIST, *rows, "5;Ada;2026-04-07;0,00", decimal=",") == ()
    assert doubts(file, LIST, *rows[:2]) == ()
    # What is paid counts as well.
    status = {**HOW["columns"], "status": "State", "amount": "Sum"}
    paid = [f"{row};7500;open" for row in rows[:2]] + ["7;Ada;2026-04-07;0;9900;paid"]
    (doubt,) = doubts(file, f"{LIST};Sum;State", *paid, columns=status)
    assert "none of the 2 open balances has decimals" in doubt


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Deposit received", "a payment"), ("Payment on account", "a payment"), ("Anzahlung Auftrag 7", "a payment"),
        ("Acompte reçu", "a payment"), ("On account", "a payment"), ("Unallocated cash", "a payment"),
        ("Credit note for 4999", "a credit note"), ("Nota de crédito 12", "a credit note"),
        ("Paid 20/11 by bank", "paid, void or written off"), ("CANCELLED - lost", "paid, void or written off"),
        ("Written-off", "paid, void or written off"), ("réglé par chèque", "paid, void or written off"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("few", [True, False], ids=["few", "many"])
def test_a_text_that_calls_a_debt_a_credit_is_named_in_lists_of_any_length(
    file: Path, text: str, kind: str, few: bool
) -> None:
    texts = [*(f"Order {number}" for number in range(2 if few else 31)), text]
    (doubt,) = beside(file, "Text", *texts)
    assert f"calls 1 of the rows that would be reported as debts {kind}, such as {text!r}" in doubt
    memo = {**HOW["columns"], "memo": "Text"}
    (same,) = beside(file, "Text", *texts, columns=memo)
    assert same.startswith("the column 'Text' calls 1 of the rows")


@pytest.mark.parametrize(
    "text",
    [
        "Anzahlungsrechnung 7", "Facture d'acompte", "Receipts printer", "Payment terms 30", "will be paid", "Voids",
        "Zahlung innerhalb 30 Tagen", "Zahlung sofort ohne Abzug", "Règlement à 30 jours", "Pagamento 60 giorni",
        "Paiement par virement", "Betaling binnen 14 dagen", "Betaling: 8 dage netto",
    ],
)  # fmt: skip
def test_a_text_that_says_something_else_of_payments_raises_no_doubt(file: Path, text: str) -> None:
    assert beside(file, "Text", "Order 1", "Order 2", text) == ()


@pytest.mark.parametrize("heading", ["Zahlungsbedingung", "Terms", "Payment method", "Conditions", "Betaalwijze"])
def test_a_column_of_terms_calls_no_debt_a_payment(file: Path, heading: str) -> None:
    assert beside(file, heading, "30", "On account", "Vorauszahlung") == ()
    (doubt,) = beside(file, "Booking text", "30", "On account", "Vorauszahlung")
    assert "calls 2 of the rows" in doubt


def test_a_payment_that_came_by_a_bank_is_still_named(file: Path) -> None:
    (doubt,) = beside(file, "Text", "Order 1", "Order 2", "Deposit received by bank")
    assert "a payment" in doubt


def test_a_free_text_that_calls_a_debt_a_credit_note_is_named(file: Path) -> None:
    texts = [*(f"Order {number}" for number in range(31)), "Gutschrift zu 7"]
    (doubt,) = beside(file, "Text", *texts)
    assert (
        "the column 'Text' is not mapped, but calls 1 of the rows that would be reported as debts a credit note"
    ) in doubt
    assert "'Gutschrift zu 7'" in doubt


@pytest.mark.parametrize(
    "heading",
    [
        *("amount_due_cents", "Open (TEUR)", "Balance in thousands", "Balance ('000)", "Open k€", "Saldo (tis. Kč)"),
        *(
            "Saldo w tys. zł",
            "Долг, тыс. руб.",
            "残高（千円）",
            "应收(万元)",
            "Outstanding (Rs. lakhs)",
            "Bakiye (bin TL)",
        ),
    ],
)
def test_amounts_in_other_units_are_named(file: Path, heading: str) -> None:
    columns = {**HOW["columns"], "balance": heading}
    (doubt,) = doubts(file, f"No;Customer;Date;{heading}", "1;Ada;2026-04-07;500", columns=columns)
    assert f"the column {heading!r} seems to hold amounts in" in doubt


@pytest.mark.parametrize(
    ("heading", "entry"),
    [("Deleted at", "2026-04-09"), ("Reversal doc", "900017"), ("Stornodatum", "09.04.2026"), ("Written off", "5.00")],
)
def test_what_took_some_of_the_debts_back_is_named(file: Path, heading: str, entry: str) -> None:
    (doubt,) = beside(file, heading, entry, "")
    assert f"the column {heading!r} is not mapped, but has an entry in 1 row that would be reported as owed" in doubt
    assert beside(file, heading, "0.00", "") == ()
    assert beside(file, heading, entry, entry) == ()


SETTLED = ["1;Ada;2026-04-07;5.00;2000017", "2;Ada;2026-04-08;6.00;"]


@pytest.mark.parametrize("heading", ["Clearing Document", "Lettrage", "Ausgleichsbeleg", "Date paid", "Receipt date"])
def test_an_entry_of_what_settled_an_invoice_beside_its_balance_is_named(file: Path, heading: str) -> None:
    (doubt,) = doubts(file, f"{LIST};{heading}", *SETTLED)
    assert f"the column {heading!r} is not mapped, but has an entry in 1 row that would be reported as owed" in doubt


def test_no_entry_a_payment_in_part_and_a_status_that_is_read_raise_no_doubt_of_that(file: Path) -> None:
    assert doubts(file, f"{LIST};Clearing Document", "1;Ada;2026-04-07;5.00;0", "2;Ada;2026-04-08;6.00;No") == ()
    part = {"columns": {**HOW["columns"], "amount": "Total"}}
    assert doubts(file, f"{LIST};Total;Date paid", "1;Ada;2026-04-07;5.00;9.00;2026-04-08", **part) == ()
    stated = {"columns": {**HOW["columns"], "status": "Status"}}
    assert doubts(file, f"{LIST};Status;Date paid", "1;Ada;2026-04-07;5.00;open;2026-04-08", **stated) == ()


def test_invoices_that_are_mostly_negative_are_a_doubt_until_a_setting_says_what_that_means(file: Path) -> None:
    rows = ["1;Ada;2026-04-07;-5.00", "2;Ada;2026-04-08;-2.00", "3;Bo;2026-04-09;3.00"]
    (doubt,) = doubts(file, LIST, *rows)
    assert 'set owed_is = "negative" in [sources.' in doubt
    assert doubts(file, LIST, *rows, owed_is="negative") == ()
    assert doubts(file, LIST, *rows, owed_is="positive") == ()


def test_amounts_in_a_column_called_like_a_flag_are_no_status(file: Path) -> None:
    assert beside(file, "Paid", "0.00", "0.00") == ()


def test_reading_for_a_later_delivery_does_not_look_for_doubts(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []

    def look(*_: object, **__: object) -> tuple[()]:
        looked.append("looked")
        return ()

    monkeypatch.setattr("arfeed.intake.extract.find_doubts", look)
    source = folder(file, LIST, "1;Ada;2026-04-07;5.00", **HOW)
    with release_all([source]):
        read = extract([source], lambda: datetime.now(UTC))
    assert looked == []
    assert read.doubts(read.reports[0]) == ()
    assert looked == ["looked"]


def test_amounts_of_lines_that_would_be_taken_once_are_named(file: Path) -> None:
    rows = ["1;Ada;2026-04-07;5.00;oak", "1;Ada;2026-04-07;5.00;elm"]
    columns = {**HOW["columns"], "balance": "Line total"}
    (doubt,) = doubts(file, "No;Customer;Date;Line total;Item", *rows, columns=columns, rows="lines")
    assert 'set rows = "instalments"' in doubt
    assert doubts(file, "No;Customer;Date;Line total;Item", *rows, columns=columns, rows="instalments") == ()


@pytest.mark.parametrize("heading", ["Credited", "Skonto", "Written off", "Betaald"])
def test_what_a_balance_of_parts_leaves_out_is_named(file: Path, heading: str) -> None:
    rows = ["1;Ada;2026-04-07;300.00;100.00;0.00", "2;Ada;2026-04-07;80.00;0.00;80.00"]
    columns = {**HOW["columns"], "amount": "Total", "paid": "Paid"}
    del columns["balance"]
    (doubt,) = doubts(file, f"No;Customer;Date;Total;Paid;{heading}", *rows, columns=columns)
    assert f"the column {heading!r} is not mapped, but has amounts in 1 row" in doubt


@pytest.mark.parametrize(("heading", "word"), [("Credit days", "30"), ("Credit", "0.00"), ("Paid by", "Ada")])
def test_what_is_no_deduction_is_not_named(file: Path, heading: str, word: str) -> None:
    columns = {**HOW["columns"], "balance": "Total"}
    rows = [f"{number};Ada;2026-04-07;{number}.00;{word}" for number in (1, 2)]
    assert doubts(file, f"No;Customer;Date;Total;{heading}", *rows, columns=columns) == ()


def test_what_was_paid_beside_a_total_is_named(file: Path) -> None:
    columns = {**HOW["columns"], "balance": "Total"}
    rows = [f"{number};Ada;2026-04-07;{number}.00;0.50" for number in (1, 2)]
    (doubt,) = doubts(file, "No;Customer;Date;Total;Amount paid", *rows, columns=columns)
    assert "'Amount paid'" in doubt


@pytest.mark.parametrize(
    ("numbers", "doubted"),
    [
        (["P-1", "P-2", "P-3", "P-4"], True),  # each invoice has its own
        (["1200", "1200", "1200", "1200"], True),  # an account of the ledger
        (["K1", "K1", "K2", "K2"], False),
        (["", "", "", ""], False),
    ],
    ids=["references", "one account", "numbers", "blank"],
)
def test_numbers_that_are_not_those_of_customers_are_named(file: Path, numbers: list[str], doubted: bool) -> None:
    names = ["Ada", "Ada", "Bo", "Bo"]
    rows = [
        f"{at};{name};2026-04-07;{at}.00;{id_}" for at, (name, id_) in enumerate(zip(names, numbers, strict=True), 1)
    ]
    found = doubts(file, f"{LIST};Ref", *rows, columns={**HOW["columns"], "customer_id": "Ref"})
    assert any("is read as the customers' numbers" in said for said in found) == doubted


def test_a_word_among_kinds_of_documents_that_is_none_of_them_is_named(file: Path) -> None:
    (doubt,) = beside(file, "Paper", "Invoice", "Pro forma")
    assert "'Pro forma' (1 row) in rows that would be reported as debts" in doubt


def test_names_of_another_encoding_are_named_as_they_would_be(file: Path) -> None:
    rows = ["1;Dvořák;2026-04-07;15.00", "2;Wisła;2026-04-07;25.00", "3;Ada;2026-04-07;35.00"]
    (doubt,) = doubts(file, LIST, *(row.encode("cp1250").decode("cp1252") for row in rows))
    assert "names of customers hold 'Dvoøák' (for 'Dvořák'), 'Wis³a' (for 'Wisła')" in doubt
    assert 'Set encoding = "cp1250", or, if the file itself contains them like this, export it again in UTF-8' in doubt
    for encoding in ("cp1252", "cp1250"):
        source = folder(file, **{**HOW, "encoding": encoding})
        file.write_bytes("\n".join([LIST, *rows]).encode("cp1250"))
        read = extract([source], lambda: datetime.now(UTC))
        said = [doubt.said for doubt in read.doubts(read.reports[0])]
        assert ['Set encoding = "cp1250" instead of "cp1252"' in each for each in said] == [True] * (
            encoding == "cp1252"
        )


def test_a_balance_that_is_only_what_is_so_old_is_named(file: Path) -> None:
    rows = ("1;Ada;2026-04-07;5.00;0.00;0.00", "2;Bo;2026-04-07;0.00;6.00;0.00")
    (doubt,) = doubts(
        file, "No;Customer;Date;Current;1 - 30;31 - 60", *rows, columns={**HOW["columns"], "balance": "Current"}
    )
    assert "the column 'Current' is read as the balance, and seems to be one ageing bucket" in doubt
    assert "'1 - 30', '31 - 60' have the rest" in doubt
    assert doubts(file, f"{LIST};1 - 30;31 - 60", *rows) == ()


@pytest.mark.parametrize(("heading", "named"), [("Invoice currency", True), ("Base currency", False), ("Munt", True)])
def test_a_second_column_of_currencies_is_asked_about_where_it_says_another(
    file: Path, heading: str, named: bool
) -> None:
    how = {"columns": {**HOW["columns"], "currency": "Cur"}, "currency": None}
    rows = ("1;Ada;2026-04-07;5.00;EUR;USD", "2;Bo;2026-04-07;6.00;USD;usd", "3;Bo;2026-04-07;6.00;EUR;")
    found = doubts(file, f"{LIST};Cur;{heading}", *rows, **how)
    said = f"'Cur' is read as the currency, and {heading!r} says 'USD' (1 row)"
    assert [said in each for each in found] == [True] * named
    same = ("1;Ada;2026-04-07;5.00;EUR;EUR", "2;Bo;2026-04-07;6.00;USD;$")
    assert doubts(file, f"{LIST};Cur;{heading}", *same, **how) == ()


@pytest.mark.parametrize(
    ("heading", "words"),
    [
        ("Statut", ("En attente", "Relancée", "Échue")),
        ("Estado", ("Pendiente de cobro", "Vencida", "Enviada")),
        ("Status", ("Openstaand", "Aangemaand", "Te laat")),
        ("Stato", ("Scaduta", "In attesa di pagamento", "Sollecitata")),
        ("Situação", ("Pendente", "Em atraso", "Por pagar")),
        ("Type", ("Service", "Goods", "Services")),
        ("Tipo", ("Producto", "Servicio", "Servicio")),
        ("Is open", ("Yes", "Yes", "Yes")),
        ("Paid", ("No", "No", "No")),
    ],
)
def test_words_that_leave_a_debt_a_debt_are_not_asked_about(file: Path, heading: str, words: tuple[str, ...]) -> None:
    left = {"values": {"status": False}} if heading == "Status" else {}
    assert beside(file, heading, *words, **left) == ()


def test_a_few_balances_that_agree_with_totals_but_for_a_sign_do_not_run(file: Path) -> None:
    rows = (
        "1;Ada;2026-04-07;1200.00;1200",
        "2;Bo;2026-04-08;600;600",
        "3;Bo;2026-04-09;0;600",
        "4;Bo;2026-04-10;-100;-100",
    )
    columns = {**HOW["columns"], "amount": "Amount"}
    assert doubts(file, f"{LIST};Amount", *rows, columns=columns) == ()


# --- later deliveries -------------------------------------------------------------------------------------------------


def extracted(file: Path, heading: str, *words: str, **settings: Any) -> Extract:
    rows = [f"{number};Ada;2026-04-07;{number}5.00;{word}" for number, word in enumerate(words, 1)]
    source = folder(file, f"{LIST};{heading}" if heading else LIST, *rows, **{**HOW, **settings})
    with release_all([source]):
        return extract([source], lambda: datetime.now(UTC))


def new_doubts(then: Extract, now: Extract) -> tuple[Doubt, ...]:
    return now.new_doubts(now.reports[0], now.open, lambda: then.open)


@pytest.mark.parametrize(
    ("heading", "words"),
    [
        ("State", ("open", "Void")),
        ("Paid", ("no", "yes")),
        ("Art", ("Rechnung", "Gutschrift")),
        ("Seite", ("S", "H")),
        ("Is credit", ("N", "Y")),
    ],
)
def test_a_column_that_is_new_is_looked_at_as_if_it_were_the_first_delivery(
    file: Path, heading: str, words: tuple[str, ...]
) -> None:
    before, now = extracted(file, "Notes", "a", "b"), extracted(file, heading, *words)
    first = [doubt for doubt in now.doubts(now.reports[0]) if doubt.column]
    assert [*new_doubts(before, now)] == first
    assert [doubt.column for doubt in first] == [heading]
    assert new_doubts(now, now) == ()


@pytest.mark.parametrize(
    ("heading", "words"),
    [("Notes", ("call", "wait")), ("PO no", ("17", "18")), ("Region", ("North", "South")), ("State", ("open", "sent"))],
)
def test_a_new_column_that_decides_nothing_is_no_matter(file: Path, heading: str, words: tuple[str, ...]) -> None:
    assert new_doubts(extracted(file, "Rep", "a", "b"), extracted(file, heading, *words)) == ()


def test_of_a_column_that_was_approved_only_other_words_are_new(file: Path) -> None:
    then = extracted(file, "State", "open", "void", "void")
    assert new_doubts(then, extracted(file, "State", "void", "void", "void", "open")) == ()
    (doubt,) = new_doubts(then, extracted(file, "State", "open", "void", "cancelled"))
    assert doubt.words == {"void", "cancelled"}
    assert new_doubts(extracted(file, "State", "open", "open"), extracted(file, "State", "open", "void")) != ()


def test_what_does_not_concern_a_column_that_nobody_named_is_asked_about_at_first_alone(file: Path) -> None:
    then, now = extracted(file, "", "", ""), extracted(file, "", *[""] * 3)
    assert new_doubts(then, now) == ()
    other = extracted(file, "", "", currency="USD", columns={**HOW["columns"], "balance": "Open"})
    assert new_doubts(then, other) == ()


@pytest.mark.parametrize(
    ("heading", "words"),
    [
        ("Phase", ("Phase 1", "Phase 2", "design")),
        ("Flag", ("red", "green", "")),
        ("Flag", ("A", "B", "O")),
        ("Code", ("A1", "B2", "O")),
        ("Channel", ("O", "S", "P")),
        ("Stage", ("delivery", "planning", "x")),
    ],
)
def test_columns_that_only_sound_like_a_status_raise_no_doubt(file: Path, heading: str, words: tuple[str, ...]) -> None:
    assert beside(file, heading, *words) == ()


def numbered(file: Path, *numbers: str) -> tuple[str, ...]:
    return doubts(file, LIST, *(f"{number};Ada;2026-04-07;{place}5.50" for place, number in enumerate(numbers, 1)))


@pytest.mark.parametrize("prefix", ["PF-", "PRO-", "Quote ", "EST/", "PROV", "pfi_"])
def test_numbers_that_begin_like_those_of_pro_formas_are_named_if_others_do_not(file: Path, prefix: str) -> None:
    (doubt,) = numbered(file, "INV-1", "INV-2", f"{prefix}7")
    assert f"'{prefix.strip(' -/_')}' (1 row) begins numbers that would be reported as debts" in doubt
    assert "those of pro formas, quotes or drafts" in doubt
    assert numbered(file, *(f"{prefix}{number}" for number in range(4))) == ()


def test_a_balance_in_cents_beside_a_column_that_is_not_is_named(file: Path) -> None:
    rows = [f"{number};Ada;2026-04-07;{number}2345;{number}23.45 €" for number in range(1, 5)]
    (doubt,) = doubts(file, f"{LIST};Sum", *rows)
    assert "'Open' is read as whole units of the currency, and has a hundred times what the column 'Sum' has" in doubt
    (other,) = doubts(file, f"{LIST};Sum", *(row.replace(".45 €", ".99 €") for row in rows))
    assert "hundred times what the column" not in other
    assert doubts(file, f"{LIST};Sum", *rows[:2]) == ()
    same = [f"{number};Ada;2026-04-07;{number}2345;{number}2345.00" for number in range(1, 5)]
    assert doubts(file, f"{LIST};Sum", *same) == ()
