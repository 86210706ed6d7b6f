"""Tables of dBASE and FoxPro, made by another program's library: what is there, and nothing that was deleted."""

from __future__ import annotations

import gc
import warnings
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import dbf
import pytest

from arfeed import FileSettings, SourceError
from arfeed.tables.read import read_table
from arfeed_connectors.folder import Folder
from support.feeds.sources import failure, opened

FIELDS = "invoice_re C(12); customer C(30); code C(3); issued D; due D; owed N(14,2); paid L"
ROWS = (
    ("00071", "Gärtnerei Löwenzahn", "EUR", date(2026, 5, 4), date(2026, 6, 3), 12345678901.23, False),
    ("A-2", "Ada", "USD", date(2026, 5, 5), None, -0.1, True),
    ("A-3", "Bob", "EUR", date(2026, 5, 6), None, 99, False),
)
COLUMNS = {
    "invoice_ref": "INVOICE_RE",
    "customer_name": "CUSTOMER",
    "currency": "CODE",
    "issued_on": "ISSUED",
    "due_on": "DUE",
    "balance": "OWED",
}
KINDS = ("db3", "fp", "vfp")


def made(file: Path, kind: str = "db3", codepage: str = "cp1252", fields: str = FIELDS, rows: Any = ROWS) -> Path:
    """Make a table of which the last row of three is deleted."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # the library forgets a file that it makes
        table = dbf.Table(str(file), fields, dbf_type=kind, codepage=codepage)
        table.open(dbf.READ_WRITE)
        for row in rows:
            table.append(row)
        if len(rows) > 1:
            dbf.delete(table[-1])
        table.close()
        del table
        gc.collect()
    return file


def books(file: Path, **settings: object) -> Folder:
    return Folder("files", FileSettings.model_validate({"path": str(file), "columns": COLUMNS, **settings}))


@pytest.mark.parametrize("kind", KINDS)
def test_every_row_that_is_not_deleted_comes_as_it_is(tmp_path: Path, kind: str) -> None:
    rows = opened(books(made(tmp_path / "books.dbf", kind))).set_index("invoice_ref")
    assert rows["balance"].to_dict() == {"00071": Decimal("12345678901.23"), "A-2": Decimal("-0.10")}
    assert rows["customer_name"].to_dict()["00071"] == "Gärtnerei Löwenzahn"
    assert rows["due_on"].to_dict()["00071"] == date(2026, 6, 3)
    assert rows["issued_on"].to_dict() == {"00071": date(2026, 5, 4), "A-2": date(2026, 5, 5)}


def test_a_table_is_not_touched(tmp_path: Path) -> None:
    file = made(tmp_path / "books.dbf")
    before = file.read_bytes(), file.stat().st_mtime_ns
    file.chmod(0o444)
    assert len(read_table(str(file))) == 2
    assert (file.read_bytes(), file.stat().st_mtime_ns) == before


def test_a_blank_date_and_a_logical_field_are_text(tmp_path: Path) -> None:
    rows = read_table(str(made(tmp_path / "books.dbf")))
    assert rows["DUE"].tolist() == ["2026-06-03", ""]
    assert rows["PAID"].tolist() == ["false", "true"]
    assert rows["origin"].str.endswith("#2").tolist() == [False, True]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("cut", [1, 2, 40, 90])
def test_a_table_that_was_cut_off_is_refused(tmp_path: Path, kind: str, cut: int) -> None:
    whole = made(tmp_path / "books.dbf", kind).read_bytes()
    ended = whole.removesuffix(b"\x1a")
    tmp_path.joinpath("cut.dbf").write_bytes(ended[:-cut])
    assert "it was cut off, or is still open" in failure(books(tmp_path / "cut.dbf"))


def test_rows_beyond_those_that_the_header_counts_are_refused(tmp_path: Path) -> None:
    whole = made(tmp_path / "books.dbf").read_bytes()
    fewer = whole[:4] + (2).to_bytes(4, "little") + whole[8:]
    tmp_path.joinpath("stale.dbf").write_bytes(fewer)
    assert "it was cut off, or is still open" in failure(books(tmp_path / "stale.dbf"))


def test_a_table_without_a_code_page_asks_for_it(tmp_path: Path) -> None:
    whole = bytearray(made(tmp_path / "books.dbf", "db3", "cp850").read_bytes())
    whole[29] = 0
    tmp_path.joinpath("dos.dbf").write_bytes(whole)
    assert "set `encoding`, such as cp850" in failure(books(tmp_path / "dos.dbf"))
    rows = opened(books(tmp_path / "dos.dbf", encoding="cp850"))
    assert rows["customer_name"].tolist()[0] == "Gärtnerei Löwenzahn"


def test_an_amount_of_more_digits_than_a_float_holds_is_refused(tmp_path: Path) -> None:
    file = made(tmp_path / "big.dbf", fields="owed N(19,2)", rows=[(12345678901234.0,)])
    with pytest.raises(SourceError, match="has more than 15 digits, which can't be read exactly"):
        read_table(str(file))
