"""Write the input files: invented, seeded and vectorised, so that a million rows take seconds.

`python -m benchmarks.data flat|xero|quickbooks|excel|sqlite|postgresql FILE ROWS`
"""

import csv
import os
import re
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from benchmarks.contest import POSTGRESQL

Integers = npt.NDArray[np.int64]
Days = npt.NDArray[np.datetime64]
Strings: TypeAlias = Any  # a pa.StringArray; the stubs know fewer calls than pyarrow

SEED = 20260404
CUSTOMERS = 20_000
NAMES = ["Albion", "Bramble", "Cedar", "Delphi", "Elm & Ash", "Fjord", "Gable Roofing", "Ångström", "Söhne", "Oak"]
FORMS = [" Ltd", " LLP", " GmbH", ' "West" Ltd', ", Inc."]
STREETS = [" Mill Lane", " Station Road", " Quay Street", " The Old Brewery", " Foundry Way"]
CITIES = ["Bristol", "Leeds", "Norwich", "Dundee", "Swansea", "Belfast"]
WORK = ["Monthly maintenance", "Goods as agreed by telephone", "Consulting, two days on site", 'Timber, planed ("C16")']
ON_TWO_LINES = "Repair of the north roof\nSecond visit"

ADDRESS = ["AddressLine1", "AddressLine2", "AddressLine3", "AddressLine4", "City", "Region", "PostalCode", "Country"]
TRACKING = ["TrackingName1", "TrackingOption1", "TrackingName2", "TrackingOption2"]
XERO = ["ContactName", "EmailAddress", *(f"PO{part}" for part in ADDRESS), *(f"SA{part}" for part in ADDRESS)]
XERO += ["InvoiceNumber", "Reference", "InvoiceDate", "DueDate", "PlannedDate", "Total", "TaxTotal"]
XERO += ["InvoiceAmountPaid", "InvoiceAmountDue", "InventoryItemCode", "Description", "Quantity", "UnitAmount"]
XERO += ["Discount", "LineAmount", "AccountCode", "TaxType", "TaxAmount", *TRACKING, "Currency", "Type", "Sent"]
XERO += ["Status"]


QUICKBOOKS = ["", "Date", "Transaction type", "Num", "Term", "Due date", "Open balance"]


