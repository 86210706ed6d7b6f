"""Small books in the tables of real systems: what each preset must list, and what it must not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from support.databases.tables import table

Expected = Mapping[str, tuple[str, str, str]]
"""By number: kind, currency and balance."""


@dataclass(frozen=True, slots=True)
class Books:
    """One system's tables (columns and rows), the settings of its preset, and the open items in them.

    `became` is what the system says of every number that one may ask for, `ledger` what its journal says is owed.
    """

    tables: Mapping[str, tuple[str, list[tuple[object, ...]]]]
    expected: Expected
    settings: Mapping[str, object] = field(default_factory=dict)
    became: Mapping[str, str] = field(default_factory=dict)
    ledger: Mapping[str, str] = field(default_factory=dict)

    def write(self, url: str) -> str:
        for name, (columns, rows) in self.tables.items():
            table(url, name, columns, *rows)
        return url


_MOVE = (
    "id INT, name VARCHAR(40), ref VARCHAR(40), move_type VARCHAR(20), state VARCHAR(10), payment_state VARCHAR(20), "
    "partner_id INT, commercial_partner_id INT, company_id INT, currency_id INT, invoice_date DATE, "
    "invoice_date_due DATE, amount_total DECIMAL(18, 4), amount_residual DECIMAL(18, 4)"
)
_DAYS = ("2026-03-02", "2026-04-01")
_INSTALMENTS = ("2026-03-02", "2026-05-20")
"""The last of them is what the document itself says: the first open one is due on 2026-04-20."""

ODOO = Books(
    {
        "res_partner": (
            "id INT, name VARCHAR(40), email VARCHAR(40), commercial_partner_id INT",
            [(7, "Café Ünal", "ar@example.com", 7), (8, None, "bills@example.com", 7), (9, "Bob", None, 7)],
        ),
        "res_currency": ("id INT, name VARCHAR(3)", [(1, "EUR"), (2, "JPY")]),
        "account_account": (
            "id INT, account_type VARCHAR(40)",
            [(11, "asset_receivable"), (12, "liability_payable"), (13, "income")],
        ),
        "account_move_line": (
            "move_id INT, company_id INT, account_id INT, partner_id INT, currency_id INT, parent_state VARCHAR(10), "
            "date_maturity DATE, amount_residual_currency DECIMAL(18, 4)",
            [
                (1, 1, 11, 7, 1, "posted", "2026-04-01", 279.84),
                (2, 1, 11, 7, 1, "posted", "2026-03-12", 0),
                (2, 1, 11, 7, 1, "posted", "2026-04-20", 150),
                (2, 1, 11, 7, 1, "posted", "2026-05-20", 250),
                (5, 1, 11, 7, 1, "posted", "2026-04-01", -120),
                (9, 1, 11, 7, 2, "posted", "2026-04-01", 5000),
                (20, 1, 11, 9, 1, "posted", None, -33.5),
                (10, 1, 11, 7, 1, "posted", "2026-04-01", 60),
                (13, 1, 11, 7, 1, "posted", "2026-04-01", -20),
                (4, 1, 11, 7, 1, "draft", "2026-04-01", 75),
                (1, 1, 13, 7, 1, "posted", None, -279.84),
                (7, 1, 12, 7, 1, "posted", "2026-04-01", -99),
                (8, 2, 11, 7, 2, "posted", "2026-04-01", 150000),
            ],
        ),
        "account_move": (
            _MOVE,
            [
                (1, "INV/2026/0001", "S-7", "out_invoice", "posted", "not_paid", 8, 7, 1, 1, *_DAYS, 279.84, 279.84),
                (2, "INV/2026/0002", None, "out_invoice", "posted", "partial", 9, 7, 1, 1, *_INSTALMENTS, 1000, 400),
                (3, "INV/2026/0003", None, "out_invoice", "posted", "in_payment", 7, 7, 1, 1, *_DAYS, 50, 0),
                (4, "/", None, "out_invoice", "draft", "not_paid", 7, 7, 1, 1, None, None, 75, 75),
                (5, "RINV/2026/0001", None, "out_refund", "posted", "not_paid", 7, 7, 1, 1, *_DAYS, 120, 120),
                (6, "INV/2026/0004", None, "out_invoice", "cancel", "not_paid", 7, 7, 1, 1, *_DAYS, 10, 10),
                (7, "BILL/2026/0001", None, "in_invoice", "posted", "not_paid", 7, 7, 1, 1, *_DAYS, 99, 99),
                (8, "INV/2026/0001", None, "out_invoice", "posted", "not_paid", 7, 7, 2, 2, *_DAYS, 150000, 150000),
                (9, "REC/2026/0001", None, "out_receipt", "posted", "not_paid", 7, None, 1, 2, *_DAYS, 5000, 5000),
                # From 18 on: a payment without an entry in the journal, where the invoice stays as it was.
                (10, "INV/2026/0005", None, "out_invoice", "posted", "in_payment", 7, 7, 1, 1, *_DAYS, 60, 60),
                (11, "INV/2026/0006", None, "out_invoice", "posted", "reversed", 7, 7, 1, 1, *_DAYS, 30, 0),
                (12, "RINV/2026/0002", None, "out_refund", "posted", "paid", 7, 7, 1, 1, *_DAYS, 30, 0),
                (13, "RINV/2026/0003", None, "out_refund", "posted", "partial", 7, 7, 1, 1, *_DAYS, 120, 20),
            ],
        ),
    },
    {
        "INV/2026/0001": ("invoice", "EUR", "279.84"),
        "INV/2026/0002": ("invoice", "EUR", "400"),
        "RINV/2026/0001": ("credit_note", "EUR", "-120"),
        "REC/2026/0001": ("invoice", "JPY", "5000"),
        "INV/2026/0005": ("invoice", "EUR", "60"),
        "RINV/2026/0003": ("credit_note", "EUR", "-20"),
    },
    {"company": 1},
    {
        "INV/2026/0001": "open",
        "INV/2026/0002": "open",
        "INV/2026/0003": "paid",
        "RINV/2026/0001": "open",
        "INV/2026/0004": "void",
        "REC/2026/0001": "open",
        "INV/2026/0005": "open",
        "INV/2026/0006": "paid",
        "RINV/2026/0002": "paid",
        "RINV/2026/0003": "open",
        "/": "draft",
    },
    {"EUR": "566.34", "JPY": "5000"},
)

_SALES = (
    "name VARCHAR(40), company VARCHAR(40), customer VARCHAR(40), customer_name VARCHAR(40), "
    "contact_email VARCHAR(40), posting_date DATE, due_date DATE, currency VARCHAR(3), "
    "party_account_currency VARCHAR(3), conversion_rate DECIMAL(21, 9), "
    "grand_total DECIMAL(21, 9), rounded_total DECIMAL(21, 9), base_grand_total DECIMAL(21, 9), "
    "base_rounded_total DECIMAL(21, 9), outstanding_amount DECIMAL(21, 9), "
    "docstatus INT, is_return INT, po_no VARCHAR(40)"
)
_ACME = ("Acme", "CUST-1", "Customer One", "ar@example.com", *_DAYS)
_RUPEES = ("INR", "INR", 1)
_BOOKED = ("2026-03-02", "Journal Entry")
_AGAINST = ("Acme", "Debtors - A", "Receivable", "INR", "Customer", "CUST-1")


def _entry(invoice: str, amount: float, voucher: str = "", on: str = "2026-03-02", gone: int = 0) -> tuple[object, ...]:
    """A line of ERPNext's payment ledger against an invoice, its own unless another voucher is named."""
    return (*_AGAINST, "Sales Invoice", invoice, voucher or invoice, on, amount, gone)


