"""A company's own rules, as a plugin that stands beside the guards."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from support.feeds.feed import Feed, codes, invoices

REVIEWER = """
from pathlib import Path

from arfeed import Objection, hookimpl

ARFEED_CONTRACT = 1

@hookimpl
def arfeed_review(plan):
    {review}

@hookimpl
def arfeed_delivered(receipt):
    {delivered}

@hookimpl
def arfeed_refused(plan):
    tell("refused")

@hookimpl
def arfeed_failed(failure):
    tell(f"failed with {{failure.exit_code}}")

def tell(text):
    with Path({told!r}).open("a") as file:
        print(text, file=file)
"""


def test_a_reviewer_that_raises_refuses_and_cannot_be_approved(running: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    install(running, monkeypatch, review="return 1 / 0")
    before = running.held()
    refused = running.sync()
    assert (codes(refused), refused.plan.approval, running.held()) == (["review-failed"], None, before)
    assert "the reviewer house_rules (house-rules 1.0) failed: ZeroDivisionError" in refused.plan.objections[0].message


def test_the_guards_are_heard_beside_a_reviewer_that_raises(running: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    install(running, monkeypatch, review="return 1 / 0")
    running.export(invoices(95))
    assert codes(running.sync()) == ["config-changed", "pattern", "surprise", "missing-money", "review-failed"]


def test_a_reviewer_that_returns_something_else_refuses(running: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    install(running, monkeypatch, review='return ["no"]')
    assert codes(running.sync()) == ["review-failed"]


def test_a_reviewer_objects_and_may_be_overruled(running: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    install(running, monkeypatch, review='return [Objection("house-rule", "not on a Saturday")]')
    refused = running.sync()
    assert (codes(refused), refused.receipt) == (["house-rule"], None)
    assert running.sync(refused.plan.approval).receipt


def test_a_notifier_that_raises_is_reported_and_changes_nothing(running: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    install(running, monkeypatch, delivered='raise OSError("no mail server")')
    assert running.sync().receipt
    (warning,) = running.steps.warnings
    assert warning == "the plugin house_rules (house-rules 1.0) failed in arfeed_delivered: OSError: no mail server"


def test_plugins_are_told_of_refusals_and_failures(running: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    told = install(running, monkeypatch)
    running.export(invoices(95))
    running.sync()
    running.export([])
    with pytest.raises(Exception, match="no rows at all"):
        running.sync()
    assert told.read_text().splitlines() == ["refused", "failed with 4"]


def install(
    feed: Feed, monkeypatch: pytest.MonkeyPatch, review: str = "return []", delivered: str = "return None"
) -> Path:
    """Install a stranger's plugin without pip, and enable it; return the file that it writes."""
    site, told = feed.folder / "site", feed.folder / "told.txt"
    info = site / "house_rules-1.0.dist-info"
    info.mkdir(parents=True)
    info.joinpath("METADATA").write_text("Metadata-Version: 2.1\nName: house-rules\nVersion: 1.0\n")
    info.joinpath("entry_points.txt").write_text("[arfeed]\nhouse_rules = house_rules\n")
    site.joinpath("house_rules.py").write_text(REVIEWER.format(review=review, delivered=delivered, told=str(told)))
    monkeypatch.syspath_prepend(site)
    monkeypatch.delitem(sys.modules, "house_rules", raising=False)
    feed.plugins = (*feed.plugins, "house_rules")
    return told
