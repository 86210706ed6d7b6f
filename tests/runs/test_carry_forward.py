"""A source that fails and is set to carry its last rows forward."""

from __future__ import annotations

from datetime import timedelta

import pytest

from arfeed import SourceError
from support.feeds.feed import Feed, codes, invoice, invoices, refs_of


@pytest.fixture
def two(feed: Feed) -> Feed:
    """A feed of two sources, delivered once; the second one's rows may be carried forward."""
    feed.sources = {"erp": {"absent_means_paid": True}, "branch": {"on_failure": "carry-forward"}}
    feed.export(invoices(20))
    feed.export(invoices(10, first=500), "branch")
    feed.approved()
    return feed


def test_the_rows_of_a_failed_source_stay_in_the_report(two: Feed) -> None:
    fail(two)
    done = two.sync()
    assert done.receipt
    assert (codes(done), done.plan.counts.missing, done.plan.counts.unchanged) == ([], 0, 30)
    first, second = two.reports()
    assert two.held()[first] == two.held()[second]


def test_what_is_carried_forward_is_said_in_plan_and_receipt(two: Feed) -> None:
    fail(two)
    done = two.sync()
    (note,) = done.plan.notes
    assert note.startswith("branch failed (")
    assert "its 10 invoices are carried forward as they were on 2026-04-04 12:15 UTC" in note
    assert [source["carried_forward"] is not None for source in _sources(two)] == [False, True]


def test_carried_rows_skip_the_transforms_that_shaped_them(two: Feed) -> None:
    two.transforms.append({"use": "rename", "prefix": "X-"})
    two.approved()
    renamed = two.last_report()
    assert renamed[-1] == "X-INV-0509"
    fail(two)
    assert two.sync().receipt
    assert two.last_report() == renamed


def test_the_other_source_goes_on_while_one_is_carried_forward(two: Feed) -> None:
    fail(two)
    two.export([*invoices(18, first=3), invoice(30)])
    done = two.sync()
    assert (codes(done), done.plan.counts) == ([], (1, 0, 28, 2))
    assert len(two.last_report()) == 29


def test_carried_rows_age_from_the_last_real_read(two: Feed) -> None:
    fail(two)
    two.now += timedelta(days=2)
    assert two.sync().receipt
    two.now += timedelta(days=2)
    before = two.held()
    with pytest.raises(SourceError, match=r"can't be carried forward any longer: it was last read 2026-04-04 12:15"):
        two.sync()
    assert two.held() == before


def test_a_real_read_makes_the_rows_young_again(two: Feed) -> None:
    two.now += timedelta(days=2)
    two.sync()
    fail(two)
    two.now += timedelta(days=2)
    assert two.sync().receipt


def test_without_a_baseline_there_is_nothing_to_carry_forward(feed: Feed) -> None:
    feed.sources["erp"] = {"on_failure": "carry-forward"}
    with pytest.raises(SourceError, match=r"no file matches.*there are no rows of erp to carry forward"):
        feed.sync()
    assert feed.held() == {}


def test_without_rows_in_the_baseline_there_is_nothing_to_carry_forward(two: Feed) -> None:
    two.export([{**row, "balance": "0.00"} for row in invoices(10, first=500)], "branch")
    two.approved()
    fail(two)
    with pytest.raises(SourceError, match="there are no rows of branch to carry forward"):
        two.sync()


def test_rows_can_be_carried_forward_after_a_resend(two: Feed) -> None:
    assert two.resend(str(two.receipts()[0]["run"])).receipt
    fail(two)
    assert two.sync().receipt
    assert len(two.last_report()) == 30


def test_pdfs_of_carried_rows_count_as_there(two: Feed) -> None:
    two.sources["branch"]["documents"] = "pdf/{invoice_ref}.pdf"
    two.destination["documents_required"] = True
    two.sources["erp"]["documents"] = "pdf/{invoice_ref}.pdf"
    two.print_pdfs(row["invoice_ref"] for row in [*invoices(20), *invoices(10, first=500)])
    assert two.sync().receipt
    fail(two)
    done = two.sync()
    assert codes(done) == []
    assert (done.plan.documents.present, (*done.plan.documents.without,)) == (30, ())


def test_a_source_that_comes_back_is_compared_with_what_was_carried(two: Feed) -> None:
    fail(two)
    two.sync()
    two.export(invoices(9, first=500), "branch")
    assert codes(two.sync()) == ["unexplained"]
    assert refs_of(two.held()[two.reports()[-1]])[-1] == "INV-0509"


def fail(feed: Feed) -> None:
    (feed.folder / "branch.csv").unlink()


def _sources(feed: Feed) -> list[dict[str, object]]:
    sources = feed.receipts()[-1]["sources"]
    assert isinstance(sources, list)
    return sources
