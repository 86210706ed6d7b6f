"""Kolleno's `mode = "connector"`: its seven files as its help pages state them, and its receiver on this machine."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from arfeed import ConfigError
from arfeed.delivery.rehearsal.books import Books, read_books
from arfeed.delivery.rehearsal.receiver import receiver
from arfeed.plugins.loading import load
from arfeed.testing import ShipmentConformance
from arfeed_connectors.kolleno import SevenFiles
from support.feeds.feed import HEADER, Feed, codes, invoice

# Invented: what the columns of these files are called stands on Kolleno's page alone.
FILES: dict[str, Any] = {
    "contacts": {"header": ["id", "customer_id"]},
    "invoices": {
        "columns": {
            "number": "invoice_ref",
            "buyer": "customer_id",
            "money": "currency",
            "billed": "issued_on",
            "due": "due_on",
            "open": "balance",
            "state": "status",
        },
        "words": {"status": {"open": "OPEN", "closed": "PAID"}},
    },
    "credit_notes": {"header": ["number"]},
    "payments": {"header": ["number", "paid"]},
    "payments_invoices": {"header": ["payment", "invoice"]},
    "credit_notes_invoices": {"header": ["credit", "invoice"]},
}
CONNECTOR: dict[str, Any] = {"mode": "connector", "kinds": ["invoice"], "files": FILES}
ORDER = ["customers", "contacts", "invoices", "credit_notes", "payments", "payments_invoices", "credit_notes_invoices"]
MOMENT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d"


class TestSevenFiles(ShipmentConformance):
    plugin = "kolleno"
    destination = SevenFiles

    def settings(self) -> Mapping[str, object]:
        return CONNECTOR

    def test_it_is_found_by_its_name_in_the_enabled_plugin(self) -> None:
        found = load(["kolleno"]).find("destination", "kolleno")
        made = found(found.Settings.model_validate({"url": "memory://", **CONNECTOR}))  # type: ignore[arg-type,call-arg]
        assert type(made) is SevenFiles


class ConnectorFeed(Feed):
    """A feed to Kolleno's connector, whose source lists what is paid as paid."""

    def list(self, *numbers: int, paid: tuple[int, ...] = (), **changes: str) -> None:
        closed = [invoice(number, status="paid", balance="0.00") for number in paid]
        opened = [invoice(number, status="open", **changes) for number in numbers]
        self.export([*closed, *opened], header=[*HEADER, "status"])

    @property
    def books(self) -> Books:
        return read_books(self.folder / ".arfeed" / "rehearsal" / "seven")


@pytest.fixture
def feed(tmp_path: Path) -> ConnectorFeed:
    feed = ConnectorFeed(tmp_path / "feed")
    feed.destination = {**CONNECTOR, "url": feed.destination["url"]}
    return feed


def names(feed: ConnectorFeed) -> list[str]:
    return [name for name in feed.held() if name.startswith("csv_data_uploads/")]


def rows(feed: ConnectorFeed, prefix: str) -> list[dict[str, str]]:
    """Return the rows of the last file of that prefix."""
    name = max(name for name in names(feed) if re.fullmatch(f"csv_data_uploads/{prefix}_{MOMENT}.csv", name))
    return [*csv.DictReader(feed.held()[name].decode().splitlines())]


def test_all_seven_files_go_in_the_published_order_under_one_time(feed: ConnectorFeed) -> None:
    feed.list(1)
    receipt = feed.approved().receipt
    assert receipt
    sent = [file.name for file in (*receipt.files, receipt.report)]
    stamps = [re.fullmatch(rf"({prefix})_({MOMENT})\.csv", name) for prefix, name in zip(ORDER, sent, strict=True)]
    assert all(stamps), sent
    assert len({stamp[2] for stamp in stamps if stamp}) == 1
    assert sorted(names(feed)) == sorted(f"csv_data_uploads/{name}" for name in sent)


def test_customers_have_the_published_columns_and_those_that_are_asked_for(feed: ConnectorFeed) -> None:
    feed.destination["files"] = {**FILES, "customers": {"columns": {"ref": "customer_id", "mail": "customer_email"}}}
    feed.list(1)
    feed.approved()
    (customer,) = rows(feed, "customers")
    assert ",".join(customer) == (
        "id,name,ref,currency_iso,address_line_1,address_line_2,postal_code,city,state,country_iso,mail"
    )
    assert {name: value for name, value in customer.items() if value} == {
        "id": "Customer 1",
        "name": "Customer 1",
        "ref": "Customer 1",
    }


def test_files_without_rows_have_their_header(feed: ConnectorFeed) -> None:
    feed.list(1)
    feed.approved()
    held = {name.rpartition("/")[2].rpartition("_")[0]: data for name, data in feed.held().items()}
    assert held["payments_invoices"] == b'"payment","invoice"\n'
    assert held["credit_notes_invoices"] == b'"credit","invoice"\n'
    assert held["contacts"] == b'"id","customer_id"\n'