ERPNEXT = Books(
    {
        "tabSales Invoice": (
            _SALES,
            [
                ("SINV-1", *_ACME, *_RUPEES, 1234567.89, 1234568, 1234567.89, 1234568, 1234568, 1, 0, None),
                ("SINV-2", *_ACME, "USD", "INR", 83, 100, 0, 8300, 0, 4150, 1, 0, "PO 2"),
                ("SINV-3", *_ACME, *_RUPEES, 10, 10, 10, 10, 0, 1, 0, None),
                ("SINV-4", *_ACME, *_RUPEES, 10, 10, 10, 10, 10, 0, 0, None),
                ("SINV-5", *_ACME, *_RUPEES, 10, 10, 10, 10, 0.002, 1, 0, None),
                ("SINV-6", *_ACME, *_RUPEES, 10, 10, 10, 10, 10, 2, 0, None),
                ("SINV-7", *_ACME, "KWD", "KWD", 270, 1, 0, 270, 0, 0.002, 1, 0, None),
                ("RET-1", *_ACME, *_RUPEES, -500, -500, -500, -500, -500, 1, 1, None),
                ("RET-2", *_ACME, *_RUPEES, -500, -500, -500, -500, 20, 1, 1, None),
                ("RET-3", *_ACME, *_RUPEES, -500, -500, -500, -500, 0, 1, 1, None),
                ("SINV-8", *_ACME, *_RUPEES, 900, 900, 900, 900, 0, 1, 0, None),
            ],
        ),
        "tabPayment Ledger Entry": (
            "company VARCHAR(40), account VARCHAR(40), account_type VARCHAR(20), account_currency VARCHAR(3), "
            "party_type VARCHAR(20), party VARCHAR(40), against_voucher_type VARCHAR(20), "
            "against_voucher_no VARCHAR(40), voucher_no VARCHAR(40), posting_date DATE, "
            "amount_in_account_currency DECIMAL(21, 9), delinked INT",
            [
                _entry("SINV-1", 1234568),
                _entry("SINV-2", 8300),
                _entry("SINV-2", -4150, "PAY-3", "2026-03-09"),
                _entry("SINV-3", 10),
                _entry("SINV-3", -10, "PAY-1", "2026-03-09"),
                _entry("SINV-3", -10, "PAY-2", "2099-03-09", 1),
                _entry("SINV-8", 900),
                _entry("SINV-8", -900, "CHEQUE-1", "2099-03-09"),
            ],
        ),
        "tabPayment Schedule": (
            "parent VARCHAR(40), parenttype VARCHAR(20), due_date DATE, payment_amount DECIMAL(21, 9), "
            "base_payment_amount DECIMAL(21, 9), paid_amount DECIMAL(21, 9), discounted_amount DECIMAL(21, 9)",
            [("SINV-1", "Sales Invoice", "2026-04-01", 1234568, 1234568, 0, 0)],
        ),
        "tabCustomer": (
            "name VARCHAR(40), customer_name VARCHAR(40), email_id VARCHAR(40)",
            [("CUST-1", "Customer One", None)],
        ),
        "tabJournal Entry": (
            "name VARCHAR(40), docstatus INT, posting_date DATE, due_date DATE, bill_no VARCHAR(40), "
            "cheque_no VARCHAR(40)",
            [],
        ),
        "tabAccount": (
            "name VARCHAR(40), account_type VARCHAR(20)",
            [("Debtors - A", "Receivable"), ("Bank - A", "Bank"), ("Debtors KWD - A", "Receivable")],
        ),
        "tabGL Entry": (
            "company VARCHAR(40), account VARCHAR(40), party_type VARCHAR(20), party VARCHAR(40), "
            "account_currency VARCHAR(3), debit_in_account_currency DECIMAL(21, 9), "
            "credit_in_account_currency DECIMAL(21, 9), is_cancelled INT, posting_date DATE, voucher_type VARCHAR(20)",
            [
                (*entry, *_BOOKED)
                for entry in (
                    ("Acme", "Debtors - A", "Customer", "CUST-1", "INR", 1234568, 0, 0),
                    ("Acme", "Debtors - A", "Customer", "CUST-1", "INR", 8300, 4150, 0),
                    ("Acme", "Debtors - A", "Customer", "CUST-1", "INR", 0, 480, 0),
                    ("Acme", "Debtors - A", "Customer", "CUST-2", "INR", 10, 0, 0),
                    ("Acme", "Debtors - A", "Customer", "CUST-1", "INR", 77, 0, 1),
                    ("Acme", "Debtors KWD - A", "Customer", "CUST-1", "KWD", 1, 0.998, 0),
                    ("Acme", "Bank - A", None, None, "INR", 4150, 0, 0),
                )
            ]
            + [("Acme", "Debtors - A", "Customer", "CUST-1", "INR", 0, 900, 0, "2099-03-09", "Payment Entry")],
        ),
    },
    {
        "SINV-1": ("invoice", "INR", "1234568"),
        "SINV-2": ("invoice", "INR", "4150"),
        "SINV-7": ("invoice", "KWD", "0.002"),
        "RET-1": ("credit_note", "INR", "-500"),
        "RET-2": ("invoice", "INR", "20"),
        "SINV-8": ("invoice", "INR", "900"),
    },
    {},
    {
        "SINV-1": "open",
        "SINV-2": "open",
        "SINV-3": "paid",
        "SINV-4": "draft",
        "SINV-5": "paid",
        "SINV-6": "void",
        "SINV-7": "open",
        "SINV-8": "open",
        "RET-1": "open",
        "RET-2": "open",
        "RET-3": "paid",
    },
    {"INR": "1238248", "KWD": "0.002"},
)

