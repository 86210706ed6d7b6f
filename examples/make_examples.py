"""Make the examples: two days of exports of a made-up group of companies, and the PDFs of its invoices.

    python examples/make_examples.py [FOLDER]        into this folder unless another is named

The same bytes come out every time. Every company, person and number here is invented.
"""

from __future__ import annotations

import csv
import random
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Literal, NamedTuple

SEED = 20260409
YESTERDAY = date(2026, 4, 8)
TODAY = date(2026, 4, 9)

Status = Literal["Draft", "Awaiting Approval", "Awaiting Payment", "Paid", "Voided"]

XERO_COLUMNS = (
    "ContactName,EmailAddress,POAddressLine1,POAddressLine2,POAddressLine3,POAddressLine4,POCity,PORegion,"
    "POPostalCode,POCountry,SAAddressLine1,SAAddressLine2,SAAddressLine3,SAAddressLine4,SACity,SARegion,SAPostalCode,"
    "SACountry,InvoiceNumber,Reference,InvoiceDate,DueDate,PlannedDate,Total,TaxTotal,InvoiceAmountPaid,"
    "InvoiceAmountDue,InventoryItemCode,Description,Quantity,UnitAmount,Discount,LineAmount,AccountCode,TaxType,"
    "TaxAmount,TrackingName1,TrackingOption1,TrackingName2,TrackingOption2,Currency,Type,Sent,Status"
)
ERP_HEADER = (
    "Belegnummer",
    "Kundennr.",
    "Kunde",
    "E-Mail",
    "Belegdatum",
    "Fällig am",
    "Betrag",
    "Offen",
    "Ihre Bestellung",
    "Text",
)


class Customer(NamedTuple):
    """Somebody who owes us money."""

    name: str
    email: str
    street: str
    city: str
    postal_code: str
    country: str
    currency: str


CUSTOMERS = [
    Customer('Ångström & Söhne, "GmbH"', "rechnung@example.org", "Lange Reihe 7", "Lübeck", "23552", "Germany", "EUR"),
    Customer("Bramble & Finch Ltd", "accounts@example.com", "12 Mill Lane", "Totnes", "TQ9 5AA", "UK", "GBP"),
    Customer("Café Sémaphore SARL", "compta@example.net", "3, quai du Port", "Brest", "29200", "France", "EUR"),
    Customer("Dunmore Dairy Co-operative", "ledger@example.com", "Station Yard", "Kendal", "LA9 6BT", "UK", "GBP"),
    Customer("Elkhorn Outfitters, Inc.", "ap@example.net", "400 Juniper Ave", "Boise", "83702", "USA", "USD"),
    Customer("O'Hara, Quill & Partners", "finance@example.org", "5 Bell Court", "York", "YO1 7HU", "UK", "GBP"),
    Customer("Brøndsted Værktøj ApS", "bogholderi@example.org", "Havnegade 21", "Odense", "5000", "Denmark", "EUR"),
    Customer("神戸光学 Kobe Optics K.K.", "keiri@example.net", "2-4 Minatojima", "Kobe", "650-0045", "Japan", "JPY"),
    Customer("Harbour Lights (Hotels) plc", "purchase@example.com", "The Parade", "Poole", "BH15 1AP", "UK", "GBP"),
    Customer('Trattoria "Da Nonna" S.r.l.', "cassa@example.org", "Via del Forno 9", "Parma", "43121", "Italy", "EUR"),
    Customer("Sierra Vista Imports LLC", "billing@example.com", "88 Mesa Rd", "Tucson", "85701", "USA", "USD"),
    Customer("Ludlow Borough Baths", "invoices@example.net", "Corve Street", "Ludlow", "SY8 1DA", "UK", "GBP"),
]
GROUP = Customer("Larkfield Group Services Ltd", "group@example.com", "1 Lark Rise", "Bath", "BA1 2QH", "UK", "GBP")
SUPPLIER = Customer("Pennant Packaging Ltd", "sales@example.org", "Unit 4", "Hull", "HU1 3TF", "UK", "GBP")

