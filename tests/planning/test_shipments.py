"""A shipment that could not be delivered whole or not at all, or is not the plan, is refused."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest
from arfeed_crate import Crate

from arfeed import (
    Archive,
    Content,
    DeliveredFile,
    DestinationError,
    DoneMarker,
    RefusedError,
    Shipment,
    TableFile,
    TextFormat,
)
from arfeed.planning.shipments.archive import Member, write_archive
from arfeed.planning.shipments.content import make_content
from arfeed.planning.shipments.staged import StagedShipment
from arfeed.planning.shipments.staging import stage_shipment
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


def customers(of: Content, name: str, folder: str = "") -> TableFile:
    return TableFile(name, of.customers[["customer_id"]], "customers", {"customer_id": "customer_id"}, folder=folder)


def closed(of: Content) -> TableFile:
    table = of.closed[["invoice_ref"]].set_axis(["No"], axis="columns")
    return TableFile("closed.csv", table, "closed", {"invoice_ref": "No"}, folder="in")


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
    "a frame": (
        lambda of: [of.invoices],  # type: ignore[list-item]
        "returned DataFrame; there are TableFile, Archive, FixedFile and DoneMarker",
    ),
    "a marker first": (
        lambda of: [done(of), archive(of)],
        "has a done-marker before the last file; it tells the receiver that all others are there",
    ),
    "no invoices": (
        lambda of: [done(of)],
        "must hold the open invoices in one table, of invoices or of the ledger",
    ),
    "invoices twice": (
        lambda of: [archive(of), invoices(of, "more.csv", "in"), done(of)],
        "must hold the open invoices in one table, of invoices or of the ledger",
    ),
    "customers last": (
        lambda of: [archive(of), customers(of, "c.csv", "in")],
        "ends with c.csv, which holds no invoices: put them last, or a done-marker after them",
    ),
    "what is closed ahead of what commits": (
        lambda of: [closed(of), archive(of)],
        "sends what is closed before the file that commits, so that it would be read even if the delivery broke off: "
        "put both into one archive, or a done-marker after them",
    ),
    "two of one name": (
        lambda of: [archive(of), archive(of, name="CRATE.zip", tables=[]), done(of)],
        "has two files CRATE.zip",
    ),
    "two of one name inside": (
        lambda of: [archive(of, tables=[invoices(of, folder="a"), customers(of, "INVOICES.csv", "A")]), done(of)],
        "has two tables of one name in crate.zip",
    ),
    "another folder": (
        lambda of: [archive(of, folder="out"), done(of)],
        "puts crate.zip into out; name that folder in `folders`",
    ),
    "the root": (
        lambda of: [archive(of, folder=""), done(of)],
        "puts crate.zip into the root; name that folder in `folders`",
    ),
    "another last folder": (
        lambda of: [archive(of), replace(done(of), folder="further")],
        "puts its last file into 'further', and report_folder is 'in'",
    ),
    "another last name": (
        lambda of: [archive(of), DoneMarker("other.done", folder="in")],
        "calls its last file other.done, and report_name() says crate-20260404T101500Z.done",
    ),
    "two reports": (
        lambda of: [archive(of, name="early.done"), done(of)],
        "has a file early.done, of which is_report() says True; only the last one is a report",
    ),
    "PDFs that are not declared": (
        lambda of: [archive(of, documents="pdf"), done(of)],
        "has 1 archives with PDFs, and documents = 'none'",
    ),
}


@pytest.mark.parametrize(("lay_out", "flaw"), FLAWS.values(), ids=FLAWS)
def test_a_shipment_that_could_not_be_delivered_safely_is_refused(
    tmp_path: Path, lay_out: Callable[[Content], Shipment], flaw: str
) -> None:
    with pytest.raises(DestinationError) as refused:
        stage(tmp_path, lay_out, folders=("further",), document_folder="documents")
    assert str(refused.value) == f"crate: its shipments() {flaw}"


NO_NAMES: dict[str, tuple[Callable[[Content], Shipment], str]] = {
    "above the root": (lambda of: [archive(of, folder="../in"), done(of)], "'../in' can't be a folder"),
    "a path as name": (lambda of: [archive(of, name="in/crate.zip"), done(of)], "'in/crate.zip' can't be the name"),
    "a path inside": (lambda of: [archive(of, tables=[invoices(of, folder="../..")]), done(of)], "'..' can't be the"),
    "PDFs above": (lambda of: [archive(of, documents="../pdf"), done(of)], "'../pdf' can't be a folder"),
}


@pytest.mark.parametrize(("lay_out", "flaw"), NO_NAMES.values(), ids=NO_NAMES)
def test_a_file_that_might_leave_its_folder_is_refused(
    tmp_path: Path, lay_out: Callable[[Content], Shipment], flaw: str
) -> None:
    with pytest.raises(DestinationError) as refused:
        stage(tmp_path, lay_out, documents="inside")
    assert str(refused.value).startswith(flaw)


def test_files_may_go_to_every_folder_of_the_destination(tmp_path: Path) -> None:
    def lay_out(of: Content) -> Shipment:
        one, other = (customers(of, "c.csv", folder) for folder in ("documents", "further"))
        return [one, other, archive(of), done(of)]

    staged = stage(tmp_path, lay_out, folders=("further",), document_folder="documents")
    assert [(file.folder, file.name) for file in staged.files] == [
        ("documents", "c.csv"),
        ("further", "c.csv"),
        ("in", "crate.zip"),
        ("in", "crate-20260404T101500Z.done"),
    ]
    assert {file.path.parent for file in staged.files} == {tmp_path / "staged"}
    assert 0 <= staged.seconds < 60


def test_a_last_file_that_the_destination_does_not_know_as_its_report_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DestinationError, match=r"done, of which is_report\(\) says False; only the last one is"):
        stage(tmp_path, lambda of: [archive(of), done(of)], is_report=lambda _: False)


def test_what_is_closed_may_stand_beside_the_invoices_if_a_marker_follows(tmp_path: Path) -> None:
    staged = stage(
        tmp_path,
        lambda of: [closed(of), invoices(of, folder="in"), done(of)],
        content(closed=1),
        absence="nothing",
    )
    assert staged.files[0].path.read_bytes() == b'"No"\n"INV-1"\n'


def test_the_invoices_may_be_the_last_file_themselves(tmp_path: Path) -> None:
    def lay_out(of: Content) -> Shipment:
        return [customers(of, "c.csv", "in"), invoices(of, done(of).name, "in")]

    assert [file.name for file in stage(tmp_path, lay_out).files] == ["c.csv", "crate-20260404T101500Z.done"]


def test_where_absence_means_nothing_a_shipment_must_tell_what_is_closed(tmp_path: Path) -> None:
    with pytest.raises(DestinationError) as refused:
        stage(tmp_path, lambda of: [archive(of), done(of)], absence="nothing")
    assert str(refused.value) == (
        'crate: its shipments() lists nothing closed, although absence = "nothing": add a table of closed, or a ledger'
    )


def test_declared_pdfs_must_have_a_place(tmp_path: Path) -> None:
    with pytest.raises(DestinationError, match="has 0 archives with PDFs, and documents = 'inside'"):
        stage(tmp_path, lambda of: [archive(of), done(of)], documents="inside")


@pytest.mark.parametrize("raised", [ZeroDivisionError("by zero"), SystemExit("by zero")], ids=repr)
def test_a_shipment_that_raises_is_the_plugins_failure(tmp_path: Path, raised: BaseException) -> None:
    def lay_out(_: Content) -> Shipment:
        raise raised

    with pytest.raises(DestinationError) as refused:
        stage(tmp_path, lay_out)
    assert str(refused.value) == f"crate: its shipments() failed: {type(raised).__name__}: by zero"


def test_a_destination_that_refuses_is_taken_at_its_word(tmp_path: Path) -> None:
    def lay_out(_: Content) -> Shipment:
        raise RefusedError("no e-mail address")

    with pytest.raises(RefusedError, match=r"^no e-mail address$"):
        stage(tmp_path, lay_out)


def test_a_shipment_is_held_against_the_plan_and_not_against_what_the_destination_made_of_it(tmp_path: Path) -> None:
    def lay_out(of: Content) -> Shipment:
        of.invoices["invoice_ref"] = "INV-0" + of.invoices["invoice_ref"].str[4:]
        return [archive(of), done(of)]

    with pytest.raises(DestinationError, match=r"has the invoice_ref 'INV-01' under 'No', and in the plan 'INV-1'"):
        stage(tmp_path, lay_out)


# --- the marker -------------------------------------------------------------------------------------------------------


def test_a_marker_is_made_from_the_files_before_it(tmp_path: Path) -> None:
    asked: list[Sequence[DeliveredFile]] = []

    def write(files: Sequence[DeliveredFile]) -> bytes:
        asked.append(files)
        return b"made"

    staged = stage(tmp_path, lambda of: [invoices(of, folder="in"), replace(done(of), content=write)])
    table, marker = staged.files
    body = b'"No","Open"\n"INV-1","10.10"\n"INV-2","20.20"\n"00003","-3.03"\n'
    assert table.path.read_bytes() == body
    assert asked == [(DeliveredFile("in", "invoices.csv", len(body), hashlib.sha256(body).hexdigest()),)]
    assert (marker.path.read_bytes(), marker.size, marker.contents) == (b"made", 4, ())


def test_a_marker_of_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DestinationError) as refused:
        stage(tmp_path, lambda of: [archive(of), replace(done(of), content="ok")])  # type: ignore[arg-type]
    assert str(refused.value) == "crate: the content of crate-20260404T101500Z.done is not bytes"


# --- the tables -------------------------------------------------------------------------------------------------------


def with_frame(change: Callable[[pd.DataFrame], pd.DataFrame], **changes: object) -> Callable[[Content], Shipment]:
    def lay_out(of: Content) -> Shipment:
        table = invoices(of)
        return [archive(of, tables=[replace(table, frame=change(table.frame), **changes)]), done(of)]  # type: ignore[arg-type]

    return lay_out


WRONG: dict[str, tuple[Callable[[Content], Shipment], str]] = {
    "a row is lost": (
        with_frame(lambda rows: rows.iloc[1:]),
        "has 2 rows for 3 of invoices, or another order; keep both, and the index",
    ),
    "another order": (
        with_frame(lambda rows: rows.iloc[::-1]),
        "has 3 rows for 3 of invoices, or another order; keep both, and the index",
    ),
    "another order under the same index": (
        with_frame(lambda rows: rows.iloc[::-1].set_axis(rows.index)),
        "is not the plan: row 1 has the invoice_ref '00003' under 'No', and in the plan 'INV-1'; fix shipments()",
    ),
    "balances moved": (
        with_frame(lambda rows: rows.assign(Open=rows["Open"].to_numpy()[[1, 0, 2]])),
        "is not the plan: row 1 has the balance Decimal('20.2000') under 'Open', and in the plan Decimal('10.1000'); "
        "fix shipments()",
    ),
    "a float": (with_frame(lambda rows: rows.assign(Open=[1.5, 2.5, 3.5])), "made 'Open' a float; money never is one"),
    "a number that lost its zeros": (
        with_frame(lambda rows: rows.assign(No=["INV-1", "INV-2", "3"])),
        "is not the plan: row 3 has the invoice_ref '3' under 'No', and in the plan '00003'; fix shipments()",
    ),
    "nothing to prove": (
        with_frame(lambda rows: rows, proves={"invoice_ref": "No"}),
        "does not prove balance; name the headers of them in `proves`",
    ),
    "an unknown header": (
        with_frame(lambda rows: rows, proves={"invoice_ref": "Number", "balance": "Open"}),
        "names a column 'Number' that it has not; there are No, Open",
    ),
    "two columns of a name": (
        with_frame(lambda rows: pd.concat([rows, rows[["No"]]], axis="columns")),
        "has two columns 'No'",
    ),
    "no frame": (
        with_frame(lambda rows: rows["No"]),  # type: ignore[arg-type,return-value]
        "is Series, not a DataFrame",
    ),
    "a required header that it has not": (
        with_frame(lambda rows: rows, required=("Mail",)),
        "names a column 'Mail' that it has not; there are No, Open",
    ),
    "a column that the plan has not": (
        with_frame(lambda rows: rows, proves={**NAMES, "paid_on": "No"}),
        "proves 'paid_on', which invoices has not; invoice_ref, kind, status, customer_id, customer_name, "
        "customer_email, currency, issued_on, due_on, amount, balance, po_number, memo, document, source, source_ref, "
        "origin",
    ),
    "an amount that is none": (
        with_frame(lambda rows: rows.assign(Open=["10.10", "much", "-3.03"])),
        "holds in 'Open' what is not its balance: The string 'much' is not a valid decimal128 number",
    ),
}


@pytest.mark.parametrize(("lay_out", "flaw"), WRONG.values(), ids=WRONG)
def test_a_table_that_is_not_the_plan_is_refused(
    tmp_path: Path, lay_out: Callable[[Content], Shipment], flaw: str
) -> None:
    with pytest.raises(DestinationError) as refused:
        stage(tmp_path, lay_out)
    assert str(refused.value) == f"crate: its table invoices.csv {flaw}"


@pytest.mark.parametrize("blank", ["", "  ", "0", "0.00", "0,0", None], ids=repr)
def test_a_blank_or_zero_under_a_required_header_names_its_invoice(tmp_path: Path, blank: str | None) -> None:
    texts = pd.Series(["x", blank, "y"], dtype="str")
    with pytest.raises(RefusedError, match=r"(?s)refuses a whole file.*  Ref: INV-2\n"):
        stage(tmp_path, with_frame(lambda rows: rows.assign(Ref=texts), required=("Ref",)))


GERMAN = TextFormat(delimiter=";", decimal=",", dates="%d.%m.%Y", encoding="cp1252", quote="none")

NOTATIONS: dict[str, tuple[TextFormat, bytes]] = {
    "as it is by itself": (
        TextFormat(),
        b'"No","Client","Due","Open"\n"1","M\xc3\xbcller","2026-05-17","1234.50"\n"2","Ada",,"-7"\n',
    ),
    "German, without quotes": (
        GERMAN,
        b"No;Client;Due;Open\n1;M\xfcller;17.05.2026;1234,50\n2;Ada;;-7\n",
    ),
    "German, in quotes": (
        replace(GERMAN, quote="all"),
        b'"No";"Client";"Due";"Open"\n"1";"M\xfcller";"17.05.2026";"1234,50"\n"2";"Ada";;"-7"\n',
    ),
    "UTF-8 by another name, without quotes": (
        TextFormat(encoding="UTF8", quote="none"),
        b"No,Client,Due,Open\n1,M\xc3\xbcller,2026-05-17,1234.50\n2,Ada,,-7\n",
    ),
}


@pytest.mark.parametrize(("form", "written"), NOTATIONS.values(), ids=NOTATIONS)
def test_a_table_is_written_in_its_notation(tmp_path: Path, form: TextFormat, written: bytes) -> None:
    staged = stage(tmp_path, in_notation(form), two_currencies())
    assert staged.files[0].path.read_bytes() == written
    # Nothing else is left, such as the text before it was encoded.
    assert sorted(path.name for path in (tmp_path / "staged").iterdir()) == ["shipment-1", "shipment-2"]


def two_currencies(customer: str = "Müller") -> Content:
    yen = Invoice("2", Decimal(-7), kind="credit_note", due_on=None, currency="JPY")
    rows = frame([Invoice("1", Decimal("1234.50"), customer_name=customer), yen])
    return make_content(AT, rows.replace({"Ada Ltd": "Ada"}), rows.iloc[:0].assign(reason="", evidence=""), AT.date())


def in_notation(form: TextFormat, **changes: object) -> Callable[[Content], Shipment]:
    def lay_out(of: Content) -> Shipment:
        names = {"invoice_ref": "No", "customer_name": "Client", "due_on": "Due", "balance": "Open"}
        table = of.invoices[[*names]].rename(columns=names)
        file = TableFile("i.csv", table, "invoices", names, (), form, "in")
        return [replace(file, **changes), done(of)]  # type: ignore[arg-type]

    return lay_out


def test_a_large_table_is_encoded_whole(tmp_path: Path) -> None:
    rows = frame([Invoice(f"{number:05}", Decimal(1), customer_name="ü" * 200) for number in range(6000)])
    of = make_content(AT, rows, rows.iloc[:0].assign(reason="", evidence=""), AT.date())
    written = stage(tmp_path, in_notation(GERMAN), of).files[0].path.read_bytes()
    assert [line[:6] for line in written.splitlines()[1:]] == [f"{number:05};".encode() for number in range(6000)]


def test_a_character_that_the_encoding_has_not_is_named(tmp_path: Path) -> None:
    with pytest.raises(DestinationError) as refused:
        stage(tmp_path, in_notation(GERMAN), two_currencies("A Łódź"))
    assert str(refused.value) == (
        "crate: its table i.csv holds 'Ł', which cp1252 has not; ask the receiver for UTF-8, or change the text with a "
        "transform"
    )


def test_without_quotes_a_text_must_not_need_any(tmp_path: Path) -> None:
    with pytest.raises(DestinationError) as refused:
        stage(tmp_path, in_notation(GERMAN), two_currencies("Ada; Ltd"))
    assert str(refused.value) == (
        "crate: its table i.csv can't be written without quotes: CSV values may not contain structural characters if "
        'quoting style is "None". See RFC4180. Invalid value: Ada; Ltd; write quote = "all"'
    )


@pytest.mark.parametrize("header", ["a;b", 'a"b', "a\rb", "a\nb"], ids=repr)
def test_without_quotes_a_header_must_not_need_any(tmp_path: Path, header: str) -> None:
    def lay_out(of: Content) -> Shipment:
        names = {"invoice_ref": header, "balance": "Open"}
        table = of.invoices[[*names]].rename(columns=names)
        return [TableFile("i.csv", table, "invoices", names, (), GERMAN, "in"), done(of)]

    with pytest.raises(DestinationError) as refused:
        stage(tmp_path, lay_out)
    assert str(refused.value) == (
        f'crate: its table i.csv: the header {header!r} can\'t be written without quotes; write quote = "all"'
    )


def test_in_quotes_texts_and_headers_may_hold_whatever_they_hold(tmp_path: Path) -> None:
    def lay_out(of: Content) -> Shipment:
        names = {"invoice_ref": 'No "it"', "customer_name": "a,\nb", "balance": "Open"}
        form = TextFormat(encoding="cp1252")
        return [
            TableFile("i.csv", of.invoices[[*names]].rename(columns=names), "invoices", names, (), form, "in"),
            done(of),
        ]

    staged = stage(tmp_path, lay_out, two_currencies('A, "B"\r\nC'))
    assert staged.files[0].path.read_bytes() == (
        b'"No ""it""","a,\nb","Open"\n"1","A, ""B""\r\nC","1234.50"\n"2","Ada","-7"\n'
    )


