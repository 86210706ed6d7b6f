"""The preset `gnucash` on books that GnuCash made itself: every document as GnuCash says that it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date
from decimal import Decimal

import pandas as pd
import pytest

from arfeed_connectors.sql import Sql
from support.databases.servers import MARIADB
from support.databases.tables import execute, sql
from support.erps.gnucash import Books, Told, invent, made, scenes
from support.erps.truth import Line, hold, worded
from support.feeds.sources import explained, opened, problems

Run = tuple[str, list[Told]]
Item = tuple[object, ...]


@pytest.fixture(scope="module")
def books() -> Books:
    """The scenes, and random documents of which only GnuCash knows what is left."""
    made_up = scenes()
    invent(made_up, 1870)
    return made_up


@pytest.fixture(scope="module", params=["sqlite", "mariadb"])
def run(request: pytest.FixtureRequest, books: Books, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    with ExitStack() as opened_here:
        if request.param == "sqlite":
            url = f"sqlite:///{tmp_path_factory.mktemp('gnucash') / 'book.gnucash'}"
        else:
            url = opened_here.enter_context(MARIADB.new_database())
        yield url, made(books, url)


def source(url: str) -> Sql:
    return sql(url, preset="gnucash")


def is_open(told: Told) -> bool:
    return told["posted"] and not told["paid"]


def status(told: Told) -> str:
    return "draft" if not told["posted"] else "open" if is_open(told) else "paid"


def signed(told: Told) -> Decimal:
    return Decimal(told["total"]) * (-1 if told["credit"] else 1)


def as_told(books: Books, told: list[Told]) -> set[Item]:
    """What GnuCash says of the open documents of customers, as the preset should word it."""
    return {
        (
            each["ref"],
            books.customers[each["key"]],
            "credit_note" if each["credit"] else "invoice",
            each["currency"],
            date.fromisoformat(each["issued"]),
            date.fromisoformat(each["due"]),
            signed(each),
            Decimal(each["balance"]),
        )
        for each in told
        if each["key"] in books.customers and is_open(each)
    }


def as_listed(frame: pd.DataFrame) -> set[Item]:
    columns = ["invoice_ref", "customer_id", "kind", "currency", "issued_on", "due_on", "amount", "balance"]
    return {*zip(*(frame[name] for name in columns), strict=True)}


def test_each_open_document_is_as_gnucash_says(run: Run, books: Books) -> None:
    url, told = run
    own = source(url)
    own.check()
    listed = opened(own)
    assert as_listed(listed) == as_told(books, told)
    assert len(listed) == len(as_told(books, told)) > 30


def test_what_became_of_a_number_is_known(run: Run, books: Books) -> None:
    url, told = run
    ours = [each for each in told if each["key"] in books.customers]
    expected = sorted((each["ref"], status(each)) for each in ours)
    rows = explained(source(url), {each["ref"] for each in told})
    assert sorted(zip(rows["invoice_ref"], rows["status"], strict=True)) == expected
    assert as_listed(rows[rows["status"] == "open"]) == as_told(books, told)
    assert not rows.loc[rows["status"] != "open", "balance"].any()


def test_the_page_of_presets_says_the_same(run: Run, books: Books) -> None:
    url, told = run
    named = [each for each in told if not each["key"].startswith("N-")]
    rows = explained(source(url), {each["ref"] for each in named})
    columns = ("invoice_ref", "customer_id", "status", "balance", "amount", "currency", "due_on")
    said = {
        (ref, customer): worded(*rest) for ref, customer, *rest in zip(*(rows[name] for name in columns), strict=True)
    }
    lines = [
        Line(
            each["key"],
            worded(status(each), each["balance"], signed(each), each["currency"], each["due"]),
            said.get((each["ref"], books.customers.get(each["key"])), "nothing"),
        )
        for each in named
    ]
    assert all(line.program == line.preset for line in lines if line.document in books.customers)
    hold("gnucash", "GnuCash", lines)


def test_a_customer_goes_by_the_present_name_and_a_job_is_its_customers(run: Run) -> None:
    rows = opened(source(run[0]))
    columns = ("invoice_ref", "customer_id", "customer_name", "customer_email", "po_number")
    said = {ref: whose for ref, *whose in zip(*(rows[name] for name in columns), strict=True)}
    assert said["OPEN"] == ["C1", "Amber & Söhne", "c1@example.com", "PO 1"]
    assert said["JOB"][:2] == said["OPEN"][:2]
    assert said["RENAMED"][:2] == ["C6", "Später"]


def test_a_posted_invoice_whose_lot_is_lost_is_a_problem_and_not_gone(run: Run) -> None:
    keep, lose = (f"UPDATE invoices SET post_lot = {lot} WHERE id = 'OPEN'" for lot in ("post_acc", "'lost'"))
    execute(run[0], keep.replace("post_lot = post_acc", "post_acc = post_lot"), lose)
    try:
        assert "column balance" in problems(source(run[0]))[1]
    finally:
        execute(run[0], keep)


@pytest.mark.parametrize("zone", ["Pacific/Honolulu", "America/New_York", "UTC", "Asia/Kolkata", "Pacific/Auckland"])
def test_days_are_those_that_were_typed_in_every_time_zone(tmp_path_factory: pytest.TempPathFactory, zone: str) -> None:
    books = Books()
    books.owner("C1", "Amber")
    for key, day, due in (("SUMMER", "2026-07-01", "2026-07-31"), ("WINTER", "2026-01-01", "2026-12-31")):
        books.document(key, (1, "100"), day=day, due=due)
    url = f"sqlite:///{tmp_path_factory.mktemp('zone') / 'book.gnucash'}"
    told = made(books, url, zone)
    assert as_listed(opened(source(url))) == as_told(books, told)
    assert {each["due"] for each in told} == {"2026-07-31", "2026-12-31"}
