"""The API: the same rights and the same facts as the pages, by tokens, against a board that really runs."""

from __future__ import annotations

import json
import time
from datetime import datetime
from typing import Any

import pytest
import sqlalchemy as sa

from arfeed.operations.board.access.guard import MOST_BYTES
from arfeed.operations.board.tables import tokens
from arfeed.testing.commands import run_command
from support.feeds.feed import Feed
from support.people.boards import Board, Program, Visitor, add_token

V1 = "/api/v1"


def wait(program: Program, job: str) -> dict[str, Any]:
    until = time.monotonic() + 120
    while True:
        document = program.read(f"{V1}/feeds/acme/jobs/{job}")
        if document["state"] == "ended":
            return document
        assert time.monotonic() < until, document
        time.sleep(0.3)


@pytest.fixture
def anna(feed: Feed, board: Board) -> Program:
    return board.program(add_token(feed.folder.parent, "anna", "approver", "nightly"))


def test_a_refused_plan_is_read_and_approved_by_a_token(feed: Feed, board: Board, anna: Program) -> None:
    asked = json.loads(anna.ask("POST", f"{V1}/feeds/acme/look").text)["job"]
    looked = wait(anna, asked)
    assert (looked["outcome"], looked["asked_by"]) == ("looked", "anna, by the token nightly")
    (listed,) = anna.read(f"{V1}/feeds")["feeds"]
    assert (listed["name"], listed["state"], listed["waiting_plan"]) == ("acme", "waiting", looked["seen"])
    plan = anna.read(f"{V1}/feeds/acme/plans/{looked['seen']}")
    assert plan["demands"] == {"invoices": 6, "amounts": {}, "people": 1}
    assert (plan["refused"], plan["approvable"], plan["current"]) == (True, True, True)
    assert len(plan["document"]["missing"]) == 6
    address = f"{V1}/feeds/acme/plans/{plan['id']}/approval"
    wrong = anna.ask("POST", address, {"invoices": 5})
    assert (wrong.status, wrong.headers["Content-Type"]) == (422, "application/problem+json")
    assert json.loads(wrong.text)["wrong"] == ["The number is not how many invoices would be marked as paid."]
    begun = anna.ask("POST", address, {"invoices": 6, "reason": "checked at the bank"})
    assert begun.status == 202, begun.text
    job = wait(anna, json.loads(begun.text)["job"])
    assert job["outcome"] == "delivered", job
    receipt = anna.read(f"{V1}/feeds/acme/runs/{job['run']}")["receipt"]
    assert receipt["approval"]["by"].startswith("anna, by the token nightly at ")
    assert job["asked_by"] == "anna, by the token nightly"
    assert anna.ask("POST", address, {"invoices": 6}).status == 409
    details = anna.read(f"{V1}/feeds/acme")
    assert details["feed"]["state"] == "delivered"
    assert details["deliveries"][0]["marked_as_paid"] == 6
    assert [each["kind"] for each in details["jobs"]] == ["approve", "look"]
    events = anna.read(f"{V1}/search?q={receipt['missing'][0]['invoice_ref']}")["events"]
    assert "was marked as paid" in events[0]["what"]
    with board.database() as database, database.reading() as connection:
        said = connection.exec_driver_sql("SELECT who FROM board_audit WHERE what = 'approved'").scalars().all()
    assert said == ["anna, by the token nightly"]
    with feed.records() as history:
        assert len([run for run in history.runs() if run.approval]) == 2


def test_what_prometheus_is_told(feed: Feed, board: Board, anna: Program) -> None:
    wait(anna, json.loads(anna.ask("POST", f"{V1}/feeds/acme/look").text)["job"])
    lines = anna.ask("GET", "/metrics").text.splitlines()
    assert 'arfeed_feed_state{feed="acme",state="waiting"} 1.0' in lines
    assert 'arfeed_feed_state{feed="acme",state="delivered"} 0.0' in lines
    assert 'arfeed_feed_invoices_to_approve{feed="acme"} 6.0' in lines
    assert 'arfeed_feed_open_invoices{feed="acme"} 40.0' in lines
    (delivered,) = [line for line in lines if line.startswith("arfeed_feed_last_delivery_timestamp_seconds{")]
    with feed.records() as history:
        (run,) = history.runs()
    assert float(delivered.partition("} ")[2]) == run.started_at.timestamp()


def test_a_token_has_only_its_role_of_those_that_its_person_has(shared: Board) -> None:
    viewer = shared.program(add_token(shared.folder, "anna", "viewer", "anna-sees"))
    assert viewer.ask("GET", f"{V1}/feeds/acme").status == 200
    assert viewer.ask("POST", f"{V1}/feeds/acme/look").status == 403
    # Vera may not run feeds, so a token of hers may not either.
    operator = shared.program(add_token(shared.folder, "vera", "operator", "vera-runs"))
    assert operator.ask("GET", f"{V1}/feeds/acme").status == 200
    assert operator.ask("POST", f"{V1}/feeds/acme/run").status == 403
    assert operator.ask("GET", f"{V1}/audit").status == 403