def test_a_text_that_is_not_there_is_proven_to_be_blank(tmp_path: Path) -> None:
    rows = frame([Invoice("1", Decimal(1))]).assign(branch=pd.Series([None], dtype="str"))
    of = make_content(AT, rows, rows.iloc[:0].assign(reason="", evidence=""), AT.date())

    def lay_out(of: Content) -> Shipment:
        names = {"invoice_ref": "No", "balance": "Open", "branch": "Branch"}
        return [
            TableFile("i.csv", of.invoices[[*names]].rename(columns=names), "invoices", names, folder="in"),
            done(of),
        ]

    assert stage(tmp_path, lay_out, of).files[0].path.read_bytes() == b'"No","Open","Branch"\n"1","1.00",\n'


def test_amounts_need_a_currency(tmp_path: Path) -> None:
    def lay_out(of: Content) -> Shipment:
        table = of.customers[["customer_id"]].assign(owed=of.invoices["balance"].iloc[:2])
        mine = TableFile("c.csv", table, "customers", {"customer_id": "customer_id"}, folder="in")
        return [mine, archive(of), done(of)]

    with pytest.raises(DestinationError) as refused:
        stage(tmp_path, lay_out)
    assert str(refused.value) == "crate: its table c.csv has amounts in 'owed', and its rows have no currency"


