"""What a feed learns from its deliveries, and answers given in advance, through whole runs."""

from __future__ import annotations

import json
from datetime import date, timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa

from arfeed import ConfigError
from arfeed.model.results import Expectation
from arfeed.planning.habits.memory import Habits
from arfeed.runs.expectations import ExpectedClosings, expect, list_expectations, withdraw
from support.feeds.feed import Feed, codes, invoice, invoices, unpaid

EARLY = {"due_on": "2026-12-01"}


@pytest.fixture
def early(running: Feed) -> Feed:
    """A feed that has delivered 200 invoices, 30 of them due far ahead."""
    running.export([*(invoice(number, **EARLY) for number in range(1, 31)), *invoices(170, first=31)])
    assert running.sync().receipt
    return running


def said(feed: Feed, words: str = "write-off run", days: int = 20, **limits: object) -> Expectation:
    until = feed.now.date() + timedelta(days=days)
    return expect(feed.project(), ExpectedClosings(words, until, **limits), clock=feed.clock)  # type: ignore[arg-type]


def test_an_answer_given_in_advance_is_used_by_one_delivery(early: Feed) -> None:
    early.export(invoices(170, first=31))
    assert codes(early.sync())
    made = said(early)
    done = early.sync()
    assert (codes(done), done.plan.expected) == ([], (made,))
    assert done.receipt
    receipt = early.receipts()[-1]
    assert receipt["expected"] == [  # who said what, and until when
        {
            "id": made.id, "words": "write-off run", "until": made.until.isoformat(), "customer": None, "below": None,
            "by": made.by, "at": made.at.isoformat(),
        }
    ]  # fmt: skip
    assert any("“write-off run”" in note for note in done.plan.notes)
    assert list_expectations(early.project()) == [(made, receipt["run"])]
    early.export([*(invoice(number, **EARLY) for number in range(501, 531)), *invoices(170, first=31)])
    assert early.sync().receipt
    early.export(invoices(170, first=31))
    assert codes(early.sync())


def test_an_answer_is_not_used_up_by_a_day_that_needs_none(early: Feed) -> None:
    made = said(early)
    paid = [{**row, **(EARLY if row["invoice_ref"] < "INV-0031" else {})} for row in unpaid(paid=7)]
    early.export([*(invoice(number, **EARLY) for number in (1, 3, 29)), *paid])
    done = early.sync()
    assert done.receipt
    assert list_expectations(early.project()) == [(made, None)]


def test_an_answer_never_explains_what_is_unexplained(early: Feed) -> None:
    said(early)
    del early.sources["erp"]["absent_means_paid"]
    early.sync()
    early.export(invoices(170, first=31))
    refused = early.sync()
    assert "unexplained" in codes(refused)
    assert refused.receipt is None


def test_an_answer_ends_with_its_day(early: Feed) -> None:
    said(early, days=1)
    early.now += timedelta(days=3)
    early.export(invoices(170, first=31))
    assert codes(early.sync())


