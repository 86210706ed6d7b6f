"""What the history makes of runs that went well, badly, or nobody knows how."""

from __future__ import annotations

from datetime import timedelta

import pytest

from arfeed import ConfigError, LockedError
from arfeed.history.packing import pack_report
from arfeed.history.reading import KEPT_REPORTS
from arfeed.history.store import History
from arfeed.model.results import SentDocument
from support.feeds.recorded_runs import READS, START, WHERE, a_pdf, a_run, deliver, publish, refs, report


def test_without_a_delivery_there_is_no_baseline(database: str) -> None:
    with History(database) as history:
        assert history.baseline(WHERE) is None
        history.begin(a_run(1), pack_report(report("A")), READS)
        assert history.baseline(WHERE) is None


def test_a_delivery_becomes_the_baseline(database: str) -> None:
    with History(database) as history:
        deliver(history, a_run(1), "A", "B")
        deliver(history, a_run(2), "B", "C")
        baseline = history.baseline(WHERE)
        assert baseline
        assert (refs(baseline), baseline.id, baseline.reads) == (["B", "C"], "run-002", READS)


def test_a_report_comes_back_as_it_was_kept(database: str) -> None:
    with History(database) as history:
        history.begin(a_run(1), pack_report(report("É-1", balance="-0.0500")), READS)
        kept = history.report("run-001", WHERE)
        assert kept["invoice_ref"].tolist() == ["É-1"]
        assert [str(value) for value in kept["balance"]] == ["-0.0500"]
        assert kept.dtypes.astype("str").to_dict()["balance"] == "decimal128(20, 4)[pyarrow]"


def test_each_destination_has_a_baseline_of_its_own(database: str) -> None:
    with History(database) as history:
        deliver(history, a_run(1), "A")
        deliver(history, a_run(2, destination="file:///elsewhere"), "B")
        assert refs(history.baseline(WHERE)) == ["A"]
        assert refs(history.baseline("file:///elsewhere")) == ["B"]


def test_a_failed_run_never_becomes_the_baseline(database: str) -> None:
    with History(database) as history:
        deliver(history, a_run(1), "A")
        publish(history, a_run(2), "B")
        history.record_failure(a_run(2), ended_at=START)
        assert refs(history.baseline(WHERE)) == ["A"]
        assert [run.receipt for run in history.runs()] == [None, "{}"]


def test_an_unsettled_run_counts_beside_the_last_delivery(database: str) -> None:
    with History(database) as history:
        deliver(history, a_run(1), "A", "B")
        publish(history, a_run(2), "B", "C")
        history.record_failure(a_run(2), ended_at=START, unsettled=True)
        assert refs(history.baseline(WHERE)) == ["A", "B", "C"]
        deliver(history, a_run(3), "C")
        assert refs(history.baseline(WHERE)) == ["C"]


def test_an_unverified_delivery_counts_beside_the_one_before(database: str) -> None:
    with History(database) as history:
        deliver(history, a_run(1), "A")
        deliver(history, a_run(2), "B", verified=False)
        baseline = history.baseline(WHERE)
        assert baseline
        assert (refs(baseline), baseline.id) == (["A", "B"], "run-001+run-002")
        deliver(history, a_run(3), "B")
        assert refs(history.baseline(WHERE)) == ["B"]


def test_the_later_row_counts_where_a_reference_stands_in_both(database: str) -> None:
    with History(database) as history:
        deliver(history, a_run(1), "inv-1")
        publish(history, a_run(2), "INV-1", "INV-2")
        baseline = history.baseline(WHERE)
        assert refs(baseline) == ["INV-1", "INV-2"]


def test_settings_are_unknown_where_two_deliveries_count_that_differ_in_them(database: str) -> None:
    with History(database) as history:
        deliver(history, a_run(1), "A")
        publish(history, a_run(2, settings="0ther"), "A")
        history.record_failure(a_run(2), ended_at=START, unsettled=True)
        baseline = history.baseline(WHERE)
        assert baseline
        assert baseline.settings == ""


def test_a_run_under_way_counts_for_a_plan_unless_it_is_known_how_it_ended(database: str) -> None:
    with History(database) as history:
        deliver(history, a_run(1), "A")
        publish(history, a_run(2), "B")
        assert refs(history.baseline(WHERE)) == ["A", "B"]
        assert refs(history.baseline(WHERE, arrived=["run-002"])) == ["B"]
        assert refs(history.baseline(WHERE, lost=["run-002"])) == ["A"]


def test_a_run_without_the_lock_may_not_publish(database: str) -> None:
    with History(database) as history:
        history.begin(a_run(1), pack_report(report("A")), READS)
        with history.lock(WHERE, "another", 60), pytest.raises(LockedError, match="run run-001 lost its lock"):
            history.begin_publishing(a_run(1), None, "{}", 60)
        assert [run.state for run in history.runs()] == ["running"]


