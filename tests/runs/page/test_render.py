"""What a page says, without looking at it."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from arfeed import Objection
from arfeed.history.receipts import plan_document
from arfeed.runs.page.rendering import render
from support.feeds.plans import invoices, planned
from support.people.looks import feed_of, past, receipt, refused

NEWER = ("movements", "reasons", "ageing", "aged_on", "debtors", "pdfs", "notes", "planned_at")


def test_a_receipt_of_an_older_version_still_makes_a_page() -> None:
    document = json.loads(receipt(refused()))
    for name in NEWER:
        del document[name]
    for row in document["missing"]:
        del row["issued_on"], row["due_on"]
    page = render(document, past())
    assert "Delivered" in page
    assert page.count('<th scope="row"><bdi>INV-') == 6
    assert "Days past due" not in page


def test_a_plan_that_nothing_speaks_against_says_how_to_deliver_it() -> None:
    report = invoices(["A1"])
    page = render(plan_document(planned(report, report)), past(), "arfeed sync")
    assert "No objections." in page
    assert "<pre><code>arfeed sync</code></pre>" in page
    assert "every document of the last report is in this one, too" in page


def test_a_first_plan_that_only_has_to_be_approved_is_no_alarm() -> None:
    plan = planned(None, invoices(2))
    plain = replace(plan, objections=(Objection("unknown-baseline", "there was none before"),))
    page = render(plan_document(plain), (), "arfeed sync --approve 0-aaaaaa")
    assert 'class="banner first"' in page
    assert ('class="banner bad"' in page, "Why it is refused" in page) == (False, False)
    more = replace(plan, objections=(*plain.objections, Objection("total-as-balance", "the whole amount")))
    page = render(plan_document(more), (), "arfeed sync --approve 0-aaaaaa")
    assert ('class="banner bad"' in page, "Why it is refused" in page) == (True, True)


def test_the_largest_come_first_and_what_is_not_listed_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("arfeed.runs.page.rendering.MOST_ROWS", 2)
    before = invoices(3, balance=["5", "-700", "60"])
    page = render(plan_document(planned(before, before.iloc[:0])))
    assert [page.find(f"<bdi>{ref}</bdi>") > 0 for ref in ("A1", "A2", "A3")] == [False, True, True]
    assert page.index("<bdi>A2</bdi>") < page.index("<bdi>A3</bdi>")
    assert "These are the 2 largest of 3" in page


def test_no_amount_of_yen_hides_the_pounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("arfeed.runs.page.rendering.MOST_ROWS", 3)
    before = invoices(4, balance=["800000", "900000", "95000", "700000"], currency=["JPY", "JPY", "GBP", "JPY"])
    page = render(plan_document(planned(before, before.iloc[:0])))
    assert re.findall("<bdi>(A[0-9])</bdi>", page) == ["A3", "A2", "A1"]


def test_an_unverified_delivery_says_so() -> None:
    document = json.loads(receipt(refused()))
    document["report"]["verified"] = False
    assert "Delivered, unverified: the receiver took the report away at once." in render(document)


def test_a_page_is_the_same_every_time() -> None:
    document = plan_document(refused())
    assert render(document, past()) == render(document, past())


def test_currencies_beyond_the_first_charts_are_in_the_table() -> None:
    codes = ["AUD", "CAD", "CHF", "DKK", "EUR", "GBP", "JPY", "NOK"]
    page = render(plan_document(planned(None, feed_of(8).assign(currency=codes))))
    assert page.count('<svg class="chart') == 6
    assert all(f'<tr><th scope="row">{code}</th>' in page for code in codes)
