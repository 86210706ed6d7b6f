"""The preset `tryton` on books that Tryton made itself: every invoice as Tryton says that it is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal

import pandas as pd
import pytest

from arfeed_connectors.sql import Sql
from support.databases.tables import execute, sql
from support.erps.truth import Line, hold, worded
from support.erps.tryton import Told, made
from support.feeds.sources import complete, explained, failure, opened, problems

# The program makes its own database and books before the first test.
pytestmark = pytest.mark.timeout(900)

Run = tuple[str, list[Told]]
Item = tuple[object, ...]

_STATUS = {"draft": "draft", "validated": "draft", "cancelled": "void", "paid": "paid", "posted": "open"}


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    with made(1815) as found:
        yield found


def source(url: str, company: int = 1, **changes: object) -> Sql:
    return sql(url, preset="tryton", company=company, **changes)


def status(told: Told) -> str:
    """What became of it: where a reconciliation was deleted it is posted again, though what was paid stays its own."""
    settled = told["state"] == "posted" and not Decimal(told["to_pay"])
    return "paid" if settled else _STATUS[told["state"]]


def due(told: Told) -> date:
    """The day of the first part with something left, if what is paid of no part in particular pays the earliest."""
    left = abs(Decimal(told["to_pay"]))
    parts = sorted(told["parts"], reverse=True)
    after = Decimal(0)
    found = parts[0][0]
    for day, amount in parts:
        if after < left:
            found = day
        after += abs(Decimal(amount))
    return date.fromisoformat(found)


def as_told(told: list[Told], company: int = 1) -> set[Item]:
    return {
        (
            each["number"],
            each["party"],
            "credit_note" if Decimal(each["total"]) < 0 else "invoice",
            each["currency"],
            date.fromisoformat(each["issued"]),
            due(each),
            Decimal(each["total"]),
            Decimal(each["to_pay"]),
        )
        for each in told
        if each["company"] == company and status(each) == "open"
    }


def as_listed(frame: pd.DataFrame) -> set[Item]:
    columns = ["invoice_ref", "customer_id", "kind", "currency", "issued_on", "due_on", "amount", "balance"]
    return {*zip(*(frame[name] for name in columns), strict=True)}


def number(told: list[Told], key: str) -> str:
    return str(next(each["number"] for each in told if each["key"] == key))


def test_each_open_invoice_is_as_tryton_says(run: Run) -> None:
    url, told = run
    own = source(url)
    own.check()
    listed = opened(own)
    assert as_listed(listed) == as_told(told)
    assert len(listed) == len(as_told(told)) > 24
    assert as_listed(opened(source(url, company=2))) == as_told(told, company=2)


def test_parts_that_are_paid_are_not_due(run: Run) -> None:
    url, told = run
    days = opened(source(url)).set_index("invoice_ref")["due_on"]
    first, last = (date.fromisoformat(day) for day, _ in sorted(next(t for t in told if t["key"] == "PARTS")["parts"]))
    dues = {key: days[number(told, key)] for key in ("PARTS", "PARTS-LESS", "PARTS-FIRST", "PARTS-MORE")}
    assert dues == {"PARTS": first, "PARTS-LESS": first, "PARTS-FIRST": last, "PARTS-MORE": last}


def test_what_became_of_a_number_is_known(run: Run) -> None:
    url, told = run
    ours = [each for each in told if each["company"] == 1 and each["number"]]
    rows = explained(source(url), [each["number"] for each in ours])
    assert dict(zip(rows["invoice_ref"], rows["status"], strict=True)) == {
        each["number"]: status(each) for each in ours
    }
    assert as_listed(rows[rows["status"] == "open"]) == as_told(told)
    assert not rows.loc[rows["status"] != "open", "balance"].any()


def test_the_page_of_presets_says_the_same(run: Run) -> None:
    url, told = run
    named = [each for each in told if each["company"] == 1 and not each["key"].startswith("N-")]
    rows = explained(source(url), [each["number"] for each in named if each["number"]])
    columns = ("invoice_ref", "status", "balance", "amount", "currency", "due_on")
    said = {
        ref: worded(status, balance, amount, currency, in_days(day) if status == "open" else None)
        for ref, status, balance, amount, currency, day in zip(*(rows[name] for name in columns), strict=True)
    }
    lines = [
        Line(
            each["key"],
            worded(
                status(each), each["to_pay"], each["total"], each["currency"],
                in_days(due(each)) if status(each) == "open" else None,
            ),
            said.get(each["number"], "nothing, since it has no number"),
        )
        for each in named
    ]  # fmt: skip
    assert all(line.program == line.preset for line in lines if not line.preset.startswith("nothing"))
    hold("tryton", "Tryton", lines)


def in_days(day: date) -> str:
    return f"in {(day - datetime.now(UTC).date()).days} days"


def test_a_customer_goes_by_the_present_name_and_is_the_invoices_whoever_pays(run: Run) -> None:
    url, told = run
    rows = opened(source(url)).set_index("invoice_ref")["customer_name"]
    assert rows[number(told, "RENAMED")] == "Später"
    assert {rows[number(told, key)] for key in ("OPEN", "PAYEE", "DELEGATED")} == {"Acme & Söhne"}


def test_companies_are_never_merged(run: Run) -> None:
    assert "several companies, 1, 2, whose numbers may be the same" in failure(sql(run[0], preset="tryton"))


def test_the_receivable_accounts_differ_from_the_list_by_what_was_paid_beyond(run: Run) -> None:
    own = source(run[0], control_account=True)
    sums = opened(own).groupby("currency")["balance"].sum().to_dict()
    account = complete(own).control_account
    own.release()
    assert account is not None
    assert account.balances == {**sums, "USD": sums["USD"] - 30}


def test_a_line_in_a_third_currency_leaves_its_invoice_without_a_balance(run: Run) -> None:
    url, told = run
    ref = number(told, "EUR-PART")
    line = (
        'id IN (SELECT x.line FROM "account_invoice-account_move_line" x JOIN account_invoice i ON i.id = x.invoice '
        f"WHERE i.number = '{ref}' AND i.company = 1)"
    )
    currencies = "(SELECT id FROM currency_currency WHERE code = '{}')"
    execute(url, f"UPDATE account_move_line SET second_currency = {currencies.format('KWD')} WHERE {line}")
    try:
        said = problems(source(url))
        assert len(said) == 2
        assert f"(invoice {ref}), column balance" in said[1]
    finally:
        execute(url, f"UPDATE account_move_line SET second_currency = {currencies.format('EUR')} WHERE {line}")


def test_each_company_of_a_database_of_tryton_is_a_proposal(run: Run) -> None:
    found = [*sql(run[0], **Sql.provisional).proposals()]
    assert [each.settings for each in found] == [
        {"preset": "tryton", "company": "1"},
        {"preset": "tryton", "company": "2"},
    ]