def test_an_answer_that_a_failed_run_would_have_used_is_still_there(early: Feed) -> None:
    made = said(early)

    def change(statement: str) -> list[Expectation]:
        with early.records() as history:
            with history._engine.begin() as connection:
                connection.execute(sa.text(statement))
            return history.expectations(early.where, made.until)

    assert change("UPDATE expectations SET used_by = (SELECT MIN(id) FROM runs)") == []
    assert change("UPDATE runs SET state = 'failed'") == [made]


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"words": " "}, "describe what is expected"),
        ({"days": -1}, "give a day from 2026-04-04 to 2026-05-05, or to 2026-07-05 with --customer or --below"),
        ({"days": 32}, "give a day from 2026-04-04 to 2026-05-05, or to 2026-07-05 with --customer or --below"),
        ({"days": 93, "below": Decimal(50)}, "give a day from 2026-04-04 to 2026-07-05$"),
        ({"below": Decimal(0)}, "give a balance above 0"),
    ],
    ids=["no words", "past", "too far for all", "too far", "nothing is below 0"],
)
def test_an_answer_without_limits_is_refused(running: Feed, limits: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        said(running, **limits)  # type: ignore[arg-type]
    assert list_expectations(running.project()) == []


def test_an_unused_answer_can_be_taken_back(running: Feed) -> None:
    made = said(running)
    withdraw(running.project(), made.id)
    assert list_expectations(running.project()) == []
    with pytest.raises(ConfigError, match="there is no unused expectation"):
        withdraw(running.project(), made.id)


def test_the_command_line_takes_lists_and_withdraws_answers(running: Feed) -> None:
    until = str(date.today() + timedelta(days=5))  # noqa: DTZ011 - the command goes by today
    taken = running.run("expect", "write-off run", "--until", until, "--below", "50", "--json")
    assert taken.returncode == 0
    made = json.loads(taken.stdout)
    assert (made["words"], made["until"], made["below"], made["used_by"]) == ("write-off run", until, "50", None)
    assert json.loads(running.run("expect", "--json").stdout) == [made]
    assert "write-off run" in running.run("expect").stdout
    assert running.run("expect", "--withdraw", made["id"]).returncode == 0
    assert json.loads(running.run("expect", "--json").stdout) == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["expect", "run"], "give the last day it is expected: --until 2026-12-20"),
        (["expect", "run", "--until", "2026-12-20", "--below", "x"], "--below x: give a number such as 50"),
        (["expect", "--withdraw", "e9"], "there is no unused expectation 'e9'"),
    ],
    ids=["no day", "no number", "unknown"],
)
def test_the_command_line_says_what_is_lacking(running: Feed, words: list[str], message: str) -> None:
    done = running.run(*words)
    assert done.returncode == 2
    assert message in done.stderr


# --- what is learned --------------------------------------------------------------------------------------------------


def known(feed: Feed) -> Habits:
    with feed.records() as history:
        baseline = history.baseline(feed.where)
    assert baseline is not None
    assert baseline.habits is not None
    return Habits.unpack(baseline.habits)


def test_every_delivery_teaches_and_a_refused_one_does_not(running: Feed) -> None:
    assert known(running).reports == {}
    running.export(unpaid(paid=10))
    running.sync()
    assert known(running).reports == {"erp": 1}
    assert known(running).of("erp").closings.sum() == 10
    running.export(invoices(20))
    assert running.sync().receipt is None
    assert known(running).reports == {"erp": 1}


def test_what_was_approved_is_learned_too(running: Feed) -> None:
    running.export(invoices(95))
    assert running.sync(running.sync().plan.approval).receipt
    assert known(running).of("erp").closings.sum() == 105


def test_a_history_of_before_this_learning_is_replayed(running: Feed) -> None:
    for paid in (4, 8):
        running.export(unpaid(paid=paid))
        assert running.sync().receipt
    before = known(running)
    with running.records() as history, history._engine.begin() as connection:
        connection.execute(sa.text("UPDATE reports SET habits = NULL, beside = NULL"))
    assert running.sync().receipt
    after = known(running)
    assert after.reports == {"erp": 3}
    assert round(after.of("erp").closings.sum()) == round(before.of("erp").closings.sum()) == 8


def test_an_adopted_report_forgets_nothing_that_was_learned(running: Feed) -> None:
    running.export(unpaid(paid=10))
    running.sync()
    learned = known(running)
    running.adopt(running.reports()[-1].rpartition("/")[2])
    assert known(running).reports == learned.reports


def test_the_guards_say_in_the_receipt_what_they_saw(running: Feed) -> None:
    running.export(unpaid(paid=10))
    running.sync()
    guards = running.receipts()[-1]["guards"]
    assert isinstance(guards, list)
    (seen,) = guards
    assert (seen["source"], seen["rows"], seen["unproven"], seen["days"]) == ("erp", 200, 10, 1)
    assert seen["odds"] > 0.05