_DOUBLE = "DOUBLE PRECISION"
_FACTURE = (
    "rowid INT, ref VARCHAR(40), entity INT, ref_client VARCHAR(40), type INT, fk_soc INT, datef DATE, "
    f"date_lim_reglement DATE, paye INT, fk_statut INT, total_ttc {_DOUBLE}, multicurrency_code VARCHAR(3), "
    f"multicurrency_tx {_DOUBLE}, multicurrency_total_ttc {_DOUBLE}, retained_warranty REAL, "
    "retained_warranty_date_limit DATE"
)
_OPEN = (0, 1)
_NONE_KEPT = (None, None)
_KEPT = (5, "2027-04-01")
"""5 % retained for a year."""

DOLIBARR = Books(
    {
        "llx_societe": (
            "rowid INT, nom VARCHAR(40), code_client VARCHAR(40), email VARCHAR(40)",
            [(1, "Société d'Essai", "CU-1", "a@example.com")],
        ),
        "llx_facture": (
            _FACTURE,
            [
                (1, "FA2603-0001", 1, "PO#7", 0, 1, *_DAYS, *_OPEN, 120, "EUR", 1, 120, *_NONE_KEPT),
                (2, "FA2603-0002", 1, None, 0, 1, *_DAYS, *_OPEN, 240, None, None, 0, *_NONE_KEPT),
                (3, "FA2603-0003", 1, None, 0, 1, *_DAYS, 1, 2, 12, "EUR", 1, 12, *_NONE_KEPT),
                (4, "(PROV4)", 1, None, 0, 1, *_DAYS, 0, 0, 12, "EUR", 1, 12, *_NONE_KEPT),
                (5, "AV2603-0001", 1, None, 2, 1, *_DAYS, *_OPEN, -60, "EUR", 1, -60, *_NONE_KEPT),
                (6, "FA2603-0001", 2, None, 0, 1, *_DAYS, *_OPEN, 999, "EUR", 1, 999, *_NONE_KEPT),
                (7, "FA2603-0004", 1, None, 0, 1, *_DAYS, 0, 3, 12, "EUR", 1, 12, *_NONE_KEPT),
                (8, "FA2603-0005", 1, None, 0, 1, *_DAYS, *_OPEN, 100, "USD", 1.1, 110, *_NONE_KEPT),
                (9, "FA2603-0006", 1, None, 4, 1, *_DAYS, *_OPEN, 77, "EUR", 1, 77, *_NONE_KEPT),
                (10, "FA2603-0007", 1, None, 0, 1, *_DAYS, *_OPEN, 50, "EUR", 1, 50, *_NONE_KEPT),
                (11, "FA2603-0008", 1, None, 0, 1, *_DAYS, *_OPEN, 500, "USD", 1, 500, *_NONE_KEPT),
                (12, "FA2603-0009", 1, None, 0, 1, *_DAYS, *_OPEN, 500, "USD", 1, 540, *_NONE_KEPT),
                (13, "FA2603-0010", 1, None, 0, 1, *_DAYS, *_OPEN, 500, "USD", None, 0, *_NONE_KEPT),
                (14, "FA2603-0011", 1, None, 0, 1, *_DAYS, *_OPEN, 80, "", 1, 80, *_NONE_KEPT),
                (15, "FA2603-0012", 1, None, 5, 1, *_DAYS, *_OPEN, 1000, "EUR", 1, 1000, *_KEPT),
                (16, "FA2603-0013", 1, None, 5, 1, *_DAYS, *_OPEN, 1000, "EUR", 1, 1000, *_KEPT),
                (17, "FA2603-0014", 1, None, 5, 1, *_DAYS, *_OPEN, 1000, "USD", 1.25, 1250, *_KEPT),
                (20, "AV2603-0002", 1, None, 2, 1, *_DAYS, 1, 2, -60, "EUR", 1, -60, *_NONE_KEPT),
                (21, "AV2603-0003", 1, None, 2, 1, *_DAYS, 1, 2, -60, "EUR", 1, -60, *_NONE_KEPT),
                (22, "AV2603-0004", 1, None, 2, 1, *_DAYS, 1, 2, -60, "EUR", 1, -60, *_NONE_KEPT),
                (23, "AV2603-0005", 1, None, 2, 1, *_DAYS, 1, 2, -100, "USD", 1.1, -110, *_NONE_KEPT),
                # Replaced by the next; a deposit paid in part; one that was paid, and used on the last.
                (30, "FA2603-0015", 1, None, 0, 1, *_DAYS, 0, 3, 150, "EUR", 1, 150, *_NONE_KEPT),
                (31, "FA2603-0016", 1, None, 1, 1, *_DAYS, *_OPEN, 150, "EUR", 1, 150, *_NONE_KEPT),
                (32, "AC2603-0001", 1, None, 3, 1, *_DAYS, *_OPEN, 200, "EUR", 1, 200, *_NONE_KEPT),
                (33, "AC2603-0002", 1, None, 3, 1, *_DAYS, 1, 2, 80, "EUR", 1, 80, *_NONE_KEPT),
                (34, "FA2603-0017", 1, None, 0, 1, *_DAYS, *_OPEN, 300, "EUR", 1, 300, *_NONE_KEPT),
            ],
        ),
        "llx_paiement_facture": (
            f"fk_facture INT, amount {_DOUBLE}, multicurrency_amount {_DOUBLE}",
            [
                (2, 90.1, 0),
                (2, 9.9, 0),
                (3, 12, 12),
                (8, 50, 55),
                (10, 50, 50),
                (11, 100, 0),
                (12, 250, 270),
                (15, 950, 950),
                (16, 949.9, 949.9),
                (17, 940, 1175),
                (17, 10, 12.5),
                (22, -60, -60),
                (32, 50, 50),
                (33, 80, 80),
            ],
        ),
        "llx_societe_remise_except": (
            "fk_facture INT, fk_facture_line INT, fk_facture_source INT, "
            f"amount_ttc {_DOUBLE}, multicurrency_amount_ttc {_DOUBLE}",
            [
                (2, None, 5, 40, 0),
                (None, None, 20, 33.3, 33.3),
                (None, None, 20, 6.7, 6.7),
                (2, None, 20, 0, 0),
                (None, 77, 20, 20, 20),
                (10, None, 21, 0, 0),
                (None, 78, 21, 60, 60),
                (None, None, 23, 100, 110),
                (34, None, 33, 80, 80),
            ],
        ),
    },
    {
        "FA2603-0001": ("invoice", "EUR", "120"),
        "FA2603-0002": ("invoice", "EUR", "100"),
        "AV2603-0001": ("credit_note", "EUR", "-60"),
        "FA2603-0005": ("invoice", "USD", "55"),
        "FA2603-0008": ("invoice", "USD", "400"),
        "FA2603-0009": ("invoice", "USD", "270"),
        "FA2603-0010": ("invoice", "USD", "500"),
        "FA2603-0011": ("invoice", "EUR", "80"),
        "FA2603-0012": ("invoice", "EUR", "50"),
        "FA2603-0013": ("invoice", "EUR", "50.1"),
        "FA2603-0014": ("invoice", "USD", "62.5"),
        "AV2603-0002": ("credit_note", "EUR", "-40"),
        "AV2603-0005": ("credit_note", "USD", "-110"),
        "FA2603-0016": ("invoice", "EUR", "150"),
        "AC2603-0001": ("invoice", "EUR", "150"),
        "FA2603-0017": ("invoice", "EUR", "220"),
    },
    {"company": 1, "currency": "EUR"},
    {
        "FA2603-0001": "open",
        "FA2603-0002": "open",
        "FA2603-0003": "paid",
        "(PROV4)": "draft",
        "AV2603-0001": "open",
        "FA2603-0004": "void",
        "FA2603-0005": "open",
        "FA2603-0007": "paid",
        "FA2603-0008": "open",
        "FA2603-0009": "open",
        "FA2603-0010": "open",
        "FA2603-0011": "open",
        "FA2603-0012": "open",
        "FA2603-0013": "open",
        "FA2603-0014": "open",
        "AV2603-0002": "open",
        "AV2603-0003": "paid",
        "AV2603-0004": "paid",
        "AV2603-0005": "open",
        "FA2603-0015": "void",
        "FA2603-0016": "open",
        "AC2603-0001": "open",
        "AC2603-0002": "paid",
        "FA2603-0017": "open",
    },
)

