"""FrontAccounting 2.4: rows as its own code (2.4.20) leaves them, with prices and customers of ours."""

from __future__ import annotations

from support.erps.rows import Rows

_TRANS = (
    "trans_no INT, type INT, debtor_no INT, tran_date DATE, due_date DATE, reference VARCHAR(60), order_ INT, "
    "ov_amount DOUBLE PRECISION, ov_gst DOUBLE PRECISION, ov_freight DOUBLE PRECISION, "
    "ov_freight_tax DOUBLE PRECISION, ov_discount DOUBLE PRECISION, alloc DOUBLE PRECISION, "
    "prep_amount DOUBLE PRECISION, rate DOUBLE PRECISION"
)
_DAYS = ("2026-03-02", "2026-03-12")
_NO_DUE = ("2026-03-02", "0000-00-00")
_INVOICE, _CREDIT, _PAYMENT, _DELIVERY, _JOURNAL, _DEPOSIT = 10, 11, 12, 13, 0, 2


def _document(
    number: int, kind: int, who: int, ref: str, amount: float, alloc: float = 0, *, tax: float = 0, freight: float = 0,
    freight_tax: float = 0, discount: float = 0, prepaid: float = 0, order: int = 0, rate: float = 1,
    days: tuple[str, str] | None = None,
) -> tuple[object, ...]:  # fmt: skip
    own = days or (_DAYS if kind == _INVOICE else _NO_DUE)
    return (
        number, kind, who, *own, ref, order, amount, tax, freight, freight_tax, discount, alloc, prepaid, rate,
    )  # fmt: skip


_TRANSACTIONS = [
    _document(1, _INVOICE, 1, "001/2026", 100, order=1, tax=19),
    _document(1, _DELIVERY, 1, "auto", 100, order=1, tax=19),
    _document(1, _PAYMENT, 1, "001/2026", 40.1, 40.1),  # each type counts on its own
    _document(2, _INVOICE, 1, "002/2026", 100, 40.1),
    _document(3, _INVOICE, 1, "003/2026", 100, 100),
    _document(2, _PAYMENT, 1, "002/2026", 130, 100),  # 30 are unused
    _document(4, _INVOICE, 1, "004/2026", 0.3, 0.30000000000000004),
    _document(5, _INVOICE, 1, "A&amp;B/&lt;1&gt;", 50, freight=5, freight_tax=0.95),
    _document(6, _INVOICE, 1, "005/2026", 100, 100),  # paid: 98, and a discount of 2 at once
    _document(3, _PAYMENT, 1, "003/2026", 98, 100, discount=2),
    _document(1, _CREDIT, 2, "001/2026", 25),
    _document(7, _INVOICE, 1, "006/2026", 90, 30),  # credited in part
    _document(2, _CREDIT, 1, "002/2026", 30, 30),
    _document(8, _INVOICE, 1, "007/2026", 60, 60),  # credited wholly
    _document(3, _CREDIT, 1, "003/2026", 60, 60),
    _document(9, _INVOICE, 1, "008/2026", 80, 80),  # paid, then credited: the credit takes the payment's place
    _document(4, _PAYMENT, 1, "004/2026", 80),
    _document(4, _CREDIT, 1, "004/2026", 80, 80),
    _document(10, _INVOICE, 3, "009/2026", 200, rate=1.1),
    _document(11, _INVOICE, 3, "010/2026", 200, 50, rate=1.1),
    _document(5, _PAYMENT, 3, "005/2026", 50, 50, rate=1.2),
    _document(12, _INVOICE, 1, "011/2026", 0, days=("2026-03-03", "2026-03-13")),  # voided
    _document(13, _INVOICE, 1, "012/2026", 0),  # voided, and its number given out again
    _document(14, _INVOICE, 2, "012/2026", 6),
    _document(15, _INVOICE, 1, "013/2026", 100),  # its payment was voided
    _document(6, _PAYMENT, 1, "006/2026", 0),
    _document(16, _INVOICE, 2, "014/2026", 100, 40, prepaid=40, order=2),
    _document(17, _INVOICE, 2, "015/2026", 100, prepaid=60, order=2),
    _document(7, _PAYMENT, 2, "PRE-1", 40, 40),
    _document(18, _INVOICE, 2, "016/2026", 100, days=("2027-12-31", "2028-01-10")),
    _document(1, _JOURNAL, 1, "001/2026", 33),
    _document(2, _JOURNAL, 1, "002/2026", -20),
    _document(1, _DEPOSIT, 1, "001/2026", 5),
    _document(19, _INVOICE, 4, "017/2026", 12, days=("2026-03-03", "2026-05-01")),
]

