"""What a reconciliation is good for: it is asked for in time, and bears witness for a report that is adopted."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from arfeed.model.errors import RefusedError
from arfeed.runs import adoption
from arfeed.runs.adoption import Adopted
from arfeed.runs.context import begin_run
from arfeed.runs.reconciliation.reconciling import reconcile
from support.feeds.feed import REPORTS, Feed, Row, codes, invoices
from support.files.receiver_lists import Silent, write_csv
from support.servers.webhooks import TOKEN, webhook

COUNT = 33


def compare(feed: Feed, rows: list[Row], *, whole: bool = False) -> str:
    """Reconcile with a list that the receiver exported half an hour after the last command."""
    project = feed.project()
    export = write_csv(feed.folder / "open.csv", rows, at=feed.now)
    return reconcile(begin_run(project, feed.steps, feed.clock), export, Silent(), whole=whole).outcome


def delivered(feed: Feed) -> Feed:
    feed.export(invoices(COUNT))
    feed.approved()
    return feed


def test_nothing_is_asked_for_unless_it_is_set(feed: Feed) -> None:
    delivered(feed)
    feed.now += timedelta(days=100)
    assert "reconcile-due" not in codes(feed.plan())


def test_a_list_that_was_never_compared_is_asked_for_when_the_first_delivery_is_older_than_that(feed: Feed) -> None:
    feed.guards = {"reconcile_every": "30d"}
    feed.export(invoices(COUNT))
    assert codes(feed.plan()) == ["unknown-baseline"]
    feed.approved()
    first = feed.now
    assert codes(feed.plan()) == []
    feed.now = first + timedelta(days=20)
    feed.sync()
    # From the first delivery on, not from the last.
    feed.now = first + timedelta(days=31)
    plan = feed.plan()
    assert codes(plan) == ["reconcile-due"]
    assert f"was never compared with a delivery, and the first was on {first:%Y-%m-%d}, 31 days ago, and" in str(
        plan.objections[0].message
    )
    assert compare(feed, invoices(COUNT)) == "same"
    assert codes(feed.plan()) == []


def test_it_is_asked_for_again_when_it_is_older_than_that(feed: Feed) -> None:
    feed.guards = {"reconcile_every": "30d"}
    delivered(feed)
    compare(feed, invoices(COUNT))
    feed.now += timedelta(days=29)
    assert codes(feed.plan()) == []
    feed.now += timedelta(days=1)
    assert codes(feed.plan()) == ["reconcile-due"]
    # It may be approved, like any other.
    assert feed.sync(feed.plan().approval).receipt


def test_one_with_differences_counts_and_one_that_was_not_comparable_does_not(feed: Feed) -> None:
    feed.guards = {"reconcile_every": "30d"}
    delivered(feed)
    feed.now += timedelta(days=31)
    assert compare(feed, invoices(25)) == "not comparable"
    assert codes(feed.plan()) == ["reconcile-due"]
    assert compare(feed, invoices(25), whole=True) == "differences"
    assert codes(feed.plan()) == []


def test_notifiers_are_told_of_differences_and_of_what_is_not_comparable(feed: Feed) -> None:
    with webhook() as there:
        feed.plugins = (*feed.plugins, "notify")
        feed.notifiers = {"ops": {"use": "webhook", "url": there.url, "on": ["reconciled"]}}
        delivered(feed)
        compare(feed, invoices(COUNT))
        assert there.texts == []
        compare(feed, invoices(COUNT)[1:])
        (text,) = there.texts
        compare(feed, invoices(25))
        half = there.texts[1]
    assert "✗ acme: the receiver could not be compared, so its state is unknown" in half
    assert "Not comparable: it has exactly 25 rows and 33 invoices were delivered" in half
    assert "✗ acme: the receiver has a list that differs from the delivery" in text
    assert "1 paid there\n  INV-0001 Customer 1: paid there" in text
    assert "See all: arfeed history page " in text
    assert TOKEN not in text


# --- a witness for `adopt` ------------------------------------------------------------------------------------------


@pytest.fixture
def foreign(feed: Feed) -> Feed:
    """A feed to whose receiver somebody has sent a report by hand, which lacks two invoices."""
    delivered(feed)
    own = feed.receiver / feed.reports()[-1]
    lines = own.read_text().splitlines(keepends=True)
    feed.receiver.joinpath(REPORTS, "by_hand.csv").write_text("".join(lines[:-2]))
    return feed


def adopt(feed: Feed, rows: list[Row], approve: str | None = None) -> Adopted:
    project = feed.project()
    export: Path = write_csv(feed.folder / "open.csv", rows, at=feed.now)
    begun = begin_run(project, feed.steps, feed.clock)
    return adoption.adopt(begun, "by_hand.csv", adoption.Grounds(approve, (export, Silent())))


def test_a_report_that_lacks_invoices_needs_no_approval_if_the_receiver_lacks_them_too(foreign: Feed) -> None:
    with pytest.raises(RefusedError, match=r"by_hand\.csv lacks 2 invoices"):
        foreign.adopt("by_hand.csv")
    assert adopt(foreign, invoices(COUNT - 2)).open_count == COUNT - 2
    with foreign.records() as history:
        run = history.runs()[0]
    assert (run.kind, (run.approval or "").partition(" ")[0]) == ("adopt", "reconciled")


def test_a_witness_that_disagrees_refuses_even_what_was_approved(foreign: Feed) -> None:
    with pytest.raises(RefusedError) as refused:
        foreign.adopt("by_hand.csv")
    code = str(refused.value).rpartition(" ")[2]
    with pytest.raises(RefusedError, match=r"not agree with by_hand\.csv, so nothing was adopted: 2 open there only"):
        adopt(foreign, invoices(COUNT), approve=code)
    with foreign.records() as history:
        assert history.runs()[0].kind == "sync"


def test_a_witness_that_proves_nothing_refuses(foreign: Feed) -> None:
    with pytest.raises(RefusedError, match="open numbers"):
        adopt(foreign, [{**row, "invoice_ref": f"X{row['invoice_ref']}"} for row in invoices(COUNT)])