PRODUCTS = [
    ("RX-200", "Bench refractometer RX-200", "1180.00"),
    ("CAL-1", "Calibration visit\nincluding travel, two engineers", "465.0000"),
    ("HOS-34", 'Replacement hose 3/4" (blue), 25 m', "38.50"),
    ("TRN-H", "Training on site; half a day", "320.00"),
    ("", 'Repair of pump no. 7\n"as agreed by telephone"', "212.75"),
    ("FLT-10", "Filter cartridges, box of ten", "57.9000"),
    ("SVC-Q", "Service contract, second quarter 2026", "640.00"),
    ("", "Carriage", "18.20"),
]
PRICE_LEVEL = {"GBP": Decimal(1), "EUR": Decimal("1.15"), "USD": Decimal("1.25"), "JPY": Decimal(190)}


class Line(NamedTuple):
    """One line of an invoice: its tax is a share of the net amount."""

    code: str
    description: str
    quantity: int
    unit: str
    account: str
    tax: Decimal


@dataclass(frozen=True)
class Document:
    """An invoice, credit note, overpayment or bill as Xero lists it. Amounts of what we owe back are negative."""

    ref: str
    customer: Customer
    issued: date
    due: date | None
    lines: tuple[Line, ...]
    type: str = "Sales invoice"
    status: Status = "Awaiting Payment"
    paid: Decimal = Decimal(0)

    def net(self, line: Line) -> Decimal:
        """The line's amount before tax."""
        return self._rounded(line.quantity * Decimal(line.unit))

    def tax(self, line: Line) -> Decimal:
        """The line's tax."""
        return self._rounded(self.net(line) * line.tax)

    @property
    def total(self) -> Decimal:
        """The amount including tax."""
        return sum((self.net(line) + self.tax(line) for line in self.lines), Decimal(0))

    @property
    def settled(self) -> Decimal:
        """What has been paid of it."""
        return self.total if self.status == "Paid" else self.paid

    @property
    def open(self) -> Decimal:
        """What is left to pay."""
        return Decimal(0) if self.status == "Voided" else self.total - self.settled

    def _rounded(self, amount: Decimal) -> Decimal:
        digits = Decimal(1) if self.customer.currency == "JPY" else Decimal("0.01")
        return amount.quantize(digits, ROUND_HALF_UP).quantize(Decimal("0.01"))


class Receivable(NamedTuple):
    """An open item of the subsidiary, all in euros."""

    ref: str
    number: str
    customer: str
    email: str
    issued: date
    due: date
    amount: Decimal
    open: Decimal
    order: str
    text: str


# --- what happens ---------------------------------------------------------------------------------------------------

OLD_REFS = {"INV-1006": "INV/2026/0042", "INV-1019": "00071"}
ALWAYS: Mapping[str, Status] = {
    "INV-1002": "Paid",
    "INV-1009": "Paid",
    "INV-1014": "Voided",
    "INV-1023": "Paid",
    "INV-1031": "Draft",
    "INV-1036": "Draft",
    "INV-1037": "Awaiting Approval",
}
PAID_TODAY = ("INV-1004", "INV-1010", "INV-1035")
VOIDED_TODAY = "INV-1026"
PARTLY_PAID_TODAY = ("INV-1018", Decimal("2000.00"))
NEW_TODAY = ("INV-1043", "INV-1044")
REVISED_TODAY = "INV-1012"
GONE_TODAY = "RE-2026-0318"
WITHOUT_PDF = ("INV-1015", "INV-1028", "INV-1040", "RE-2026-0321")


def xero(day: date) -> list[Document]:
    """Everything that the Xero export of a day lists."""
    documents = [_on(day, document) for document in [*_invoices(random.Random(SEED)), *_others()]]
    return [document for document in documents if day == TODAY or document.ref not in NEW_TODAY]


def erp(day: date) -> dict[str, list[Receivable]]:
    """The subsidiary's open items of a day by branch; only open ones are ever listed there."""
    items = list(_receivables(random.Random(SEED)))
    kept = [item for item in items if day == YESTERDAY or item.ref != GONE_TODAY]
    return {"Hamburg": kept[:8], "Wien": kept[8:]}