def test_texts_that_look_like_formulas_are_noted_once(tmp_path: Path) -> None:
    def lay_out(of: Content) -> Shipment:
        names = {"invoice_ref": "No", "customer_name": "Client", "balance": "Open"}
        one = TableFile("i.csv", of.invoices[[*names]].rename(columns=names), "invoices", names, folder="in")
        other = TableFile(
            "c.csv",
            of.customers[["customer_id", "customer_name"]].rename(columns=names),
            "customers",
            {"customer_id": "customer_id"},
            folder="in",
        )
        return [Archive("crate.zip", [one, other], folder="in"), done(of)]

    of = two_currencies("=Müller")
    of.customers["customer_id"] = ["1", "2"]
    assert stage(tmp_path, lay_out, of).notes == (
        "texts of the report that begin with =, +, - or @ are sent as they are: Client 1. A spreadsheet that opens the "
        "report may take them for formulas",
    )


def test_a_customers_blank_is_named_by_the_customer(tmp_path: Path) -> None:
    def lay_out(of: Content) -> Shipment:
        table = of.customers[["customer_id", "customer_email"]].assign(customer_email=pd.Series(["a", ""], dtype="str"))
        mine = TableFile("c.csv", table, "customers", {"customer_id": "customer_id"}, ("customer_email",), folder="in")
        return [mine, archive(of), done(of)]

    with pytest.raises(RefusedError) as refused:
        stage(tmp_path, lay_out)
    assert str(refused.value) == (
        "the receiver refuses a whole file if one required value is blank or 0; c.csv would have such:\n"
        "  customer_email: Bob\nBros\n"
        "Nothing was sent. Complete them in the source, or take these rows out with a transform"
    )