INVOICEPLANE = Books(
    {
        "ip_clients": (
            "client_id INT, client_name VARCHAR(40), client_surname VARCHAR(40), client_email VARCHAR(40)",
            [(1, "Ada", "Byron", "a@example.com"), (2, "Client & Co", None, "b@example.com")],
        ),
        "ip_invoices": (
            "invoice_id INT, client_id INT, invoice_status_id INT, invoice_date_created DATE, invoice_date_due DATE, "
            "invoice_number VARCHAR(40)",
            [
                (1, 1, 2, *_DAYS, "0071"),
                (2, 2, 3, *_DAYS, "0072"),
                (3, 1, 4, *_DAYS, "0073"),
                (4, 1, 1, *_DAYS, ""),
                (5, 1, 2, *_DAYS, "CR-1"),
                (6, 1, 2, *_DAYS, "CR-2"),
                (7, 1, 4, *_DAYS, "0074"),
                (8, 1, 4, *_DAYS, "0075"),
                (9, 1, 4, *_DAYS, "CR-3"),
                (10, 1, 4, *_DAYS, "CR-4"),
            ],
        ),
        "ip_invoice_amounts": (
            "invoice_id INT, invoice_sign VARCHAR(2), invoice_total DECIMAL(20, 2), invoice_balance DECIMAL(20, 2)",
            [
                (1, "1", 100, 100),
                (2, "1", 100, 60),
                (3, "1", 10, 0),
                (4, "1", 5, 5),
                (5, "-1", -20, -20),
                (6, "-1", 30, 30),
                (7, "1", 100, 20),
                (8, "1", 100, -5),
                (9, "-1", -40, 0),
                (10, "-1", -40, -15),
            ],
        ),
    },
    {
        "0071": ("invoice", "EUR", "100"),
        "0072": ("invoice", "EUR", "60"),
        "CR-1": ("credit_note", "EUR", "-20"),
        "CR-2": ("credit_note", "EUR", "-30"),
        "0074": ("invoice", "EUR", "20"),
        "CR-4": ("credit_note", "EUR", "-15"),
    },
    {"currency": "EUR"},
    {
        "0071": "open",
        "0072": "open",
        "0073": "paid",
        "0074": "open",
        "0075": "paid",
        "CR-1": "open",
        "CR-2": "open",
        "CR-3": "paid",
        "CR-4": "open",
    },
)

