"""kivitendo 4: rows as its own code (4.1.1) leaves them, with prices and customers of ours."""

from __future__ import annotations

from support.erps.rows import Rows

_AR = (
    "id INT, invnumber TEXT, transdate DATE, duedate DATE, customer_id INT, amount NUMERIC(15, 5), "
    "paid NUMERIC(15, 5), currency_id INT, exchangerate NUMERIC(15, 5), invoice BOOLEAN, "
    "type TEXT, storno BOOLEAN, storno_id INT, cusordnumber TEXT"
)
_EUR, _USD, _JPY = 1, 2, 3
_ACME, _BETA, _OLD = 1, 2, 3


def _row(
    number: int, ref: str, amount: float, paid: float = 0, *, who: int = _ACME, currency: int = _EUR,
    rate: float | None = None, kind: str | None = "invoice", storno: bool | None = False, of: int | None = None,
    on: str = "2026-01-05", order: str | None = None,
) -> tuple[object, ...]:  # fmt: skip
    due = "2026-02-04" if on.startswith("2026") else "2028-01-30"
    parts = kind is not None
    return (number, ref, on, due, who, amount, paid, currency, rate, parts, kind, storno, of, order)


_DOCUMENTS = [
    _row(1, "R-1", 142.8, order="PO 1"),
    _row(2, "R-2", 142.8, 42.3),
    _row(3, "R-3", 142.8, 142.8),
    _row(4, "R-4", 142.8, 160),  # paid too much
    _row(5, "G-1", -29.75, kind="credit_note", who=_BETA),
    _row(6, "R-5", 119, on="2027-12-31"),
    _row(7, "R-6", 119, 119),  # by a payment of next year
    _row(8, "R-7", 119, 119),  # with a discount that was booked as one
    _row(9, "U-1", 180, kind=None, who=_BETA, currency=_USD),  # 200 dollars at the day's 0.9
    _row(10, "U-2", 180, 45, kind=None, who=_BETA, currency=_USD),
    _row(11, "U-3", 180, 180, kind=None, who=_BETA, currency=_USD),
    _row(12, "U-4", 190, kind=None, who=_BETA, currency=_USD, rate=0.95),
    _row(13, "Y-1", 75.3, kind=None, who=_BETA, currency=_JPY),
    _row(14, "T-1", 59.5, kind=None),
    _row(15, "S-1", 47.6, 47.6, kind=None, storno=True),
    _row(16, "Storno-S-1", -47.6, -47.6, kind=None, storno=True, of=15),
    _row(17, "S-2", 59.5, 79.5, kind=None, storno=True),  # 20 were paid, and paid became amount + paid
    _row(18, "Storno-S-2", -59.5, -59.5, kind=None, storno=True, of=17),
    _row(19, "S-3", 59.5, 119, kind=None, storno=True),
    _row(20, "Storno-S-3", -59.5, -59.5, kind=None, storno=True, of=19),
    _row(21, "O-1", 11.9, who=_OLD, storno=None),
    _row(22, "D-1", 13.09),
    _row(23, "D-1", 26.18, who=_BETA),  # nothing keeps a number from being used twice
    _row(24, "A-1", 500, 200, kind="invoice_for_advance_payment"),
    _row(25, "F-1", 300, kind="final_invoice"),
    _row(26, "S-4", 59.5),  # 20 were paid, and its storno was deleted, which sets paid to 0
    _row(27, "S-5", 59.5),  # likewise, and all of it was paid
]
_RECEIVABLE, _BANK, _SALES = 10, 20, 30
_BOOKED = {
    1: (-142.8,), 2: (-142.8, 42.3), 3: (-142.8, 142.8), 4: (-142.8, 160), 5: (29.75,), 6: (-119,), 7: (-119, 119),
    8: (-119, 119), 9: (-180,), 10: (-180, 45), 11: (-180, 180), 12: (-190,), 13: (-75.3,), 14: (-59.5,),
    15: (-47.6,), 16: (47.6,), 17: (-59.5, 20), 18: (59.5,), 19: (-59.5, 59.5), 20: (59.5,), 21: (-11.9,),
    22: (-13.09,), 23: (-26.18,), 24: (-500, 200), 25: (-300,), 26: (-59.5, 20), 27: (-59.5, 59.5), 99: (-7,),
}  # fmt: skip
"""What is on the receivable account by document; 99 is an entry of the ledger without any."""

