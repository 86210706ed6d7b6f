from __future__ import annotations

import asyncio
import json
from decimal import Decimal
from pathlib import Path

import asyncssh
import pytest

from arfeed.delivery.rehearsal.books import Books, read_books
from arfeed.delivery.rehearsal.receiver import Receiver, receiver
from arfeed.delivery.rehearsal.reports import Headers
from support.servers.rehearsal_client import Client, report, session


def test_a_report_is_booked_when_it_gets_its_real_name(client: Client, at: Receiver) -> None:
    client.write("csv_data_uploads/.day1.csv.part", report("INV-1", balance="1234.50"))
    assert at.books == Books()
    client.do(lambda sftp: sftp.rename("csv_data_uploads/.day1.csv.part", "csv_data_uploads/day1.csv"))
    assert at.books.open == {"INV-1": Decimal("1234.50")}
    assert list(at.books.reports) == ["day1.csv"]


def test_a_report_is_booked_when_it_is_closed_under_its_real_name(client: Client, at: Receiver) -> None:
    client.write("csv_data_uploads/day1.csv", report("INV-1"))
    assert list(at.books.open) == ["INV-1"]


def test_a_posix_rename_brings_a_report_too(client: Client, at: Receiver) -> None:
    client.write("csv_data_uploads/.day1.csv.part", report("INV-1"))
    client.do(lambda sftp: sftp.posix_rename("csv_data_uploads/.day1.csv.part", "csv_data_uploads/day1.csv"))
    assert list(at.books.open) == ["INV-1"]


def test_an_upload_that_broke_off_under_its_real_name_is_booked_as_far_as_it_came(folder: Path) -> None:
    with receiver("demo", folder) as at:
        asyncio.run(break_off(at, "csv_data_uploads/day1.csv"))
    assert list(read_books(folder).open) == ["INV-1"]


def test_an_upload_that_broke_off_under_another_name_is_never_booked(folder: Path) -> None:
    with receiver("demo", folder) as at:
        asyncio.run(break_off(at, "csv_data_uploads/.day1.csv.part"))
    with receiver("demo", folder) as again:
        assert again.books == Books()


@pytest.mark.parametrize(
    "path", ["csv_data_uploads/.day1.csv", "day1.csv", "csv_data_uploads/day1.txt"], ids=["dot", "elsewhere", "no csv"]
)
def test_other_files_are_never_booked(client: Client, at: Receiver, path: str) -> None:
    client.write(path, report("INV-1"))
    assert at.books == Books()


def test_what_a_report_no_longer_lists_is_paid_by_absence(client: Client, at: Receiver) -> None:
    client.report("day1.csv", "INV-1", "INV-2", "INV-3")
    assert at.books.paid_by_absence == {}
    client.report("day2.csv", "INV-1", "INV-3")
    client.report("day3.csv", "INV-1")
    assert list(at.books.open) == ["INV-1"]
    assert at.books.paid_by_absence == {"INV-2": "day2.csv", "INV-3": "day3.csv"}
    assert at.books.reopened == {}


def test_what_comes_back_is_reopened(client: Client, at: Receiver) -> None:
    client.report("day1.csv", "INV-1", "INV-2")
    client.report("day2.csv", "INV-1")
    client.report("day3.csv", "INV-1", "INV-2")
    assert list(at.books.open) == ["INV-1", "INV-2"]
    assert at.books.paid_by_absence == {}
    assert at.books.reopened == {"INV-2": "day3.csv"}


def test_what_was_reopened_once_stays_known_when_it_is_paid_again(client: Client, at: Receiver) -> None:
    for day, refs in enumerate([("A", "B"), ("A",), ("A", "B"), ("A",)], 1):
        client.report(f"day{day}.csv", *refs)
    assert at.books.paid_by_absence == {"B": "day4.csv"}
    assert at.books.reopened == {"B": "day3.csv"}


def test_an_empty_report_pays_everything(client: Client, at: Receiver) -> None:
    client.report("day1.csv", "INV-1", "INV-2")
    client.report("day2.csv")
    assert at.books.open == {}
    assert at.books.paid_by_absence == {"INV-1": "day2.csv", "INV-2": "day2.csv"}


def test_the_same_report_is_booked_once(client: Client, at: Receiver) -> None:
    client.report("day1.csv", "INV-1")
    client.report("day2.csv", "INV-2")
    client.do(lambda sftp: sftp.posix_rename("csv_data_uploads/day1.csv", "csv_data_uploads/day1.csv.kept"))
    client.report("day1.csv", "INV-1")
    assert list(at.books.open) == ["INV-2"]
    assert list(at.books.reports) == ["day1.csv", "day2.csv"]


def test_other_content_under_the_same_name_is_a_later_report(client: Client, at: Receiver) -> None:
    client.write("csv_data_uploads/day1.csv", report("INV-1"))
    client.write("csv_data_uploads/day2.csv", report("INV-2"))
    client.write("csv_data_uploads/day1.csv", report("INV-3"))
    assert list(at.books.open) == ["INV-3"]
    assert list(at.books.reports) == ["day2.csv", "day1.csv"]


