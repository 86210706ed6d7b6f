"""An invoice is asked about before anybody approves that it was paid."""

from __future__ import annotations

import json

from arfeed.testing.commands import run_command
from operations.board.test_approving import approve, plan_of
from support.feeds.feed import Feed, invoices
from support.people.boards import Board, add_token


def test_nobody_approves_a_plan_while_one_of_its_invoices_is_asked_about(feed: Feed, board: Board) -> None:
    feed.sync()
    anna, ben, otto, vera = (board.logged_in(name) for name in ("anna", "ben", "otto", "vera"))
    plan = plan_of(anna)
    unknown = anna.fill(plan, f"{plan}/questions", invoice="INV-0001", question="Was it filtered?")
    assert (unknown.status, "marks no invoice of that number" in unknown.text) == (400, True)
    assert anna.fill(plan, f"{plan}/questions", invoice="INV-0040", question=" ").status == 400
    asked = anna.fill(plan, f"{plan}/questions", invoice="INV-0040", question="Was <b>it</b> paid?")
    assert asked.location == f"{plan}#questions"
    refused = ben.fill(plan, f"{plan}/approve", invoices="6")
    assert (refused.status, "anna has asked about INV-0040; answer that first." in refused.text) == (400, True)
    program = board.program(add_token(feed.folder.parent, "ben", "approver"))
    by_program = program.ask("POST", f"/api/v1{plan}/approval", {"invoices": 6})
    assert (by_program.status, "INV-0040" in by_program.text) == (422, True)
    shown = vera.get("/feeds/acme").text
    assert "Was &lt;b&gt;it&lt;/b&gt; paid?" in shown
    assert "Not answered yet." in shown
    assert 'name="answer"' not in shown
    form = otto.get("/feeds/acme").text
    address = form.partition('action="/feeds/acme/questions/')[2].partition('"')[0]
    assert otto.fill("/feeds/acme", f"/feeds/acme/questions/{address}", answer="").status == 400
    answered = otto.fill("/feeds/acme", f"/feeds/acme/questions/{address}", answer="Yes, on Monday.")
    assert answered.location == "/feeds/acme#questions"
    # Once is enough: another answer would stand under the approval that relied on the first.
    assert otto.fill("/feeds/acme", f"/feeds/acme/questions/{address}", answer="No!").status == 404
    assert "Yes, on Monday." in vera.get("/feeds/acme").text
    assert "Delivered." in anna.wait(approve(anna, plan)).text
    said = [line for line in exported(board) if "question" in line["what"]]
    assert [(line["who"], line["what"]) for line in said] == [("anna", "question asked"), ("otto", "question answered")]


def test_a_question_about_an_invoice_that_is_listed_again_holds_nothing_back(feed: Feed, board: Board) -> None:
    feed.sync()
    anna = board.logged_in("anna")
    plan = plan_of(anna)
    anna.fill(plan, f"{plan}/questions", invoice="INV-0040", question="Was it paid?")
    feed.export([*invoices(34), *invoices(40)[-1:]])
    anna.wait(anna.fill("/feeds/acme", "/feeds/acme/look").location)
    assert "Delivered." in anna.wait(approve(anna, plan_of(anna), "5")).text


def exported(board: Board) -> list[dict[str, str]]:
    lines: list[dict[str, str]] = json.loads(run_command(board.folder, "board", "export").out)
    return lines
