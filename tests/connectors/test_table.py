"""The destinations `table` and `gaviti`: their layouts, what they refuse, and their receivers on this machine."""

from __future__ import annotations

import csv
import io
import json
import re
import tomllib
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from arfeed import Content
from arfeed.delivery.rehearsal.books import Books, read_books
from arfeed.model.errors import ConfigError, DestinationError, RefusedError
from arfeed.planning.shipments.content import make_content
from arfeed.testing import ShipmentConformance, frame
from arfeed_connectors.gaviti import Gaviti
from arfeed_connectors.table import Table
from support.feeds.feed import HEADER, Feed, codes, invoice
from support.files.pdfs import pdf

INVOICES = {
    "No": "invoice_ref",
    "Client": "customer_id",
    "Issued": "issued_on",
    "Due": "due_on",
    "Cur": "currency",
    "Open": "balance",
}
PLAIN: dict[str, Any] = {
    "absence": "closes",
    "folder": "in",
    "invoices": {"name": "open_{at}.csv", "columns": INVOICES},
    "documents": "beside",
    "documents_folder": "pdf",
}
GERMAN: dict[str, Any] = {
    **PLAIN,
    "delimiter": ";",
    "decimal": ",",
    "dates": "%d.%m.%Y",
    "encoding": "cp1252",
    "time": "%Y%m%d%H%M%S",
    "customers": {"name": "customers_{at}.csv", "columns": {"Id": "customer_id", "Name": "customer_name"}},
}
TOLD: dict[str, Any] = {
    "absence": "nothing",
    "folder": "in",
    "archive": "ar_{at}.zip",
    "marker": "ar_{at}.done",
    "documents": "inside",
    "documents_folder": "pdf",
    "words": {"status": {"open": "OPEN", "closed": "CLOSED"}},
    "invoices": {
        "name": "ledger.csv",
        "rows": "open-and-closed",
        "columns": {**INVOICES, "State": "status", "Why": "reason", "On": "closed_on"},
    },
}
BESIDE: dict[str, Any] = {
    "absence": "nothing",
    "folder": "in",
    "marker": "all_{at}.ok",
    "closed": {"name": "closed_{at}.csv", "columns": {"No": "invoice_ref", "Why": "reason", "On": "closed_on"}},
    "invoices": {"name": "open_{at}.csv", "columns": INVOICES},
}
GAVITI: dict[str, Any] = {
    "folder": "upload",
    "report_name": "invoices_{at}.csv",
    "customers_name": "customers_{at}.csv",
    "documents_name": "{ref}.pdf",
    "missing_due_date": "issue-date",
    "missing_total": "balance",
}


class TestTable(ShipmentConformance):
    plugin = "table"
    destination = Table

    def settings(self) -> Mapping[str, object]:
        return GERMAN


class TestTableInAnArchive(ShipmentConformance):
    plugin = "table"
    destination = Table

    def settings(self) -> Mapping[str, object]:
        return TOLD


class TestGaviti(ShipmentConformance):
    plugin = "gaviti"
    destination = Gaviti

    def settings(self) -> Mapping[str, object]:
        return GAVITI


@dataclass
class OtherFeed(Feed):
    """A feed to one of these, whose source lists what is paid as paid."""

    plugins: tuple[str, ...] = ("folder", "transforms", "table", "gaviti")
    layout: Mapping[str, object] = field(default_factory=dict)

    def configure(self) -> Path:
        use = "gaviti" if "report_name" in self.layout else "table"
        self.destination = {**self.layout, "url": self.destination["url"]}
        path = super().configure()
        path.write_text(path.read_text().replace('use = "kolleno"\nmode = "open-ar"', f'use = "{use}"'))
        return path

    def list(self, *numbers: int, paid: tuple[int, ...] = (), **changes: str) -> None:
        closed = [invoice(number, status="paid", balance="0.00") for number in paid]
        opened = [invoice(number, status="open", **changes) for number in numbers]
        self.export([*closed, *opened], header=[*HEADER, "status"])

    def rehearsing(self) -> OtherFeed:
        self.destination = {"url": "rehearsal://other"}
        return self

    @property
    def books(self) -> Books:
        return read_books(self.folder / ".arfeed" / "rehearsal" / "other")


@pytest.fixture
def feed(tmp_path: Path) -> OtherFeed:
    feed = OtherFeed(tmp_path / "feed", layout=PLAIN)
    feed.sources["erp"] = {"documents": "pdf/{invoice_ref}.pdf"}
    (feed.folder / "pdf").mkdir()
    return feed


