"""A site of ERPNext 15 in rows: what its documents leave in its tables, and what must be said of each of them.

Each method writes what ERPNext was seen to write for one thing that a bookkeeper does; each scene says what is owed.
Days count from today, since a payment of tomorrow is none yet.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from support.databases.tables import table

FAR = 90
"""Days from now on which a post-dated cheque may be cashed; whatever time zone the server is in."""

_COLUMNS = {
    "tabSales Invoice": (
        "name VARCHAR(140) PRIMARY KEY, docstatus INT, company VARCHAR(140), customer VARCHAR(140), "
        "customer_name VARCHAR(140), contact_email VARCHAR(140), currency VARCHAR(140), "
        "conversion_rate DECIMAL(21, 9), party_account_currency VARCHAR(140), posting_date DATE, due_date DATE, "
        "po_no VARCHAR(140), grand_total DECIMAL(21, 9), base_grand_total DECIMAL(21, 9), "
        "rounded_total DECIMAL(21, 9), base_rounded_total DECIMAL(21, 9), outstanding_amount DECIMAL(21, 9), "
        "is_return INT, status VARCHAR(40), amended_from VARCHAR(140)"
    ),
    "tabPayment Schedule": (
        "parent VARCHAR(140), parenttype VARCHAR(140), due_date DATE, payment_amount DECIMAL(21, 9), "
        "base_payment_amount DECIMAL(21, 9), paid_amount DECIMAL(21, 9), discounted_amount DECIMAL(21, 9)"
    ),
    "tabPayment Ledger Entry": (
        "company VARCHAR(140), posting_date DATE, account VARCHAR(140), account_type VARCHAR(140), "
        "account_currency VARCHAR(140), party_type VARCHAR(140), party VARCHAR(140), voucher_type VARCHAR(140), "
        "voucher_no VARCHAR(140), against_voucher_type VARCHAR(140), against_voucher_no VARCHAR(140), "
        "amount_in_account_currency DECIMAL(21, 9), delinked INT"
    ),
    "tabGL Entry": (
        "company VARCHAR(140), posting_date DATE, account VARCHAR(140), party_type VARCHAR(140), party VARCHAR(140), "
        "voucher_type VARCHAR(140), account_currency VARCHAR(140), debit_in_account_currency DECIMAL(21, 9), "
        "credit_in_account_currency DECIMAL(21, 9), is_cancelled INT"
    ),
    "tabCustomer": "name VARCHAR(140) PRIMARY KEY, customer_name VARCHAR(140), email_id VARCHAR(140)",
    "tabJournal Entry": (
        "name VARCHAR(140) PRIMARY KEY, docstatus INT, posting_date DATE, due_date DATE, bill_no VARCHAR(140), "
        "cheque_no VARCHAR(140)"
    ),
    "tabAccount": "name VARCHAR(140) PRIMARY KEY, account_type VARCHAR(140)",
}

DEBTORS = "Debtors - N"


def day(offset: int) -> date:
    """The day so many days from today."""
    return date.today() + timedelta(offset)  # noqa: DTZ011 - the day of the server, whose zone is not known either


@dataclass
class Open:
    """What must be delivered of a document; a `due` or `name` of None is the invoice's own."""

    balance: Decimal
    due: date | None
    amount: Decimal | None
    name: str
    kind: str
    currency: str
    company: str


