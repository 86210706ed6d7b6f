"""CSV files with whatever headers they have."""

from __future__ import annotations

import tomllib
from datetime import date
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest

from arfeed import Complete, FileSettings, ProblemsError, SourceError
from arfeed.intake.transform import check_unique
from arfeed_connectors.folder import Folder
from support.feeds.sources import HEADER, balances, complete, failure, folder, opened, problems, read

GERMAN = "Belegnr.;Kunde;Betrag;Offen;Fällig am;Belegdatum"
COLUMNS = {
    "invoice_ref": "Belegnr.",
    "customer_name": "Kunde",
    "amount": "Betrag",
    "balance": "Offen",
    "due_on": "Fällig am",
    "issued_on": "Belegdatum",
}
HOW = {"columns": COLUMNS, "decimal": ",", "dates": "DMY", "currency": "EUR"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "erp.csv"


def test_the_columns_of_the_settings_say_what_the_headers_mean(file: Path) -> None:
    lines = [GERMAN, "RE-1;Söhne & Co;1.234,56;1.000,00;21.04.2026;07.04.2026", "RE-2;Ada;0,05;0,05;;8.4.2026"]
    frame = opened(folder(file, *lines, **HOW)).set_index("invoice_ref")
    assert frame["balance"].to_dict() == {"RE-1": Decimal(1000), "RE-2": Decimal("0.05")}
    assert frame["amount"].to_dict() == {"RE-1": Decimal("1234.56"), "RE-2": Decimal("0.05")}
    assert frame["issued_on"].tolist() == [date(2026, 4, 7), date(2026, 4, 8)]
    assert frame["currency"].tolist() == ["EUR", "EUR"]


def test_files_with_canonical_headers_need_no_columns(file: Path) -> None:
    assert balances(opened(folder(file, HEADER, "INV-1,Ada,GBP,2026-04-07,1.50"))) == {"INV-1": Decimal("1.5")}


def test_canonical_headers_are_known_in_any_spelling(file: Path) -> None:
    lines = ["Invoice Ref,CUSTOMER_NAME,Currency,Issued On,Balance,Due_On,Status"]
    lines += ["INV-1,Ada,EUR,2026-04-07,1.50,2026-05-07,Open", "INV-2,Ada,,2026-04-07,9.50,2026-05-07,VOID"]
    source = folder(file, *lines, currency="GBP")
    source.check()
    frame = read(source)
    assert frame["currency"].tolist() == ["EUR", "GBP"]
    assert frame["due_on"].tolist() == [date(2026, 5, 7)] * 2
    assert frame["status"].tolist() == ["open", "void"]
    assert complete(source) == Complete(lists_closed=True)


def test_two_headers_of_one_name_are_refused_unless_one_is_named(file: Path) -> None:
    lines = [f"{HEADER},Due On,due_on", "INV-1,Ada,GBP,2026-04-07,1.50,2026-05-07,2026-06-07"]
    said = failure(folder(file, *lines))
    assert said.startswith(f"{file}: the columns 'due_on' and 'Due On' have the name of due_on, in which letter case,")
    with pytest.raises(SourceError, match="the columns 'due_on' and 'Due On' have the name of due_on"):
        folder(file, *lines).check()
    frame = opened(folder(file, *lines, columns={"due_on": "Due On"}))
    assert frame["due_on"].tolist() == [date(2026, 5, 7)]


def test_a_header_that_is_not_there_is_named_with_what_is(file: Path) -> None:
    said = failure(folder(file, GERMAN.replace("Offen", "Saldo"), "RE-1;Ada;1,00;1,00;;7.4.2026", **HOW))
    assert said == (
        f"{file}: there is no column 'Offen'; found Belegnr., Kunde, Betrag, Saldo, Fällig am, Belegdatum. "
        "Name one of these in `columns`, or export it with that column"
    )


def test_numbers_that_became_amounts_are_a_problem(file: Path) -> None:
    header = f"{HEADER},customer_id"
    source = folder(file, header, "7001.0,Ada,GBP,2026-04-07,1.50,31.0", "7002.0,Bo,GBP,2026-04-08,2.50,32.0")
    said = problems(source)
    assert f"{file} line 2, column invoice_ref: '7001.0' was turned into an amount" in said[1]
    assert any("column customer_id: '31.0' was turned into" in line for line in said)


def test_a_number_with_a_point_among_others_is_a_number(file: Path) -> None:
    lines = ["7001.0,Ada,GBP,2026-04-07,1.50", "7001.1,Ada,GBP,2026-04-08,2.50", "RE.0,Ada,GBP,2026-04-08,3.50"]
    assert {*balances(opened(folder(file, HEADER, *lines)))} == {"7001.0", "7001.1", "RE.0"}


def test_a_declared_separator_is_used(file: Path) -> None:
    lines = [HEADER.replace(",", "|").replace("balance", "a,b,c,d,e,f"), "INV-1|Ada|GBP|2026-04-07|1.50"]
    source = folder(file, *lines, delimiter="|", columns={"balance": "a,b,c,d,e,f"})
    assert balances(opened(source)) == {"INV-1": Decimal("1.5")}


@pytest.mark.parametrize(
    ("decimal", "amount"),
    [(None, "1.234,56"), (None, "1,234.56"), (".", "1.234,56"), (",", "1,234.56")],
)
def test_an_amount_in_another_notation_than_declared_is_a_problem(file: Path, decimal: str | None, amount: str) -> None:
    source = folder(file, HEADER.replace(",", ";"), f"INV-1;Ada;GBP;2026-04-07;{amount}", decimal=decimal)
    assert f"column balance: {amount!r} is not a" in problems(source)[1]


def test_a_status_column_tells_open_from_closed(file: Path) -> None:
    lines = [HEADER + ",status", "INV-1,Ada,GBP,2026-04-07,1,Open", "INV-2,Ada,GBP,2026-04-07,0,paid"]
    source = folder(file, *lines)
    assert read(source)["status"].tolist() == ["open", "paid"]
    assert balances(opened(source)) == {"INV-1": Decimal(1)}


@pytest.mark.parametrize("balance", ["0.01", "-5"])
def test_what_is_paid_and_still_owed_is_a_problem_and_never_taken_for_paid(file: Path, balance: str) -> None:
    source = folder(file, HEADER + ",status", f"INV-1,Ada,GBP,2026-04-07,{balance},paid")
    assert f"{balance!r} is still owed, though the status says paid" in problems(source)[1]


@pytest.mark.parametrize("status", ["void", "draft"])
def test_what_is_void_or_a_draft_may_say_what_it_was_worth(file: Path, status: str) -> None:
    source = folder(file, HEADER + ",status", f"INV-1,Ada,GBP,2026-04-07,5,{status}")
    assert read(source)["status"].tolist() == [status]


@pytest.mark.parametrize(("header", "columns"), [("status", {}), ("State", {"status": "State"})], ids=["own", "mapped"])
def test_a_file_is_said_to_list_closed_documents_where_it_has_one(
    file: Path, header: str, columns: dict[str, str]
) -> None:
    lines = [f"{HEADER},{header}", "INV-1,Ada,GBP,2026-04-07,1,open"]
    assert complete(folder(file, *lines, columns=columns)) == Complete()
    closed = folder(file, *lines, "INV-2,Ada,GBP,2026-04-07,0, PAID", columns=columns)
    assert complete(closed) == Complete(lists_closed=True)


def test_plain_files_have_no_control_and_list_what_is_open(file: Path) -> None:
    assert complete(folder(file, HEADER, "INV-1,Ada,GBP,2026-04-07,1")) == Complete()


def test_a_credit_note_with_a_positive_balance_is_a_problem(file: Path) -> None:
    lines = [
        HEADER + ",kind",
        "CN-1,Ada,GBP,2026-04-07,10.00,credit_note",
        "CN-2,Ada,GBP,2026-04-07,-10.00,credit_note",
    ]
    assert problems(folder(file, *lines))[1:] == [
        f"{file} line 2, column balance: '10.00' must be negative: a credit note or payment lowers what is owed"
    ]


def test_all_files_are_read_where_the_settings_say_so(tmp_path: Path) -> None:
    folder(tmp_path / "hamburg.csv", HEADER, "HH-1,Ada,GBP,2026-04-07,1")
    folder(tmp_path / "wien.csv", HEADER, "W-1,Ada,GBP,2026-04-07,2")
    both = Folder("files", Folder.Settings.model_validate({"path": str(tmp_path / "*.csv"), "files": "all"}))
    assert balances(opened(both)) == {"HH-1": Decimal(1), "W-1": Decimal(2)}


def test_files_of_one_source_may_not_repeat_a_number_silently(tmp_path: Path) -> None:
    for name, owed in (("old.csv", "1"), ("new.csv", "2")):
        folder(tmp_path / name, HEADER, f"INV-1,Ada,GBP,2026-04-07,{owed}")
    both = Folder("files", Folder.Settings.model_validate({"path": str(tmp_path / "*.csv"), "files": "all"}))
    rows = opened(both)
    with pytest.raises(ProblemsError) as caught:
        check_unique(rows, rows["invoice_ref"])
    head, *lines = caught.value.problems
    assert "rename" not in head  # which is for several sources
    assert "columns" in head
    assert all(line.endswith("; they differ in balance") for line in lines)


def test_check_sees_that_there_is_a_file_with_a_header(file: Path) -> None:
    folder(file, HEADER).check()
    with pytest.raises(SourceError, match="there is no header"):
        folder(file, "").check()
    file.unlink()
    with pytest.raises(SourceError, match="no file matches"):
        Folder("files", Folder.Settings.model_validate({"path": str(file)})).check()


def test_a_mapping_is_proposed_by_check_and_never_applied(file: Path) -> None:
    source = folder(file, GERMAN, "RE-1;Söhne & Co;1.234,56;1.000,00;21.04.2026;07.04.2026", currency="EUR")
    with pytest.raises(SourceError) as checked:
        source.check()
    beginning, _, proposal = str(checked.value).partition("paste it below [sources.files]:\n")
    assert beginning.startswith(f"{file}: no column for invoice_ref, customer_name, balance among Belegnr., Kunde, ")
    proposed = tomllib.loads(proposal)
    assert proposed == {"columns": COLUMNS, "decimal": ",", "dates": "DMY"}
    assert "run `arfeed check` for a suggestion" in failure(source)
    pasted = folder(file, *file.read_text().splitlines(), currency="EUR", **proposed)
    pasted.check()
    assert balances(opened(pasted)) == {"RE-1": Decimal(1000)}


def test_cells_of_a_workbook_say_which_currency_and_that_a_number_became_a_date(tmp_path: Path) -> None:
    file = tmp_path / "erp.xlsx"
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append(HEADER.split(","))
    sheet.append(["INV-1", "Ada", "USD", date(2026, 4, 7), 12.5])
    sheet.append([date(2026, 3, 4), "Ada", "USD", date(2026, 4, 7), 5])
    for row in sheet["E2:E3"]:
        row[0].number_format = "[$€-2] #,##0.00"
    book.save(file)
    source = Folder("files", FileSettings(path=str(file)))
    found = problems(source)
    assert any("row 2, column balance: '€12.5' names a different currency from its row" in line for line in found)
    assert any("row 3, column invoice_ref: '2026-03-04' is a date: a spreadsheet" in line for line in found)
