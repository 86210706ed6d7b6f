"""Books that GnuCash makes itself, by its own Python API, and what it says of every document in them."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import sqlalchemy as sa

_SCRIPT = Path(__file__).with_name("gnucash_book.py")
_PYTHON = os.environ.get("GNUCASH_PYTHON", "/usr/bin/python3")
_DEBIAN = "gnucash python3-gnucash libdbd-sqlite3 libdbd-mysql"
_MEMORY = "/dev/shm"
"""Where a file is made, since GnuCash commits each thing on its own, and a disk takes its time over each."""

_UNITS = {"EUR": "0.01", "USD": "0.01", "JPY": "1", "KWD": "0.001"}

Told = Mapping[str, Any]
"""What GnuCash says of one document; see `told` in gnucash_book.py."""


@dataclass
class Books:
    """What to do, in order. `customers` is whose each document is; vendors' and employees' bills have none."""

    actions: list[dict[str, Any]] = field(default_factory=list)
    customers: dict[str, str] = field(default_factory=dict)

    def owner(self, number: str, name: str, *, kind: str = "customer", currency: str = "EUR", **fields: object) -> None:
        self.then("owner", number=number, name=name, kind=kind, currency=currency, **fields)

    def document(
        self, key: str, *lines: tuple[int, str], owner: str = "C1", customer: str | None = None, currency: str = "EUR",
        day: str = "2026-01-05", due: str = "2026-02-04", paid: Sequence[str] = (), **fields: Any,
    ) -> None:  # fmt: skip
        """A document of these lines, quantity and price; `customer` is whose it is where `owner` is a job."""
        fields.setdefault("ref", key)
        if not fields.get("bill"):
            self.customers[key] = customer or owner
        self.then("document", key=key, lines=lines, owner=owner, currency=currency, day=day, due=due, **fields)
        for amount in paid:
            self.then("pay", key=key, amount=amount, day="2026-01-20")

    def then(self, do: str, **fields: object) -> None:
        self.actions.append({"do": do, **fields})


def scenes() -> Books:
    """A year of a small firm: each kind of document, payment and change of mind once."""
    books = Books()
    for number, name, currency in (
        ("C1", "Amber & Söhne", "EUR"), ("C2", "Borealis", "EUR"), ("C3", "Credo Inc", "USD"), ("C4", "Dōjō KK", "JPY"),
        ("C5", "Emir", "KWD"), ("C6", "Früher", "EUR"), ("C7", "Gale", "EUR"),
        ("C8", "Heron", "EUR"), ("C9", "Ibis", "EUR"),
    ):  # fmt: skip
        books.owner(number, name, currency=currency, email=f"{number.lower()}@example.com")
    books.owner("V1", "Vendor", kind="vendor")
    books.owner("E1", "Employee", kind="employee")
    books.owner("J1", "Roof", kind="job", of="C1")
    books.owner("J2", "Delivery", kind="job", of="V1")
    document = books.document
    document("OPEN", (1, "100"), po="PO 1")
    document("PART", (1, "100"), paid=["40.10"])
    document("PAID", (1, "100"), paid=["59.95", "40.05"])
    document("OVER", (1, "100"), paid=["130"], owner="C2")
    document("DRAFT", (1, "100"), draft=True)
    document("JOB", (1, "55.55"), owner="J1", customer="C1")
    document("CREDIT", (1, "25"), credit=True)
    document("ZERO", (1, "0"))
    document("BELOW", (1, "-12"))
    document("THIRD", (3, "33.333333"))
    document("SAME/1", (1, "11"), ref="SAME")
    document("SAME/2", (1, "22"), ref="SAME", owner="C2")
    document("LONG AGO", (1, "70"), day="2019-12-31", due="2020-02-29")
    document("TO COME", (1, "80"), day="2028-02-29", due="2028-03-31")
    _abroad(books)
    _second_thoughts(books)
    _of_others(books)
    return books


def _abroad(books: Books) -> None:
    document = books.document
    dollars: dict[str, Any] = {"owner": "C3", "currency": "USD"}
    document("USD", (1, "10"), **dollars)
    document("USD-PART", (1, "10"), paid=["4"], **dollars)
    document("USD-BY-EUR", (1, "10"), **dollars)
    books.then("pay", key="USD-BY-EUR", amount="6", money="EUR", rate="2", day="2026-01-20")
    document("USD-REGISTER", (1, "10"), **dollars)
    books.then("register", key="USD-REGISTER", money="EUR", value="3", amount="6")
    document("USD-REGISTER-PAID", (1, "10"), **dollars)
    books.then("register", key="USD-REGISTER-PAID", money="EUR", value="5", amount="10")
    document("JPY", (1, "1000"), owner="C4", currency="JPY")
    document("JPY-PART", (1, "1000"), owner="C4", currency="JPY", paid=["999"])
    document("KWD", (1, "1.234"), owner="C5", currency="KWD")
    document("KWD-PART", (1, "1.234"), owner="C5", currency="KWD", paid=["1.233"])


def _second_thoughts(books: Books) -> None:
    document = books.document
    document("AGAIN", (1, "60"))
    books.then("unpost", key="AGAIN")
    books.then("post", key="AGAIN")
    document("UNPOSTED", (1, "61"))
    books.then("unpost", key="UNPOSTED")
    document("UNPOSTED-PART", (1, "62"), paid=["2"], owner="C9")
    books.then("unpost", key="UNPOSTED-PART")
    document("BOUNCED", (1, "63"), paid=["63"])
    books.then("void_payments", key="BOUNCED")
    document("RENAMED", (1, "64"), owner="C6")
    books.then("rename", number="C6", name="Später")
    document("CREDITED", (1, "90"), owner="C7")
    document("CREDIT-USED", (1, "30"), owner="C7", credit=True)
    books.then("settle", key="CREDITED")
    document("CREDITED-AWAY", (1, "10"), owner="C8")
    document("CREDIT-LEFT", (1, "50"), owner="C8", credit=True)
    books.then("settle", key="CREDITED-AWAY")
    books.owner("C10", "Later")
    document("OVERPAID", (1, "100"), owner="C10", paid=["130"])
    document("LATER", (1, "80"), owner="C10")
    books.then("settle", key="LATER")
    books.then("prepayment", owner="C2", currency="EUR", amount="500", day="2026-01-20")


def _of_others(books: Books) -> None:
    books.document("BILL", (1, "77"), owner="V1", bill=True)
    books.document("PART/V", (1, "79"), owner="V1", bill=True, ref="PART")
    books.document("VENDORS-JOB", (1, "78"), owner="J2", bill=True)
    books.document("VOUCHER", (1, "79"), owner="E1", bill=True)


def invent(books: Books, seed: int, count: int = 20) -> None:
    """Add random documents of several lines, with part payments, all of them known by nobody but GnuCash."""
    chance = random.Random(seed)
    for code in _UNITS:
        books.owner(f"N-{code}", f"Customer of {code}", currency=code)
    for place in range(count):
        code = chance.choice([*_UNITS])
        unit = Decimal(_UNITS[code])
        lines = [
            (chance.randint(1, 9), str(unit * chance.randint(1, 10 ** chance.randint(2, 6))))
            for _ in range(chance.randint(1, 3))
        ]
        total = sum((quantity * Decimal(price) for quantity, price in lines), Decimal(0))
        credit = chance.random() < 0.2
        paid, left = list[str](), total
        for _ in range(0 if credit else chance.randint(0, 3)):
            money = left if chance.random() < 0.3 else (left * chance.randint(1, 99) / 100).quantize(unit)
            paid += [str(money)] if money else []
            left -= money
        day, due = (f"2026-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}" for _ in range(2))
        books.document(
            f"N-{place}", *lines, owner=f"N-{code}", currency=code, day=day, due=due, paid=paid, credit=credit
        )


def made(books: Books, url: str, zone: str = "Europe/Berlin") -> list[Told]:
    """Have GnuCash make the books where an SQLAlchemy URL says, in a time zone; return what it says of them."""
    if subprocess.run([_PYTHON, "-Ic", "import gnucash"], capture_output=True, check=False).returncode != 0:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"no GnuCash for {_PYTHON}: apt-get install {_DEBIAN}")
    address = sa.make_url(url)
    if address.get_backend_name() != "sqlite":
        return _told(books, url, zone)
    with TemporaryDirectory(dir=_MEMORY if os.access(_MEMORY, os.W_OK) else None) as folder:
        file = Path(folder, "book.gnucash")
        told = _told(books, f"sqlite3://{file}", zone)
        shutil.move(file, str(address.database))
    return told


def _told(books: Books, url: str, zone: str) -> list[Told]:
    lines = "\n".join(json.dumps(action) for action in books.actions)
    done = subprocess.run(
        [_PYTHON, "-I", _SCRIPT, url], input=lines, capture_output=True, text=True, env={**os.environ, "TZ": zone},
        check=False, timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-4000:]
    told: list[Told] = json.loads(done.stdout)
    return told