def _on(day: date, document: Document) -> Document:
    if day == YESTERDAY:
        return document
    if document.ref in PAID_TODAY:
        return replace(document, status="Paid")
    if document.ref == VOIDED_TODAY:
        return replace(document, status="Voided")
    if document.ref == PARTLY_PAID_TODAY[0]:
        return replace(document, paid=PARTLY_PAID_TODAY[1])
    return document


def _invoices(dice: random.Random) -> Iterable[Document]:
    days = (date(2026, 3, 2) + timedelta(days=day) for day in range(38))
    workdays = [day for day in days if day.weekday() < 5]
    for number in range(1001, 1045):
        ref = f"INV-{number}"
        customer = GROUP if number in (1008, 1033) else CUSTOMERS[number % len(CUSTOMERS)]
        issued = TODAY if ref in NEW_TODAY else workdays[(number - 1001) * len(workdays) // 42]
        lines = tuple(_line(dice, customer) for _ in range(dice.randrange(1, 5)))
        due = issued + timedelta(days=dice.choice((14, 30, 30, 60)))
        yield Document(OLD_REFS.get(ref, ref), customer, issued, due, lines, status=ALWAYS.get(ref, "Awaiting Payment"))


def _line(dice: random.Random, customer: Customer) -> Line:
    code, description, price = dice.choice(PRODUCTS)
    places = Decimal(1) if customer.currency == "JPY" else Decimal(1).scaleb(-len(price.partition(".")[2]))
    unit = (Decimal(price) * PRICE_LEVEL[customer.currency]).quantize(places, ROUND_HALF_UP)
    tax = Decimal("0.2") if customer.country == "UK" else Decimal(0)
    return Line(code, description, dice.randrange(1, 7), str(unit), "200", tax)


def _others() -> list[Document]:
    bramble, elkhorn, ludlow = CUSTOMERS[1], CUSTOMERS[4], CUSTOMERS[11]
    credit = Line("HOS-34", "Hose returned, wrong colour", -2, "38.50", "200", Decimal("0.2"))
    rebate = Line("", "Rebate for the year 2025", -1, "125.00", "200", Decimal(0))
    surplus = Line("", "Overpayment", -1, "150.00", "610", Decimal(0))
    boxes = Line("", "Cartons, five sizes", 400, "0.8500", "310", Decimal("0.2"))
    return [
        Document("CN-0031", bramble, date(2026, 3, 19), None, (credit,), "Sales credit note"),
        Document("CN-0032", elkhorn, date(2026, 3, 27), None, (rebate,), "Sales credit note", "Paid"),
        Document("", ludlow, date(2026, 3, 30), None, (surplus,), "Sales overpayment"),
        Document("INV-1007", SUPPLIER, date(2026, 3, 11), date(2026, 4, 10), (boxes,), "Bill"),
        Document("PP/88231", SUPPLIER, date(2026, 3, 25), date(2026, 4, 24), (boxes,), "Bill", "Paid"),
    ]


def _receivables(dice: random.Random) -> Iterable[Receivable]:
    customers = [
        ("10021", "Deichgraf Fischhandel e. K.", "buero@example.org"),
        ("10034", "Müller-Thurgau Weinkeller KG", "keller@example.net"),
        ("00107", "Alpenblick Sanatorium; Haus II", "verwaltung@example.com"),
        ("10088", "Wäscherei Weiß & Weiß", "post@example.org"),
        ("10090", "Gebrüder Öztürk Großküchen", "einkauf@example.net"),
    ]
    for number in range(14):
        issued = date(2026, 3, 3) + timedelta(days=number * 5 // 2)
        amount = Decimal(dice.randrange(9_000, 480_000)) / 100
        part = Decimal("250.00") if number in (2, 9) else Decimal(0)
        order = f"B{dice.randrange(1000, 9999)}" if number % 3 else ""
        due = issued + timedelta(days=30)
        ref = f"RE-2026-{number + 311:04}"
        yield Receivable(ref, *customers[number % 5], issued, due, amount, amount - part, order, "Wartung; Ersatzteile")


# --- the exports ----------------------------------------------------------------------------------------------------


def write_xero(path: Path, documents: Iterable[Document]) -> None:
    """Write a sales invoice export as Xero does: a row a line, the document's own fields on each of them."""
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, XERO_COLUMNS.split(","), restval="")
        table.writeheader()
        for document in documents:
            table.writerows(_xero_head(document) | _xero_line(document, line) for line in document.lines)


def _xero_head(document: Document) -> dict[str, str]:
    customer, sales = document.customer, document.type == "Sales invoice"
    return {
        "ContactName": customer.name,
        "EmailAddress": customer.email,
        "POAddressLine1": customer.street,
        "POCity": customer.city,
        "POPostalCode": customer.postal_code,
        "POCountry": customer.country,
        "InvoiceNumber": document.ref,
        "Reference": f"PO {4700 + int(document.ref[-2:])}" if sales and document.ref[-1] in "13579" else "",
        "InvoiceDate": _british(document.issued),
        "DueDate": _british(document.due) if document.due else "",
        "Total": str(document.total),
        "TaxTotal": str(sum(map(document.tax, document.lines), Decimal("0.00"))),
        "InvoiceAmountPaid": f"{document.settled:.2f}",
        "InvoiceAmountDue": f"{document.open:.2f}",
        "Currency": customer.currency,
        "Type": document.type,
        "Sent": ("Sent" if document.status in ("Awaiting Payment", "Paid") else "Unsent") if sales else "",
        "Status": document.status,
    }


def _xero_line(document: Document, line: Line) -> dict[str, str]:
    return {
        "InventoryItemCode": line.code,
        "Description": line.description,
        "Quantity": f"{line.quantity}.0000" if document.total > 0 else str(line.quantity),
        "UnitAmount": line.unit,
        "LineAmount": str(document.net(line)),
        "AccountCode": line.account,
        "TaxType": "20% (VAT on Income)" if line.tax else "Zero Rated Income",
        "TaxAmount": str(document.tax(line)),
    }


def _british(day: date) -> str:
    return f"{day.day}/{day:%m/%Y}"


def write_erp(path: Path, items: Iterable[Receivable]) -> None:
    """Write open items as a German ERP does: semicolons, decimal commas, dotted dates, and a byte order mark."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        table = csv.writer(file, delimiter=";")
        table.writerow(ERP_HEADER)
        for item in items:
            dates = (f"{item.issued:%d.%m.%Y}", f"{item.due:%d.%m.%Y}")
            money = (_german(item.amount), _german(item.open))
            table.writerow([*item[:4], *dates, *money, item.order, item.text])


def _german(amount: Decimal) -> str:
    return f"{amount:,.2f}".translate(str.maketrans(",.", ".,"))


# --- the PDFs -------------------------------------------------------------------------------------------------------


class Text(NamedTuple):
    """Words on the page: where, in points from the lower left corner, and in which of the page's fonts."""

    x: int
    y: int
    font: Literal["F1", "F2", "F3"]
    size: int
    words: str


def xero_pdf(document: Document, note: str) -> bytes:
    """Print an invoice of the parent company."""
    customer, money = document.customer, f" {document.customer.currency}"
    rows = [(line.description.partition("\n")[0], f"{document.net(line):,.2f}") for line in document.lines]
    tax = sum(map(document.tax, document.lines), Decimal("0.00"))
    rows += [("VAT", f"{tax:,.2f}"), ("Total" + money, f"{document.total:,.2f}")]
    head = [customer.name, customer.street, f"{customer.postal_code} {customer.city}", customer.country]
    dates = f"Date {document.issued:%d %B %Y}     Due {document.due:%d %B %Y}"
    return _page("Larkfield Instruments Ltd", f"Invoice {document.ref}", head, [dates, note], rows)


def erp_pdf(item: Receivable) -> bytes:
    """Print an invoice of the subsidiary."""
    dates = f"Datum {item.issued:%d.%m.%Y}     Fällig {item.due:%d.%m.%Y}"
    rows = [(item.text, _german(item.amount)), ("Summe EUR", _german(item.amount))]
    return _page("Larkfield Nord GmbH", f"Rechnung {item.ref}", [item.customer, f"Kunde {item.number}"], [dates], rows)


def _page(seller: str, title: str, head: list[str], notes: list[str], rows: list[tuple[str, str]]) -> bytes:
    texts = [Text(56, 780, "F2", 11, seller), Text(56, 640, "F2", 20, title)]
    texts += [Text(56, 742 - 14 * at, "F1", 10, words) for at, words in enumerate(head)]
    texts += [Text(56, 616 - 14 * at, "F1", 10, words) for at, words in enumerate(notes)]
    for at, (words, amount) in enumerate(rows):
        font: Literal["F1", "F2"] = "F2" if at == len(rows) - 1 else "F1"
        texts += [
            Text(56, 560 - 18 * at, font, 10, words),
            Text(538 - 6 * len(amount), 560 - 18 * at, "F3", 10, amount),
        ]
    rule = f"0.5 w 56 {552 - 18 * (len(rows) - 2)} m 538 {552 - 18 * (len(rows) - 2)} l S"
    return _pdf(b"\n".join([*map(_shown, texts), rule.encode()]))


def _shown(text: Text) -> bytes:
    # The fonts that every reader has know Western European letters only; others are left out of the page.
    words = text.words.encode("cp1252", "ignore").strip()
    for special in (b"\\", b"(", b")"):
        words = words.replace(special, b"\\" + special)
    return b"BT /%s %d Tf %d %d Td (%s) Tj ET" % (text.font.encode(), text.size, text.x, text.y, words)


def _pdf(content: bytes) -> bytes:
    fonts = [b"Helvetica", b"Helvetica-Bold", b"Courier"]
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R"
        b"/Resources<</Font<</F1 5 0 R/F2 6 0 R/F3 7 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(content), content),
        *(b"<</Type/Font/Subtype/Type1/BaseFont/%s/Encoding/WinAnsiEncoding>>" % font for font in fonts),
    ]
    body, places = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n", []
    for number, part in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, part)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    return body + b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (
        size,
        table,
        size,
        len(body),
    )