_DOCUMENT = (
    "id INT, company_id INT, type VARCHAR(20), document_number VARCHAR(40), order_number VARCHAR(40), "
    f"status VARCHAR(20), issued_at TIMESTAMP NULL, due_at TIMESTAMP NULL, amount {_DOUBLE}, "
    f"currency_code VARCHAR(3), currency_rate {_DOUBLE}, contact_id INT, contact_name VARCHAR(40), "
    "contact_email VARCHAR(40), deleted_at TIMESTAMP NULL"
)
_TIMES = ("2026-03-02 00:00:00", "2026-04-01 00:00:00")
_BEA = (3, "Bea", "bea@example.com")

AKAUNTING = Books(
    {
        "k3x_documents": (
            _DOCUMENT,
            [
                (1, 1, "invoice", "INV-1", None, "sent", *_TIMES, 100, "KWD", 0.3, *_BEA, None),
                (2, 1, "invoice", "INV-2", None, "partial", *_TIMES, 12.345, "KWD", 0.3, *_BEA, None),
                (3, 1, "invoice", "INV-3", None, "paid", *_TIMES, 5, "KWD", 0.3, *_BEA, None),
                (4, 1, "invoice", "INV-4", None, "draft", *_TIMES, 5, "KWD", 0.3, *_BEA, None),
                (5, 1, "bill", "BILL-1", None, "received", *_TIMES, 5, "KWD", 0.3, *_BEA, None),
                (6, 1, "invoice", "INV-5", None, "sent", *_TIMES, 5, "KWD", 0.3, *_BEA, "2026-03-05 00:00:00"),
                (7, 2, "invoice", "INV-1", None, "sent", *_TIMES, 77, "USD", 1, *_BEA, None),
                (8, 1, "invoice", "INV-6", "PO 6", "partial", *_TIMES, 200, "EUR", 0.9, *_BEA, None),
                (9, 1, "invoice", "INV-7", None, "cancelled", *_TIMES, 5, "EUR", 0.9, *_BEA, None),
            ],
        ),
        "k3x_transactions": (
            f"document_id INT, amount {_DOUBLE}, currency_code VARCHAR(3), currency_rate {_DOUBLE}, "
            "deleted_at TIMESTAMP NULL",
            [
                (2, 2.345, "KWD", 0.3, None),
                (8, 100, "USD", 1, None),
                (8, 33.33, "USD", 1, None),
                (8, 50, "EUR", 0.9, "2026-03-05 00:00:00"),
            ],
        ),
    },
    {
        "INV-1": ("invoice", "KWD", "100"),
        "INV-2": ("invoice", "KWD", "10"),
        "INV-6": ("invoice", "EUR", "80"),
    },
    {"company": 1, "table_prefix": "k3x_"},
    {
        "INV-1": "open",
        "INV-2": "open",
        "INV-3": "paid",
        "INV-4": "draft",
        "INV-5": "void",
        "INV-6": "open",
        "INV-7": "void",
    },
)

