"""From a Xero export and a folder of PDFs to Kolleno's folders on a real server, by one command."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path
from typing import Any

import pytest

from support.feeds.command import Cli, run, sync_approved
from support.files.exports import SEVEN, document, xero
from support.files.pdfs import pdf, write_pdfs
from support.servers.openssh import OpenSSH

pytestmark = pytest.mark.openssh

HEADER = [
    *("invoice_ref", "kind", "customer_id", "customer_name", "customer_email", "currency_iso"),
    *("date_issued", "date_due", "amount", "balance", "po_number", "memo"),
]


def line(
    ref: str,
    due_on: str,
    amount: str,
    balance: str,
    *,
    customer: str = "Ada Ltd",
    currency: str = "GBP",
    memo: str = "PO 7",
) -> list[str]:
    kind = "credit_note" if ref.startswith("CN") else "invoice"
    who = [customer, customer, "ada@example.com"]
    return [ref, kind, *who, currency, "2026-04-07", due_on, amount, balance, "", memo]


REPORT = [
    HEADER,
    line("INV-001", "2026-04-21", "360.00", "360.00", customer='Ångström & Söhne, "GmbH"', memo='PO "7",\nsecond line'),
    line("INV-002", "2026-04-21", "2000.00", "1580.94", currency="EUR"),
    line("INV/2026/0042", "2026-04-21", "99.50", "99.50"),
    line("00071", "2026-05-07", "0.05", "0.05"),
    line("CN-001", "", "-20.00", "-20.00"),
]


def files(root: Path) -> set[str]:
    """Every file below a folder, hidden ones too."""
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}


def reports(root: Path) -> list[Path]:
    return sorted(root.joinpath("csv_data_uploads").iterdir())


def rows(report: Path) -> list[list[str]]:
    return [*csv.reader(report.read_text(encoding="utf-8").splitlines(keepends=True))]


def approved(arfeed: Cli, feed: Path) -> Any:
    planned = arfeed(feed, "plan", "--json")
    assert planned.code == 3
    done = arfeed(feed, "sync", "--json", "--approve", planned.json()["approval"])
    assert done.code == 0, done.err
    return done.json()


def test_one_command_puts_the_exact_report_and_the_pdfs_on_the_server(sftp_feed: Path, root: Path) -> None:
    receipt = sync_approved(sftp_feed)["receipt"]
    (report,) = reports(root)
    assert rows(report) == REPORT
    assert files(root) == {f"csv_data_uploads/{report.name}", "INV-001.pdf", "00071.pdf", "INV_2026_0042.pdf"}
    assert root.joinpath("INV_2026_0042.pdf").read_bytes() == pdf("Invoice INV_2026_0042.pdf")
    assert receipt["report"]["name"] == report.name
    assert receipt["report"]["size"] == report.stat().st_size


def test_the_report_is_plain_utf_8_without_a_mark(arfeed: Cli, sftp_feed: Path, root: Path) -> None:
    approved(arfeed, sftp_feed)
    (report,) = reports(root)
    content = report.read_bytes()
    assert "Ångström & Söhne".encode() in content
    assert not content.startswith(b"\xef\xbb\xbf")


def test_the_first_delivery_is_refused_until_it_is_approved(arfeed: Cli, sftp_feed: Path, root: Path) -> None:
    done = arfeed(sftp_feed, "sync", "--json")
    assert (done.code, files(root)) == (3, set())
    plan = done.json()["plan"]
    assert [objection["code"] for objection in plan["objections"]] == ["unknown-baseline"]
    assert plan["approval"].startswith("0-")


def test_a_second_delivery_sends_its_report_and_touches_no_pdf(arfeed: Cli, sftp_feed: Path, root: Path) -> None:
    approved(arfeed, sftp_feed)
    before = {path.name: (path.stat().st_ino, path.stat().st_mtime_ns) for path in root.glob("*.pdf")}
    done = arfeed(sftp_feed, "sync", "--json")
    assert done.code == 0, done.err
    assert done.json()["plan"]["documents"] == {**done.json()["plan"]["documents"], "send": [], "present": 3}
    assert {path.name: (path.stat().st_ino, path.stat().st_mtime_ns) for path in root.glob("*.pdf")} == before
    first, second = reports(root)
    assert rows(first) == rows(second) == REPORT
    assert files(root) == {*before, f"csv_data_uploads/{first.name}", f"csv_data_uploads/{second.name}"}


def test_a_touched_pdf_is_not_sent_and_a_changed_one_is(arfeed: Cli, sftp_feed: Path, root: Path) -> None:
    approved(arfeed, sftp_feed)
    sftp_feed.joinpath("pdf/Invoice 00071.pdf").touch()
    sftp_feed.joinpath("pdf/Invoice INV-001.pdf").write_bytes(pdf("a better one"))
    inode = root.joinpath("00071.pdf").stat().st_ino
    done = arfeed(sftp_feed, "sync", "--json")
    assert done.json()["plan"]["documents"]["send"] == ["INV-001.pdf"]
    assert root.joinpath("INV-001.pdf").read_bytes() == pdf("a better one")
    assert root.joinpath("00071.pdf").stat().st_ino == inode


def test_pdfs_whose_names_collide_are_not_sent_and_said_so(arfeed: Cli, sftp_feed: Path, root: Path) -> None:
    more = [document("INV#9"), document("inv 9"), document("INV-10")]
    xero(sftp_feed / "exports" / "SalesInvoices.csv", *SEVEN, *more)
    write_pdfs(sftp_feed / "pdf", "Invoice INV#9.pdf", "Invoice inv 9.pdf", "Invoice INV-10.pdf")
    planned = arfeed(sftp_feed, "plan")
    assert "INV_9.pdf" in planned.out
    assert "INV#9" in planned.out
    plan = approved(arfeed, sftp_feed)["plan"]
    assert plan["documents"]["colliding"] == {"INV_9.pdf": ["INV#9", "inv 9"]}
    assert {path.name for path in root.glob("*.pdf")} == {
        *("INV-001.pdf", "00071.pdf", "INV_2026_0042.pdf", "INV-10.pdf")
    }
    assert {row[0] for row in rows(reports(root)[0])} >= {"INV#9", "inv 9"}


def test_a_broken_pdf_does_not_keep_its_invoice_from_the_report(arfeed: Cli, sftp_feed: Path, root: Path) -> None:
    sftp_feed.joinpath("pdf/Invoice 00071.pdf").write_bytes(b"<html>please log in</html>")
    plan = approved(arfeed, sftp_feed)["plan"]
    assert "a web page" in plan["documents"]["broken"]["00071"]
    assert not root.joinpath("00071.pdf").exists()
    assert rows(reports(root)[0]) == REPORT


def test_a_paid_invoice_is_missing_with_its_reason_and_refuses_nothing(
    arfeed: Cli, sftp_feed: Path, root: Path
) -> None:
    approved(arfeed, sftp_feed)
    paid = document("INV-002", "0.00", Currency="EUR", Total="2000.0000", Status="Paid")
    xero(
        sftp_feed / "exports" / "SalesInvoices.csv",
        *[paid if lines[0]["InvoiceNumber"] == "INV-002" else lines for lines in SEVEN],
    )
    done = arfeed(sftp_feed, "sync", "--json")
    assert done.code == 0, done.err
    assert [(row["invoice_ref"], row["reason"]) for row in done.json()["plan"]["missing"]] == [("INV-002", "paid")]
    assert "INV-002" not in [row[0] for row in rows(reports(root)[-1])]


def test_an_invoice_that_is_simply_gone_refuses_the_delivery(arfeed: Cli, sftp_feed: Path, root: Path) -> None:
    approved(arfeed, sftp_feed)
    xero(sftp_feed / "exports" / "SalesInvoices.csv", *SEVEN[1:])
    done = arfeed(sftp_feed, "sync", "--json")
    assert done.code == 3
    assert "unexplained" in [objection["code"] for objection in done.json()["plan"]["objections"]]
    assert len(reports(root)) == 1


def test_no_path_in_the_url_means_the_login_directory(
    arfeed: Cli, sftp_feed: Path, root: Path, openssh: OpenSSH
) -> None:
    config = sftp_feed / "plugins.toml"
    config.write_text(config.read_text().replace(f"{openssh.port}{root}", str(openssh.port)))
    before = {path.name for path in openssh.login.iterdir()}
    approved(arfeed, sftp_feed)
    made = {path.name for path in openssh.login.iterdir()} - before
    for name in made - {"csv_data_uploads"}:
        openssh.login.joinpath(name).unlink()
    shutil.rmtree(openssh.login / "csv_data_uploads")
    assert made == {"csv_data_uploads", "INV-001.pdf", "00071.pdf", "INV_2026_0042.pdf"}


def test_check_reaches_the_server_and_writes_nothing(sftp_feed: Path, root: Path) -> None:
    done = run(sftp_feed, "check", "--json")
    assert done.code == 0, done.err
    assert done.json()["ok"] is True
    assert files(root) == set()


def test_a_probe_tries_what_a_delivery_needs_and_leaves_nothing(sftp_feed: Path, root: Path) -> None:
    done = run(sftp_feed, "check", "--probe", "--json")
    assert done.code == 0, done.err
    tried = [check["what"] for check in done.json()["checks"]]
    assert "rename it in the root" in tried
    assert "replace a file by renaming in csv_data_uploads" in tried
    assert files(root) == set()


def test_a_probe_says_what_the_server_refuses(sftp_feed: Path, root: Path) -> None:
    root.joinpath("csv_data_uploads").mkdir(mode=0o555)
    done = run(sftp_feed, "check", "--probe")
    assert done.code == 5
    assert "✓ rename it in the root" in done.out
    assert "✗ write a file in csv_data_uploads: the server answered 'Permission denied'" in done.out
