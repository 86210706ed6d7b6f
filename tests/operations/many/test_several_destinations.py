"""A feed of several destinations among many feeds: shown with each, and never run beside a feed that shares one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from arfeed.operations.fleet.messages import Order, report_of
from arfeed.operations.many.jobs import plan_jobs
from arfeed.operations.many.limits import Limits
from arfeed.operations.many.outcome import Outcome, pack
from support.feeds.feed import Feed, held, invoices

CONFIG = Path("feeds/acme/plugins.toml")
REFUSED = {
    "delivered": False,
    "plan": {"approval": "2-abc", "totals": [{"count": 9}], "counts": {"missing": 2}, "missing": []},
}
DELIVERED = {
    "delivered": True,
    "plan": {
        "approval": "1-def",
        "totals": [{"count": 7}, {"count": 1}],
        "counts": {"missing": 1},
        "missing": [{"evidence": "proven"}],
    },
}
FAILED = {"error": {"kind": "DestinationError", "message": "it can't be reached:\nno route", "exit_code": 5}}


def outcome(code: int, **documents: Mapping[str, Any]) -> Outcome:
    text = json.dumps({"delivered": code == 0, "destinations": documents, "seconds": {"reading": 1.5}})
    return Outcome(CONFIG, code, 1.0, pack(text.encode()))


def test_what_to_type_next_is_said_of_each_destination_that_got_nothing() -> None:
    assert outcome(5, one=DELIVERED, two=REFUSED, three=FAILED).next == (
        "two: read the plan above; if it is right: arfeed sync --destination two --config feeds/acme/plugins.toml "
        "--approve 2-abc; three: it can't be reached: no route"
    )


def test_counts_are_of_all_plans() -> None:
    assert outcome(5, one=DELIVERED, two=REFUSED, three=FAILED).counts == (17, 3)
    assert outcome(5, one=FAILED, two=FAILED).counts is None


def test_a_fleet_is_told_what_was_closed_where_it_was_delivered_and_what_waits() -> None:
    report = report_of(Order(1, "acme", CONFIG), outcome(3, one=DELIVERED, two=REFUSED))
    assert (report.invoices, report.closed, report.seconds) == (8, {"proven": 1}, {"reading": 1.5})
    assert report.ended.approval == "2-abc"
    assert report.ended.message == (
        "read the plan; if it is right: arfeed fleet run acme --destination two --approve 2-abc"
    )


def test_a_fleet_runs_one_of_several_if_that_is_asked_for() -> None:
    words = Order(1, "acme", CONFIG, "2-abc", "Ann", "two").words
    assert words[4:] == ["--destination", "two", "--approve", "2-abc", "--approver", "Ann"]


def test_a_feed_is_known_by_all_its_addresses(tmp_path: Path) -> None:
    config = tmp_path / "plugins.toml"
    config.write_text('[destinations.a]\nurl = "file:///tmp/a"\n[destinations.b]\nurl = "sftp://u@h.example.com"\n')
    (job,) = plan_jobs([config], Limits(None, None)).jobs
    assert job.destinations == {"file:///tmp/a", "sftp://u@h.example.com:22"}


def test_sync_all_delivers_to_each_and_ends_with_the_highest_code(tmp_path: Path) -> None:
    feed = Feed(tmp_path / "feeds" / "acme", plugins=("folder", "kolleno"))
    receivers = {name: tmp_path / name for name in ("one", "two")}
    for receiver in receivers.values():
        receiver.mkdir()
    feed.destinations = {name: {"url": receiver.as_uri()} for name, receiver in receivers.items()}
    feed.export(invoices(5))
    approval = feed.sync_one("one").plan.approval
    assert feed.sync_one("one", approval).receipt
    ended = feed.run("sync", "--all", str(tmp_path / "feeds"), "--json")
    document = json.loads(ended.stdout)
    assert (ended.returncode, document["exit_code"]) == (3, 3)
    (one,) = document["feeds"]
    assert {name: each["delivered"] for name, each in one["result"]["destinations"].items()} == {
        "one": True,
        "two": False,
    }
    assert "two: read the plan above; if it is right: arfeed sync --destination two --config" in one["next"]
    assert [len(held(receiver)) for receiver in receivers.values()] == [2, 0]