@dataclass
class Invoice:
    """One sales invoice, as its row will be; `row` by column."""

    site: Site
    row: dict[str, Any]
    instalments: list[dict[str, Any]] = field(default_factory=list)

    @property
    def name(self) -> str:
        return str(self.row["name"])

    def entry(self, voucher: str, number: str, amount: Decimal, on: int, **changes: Any) -> Invoice:
        """A line of the payment ledger against this invoice; `outstanding_amount` follows those on its own account."""
        self.site.ledger(
            self.row["company"], self.row["customer"], voucher, number, "Sales Invoice", self.name, amount, on,
            currency=self.row["party_account_currency"], **changes,
        )  # fmt: skip
        if not changes.get("delinked") and "account" not in changes:
            self.row["outstanding_amount"] += amount
        return self

    def paid(self, amount: str, on: int = -5, *, of: int | None = None, discount: str = "0") -> Invoice:
        """A Payment Entry; `of` is the instalment that it names, if any, and the discount is deducted from it."""
        if of is not None:
            self.instalments[of]["paid_amount"] += Decimal(amount)
            self.instalments[of]["discounted_amount"] += Decimal(discount)
        return self.entry("Payment Entry", self.site.number("PAY"), -Decimal(amount) - Decimal(discount), on)

    def journal(self, amount: str, on: int = -6, *, account: str | None = None, other: str | None = None) -> Invoice:
        """A Journal Entry that takes off so much (or adds it, if negative); `other` customer owes it from then on."""
        number = self.site.entry_of_a_journal(on)
        changes: dict[str, Any] = {"account": account} if account else {}
        self.entry("Journal Entry", number, -Decimal(amount), on, **changes)
        if other:
            self.site.ledger("Nordlicht", other, "Journal Entry", number, "Journal Entry", number, Decimal(amount), on)
            self.site.owes_by_journal(f"{number} / {other}", other, amount)
        return self

    def unpaid(self, amount: str, *, reversed_: bool = False) -> Invoice:
        """A payment that was cancelled: its lines are delinked, or where the ledger may not change, turned."""
        number = self.site.number("PAY")
        for money in (-Decimal(amount), Decimal(amount)):
            self.entry("Payment Entry", number, money, -4, delinked=0 if reversed_ else 1)
        return self

    def credited(self, amount: str, *, alone: bool, on: int = -4, cancelled: bool = False) -> Invoice:
        """Return its credit note: one that stands `alone` leaves the invoice as it is, another one is used on it."""
        note = self.site.draft(
            self.row["customer"], f"-{amount}", issued=on, due=on, is_return=1, currency=self.row["currency"],
            rate=str(self.row["conversion_rate"]), account_currency=self.row["party_account_currency"],
        )  # fmt: skip
        note.instalments.clear()
        own = _money(Decimal(amount) * (1 if note.plain else note.row["conversion_rate"]))
        if cancelled:
            note.row.update(docstatus=2, status="Cancelled")
            for money in (-own, own):
                self.entry("Sales Invoice", note.name, money, on, delinked=1)
        elif alone:
            note.row["outstanding_amount"] = Decimal(0)
            note.entry("Sales Invoice", note.name, -own, on)
        else:
            note.row["outstanding_amount"] = Decimal(0)
            self.entry("Sales Invoice", note.name, -own, on)
        return note

    def discounted(self, amount: str = "") -> Invoice:
        """Sold to a bank: its debt moves to another receivable account, and `outstanding_amount` is kept as it was."""
        left = Decimal(amount) if amount else self.row["outstanding_amount"]
        number = self.site.number("DISC")
        for account, money in ((DEBTORS, -left), ("Debts Sold - N", left)):
            self.entry("Invoice Discounting", number, money, -10, account=account)
        return self

    @property
    def plain(self) -> bool:
        """Whether it is in the currency of its receivable account."""
        return bool(self.row["currency"] == self.row["party_account_currency"])

    def owes(self, balance: str, due: int | None = None, name: str | None = None, amount: str | None = "") -> Invoice:
        """Say what must be delivered of it, in its account's currency."""
        total = self.row["rounded_total" if self.plain else "base_rounded_total"]
        total = total or self.row["grand_total" if self.plain else "base_grand_total"]
        row = self.row
        self.site.open[self.name] = Open(
            Decimal(balance),
            row["due_date"] if due is None else day(due),
            total if amount == "" else None if amount is None else Decimal(amount),
            name or row["customer_name"],
            "credit_note" if row["is_return"] and Decimal(balance) < 0 else "invoice",
            row["party_account_currency"],
            row["company"],
        )
        return self.became("open")

    def became(self, status: str) -> Invoice:
        """Say what the closed query must answer."""
        self.site.became[self.name] = status
        return self


