"""Tables from files: all text, nothing guessed, nothing lost."""

from __future__ import annotations

import threading
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from arfeed import SourceError, find_files, read_arrow, read_header, read_table, table_from_records
from arfeed.model.settings import FileSettings
from arfeed.tables.separated.quotes import Quotes
from support.files.printed import workbook


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "export.csv"


def content(file: Path, data: bytes | str, **how: Any) -> dict[str, list[str]]:
    file.write_bytes(data.encode() if isinstance(data, str) else data)
    frame = read_table(str(file), **how)
    assert set(frame.dtypes.astype(str)) == {"str"}
    return frame.drop(columns="origin").to_dict("list")  # type: ignore[return-value]


def refusal(file: Path, data: bytes | str, **how: Any) -> str:
    with pytest.raises(SourceError) as caught:
        content(file, data, **how)
    return str(caught.value).removeprefix(str(file))


@pytest.mark.parametrize(
    "line",
    [
        *("(All amounts in Rs. lakhs)", "in EUR thousands", "Figures in $'000", "Angaben in T€", "Beträge in Cent"),
        *("Montants en milliers d'euros", "(v tis. Kč)", "Kwoty w tys. zł", "Суммы в тыс. руб.", "単位：千円"),
    ],
)
def test_a_list_that_states_another_unit_above_its_header_is_refused(file: Path, line: str) -> None:
    said = refusal(file, f"Open items,\n{line},\nNo,Open\n1,1.10\n", columns=["No", "Open"])
    assert f" line 2: {line!r} says that amounts are in" in said


@pytest.mark.parametrize(
    "line", ["Open items in EUR", "Printed in Cork", "As of 31 March 2026", "Acme in million-selling"]
)
def test_a_title_that_states_no_other_unit_is_passed_over(file: Path, line: str) -> None:
    assert content(file, f"{line},\nNo,Open\n1,1.10\n", columns=["No", "Open"])["Open"] == ["1.10"]


def test_nothing_is_taken_for_a_number_a_date_or_nothing(file: Path) -> None:
    values = ["00071", "1.50", "1E5", "NULL", "NA", "nan", "", "true", "2026-04-07", " x "]
    assert content(file, "\n".join(["a,b", *(f"{value},1" for value in values)])) == {"a": values, "b": ["1"] * 10}


def test_every_record_knows_its_file_and_number(file: Path) -> None:
    file.write_text('a,b\n1,"x\ny"\n\n2,z\n')
    assert read_table(str(file))["origin"].tolist() == [f"{file}#2", f"{file}#3"]


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"], ids=["comma", "semicolon", "tab", "pipe"])
def test_the_separator_is_found_from_the_header(file: Path, mark: str) -> None:
    assert content(file, f'"No, or; ref"{mark}b\n"1,2;3"{mark}4\n') == {"No, or; ref": ["1,2;3"], "b": ["4"]}


def test_a_declared_separator_goes_before_the_one_found(file: Path) -> None:
    assert content(file, "a;b,c\n1;2,3\n", delimiter=",") == {"a;b": ["1;2"], "c": ["3"]}