_PERSON = 2
_BOOKED = [
    *((_INVOICE, n, 1, money) for n, money in ((1, 119), (2, 100), (3, 100), (4, 0.3), (5, 55.95), (6, 100), (7, 90),
                                               (8, 60), (9, 80), (12, 0), (13, 0), (15, 100))),
    *((_PAYMENT, n, 1, -money) for n, money in ((1, 40.1), (2, 130), (3, 98), (3, 2), (4, 80), (6, 0))),
    (_PAYMENT, 8, 1, -0.3),
    *((_CREDIT, n, 1, -money) for n, money in ((2, 30), (3, 60), (4, 80))),
    (_JOURNAL, 1, 1, 33), (_JOURNAL, 2, 1, -20), (_DEPOSIT, 1, 1, -5),
    (_CREDIT, 1, 2, -25), (_INVOICE, 14, 2, 6), (_INVOICE, 16, 2, 40), (_INVOICE, 17, 2, 60), (_PAYMENT, 7, 2, -40),
    (_INVOICE, 18, 2, 100), (_INVOICE, 19, 4, 12), (_INVOICE, 10, 3, 220), (_INVOICE, 11, 3, 220),
    (_PAYMENT, 5, 3, -60),
]  # fmt: skip

FRONTACCOUNTING = Rows(
    {
        "0_debtors_master": (
            "debtor_no INT, name VARCHAR(100), debtor_ref VARCHAR(30), curr_code CHAR(3)",
            [
                (1, "O&#039;Neil &amp; Sons", "O&#039;NEIL", "USD"),
                (2, "Beta", "BETA", "USD"),
                (3, "Gamma", "GAMMA", "EUR"),
                (4, "&quot;Vier&quot; &amp;amp; Co", "VIER", "USD"),
            ],
        ),
        "0_debtor_trans": (_TRANS, _TRANSACTIONS),
        "0_voided": ("type INT, id INT", [(_INVOICE, 12), (_INVOICE, 13), (_PAYMENT, 6)]),
        "0_sales_orders": (
            "order_no INT, trans_type INT, customer_ref VARCHAR(60)",
            [(1, 30, "PO &amp; 1"), (1, 32, "offered"), (2, 30, "")],
        ),
        "0_crm_persons": (
            "id INT, email VARCHAR(100)",
            [(1, "ar@example.com"), (2, "branch@example.com"), (3, "b@example.com")],
        ),
        "0_crm_contacts": (
            "person_id INT, type VARCHAR(20), action VARCHAR(20), entity_id VARCHAR(11)",
            [(1, "customer", "general", "1"), (2, "cust_branch", "general", "1"), (3, "customer", "general", "2")],
        ),
        "0_sys_prefs": ("name VARCHAR(35), value VARCHAR(40)", [("curr_default", "USD"), ("debtors_act", "1200")]),
        "0_cust_branch": (
            "debtor_no INT, receivables_account VARCHAR(15)", [(1, "1200"), (2, "1200"), (3, "1200"), (4, "1210")],
        ),
        "0_gl_trans": (
            "type INT, type_no INT, account VARCHAR(15), amount DOUBLE PRECISION, person_type_id INT, "
            "person_id VARCHAR(20)",
            [
                (kind, number, "1210" if who == 4 else "1200", money, _PERSON, str(who))
                for kind, number, who, money in _BOOKED
            ]
            + [(_INVOICE, 1, "4010", -100, None, None), (20, 1, "1200", 77, 3, "1")],
        ),
    },
    {
        ("001/2026", "invoice"): ("USD", "119"),
        ("001/2026", "credit_note"): ("USD", "-25"),
        ("002/2026", "invoice"): ("USD", "59.9"),
        ("A&B/<1>", "invoice"): ("USD", "55.95"),
        ("006/2026", "invoice"): ("USD", "60"),
        ("009/2026", "invoice"): ("EUR", "200"),
        ("010/2026", "invoice"): ("EUR", "150"),
        ("012/2026", "invoice"): ("USD", "6"),
        ("013/2026", "invoice"): ("USD", "100"),
        ("015/2026", "invoice"): ("USD", "60"),
        ("016/2026", "invoice"): ("USD", "100"),
        ("017/2026", "invoice"): ("USD", "12"),
    },
    {
        ("001/2026", "invoice"): ["open"],
        ("001/2026", "credit_note"): ["open"],
        ("002/2026", "credit_note"): ["paid"],
        ("002/2026", "invoice"): ["open"],
        ("003/2026", "invoice"): ["paid"],
        ("003/2026", "credit_note"): ["paid"],
        ("004/2026", "invoice"): ["paid"],
        ("004/2026", "credit_note"): ["paid"],
        ("A&B/<1>", "invoice"): ["open"],
        ("005/2026", "invoice"): ["paid"],
        ("006/2026", "invoice"): ["open"],
        ("007/2026", "invoice"): ["paid"],
        ("008/2026", "invoice"): ["paid"],
        ("009/2026", "invoice"): ["open"],
        ("010/2026", "invoice"): ["open"],
        ("011/2026", "invoice"): ["void"],
        ("012/2026", "invoice"): ["open", "void"],
        ("013/2026", "invoice"): ["open"],
        ("014/2026", "invoice"): ["paid"],
        ("015/2026", "invoice"): ["open"],
        ("016/2026", "invoice"): ["open"],
        ("017/2026", "invoice"): ["open"],
    },
    {"USD": "445.85", "EUR": "350"},
)  # fmt: skip