def test_a_run_whose_baseline_is_no_longer_the_baseline_may_not_publish(database: str) -> None:
    with History(database) as history:
        deliver(history, a_run(1), "A")
        compared_with = history.baseline(WHERE)
        deliver(history, a_run(2), "A", "B")
        history.begin(a_run(3), pack_report(report("A")), READS)
        with history.lock(WHERE, "run-003", 60), pytest.raises(LockedError):
            history.begin_publishing(a_run(3), compared_with, "{}", 60)
        assert refs(history.baseline(WHERE)) == ["A", "B"]


def test_a_sleeper_that_was_settled_as_arrived_does_not_replace_the_next_delivery(database: str) -> None:
    with History(database) as history:
        publish(history, a_run(1), "A")
        history.record_delivery(a_run(1), ended_at=START, receipt="{}", documents=[])
        deliver(history, a_run(2), "B")
        with pytest.raises(LockedError):
            history.record_delivery(a_run(1), ended_at=START, receipt="{}", documents=[])
        assert refs(history.baseline(WHERE)) == ["B"]


def test_a_sleeper_that_was_taken_for_lost_but_did_publish_counts_beside_the_next_delivery(database: str) -> None:
    with History(database) as history:
        publish(history, a_run(1), "A")
        history.record_failure(a_run(1), ended_at=START)
        deliver(history, a_run(2), "B")
        with pytest.raises(LockedError, match="published anyway"):
            history.record_delivery(a_run(1), ended_at=START, receipt="{}", documents=[])
        assert refs(history.baseline(WHERE)) == ["A", "B"]
        assert [run.state for run in history.runs()] == ["delivered", "unsettled"]


def test_a_sleeper_that_failed_does_not_change_what_another_run_settled(database: str) -> None:
    with History(database) as history:
        deliver(history, a_run(1), "A")
        with pytest.raises(LockedError):
            history.record_failure(a_run(1), ended_at=START)
        assert [run.state for run in history.runs()] == ["delivered"]


def test_a_run_without_the_lock_may_not_adopt(database: str) -> None:
    with History(database) as history:
        deliver(history, a_run(1), "A")
        with history.lock(WHERE, "another", 60), pytest.raises(LockedError):
            history.record_adoption(a_run(2, kind="adopt", state="delivered"), report("B"), ["b.csv"], 60)
        assert refs(history.baseline(WHERE)) == ["A"]


def test_an_adopted_report_is_the_only_baseline_and_its_names_are_known(database: str) -> None:
    with History(database) as history:
        deliver(history, a_run(1), "A")
        with history.lock(WHERE, "run-002", 60):
            history.record_adoption(a_run(2, kind="adopt", state="delivered"), report("B"), ["b.csv", "c.csv"], 60)
        assert refs(history.baseline(WHERE)) == ["B"]
        assert history.known_reports(WHERE) >= {"b.csv", "c.csv", a_run(1).report_name}


def test_the_last_30_reports_are_kept(database: str) -> None:
    with History(database) as history:
        for number in range(KEPT_REPORTS + 3):
            deliver(history, a_run(number), "A")
        assert history.report("run-003", WHERE)["invoice_ref"].tolist() == ["A"]
        with pytest.raises(ConfigError, match="the last 30 reports are kept"):
            history.report("run-002", WHERE)
        assert len(history.runs()) == KEPT_REPORTS + 3


def test_a_baseline_is_kept_however_old_it_is(database: str) -> None:
    with History(database) as history:
        deliver(history, a_run(0), "A")
        for number in range(1, KEPT_REPORTS + 3):
            deliver(history, a_run(number), "B", verified=False)
        assert refs(history.baseline(WHERE)) == ["A", "B"]


def test_report_times_are_remembered_of_every_run_that_began(database: str) -> None:
    with History(database) as history:
        deliver(history, a_run(1), "A")
        history.begin(a_run(5), pack_report(report("A")), READS)
        assert history.latest_report_at(WHERE) == START + timedelta(days=5)
        assert history.latest_report_at("file:///elsewhere") is None


def test_pdfs_that_arrived_are_remembered(database: str) -> None:
    with History(database) as history:
        history.begin(a_run(1), pack_report(report("A")), READS, [a_pdf("A.pdf"), a_pdf("B.pdf")])
        assert [document.name for document in history.planned_documents("run-001")] == ["A.pdf", "B.pdf"]
        history.record_failure(a_run(1), ended_at=START, documents=[a_pdf("A.pdf")])
        assert list(history.documents(WHERE)) == ["A.pdf"]
        assert history.planned_documents("run-001") == []


def test_a_pdf_of_which_nobody_can_say_what_stands_there_keeps_its_name_without_a_content(database: str) -> None:
    with History(database) as history:
        history.begin(a_run(1), pack_report(report("A")), READS, [a_pdf("A.pdf")])
        history.record_failure(a_run(1), ended_at=START, documents=[a_pdf("A.pdf")])
        history.begin(a_run(2), pack_report(report("A")), READS, [a_pdf("A.pdf", "2")])
        history.record_failure(a_run(2), ended_at=START)
        assert history.documents(WHERE) == {"A.pdf": SentDocument("A", "", "", -1)}