def test_every_required_header_names_the_first_invoices_without_a_value(tmp_path: Path) -> None:
    rows = frame([Invoice(f"INV-{number}", Decimal(0 if number else 1), due_on=None) for number in range(13)])
    of = make_content(AT, rows, rows.iloc[:0].assign(reason="", evidence=""), AT.date())
    with pytest.raises(RefusedError) as refused:
        stage(tmp_path, in_notation(TextFormat(), required=("No", "Due", "Open")), of)
    ten = ", ".join(f"INV-{number}" for number in range(10))
    assert f"  Due: {ten} and 3 more\n  Open: INV-1, {ten[14:]}, INV-10 and 2 more\n" in str(refused.value)


def test_ten_invoices_without_a_value_are_all_named(tmp_path: Path) -> None:
    rows = frame([Invoice(f"INV-{number}", Decimal(1), due_on=None) for number in range(10)])
    of = make_content(AT, rows, rows.iloc[:0].assign(reason="", evidence=""), AT.date())
    with pytest.raises(RefusedError, match=r"  Due: INV-0, .*, INV-9\n"):
        stage(tmp_path, in_notation(TextFormat(), required=("Due",)), of)


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
    with pytest.raises(
        DestinationError,
        match=r"row 3 has the due_on datetime.date\(2026, 4, 4\) under 'due_on', and in the plan None; fix",
    ):
        stage(tmp_path, lay_out, replace(rows, invoices=shifted))