def test_a_token_is_worth_nothing_once_it_has_expired_or_is_removed(shared: Board) -> None:
    past = shared.program(add_token(shared.folder, "anna", "viewer", "past", days=-1))
    assert past.ask("GET", f"{V1}/feeds").status == 401
    present = shared.program(add_token(shared.folder, "anna", "viewer", "present"))
    assert present.ask("GET", f"{V1}/feeds").status == 200
    ended = run_command(shared.folder, "board", "token", "remove", "present")
    assert ended.code == 0, ended.err
    refused = present.ask("GET", f"{V1}/feeds")
    assert (refused.status, refused.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert "arfeed board token add" in json.loads(refused.text)["detail"]


def test_a_token_of_somebody_who_is_removed_is_worth_nothing(shared: Board) -> None:
    from support.people.boards import add_person

    add_person(shared.folder, "gone", "viewer:*")
    program = shared.program(add_token(shared.folder, "gone", "viewer", "of-gone"))
    assert program.ask("GET", f"{V1}/feeds").status == 200
    ended = run_command(shared.folder, "board", "user", "remove", "gone")
    assert ended.code == 0, ended.err
    assert program.ask("GET", f"{V1}/feeds").status == 401


def test_what_is_posted_without_a_good_token_is_not_even_read(shared: Board) -> None:
    answer = shared.visitor().request("POST", f"{V1}/feeds/acme/run", "{ no JSON", {"Content-Type": "application/json"})
    assert answer.status == 401


def test_a_session_is_not_a_token_and_a_token_is_not_a_session(shared: Board) -> None:
    browser: Visitor = shared.logged_in("anna")
    assert browser.get(f"{V1}/feeds").status == 401
    assert browser.get("/metrics").status == 401
    program = shared.program(add_token(shared.folder, "anna", "approver", "no-session"))
    assert program.ask("GET", "/").location.startswith("/login")
    stolen = shared.program(browser.cookies["arfeed-session"])
    assert stolen.ask("GET", f"{V1}/feeds").status == 401


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        pytest.param("[1]", "application/json", 400, id="no object"),
        pytest.param("{", "application/json", 400, id="no JSON"),
        pytest.param('{"invoices": 6}', "text/plain", 415, id="another type"),
        pytest.param("x" * (MOST_BYTES + 1), "application/json", 413, id="too long"),
        pytest.param('{"invoices": "6"}', "application/json", 404, id="the plan is looked for first, or the type"),
    ],
)
def test_bodies_that_no_call_takes(shared: Board, body: str, kind: str, status: int) -> None:
    program = _approver(shared)
    given = {"Content-Type": kind, "Authorization": f"Bearer {program.token}"}
    answer = program.visitor.request("POST", f"{V1}/feeds/acme/plans/none/approval", body, given)
    if status == 404:
        assert answer.status in (404, 422)
    else:
        assert (answer.status, answer.headers["Content-Type"]) == (status, "application/problem+json"), answer.text


@pytest.mark.parametrize(
    "posted",
    [
        {},
        {"invoices": "6"},
        {"invoices": 6.0},
        {"invoices": True},
        {"invoices": -1},
        {"invoices": 6, "role": "operator"},
        {"invoices": 6, "reason": "x" * 501},
        {"invoices": 6, "amounts": {"GBP": 12}},
    ],
)
def test_an_approval_says_exactly_what_it_means(feed: Feed, board: Board, anna: Program, posted: object) -> None:
    plan = wait(anna, json.loads(anna.ask("POST", f"{V1}/feeds/acme/look").text)["job"])["seen"]
    answer = anna.ask("POST", f"{V1}/feeds/acme/plans/{plan}/approval", posted)
    assert answer.status == 422, answer.text
    assert json.loads(answer.text)["wrong"]
    assert anna.read(f"{V1}/feeds/acme/plans/{plan}")["approved_by"] == []


def test_tokens_are_made_and_listed_at_a_terminal(shared: Board) -> None:
    words = ["--person", "vera", "--role", "viewer", "--days", "30"]
    made = run_command(shared.folder, "board", "token", "add", "grafana", *words)
    assert made.code == 0, made.err
    text = made.out.split()[-1]
    assert text.startswith("arfeed_")
    assert shared.program(text).ask("GET", f"{V1}/feeds").status == 200
    listed = run_command(shared.folder, "board", "token", "list", "--json")
    (mine,) = [each for each in listed.json() if each["name"] == "grafana"]
    assert (mine["person"], mine["role"]) == ("vera", "viewer")
    span = datetime.fromisoformat(mine["expires_at"]) - datetime.fromisoformat(mine["created_at"])
    assert span.days == 30
    assert mine["used_at"] is not None
    assert text not in listed.out
    assert "grafana" in run_command(shared.folder, "board", "token", "list").out
    with shared.database() as database, database.reading() as connection:
        assert text not in str(connection.execute(sa.select(tokens)).all())


@pytest.mark.parametrize(
    ("name", "person", "role", "why"),
    [
        ("another", "vera", "root", "there is no such role"),
        ("another", "nobody", "viewer", "there is nobody called 'nobody'"),
        ("Not A Name", "vera", "viewer", "is not a name for the board"),
        ("taken", "vera", "viewer", "there is a token called 'taken' already"),
    ],
)
def test_a_token_that_can_not_be_made(shared: Board, name: str, person: str, role: str, why: str) -> None:
    with shared.database() as database, database.writing() as connection:
        connection.execute(sa.delete(tokens).where(tokens.c.name == "taken"))
    add_token(shared.folder, "vera", "viewer", "taken")
    ended = run_command(shared.folder, "board", "token", "add", name, "--person", person, "--role", role)
    assert (ended.code, why in ended.err) == (2, True), ended.err


def test_a_token_that_is_not_there_is_not_removed(shared: Board) -> None:
    ended = run_command(shared.folder, "board", "token", "remove", "no-such")
    assert (ended.code, "there is no token called 'no-such'" in ended.err) == (2, True)


def _approver(board: Board) -> Program:
    with board.database() as database, database.writing() as connection:
        connection.execute(sa.delete(tokens).where(tokens.c.name == "approver"))
    return board.program(add_token(board.folder, "anna", "approver", "approver"))