class Site:
    """A site of ERPNext: rows by table, what must be delivered by number, and what must be answered."""

    def __init__(self) -> None:
        self.invoices: list[Invoice] = []
        self.customers: dict[str, tuple[str, str | None]] = {}
        self.lines: list[dict[str, Any]] = []
        self.journals: list[tuple[object, ...]] = []
        self.open: dict[str, Open] = {}
        self.became: dict[str, str] = {}
        self._numbers: dict[str, int] = {}

    def number(self, series: str) -> str:
        self._numbers[series] = self._numbers.get(series, 0) + 1
        return f"{series}-{self._numbers[series]:04}"

    def customer(self, key: str, name: str, email: str | None = None) -> str:
        self.customers[key] = (name, email)
        return key

    def draft(
        self, customer: str, total: str, *, issued: int = -20, due: int = 10, name: str = "",
        company: str = "Nordlicht", currency: str = "EUR", rate: str = "1", account_currency: str | None = None,
        rounded: str | None = None, base_rounded: str | None = None,
        terms: tuple[tuple[str, int], ...] = (), **fields: object,
    ) -> Invoice:  # fmt: skip
        """A Sales Invoice that nobody has submitted, with a line of its schedule for each of `terms`."""
        own, grand = account_currency or currency, Decimal(total)
        base = _money(grand * Decimal(rate))
        row = {
            "name": name or self.number("RE"), "docstatus": 1, "company": company, "customer": customer,
            "customer_name": self.customers[customer][0], "contact_email": None, "currency": currency,
            "conversion_rate": Decimal(rate), "party_account_currency": own, "posting_date": day(issued),
            "due_date": day(terms[-1][1] if terms else due), "po_no": None, "grand_total": grand,
            "base_grand_total": base, "rounded_total": grand if rounded is None else Decimal(rounded),
            "base_rounded_total": base if base_rounded is None else Decimal(base_rounded), "is_return": 0,
            "status": "Unpaid", "amended_from": None, **fields,
        }  # fmt: skip
        owed = row["rounded_total"] or grand
        row["outstanding_amount"] = owed if own == currency else row["base_rounded_total"] or base
        invoice = Invoice(self, row)
        for part, on in terms or ((str(owed), due),):
            money = Decimal(part)
            invoice.instalments.append(
                {"due_date": day(on), "payment_amount": money, "base_payment_amount": _money(money * Decimal(rate)),
                 "paid_amount": Decimal(0), "discounted_amount": Decimal(0)}
            )  # fmt: skip
        self.invoices.append(invoice)
        return invoice

    def invoice(self, customer: str, total: str, **how: Any) -> Invoice:
        """A submitted one."""
        invoice = self.draft(customer, total, **how)
        owed, invoice.row["outstanding_amount"] = invoice.row["outstanding_amount"], Decimal(0)
        offset = (invoice.row["posting_date"] - day(0)).days
        return invoice.entry("Sales Invoice", invoice.name, owed, offset) if owed else invoice

    def cancelled(self, customer: str, total: str, **how: Any) -> Invoice:
        invoice = self.draft(customer, total, **how)
        for money in (invoice.row["outstanding_amount"], -invoice.row["outstanding_amount"]):
            invoice.entry("Sales Invoice", invoice.name, money, -20, delinked=1)
        invoice.row.update(docstatus=2, status="Cancelled")
        return invoice.became("void")

    def ledger(
        self, company: str, party: str, voucher: str, number: str, against: str, against_number: str, amount: Decimal,
        on: int, *, currency: str = "EUR", account: str = DEBTORS, delinked: int = 0, party_type: str = "Customer",
        account_type: str = "Receivable",
    ) -> None:  # fmt: skip
        self.lines.append(
            {"company": company, "posting_date": day(on), "account": account, "account_type": account_type,
             "account_currency": currency, "party_type": party_type, "party": party, "voucher_type": voucher,
             "voucher_no": number, "against_voucher_type": against, "against_voucher_no": against_number,
             "amount_in_account_currency": amount, "delinked": delinked}
        )  # fmt: skip

    def entry_of_a_journal(self, on: int, docstatus: int = 1, bill: str | None = None) -> str:
        number = self.number("JOUR")
        self.journals.append((number, docstatus, day(on), None, bill, "0815"))
        return number

    def journal(self, *debts: tuple[str, str], status: str = "open", on: int = -6) -> str:
        """Customers owe by a Journal Entry of its own: an opening balance, or a claim without an invoice."""
        number = self.entry_of_a_journal(on, docstatus=2 if status == "void" else 1)
        for customer, amount in debts:
            money = Decimal(amount)
            turned = (money, -money) if status == "void" else (money,)
            for each in turned:
                self.ledger(
                    "Nordlicht", customer, "Journal Entry", number, "Journal Entry", number, each, on,
                    delinked=int(status == "void"),
                )  # fmt: skip
        for customer in dict.fromkeys(customer for customer, _ in debts):
            ref = f"{number} / {customer}"
            self.became[ref] = status
            total = sum(Decimal(amount) for who, amount in debts if who == customer)
            if status == "open":
                self.owes_by_journal(ref, customer, str(total))
        return number

    def paid_journal(self, number: str, customer: str, amount: str, on: int = -3) -> None:
        """A Payment Entry against a Journal Entry."""
        self.ledger(
            "Nordlicht", customer, "Payment Entry", self.number("PAY"), "Journal Entry", number, -Decimal(amount), on
        )

    def owes_by_journal(self, ref: str, customer: str, balance: str) -> None:
        name = self.customers[customer][0]
        self.open[ref] = Open(Decimal(balance), None, None, name, "invoice", "EUR", "Nordlicht")
        self.became[ref] = "open"

    def unused(self, customer: str, amount: str) -> None:
        """A Payment Entry that no invoice has used."""
        number = self.number("PAY")
        self.ledger("Nordlicht", customer, "Payment Entry", number, "Payment Entry", number, -Decimal(amount), -15)

    def write(self, url: str) -> str:
        """Make the tables in an empty database and return its URL."""
        rows: dict[str, list[tuple[object, ...]]] = {
            "tabSales Invoice": [tuple(map(each.row.get, _names("tabSales Invoice"))) for each in self.invoices],
            "tabPayment Schedule": [
                tuple(
                    {"parent": each.name, "parenttype": "Sales Invoice", **line}.get(name)
                    for name in _names("tabPayment Schedule")
                )
                for each in self.invoices
                for line in each.instalments
            ],
            "tabPayment Ledger Entry": [tuple(line.values()) for line in self.lines],
            "tabGL Entry": [_booked(line) for line in self.lines],
            "tabCustomer": [(key, name, email) for key, (name, email) in self.customers.items()],
            "tabJournal Entry": self.journals,
            "tabAccount": [*{line["account"]: line["account_type"] for line in self.lines}.items()],
        }  # fmt: skip
        for name, columns in _COLUMNS.items():
            table(url, name, columns, *rows[name])
        return url


def _booked(line: dict[str, Any]) -> tuple[object, ...]:
    money = line["amount_in_account_currency"]
    return (
        *(line[name] for name in ("company", "posting_date", "account", "party_type", "party", "voucher_type")),
        line["account_currency"], max(money, Decimal(0)), max(-money, Decimal(0)), line["delinked"],
    )  # fmt: skip


def _names(name: str) -> list[str]:
    return [column.split()[0] for column in _COLUMNS[name].replace("(21, 9)", "").split(", ")]


def _money(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.01"))