def test_the_words_for_open_and_closed_must_differ(tmp_path: Path) -> None:
    def lay_out(of: Content) -> Shipment:
        table = of.ledger[["invoice_ref", "balance", "status"]].assign(status="DONE")
        proves = {name: name for name in table.columns}
        return [archive(of, tables=[TableFile("l.csv", table, "ledger", proves)]), done(of)]

    with pytest.raises(DestinationError) as refused:
        stage(tmp_path, lay_out, content(closed=1), absence="nothing")
    assert str(refused.value) == (
        "crate: its table l.csv has one word, or none, for what is open and what is closed: open are "
        "['DONE'], closed are ['DONE']"
    )


@pytest.mark.parametrize("words", [["", "", "gone"], ["here", "", "gone"], ["here", "here", ""]], ids=str)
def test_open_and_closed_need_a_word_each(tmp_path: Path, words: list[str]) -> None:
    def lay_out(of: Content) -> Shipment:
        table = of.ledger[["invoice_ref", "balance"]].assign(status=pd.Series(words, dtype="str"))
        proves = {name: name for name in table.columns}
        return [archive(of, tables=[TableFile("l.csv", table, "ledger", proves)]), done(of)]

    with pytest.raises(DestinationError, match="has one word, or none, for what is open and what is closed"):
        stage(tmp_path, lay_out, content(closed=1), absence="nothing")