def test_contacts_may_be_made_from_customers(feed: ConnectorFeed) -> None:
    feed.destination["files"] = {**FILES, "contacts": {"columns": {"id": "customer_id", "customer_id": "customer_id"}}}
    feed.list(1, 2)
    feed.approved()
    assert [row["customer_id"] for row in rows(feed, "contacts")] == ["Customer 1", "Customer 2"]


def test_what_is_paid_is_sent_with_a_balance_of_zero(feed: ConnectorFeed) -> None:
    feed.list(1, 2)
    feed.approved()
    feed.list(2, paid=(1,))
    result = feed.sync()
    assert result.receipt, codes(result)
    assert [(row["number"], row["open"], row["state"]) for row in rows(feed, "invoices")] == [
        ("INV-0002", "102.00", "OPEN"),
        ("INV-0001", "0.00", "PAID"),
    ]


def test_its_receiver_keeps_what_is_absent_and_closes_what_is_sent_as_closed(feed: ConnectorFeed) -> None:
    feed.destination["url"] = "rehearsal://seven"
    feed.list(1, 2)
    feed.approved()
    assert {*feed.books.open} == {"INV-0001", "INV-0002"}
    feed.list(2, 3, paid=(1,))
    feed.approved()
    assert {*feed.books.open} == {"INV-0002", "INV-0003"}


def test_its_receiver_reads_nothing_of_a_batch_of_six(feed: ConnectorFeed) -> None:
    feed.list(1)
    feed.approved()
    rule = feed.project().destination.rehearsal()  # type: ignore[attr-defined]
    for lacking in ORDER:
        folder = feed.folder / lacking
        inbox = folder / "inbox" / "csv_data_uploads"
        inbox.mkdir(parents=True)
        for name, data in feed.held().items():
            if not re.fullmatch(f"csv_data_uploads/{lacking}_{MOMENT}.csv", name):
                (inbox / name.rpartition("/")[2]).write_bytes(data)
        with receiver("seven", folder, rule) as one:
            assert one.books.open == {}, f"it read a batch without {lacking}"


@pytest.mark.parametrize("name", ["open_ar_20260404T101500Z.csv", "credit_notes_invoices_2026-04-01T10:15:30.csv"])
def test_what_somebody_else_has_delivered_there_is_foreign(feed: ConnectorFeed, name: str) -> None:
    folder = feed.receiver / "csv_data_uploads"
    folder.mkdir()
    (folder / name).write_text("id\n")
    (folder / "payments_2026-04-01T10:15:30.csv").write_text("id\n")
    feed.list(1)
    assert "foreign-report" in codes(feed.sync())


def test_own_batches_are_not_foreign_after_a_change_of_layout(feed: ConnectorFeed) -> None:
    feed.list(1)
    feed.approved()
    feed.destination = {"url": feed.destination["url"]}
    assert "foreign-report" not in codes(feed.sync())
    # What has another size under our name is not ours.
    for name in feed.held():
        if "/contacts_" in name:
            (feed.receiver / name).write_bytes(b"id\n")
    assert "foreign-report" in codes(feed.sync())


def test_after_a_lost_history_the_last_batch_is_adopted(feed: ConnectorFeed) -> None:
    feed.list(1, 2)
    feed.approved()
    feed.list(2, paid=(1,))
    feed.approved()
    last = max(name for name in names(feed) if "/credit_notes_invoices_" in name).rpartition("/")[2]
    (feed.folder / ".arfeed" / "history.db").unlink()
    assert feed.adopt(last).open_count == 1
    counts = feed.plan().counts
    assert (counts.unchanged + counts.changed, counts.new, counts.missing) == (1, 0, 0)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"files": {}}, r"\[destination.files.contacts\] is missing: .* 11647004"),
        ({"files": {**FILES, "payments": None}}, r"\[destination.files.payments\] is missing"),
        ({"kinds": ["invoice", "credit_note"]}, r'write kinds = \["invoice"\]'),
        ({"columns": {"balance": "Open"}}, r"columns and extra_columns are for open-ar"),
        ({"mode": "open-ar"}, r'files are those of mode = "connector"'),
        ({"files": {**FILES, "payments": {"columns": {"id": "invoice_ref"}}}}, r"files.payments is sent without rows"),
        ({"files": {**FILES, "payments": {"header": ["Paid on"]}}}, r"'Paid on' is not a column name that Kolleno"),
        ({"files": {**FILES, "customers": {"header": ["id"]}}}, r"files.customers always has rows; give columns"),
        ({"files": {**FILES, "payments": {}}}, r"give columns for a file with rows, or header"),
        (
            {"files": {**FILES, "invoices": {"columns": {"n": "invoice_ref", "b": "balance"}}}},
            r"made from status; Kolleno takes extra columns",
        ),
        (
            {"files": {**FILES, "contacts": {"columns": {"n": "customer_id"}, "words": {"status": {}}}}},
            r"words are given for 'status'",
        ),
    ],
)
def test_a_layout_that_is_not_kollenos_is_refused(feed: ConnectorFeed, changes: dict[str, Any], message: str) -> None:
    feed.destination |= changes
    files = feed.destination["files"]
    assert isinstance(files, dict)
    feed.destination["files"] = {name: file for name, file in files.items() if file is not None}
    with pytest.raises(ConfigError, match=message):
        feed.project()
