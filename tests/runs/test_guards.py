"""What may be marked as paid, and what is refused: issue by issue, with the receiver's files before and after."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from arfeed import RefusedError, SourceError
from arfeed.planning.habits.memory import Habits
from support.feeds.feed import HEADER, REPORTS, Feed, codes, invoice, invoices, refs_of, unpaid
from support.files.exports import document, xero

PAID_BY_ABSENCE = {"absent_means_paid": True}
TOO_MUCH = ["pattern", "surprise", "missing-money"]
"""What is said of 105 of 200 invoices that are gone at once, mostly before they were due."""


def test_a_first_delivery_is_refused_until_it_is_approved_with_0_missing(feed: Feed) -> None:
    feed.export(invoices(200))
    refused = feed.sync()
    assert codes(refused) == ["unknown-baseline"]
    assert (refused.receipt, feed.held()) == (None, {})
    approval = refused.plan.approval or ""
    assert approval.startswith("0-")
    assert feed.sync(approval).receipt
    assert len(feed.last_report()) == 200


def test_ten_of_two_hundred_paid_are_everyday_business(running: Feed) -> None:
    running.export(unpaid(paid=10))
    done = running.sync()
    assert (codes(done), done.plan.counts.missing) == ([], 10)
    assert sorted(done.plan.missing["reason"].unique()) == ["gone"]
    assert done.receipt
    assert len(running.last_report()) == 190


def test_ten_missing_from_a_source_whose_silence_says_nothing_are_unexplained(running: Feed) -> None:
    del running.sources["erp"]["absent_means_paid"]
    running.export(invoices(200))
    running.sync()
    running.export(invoices(190))
    assert refused_unchanged(running) == ["unexplained"]


def test_more_than_half_missing_is_refused_even_where_absence_means_paid(running: Feed) -> None:
    running.export(invoices(95))
    assert refused_unchanged(running) == TOO_MUCH


def test_the_last_ten_of_a_list_are_refused_as_a_cut_would_have_it(running: Feed) -> None:
    running.export(invoices(190))
    assert "pattern" in refused_unchanged(running)


@pytest.mark.parametrize(("balance", "asked"), [("90000.00", ["missing-money"]), ("90.00", [])])
def test_two_large_invoices_are_refused_by_their_money_alone(running: Feed, balance: str, asked: list[str]) -> None:
    not_due = {"amount": balance, "balance": balance, "issued_on": "2026-03-03", "due_on": "2026-04-30"}
    two = {number: invoice(number, **not_due) for number in (64, 128)}
    running.export(two.get(number) or invoice(number) for number in range(1, 201))
    running.approved()
    running.export(invoice(number) for number in range(1, 201) if number not in two)
    assert codes(running.plan()) == asked
    if asked:
        assert refused_unchanged(running) == asked


def test_renumbered_invoices_are_refused(running: Feed) -> None:
    running.export({**row, "invoice_ref": row["invoice_ref"].replace("INV", "RE")} for row in invoices(200))
    assert {"renamed", "missing-share"} <= set(refused_unchanged(running))


def test_one_renumbered_invoice_is_refused(running: Feed) -> None:
    running.export([*invoices(199), invoice(200, invoice_ref="INV-200/A")])
    assert refused_unchanged(running) == ["renamed"]


def test_a_filter_that_was_added_is_refused_at_any_share(running: Feed) -> None:
    running.export([invoice(1, customer_name="Acme"), *invoices(199, first=2)])
    running.sync()
    running.transforms.append({"use": "exclude", "customer_name": ["Acme"]})
    assert refused_unchanged(running) == ["still-open", "config-changed"]


def test_a_kind_that_the_destination_no_longer_takes_is_refused(running: Feed) -> None:
    credit = invoice(201, kind="credit_note", amount="-5.00", balance="-5.00")
    running.export([*invoices(200), credit])
    running.sync()
    running.destination["kinds"] = ["invoice"]
    assert refused_unchanged(running) == ["still-open", "config-changed"]


def test_a_source_taken_out_of_the_file_is_refused(running: Feed) -> None:
    running.sources["branch"] = {"absent_means_paid": True}
    running.export([invoice(900)], "branch")
    assert running.sync().receipt
    del running.sources["branch"]
    assert refused_unchanged(running) == ["unexplained", "config-changed"]


def test_an_older_export_is_refused(running: Feed) -> None:
    running.export([*invoices(200), *(invoice(number, issued_on="2026-04-02") for number in (201, 202))])
    running.sync()
    running.export(invoices(200))
    assert "older-list" in refused_unchanged(running)


def test_an_export_with_nothing_but_its_header_is_a_failed_source(running: Feed) -> None:
    running.export([])
    assert "it has no rows at all" in failed_unchanged(running)


def test_an_export_of_bills_is_a_failed_source(running: Feed) -> None:
    running.export(invoices(200), header=["supplier" if name == "customer_name" else name for name in HEADER])
    assert "customer_name" in failed_unchanged(running)


def test_bills_from_xero_instead_of_sales_are_a_failed_source(running: Feed) -> None:
    running.sources["erp"] = {"use": "xero", "path": "erp.csv", "dates": "DMY", "settle_seconds": 0}
    xero(running.folder / "erp.csv", document("INV-0001", Type="Bill"))
    assert "not Bills" in failed_unchanged(running)


def test_an_export_without_an_end_is_a_failed_source(running: Feed) -> None:
    file = running.folder / "erp.csv"
    file.write_bytes(file.read_bytes()[:-9])
    assert failed_unchanged(running)


def test_an_export_that_is_not_there_is_a_failed_source(running: Feed) -> None:
    (running.folder / "erp.csv").unlink()
    assert "no file matches" in failed_unchanged(running)


def test_everything_settled_is_refused_as_an_empty_report(running: Feed) -> None:
    running.export({**row, "balance": "0.00"} for row in invoices(200))
    assert refused_unchanged(running) == ["empty-report", "contradiction"]


# --- approval ---------------------------------------------------------------------------------------------------------


def test_the_printed_approval_delivers_that_plan(running: Feed) -> None:
    running.export(invoices(95))
    approval = running.sync().plan.approval or ""
    assert approval.startswith("105-")
    done = running.sync(approval)
    assert done.receipt
    assert len(running.last_report()) == 95
    assert codes(running.sync()) == []


def test_an_approval_is_recorded_with_who_gave_it(running: Feed) -> None:
    running.export(invoices(95))
    approval = running.sync().plan.approval
    running.sync(approval)
    receipt = running.receipts()[-1]
    assert receipt["approval"] == {"code": approval, "by": _by(receipt), "at": running.now.isoformat()}
    assert "process" in _by(receipt)


def test_an_approval_holds_when_an_unrelated_balance_has_moved(running: Feed) -> None:
    running.export(invoices(95))
    approval = running.sync().plan.approval
    running.export([invoice(1, balance="0.50"), *invoices(94, first=2)])
    assert running.sync(approval).receipt
    assert b"INV-0001" in running.held()[running.reports()[-1]]


def test_an_approval_is_refused_when_one_more_invoice_is_missing(running: Feed) -> None:
    running.export(invoices(95))
    approval = running.sync().plan.approval
    running.export(invoices(94))
    assert refused_unchanged(running, approval) == TOO_MUCH


def test_an_approval_is_refused_when_another_invoice_is_missing_instead(running: Feed) -> None:
    running.export(invoices(95))
    approval = running.sync().plan.approval
    running.export([*invoices(94), invoice(96)])
    assert refused_unchanged(running, approval) == TOO_MUCH


def test_an_approval_is_refused_when_an_objection_is_new(running: Feed) -> None:
    running.export(invoices(95))
    approval = running.sync().plan.approval
    running.sources["erp"]["documents"] = "{invoice_ref}.pdf"
    assert refused_unchanged(running, approval) == ["config-changed", *TOO_MUCH]


def test_an_approval_of_a_plan_without_objections_is_not_recorded(running: Feed) -> None:
    running.export(unpaid(paid=10))
    assert running.sync("10-abcdef").receipt
    assert running.receipts()[-1]["approval"] is None


def test_an_old_approval_is_refused_after_a_resend(running: Feed) -> None:
    running.export(invoices(95))
    approval, first = running.sync().plan.approval, running.receipts()[0]["run"]
    assert running.resend(str(first)).receipt
    assert refused_unchanged(running, approval) == TOO_MUCH


# --- who else delivers there ------------------------------------------------------------------------------------------


def test_a_lost_history_is_refused(running: Feed) -> None:
    (running.folder / ".arfeed/history.db").unlink()
    refused = running.sync()
    assert codes(refused) == ["unknown-baseline", "foreign-report", "history-behind"]
    assert refused.plan.approval is None


@pytest.mark.parametrize("state", ["this", "another"])
@pytest.mark.parametrize("takes_away", [False, True], ids=["left", "taken away"])
def test_what_a_restored_history_has_forgotten_is_seen_at_the_receiver_or_by_the_machine_that_sent_it(
    running: Feed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, takes_away: bool, state: str
) -> None:
    """As docs/operations.md warns: on another machine, where the receiver took the report away, nobody can see it."""
    database = running.folder / ".arfeed/history.db"
    backup = database.read_bytes()
    running.export(invoices(201))
    assert running.sync().receipt
    database.write_bytes(backup)
    if takes_away:
        for name in running.reports():
            (running.receiver / name).unlink()
    if state == "another":
        monkeypatch.setenv("ARFEED_STATE", str(tmp_path / "another"))
    running.export(invoices(200))
    seen = {"foreign-report": not takes_away, "history-behind": state == "this"}
    assert codes(running.sync()) == [code for code, is_seen in seen.items() if is_seen]


def test_a_second_feed_with_its_own_history_is_refused(running: Feed, tmp_path: Path) -> None:
    other = Feed(tmp_path / "other", receiver=running.receiver)
    other.export(invoices(3, first=800))
    before = running.held()
    assert codes(other.sync()) == ["unknown-baseline", "foreign-report", "history-behind"]
    assert running.held() == before


def test_a_second_feed_with_the_same_history_shares_its_baseline(running: Feed, tmp_path: Path) -> None:
    history = f"sqlite:///{running.folder}/.arfeed/history.db"
    other = Feed(tmp_path / "other", receiver=running.receiver, history=history)
    other.sources["erp"]["absent_means_paid"] = True
    other.export(invoices(3, first=800))
    assert {"missing-share", "config-changed"} <= set(refused_unchanged(other))


def test_a_foreign_report_is_refused_and_cannot_be_approved(running: Feed) -> None:
    (running.receiver / REPORTS / "from_another.csv").write_text("invoice_ref,balance\n")
    running.export(invoices(95))
    assert refused_unchanged(running) == ["foreign-report", *TOO_MUCH]
    assert running.plan().approval is None


def test_a_foreign_report_that_comes_while_the_pdfs_are_sent_is_refused(running: Feed) -> None:
    running.sources["erp"]["documents"] = "pdf/{invoice_ref}.pdf"
    running.print_pdfs(["INV-0001"])
    foreign = running.receiver / REPORTS / "from_another.csv"
    running.steps.during["Sending the PDFs"] = lambda: foreign.write_text("invoice_ref,balance\n")
    with pytest.raises(RefusedError, match=r"foreign-report: from_another\.csv came"):
        running.sync()
    assert sorted(running.held()) == ["INV-0001.pdf", f"{REPORTS}/{foreign.name}", running.reports()[-1]]
    assert running.states() == ["delivered", "failed"]
    assert codes(running.plan()) == ["foreign-report"]


def test_pdfs_sent_before_a_foreign_report_came_are_not_sent_again(running: Feed) -> None:
    running.sources["erp"]["documents"] = "pdf/{invoice_ref}.pdf"
    running.print_pdfs(["INV-0001"])
    foreign = running.receiver / REPORTS / "from_another.csv"
    running.steps.during["Sending the PDFs"] = lambda: foreign.write_text("invoice_ref,balance\n")
    with pytest.raises(RefusedError):
        running.sync()
    del running.steps.during["Sending the PDFs"]
    foreign.unlink()
    done = running.sync()
    assert (done.plan.documents.present, len(done.plan.documents.send)) == (1, 0)


# --- what is the same on the command line -----------------------------------------------------------------------------


def test_the_command_line_refuses_with_3_and_prints_what_to_type_next(running: Feed) -> None:
    running.export(invoices(95))
    before = running.held()
    refused = running.run("sync")
    assert (refused.returncode, running.held()) == (3, before)
    assert "arfeed has learned from 0 reports" in refused.stdout
    command = refused.stdout.split("If this is right: arfeed ")[1].split()
    delivered = running.run(*command)
    assert (delivered.returncode, len(running.last_report())) == (0, 95)


def test_the_command_line_ends_with_4_where_a_source_failed(running: Feed) -> None:
    running.export([])
    before = running.held()
    failed = running.run("sync")
    assert (failed.returncode, running.held()) == (4, before)
    assert failed.stderr.splitlines()[-1].startswith("arfeed: erp: it has no rows at all")


def refused_unchanged(feed: Feed, approve: str | None = None) -> list[str]:
    """Return why a sync was refused, having seen that nothing at the receiver has changed and that `plan` agrees."""
    before, states = feed.held(), feed.states()
    result = feed.sync(approve)
    assert result.receipt is None
    assert feed.held() == before
    assert feed.states() == states
    assert codes(feed.plan()) == codes(result)
    return codes(result)


def failed_unchanged(feed: Feed) -> str:
    """Return why a source failed, having seen that nothing at the receiver has changed."""
    before = feed.held()
    with pytest.raises(SourceError) as error:
        feed.sync()
    assert error.value.exit_code == 4
    assert feed.held() == before
    return str(error.value)


def _by(receipt: dict[str, object]) -> str:
    approval = receipt["approval"]
    assert isinstance(approval, dict)
    return str(approval["by"])


def test_reports_are_read_back_as_they_were_delivered(running: Feed) -> None:
    assert refs_of(running.held()[running.reports()[0]]) == [row["invoice_ref"] for row in invoices(200)]


def test_invoices_that_are_spelled_otherwise_are_never_taken_for_the_same(running: Feed) -> None:
    running.export([{**row, "invoice_ref": row["invoice_ref"].lower()} for row in invoices(200)])
    refused = running.sync()
    assert refused.receipt is None
    assert {"renamed", "still-open"} <= set(codes(refused))
    assert refused.plan.counts.missing == 200


def test_what_was_learned_of_a_source_holds_under_another_name(running: Feed) -> None:
    for paid in (2, 4, 6):
        running.now += timedelta(days=1)
        running.export(unpaid(paid=paid))
        assert running.sync().receipt
    learned = learned_of(running, "erp")
    assert learned == 3
    running.sources = {"books": {"path": "erp.csv", **PAID_BY_ABSENCE}}
    done = running.sync()
    assert (codes(done), bool(done.receipt)) == ([], True)
    (note,) = (note for note in done.plan.notes if note.startswith("books lists the invoices of erp, a former source"))
    assert "what was learned of it still applies" in note
    assert learned_of(running, "books") >= learned
    assert not any("lists the invoices of" in note for note in running.plan().notes)


def learned_of(feed: Feed, source: str) -> int:
    """Return how many reports of a source were learned from."""
    with feed.records() as history:
        baseline = history.baseline(feed.receiver.as_uri())
    assert baseline
    assert baseline.habits
    return Habits.unpack(baseline.habits).of(source).reports


def test_another_source_in_its_place_is_not_the_same_one(running: Feed) -> None:
    running.sources = {"books": dict(PAID_BY_ABSENCE)}
    running.export(invoices(20, first=900), source="books")
    assert not any("lists the invoices of" in note for note in running.plan().notes)