_GNC_INVOICE = (
    "guid VARCHAR(32), id VARCHAR(40), date_posted VARCHAR(19), currency VARCHAR(32), owner_type INT, "
    "owner_guid VARCHAR(32), billing_id VARCHAR(40), post_txn VARCHAR(32), post_lot VARCHAR(32)"
)
_POSTED = "2026-03-02 10:59:00"

GNUCASH = Books(
    {
        "customers": (
            "guid VARCHAR(32), id VARCHAR(40), name VARCHAR(40), addr_email VARCHAR(40)",
            [("c1", "000001", "Test & Söhne", "a@example.com")],
        ),
        "jobs": ("guid VARCHAR(32), owner_type INT, owner_guid VARCHAR(32)", [("j1", 2, "c1"), ("j2", 4, "v1")]),
        "commodities": ("guid VARCHAR(32), mnemonic VARCHAR(10)", [("eur", "EUR"), ("jpy", "JPY")]),
        "invoices": (
            _GNC_INVOICE,
            [
                ("i1", "000001", _POSTED, "eur", 2, "c1", "PO-9", "t1", "l1"),
                ("i2", "000002", "20260303105900", "eur", 2, "c1", None, "t2", "l2"),
                ("i3", "000003", None, "eur", 2, "c1", None, None, None),
                ("i4", "000004", _POSTED, "eur", 2, "c1", None, "t4", "l4"),
                ("i5", "000005", _POSTED, "jpy", 3, "j1", None, "t5", "l5"),
                ("i6", "000006", _POSTED, "eur", 3, "j2", None, "t6", "l6"),
                ("i7", "000007", _POSTED, "eur", 4, "v1", None, "t7", "l7"),
                ("i8", "000008", "20260303105900", "eur", 2, "c1", None, "t8", "l8"),
            ],
        ),
        "splits": (
            "guid VARCHAR(32), tx_guid VARCHAR(32), quantity_num BIGINT, quantity_denom BIGINT, lot_guid VARCHAR(32)",
            [
                ("s1", "t1", 15010, 100, "l1"),
                ("s2", "p1", -5000, 100, "l1"),
                ("s3", "t2", 2000, 100, "l2"),
                ("s4", "p2", -2000, 100, "l2"),
                ("s5", "t4", -3333, 100, "l4"),
                ("s6", "t5", 5000, 1, "l5"),
                ("s7", "t6", 900, 100, "l6"),
                ("s8", "t7", 900, 100, "l7"),
                ("s9", "t8", 12340, 1000, "l8"),
                ("s10", "p8", -340, 1000, "l8"),
            ],
        ),
        "slots": (
            "obj_guid VARCHAR(32), name VARCHAR(40), timespec_val VARCHAR(19), int64_val BIGINT",
            [
                ("t1", "trans-date-due", "2026-04-01 10:59:00", None),
                ("t1", "trans-read-only", None, None),
                ("i4", "credit-note", None, 1),
                ("i1", "credit-note", None, 0),
            ],
        ),
    },
    {
        "000001": ("invoice", "EUR", "100.10"),
        "000004": ("credit_note", "EUR", "-33.33"),
        "000005": ("invoice", "JPY", "5000"),
        "000008": ("invoice", "EUR", "12"),
    },
    {},
    {
        "000001": "open",
        "000002": "paid",
        "000003": "draft",
        "000004": "open",
        "000005": "open",
        "000008": "open",
    },
)

