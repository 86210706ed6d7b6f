"""The query for webERP that docs/sql.md has, on rows as webERP 4.15 writes them."""

from __future__ import annotations

import tomllib
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from arfeed_connectors.sql import Sql
from support.databases.tables import sql, table
from support.feeds.sources import explained, opened

DOCS = Path(__file__).parents[3] / "docs" / "sql.md"
_INVOICE, _CREDIT, _RECEIPT = 10, 11, 12


def settings() -> dict[str, Any]:
    block = next(part for part in DOCS.read_text("utf-8").split("```toml\n") if part.startswith("[sources.weberp]"))
    found: dict[str, Any] = tomllib.loads(block.partition("```")[0])["sources"]["weberp"]
    return {name: value for name, value in found.items() if name not in {"use", "url"}}


@pytest.fixture
def weberp(mariadb_url: str) -> Sql:
    table(
        mariadb_url, "debtorsmaster", "debtorno VARCHAR(10), name VARCHAR(40), currcode CHAR(3), paymentterms CHAR(2)",
        ("ACME", "O&#039;Neil &amp; Sons", "USD", "30"), ("BETA", "Beta", "EUR", "M5"),
    )  # fmt: skip
    table(
        mariadb_url, "paymentterms", "termsindicator CHAR(2), daysbeforedue INT, dayinfollowingmonth INT",
        ("30", 30, 0), ("M5", 0, 5),
    )  # fmt: skip
    table(
        mariadb_url, "debtortrans",
        "transno INT, type INT, debtorno VARCHAR(10), trandate DATETIME, ovamount DOUBLE, ovgst DOUBLE, "
        "ovfreight DOUBLE, ovdiscount DOUBLE, rate DOUBLE, alloc DOUBLE, settled INT",
        (1, _INVOICE, "ACME", "2026-01-05", 100, 19, 0, 0, 1, 0, 0),
        (1, _CREDIT, "ACME", "2026-01-06", -25, 0, 0, 0, 1, 0, 0),
        (1, _RECEIPT, "ACME", "2026-01-20", -40.1, 0, 0, 0, 1, -40.1, 1),
        (2, _INVOICE, "ACME", "2026-01-05", 100, 0, 5.5, 0, 1, 40.1, 0),
        (3, _INVOICE, "ACME", "2026-01-05", 0.3, 0, 0, 0, 1, 0.30000000000000004, 0),
        (4, _INVOICE, "BETA", "2026-01-05", 200, 0, 0, 0, 0.9, 50, 1),
        (2, _CREDIT, "BETA", "2026-01-06", -30, -5.7, 0, 0, 0.9, -35.7, 0),
        (5, _INVOICE, "BETA", "2026-01-05", 35.7, 0, 0, 0, 0.9, 35.7, 0),
    )  # fmt: skip
    return sql(mariadb_url, **settings())


def test_what_is_open_in_weberp_is_delivered(weberp: Sql) -> None:
    weberp.check()
    rows = opened(weberp)
    columns = (rows[name] for name in ("invoice_ref", "currency", "balance", "due_on"))
    found = {ref: (code, balance, due) for ref, code, balance, due in zip(*columns, strict=True)}
    assert {ref: each[:2] for ref, each in found.items()} == {
        "1": ("USD", Decimal(119)),
        "CN-1": ("USD", Decimal(-25)),
        "2": ("USD", Decimal("65.4")),
        "4": ("EUR", Decimal(150)),
    }
    assert (found["1"][2], found["4"][2]) == (date(2026, 2, 4), date(2026, 2, 5))
    assert set(rows["customer_name"]) == {"O'Neil & Sons", "Beta"}


def test_what_became_of_a_document_of_weberp_is_known(weberp: Sql) -> None:
    rows = explained(weberp, ["1", "2", "3", "5", "CN-2", "9"])
    assert dict(zip(rows["invoice_ref"], rows["status"], strict=True)) == {
        "1": "open",
        "2": "open",
        "3": "paid",
        "5": "paid",
        "CN-2": "paid",
    }