def test_what_stands_after_the_word_for_open_and_closed_is_proven_too(tmp_path: Path) -> None:
    def lay_out(of: Content) -> Shipment:
        table = of.ledger[["invoice_ref", "balance", "status", "reason"]].assign(reason="void")
        proves = {name: name for name in ("invoice_ref", "balance", "status", "reason")}
        return [TableFile("l.csv", table, "ledger", proves, folder="in"), done(of)]

    with pytest.raises(DestinationError, match="row 1 has the reason 'void' under 'reason', and in the plan ''"):
        stage(tmp_path, lay_out, content(closed=1), absence="nothing")


def test_a_table_that_nobody_can_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DestinationError, match=r"^crate: its table i\.csv can't be read back: straddling object"):
        stage(tmp_path, in_notation(TextFormat()), two_currencies("M" * 3_000_000))


def test_a_ledger_is_written_with_the_receivers_words_and_days(tmp_path: Path) -> None:
    def lay_out(of: Content) -> Shipment:
        proves = {name: name for name in ("invoice_ref", "balance", "status", "reason", "closed_on")}
        table = of.ledger[[*proves]].assign(status=pd.Series(["here", "there", "gone"], dtype="str"))
        form = TextFormat(dates="%d/%m/%y")
        return [TableFile("l.csv", table, "ledger", proves, (), form, "in"), done(of)]

    staged = stage(tmp_path, lay_out, content(closed=1), absence="nothing")
    assert staged.files[0].path.read_text() == (
        '"invoice_ref","balance","status","reason","closed_on"\n'
        '"INV-2","20.20","here","",\n'
        '"00003","-3.03","there","",\n'
        '"INV-1","0.00","gone","paid","04/04/26"\n'
    )


