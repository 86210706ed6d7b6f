"""Kolleno's layout: the report and the names of PDFs, as its help pages state them."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest
from pydantic import ValidationError

from arfeed import ConfigError
from arfeed_connectors.kolleno import Kolleno
from support.feeds.feed import Feed, invoice
from support.feeds.sources import given, opened, rows

HEADER = (
    "invoice_ref,kind,customer_id,customer_name,customer_email,currency_iso,date_issued,date_due,"
    "amount,balance,po_number,memo"
)


def kolleno(**settings: object) -> Kolleno:
    return Kolleno(Kolleno.Settings.model_validate({"url": "memory://", "mode": "open-ar", **settings}))


def invoices(**columns: object) -> pd.DataFrame:
    return opened(given(rows(**columns)))


@pytest.mark.parametrize(
    ("form", "ref", "name"),
    [
        ("{ref}", "INV-001", "INV-001.pdf"),
        ("{ref} with spaces", "INV-001", "INV-001_with_spaces.pdf"),
        ("{ref}-special@chars#here_", "INV-001", "INV-001-special_chars_here_.pdf"),
        ("{ref}_v1.0", "INV-001", "INV-001_v1_0.pdf"),
    ],
)
def test_pdfs_are_named_as_the_help_page_shows(form: str, ref: str, name: str) -> None:
    assert kolleno(document_name=form).document_name(ref) == name


@pytest.mark.parametrize("ref", ["INV/1", "INV#1", "INV 1", "INV_1", "INV.1", "INVé1", "INV\n1"])
def test_every_character_that_may_not_stay_becomes_one_underscore(ref: str) -> None:
    assert kolleno().document_name(ref) == "INV_1.pdf"


@pytest.mark.parametrize(("ref", "name"), [("00071", "00071.pdf"), ("../../etc", "______etc.pdf"), ("", ".pdf")])
def test_a_name_never_leaves_its_folder_and_keeps_its_zeros(ref: str, name: str) -> None:
    assert kolleno().document_name(ref) == name


def test_the_report_has_the_header_that_is_stable_from_the_first_upload_on() -> None:
    assert ",".join(map(str, kolleno().report(invoices()))) == HEADER


def test_the_report_says_what_each_column_means() -> None:
    frame = invoices(
        customer_id="C-7", customer_email="a@b.c", due_on="2026-04-21", amount="12", po_number="P", memo="M"
    )
    row = kolleno().report(frame).iloc[0].astype(str).tolist()
    assert row == [
        *("INV-1", "invoice", "C-7", "Ada", "a@b.c", "GBP", "2026-04-07", "2026-04-21", "12.0000", "10.0000", "P", "M")
    ]


def test_headers_can_be_what_kolleno_was_taught() -> None:
    made = kolleno(columns={"invoice_ref": "Invoice No", "balance": "Open"})
    assert ",".join(map(str, made.report(invoices()))) == HEADER.replace("invoice_ref", "Invoice No").replace(
        "balance", "Open"
    )


def test_extra_columns_come_last() -> None:
    assert [*kolleno(extra_columns=["branch"]).report(invoices(branch="Leeds"))][-2:] == ["memo", "branch"]


def test_an_extra_column_that_no_source_has_is_refused_with_what_there_is() -> None:
    with pytest.raises(ConfigError, match=r"extra_columns: no source has a column 'region'; there are .*branch"):
        kolleno(extra_columns=["region"]).report(invoices(branch="Leeds"))


@pytest.mark.parametrize(
    ("settings", "wrong"),
    [
        ({"columns": {"balance": "amount"}}, "two columns of the report would be 'amount'"),
        ({"extra_columns": ["memo"]}, "two columns of the report would be 'memo'"),
        ({"columns": {"issued_on": "Date"}}, "'issued_on' is not a column of the report; there are invoice_ref, "),
        ({"document_name": "invoice"}, "it must contain {ref}"),
        ({"mode": "delta"}, "Input should be 'open-ar' or 'connector'"),
        ({"kinds": ["bill"]}, "Input should be 'invoice', 'credit_note' or 'payment'"),
    ],
    ids=["same header", "extra twice", "unknown column", "one name for all", "mode", "kind"],
)
def test_settings_that_can_not_be_meant_are_refused(settings: dict[str, object], wrong: str) -> None:
    with pytest.raises(ValidationError) as caught:
        kolleno(**settings)
    assert wrong in str(caught.value)


def test_the_mode_has_no_default() -> None:
    with pytest.raises(ValidationError, match="mode"):
        Kolleno.Settings.model_validate({"url": "memory://"})


def test_payments_are_left_out_unless_asked_for() -> None:
    assert kolleno().settings.kinds == ["invoice", "credit_note"]
    assert kolleno(kinds=["invoice"]).settings.kinds == ["invoice"]


def test_reports_go_to_their_folder_and_pdfs_to_the_root() -> None:
    made = kolleno()
    assert (made.report_folder, made.document_folder) == ("csv_data_uploads", "")
    assert made.report_name(datetime(2026, 4, 4, 10, 15, tzinfo=UTC)) == "open_ar_20260404T101500Z.csv"


@pytest.mark.parametrize(
    ("name", "is_one"),
    [("open_ar_20260404T101500Z.csv", True), ("customers.CSV", True), (".open_ar.csv.r1.part", False),
     (".hidden.csv", False), ("INV-1.pdf", False)],
)  # fmt: skip
def test_any_csv_there_is_a_report_whoever_wrote_it(name: str, is_one: bool) -> None:
    assert kolleno().is_report(name) is is_one


@pytest.mark.parametrize("columns", [{}, {"invoice_ref": "Invoice No", "currency_iso": "Cur"}], ids=["own", "renamed"])
def test_a_report_is_read_back_under_canonical_names(columns: dict[str, str]) -> None:
    made = kolleno(columns=columns)
    file = io.BytesIO(made.report(invoices(invoice_ref="00071")).to_csv(index=False).encode())
    (row,) = made.read_report(file).to_dict("records")
    assert (row["invoice_ref"], row["currency"], row["issued_on"]) == ("00071", "GBP", "2026-04-07")
    assert Decimal(str(row["balance"])) == 10


def test_the_open_ar_report_has_these_bytes_whatever_else_kolleno_takes(tmp_path: Path) -> None:
    feed = Feed(tmp_path / "feed")
    feed.export([invoice(1), invoice(10, kind="credit_note", amount="-5.00", balance="-5.00")])
    feed.approved()
    assert feed.held()["csv_data_uploads/open_ar_20260404T121500Z.csv"] == (
        b'"invoice_ref","kind","customer_id","customer_name","customer_email","currency_iso","date_issued","date_due",'
        b'"amount","balance","po_number","memo"\n'
        b'"INV-0001","invoice","Customer 1","Customer 1","","EUR",2026-03-02,2026-04-02,"101.00","101.00","",""\n'
        b'"INV-0010","credit_note","Customer 3","Customer 3","","GBP",2026-03-11,2026-04-11,"-5.00","-5.00","",""\n'
    )