KIVITENDO = Rows(
    {
        "ar": (_AR, _DOCUMENTS),
        "acc_trans": (
            "trans_id INT, chart_id INT, amount NUMERIC(15, 5), fx_transaction BOOLEAN, chart_link TEXT",
            [
                *((number, _RECEIVABLE, money, False, "AR") for number, each in _BOOKED.items() for money in each),
                *((number, _SALES, -each[0], False, "AR_amount:IC_income") for number, each in _BOOKED.items()),
                *(
                    (number, _BANK, -money, False, "AR_paid:AP_paid")
                    for number, each in _BOOKED.items()
                    for money in each[1:]
                ),
            ],
        ),
        "chart": (
            "id INT, accno TEXT, link TEXT",
            [(_RECEIVABLE, "1400", "AR"), (_BANK, "1200", "AR_paid:AP_paid"), (_SALES, "8400", "AR_amount:IC_income")],
        ),
        "customer": (
            "id INT, customernumber TEXT, name TEXT, email TEXT, invoice_mail TEXT",
            [
                (_ACME, "K1", "Acme & Söhne", "info@example.com", "ar@example.com"),
                (_BETA, "K2", "Beta", "beta@example.com", ""),
                (_OLD, "K3", "Neu GmbH", None, None),
            ],
        ),
        "currencies": ("id INT, name TEXT", [(_EUR, "EUR"), (_USD, "USD"), (_JPY, "JPY")]),
        "defaults": ("currency_id INT", [(_EUR,)]),
        "exchangerate": (
            "currency_id INT, transdate DATE, buy NUMERIC(15, 5), sell NUMERIC(15, 5)",
            [
                (_USD, "2026-01-05", 0.9, 0.9),
                (_USD, "2026-01-05", None, 0.91),  # nothing keeps a day from having two rows
                (_USD, "2026-01-20", 0.8, 0.8),
                (_JPY, "2026-01-05", 0.0061, 0.0061),
            ],
        ),
    },
    {
        ("R-1", "invoice"): ("EUR", "142.8"),
        ("R-2", "invoice"): ("EUR", "100.5"),
        ("R-4", "invoice"): ("EUR", "-17.2"),
        ("G-1", "credit_note"): ("EUR", "-29.75"),
        ("R-5", "invoice"): ("EUR", "119"),
        ("U-1", "invoice"): ("USD", "200"),
        ("U-2", "invoice"): ("USD", "150"),
        ("U-4", "invoice"): ("USD", "200"),
        ("Y-1", "invoice"): ("JPY", "12344"),  # of 12,345: the company's cents hold no more
        ("T-1", "invoice"): ("EUR", "59.5"),
        ("O-1", "invoice"): ("EUR", "11.9"),
        ("D-1", "invoice"): ("EUR", "39.27"),
        ("A-1", "invoice"): ("EUR", "300"),
        ("F-1", "invoice"): ("EUR", "300"),
        ("S-4", "invoice"): ("EUR", "39.5"),
    },
    {
        ("R-1", "invoice"): ["open"],
        ("R-2", "invoice"): ["open"],
        ("R-3", "invoice"): ["paid"],
        ("R-4", "invoice"): ["open"],
        ("G-1", "credit_note"): ["open"],
        ("R-6", "invoice"): ["paid"],
        ("R-7", "invoice"): ["paid"],
        ("U-2", "invoice"): ["open"],
        ("U-3", "invoice"): ["paid"],
        ("S-1", "invoice"): ["void"],
        ("Storno-S-1", "credit_note"): ["void"],
        ("S-2", "invoice"): ["void"],
        ("S-3", "invoice"): ["void"],
        ("S-4", "invoice"): ["open"],
        ("S-5", "invoice"): ["paid"],
        ("D-1", "invoice"): ["open", "open"],
    },
    {"EUR": "993.02", "USD": "550", "JPY": "12344"},
)