def test_the_ledger_holds_what_is_open_and_then_what_is_closed() -> None:
    ledger = content(closed=1).ledger
    assert ledger["invoice_ref"].tolist() == ["INV-2", "00003", "INV-1"]
    assert ledger["reason"].tolist() == ["", "", "paid"]
    assert ledger["status"].tolist() == ["open", "open", "closed"]
    assert ledger["balance"].tolist() == [Decimal("20.2"), Decimal("-3.03"), Decimal(0)]
    assert ledger["closed_on"].iloc[2] == AT.date()


def test_customers_are_there_once_in_the_order_of_their_first_invoices() -> None:
    names = ["Bob", "Bob", "Ada"]
    rows = frame([Invoice(f"{place}", Decimal(1), customer_name=name) for place, name in enumerate(names)])
    made = make_content(AT, rows, rows.iloc[:0].assign(reason="", evidence=""), AT.date())
    assert made.customers["customer_name"].to_dict() == {0: "Bob", 1: "Ada"}


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
            entries = opened.infolist()
        table = b'"No","Open"\n"INV-1","10.10"\n"INV-2","20.20"\n"00003","-3.03"\n'
        assert staged.contents == tuple(
            DeliveredFile(folder, name, len(data), hashlib.sha256(data).hexdigest())
            for folder, name, data in (("", "invoices.csv", table), ("pdf", "a.pdf", PDF))
        )
        # A table shrinks, a PDF hardly; and a file that anybody may read, made at the time of the delivery on no
        # machine in particular.
        assert [entry.compress_type for entry in entries] == [zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED]
        assert {(entry.date_time, entry.create_system, entry.external_attr) for entry in entries} == {
            ((2026, 4, 4, 10, 15, 0), 3, 0o644 << 16)
        }
    assert len(hashes) == 1


