"""A shipment that could not be delivered whole or not at all, or is not the plan, is refused."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest
from arfeed_crate import Crate

from arfeed import (
    Archive,
    Content,
    DestinationError,
    DoneMarker,
    RefusedError,
    Shipment,
    TableFile,
    TextFormat,
)
from arfeed.planning.shipments.archive import Member
from arfeed.planning.shipments.content import make_content
from arfeed.planning.shipments.staging import StagedShipment, stage_shipment
from arfeed.testing import Invoice, frame

AT = datetime(2026, 4, 4, 10, 15, tzinfo=UTC)
PDF = b"%PDF-1.4\n%%EOF\n"
NAMES = {"invoice_ref": "No", "balance": "Open"}


def content(*, closed: int = 0) -> Content:
    rows = frame(
        [
            Invoice("INV-1", Decimal("10.10"), customer_name="Ada; Ltd"),
            Invoice("INV-2", Decimal("20.20"), customer_name="Bob\nBros"),
            Invoice("00003", Decimal("-3.03"), kind="credit_note", customer_name="Ada; Ltd"),
        ]
    )
    gone = rows.iloc[:closed].assign(reason="paid", evidence="proven")
    return make_content(AT, rows.iloc[closed:], gone, AT.date())


def invoices(of: Content, name: str = "invoices.csv", folder: str = "", **changes: object) -> TableFile:
    table = of.invoices[[*NAMES]].rename(columns=NAMES)
    return replace(TableFile(name, table, "invoices", NAMES, folder=folder), **changes)  # type: ignore[arg-type]


class Shipping(Crate):
    """A destination that ships what a test gives it."""

    documents = "none"  # type: ignore[assignment]  # mypy takes Crate's for the only one
    lay_out: Callable[[Content], Shipment]

    def shipments(self, content: Content) -> Shipment:
        return self.lay_out(content)


def stage(
    tmp_path: Path, lay_out: Callable[[Content], Shipment], of: Content | None = None, **attributes: object
) -> StagedShipment:
    destination = Shipping(Shipping.Settings.model_validate({"url": "memory://"}))
    for name, value in {"lay_out": lay_out, **attributes}.items():
        setattr(destination, name, value)
    folder = tmp_path / "staged"
    folder.mkdir(exist_ok=True)
    return stage_shipment(destination, content() if of is None else of, pdfs(tmp_path), folder)


def pdfs(folder: Path) -> Sequence[Member]:
    folder.joinpath("pdf").write_bytes(b"before" + PDF + b"after")
    return [Member("a.pdf", folder / "pdf", len(PDF), hashlib.sha256(PDF).hexdigest(), len(b"before"))]


def done(of: Content) -> DoneMarker:
    return DoneMarker(f"crate-{of.at:%Y%m%dT%H%M%SZ}.done", folder="in")


def archive(of: Content, **changes: object) -> Archive:
    return replace(Archive("crate.zip", [invoices(of)], folder="in"), **changes)  # type: ignore[arg-type]


# --- the order --------------------------------------------------------------------------------------------------------

FLAWS: dict[str, tuple[Callable[[Content], Shipment], str]] = {
    "nothing": (lambda _: [], "returned nothing to send"),
    "a frame": (lambda of: [of.invoices], r"returned DataFrame; there are TableFile"),  # type: ignore[list-item]
    "a marker first": (lambda of: [done(of), archive(of)], "done-marker before the last file"),
    "no invoices": (lambda of: [done(of)], "must hold the open invoices in one table"),
    "invoices twice": (
        lambda of: [archive(of), invoices(of, "more.csv", "in"), done(of)],
        "must hold the open invoices in one table",
    ),
    "customers last": (
        lambda of: [
            archive(of),
            TableFile("c.csv", of.customers, "customers", {"customer_id": "customer_id"}, folder="in"),
        ],
        r"ends with c\.csv, which holds no invoices",
    ),
    "what is closed ahead of what commits": (
        lambda of: [
            TableFile("c.csv", of.closed, "closed", {"invoice_ref": "invoice_ref"}, folder="in"),
            archive(of),
        ],
        r"sends what is closed before the file that commits",
    ),
    "two of one name": (
        lambda of: [archive(of), archive(of, name="CRATE.zip", tables=[]), done(of)],
        r"has two files CRATE\.zip",
    ),
    "another folder": (lambda of: [archive(of, folder="out"), done(of)], r"puts crate\.zip into out; name that folder"),
    "above the root": (lambda of: [archive(of, folder="../in"), done(of)], r"'\.\./in' can't be a folder"),
    "a path as name": (lambda of: [archive(of, name="in/crate.zip"), done(of)], "must be a bare name"),
    "a path inside": (
        lambda of: [archive(of, tables=[invoices(of, folder="../..")]), done(of)],
        "must be a bare name",
    ),
    "another last name": (
        lambda of: [archive(of), DoneMarker("other.done", folder="in")],
        r"calls its last file other\.done, and report_name\(\) says crate-",
    ),
    "two reports": (
        lambda of: [archive(of, name="early.done"), done(of)],
        r"has a file early\.done, of which is_report\(\) says True",
    ),
    "PDFs that are not declared": (lambda of: [archive(of, documents="pdf"), done(of)], "has 1 archives with PDFs"),
    "a marker of text": (lambda of: [archive(of), replace(done(of), content="ok")], "is not bytes"),  # type: ignore[arg-type]
}


@pytest.mark.parametrize(("lay_out", "flaw"), FLAWS.values(), ids=FLAWS)
def test_a_shipment_that_could_not_be_delivered_safely_is_refused(
    tmp_path: Path, lay_out: Callable[[Content], Shipment], flaw: str
) -> None:
    with pytest.raises(DestinationError, match=flaw):
        stage(tmp_path, lay_out)


def test_where_absence_means_nothing_a_shipment_must_tell_what_is_closed(tmp_path: Path) -> None:
    with pytest.raises(DestinationError, match="tells of nothing closed"):
        stage(tmp_path, lambda of: [archive(of), done(of)], absence="nothing")


def test_declared_pdfs_must_have_a_place(tmp_path: Path) -> None:
    with pytest.raises(DestinationError, match="has 0 archives with PDFs"):
        stage(tmp_path, lambda of: [archive(of), done(of)], documents="inside")


def test_a_shipment_that_raises_is_the_plugins_failure(tmp_path: Path) -> None:
    with pytest.raises(DestinationError, match=r"crate: its shipments\(\) failed: ZeroDivisionError"):
        stage(tmp_path, lambda of: [done(of)] * (1 // 0))


# --- the tables -------------------------------------------------------------------------------------------------------


def with_frame(change: Callable[[pd.DataFrame], pd.DataFrame], **changes: object) -> Callable[[Content], Shipment]:
    def lay_out(of: Content) -> Shipment:
        table = invoices(of)
        return [archive(of, tables=[replace(table, frame=change(table.frame), **changes)]), done(of)]  # type: ignore[arg-type]

    return lay_out


WRONG: dict[str, tuple[Callable[[Content], Shipment], str]] = {
    "a row is lost": (with_frame(lambda rows: rows.iloc[1:]), "has 2 rows for 3 of invoices"),
    "another order": (with_frame(lambda rows: rows.iloc[::-1]), "or another order"),
    "another order under the same index": (
        with_frame(lambda rows: rows.iloc[::-1].set_axis(rows.index)),
        "row 1 has the invoice_ref '00003' under 'No', and in the plan 'INV-1'",
    ),
    "balances moved": (
        with_frame(lambda rows: rows.assign(Open=rows["Open"].to_numpy()[[1, 0, 2]])),
        r"row 1 has the balance Decimal\('20.2000'\)",
    ),
    "a float": (with_frame(lambda rows: rows.assign(Open=[1.5, 2.5, 3.5])), "made 'Open' a float"),
    "a number that lost its zeros": (
        with_frame(lambda rows: rows.assign(No=["INV-1", "INV-2", "3"])),
        "row 3 has the invoice_ref '3'",
    ),
    "nothing to prove": (with_frame(lambda rows: rows, proves={"invoice_ref": "No"}), "does not prove balance"),
    "an unknown header": (
        with_frame(lambda rows: rows, proves={"invoice_ref": "Number", "balance": "Open"}),
        "names a column 'Number' that it has not",
    ),
    "two columns of a name": (
        with_frame(lambda rows: pd.concat([rows, rows[["No"]]], axis="columns")),
        "has two columns 'No'",
    ),
}


@pytest.mark.parametrize(("lay_out", "flaw"), WRONG.values(), ids=WRONG)
def test_a_table_that_is_not_the_plan_is_refused(
    tmp_path: Path, lay_out: Callable[[Content], Shipment], flaw: str
) -> None:
    with pytest.raises(DestinationError, match=flaw):
        stage(tmp_path, lay_out)


@pytest.mark.parametrize("blank", ["", "  ", "0", "0.00", "0,0", None], ids=repr)
def test_a_blank_or_zero_under_a_required_header_names_its_invoice(tmp_path: Path, blank: str | None) -> None:
    texts = pd.Series(["x", blank, "y"], dtype="str")
    with pytest.raises(RefusedError, match=r"(?s)refuses a whole file.*  Ref: INV-2\n"):
        stage(tmp_path, with_frame(lambda rows: rows.assign(Ref=texts), required=("Ref",)))


def test_a_date_is_proven_in_its_notation(tmp_path: Path) -> None:
    def lay_out(of: Content) -> Shipment:
        rows = of.invoices[["invoice_ref", "balance", "due_on"]]
        later = rows.assign(due_on=rows["due_on"].to_numpy()[[0, 0, 0]])
        form = TextFormat(dates="%d/%m/%y", decimal=",", delimiter=";")
        proves = {name: name for name in rows.columns}
        return [archive(of, tables=[TableFile("i.csv", later, "invoices", proves, (), form)]), done(of)]

    rows = content()
    days = pd.Series([AT.date(), AT.date(), None], dtype=rows.invoices["due_on"].dtype)
    shifted = rows.invoices.assign(due_on=days)
    with pytest.raises(DestinationError, match="row 3 has the due_on"):
        stage(tmp_path, lay_out, replace(rows, invoices=shifted))


def test_the_words_for_open_and_closed_must_differ(tmp_path: Path) -> None:
    def lay_out(of: Content) -> Shipment:
        table = of.ledger[["invoice_ref", "balance", "status"]].assign(status="DONE")
        proves = {name: name for name in table.columns}
        return [archive(of, tables=[TableFile("l.csv", table, "ledger", proves)]), done(of)]

    with pytest.raises(DestinationError, match="one word, or none, for what is open and what is closed"):
        stage(tmp_path, lay_out, content(closed=1), absence="nothing")


def test_the_ledger_holds_what_is_open_and_then_what_is_closed() -> None:
    ledger = content(closed=1).ledger
    assert ledger["invoice_ref"].tolist() == ["INV-2", "00003", "INV-1"]
    assert ledger["reason"].tolist() == ["", "", "paid"]
    assert ledger["status"].tolist() == ["open", "open", "closed"]
    assert ledger["balance"].tolist() == [Decimal("20.2"), Decimal("-3.03"), Decimal(0)]
    assert ledger["closed_on"].iloc[2] == AT.date()


def test_customers_are_there_once_in_the_order_of_their_first_invoices() -> None:
    assert content().customers["customer_name"].tolist() == ["Ada; Ltd", "Bob\nBros"]


# --- archives ---------------------------------------------------------------------------------------------------------


def test_an_archive_holds_tables_and_pdfs_and_its_bytes_are_always_the_same(tmp_path: Path) -> None:
    def lay_out(of: Content) -> Shipment:
        return [archive(of, documents="pdf"), done(of)]

    hashes = set()
    for name in ("first", "second"):
        folder = tmp_path / name
        folder.mkdir()
        staged = stage(folder, lay_out, documents="inside").files[0]
        hashes.add(staged.sha256)
        with zipfile.ZipFile(staged.path) as opened:
            assert opened.testzip() is None
            assert opened.namelist() == ["invoices.csv", "pdf/a.pdf"]
            assert opened.read("pdf/a.pdf") == PDF
            assert opened.read("invoices.csv").startswith(b'"No","Open"\n"INV-1","10.10"\n')
        assert [each.sha256 for each in staged.contents][1] == hashlib.sha256(PDF).hexdigest()
    assert len(hashes) == 1


def test_a_pdf_that_has_changed_since_it_was_staged_is_never_packed(tmp_path: Path) -> None:
    wrong = [replace(pdfs(tmp_path)[0], sha256="0" * 64)]
    destination = Crate(Crate.Settings.model_validate({"url": "memory://"}))
    with pytest.raises(DestinationError, match=r"a\.pdf has changed since it was staged"):
        stage_shipment(destination, content(), wrong, tmp_path)
