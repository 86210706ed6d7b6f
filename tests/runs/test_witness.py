"""The second witness: a history that does not know what this machine delivered last is behind."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

from arfeed.runs.receiver import witness
from runs.test_receivers import execute, take_in
from support.feeds.feed import Feed, codes, invoices


@pytest.fixture
def restored(running: Feed) -> Feed:
    """A feed whose history was restored from before its last delivery, of 230 invoices; its receiver keeps nothing."""
    backup = database(running).read_bytes()
    running.export(invoices(230))
    assert running.sync().receipt
    shutil.copy(running.receiver / running.reports()[-1], running.folder / "saved.csv")
    take_in(running)
    database(running).write_bytes(backup)
    running.export(invoices(200))
    return running


def test_a_history_that_was_restored_from_an_older_backup_is_refused(restored: Feed) -> None:
    refused = restored.sync()
    assert (codes(refused), refused.receipt, restored.held()) == (["history-behind"], None, {})
    (message,) = (objection.message for objection in refused.plan.objections)
    assert "on 2026-04-04 13:15 UTC (open_ar_20260404T131500Z.csv, 230 invoices)" in message
    assert f"the last that it knows is {refused.plan.baseline} of 2026-04-04 12:15 UTC" in message
    assert codes(restored.plan()) == ["history-behind"]


def test_the_newer_history_put_back_settles_it(running: Feed) -> None:
    running.export(invoices(230))
    older = database(running).read_bytes()
    assert running.sync().receipt
    newer = database(running).read_bytes()
    database(running).write_bytes(older)
    assert "history-behind" in codes(running.plan())
    database(running).write_bytes(newer)
    assert codes(running.plan()) == []


def test_the_forgotten_report_taken_as_baseline_settles_it(restored: Feed) -> None:
    restored.adopt(str(restored.folder / "saved.csv"))
    refused = restored.sync()
    assert (codes(refused), refused.plan.counts.missing) == (["unexplained"], 30)


def test_an_approval_covers_the_one_forgotten_report_that_was_shown(restored: Feed) -> None:
    approval = restored.sync().plan.approval
    assert approval
    assert approval.startswith("0-")
    (file,) = witness.state_folder().iterdir()
    shown = file.read_text()
    file.write_text(shown.replace('"run": "2026', '"run": "2027'))
    refused = restored.sync(approval)
    assert (codes(refused), refused.receipt) == (["history-behind"], None)
    file.write_text(shown)
    assert restored.sync(approval).receipt
    assert codes(restored.plan()) == []


def test_a_history_that_was_lost_is_told_what_went_there_last(running: Feed) -> None:
    take_in(running)
    database(running).unlink()
    refused = running.sync()
    assert codes(refused) == ["unknown-baseline", "history-behind"]
    assert "200 invoices), and this history does not know it; it knows none." in refused.plan.objections[1].message
    assert running.sync(refused.plan.approval).receipt
    assert codes(running.plan()) == []


def test_a_history_copied_in_the_middle_of_the_last_run_is_behind(running: Feed) -> None:
    """It takes that run for one that died before its report; the receiver has taken the report away."""
    copies: list[bytes] = []
    running.steps.during["Sending the report"] = lambda: copies.append(database(running).read_bytes())
    running.export(invoices(230))
    assert running.sync().receipt
    running.steps.during.clear()
    take_in(running)
    database(running).write_bytes(copies[0])
    execute(running, "DELETE FROM leases")
    running.export(invoices(200))
    assert codes(running.plan()) == ["history-behind"]
    assert codes(running.sync()) == ["history-behind"]


def test_another_history_that_delivers_to_the_same_receiver_is_named(running: Feed, tmp_path: Path) -> None:
    take_in(running)
    other = Feed(tmp_path / "other", receiver=running.receiver)
    other.export(invoices(200))
    refused = other.sync()
    assert codes(refused) == ["unknown-baseline", "history-behind"]
    assert f"was recorded in sqlite:///{database(running)}" in refused.plan.objections[1].message


def test_a_receiver_is_known_by_any_address_to_the_witness(running: Feed) -> None:
    take_in(running)
    database(running).unlink()
    (running.folder / "link").symlink_to(running.receiver)
    running.destination = {"url": str(running.folder / "link")}
    assert codes(running.plan()) == ["unknown-baseline", "history-behind"]


def test_a_machine_that_delivered_before_the_others_is_not_behind(
    running: Feed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = witness.state_folder().parent
    monkeypatch.setenv(witness.VARIABLE, str(tmp_path / "of another machine"))
    running.export(invoices(230))
    assert running.sync().receipt
    monkeypatch.setenv(witness.VARIABLE, str(here))
    assert codes(running.sync()) == []


def test_a_refused_run_leaves_no_witness(running: Feed) -> None:
    (file,) = witness.state_folder().iterdir()
    before = file.read_text()
    running.export(invoices(5))
    assert codes(running.sync())
    assert file.read_text() == before


def test_it_says_what_was_delivered_and_is_for_nobody_else_to_read(running: Feed) -> None:
    (file,) = witness.state_folder().iterdir()
    told, (receipt,) = json.loads(file.read_text()), running.receipts()
    assert (told["run"], told["sha256"]) == (receipt["run"], receipt["sha256"])
    assert (told["destination"], told["open_count"]) == (running.receiver.as_uri(), 200)
    if sys.platform != "win32":
        assert [oct(each.stat().st_mode & 0o777) for each in (file, file.parent)] == ["0o600", "0o700"]


def test_where_it_can_not_be_left_the_delivery_counts_and_one_warning_says_so(
    feed: Feed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv(witness.VARIABLE, str(tmp_path / "file"))
    feed.export(invoices(20))
    assert feed.approved().receipt
    (warning,) = feed.steps.warnings
    assert "could not be recorded outside the history" in warning
    assert "ARFEED_STATE" in warning


def test_without_a_home_folder_a_delivery_goes_on(feed: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(witness.VARIABLE)
    monkeypatch.setattr(witness, "user_state_path", lambda _: Path("~/.local/state/arfeed"))
    feed.export(invoices(20))
    assert feed.approved().receipt
    assert ["there is no home folder" in warning for warning in feed.steps.warnings] == [True]
    assert not Path("~").exists()


def test_a_witness_that_was_damaged_is_told_in_the_plan(restored: Feed) -> None:
    (file,) = witness.state_folder().iterdir()
    file.write_text('{"run": ')
    plan = restored.plan()
    assert any(f"{file} is damaged" in note for note in plan.notes)


# --- the receiver to rehearse with ------------------------------------------------------------------------------------


@pytest.fixture
def rehearsing(tmp_path: Path) -> Feed:
    feed = Feed(
        tmp_path / "demo", destination={"url": "rehearsal://demo"}, sources={"erp": {"absent_means_paid": True}}
    )
    feed.receiver = feed.folder / ".arfeed" / "rehearsal" / "demo" / "inbox"
    feed.export(invoices(20))
    feed.approved()
    return feed


def test_a_rehearsal_that_begins_anew_in_the_same_folder_is_not_behind(rehearsing: Feed) -> None:
    shutil.rmtree(rehearsing.folder / ".arfeed")
    assert codes(rehearsing.sync()) == ["unknown-baseline"]


def test_a_rehearsal_whose_history_was_restored_is_behind(rehearsing: Feed) -> None:
    backup = database(rehearsing).read_bytes()
    rehearsing.export(invoices(25))
    assert rehearsing.sync().receipt
    database(rehearsing).write_bytes(backup)
    assert "history-behind" in codes(rehearsing.plan())


def database(feed: Feed) -> Path:
    return feed.folder / ".arfeed/history.db"