def test_a_pdf_that_has_changed_since_it_was_staged_is_never_packed(tmp_path: Path) -> None:
    wrong = [replace(pdfs(tmp_path)[0], sha256="0" * 64)]
    destination = Crate(Crate.Settings.model_validate({"url": "memory://"}))
    with pytest.raises(DestinationError, match=r"a\.pdf has changed since it was staged"):
        stage_shipment(destination, content(), wrong, tmp_path)


def test_a_pdf_that_is_larger_than_a_piece_is_packed_whole(tmp_path: Path) -> None:
    pdf = bytes(range(256)) * 10_000
    tmp_path.joinpath("large").write_bytes(pdf)
    members = [Member("a.pdf", tmp_path / "large", len(pdf), hashlib.sha256(pdf).hexdigest())]
    write_archive(tmp_path / "crate.zip", members, AT)
    with zipfile.ZipFile(tmp_path / "crate.zip") as opened:
        assert opened.read("a.pdf") == pdf


def test_a_pdf_that_has_been_cut_is_never_packed(tmp_path: Path) -> None:
    tmp_path.joinpath("cut").write_bytes(PDF[:5])
    members = [Member("a.pdf", tmp_path / "cut", len(PDF), hashlib.sha256(PDF).hexdigest())]
    with pytest.raises(DestinationError) as refused:
        write_archive(tmp_path / "crate.zip", members, AT)
    assert str(refused.value) == "a.pdf has changed since it was staged. Run again."


def test_a_pdf_that_would_take_the_place_of_a_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DestinationError) as refused:
        stage(
            tmp_path,
            lambda of: [archive(of, tables=[invoices(of, "A.PDF")], documents=""), done(of)],
            documents="inside",
        )
    assert str(refused.value) == (
        "crate: two files in crate.zip would be called a.pdf; give the PDFs a folder or another name. Nothing was sent."
    )


# --- what a shipment is laid out from ---------------------------------------------------------------------------------


def test_columns_of_arfeeds_own_are_not_sent_and_new_ones_are_blank_in_what_is_closed() -> None:
    rows = frame([Invoice(f"{number}", Decimal(number)) for number in (1, 2, 3)]).assign(arfeed_file="a.csv")
    now = rows.iloc[1:].assign(branch=pd.Series(["North", "South"], index=[1, 2], dtype="str"))
    then = rows.iloc[:1].drop(columns=["due_on", "amount"]).assign(reason="paid", evidence="proven")
    made = make_content(AT, now, then, date(2026, 4, 5))
    ours = [name for name in rows.columns if name != "arfeed_file"]
    assert [*made.invoices.columns] == [*ours, "branch"]
    assert set(made.closed.columns) == {*ours, "branch", "reason", "evidence", "closed_on"}
    assert [*made.ledger.columns] == [*ours, "branch", "reason", "closed_on"]
    assert [*made.customers.columns] == ["customer_id", "customer_name", "customer_email"]
    for part in (made.invoices, made.customers, made.closed, made.ledger):
        assert [*part.index] == [*range(len(part))]
    blank = made.closed.loc[0, ["due_on", "amount", "branch"]]
    assert blank.isna().all()
    assert made.closed["closed_on"].tolist() == [date(2026, 4, 5)]
    for part in (made.closed, made.ledger):
        assert part["due_on"].dtype == made.invoices["due_on"].dtype == part["closed_on"].dtype
        assert part["amount"].dtype == part["balance"].dtype == made.invoices["amount"].dtype
        assert part["branch"].dtype == made.invoices["branch"].dtype == part["reason"].dtype
    assert made.at == AT


def test_a_delivery_with_nothing_open_has_a_ledger_of_what_is_closed() -> None:
    made = content(closed=3)
    assert made.ledger["status"].tolist() == ["closed"] * 3
    assert made.ledger.dtypes.equals(content().ledger.dtypes)
    assert len(made.customers) == 0