def test_a_table_is_written_in_the_notation_that_was_asked_for(feed: OtherFeed) -> None:
    feed.layout = GERMAN
    feed.list(1, customer_name="Müller & Söhne")
    feed.approved()
    held = feed.held()
    (name,) = (name for name in held if name.startswith("in/open_"))
    assert re.fullmatch(r"in/open_\d{14}\.csv", name)
    assert held[name].decode("cp1252") == (
        '"No";"Client";"Issued";"Due";"Cur";"Open"\n'
        '"INV-0001";"Müller & Söhne";"02.03.2026";"02.04.2026";"EUR";"101,00"\n'
    )
    (customers,) = (name for name in held if name.startswith("in/customers_"))
    assert held[customers].decode("cp1252") == '"Id";"Name"\n"Müller & Söhne";"Müller & Söhne"\n'


def test_amounts_have_as_many_places_as_their_currency(feed: OtherFeed) -> None:
    feed.list(1, currency="JPY", amount="1200", balance="1200")
    feed.approved()
    assert '"JPY","1200"' in next(data for name, data in feed.held().items() if "open_" in name).decode()


def test_a_text_that_the_encoding_has_not_is_refused_before_anything_is_sent(feed: OtherFeed) -> None:
    feed.layout = GERMAN
    feed.list(1, customer_name="Łódź")
    with pytest.raises(DestinationError, match=r"open_\d+\.csv|customers_\d+\.csv holds 'Ł', which cp1252 has not"):
        feed.sync()
    assert feed.held() == {}


def test_without_quotes_neither_texts_nor_headers_have_any(feed: OtherFeed) -> None:
    feed.layout = {**GERMAN, "quote": "none"}
    feed.list(1)
    feed.approved()
    (report,) = (data.decode("cp1252") for name, data in feed.held().items() if name.startswith("in/open_"))
    assert report.startswith("No;Client;Issued;Due;Cur;Open\nINV-0001;")
    assert '"' not in report


def test_a_header_that_needs_quotes_is_refused_if_there_are_none(feed: OtherFeed) -> None:
    columns = {("Open-now" if name == "Open" else name): of for name, of in INVOICES.items()}
    feed.layout = {
        **PLAIN,
        "quote": "none",
        "delimiter": "-",
        "invoices": {"name": "open_{at}.csv", "columns": columns},
    }
    feed.list(1)
    with pytest.raises(DestinationError, match=r"the header 'Open-now' can't be written without quotes"):
        feed.sync()


def test_a_pdf_never_has_the_name_of_a_table_beside_it(feed: OtherFeed) -> None:
    feed.layout = {
        **TOLD,
        "documents_folder": "",
        "document_name": "{ref}",
        "invoices": {**TOLD["invoices"], "name": "inv-0001"},
    }
    feed.list(1)
    (feed.folder / "pdf" / "INV-0001.pdf").write_bytes(pdf("an invoice"))
    with pytest.raises(DestinationError, match=r"two files in ar_\w+\.zip would be called INV-0001"):
        feed.approved()
    assert feed.held() == {}


def test_without_quotes_a_text_with_a_delimiter_is_refused(feed: OtherFeed) -> None:
    feed.layout = {**PLAIN, "quote": "none"}
    feed.list(1, customer_name="Harbour, Lights")
    with pytest.raises(DestinationError, match=r'written without quotes: .*quote = "all"'):
        feed.sync()


def test_what_is_paid_is_told_as_closed_with_reason_and_day(feed: OtherFeed) -> None:
    feed.layout = TOLD
    feed.list(1, 2)
    feed.approved()
    feed.list(2, paid=(1,))
    result = feed.sync()
    assert result.receipt, codes(result)
    last = sorted(name for name in feed.held() if name.endswith(".zip"))[-1]
    with zipfile.ZipFile(io.BytesIO(feed.held()[last])) as archive:
        rows = [*csv.DictReader(archive.read("ledger.csv").decode().splitlines())]
    told = [(row["No"], row["State"], row["Open"], row["Why"], row["On"]) for row in rows]
    assert told == [
        ("INV-0002", "OPEN", "102.00", "", ""),
        ("INV-0001", "CLOSED", "0.00", "paid", f"{feed.now:%Y-%m-%d}"),
    ]


def test_what_is_not_proven_closed_is_asked_about_and_sent_only_if_approved(feed: OtherFeed) -> None:
    feed.layout = BESIDE
    feed.list(1, 2, 3)
    feed.approved()
    before = feed.held()
    feed.list(2, 3)
    refused = feed.sync()
    assert "unexplained" in codes(refused)
    assert refused.receipt is None
    assert feed.held() == before
    approved = feed.sync(refused.plan.approval)
    assert approved.receipt
    closed = next(data for name, data in feed.held().items() if name not in before and "closed_" in name)
    assert [row["No"] for row in csv.DictReader(closed.decode().splitlines())] == ["INV-0001"]


