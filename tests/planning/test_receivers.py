"""A receiver known under another address, and a history that lost what this machine delivered, are refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from arfeed import Plan
from arfeed.model.results import Forgotten
from arfeed.planning.guards.receivers import describe_same_receiver, object_to_history_behind, object_to_same_receiver
from support.feeds.plans import invoices, planned

ADDRESS = "sftp://acme@example.com:22/"
WAY_OUT = "Restore the newer history; if there is none, `arfeed adopt 'last report.csv'` takes that report as baseline"


def forgotten(**known: Any) -> Plan:
    plain: dict[str, Any] = {
        "run": "run-9",
        "at": datetime(2026, 4, 9, 8, 5, tzinfo=UTC),
        "report": "last report.csv",
        "open_count": 1200,
        "history": None,
        "known": "run-7",
        "known_at": datetime(2026, 4, 2, 17, 30, tzinfo=UTC),
    } | known
    return replace(planned(invoices(), invoices()), forgotten=Forgotten(**plain))


def test_a_receiver_known_under_another_address_is_named_with_the_way_out() -> None:
    assert describe_same_receiver(ADDRESS, ["sftp://acme@old host/", "sftp://acme@10.0.0.7/"]) == (
        "sftp://acme@example.com:22/ is the receiver that this history knows as sftp://acme@old host/, "
        "sftp://acme@10.0.0.7/: both addresses lead to the same folder with the same login. Invoices that only the "
        "last report there listed would be marked as paid, and no plan would show them. `arfeed history join "
        "'sftp://acme@old host/'` lets both addresses have one history; or put the old address back into "
        "[destination]. If they are two receivers that can't be told apart, give this feed its own history. No "
        "--approve covers this: the number that it names would leave out what only the other report listed"
    )


def test_a_receiver_known_under_another_address_is_one_objection_about_all_of_them() -> None:
    known = ("sftp://acme@old/", "sftp://acme@10.0.0.7/")
    (objection,) = object_to_same_receiver(replace(planned(invoices(), invoices()), also_known=known))
    assert (objection.code, objection.refs) == ("same-receiver", known)
    assert objection.message == describe_same_receiver(ADDRESS, known)


def test_a_receiver_known_by_one_address_is_not_asked_about() -> None:
    assert [*object_to_same_receiver(planned(invoices(), invoices()))] == []
    assert [*object_to_history_behind(planned(invoices(), invoices()))] == []


def test_a_delivery_that_the_history_lost_is_named_with_its_time_and_what_the_history_knows() -> None:
    (objection,) = object_to_history_behind(forgotten())
    assert (objection.code, objection.refs) == ("history-behind", ("run-9",))
    assert objection.message == (
        "this machine has delivered run run-9 there on 2026-04-09 08:05 UTC (last report.csv, 1,200 invoices), and "
        "this history does not know it; the last that it knows is run-7 of 2026-04-02 17:30 UTC. It was restored from "
        "an older backup, has lost what it wrote last, or is another one. Invoices that only that report listed would "
        "be marked as paid on top of those shown here. Restore the newer history; if there is none, `arfeed adopt "
        "'last report.csv'` takes that report as baseline, from the receiver or from a copy here. Approve only if you "
        "have compared that report with this plan"
    )


@pytest.mark.parametrize(
    ("known", "words"),
    [
        ({"known": None, "known_at": None}, "does not know it; it knows none. It was restored"),
        ({"history": "sqlite:///b.db"}, "17:30 UTC. That run was recorded in sqlite:///b.db. It was restored"),
        ({"open_count": 1}, "(last report.csv, 1 invoice), and"),
    ],
    ids=["an empty history", "recorded elsewhere", "one invoice"],
)
def test_what_a_history_knows_and_where_the_lost_run_was_recorded_is_named(known: dict[str, Any], words: str) -> None:
    (objection,) = object_to_history_behind(forgotten(**known))
    assert words in objection.message
    assert WAY_OUT in objection.message