def flat(file: Path, rows: int) -> None:
    """Open invoices under arfeed's own headers: one row each, ISO dates, two decimals, unique refs."""
    random = np.random.default_rng(SEED)
    customer = random.integers(CUSTOMERS, size=rows)
    issued = _days(random, rows)
    amount = random.integers(500, 900_000, size=rows)
    partly_paid = random.random(rows) < 0.2
    columns = {
        "invoice_ref": _numbered("INV-", np.arange(rows), 7),
        "customer_id": _numbered("C", customer, 5),
        "customer_name": _names().take(customer),
        "customer_email": _numbered("ar", customer, 5, "@a.example"),
        "currency": _choice(random, ["GBP", "EUR", "USD", "JOD"], rows, [0.7, 0.2, 0.09, 0.01]),
        "issued_on": _dates(issued, "%Y-%m-%d"),
        "due_on": _dates(issued + random.choice([14, 30, 60], size=rows), "%Y-%m-%d"),
        "amount": _money(amount),
        "balance": _money(np.where(partly_paid, amount // 3, amount)),
        "po_number": _sometimes(random, 0.1, _numbered("PO", np.arange(rows), 6)),
        "memo": _sometimes(random, 0.02, _choice(random, WORK, rows)),
    }
    _write(file, columns)


def xero(file: Path, lines: int) -> None:
    """A Xero sales export: 44 columns, 2.5 lines a document on average, the document's fields on each of its lines."""
    random = np.random.default_rng(SEED)
    documents = max(1, lines * 2 // 5)
    document = np.sort(np.concatenate([np.arange(documents), random.integers(documents, size=lines - documents)]))
    kind = random.choice(3, size=documents, p=[0.88, 0.04, 0.08])
    prefixes, types = ["INV-", "CN-", "BILL-"], ["Sales invoice", "Sales credit note", "Bill"]
    statuses = ["Awaiting Payment", "Paid", "Voided", "Draft", "Awaiting Approval", "Deleted"]
    status = random.choice(len(statuses), size=documents, p=[0.6, 0.32, 0.03, 0.02, 0.02, 0.01])

    sign = np.where(kind == 1, -1, 1)
    quantity = random.integers(1, 20, size=lines)
    unit = random.integers(500, 90_000, size=lines) * sign[document]
    net = quantity * unit
    tax = net // 5
    starts = np.flatnonzero(np.diff(document, prepend=-1))
    total = np.add.reduceat(net + tax, starts)
    paid = np.select([status == 1, (status == 0) & (random.random(documents) < 0.2)], [total, total // 4], 0)
    due = np.where(np.isin(status, [2, 5]), 0, total - paid)

    number = np.arange(documents)
    customer = random.integers(CUSTOMERS, size=documents)
    issued = _days(random, documents)
    head: dict[str, Strings] = {
        "ContactName": _names().take(customer),
        "EmailAddress": _numbered("ar", customer, 5, "@a.example"),
        "POAddressLine1": _joined(_numbered("", customer % 200, 3), _choice(random, STREETS, documents)),
        "POCity": _choice(random, CITIES, documents),
        "POPostalCode": _numbered("AB", customer % 999, 3),
        "POCountry": _text("United Kingdom", documents),
        "InvoiceNumber": _joined(pa.array(prefixes).take(kind), _numbered("", number, 7)),
        "Reference": _sometimes(random, 0.4, _numbered("PO", number, 6)),
        "InvoiceDate": _dates(issued, "%d/%m/%Y"),
        "DueDate": _dates(issued + random.choice([14, 30, 60], size=documents), "%d/%m/%Y"),
        "Total": _money(total),
        "TaxTotal": _money(np.add.reduceat(tax, starts)),
        "InvoiceAmountPaid": _money(paid),
        "InvoiceAmountDue": _money(due),
        "Currency": _choice(random, ["GBP", "EUR", "USD"], documents, [0.8, 0.15, 0.05]),
        "Type": pa.array(types).take(kind),
        "Sent": _choice(random, ["Sent", "Unsent"], documents, [0.9, 0.1]),
        "Status": pa.array(statuses).take(status),
    }
    columns = {name: head[name].take(document) if name in head else _text("", lines) for name in XERO}
    columns |= {
        "InventoryItemCode": _sometimes(random, 0.5, _numbered("ITEM", random.integers(500, size=lines), 4)),
        "Description": _choice(random, [*WORK, ON_TWO_LINES], lines, [0.3, 0.3, 0.2, 0.19, 0.01]),
        "Quantity": _money(quantity * 10_000, 4),
        "UnitAmount": _money(unit * 100, 4),
        "LineAmount": _money(net),
        "AccountCode": _text("200", lines),
        "TaxType": _text("20% (VAT on Income)", lines),
        "TaxAmount": _money(tax),
        "TrackingName1": _text("Region", lines),
        "TrackingOption1": _choice(random, CITIES, lines),
    }
    _write(file, columns)


def quickbooks(file: Path, lines: int) -> None:
    """A report Open Invoices of QuickBooks Online: groups of customers in order, a total of each, and one of all."""
    random = np.random.default_rng(SEED)
    customer = np.sort(random.integers(CUSTOMERS, size=lines))
    customers, starts = np.unique(customer, return_index=True)
    issued = _days(random, lines)
    balance = random.integers(500, 9_000_000, size=lines) * np.where(random.random(lines) < 0.03, -1, 1)
    names = _names().take(customers)
    blank = [""] * 6
    line = [
        "", _dates(issued, "%m/%d/%Y"), pa.array(np.where(balance < 0, "Credit Memo", "Invoice")),
        _numbered("", np.arange(lines), 7), "Net 30", _dates(issued + 30, "%m/%d/%Y"), _grouped(balance), "\n",
    ]  # fmt: skip
    totals = _joined(
        _unquoted(names, "Total for "), *blank[1:], _grouped(np.add.reduceat(balance, starts), "$"), "\n", by=","
    )
    rows = [_joined(names, *blank, "\n", by=","), _joined(*line, by=","), totals]
    order = np.argsort(np.concatenate([customers * 3, customer * 3 + 1, customers * 3 + 2]), kind="stable")
    part = file.with_suffix(".part")
    with part.open("wb") as sink:
        sink.write(f"Open Invoices\nExample LLC\nAs of Apr 4, 2026\n\n{','.join(QUICKBOOKS)}\n".encode())
        sink.write(pc.replace_substring(pa.concat_arrays(rows).take(pa.array(order)), ",\n", "\n").buffers()[2])
        total = _grouped(balance.sum(keepdims=True), "$")[0]
        sink.write(f'TOTAL,,,,,,{total}\n\n"Accrual Basis Saturday, April 4, 2026"\n'.encode())
    part.rename(file)


def excel(file: Path, rows: int) -> None:
    """The flat file's invoices as a workbook: dates and amounts in cells of their kind, everything else as text."""
    import openpyxl
    from pyarrow import csv as arrow

    flat(file.with_suffix(".csv"), rows)
    types = {"issued_on": pa.date32(), "due_on": pa.date32(), "amount": pa.float64(), "balance": pa.float64()}
    options = arrow.ConvertOptions(column_types=types)
    invoices = arrow.read_csv(file.with_suffix(".csv"), convert_options=options)
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Invoices")
    sheet.append(invoices.column_names)
    for row in zip(*(column.to_pylist() for column in invoices.columns), strict=True):
        sheet.append(row)
    file.with_suffix(".csv").unlink()
    book.save(file)


INVOICES = """CREATE TABLE invoices (
    invoice_ref VARCHAR(20), customer_id VARCHAR(20), customer_name VARCHAR(80), customer_email VARCHAR(80),
    currency CHAR(3), issued_on DATE, due_on DATE, amount DECIMAL(18, 2), balance DECIMAL(18, 2),
    po_number VARCHAR(20), memo TEXT
)"""


def sqlite(file: Path, rows: int) -> None:
    """The flat file's invoices as a table; amounts are floats there, as SQLite has no decimals."""
    flat(file.with_suffix(".csv"), rows)
    part = file.with_suffix(".part")
    part.unlink(missing_ok=True)
    with closing(sqlite3.connect(part)) as connection, file.with_suffix(".csv").open(newline="") as lines, connection:
        connection.execute(INVOICES)
        marks = ", ".join("?" * len(next(lines).split(",")))
        connection.executemany(f"INSERT INTO invoices VALUES ({marks})", csv.reader(lines))
    file.with_suffix(".csv").unlink()
    part.rename(file)


def postgresql(file: Path, rows: int) -> None:
    """The flat file's invoices as a table in its own schema; the file says where."""
    import psycopg

    server = os.environ[POSTGRESQL]
    schema = f"arfeed_benchmark_{rows}"
    flat(file.with_suffix(".csv"), rows)
    with psycopg.connect(server) as connection:
        connection.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE".encode())
        connection.execute(f"CREATE SCHEMA {schema}; SET search_path = {schema}; {INVOICES}".encode())
        with connection.cursor().copy("COPY invoices FROM STDIN (FORMAT csv, HEADER)") as copy:
            copy.write(file.with_suffix(".csv").read_bytes())
    file.with_suffix(".csv").unlink()
    file.write_text(f"{server}?options=-csearch_path%3D{schema}", "utf-8")


def _names() -> Strings:
    """Return the names of all customers; the number keeps each of them unique."""
    return pa.array([_quoted(f"{NAMES[n % 10]} {n}{FORMS[n // 10 % 5]}") for n in range(CUSTOMERS)])


def _text(value: str, rows: int) -> Strings:
    return pa.repeat(value, rows)


def _joined(*parts: Strings, by: str = "") -> Strings:
    return pc.binary_join_element_wise(*parts, by)


def _numbered(prefix: str, numbers: Integers, width: int, suffix: str = "") -> Strings:
    return _joined(prefix, pc.utf8_lpad(pa.array(numbers).cast(pa.string()), width=width, padding="0"), suffix)


def _quoted(value: str) -> str:
    """Quote a value as CSV asks for, only where it is needed; pyarrow's writer would quote all text."""
    return '"' + value.replace('"', '""') + '"' if re.search('[",\n]', value) else value


def _choice(random: np.random.Generator, values: list[str], rows: int, shares: list[float] | None = None) -> Strings:
    return pa.array([_quoted(value) for value in values]).take(random.choice(len(values), size=rows, p=shares))


def _sometimes(random: np.random.Generator, share: float, values: Strings) -> Strings:
    return pc.if_else(pa.array(random.random(len(values)) < share), values, "")


def _days(random: np.random.Generator, rows: int) -> Days:
    return np.datetime64("2025-04-01") + random.integers(360, size=rows)


def _dates(days: Days, order: str) -> Strings:
    return pc.strftime(pa.array(days, pa.date32()), format=order)


def _money(units: Integers, scale: int = 2) -> Strings:
    """Write integers as decimals with `scale` places; an Arrow decimal is two 64-bit halves, the lower one first."""
    halves = np.column_stack([units, units >> 63]).astype("<i8")
    decimals = pa.Array.from_buffers(pa.decimal128(20, scale), len(units), [None, pa.py_buffer(halves.tobytes())])
    return decimals.cast(pa.string())


def _grouped(units: Integers, sign: str = "") -> Strings:
    """Write hundredths as "-$1,234.50", quoted where they need it."""
    texts = _money(np.abs(units))
    for _ in range(4):
        texts = pc.replace_substring_regex(texts, r"^(\d+)(\d{3}[.,])", r"\1,\2")
    texts = _joined(pa.array(np.where(units < 0, f"-{sign}", sign)), texts)
    return pc.if_else(pc.match_substring(texts, ","), _joined('"', texts, '"'), texts)


def _unquoted(names: Strings, before: str) -> Strings:
    """Put a text before values that may be quoted."""
    quoted = pc.starts_with(names, '"')
    return pc.if_else(quoted, _joined(f'"{before}', pc.utf8_slice_codeunits(names, 1)), _joined(before, names))


def _write(file: Path, columns: dict[str, Strings]) -> None:
    """Write the columns, whose values are quoted already; a file that stands is a whole file."""
    *others, last = columns.values()
    lines = _joined(*others, _joined(last, "\n"), by=",")
    part = file.with_suffix(".part")
    with part.open("wb") as sink:
        sink.write((",".join(columns) + "\n").encode())
        sink.write(lines.buffers()[2])
    part.rename(file)


if __name__ == "__main__":
    what, name, rows = sys.argv[1:]
    makers = (flat, xero, quickbooks, excel, sqlite, postgresql)
    next(maker for maker in makers if maker.__name__ == what)(Path(name), int(rows))