_SAP = (
    "DocEntry INT, DocNum INT, NumAtCard VARCHAR(40), CardCode VARCHAR(20), CardName VARCHAR(40), DocDate TIMESTAMP, "
    "DocDueDate TIMESTAMP, DocCur VARCHAR(3), DocTotal DECIMAL(19, 6), DocTotalFC DECIMAL(19, 6), "
    "PaidToDate DECIMAL(19, 6), PaidFC DECIMAL(19, 6), DocStatus CHAR(1), CANCELED CHAR(1)"
)
_MAXI = ("C20000", "Maxi-Test", "2026-03-02 00:00:00", "2026-05-01 00:00:00")

SAP_B1 = Books(
    {
        "OINV": (
            _SAP,
            [
                (1, 900, "PO 1", *_MAXI, "$", 5250, 0, 0, 0, "O", "N"),
                (2, 901, None, *_MAXI, "EUR", 1100, 1000, 550, 500, "O", "N"),
                (3, 902, None, *_MAXI, "$", 10, 0, 10, 0, "C", "N"),
                (4, 903, None, *_MAXI, "$", 10, 0, 0, 0, "O", "Y"),
                (5, 904, None, *_MAXI, "$", 10, 0, 0, 0, "O", "C"),
            ],
        ),
        "ORIN": (_SAP, [(1, 900, None, *_MAXI, "$", 250, 0, 50, 0, "O", "N")]),
        "OCRD": ("CardCode VARCHAR(20), CardType CHAR(1)", [("C20000", "C"), ("V10000", "S")]),
        "OADM": ("MainCurncy VARCHAR(3)", [("$",)]),
        "JDT1": (
            "ShortName VARCHAR(20), FCCurrency VARCHAR(3), Debit DECIMAL(19, 6), Credit DECIMAL(19, 6), "
            "FCDebit DECIMAL(19, 6), FCCredit DECIMAL(19, 6)",
            [
                ("C20000", None, 5250, 0, 0, 0),
                ("C20000", "", 0, 200, 0, 0),
                ("C20000", "EUR", 1100, 0, 1000, 0),
                ("C20000", "EUR", 0, 550, 0, 500),
                ("V10000", None, 0, 99, 0, 0),
                ("4000", None, 0, 5250, 0, 0),
            ],
        ),
        "INV6": (
            "DocEntry INT, DueDate TIMESTAMP, Status CHAR(1)",
            [(1, "2026-03-15 00:00:00", "C"), (1, "2026-04-01 00:00:00", "O"), (1, "2026-05-01 00:00:00", "O")],
        ),
    },
    {
        "900": ("invoice", "USD", "5250"),
        "901": ("invoice", "EUR", "500"),
        "CM-900": ("credit_note", "USD", "-200"),
    },
    {"currencies": {"$": "USD"}},
    {"900": "open", "901": "open", "902": "paid", "903": "void", "904": "void", "CM-900": "open"},
    {"USD": "5050", "EUR": "500"},
)