@pytest.mark.parametrize("degree", ["asserted", "balanced"])
def test_less_than_proof_closes_nothing_unasked(feed: OtherFeed, degree: str) -> None:
    feed.layout = BESIDE
    ledger = {"control_account": {"path": "ledger.csv", "balance": "Owed"}}
    feed.sources["erp"] |= {"absent_means_paid": True} if degree == "asserted" else ledger
    (feed.folder / "ledger.csv").write_text("Owed\n306.00\n")
    feed.list(1, 2, 3)
    feed.approved()
    before = feed.held()
    (feed.folder / "ledger.csv").write_text("Owed\n204.00\n")
    feed.list(1, 3)
    refused = feed.sync()
    assert refused.plan.missing["evidence"].tolist() == [degree]
    assert "unproven-closing" in codes(refused)
    assert feed.held() == before
    assert feed.sync(refused.plan.approval).receipt


def test_the_plan_says_what_becomes_of_the_missing(feed: OtherFeed) -> None:
    feed.layout = BESIDE
    feed.list(1, 2)
    feed.approved()
    feed.list(2, paid=(1,))
    assert "1 will be sent as closed" in feed.run("plan").stdout
    assert json.loads(feed.approved().receipt.body)["absence"] == "nothing"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("layout", "what"),
    [
        ({**BESIDE, "marker": None}, r"closed needs an archive that holds both tables, or a marker"),
        ({**BESIDE, "closed": None}, r'absence = "nothing" needs a table'),
        (
            {**PLAIN, "invoices": {"name": "open.csv", "columns": INVOICES}},
            r"every file needs a unique name",
        ),
        ({**PLAIN, "documents": "inside"}, r"needs an archive"),
        ({**PLAIN, "time": "%d%m%Y%H%M%S"}, r"from the year to the second"),
        ({**PLAIN, "time": "%Y%d%m%H%M%S"}, r"from the year to the second"),
        ({**PLAIN, "time": "%Y%b%d%H%M%S"}, r"from the year to the second"),
        ({**PLAIN, "time": "%s"}, r"from the year to the second"),
        ({**PLAIN, "dates": "%m/%Y"}, r"day, month and year"),
        ({**PLAIN, "invoices": {"name": "o_{at}.csv", "columns": {"No": "invoice_ref"}}}, r"made from balance"),
        ({**PLAIN, "encoding": "klingon"}, r"no such encoding"),
        ({**PLAIN, "encoding": "rot13"}, r"no such encoding; 'rot13' is not a text encoding"),
        ({**PLAIN, "encoding": "unicode_escape"}, r"unicode-escape is for Python alone"),
        ({key: value for key, value in PLAIN.items() if key != "absence"}, r"absence: it is required"),
    ],
)
def test_a_layout_that_could_not_be_delivered_safely_is_no_configuration(
    feed: OtherFeed, layout: dict[str, object], what: str
) -> None:
    feed.layout = {key: value for key, value in layout.items() if value is not None}
    with pytest.raises(ConfigError, match=what):
        feed.project()


@pytest.mark.parametrize(
    "layout",
    [GERMAN, TOLD, {**TOLD, "marker": None}, {**BESIDE, "marker": "all_{at}.ok"}],
    ids=["german", "marker and archive", "archive", "marker"],
)
def test_after_a_lost_history_the_last_delivery_is_adopted(feed: OtherFeed, layout: dict[str, Any]) -> None:
    feed.layout = {name: value for name, value in layout.items() if value is not None}
    feed.list(1, 2, 3)
    feed.approved()
    feed.list(2, 3, paid=(1,))
    feed.approved()
    (feed.folder / ".arfeed" / "history.db").unlink()
    last = sorted(name for name in feed.held() if feed.project().destination.is_report(Path(name).name))[-1]
    adopted = feed.adopt(Path(last).name)
    assert adopted.open_count == 2
    counts = feed.plan().counts
    assert (counts.unchanged + counts.changed, counts.new, counts.missing) == (2, 0, 0)


@pytest.mark.parametrize(
    ("marker", "reports", "others"),
    [
        (
            "ar_{at}.done",
            ["ar_20260404T101500Z.done", "x.DONE"],
            ["ar_20260404T101500Z.zip", ".x.done", "done", "x.csv"],
        ),
        ("READY_{at}", ["READY_20260404T101500Z", "DONE"], ["ar_20260404T101500Z.zip", ".READY", "x.csv"]),
        (None, ["ar_20260404T101500Z.zip", "x.zip"], ["x.done", ".x.zip", "ledger.csv"]),
    ],
)
def test_a_delivery_is_known_from_other_files(marker: str | None, reports: list[str], others: list[str]) -> None:
    layout = {name: value for name, value in {**TOLD, "marker": marker}.items() if value is not None}
    table = Table(Table.Settings.model_validate({"url": "memory://", **layout}))
    assert [name for name in [*reports, *others] if table.is_report(name)] == reports


