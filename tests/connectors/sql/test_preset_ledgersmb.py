"""The preset `ledgersmb` on books that LedgerSMB 1.6 made itself."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from decimal import Decimal

import pandas as pd
import pytest

from arfeed_connectors.sql import Sql
from support.databases.tables import execute, sql
from support.erps.ledgersmb import Books, Found, invent, made, scenes
from support.feeds.sources import complete, explained, opened, problems

Run = tuple[str, list[dict[str, str | None]]]


@pytest.fixture(scope="module")
def books() -> Books:
    """The scenes, and random documents whose balances are known beforehand."""
    made_up = scenes()
    invent(made_up, secrets.randbelow(10**6))
    return made_up


@pytest.fixture(scope="module")
def run(books: Books) -> Iterator[Run]:
    with made(books, f"arfeed_test_lsmb_{secrets.token_hex(4)}") as found:
        yield found


def source(url: str, **changes: object) -> Sql:
    return sql(url, preset="ledgersmb", **changes)


def delivered(frame: pd.DataFrame) -> dict[str, Found]:
    columns = (frame[name] for name in ("invoice_ref", "kind", "currency", "balance"))
    return {ref: (kind, code, balance) for ref, kind, code, balance in zip(*columns, strict=True)}


def test_what_is_open_is_delivered_in_its_own_currency(run: Run, books: Books) -> None:
    own = source(run[0])
    own.check()
    assert delivered(opened(own)) == books.open


def test_what_became_of_a_number_is_known(run: Run, books: Books) -> None:
    rows = explained(source(run[0]), [*books.became, "D-2"])
    assert dict(zip(rows["invoice_ref"], rows["status"], strict=True)) == books.became
    assert delivered(rows[rows["status"] == "open"]) == books.open


def test_a_document_is_worded_alike_whether_it_is_listed_or_asked_for(run: Run) -> None:
    own = source(run[0])
    listed = opened(own).set_index("invoice_ref")
    asked = explained(own, listed.index).set_index("invoice_ref")
    columns = ["kind", "customer_id", "customer_name", "customer_email", "currency", "issued_on", "due_on", "amount"]
    pd.testing.assert_frame_equal(asked.loc[listed.index, columns], listed[columns])
    first = {name: listed.loc["A-1", name] for name in ("customer_name", "customer_email", "po_number")}
    assert first == {"customer_name": "Amber & Söhne", "customer_email": "c1@example.com", "po_number": "PO 1"}
    assert listed.loc["A-9", "customer_name"] == "After"


def test_the_program_says_the_same_but_for_what_it_can_not_know(run: Run, books: Books) -> None:
    said = {row["ref"]: row["open"] for row in run[1]}
    pairs = {"V-1", "V-1-VOID"}  # which it lists both
    assert said.keys() - pairs == books.open.keys() | {"F-1"} - (set() if "F-1" in said else {"F-1"})
    for ref, (_, currency, balance) in books.open.items():
        own = said[ref]
        if own is not None:  # a receipt waits in a batch: it offers no further one
            assert abs(Decimal(own) - balance) < (1 if currency == "JPY" else Decimal("0.005")), ref


def test_the_receivable_accounts_agree_with_the_list_but_for_what_was_closed_by_hand(run: Run) -> None:
    own = source(run[0], control_account=True)
    listed = opened(own)
    account = complete(own).control_account
    own.release()
    assert account is not None
    sums = listed.groupby("currency")["balance"].sum()
    assert account.balances == {**sums, "USD": sums["USD"] + 50}


def test_a_day_without_a_rate_is_a_problem_of_its_rows(run: Run) -> None:
    execute(run[0], "UPDATE exchangerate SET buy = NULL WHERE curr = 'JPY'")
    try:
        found = problems(source(run[0]))
        assert len(found) >= 3
        assert all("balance" in each for each in found[1:])
    finally:
        execute(run[0], "UPDATE exchangerate SET buy = 0.0061 WHERE curr = 'JPY' AND transdate = '2026-01-09'")
