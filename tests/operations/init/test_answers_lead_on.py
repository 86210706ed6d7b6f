"""`arfeed init` never ends in a question without an answer: what is asked can be said, and what was said is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from arfeed import SourceError
from arfeed.model.errors import ConfigError
from support.people.interviews import Interview, Person

UNSIGNED = """\
Number,Type,Customer,Date,Due,Balance
1,RE,Ada,2026-09-14,2026-10-14,5.00
2,GU,Ada,2026-09-15,2026-10-15,2.00
3,RE,Bo,2026-09-16,2026-10-16,6.00
"""
BILLED = """\
Number,Customer,Date,Due,Total,State
1,Ada,2026-09-14,2026-10-14,5.00,sent
2,Ada,2026-09-15,2026-10-15,2.00,paid
"""
OPEN = "Number,Customer,Date,Due,Balance\n{}\n"


@pytest.fixture
def init(tmp_path: Path) -> Interview:
    return Interview(tmp_path)


def refused(init: Interview, table: str, **said: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        init.source(table, **said)
    return str(caught.value)


# --- credits without a sign -----------------------------------------------------------------------------------------


def test_credits_without_a_sign_are_said_by_kind(init: Interview) -> None:
    assert "--kind GU=KIND if they are credits" in refused(init, UNSIGNED)
    source = init.source(UNSIGNED, kinds={"GU": "credit_note"})
    assert source["columns"]["kind"] == "Type"
    assert source["values"]["kind"] == {"RE": "invoice", "GU": "credit_note"}
    assert source["credits_positive"] is True


def test_a_person_who_calls_them_credits_is_asked_what_each_unknown_word_is(init: Interview) -> None:
    person = Person({"--all-debts": "credits", "--kind GU": "credit_note"})
    assert init.source(UNSIGNED, person)["values"]["kind"] == {"RE": "invoice", "GU": "credit_note"}


def test_a_column_that_is_named_as_the_kind_has_its_words_explained(init: Interview) -> None:
    table = UNSIGNED.replace("GU", "Gutschrift").replace("2.00", "-2.00")
    source = init.source(table, columns={"kind": "Type"})
    assert source["values"]["kind"] == {"RE": "invoice", "Gutschrift": "credit_note"}
    assert "credits_positive" not in source


@pytest.mark.parametrize(
    ("kinds", "said"),
    [
        ({"GU": "credit"}, "a kind is one of invoice, credit_note, payment"),
        ({"XX": "payment", "GU": "payment"}, "no such"),
    ],
)
def test_a_kind_or_a_word_that_there_is_not_is_refused(init: Interview, kinds: dict[str, str], said: str) -> None:
    assert said in refused(init, UNSIGNED, kinds=kinds)


def test_words_for_credits_are_asked_about_under_any_heading(init: Interview) -> None:
    table = UNSIGNED.replace("Type", "Bilagstype").replace("RE", "Faktura").replace("GU", "Kreditnota")
    assert "--kind Kreditnota=credit_note" in refused(init, table)


# --- totals that paid documents have ---------------------------------------------------------------------------------


def test_a_total_that_paid_documents_have_is_asked_about_and_read_as_such(init: Interview) -> None:
    said: dict[str, Any] = {"columns": {"balance": "Total", "status": "State"}}
    assert "--set balance_is=total" in refused(init, BILLED, **said)
    assert init.source(BILLED, Person({"--set balance_is": "total"}), **said)["balance_is"] == "total"
    assert init.source(BILLED, **said, settings={"balance_is": "total"})["balance_is"] == "total"
    with pytest.raises(ConfigError, match="is still owed, and 'State' that it is paid, so nothing was written"):
        init.source(BILLED, Person({"--set balance_is": "open"}), **said)


# --- several files of one shape --------------------------------------------------------------------------------------


@pytest.fixture
def siblings(tmp_path: Path) -> list[Path]:
    rows = ["1,Ada,2026-09-14,2026-10-14,5.00", "2,Bo,2026-09-15,2026-10-15,6.00"]
    folder = tmp_path / "exports"
    folder.mkdir()
    files = [folder / "a-open.csv", folder / "b-open.csv"]
    for file, row in zip(files, rows, strict=True):
        file.write_text(OPEN.format(row))
    folder.joinpath("customers.csv").write_text("Number,Name\n1,Ada\n")
    return files


def sibling_feed(init: Interview, file: Path, asker: Person | None = None, **said: Any) -> dict[str, Any]:
    return init.source(OPEN.format("9,Eve,2026-09-14,2026-10-14,5.00"), asker, sample=str(file), **said)


def test_files_with_the_same_headings_are_named_and_asked_about(init: Interview, siblings: list[Path]) -> None:
    with pytest.raises(ConfigError) as caught:
        sibling_feed(init, siblings[0])
    assert "a-open.csv has the same headings as b-open.csv" in str(caught.value)
    assert "customers.csv" not in str(caught.value)
    assert "--set files=all, --set files=newest, or --set path=" in str(caught.value)


@pytest.mark.parametrize("how", ["all", "newest"])
def test_all_or_the_newest_of_them_are_found_by_a_common_pattern(
    init: Interview, siblings: list[Path], how: str
) -> None:
    asked = sibling_feed(init, siblings[0], Person({"--set files": how}))
    given = sibling_feed(init, siblings[0], settings={"files": how})
    assert (asked["path"], asked["files"]) == (given["path"], given["files"]) == ("exports/*-open.csv", how)


def test_one_of_them_alone_is_named_as_it_is(init: Interview, siblings: list[Path]) -> None:
    asked = sibling_feed(init, siblings[0], Person({"--set files": "one"}))
    assert asked["path"] == "exports/a-open.csv"
    assert "files" not in asked
    given = sibling_feed(init, siblings[0], settings={"path": str(siblings[0])})
    assert given["path"] == str(siblings[0])


@pytest.mark.parametrize(
    ("sample", "other", "asked"),
    [
        ("open-20260914.csv", "open-20260915.csv", False),
        ("open 2026-09-14 (1).csv", "open 2026-09-15.csv", False),
        ("open-20260914-UK.csv", "open-20260914-US.csv", True),
        ("open-20260914-UK.csv", "open-20260915-US.csv", True),
        ("open-1.csv", "open-2.csv", True),
    ],
)
def test_exports_of_other_days_are_no_question(init: Interview, sample: str, other: str, asked: bool) -> None:
    folder = init.folder / "exports"
    folder.mkdir()
    for name in (sample, other):
        folder.joinpath(name).write_text(OPEN.format("1,Ada,2026-09-14,2026-10-14,5.00"))
    person = Person({"--set files": "all"})
    sibling_feed(init, folder / sample, person)
    assert any("has the same headings as" in question for question in person.asked) == asked


# --- columns ---------------------------------------------------------------------------------------------------------


def test_a_column_without_a_heading_is_named_by_its_place(init: Interview) -> None:
    table = "Open items,,,,\n,Invoice No.,Date,Due date,Open balance\nAda,1,2026-09-14,2026-10-14,5.00\n"
    assert "column 1: such as Ada" in refused(init, table)
    assert init.source(table, columns={"customer_name": "column 1"})["columns"]["customer_name"] == "column 1"


def test_the_numbers_of_customers_are_asked_about_though_a_row_of_totals_has_none(init: Interview) -> None:
    table = "Konto;Name;Beleg-Nr.;Belegdatum;Saldo\n10001;Ada;R1;2026-09-14;5.00\n10001;Ada;R2;2026-09-15;1.00\n"
    table += "10002;Bo;R3;2026-09-15;2.00\nSumme;;;;8.00\n"
    assert "--column customer_id=HEADING" in refused(init, table)
    assert "Konto: such as 10001" in refused(init, table)


def test_the_numbers_of_customers_are_asked_about_though_each_has_one_invoice(init: Interview) -> None:
    table = "{};Name;Beleg-Nr.;Belegdatum;Saldo\n10001;Ada;R1;2026-09-14;5.00\n10002;Bo;R3;2026-09-15;2.00\n"
    assert "--column customer_id=HEADING" in refused(init, table.format("Konto"))
    assert "customer_id" not in init.source(table.format("Auftrag"))["columns"]


def test_a_report_in_groups_is_named_as_such_and_not_asked_about(init: Interview) -> None:
    table = "Invoice,Date,Due,Balance\nAda,,,\n1,2026-09-14,2026-10-14,5.00\nBo,,,\n2,2026-09-15,2026-10-15,6.00\n"
    with pytest.raises(SourceError, match=r"'Ada' stands alone in its row.*this report is grouped"):
        init.source(table)


def test_cents_are_not_taken_for_the_balance(init: Interview) -> None:
    table = "invoice_number,customer_name,invoice_date,amount_due_cents\n1,Ada,2026-09-14,500\n"
    assert "Which column holds the open amount" in refused(init, table)


def test_headings_that_stand_again_are_passed_over(init: Interview) -> None:
    page = "Page {},,,,\nNumber,Customer,Date,Due,Balance\n{},Ada,2026-09-14,2026-10-14,5.00\n"
    assert init.source(page.format(1, 7) + page.format(2, 8))["columns"]["balance"] == "Balance"


@pytest.mark.parametrize("numbers", [("P-1", "P-2", "P-3"), ("1200", "1200", "1200")], ids=["own", "ledger"])
def test_numbers_under_a_usual_heading_that_are_not_the_customers_are_asked_about(
    init: Interview, numbers: tuple[str, str, str]
) -> None:
    table = "Invoice No,Customer,Customer Ref,Invoice Date,Balance\n"
    table += (
        f"1,Ada,{numbers[0]},2026-09-14,5.00\n2,Bo,{numbers[1]},2026-09-15,1.00\n3,Bo,{numbers[2]},2026-09-16,1.00\n"
    )
    assert "--column customer_id=HEADING, or --column customer_id= for none" in refused(init, table)


def test_an_amount_that_is_due_now_is_not_taken_for_the_balance(init: Interview) -> None:
    table = "Invoice,Customer,Date,Amount Due Now,Total Due\n1,Ada,2026-09-14,0.00,100.00\n2,Bo,2026-09-15,5.00,5.00\n"
    assert init.source(table)["columns"]["balance"] == "Total Due"


def test_a_text_with_more_than_a_few_letters_of_another_alphabet_is_no_western_one(init: Interview) -> None:
    table = "Номер;Контрагент;Дата;Долг\nСЧ-1;ООО Ромашка;2026-09-14;600,00\n"
    sample = init.folder / "exports" / "cyrillic.csv"
    sample.parent.mkdir()
    sample.write_bytes(table.encode("cp1251"))
    said: dict[str, Any] = {
        "sample": str(sample),
        "columns": dict(zip(COLUMNS, table.split("\n")[0].split(";"), strict=True)),
    }
    assert "Which encoding is it" in refused(init, table, **said)
    assert init.source(table, **said, settings={"encoding": "cp1251"})["columns"]["balance"] == "Долг"


def test_names_in_letters_of_no_western_language_are_asked_about(init: Interview) -> None:
    sample = init.folder / "exports" / "czech.csv"
    sample.parent.mkdir()
    sample.write_bytes("Invoice No;Customer;Invoice Date;Balance\n1;Dvořák;2026-09-14;600,00\n".encode("cp1250"))
    question = refused(init, "", sample=str(sample))
    assert "it has Dvoøák (for Dvořák). Which encoding is it (it seems to be cp1250, Central Europe)?" in question
    assert "pass --set encoding=NAME" in question
    assert init.source("", sample=str(sample), settings={"encoding": "cp1250"})["encoding"] == "cp1250"


def test_pairs_of_bytes_are_not_taken_for_greek(init: Interview, tmp_path: Path) -> None:
    rows = [
        "No,客户名称,Date,未收金额",
        "1,上海公司,2026-09-14,5.00",
        "2,北京商店,2026-09-15,6.00",
        "3,广州工厂,2026-09-16,7.00",
    ]
    table = "\n".join(rows)
    sample = tmp_path / "chinese.csv"
    sample.write_bytes(table.encode("gb18030"))
    question = refused(init, "", sample=str(sample))
    assert "seems to be gb18030, China: read so, it has 客户名称, 未收金额, 上海公司. Which encoding is it?" in question
    assert "Greek" not in question
    columns = {"invoice_ref": "No", "customer_name": "客户名称", "balance": "未收金额"}
    source = init.source("", sample=str(sample), settings={"encoding": "gb18030"}, columns=columns)
    assert source["columns"] == {**columns, "issued_on": "Date"}


COLUMNS = ("invoice_ref", "customer_name", "issued_on", "balance")