_GP = (
    "CUSTNMBR CHAR(15), DOCNUMBR CHAR(21), RMDTYPAL INT, DOCDATE TIMESTAMP, DUEDATE TIMESTAMP, CSPORNBR CHAR(21), "
    "CURNCYID CHAR(15), ORTRXAMT DECIMAL(19, 5), CURTRXAM DECIMAL(19, 5), VOIDSTTS INT"
)
_WHO = "AARON01        "
_DUE = ("2026-03-02 00:00:00", "2026-04-01 00:00:00")
_NO_DUE = ("2026-03-02 00:00:00", "1900-01-01 00:00:00")

DYNAMICS_GP = Books(
    {
        "RM00101": ("CUSTNMBR CHAR(15), CUSTNAME CHAR(65)", [(_WHO, "Aaron's Test" + " " * 53)]),
        "RM20101": (
            _GP,
            [
                (_WHO, "SALES1               ", 1, *_DUE, "PO1", "Z-US$          ", 1000, 1000, 0),
                (_WHO, "SALES2               ", 1, *_DUE, "", "Z-US$          ", 500, 0, 0),
                (_WHO, "SALES3               ", 1, *_DUE, "", "Z-US$          ", 500, 500, 1),
                (_WHO, "SALES4               ", 1, *_DUE, "", "Z-EURO         ", 110, 55, 0),
                (_WHO, "DEBIT1               ", 3, *_DUE, "", "", 12, 12, 0),
                (_WHO, "CREDIT1              ", 7, *_NO_DUE, "", "Z-US$          ", 60, 60, 0),
                (_WHO, "PAYMENT1             ", 9, *_NO_DUE, "", "Z-US$          ", 25, 25, 0),
            ],
        ),
        "RM30101": (
            _GP,
            [
                (_WHO, "SALES8               ", 1, *_DUE, "", "Z-US$          ", 500, 0, 0),
                (_WHO, "SALES9               ", 1, *_DUE, "", "Z-US$          ", 500, 0, 1),
            ],
        ),
        "MC020102": (
            "DOCNUMBR CHAR(21), RMDTYPAL INT, ORORGTRX DECIMAL(19, 5), ORCTRXAM DECIMAL(19, 5)",
            [("SALES4               ", 1, 100, 50), ("SALES1               ", 9, 1, 1)],
        ),
    },
    {
        "SALES1": ("invoice", "USD", "1000"),
        "SALES4": ("invoice", "EUR", "50"),
        "DEBIT1": ("invoice", "USD", "12"),
        "CREDIT1": ("credit_note", "USD", "-60"),
        "PAYMENT1": ("payment", "USD", "-25"),
    },
    {"currency": "USD", "currencies": {"Z-US$": "USD", "Z-EURO": "EUR"}},
    {
        "SALES1": "open",
        "SALES2": "paid",
        "SALES3": "void",
        "SALES4": "open",
        "DEBIT1": "open",
        "CREDIT1": "open",
        "PAYMENT1": "open",
        "SALES8": "paid",
        "SALES9": "void",
    },
)

BOOKS: Mapping[str, Books] = {
    "odoo": ODOO,
    "erpnext": ERPNEXT,
    "dolibarr": DOLIBARR,
    "invoiceplane": INVOICEPLANE,
    "akaunting": AKAUNTING,
    "gnucash": GNUCASH,
    "sap-b1": SAP_B1,
    "dynamics-gp": DYNAMICS_GP,
}
