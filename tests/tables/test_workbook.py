"""Excel workbooks, as text that is what people see."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Mapping
from datetime import date, datetime
from pathlib import Path

import openpyxl
import pytest

from arfeed import SourceError, read_grid, read_header, read_table, sheet_names

ODS = """<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"><office:body><office:spreadsheet>
 <table:table table:name="May"><table:table-row><table:table-cell office:value-type="float" office:value="5"/>
 </table:table-row></table:table></office:spreadsheet></office:body></office:document-content>"""

Value = str | float | date | datetime
Cells = Mapping[str, Value]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "export.xlsx"


def write(file: Path, cells: Cells, formats: Mapping[str, str] | None = None) -> str:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for place, value in cells.items():
        sheet[place] = value
    for place, code in (formats or {}).items():
        sheet[place].number_format = code
    book.save(file)
    return str(file)


def edit(file: Path, change: Callable[[str], str], member: str = "xl/worksheets/sheet1.xml") -> str:
    with zipfile.ZipFile(file) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    # openpyxl writes <v></v> and <a/> instead of <v /> and <a /> where lxml is installed.
    xml = re.sub(r"\s*/>", " />", parts[member].decode()).replace("<f>1+1</f><v></v>", "<f>1+1</f><v />")
    parts[member] = change(xml).encode()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return str(file)


@pytest.mark.parametrize(
    ("value", "code", "text"),
    [
        ("00071", "General", "00071"),
        (71, "General", "71"),
        (71, "0000000000", "0000000071"),
        (71, '"INV-"0000', "INV-0071"),
        (71.5, "0000", "71.5"),
        (71, "00-000", "00-071"),
        (1234567, "00-000", "1234-567"),
        (71, r"\R0000", "R0071"),
        (71, "000 000", "000 071"),
        (71, "[$-409]0000", "0071"),
        (71, "[Red]0000;-0000", "0071"),
        (71, "#0000", "0071"),
        (71, "###-0000", "-0071"),
        (71, '"INV-"General', "INV-71"),
        (0, "00-000", "00-000"),
        (71, "0_)", "71"),
        (1234, "# ##0", "1234"),
        (1234, "#,##0", "1234"),
        (71, "[$€-2] #,##0.00", "€71"),
        (-71.5, '_("€"* #,##0.00_);_("€"* (#,##0.00)', "-€71.5"),
        (71.5, "[$USD] #,##0.00", "USD71.5"),
        (71.5, "[$kr-41D] #,##0.00", "71.5"),
        (71.5, '#,##0.00" pcs"', "71.5"),
        (0.71, "0%", "0.71"),
        (71.5, '#,##0.00" Cr"', "-71.5"),
        (71.5, '""0.00" Dr"', "71.5"),
        (71, '0" Cr."', "71 Cr."),
        (-71.5, '0.00" Dr";0.00" Cr"', "-71.5"),
        (-71.5, '0.00" Cr";0.00" Dr"', "71.5"),
        (-71, '0" Cr";0" Dr"', "71"),
        (71.5, '0.00"-"', "-71.5"),
        (71.5, "-0.00", "-71.5"),
        (5, "-0", "-5"),
        (71.5, "(#,##0.00)", "-71.5"),
        (71.5, "[$€-2] -#,##0.00", "-€71.5"),
        (-71.5, "#,##0.00_);[Red](#,##0.00)", "-71.5"),
        (-71.5, "#,##0.00;[Red]#,##0.00", "-71.5"),
        (-71.5, '0.00" Cr";0.00', "71.5"),
        (0, '0.00" Cr"', "0"),
        (71.5, '"INV-"0.0', "71.5"),
        (2309.7899999999995, "General", "2309.79"),
        (0.1 + 0.2, "General", "0.3"),
        (-1234567.1, "#,##0.00", "-1234567.1"),
        (1e-7, "General", "0.0000001"),
        (999999999999999, "General", "999999999999999"),
        (True, "General", "TRUE"),
        (date(2026, 4, 7), "dd/mm/yyyy", "2026-04-07"),
        (datetime.fromisoformat("2026-04-07T13:30"), "dd/mm/yyyy hh:mm", "2026-04-07 13:30:00"),
        (46119, "General", "46119"),
    ],
)
def test_a_cell_is_read_as_people_see_it(file: Path, value: Value, code: str, text: str) -> None:
    assert next(read_grid(write(file, {"A1": value}, {"A1": code})))["A"].tolist() == [text]


def test_a_number_with_a_conditional_format_is_refused_if_its_column_is_needed(file: Path) -> None:
    code = '[>50]"A"0000;"B"0000'
    write(file, {"A1": "No", "B1": "Due", "A2": 71, "B2": 5}, {"A2": code})
    assert read_table(str(file), columns=["Due"])["Due"].tolist() == ["5"]
    with pytest.raises(SourceError, match=re.escape(f"cell A2: the number format {code!r} displays 71 in a way")):
        read_table(str(file))


@pytest.mark.parametrize(
    ("value", "code"), [(71.5, '0.00" H"'), (-71.5, '0.00" S";0.00" Haben"'), (-71.5, "-0.00"), (-71.5, '0.00" Cr"')]
)
def test_a_sign_that_a_format_leaves_open_is_refused(file: Path, value: float, code: str) -> None:
    write(file, {"A1": "Due", "A2": value}, {"A2": code})
    with pytest.raises(SourceError, match=re.escape(f"cell A2: the number format {code!r} displays {value} in a way")):
        read_table(str(file))


def test_a_number_of_more_than_15_digits_is_refused_whatever_its_format(file: Path) -> None:
    for code in ("0000", "[$€-2] #,##0.00"):
        with pytest.raises(SourceError, match="has more than 15 digits"):
            next(read_grid(write(file, {"A1": 1234567890123456}, {"A1": code})))


def test_the_grid_is_as_wide_as_the_sheet_and_knows_its_rows(file: Path) -> None:
    grid = next(read_grid(write(file, {"B2": "x", "D4": "y"})))
    assert [*grid] == ["A", "B", "C", "D", "origin"]
    assert grid["B"].tolist() == ["", "x", "", ""]
    assert grid["origin"].tolist() == [f"{file}#{row}" for row in (1, 2, 3, 4)]


def test_dates_of_the_epoch_of_1904_are_read_right(file: Path) -> None:
    write(file, {"A1": date(2026, 4, 7)})
    edit(file, lambda xml: xml.replace("<workbookPr />", '<workbookPr date1904="1" />'), "xl/workbook.xml")
    assert next(read_grid(str(file)))["A"].tolist() == ["2030-04-08"]


def test_an_error_stays_visible(file: Path) -> None:
    write(file, {"A1": "x", "B1": "y"})
    edit(
        file,
        lambda xml: xml.replace('<c r="B1" t="inlineStr"><is><t>y</t></is></c>', '<c r="B1" t="e"><v>#REF!</v></c>'),
    )
    assert next(read_grid(str(file)))["B"].tolist() == ["#REF!"]


def formula(value: str, kind: str = "") -> Callable[[str], str]:
    return lambda xml: xml.replace("<f>1+1</f><v />", f"<f>1+1</f>{value}").replace('r="B2"', f'r="B2"{kind}')


@pytest.mark.parametrize("value", ["", "<v />", "<v></v>"])
def test_a_formula_that_was_never_computed_is_refused_with_its_cell(file: Path, value: str) -> None:
    write(file, {"A1": "x", "B2": "=1+1"})
    with pytest.raises(
        SourceError, match=r"cell B2: it holds a formula that was never computed; open the file in Excel"
    ):
        next(read_grid(edit(file, formula(value))))


@pytest.mark.parametrize("zero", ["0", "0.0", "0.00", "-0", "0E0", "0e+00", ".0"])
def test_a_zero_in_a_workbook_that_requests_computation_is_not_a_result(file: Path, zero: str) -> None:
    write(file, {"A1": "x", "B2": "=1+1"})
    edit(file, formula(f"<v>{zero}</v>"))
    with pytest.raises(SourceError, match="cell B2: it holds a formula that was never computed"):
        next(read_grid(str(file)))
    edit(file, lambda xml: xml.replace('fullCalcOnLoad="1"', 'calcCompleted="0"'), "xl/workbook.xml")
    with pytest.raises(SourceError, match="cell B2: it holds a formula that was never computed"):
        next(read_grid(str(file)))
    edit(file, lambda xml: xml.replace('calcCompleted="0"', ""), "xl/workbook.xml")
    assert next(read_grid(str(file)))["B"].tolist() == ["", "0"]


def test_a_computed_amount_in_a_workbook_that_requests_computation_is_taken(file: Path) -> None:
    write(file, {"A1": "x", "B2": "=1+1"})
    assert next(read_grid(edit(file, formula("<v>0.05</v>"))))["B"].tolist() == ["", "0.05"]


def test_a_formula_gives_its_kept_value_even_a_blank_text(file: Path) -> None:
    write(file, {"A1": "x", "B2": "=1+1"})
    assert next(read_grid(edit(file, formula("<v>2</v>"))))["B"].tolist() == ["", "2"]
    write(file, {"A1": "x", "B2": "=1+1"})
    assert next(read_grid(edit(file, formula("<v></v>", ' t="str"'))))["B"].tolist() == ["", ""]


def test_a_number_of_more_than_15_digits_is_refused_if_its_column_is_needed(file: Path) -> None:
    write(file, {"A1": "No", "B1": "Card", "A2": "INV-1", "B2": 1234567890123456})
    assert read_table(str(file), columns=["No"])["No"].tolist() == ["INV-1"]
    with pytest.raises(SourceError, match="cell B2: the number 1234567890123456 has more than 15 digits"):
        read_table(str(file))


def test_a_table_starts_below_its_header_and_passes_over_blank_rows(file: Path) -> None:
    write(file, {"A1": "Acme", "A3": "*invoice no", "B3": "Due", "A4": "1", "B4": 5, "A6": "2", "B6": 6})
    assert read_header(str(file), columns=["Invoice No"]) == ["Invoice No", "Due"]
    rows = read_table(str(file), columns=["Due", "Invoice No"])
    assert rows.to_dict("list") == {"Due": ["5", "6"], "Invoice No": ["1", "2"], "origin": [f"{file}#4", f"{file}#6"]}


def test_one_of_several_sheets_must_be_named(file: Path) -> None:
    book = openpyxl.Workbook()
    for name in ("May", "June"):
        book.create_sheet(name)["A1"] = name
    book.create_sheet("Notes").sheet_state = "hidden"
    book.save(file)
    assert sheet_names(str(file)) == ["Sheet", "May", "June"]
    assert next(read_grid(str(file), sheet="june"))["A"].tolist() == ["June"]
    with pytest.raises(SourceError, match=r"several sheets .* name one, as in sheet = 'Sheet'"):
        next(read_grid(str(file)))
    with pytest.raises(SourceError, match="it has no sheet 'July' with cells; found 'Sheet', 'May', 'June'"):
        next(read_grid(str(file), sheet="July"))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\xd0\xcf\x11\xe0" + bytes(600), r"it is an old Excel file \(\.xls\); open it in Excel and save it as"),
        (b"\xd0\xcf\x11\xe0" + "EncryptedPackage".encode("utf-16-le"), "it is protected by a password; remove that"),
        (b"\xef\xbb\xbf \n<html><table>", "it is HTML or XML, whatever its name"),
        (b"PK\x03\x04 and then nothing", "it is not a complete Excel workbook"),
    ],
    ids=["xls", "password", "html", "cut off"],
)
def test_a_file_that_is_not_a_workbook_is_refused_with_what_to_do(file: Path, data: bytes, said: str) -> None:
    file.write_bytes(data)
    with pytest.raises(SourceError, match=said):
        next(read_grid(str(file)))


def test_a_workbook_with_a_broken_part_is_refused(file: Path) -> None:
    write(file, {"A1": "x"})
    edit(file, lambda xml: xml[:-40], "xl/styles.xml")
    with pytest.raises(
        SourceError, match=r"its part xl/styles\.xml is damaged .*; open it in Excel, save it and try again"
    ):
        next(read_grid(str(file)))


@pytest.mark.parametrize("part", [0.1, 0.5, 0.99])
def test_a_workbook_that_is_cut_off_is_refused(file: Path, part: float) -> None:
    write(file, {"A1": "x"})
    data = file.read_bytes()
    file.write_bytes(data[: int(len(data) * part)])
    with pytest.raises(SourceError, match="it is not a complete Excel workbook"):
        next(read_grid(str(file)))


@pytest.mark.parametrize(
    ("members", "said"),
    [
        (
            {"mimetype": "application/vnd.oasis.opendocument.spreadsheet"},
            "LibreOffice writes (.ods)",
        ),
        (
            {"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": ODS},
            "LibreOffice writes (.ods)",
        ),
        ({"xl/workbook.bin": ""}, "a binary Excel workbook (.xlsb); open it in Excel and save it as"),
        ({"Index/Document.iwa": ""}, "a file of Apple Numbers"),
        ({"a.csv": "x"}, 'set path = "zip://a.csv::'),
        ({"word/document.xml": ""}, "not a complete Excel workbook"),
    ],
    ids=["OpenDocument", "OpenDocument that calamine opens", "binary", "Numbers", "archive", "Word"],
)
def test_an_archive_that_is_not_a_workbook_is_recognized(file: Path, members: dict[str, str], said: str) -> None:
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    with pytest.raises(SourceError, match=re.escape(said)):
        read_table(str(file))
