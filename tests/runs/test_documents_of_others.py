"""A PDF that is another invoice's is not sent; its row stays, and plan, page, receipt and history say what was read."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from arfeed.history.receipts import plan_document
from arfeed.model.errors import ConfigError
from arfeed.runs.page.rendering import render
from arfeed.testing import Invoice, invoice_pdf, text_pdf
from documents.contents.test_process import encrypted
from support.feeds.feed import Feed, codes, invoice, invoices


@pytest.fixture
def feed(tmp_path: Path) -> Feed:
    feed = Feed(tmp_path, sources={"erp": {"documents": "pdf/{invoice_ref}.pdf"}})
    feed.export(invoices(3))
    (tmp_path / "pdf").mkdir()
    file(feed, 1, of(1))
    file(feed, 2, of(3))  # filed under the wrong number
    return feed


def of(number: int) -> bytes:
    row = invoice(number)
    given = Invoice(row["invoice_ref"], Decimal(row["balance"]), row["customer_name"], currency=row["currency"])
    return invoice_pdf(given)


def file(feed: Feed, number: int, content: bytes) -> None:
    (feed.folder / "pdf" / f"INV-{number:04}.pdf").write_bytes(content)


READ = "page 1 prints INV-0003, and it has 103.00 EUR and Customer 3, but not 102.00 EUR: it is the PDF of INV-0003"


def test_a_pdf_of_another_invoice_is_withheld_and_its_row_stays(feed: Feed) -> None:
    result = feed.approved()
    assert [*feed.held()] == ["INV-0001.pdf", *feed.reports()]
    assert feed.last_report() == ["INV-0001", "INV-0002", "INV-0003"]
    assert result.plan.documents.withheld == ("INV-0002",)
    (receipt,) = feed.receipts()
    assert receipt["pdfs_read"] == {"own": 1, "another": 1}
    assert receipt["pdfs_of_others"] == [
        {"invoice_ref": "INV-0002", "whose": "INV-0003", "read": READ, "withheld": True}
    ]


def test_plan_and_page_show_what_was_read(feed: Feed) -> None:
    code, said = feed.command("plan")
    assert code == 3
    assert "PDFs: 1 to send, 0 there already, 1 invoices without, 1 withheld" in said
    assert "read: 1 with the right number, 1 of another invoice" in said
    assert READ in " ".join(said.split())
    page = render(plan_document(feed.plan()))
    assert READ in page
    assert "1 with the right number, 1 of another invoice" in page


def test_the_right_pdf_is_sent_as_soon_as_it_is_there(feed: Feed) -> None:
    feed.approved()
    file(feed, 2, of(2))
    assert feed.sync().receipt
    assert feed.held()["INV-0002.pdf"] == of(2)


def test_no_pdf_is_read_twice(feed: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    from arfeed.documents.contents import checking

    feed.approved()
    monkeypatch.setattr(checking, "PdfReader", None)
    again = feed.sync()
    assert again.receipt
    assert again.plan.documents.withheld == ("INV-0002",)


def test_with_warn_it_is_sent_and_named(feed: Feed) -> None:
    feed.destination["documents_verify"] = "warn"
    assert feed.approved().plan.documents.withheld == ()
    assert "INV-0002.pdf" in feed.held()
    assert [other["withheld"] for other in feed.receipts()[0]["pdfs_of_others"]] == [False]  # type: ignore[attr-defined]


def test_with_off_nothing_is_read(feed: Feed) -> None:
    feed.destination["documents_verify"] = "off"
    assert feed.approved().plan.documents.readings == {}
    assert "INV-0002.pdf" in feed.held()


def test_a_withheld_pdf_lacks_where_documents_are_required(feed: Feed) -> None:
    feed.destination["documents_required"] = True
    file(feed, 3, text_pdf("Invoice INV-0003 Total 103.00"))
    plan = feed.plan()
    assert "documents" in codes(plan)
    assert [objection.refs for objection in plan.objections if objection.code == "documents"] == [("INV-0002",)]


def test_without_the_library_nothing_is_read_unless_asked_for(feed: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    from arfeed.documents.contents import checking

    monkeypatch.setattr(checking, "is_available", lambda: False)
    file(feed, 1, encrypted(""))
    documents = feed.plan().documents
    assert documents.readings == {}
    assert 'pip install "arfeed[pdf]"' in documents.broken["INV-0001"]
    feed.destination["documents_verify"] = "warn"
    with pytest.raises(ConfigError, match=r'documents_verify = "warn" needs .*pip install "arfeed\[pdf\]"'):
        feed.plan()


@pytest.mark.parametrize("verify", ["off", "withhold"])
def test_an_owners_password_keeps_no_pdf_back_and_one_to_open_does(feed: Feed, verify: str) -> None:
    feed.destination["documents_verify"] = verify
    file(feed, 1, encrypted(""))
    file(feed, 2, encrypted("secret"))
    documents = feed.plan().documents
    assert documents.send["name"].tolist() == ["INV-0001.pdf"]
    assert [*documents.broken] == ["INV-0002"]
    assert "needs a password" in documents.broken["INV-0002"]


def test_a_source_whose_pdfs_print_no_number_is_told_of_once(feed: Feed) -> None:
    feed.export(invoices(14))
    for number in range(1, 8):
        file(feed, number, text_pdf(f"Invoice of {number}", f"Total {100 + number}.00"))
    noted = [note for note in feed.plan().notes if "reported only once" in note]
    assert noted == [
        "erp: none of 7 PDFs prints its invoice's number as the source writes it, so a wrong PDF would go unnoticed; "
        "this is reported only once"
    ]
    feed.approved()
    for number in range(8, 15):
        file(feed, number, text_pdf(f"Invoice of {number}", f"Total {100 + number}.00"))
    plan = feed.plan()
    assert plan.documents.send["name"].nunique() == 7
    assert [note for note in plan.notes if "reported only once" in note] == []
    assert "sent, though the PDF" not in feed.command("plan")[1]


def test_check_counts_what_was_read(feed: Feed) -> None:
    feed.approved()
    done = feed.run("check", "--json")
    (found,) = [each for each in json.loads(done.stdout)["checks"] if each["what"] == "verifying PDFs"]
    assert found["facts"]["read"] == {"own": 1, "another": 1}
    assert found["state"] == "doubt"


def test_single_files_are_tested_by_a_command(feed: Feed) -> None:
    (feed.folder / "empty.pdf").touch()
    done = feed.run("documents", "test", "pdf/INV-0001.pdf", "pdf/INV-0002.pdf", "empty.pdf", "--ref", "inv-0001")
    assert done.returncode == 3
    assert done.stdout.splitlines() == [
        "✓ pdf/INV-0001.pdf: with the right number",
        f"✗ pdf/INV-0002.pdf: of another invoice: {READ.replace('102.00', '101.00')}",
        "✗ empty.pdf: can't be sent: the file is empty",
    ]
    assert feed.run("documents", "test", "pdf/INV-0001.pdf", "--ref", "INV-0001", "--json").returncode == 0
    unknown = feed.run("documents", "test", "pdf/INV-0001.pdf", "--ref", "X")
    assert (unknown.returncode, "no source lists an invoice X" in unknown.stderr) == (2, True)


def test_one_pdf_under_two_numbers_is_asked_about_once(feed: Feed) -> None:
    file(feed, 2, of(1))
    feed.destination["documents_verify"] = "off"
    refused = feed.sync()
    assert "same-document" in codes(refused)
    assert feed.sync(refused.plan.approval).receipt
    assert feed.sync().receipt


def test_a_number_that_comes_back_is_asked_about_until_approved(feed: Feed) -> None:
    feed.sources["erp"]["absent_means_paid"] = True
    feed.approved()
    feed.export(invoices(3)[1:])
    feed.approved()
    (feed.folder / "pdf" / "INV-0001.pdf").unlink()
    feed.export([invoice(1, issued_on="2027-03-02", due_on="2027-04-02", customer_name="Oak Inc"), *invoices(3)[1:]])
    refused = feed.sync()
    assert "old-document" in codes(refused)
    assert feed.sync(refused.plan.approval).receipt
    after = feed.sync()
    assert after.receipt
    assert after.plan.documents.old == {"INV-0001": "an earlier invoice INV-0001, issued 2026-03-02"}