# --- all of it ------------------------------------------------------------------------------------------------------


def write_exports(folder: Path, day: date) -> None:
    """Write what the two systems export on a day."""
    (folder / "subsidiary").mkdir(parents=True, exist_ok=True)
    write_xero(folder / f"SalesInvoices-{day:%Y%m%d}.csv", xero(day))
    for branch, items in erp(day).items():
        write_erp(folder / "subsidiary" / f"OffenePosten_{branch}.csv", items)


def write_pdfs(folder: Path, yesterdays: Path) -> None:
    """Write today's PDFs, and into another folder those that were others yesterday."""
    folder.mkdir(parents=True, exist_ok=True)
    yesterdays.mkdir(parents=True, exist_ok=True)
    for document in xero(TODAY):
        if document.type == "Sales invoice" and document.ref not in WITHOUT_PDF and document.status != "Draft":
            name = f"Invoice {document.ref.replace('/', '_')}.pdf"
            note = f"Revised on {TODAY:%d %B %Y}: delivery address corrected" if document.ref == REVISED_TODAY else ""
            (folder / name).write_bytes(xero_pdf(document, note))
            if note:
                (yesterdays / name).write_bytes(xero_pdf(document, ""))
    for item in (item for items in erp(YESTERDAY).values() for item in items if item.ref not in WITHOUT_PDF):
        (folder / f"Rechnung {item.ref}.pdf").write_bytes(erp_pdf(item))


def main(folder: Path) -> None:
    """Write both days."""
    write_exports(folder / "exports", TODAY)
    write_exports(folder / "yesterday" / "exports", YESTERDAY)
    write_pdfs(folder / "pdf", folder / "yesterday" / "pdf")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
