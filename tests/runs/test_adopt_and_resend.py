"""Taking another report as baseline, and sending an earlier one again."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from arfeed import ConfigError, ProblemsError, RefusedError, SourceError
from support.feeds.feed import REPORTS, Feed, codes, invoice, invoices


def test_adopting_the_one_unknown_report_settles_a_lost_history(running: Feed) -> None:
    lose_history(running)
    before = running.held()
    adopted = running.adopt()
    assert (adopted.name, adopted.open_count) == (running.reports()[0].removeprefix(f"{REPORTS}/"), 200)
    assert running.held() == before
    running.export(invoices(190))
    done = running.sync()
    assert (codes(done), done.plan.counts.missing) == (["unexplained"], 10)


def test_nothing_is_missed_after_adopting_what_is_still_listed(running: Feed) -> None:
    lose_history(running)
    running.adopt()
    assert running.sync().plan.counts == (0, 0, 200, 0)
    assert len(running.reports()) == 2


def test_of_several_unknown_reports_one_must_be_named(running: Feed) -> None:
    running.sync()
    first, last = (name.removeprefix(f"{REPORTS}/") for name in running.reports())
    lose_history(running)
    with pytest.raises(ConfigError, match=rf"2 are unknown: {first}, {last}\. .* is taken by: arfeed adopt {last}$"):
        running.adopt()
    assert running.states() == []
    assert running.adopt(last).known == (first, last)
    assert codes(running.plan()) == []


@pytest.mark.parametrize("local", [False, True], ids=["there", "a file here"])
def test_an_older_report_is_adopted_only_with_approval_of_what_a_later_one_listed(
    running: Feed, tmp_path: Path, local: bool
) -> None:
    running.export(invoices(210))
    running.sync()
    older, later = (name.removeprefix(f"{REPORTS}/") for name in running.reports())
    chosen = tmp_path / later if local else Path(older)
    if local:
        chosen.write_bytes(running.held()[f"{REPORTS}/{older}"])
    lose_history(running)
    with pytest.raises(RefusedError, match=rf"lacks 10 invoices of {later} \(INV-0201, INV-0202") as refused:
        running.adopt(str(chosen))
    assert running.states() == []
    approval = str(refused.value).rsplit(" ", 1)[1]
    assert approval.startswith("10-")
    with pytest.raises(RefusedError):
        running.adopt(str(chosen), "10-000000")
    assert running.adopt(str(chosen), approval).open_count == 200


def test_what_an_earlier_report_listed_and_the_last_does_not_needs_no_approval(running: Feed) -> None:
    running.export(invoices(190))
    running.approved()
    lose_history(running)
    assert running.adopt(running.reports()[-1].removeprefix(f"{REPORTS}/")).open_count == 190


def test_a_report_named_otherwise_may_be_the_later_one(running: Feed) -> None:
    own = running.reports()[0].removeprefix(f"{REPORTS}/")
    (running.receiver / REPORTS / "a_by_hand.csv").write_bytes(running.held()[running.reports()[0]] + _line(900))
    lose_history(running)
    assert running.plan().foreign == ("a_by_hand.csv", own)
    with pytest.raises(RefusedError, match=r"lacks 1 invoice of a_by_hand\.csv \(INV-0900\)"):
        running.adopt(own)
    assert running.adopt("a_by_hand.csv").open_count == 201


def test_what_two_reports_lack_alike_is_counted_once(running: Feed, tmp_path: Path) -> None:
    short = tmp_path / "short.csv"
    whole = running.held()[running.reports()[0]]
    short.write_bytes(b"".join(whole.splitlines(keepends=True)[:-3]))
    (running.receiver / REPORTS / "a_by_hand.csv").write_bytes(whole + _line(900))
    with pytest.raises(RefusedError, match=r"lacks 4 invoices of the present baseline, a_by_hand\.csv") as refused:
        running.adopt(str(short))
    assert running.adopt(str(short), str(refused.value).rsplit(" ", 1)[1]).open_count == 197


def test_without_an_unknown_report_there_is_nothing_to_adopt(running: Feed) -> None:
    with pytest.raises(ConfigError, match="there is no unknown report there"):
        running.adopt()


def test_a_name_that_is_nowhere_is_no_report(running: Feed) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.csv: there is no such file here, and no such report"):
        running.adopt("nowhere.csv")


def test_a_file_here_can_be_the_baseline_of_a_receiver_that_keeps_nothing(running: Feed, tmp_path: Path) -> None:
    copy = tmp_path / "saved.csv"
    copy.write_bytes(running.held()[running.reports()[0]])
    (running.receiver / running.reports()[0]).unlink()
    lose_history(running)
    assert running.adopt(str(copy)).open_count == 200
    assert running.sync().receipt


def test_a_file_that_is_no_report_is_not_adopted(running: Feed, tmp_path: Path) -> None:
    copy = tmp_path / "saved.csv"
    copy.write_bytes(running.held()[running.reports()[0]].replace(b"INV-0001", b"INV-0002"))
    with pytest.raises(ProblemsError, match="share an invoice number"):
        running.adopt(str(copy))
    assert running.states() == ["delivered"]


def test_a_report_that_drops_invoices_of_the_baseline_needs_its_approval(running: Feed, tmp_path: Path) -> None:
    short = tmp_path / "short.csv"
    lines = running.held()[running.reports()[0]].splitlines(keepends=True)
    short.write_bytes(b"".join(lines[:-3]))
    with pytest.raises(RefusedError, match="lacks 3 invoices of the present baseline") as refused:
        running.adopt(str(short))
    approval = str(refused.value).rsplit(" ", 1)[1]
    assert approval.startswith("3-")
    assert running.adopt(str(short), approval).open_count == 197
    assert running.sync().plan.counts.new == 3


def test_an_approval_to_adopt_is_for_one_file_only(running: Feed, tmp_path: Path) -> None:
    short = tmp_path / "short.csv"
    lines = running.held()[running.reports()[0]].splitlines(keepends=True)
    short.write_bytes(b"".join(lines[:-3]))
    with pytest.raises(RefusedError) as refused:
        running.adopt(str(short))
    short.write_bytes(b"".join(lines[:-4]))
    with pytest.raises(RefusedError, match="lacks 4 invoices"):
        running.adopt(str(short), str(refused.value).rsplit(" ", 1)[1])


def test_a_foreign_report_is_settled_by_adopting_it(running: Feed) -> None:
    foreign = running.receiver / REPORTS / "zz_from_another.csv"
    foreign.write_bytes(running.held()[running.reports()[0]] + _line(900))
    assert codes(running.sync()) == ["foreign-report"]
    assert running.adopt().name == foreign.name
    refused = running.sync()
    assert (codes(refused), refused.plan.missing["invoice_ref"].tolist()) == (["unexplained"], ["INV-0900"])


# --- resend -----------------------------------------------------------------------------------------------------------


def test_a_resent_report_is_delivered_under_a_new_name(running: Feed) -> None:
    first = running.reports()[0]
    assert running.resend(run_of(running, 0)).receipt
    again = running.reports()[1]
    assert again > first
    assert running.held()[again] == running.held()[first]


def test_a_resent_report_is_compared_with_the_present_baseline(running: Feed) -> None:
    running.export([*invoices(200), invoice(201)])
    running.sync()
    before = running.held()
    refused = running.resend(run_of(running, 0))
    assert (refused.receipt, running.held()) == (None, before)
    assert (codes(refused), refused.plan.missing["invoice_ref"].tolist()) == (["unexplained"], ["INV-0201"])
    assert running.resend(run_of(running, 0), refused.plan.approval).receipt
    assert len(running.last_report()) == 200


def test_what_a_resend_dropped_is_new_again_the_next_day(running: Feed) -> None:
    running.export([*invoices(200), invoice(201)])
    running.sync()
    running.resend(run_of(running, 0), running.resend(run_of(running, 0)).plan.approval)
    assert running.sync().plan.counts == (1, 0, 200, 0)


def test_an_older_export_is_refused_after_a_resend_too(running: Feed) -> None:
    running.export([*invoices(200), *(invoice(number, issued_on="2026-04-02") for number in (201, 202))])
    running.sync()
    running.resend(run_of(running, 1))
    running.export(invoices(200))
    assert "older-list" in codes(running.sync())


def test_a_run_that_nobody_knows_is_refused(running: Feed) -> None:
    with pytest.raises(ConfigError, match="no report of a run 'nobody' to"):
        running.resend("nobody")


def test_a_run_to_another_destination_is_not_resent(running: Feed, tmp_path: Path) -> None:
    other = Feed(tmp_path / "other", history=f"sqlite:///{running.folder}/.arfeed/history.db")
    with pytest.raises(ConfigError, match=f"no report of a run .* to {other.where} is kept"):
        other.resend(run_of(running, 0))
    assert other.held() == {}


def test_report_names_never_run_backwards(running: Feed) -> None:
    running.now -= timedelta(days=400)
    running.sync()
    first, second = running.reports()
    assert first == f"{REPORTS}/open_ar_20260404T121500Z.csv"
    assert second == f"{REPORTS}/open_ar_20260404T121501Z.csv"


def lose_history(feed: Feed) -> None:
    (feed.folder / ".arfeed/history.db").unlink()


def run_of(feed: Feed, number: int) -> str:
    return str(feed.receipts()[number]["run"])


def _line(number: int) -> bytes:
    row = invoice(number)
    return (
        f'"{row["invoice_ref"]}",invoice,,{row["customer_name"]},,EUR,2026-03-05,,{row["amount"]},{row["balance"]},,\n'
    ).encode()


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe\x00", b"invoice_ref\n1,2,3\n", "Müller".encode("cp1252")], ids=repr
)
def test_what_is_no_report_can_not_be_adopted(running: Feed, tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "strange.csv"
    file.write_bytes(content)
    with pytest.raises((ConfigError, SourceError)):
        running.adopt(str(file))
    assert running.states() == ["delivered"]
