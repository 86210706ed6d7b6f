"""What the history knows of receivers: their signs, and their further addresses."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from arfeed.history.receivers import Shown
from arfeed.history.store import History
from support.feeds.recorded_runs import START, WHERE, a_pdf, a_run, deliver, publish

NOON = datetime(2026, 4, 10, 12, tzinfo=UTC)
OTHER = "sftp://acme@198.51.100.7:22"
SHOWN: Shown = ("SHA256:a", "acme", "/in")


@pytest.fixture
def history(database: str) -> Iterator[History]:
    with History(database) as opened:
        yield opened


@pytest.mark.parametrize("other", [("SHA256:b", "acme", "/in"), ("SHA256:a", "Acme", "/in"), ("SHA256:a", "acme", "/")])
def test_another_key_login_or_root_is_another_receiver(history: History, other: Shown) -> None:
    history.receivers.note("one", [SHOWN], NOON)
    history.receivers.note("two", [other], NOON)
    assert history.receivers.find_by_signs([SHOWN]) == {"one"}
    assert history.receivers.find_by_signs([SHOWN, other]) == {"one", "two"}


def test_all_keys_that_were_ever_seen_are_remembered(history: History) -> None:
    renewed = ("SHA256:b", "acme", "/in")
    for shown in ([SHOWN], [SHOWN, renewed], [renewed]):
        history.receivers.note("one", shown, NOON)
    assert history.receivers.find_by_signs([SHOWN]) == history.receivers.find_by_signs([renewed]) == {"one"}


def test_what_was_kept_under_one_address_is_kept_under_the_other_once_they_are_joined(history: History) -> None:
    deliver(history, a_run(1), "INV-1", "INV-2")
    deliver(history, a_run(2, destination=OTHER), "INV-2", "INV-3")
    history.receivers.note(WHERE, [SHOWN], NOON)
    history.receivers.note(OTHER, [SHOWN], NOON)
    history.receivers.join(OTHER, OTHER, WHERE, by="ada", at=NOON)
    baseline = history.baseline(WHERE)
    assert baseline
    assert sorted(baseline.report["invoice_ref"]) == ["INV-1", "INV-2", "INV-3"]
    assert history.known_reports(WHERE) == {a_run(1).report_name, a_run(2).report_name}
    assert (history.baseline(OTHER), history.receivers.destinations()) == (None, [WHERE])
    assert history.receivers.find_joined(OTHER) == (WHERE, "ada", NOON)
    assert history.receivers.find_by_signs([SHOWN]) == {WHERE}
    deliver(history, a_run(3), "INV-3")
    assert [run.id for run in history.runs()] == ["run-003", "run-002", "run-001"]
    following = history.baseline(WHERE)
    assert following
    assert following.runs == ("run-003",)


def test_of_a_pdf_that_was_sent_to_both_addresses_nobody_knows_which_stands_there(history: History) -> None:
    for number, where in ((1, WHERE), (2, OTHER)):
        run = a_run(number, destination=where)
        publish(history, run, "INV-1")
        pdfs = [a_pdf("both.pdf", str(number)), a_pdf(f"{number}.pdf")]
        history.record_delivery(run, ended_at=START, receipt="{}", documents=pdfs)
    history.receivers.join(OTHER, OTHER, WHERE, by="ada", at=NOON)
    assert history.documents(WHERE).keys() == {"1.pdf", "2.pdf", "both.pdf"}
    assert history.documents(WHERE)["both.pdf"].sha256 == ""
    assert history.documents(OTHER) == {}


def test_addresses_follow_where_their_destination_is_joined_to_another(history: History) -> None:
    history.receivers.join("a", "a", "b", by="ada", at=NOON)
    history.receivers.join("b", "b", "c", by="bob", at=NOON)
    assert [history.receivers.find_joined(each) for each in ("a", "b", "c")] == [
        ("c", "ada", NOON), ("c", "bob", NOON), None,
    ]  # fmt: skip


@pytest.mark.parametrize(("state", "counts"), [("running", False), ("publishing", True), ("failed", False)])
def test_a_run_counts_once_its_report_may_have_arrived(history: History, state: str, counts: bool) -> None:
    publish(history, a_run(1), "INV-1")
    with history._engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE runs SET state = '{state}'")
    assert (history.receivers.may_have_arrived("run-001"), history.receivers.may_have_arrived("run-002")) == (
        counts,
        False,
    )
    assert (history.receivers.latest(WHERE) is not None, history.receivers.destinations() == [WHERE]) == (counts,) * 2
