"""Receipts: canonical, sealed, recovered; and what an interrupted run is judged by."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from arfeed.history.packing import pack_report
from arfeed.history.receipts import mark_recovered, verify
from arfeed.history.recovery import find_arrived, judge, parts_of
from arfeed.model.results import SentDocument
from support.feeds.feed import Feed, invoices
from support.feeds.recorded_runs import a_pdf, a_run


@pytest.fixture
def delivered(tmp_path: Path) -> Feed:
    """A feed that was delivered once."""
    feed = Feed(tmp_path / "feed")
    feed.export(invoices(3))
    feed.approved()
    return feed


@pytest.fixture
def receipt(delivered: Feed) -> str:
    with delivered.records() as history:
        return history.runs()[0].receipt or ""


def test_a_receipt_is_as_it_was_written(receipt: str) -> None:
    assert verify(receipt)


@pytest.mark.parametrize("key", ["approval", "documents", "missing", "report", "sha256", "sources", "totals"])
def test_a_change_anywhere_in_a_receipt_is_found(receipt: str, key: str) -> None:
    document = json.loads(receipt)
    assert key in document
    assert not verify(json.dumps({**document, key: None}))
    del document[key]
    assert not verify(json.dumps(document))


def test_a_receipt_is_canonical_json(receipt: str) -> None:
    assert receipt == json.dumps(json.loads(receipt), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def test_a_receipt_says_what_was_delivered_and_from_what(delivered: Feed, receipt: str) -> None:
    document = json.loads(receipt)
    (report,) = delivered.reports()
    assert f"{document['report']['folder']}/{document['report']['name']}" == report
    assert document["report"]["size"] == len(delivered.held()[report])
    assert document["report"]["verified"] is True
    assert document["totals"] == [{"source": "erp", "currency": "EUR", "count": 3, "balance": "306.0000"}]
    assert [objection["code"] for objection in document["objections"]] == ["unknown-baseline"]


def test_a_recovered_receipt_has_a_seal_of_its_own(receipt: str) -> None:
    body = mark_recovered(receipt, verified=True)
    assert verify(body)
    assert json.loads(body)["recovered"] is True


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE runs SET receipt = replace(receipt, '306.0000', '306.0100')", "its receipt was changed"),
        ("UPDATE runs SET receipt = 'garbage'", "its receipt was changed"),
        ("UPDATE runs SET receipt = NULL", "its receipt is gone"),
        ("UPDATE runs SET approved_by = 'the boss'", "it differs from its receipt"),
        ("UPDATE runs SET missing_count = 7", "it differs from its receipt"),
        ("UPDATE reports SET parquet = x'00'", "a report kept there is damaged"),
    ],
    ids=["receipt", "garbage", "gone", "approver", "count", "report"],
)
def test_history_verify_finds_what_was_changed(delivered: Feed, receipt: str, statement: str, said: str) -> None:
    assert "306.0000" in receipt
    assert delivered.command("history", "verify")[0] == 0
    with delivered.records() as history, history._engine.begin() as connection:
        connection.exec_driver_sql(statement)
        run = history.runs()[0].id
    code, text = delivered.command("history", "verify")
    assert (code, f"run {run}: " in text, said in text) == (2, True, True)


def test_history_verify_finds_a_kept_report_that_was_cut(delivered: Feed) -> None:
    with delivered.records() as history, history._engine.begin() as connection:
        run = history.runs()[0]
        cut = pack_report(history.report(run.id, run.destination).iloc[:1])
        connection.exec_driver_sql("UPDATE reports SET parquet = ?", (cut,))
    code, text = delivered.command("history", "verify")
    assert (code, "does not sum to its receipt" in text) == (2, True)


# --- what became of an interrupted run --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "there", "part", "verdict"),
    [
        ("running", 100, False, "lost"),
        ("running", None, True, "lost"),
        ("publishing", 100, False, "arrived"),
        ("publishing", 100, True, "arrived"),
        ("publishing", 99, False, "unknown"),
        ("publishing", None, True, "lost"),
        ("publishing", None, False, "unknown"),
    ],
)
def test_an_interrupted_run_is_judged_by_what_is_there(state: str, there: int | None, part: bool, verdict: str) -> None:
    run = a_run(1, state=state)
    reports = {run.report_name: there} if there else {}
    parts = [f".{run.report_name}.{run.id}.part"] if part else []
    assert judge(run, reports, parts) == verdict


def test_the_part_of_a_pdf_says_nothing_of_the_report() -> None:
    assert judge(a_run(1, state="publishing"), {}, [".A.pdf.run-001.part"]) == "unknown"


def test_only_a_runs_own_parts_are_its_leftovers() -> None:
    names = [".A.pdf.run-001.part", ".A.pdf.run-0011.part", "A.pdf.run-001.part", ".A.pdf.run-001.part.pdf", "A.pdf"]
    assert parts_of("run-001", names) == [".A.pdf.run-001.part"]


@pytest.mark.parametrize(
    ("there", "known", "arrived"),
    [(10, None, True), (9, None, False), (None, None, False), (10, 9, True), (10, 10, False)],
    ids=["new", "new of another size", "not there", "of a new size", "of the size it had"],
)
def test_a_pdf_is_proven_by_what_can_only_be_the_new_one(there: int | None, known: int | None, arrived: bool) -> None:
    document = a_pdf("A.pdf")
    listing = {} if there is None else {"A.pdf": there}
    before = {} if known is None else {"A.pdf": SentDocument("A", "0", "b" * 64, known)}
    assert find_arrived([document], listing, before) == ([document] if arrived else [])
