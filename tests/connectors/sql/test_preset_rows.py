"""The presets `frontaccounting` and `kivitendo` on rows that the programs' own code left."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from arfeed_connectors.sql import Sql
from support.databases.tables import execute, place, sql
from support.erps.frontaccounting import FRONTACCOUNTING
from support.erps.kivitendo import KIVITENDO
from support.erps.rows import Document, Rows
from support.feeds.sources import complete, explained, opened, problems

BOOKS = {"frontaccounting": FRONTACCOUNTING, "kivitendo": KIVITENDO}
AT_HOME = [("frontaccounting", "mariadb"), ("frontaccounting", "sqlite"), ("kivitendo", "postgresql")]


@pytest.fixture(params=AT_HOME, ids="-".join)
def own(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Rows, Sql]:
    name, database = request.param
    return BOOKS[name], sql(BOOKS[name].write(place(request, database, tmp_path)), preset=name, control_account=True)


def delivered(frame: pd.DataFrame) -> dict[Document, tuple[str, Decimal]]:
    found: dict[Document, tuple[str, Decimal]] = {}
    columns = (frame[name] for name in ("invoice_ref", "kind", "currency", "balance"))
    for ref, kind, currency, balance in zip(*columns, strict=True):
        found[ref, kind] = (currency, balance + found.get((ref, kind), ("", Decimal(0)))[1])
    return found


def test_what_is_open_is_delivered(own: tuple[Rows, Sql]) -> None:
    books, source = own
    source.check()
    assert delivered(opened(source)) == {
        document: (currency, Decimal(balance)) for document, (currency, balance) in books.expected.items()
    }


def test_what_became_of_a_number_is_known(own: tuple[Rows, Sql]) -> None:
    books, source = own
    rows = explained(source, {ref for ref, _ in books.became})
    said = defaultdict(list)
    for ref, kind, status in zip(rows["invoice_ref"], rows["kind"], rows["status"], strict=True):
        said[ref, kind].append(status)
    assert {document: sorted(each) for document, each in said.items()} == books.became
    assert not rows.loc[rows["status"] != "open", "balance"].any()


def test_a_document_is_worded_alike_whether_it_is_listed_or_asked_for(own: tuple[Rows, Sql]) -> None:
    _, source = own
    listed = opened(source)
    asked = explained(source, listed["invoice_ref"].unique())
    asked = asked[asked["status"] == "open"]
    key = ["invoice_ref", "kind", "customer_id"]
    columns = [
        *key,
        "customer_name",
        "customer_email",
        "currency",
        "issued_on",
        "due_on",
        "amount",
        "balance",
        "po_number",
    ]
    pd.testing.assert_frame_equal(
        asked[columns].sort_values(key, ignore_index=True), listed[columns].sort_values(key, ignore_index=True)
    )


def test_the_ledger_owes_what_its_accounts_say(own: tuple[Rows, Sql]) -> None:
    books, source = own
    account = complete(source).control_account
    source.release()
    assert account is not None
    assert account.balances == {code: Decimal(total) for code, total in books.ledger.items()}


def test_html_of_frontaccounting_is_decoded_and_the_ampersand_last(tmp_path: Path) -> None:
    rows = opened(sql(FRONTACCOUNTING.write(f"sqlite:///{tmp_path / 'fa.db'}"), preset="frontaccounting"))
    first = rows.set_index("invoice_ref")
    assert first.loc["A&B/<1>", "customer_name"] == "O'Neil & Sons"
    assert first.loc["017/2026", "customer_name"] == '"Vier" &amp; Co', "which somebody typed so"
    assert first.loc["A&B/<1>", "customer_id"] == "O'NEIL"
    assert first.loc["A&B/<1>", "customer_email"] == "ar@example.com"
    assert "PO & 1" in set(rows["po_number"])


def test_companies_of_frontaccounting_are_told_apart_by_their_prefix(tmp_path: Path) -> None:
    url = FRONTACCOUNTING.write(f"sqlite:///{tmp_path / 'fa.db'}")
    for table in FRONTACCOUNTING.tables:
        moved = f'"1_{table.removeprefix("0_")}"'
        execute(url, f'CREATE TABLE {moved} AS SELECT * FROM "{table}"')
    execute(url, 'DELETE FROM "1_debtor_trans" WHERE trans_no > 1')
    assert len(opened(sql(url, preset="frontaccounting", table_prefix="1_"))) == 2
    assert len(opened(sql(url, preset="frontaccounting"))) == len(FRONTACCOUNTING.expected)


def test_a_day_of_kivitendo_without_a_rate_is_a_problem_of_its_rows(postgresql: str) -> None:
    execute(KIVITENDO.write(postgresql), "DELETE FROM exchangerate WHERE buy = 0.9")
    found = problems(sql(postgresql, preset="kivitendo"))
    assert len(found) >= 3
    assert all("balance" in each or "amount" in each for each in found[1:])
