"""Grids of CSV files, headers below banners, and files that are cut off."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arfeed import SourceError, read_grid, read_header, read_table
from arfeed.tables.separated.text import physical_lines

REPORT = 'Open Invoices,,\nAcme\n\n"As of, April"\n,Date,Num,Amount\n"Last, First",,\n,x,"a\n""b""",1\nTOTAL,,,1\n'

cells = st.text(st.sampled_from("aé,;\n\"' 1"), max_size=6)
tables = st.lists(st.lists(cells, min_size=1, max_size=4), min_size=1, max_size=8)


def grid(file: Path, data: bytes, **how: str) -> list[list[str]]:
    file.write_bytes(data)
    frames = list(read_grid(str(file), **how))
    return [row for frame in frames for row in frame.drop(columns="origin").to_numpy().tolist()]


def test_ragged_rows_are_as_wide_as_the_widest_and_blank_lines_are_skipped(tmp_path: Path) -> None:
    found = grid(tmp_path / "a.csv", REPORT.encode())
    assert {len(row) for row in found} == {4}
    assert found[2:5] == [["As of, April", "", "", ""], ["", "Date", "Num", "Amount"], ["Last, First", "", "", ""]]
    assert found[5:] == [["", "x", 'a\n"b"', "1"], ["TOTAL", "", "", "1"]]


def test_the_rows_of_a_grid_know_their_lines(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text(REPORT)
    numbers = [int(origin.rpartition("#")[2]) for origin in next(read_grid(str(file)))["origin"]]
    assert physical_lines(str(file), numbers) == dict(zip(numbers, [1, 2, 4, 5, 6, 7, 9], strict=True))


@settings(max_examples=60, deadline=None)
@given(
    tables, st.sampled_from(",;\t|"), st.sampled_from(["\n", "\r\n", "\r"]), st.sampled_from(["utf-8-sig", "utf-16"])
)
def test_any_ragged_table_is_read_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]], mark: str, end: str, encoding: str
) -> None:
    text = io.StringIO(newline="")
    quoting: Literal[0, 1] = (
        csv.QUOTE_ALL if end == "\r" else csv.QUOTE_MINIMAL
    )  # the writer leaves a line feed bare beside CR
    csv.writer(text, delimiter=mark, lineterminator=end, quoting=quoting).writerows(rows)
    width = max(map(len, rows))
    found = grid(tmp_path_factory.mktemp("grid") / "a.csv", text.getvalue().encode(encoding), delimiter=mark)
    assert found == [[*row, *[""] * (width - len(row))] for row in rows]


def test_rows_of_many_blocks_are_padded_alike(tmp_path: Path) -> None:
    lines = ['1,"x, y",2', "Group", "3,4"] * 200_000
    found = grid(tmp_path / "a.csv", "\n".join(lines).encode())
    assert len(found) == 600_000
    assert found[-3:] == [["1", "x, y", "2"], ["Group", "", ""], ["3", "4", ""]] == found[:3]


def test_a_quote_inside_of_a_field_is_a_character_in_a_ragged_file_too(tmp_path: Path) -> None:
    assert grid(tmp_path / "a.csv", b'Acme\n1,5" pipe\n') == [["Acme", ""], ["1", '5" pipe']]


@pytest.mark.parametrize("data", [b'a,b\n1,"2\n3,4\n', b'a,b\n1,"2'])
def test_an_open_quote_is_refused(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(SourceError, match="a quote is opened and not closed"):
        grid(tmp_path / "a.csv", data)


def test_a_fallback_encoding_is_used_for_a_file_that_is_not_utf8(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    assert grid(file, "Müller".encode("cp1252"), fallback="cp1252") == [["Müller"]]
    assert grid(file, "Müller".encode(), fallback="cp1252") == [["Müller"]]
    with pytest.raises(SourceError, match="it is not valid UTF-8"):
        grid(file, "Müller".encode("cp1252"))


# --- headers --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("banner", range(7))
def test_a_header_is_found_below_a_banner_of_any_height(tmp_path: Path, banner: int) -> None:
    file = tmp_path / "a.csv"
    file.write_text("".join(f"Acme, {line}\n" for line in range(banner)) + '\ufeff *invoice  NO,Due\nINV-1,"5,0"\n')
    rows = read_table(str(file), columns=["Due", "Invoice No"])
    assert rows.to_dict("list") == {"Due": ["5,0"], "Invoice No": ["INV-1"], "origin": [f"{file}#{banner + 2}"]}


def test_a_missing_header_is_reported_with_what_was_found(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("Acme\nNo,Due\n1,2\n")
    with pytest.raises(SourceError, match="there is no column 'Balance'; found No, Due"):
        read_header(str(file), columns=["No", "Balance"])


def test_a_header_that_two_columns_could_be_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("due,DUE\n1,2\n")
    with pytest.raises(SourceError, match="'Due' could be 'due' and 'DUE'; name it exactly"):
        read_header(str(file), columns=["Due"])
    assert read_header(str(file), columns=["DUE"]) == ["due", "DUE"]


def test_a_header_that_two_columns_have_is_refused_until_one_is_chosen(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("ref,open,open\n1,2,3\n")
    with pytest.raises(SourceError, match=r"two columns are called 'open'.* name the second one 'open \(2\)'"):
        read_header(str(file), columns=["open"])
    assert read_table(str(file), columns=["open (2)"])["open (2)"].tolist() == ["3"]


def test_fields_beyond_the_header_must_be_blank(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("a,b\n1,2,\n3,4,\n")
    assert read_table(str(file)).drop(columns="origin").to_dict("list") == {"a": ["1", "3"], "b": ["2", "4"]}
    file.write_text("a,b\n1,2,\n3,4,x\n")
    with pytest.raises(SourceError, match="line 3: it has more fields than the header, among them 'x'"):
        read_table(str(file))


# --- files that are cut off -----------------------------------------------------------------------------------------

LINES = [f"INV-{number},2026-04-{number:02},{number * 10}.50" for number in range(1, 13)]
WHOLE = "\n".join(["ref,due,balance", *LINES]).encode()


@pytest.mark.parametrize("cut", range(len(WHOLE) - len(LINES[-1]) + 1, len(WHOLE)))
def test_a_cut_inside_of_the_last_record_is_seen(tmp_path: Path, cut: int) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(WHOLE[:cut])
    with pytest.raises(SourceError, match="may be cut off"):
        read_table(str(file))


@settings(max_examples=60, deadline=None)
@given(st.integers(len("ref,due,balance\n") + len(LINES[0]) * 3, len(WHOLE)))
def test_a_cut_anywhere_is_noticed_or_leaves_complete_records_only(
    tmp_path_factory: pytest.TempPathFactory, cut: int
) -> None:
    file = tmp_path_factory.mktemp("cut") / "a.csv"
    file.write_bytes(WHOLE[:cut])
    try:
        rows = read_table(str(file)).drop(columns="origin").agg(",".join, axis=1).tolist()
    except SourceError:
        return
    assert rows == LINES[: len(rows)]


def test_a_last_line_without_line_end_is_accepted_if_it_is_like_the_others(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(WHOLE)
    assert len(read_table(str(file))) == len(LINES)