def test_the_layout_in_the_docs_is_one() -> None:
    page = Path(__file__).parents[2].joinpath("docs", "delivery.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```toml\n(\[destination\]\nuse = \"table\".*?)```", page, re.DOTALL)
    table = tomllib.loads(example)["destination"]
    assert table.pop("use") == "table"
    settings = Table.Settings.model_validate(table)
    assert [part.name[-4:] for part in Table(settings).shipments(no_content())] == [".zip", "done"]


def no_content() -> Content:
    nothing = frame([])
    return make_content(
        datetime(2026, 4, 4, tzinfo=UTC), nothing, nothing.assign(reason="", evidence=""), date(2026, 4, 4)
    )


# --- the receivers on this machine ------------------------------------------------------------------------------------


@pytest.mark.parametrize("layout", [PLAIN, GERMAN], ids=["plain", "german"])
def test_at_a_receiver_where_absence_closes_the_books_follow(feed: OtherFeed, layout: dict[str, object]) -> None:
    feed.layout = layout
    feed.rehearsing().list(1, 2)
    feed.approved()
    feed.list(2, paid=(1,))
    feed.approved()
    assert {ref: str(balance) for ref, balance in feed.books.open.items()} == {"INV-0002": "102.00"}
    assert [*feed.books.paid_by_absence] == ["INV-0001"]
    assert feed.books.rejected == {}


@pytest.mark.parametrize("layout", [TOLD, BESIDE], ids=["in an archive", "beside"])
def test_at_a_receiver_where_absence_means_nothing_only_what_is_told_is_closed(
    feed: OtherFeed, layout: dict[str, object]
) -> None:
    feed.layout = layout
    feed.rehearsing().list(1, 2)
    feed.approved()
    feed.list(2, paid=(1,))
    feed.approved()
    assert [*feed.books.open] == ["INV-0002"]
    assert [*feed.books.closed] == ["INV-0001"]
    assert feed.books.paid_by_absence == {}
    feed.list(1, 2)
    feed.approved()
    assert sorted(feed.books.open) == ["INV-0001", "INV-0002"]
    assert [*feed.books.reopened] == ["INV-0001"]


# --- gaviti -----------------------------------------------------------------------------------------------------------


def test_gaviti_gets_customers_then_invoices_with_its_six_columns(feed: OtherFeed) -> None:
    feed.layout = GAVITI
    feed.list(1)
    feed.print_pdfs(["INV-0001"])
    receipt = feed.approved().receipt
    assert receipt
    assert [file["name"][:9] for file in json.loads(receipt.body)["shipment"]] == ["customers", "invoices_"]
    held = feed.held()
    assert held[f"upload/{receipt.report.name}"].decode() == (
        '"id","customerId","dueDate","balance","totalAmount","currency"\n'
        '"INV-0001","Customer 1","2026-04-02","101.00","101.00","EUR"\n'
    )
    assert held["upload/INV-0001.pdf"] == pdf("INV-0001 ")


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"due_on": ""}, "dueDate: INV-0001"),
        ({"amount": ""}, "totalAmount: INV-0001"),
        ({"amount": "0"}, "totalAmount"),
    ],
    ids=["no due date", "no total", "a total of 0"],
)
def test_what_would_make_gaviti_refuse_the_whole_file_is_refused_first(
    feed: OtherFeed, changes: dict[str, str], named: str
) -> None:
    feed.layout = {**GAVITI, "missing_due_date": "refuse", "missing_total": "refuse"}
    row = invoice(1, **{"kind": "credit_note", "amount": "-5.00", "balance": "-5.00", **changes})
    feed.export([row])
    with pytest.raises(RefusedError, match=named):
        feed.sync()
    assert feed.held() == {}


def test_gavitis_receiver_closes_what_is_absent_and_refuses_a_file_with_one_blank(feed: OtherFeed) -> None:
    feed.layout = GAVITI
    feed.rehearsing().list(1, 2)
    feed.approved()
    feed.list(2, paid=(1,))
    feed.approved()
    assert ([*feed.books.open], [*feed.books.paid_by_absence]) == (["INV-0002"], ["INV-0001"])
    from arfeed.delivery.rehearsal.shipments import ShipmentBookkeeper

    rule = feed.project().destination.rehearsal()  # type: ignore[attr-defined]
    folder = feed.folder / ".arfeed" / "rehearsal" / "other"
    bad = folder / "inbox" / "upload" / "invoices_20300101T000000Z.csv"
    bad.write_text(
        '"id","customerId","dueDate","balance","totalAmount","currency"\n"X","C","2026-01-01","5","0","EUR"\n'
    )
    ShipmentBookkeeper(folder, rule).take(bad)
    assert "totalAmount is '0', so that the whole file is refused" in read_books(folder).rejected[bad.name]
    assert [*read_books(folder).open] == ["INV-0002"]