def test_a_separator_of_two_characters_is_refused(file: Path) -> None:
    assert "the delimiter must be a single character such as a semicolon, found ';;'" in refusal(
        file, "a;;b\n", delimiter=";;"
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
def test_encodings_and_line_ends(file: Path, encoding: str, end: str) -> None:
    data = end.join(["näme\tb", 'Ångström & Söhne, "GmbH"\t1', ""]).encode(encoding)
    declared = {"encoding": encoding} if encoding == "cp1252" else {}
    assert content(file, data, **declared) == {"näme": ['Ångström & Söhne, "GmbH"'], "b": ["1"]}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_goes_before_a_declared_encoding(file: Path, encoding: str) -> None:
    assert content(file, "ä,b\n1,2\n".encode(encoding), encoding="cp1252") == {"ä": ["1"], "b": ["2"]}


@pytest.mark.parametrize("rows", [0, 50_000], ids=["near the header", "far behind it"])
def test_bytes_of_another_encoding_are_refused_and_the_way_out_is_named(file: Path, rows: int) -> None:
    said = refusal(file, b"a,b\n" + b"1,2\n" * rows + "1,Söhne\n".encode("cp1252"))
    assert said == ': it is not valid UTF-8; name its encoding, for example encoding = "cp1252"'


def test_a_connector_may_name_the_encoding_of_what_is_not_utf8(file: Path) -> None:
    file.write_bytes("é\nü\n".encode("cp1252"))
    assert read_header(str(file), fallback="cp1252") == ["é"]
    assert read_table(str(file), fallback="cp1252")["é"].tolist() == ["ü"]


def test_an_encoding_that_does_not_exist_is_refused(file: Path) -> None:
    assert "'klingon' is not a known encoding" in refusal(file, "a,b\n", encoding="klingon")


@pytest.mark.parametrize("data", ["", "\n", ",,\n1,2,3\n", "\ufeff"], ids=["empty", "blank", "nameless", "only a mark"])
def test_a_file_without_a_header_is_refused(file: Path, data: str) -> None:
    assert refusal(file, data) == ": there is no header in line 1; export it again"


@pytest.mark.parametrize("end", ["", "\n", "\r\n\r\n"], ids=["no line end", "line end", "blank line"])
def test_a_header_alone_is_a_table_without_rows(file: Path, end: str) -> None:
    assert content(file, f"a,b{end}") == {"a": [], "b": []}


def test_repeated_and_blank_headers_get_distinct_names(file: Path) -> None:
    found = content(file, "a,a,,a (2),,\n1,2,3,4,5,6\n")
    assert [*found] == ["a", "a (2)", "column 3", "a (2) (2)", "column 5", "column 6"]
    assert [*found] == read_header(str(file))


def test_a_header_called_origin_does_not_hide_where_a_row_came_from(file: Path) -> None:
    file.write_text("origin,b\nParis,1\n")
    frame = read_table(str(file))
    assert frame.to_dict("list") == {"origin (2)": ["Paris"], "b": ["1"], "origin": [f"{file}#2"]}


@pytest.mark.parametrize(
    ("data", "line", "count"),
    [("a,b\n1,2\n3\n", 3, 1), ("a,b\n1,2,3\n", 2, 3), ('a,b\n"x\ny",2\n\n1\n', 5, 1), ("a,b\n1,2\n \n", 3, 1)],
    ids=["too few", "too many", "behind a quoted newline", "only white space"],
)
def test_a_record_of_another_width_is_refused_by_its_line(file: Path, data: str, line: int, count: int) -> None:
    assert refusal(file, data).startswith(f" line {line}: it has {count} fields where the header has 2")


@pytest.mark.parametrize(
    ("data", "line"),
    [
        ('a,b\n1,"2\n3,4\n5,6\n', 1),
        ('a,b\n1,2\n3,"4', 2),
        ('a,b\n1,"2\n3,"4"\n', 1),
        ('a,b\n1,2\n3,"' + "x" * 200_000, 2),
    ],
    ids=["swallows the rest", "cut off", "swallows a row", "swallows much"],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_quote_that_is_never_closed_is_refused_and_swallows_no_row(
    file: Path, data: str, line: int, encoding: str
) -> None:
    said = refusal(file, data.encode(encoding))
    assert said.startswith(f": after line {line} a quote is opened and not closed")


def test_a_letter_that_holds_the_byte_of_a_quote_hides_no_open_one(file: Path) -> None:
    assert "a quote is opened and not closed" in refusal(file, 'a,b\n1,"∀\n3,4\n'.encode("utf-16"))
    assert content(file, "a,b\n1,∀\n".encode("utf-16")) == {"a": ["1"], "b": ["∀"]}


def test_a_lone_quote_inside_of_a_field_is_a_character(file: Path) -> None:
    assert content(file, 'a,b\n5" pipe,1\nx,2\n') == {"a": ['5" pipe', "x"], "b": ["1", "2"]}


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_arrow_tables_hold_what_frames_do(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"file{suffix}"
    if suffix == ".csv":
        file.write_text("a,b\n1,x\n2,\n")
    else:
        workbook(file, [["a", "b"], ["1", "x"], ["2", ""]])
    table = pa.concat_tables(read_arrow(str(file), columns=["b", "a"]))
    assert table.to_pylist() == read_table(str(file), columns=["b", "a"]).to_dict("records")
    assert {*table.schema.types} == {pa.large_string()}


def test_an_abandoned_file_is_not_read_further(file: Path) -> None:
    file.write_text("a,b\n" + "1,2\n" * 3_000_000)
    tables = read_arrow(str(file))
    next(tables)
    assert _readers()
    tables.close()  # type: ignore[attr-defined]  # a generator
    assert not _readers()


def _readers() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("arfeed-reading")]


def test_only_the_columns_asked_for_are_kept(file: Path) -> None:
    file.write_text("a,b,c\n1,2,3\n")
    assert [*read_table(str(file), columns=["c", "a"])] == ["c", "a", "origin"]
    with pytest.raises(SourceError, match=r"there is no column 'd'; found a, b, c"):
        read_table(str(file), columns=["d"])


def test_a_file_that_is_not_there_is_named(file: Path) -> None:
    with pytest.raises(SourceError, match="can't be opened: No such file or directory"):
        read_table(str(file))


# --- which files ----------------------------------------------------------------------------------------------------


def found(path: Path, **settings: str) -> list[str]:
    return [Path(name).name for name in find_files(FileSettings.model_validate({"path": str(path), **settings}))]


@pytest.fixture
def exports(tmp_path: Path) -> Path:
    import os

    for age, name in enumerate(["new.csv", "middle.csv", "old.csv"]):
        tmp_path.joinpath(name).write_text("a\n")
        os.utime(tmp_path / name, (1_750_000_000 - age, 1_750_000_000 - age))
    for name in ("~$gone.csv", "._new.csv", "notes.txt"):
        tmp_path.joinpath(name).write_text("")
    tmp_path.joinpath("folder.csv").mkdir()
    return tmp_path / "*.csv"


def test_the_newest_file_is_the_one_written_last(exports: Path) -> None:
    assert found(exports, files="newest") == ["new.csv"]


def test_all_files_come_oldest_first_without_those_of_office_programs(exports: Path) -> None:
    assert found(exports, files="all") == ["old.csv", "middle.csv", "new.csv"]


def test_several_files_are_an_error_as_long_as_nothing_says_which(exports: Path) -> None:
    with pytest.raises(SourceError, match=r'3 files match .* files = "newest" or files = "all"'):
        found(exports)


@pytest.mark.parametrize("name", ["*.xlsx", "folder.csv", "~$gone.csv"], ids=["nothing", "a folder", "a lock file"])
def test_no_file_is_an_error(exports: Path, name: str) -> None:
    with pytest.raises(SourceError, match=r"no file matches; export it again or correct `path`"):
        found(exports.with_name(name), files="all")


# --- records --------------------------------------------------------------------------------------------------------


def test_records_become_text_and_know_their_origin() -> None:
    frame = table_from_records([{"id": 71, "ref": "00071"}, {"ref": None, "more": True}], origin="api")
    assert frame.to_dict("list") == {
        "id": ["71", ""],
        "ref": ["00071", ""],
        "more": ["", "True"],
        "origin": ["api#1", "api#2"],
    }


def test_a_decimal_in_a_record_is_written_out() -> None:
    assert table_from_records([{"balance": Decimal("1E+2")}], origin="api")["balance"].tolist() == ["100"]


def test_a_float_in_a_record_is_refused_by_name() -> None:
    with pytest.raises(SourceError, match=r"api: balance is the float 10\.1"):
        table_from_records([{"balance": 10.1}], origin="api")


# --- misplaced quotes -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("chunk", [1, 7, 1 << 16])
@pytest.mark.parametrize(
    ("text", "doubtful"),
    [
        ('a,b\n"x","y"\n', False),
        ('a,b\n"x ""y"" z","1\n2"\r\n"",""\r\n', False),
        ('a,b\n1,"two\n3,"four\n', True),
        ('a,b\n1,"two"x\n', True),
        ('a,b\n1,5" pipe, 6" pipe\n', True),
        ('a,b\n1,"two\n', True),
    ],
    ids=["quoted", "doubled", "two stray", "behind a close", "inches", "open"],
)
def test_a_quote_that_neither_opens_nor_closes_a_field_is_doubtful(text: str, doubtful: bool, chunk: int) -> None:
    quotes, data = Quotes(","), text.encode()
    blocks = [data[start : start + chunk] for start in range(0, len(data), chunk)]
    assert [*quotes.watch(iter(blocks))] == blocks
    assert quotes.doubtful is doubtful


def test_two_quotes_that_are_never_closed_do_not_swallow_the_rows_between(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text('ref,memo,due\n1,"tbd,5\n2,m,6\n3,"tbd,7\n')
    with pytest.raises(SourceError, match="a quote is opened and not closed"):
        read_table(str(file))


def test_inch_marks_are_not_quotes(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text('ref,memo,due\n1,5" pipe,5\n2,4" and 6",6\n')
    assert read_table(str(file))["memo"].tolist() == ['5" pipe', '4" and 6"']


@pytest.mark.parametrize("end", ["\n", ""], ids=["line end", "none"])
@pytest.mark.parametrize("columns", [(), ("a",)], ids=["all columns", "one column"])
def test_rows_of_separators_only_are_skipped_but_counted(file: Path, columns: tuple[str, ...], end: str) -> None:
    file.write_text(f"a;b;c\n;;\n1;2;3.50\n;;\n;5;\n;;\n;;{end}")
    rows = read_table(str(file), columns=columns)
    assert rows["a"].tolist() == ["1", ""]
    assert rows["origin"].tolist() == [f"{file}#3", f"{file}#5"]


@pytest.mark.parametrize("columns", [(), ("a",)], ids=["all columns", "one column"])
def test_a_first_line_that_names_the_separator_for_excel_is_not_a_header(file: Path, columns: tuple[str, ...]) -> None:
    file.write_text("sep=;\na;b\n1;2\n")
    rows = read_table(str(file), columns=columns)
    assert rows[["a", "origin"]].to_numpy().tolist() == [["1", f"{file}#3"]]


@pytest.mark.parametrize("name", ['"Ada 5" pipe"', '"Ada "the Boss" Ltd"'])
def test_a_quote_that_is_not_doubled_is_called_one(file: Path, name: str) -> None:
    said = refusal(file, f"a,b\n1,2\n{name},3\n4,5\n".encode())
    assert "after line 2 a quote is opened and not closed, or stands within a text and is not doubled" in said


PAGE = "List of open items,,\nPage {},,\nno,customer,open\n{},Ada,5\n"
PAGES = PAGE.format(1, 1) + PAGE.format(2, 2)


@pytest.mark.parametrize("in_a_workbook", [False, True], ids=["csv", "xlsx"])
def test_the_headings_of_each_page_are_passed_over_with_the_lines_above_them(
    tmp_path: Path, in_a_workbook: bool
) -> None:
    file = tmp_path / ("pages.xlsx" if in_a_workbook else "pages.csv")
    if in_a_workbook:
        workbook(file, [line.split(",") for line in PAGES.splitlines()])
    else:
        file.write_text(PAGES)
    read = read_table(str(file), columns=["no", "customer", "open"])
    assert read["no"].tolist() == ["1", "2"]
    assert [origin.rpartition("#")[2] for origin in read["origin"]] == ["4", "8"]


@pytest.mark.parametrize(
    ("rows", "kept"),
    [
        ("no,customer,open\nno,customer,5\n", ["no"]),  # not all of its columns
        ("no,customer,open\n1,Ada,5\nPage 2,,\nno,customer,open\n2,Bo,6\n", ["1", "Page 2", "2"]),  # no such line above
        ("no\n1\nno\n2\n", ["1", "no", "2"]),  # one column may hold anything
    ],
    ids=["part of it", "an unknown line", "one column"],
)
def test_what_only_looks_like_headings_is_kept(file: Path, rows: str, kept: list[str]) -> None:
    assert content(file, rows)["no"] == kept
