"""The preset `sqlledger` on books that SQL-Ledger made itself."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from decimal import Decimal

import pandas as pd
import pytest

from arfeed_connectors.sql import Sql
from support.databases.tables import execute, sql
from support.erps.sqlledger import Books, Found, invent, made, scenes
from support.feeds.sources import complete, explained, opened

INEXACT = {"EUR": Decimal("0.01"), "KWD": Decimal("0.01"), "JPY": Decimal(2)}
"""What a cent of the company's is worth, and more: all that the program's own ageing knows of another currency."""

Run = tuple[str, list[dict[str, str]]]


@pytest.fixture(scope="module")
def books() -> Books:
    """The scenes, and random documents whose balances are known beforehand."""
    made_up = scenes()
    invent(made_up, secrets.randbelow(10**6))
    return made_up


@pytest.fixture(scope="module")
def run(books: Books) -> Iterator[Run]:
    with made(books, f"arfeed_test_sl_{secrets.token_hex(4)}") as found:
        yield found


def source(url: str, **changes: object) -> Sql:
    return sql(url, preset="sqlledger", **changes)


def delivered(frame: pd.DataFrame) -> dict[tuple[str, str], Found]:
    columns = (frame[name] for name in ("invoice_ref", "customer_id", "kind", "currency", "balance"))
    return {(ref, who): (kind, code, balance) for ref, who, kind, code, balance in zip(*columns, strict=True)}


def test_what_is_open_is_delivered_in_its_own_currency(run: Run, books: Books) -> None:
    own = source(run[0])
    own.check()
    assert delivered(opened(own)) == books.open


def test_what_became_of_a_number_is_known(run: Run, books: Books) -> None:
    rows = explained(source(run[0]), [*books.became, "X-2"])
    found: dict[str, list[str]] = {}
    for ref, status in zip(rows["invoice_ref"], rows["status"], strict=True):
        found.setdefault(ref, []).append(status)
    assert {ref: sorted(said) for ref, said in found.items()} == {
        ref: sorted(said) for ref, said in books.became.items()
    }
    open_rows = rows[rows["status"] == "open"]
    assert delivered(open_rows) == books.open


def test_a_document_is_worded_alike_whether_it_is_listed_or_asked_for(run: Run) -> None:
    own = source(run[0])
    listed = opened(own)
    asked = explained(own, listed["invoice_ref"].unique())
    columns = [*listed.columns.intersection(asked.columns)]
    key = ["invoice_ref", "customer_id"]
    columns = [name for name in columns if name not in {"status", "source"}]
    asked = asked[asked["status"] == "open"][columns].sort_values(key, ignore_index=True)
    pd.testing.assert_frame_equal(asked, listed[columns].sort_values(key, ignore_index=True))


def test_the_program_says_the_same_but_for_its_own_faults(run: Run, books: Books) -> None:
    ageing = {(row["ref"], row["customer"]): Decimal(row["open"]) for row in run[1]}
    differing = set()
    for key in ageing.keys() | books.open.keys():
        _, currency, balance = books.open.get(key, ("", "", Decimal(0)))
        if abs(ageing.get(key, Decimal(0)) - balance) > INEXACT.get(currency, Decimal("0.005")):
            differing.add(key[0])
    assert differing == {"E-5", "V-1", "V-2", "V-3", "R-6", "A-9"}, (
        "the rate typed last for a day; voided receipts added; a receipt that waits for approval counted; not of 2026"
    )


def test_a_customer_is_named_as_the_program_shows_it(run: Run) -> None:
    names = dict(opened(source(run[0])).set_index("invoice_ref")[["customer_name"]].to_records())
    assert (names["A-1"], names["X-4"], names["X-5"]) == ("Amber & Söhne", "Später", "Ended")
    assert names["X-6"] == "Ōta 東京 €"


def test_its_database_is_known_by_its_tables(run: Run) -> None:
    (found,) = sql(run[0], **Sql.provisional).proposals()
    assert found.settings == {"preset": "sqlledger"}
    assert "(acc_trans, ar, chart, curr, customer), and says that it is version 3.2" in found.because


def test_a_name_that_is_not_encoded_twice_is_left_alone(run: Run) -> None:
    plain = "UPDATE customer SET name = {} WHERE customernumber = 'K3'"
    for written, shown in (("'Zoë Å'", "Zoë Å"), ("'CafÃ© Ltd'", "Café Ltd"), ("'Ã© und ä'", "Ã© und ä")):
        execute(run[0], plain.format(written))
        assert set(opened(source(run[0])).query("customer_id == 'K3'")["customer_name"]) == {shown}
    execute(run[0], plain.format("'Credo'"))


def test_the_receivable_accounts_agree_with_the_list_but_for_what_the_program_does_not_book(
    run: Run, books: Books
) -> None:
    own = source(run[0], control_account=True)
    listed = opened(own)
    account = complete(own).control_account
    own.release()
    assert account is not None
    sums = listed.groupby("currency")["balance"].sum()
    voided = Decimal(50 + 100 + 100)  # Void Receipt turns the bank's side only
    assert account.balances["USD"] == sums["USD"] - voided
    unrated = {"EUR": Decimal(-15)}  # a prepayment has no rate, so that it stays in dollars
    for currency, most in INEXACT.items():
        difference = account.balances[currency] - sums[currency] - unrated.get(currency, Decimal(0))
        assert abs(difference) <= most * len(books.became), currency