def test_reading_a_report_back_books_nothing(client: Client, at: Receiver) -> None:
    (at.root / "csv_data_uploads" / "left.csv").write_bytes(report("INV-1"))
    client.do(lambda sftp: sftp.stat("csv_data_uploads/left.csv"))
    client.do(lambda sftp: read(sftp, "csv_data_uploads/left.csv"))
    assert at.books == Books()


def test_the_books_survive_a_restart(folder: Path) -> None:
    with receiver("demo", folder) as at:
        for day, refs in enumerate([("A", "B"), ("B",), ("A",)], 1):
            Client(at).report(f"day{day}.csv", *refs)
        before = at.books
    assert read_books(folder) == before
    with receiver("demo", folder) as again:
        assert again.books == before


def test_a_report_left_unbooked_is_booked_at_the_next_start(folder: Path) -> None:
    with receiver("demo", folder) as at:
        Client(at).report("day1.csv", "INV-1", "INV-2")
        (at.root / "csv_data_uploads" / "day2.csv").write_bytes(report("INV-2"))
        (at.root / "csv_data_uploads" / ".day3.csv.part").write_bytes(report())
    with receiver("demo", folder) as again:
        assert list(again.books.open) == ["INV-2"]
        assert again.books.paid_by_absence == {"INV-1": "day2.csv"}


def test_a_folder_that_no_receiver_has_used_has_empty_books(tmp_path: Path) -> None:
    assert read_books(tmp_path / "nobody") == Books()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "the report has no column 'invoice_ref'"),
        (b"Invoice,Balance\nINV-1,1\n", "the report has no column 'invoice_ref'"),
        (b"invoice_ref,open\nINV-1,1\n", "the report has no column 'balance'"),
        (b"invoice_ref,balance\nINV-1\n", "line 2: the balance None"),
        (b'invoice_ref,balance\nINV-1,"1.234,50"\n', "line 2: the balance '1.234,50'"),
        (b"invoice_ref,balance\nINV-1,NaN\n", "line 2: the balance 'NaN'"),
        (b"invoice_ref,balance\nINV-1,1\nINV-1,2\n", "line 3: the reference 'INV-1' is blank or listed twice"),
        (b"invoice_ref,balance\n,1\n", "line 2: the reference '' is blank or listed twice"),
        (b'invoice_ref,balance\nINV-1,1\n"INV-2', "unexpected end of data"),
        (b"invoice_ref,balance\nINV-\xff,1\n", "'utf-8' codec can't decode"),
    ],
    ids=["nothing", "headers", "no balance", "short", "comma", "NaN", "twice", "blank", "cut off", "latin"],
)
def test_a_report_that_cannot_be_read_changes_no_invoice(
    client: Client, at: Receiver, content: bytes, reason: str
) -> None:
    client.report("day1.csv", "INV-0")
    client.write("csv_data_uploads/day2.csv", content)
    assert list(at.books.open) == ["INV-0"]
    assert list(at.books.rejected) == ["day2.csv"]
    assert at.books.rejected["day2.csv"].startswith(reason)
    assert list(at.books.reports) == ["day1.csv", "day2.csv"]


def test_the_receiver_reads_the_columns_it_was_told_of(folder: Path) -> None:
    with receiver("demo", folder, Headers(ref="Invoice", balance="Open")) as at:
        Client(at).write("csv_data_uploads/day1.csv", '\ufeffInvoice,Memo,Open\nÅ-1,"a\nb",-0.10\n'.encode())
        assert at.books.open == {"Å-1": Decimal("-0.10")}


def test_pdfs_are_matched_by_the_receivers_rule(client: Client, at: Receiver) -> None:
    client.report("day1.csv", "INV/2026/0042", "00071", "INV-001_v1.0", "A 1", "A_1")
    client.report("day2.csv", "00071", "INV-001_v1.0", "A 1", "A_1")
    for name in ["INV_2026_0042", "00071", "INV-001_v1_0", "A_1", "INV-9", ".00071"]:
        client.write(f"{name}.pdf", b"%PDF-1.4")
    assert at.books.documents == {
        "00071.pdf": "00071",
        "A_1.pdf": None,
        "INV-001_v1_0.pdf": "INV-001_v1.0",
        "INV-9.pdf": None,
        "INV_2026_0042.pdf": "INV/2026/0042",
    }


def test_the_books_are_plain_json(client: Client, at: Receiver, folder: Path) -> None:
    client.report("day1.csv", "INV-1", balance="0.10")
    kept = json.loads((folder / "books.json").read_text(encoding="utf-8"))
    assert kept["open"] == {"INV-1": "0.10"}
    assert [path.name for path in folder.iterdir() if path.name.endswith(".part")] == []


async def read(sftp: asyncssh.SFTPClient, path: str) -> bytes:
    async with sftp.open(path, "rb") as file:
        return await file.read()


async def break_off(at: Receiver, path: str) -> None:
    async with session(at) as sftp:
        file = await sftp.open(path, "wb")
        await file.write(report("INV-1"))
