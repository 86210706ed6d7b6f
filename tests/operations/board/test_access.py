"""Who may load which page: every page of the site's own table, by everybody."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest

from arfeed.operations.board import approvals
from arfeed.operations.board.access.people import PERMISSIONS
from arfeed.operations.board.application import Page
from arfeed.operations.board.site import PAGES
from operations.board.conftest import PEOPLE
from support.feeds.feed import Feed
from support.people.boards import Board, Visitor, add_person, add_token, refused_feed, running_board

PUBLIC = {
    "/healthz",
    "/static/{name}",
    "/login",
    "/login/provider",
    "/login/provider/back",
    "/begin/{token}",
    "/api/v1/openapi.json",
}
"""Written out once more: a page that becomes public has to be added here, too."""


class Scene:
    """A board with a plan, a job and a delivery, and everybody logged in to it."""

    def __init__(self, board: Board, plan: str, job: str, run: str) -> None:
        self.board = board
        self.fields = {"feed": "acme", "plan": plan, "job": job, "run": run, "name": "page.css", "token": "none"}
        self.fields["question"] = "none"
        self.visitors = {name: board.logged_in(name) for name in PEOPLE} | {"": board.visitor()}
        self.tokens = {
            name: visitor.get("/account" if name else "/login").token for name, visitor in self.visitors.items()
        }

        self.programs = {
            name: board.program(add_token(board.folder, name, roles[0].partition(":")[0]))
            for name, roles in PEOPLE.items()
        } | {"": board.program("")}

    def ask(self, name: str, page: Page, **fields: str) -> int:
        visitor, path = self.visitors[name], page.path.format(**self.fields)
        if is_for_programs(page):
            return self.programs[name].ask(page.method, path, fields or None).status
        if page.method == "GET":
            return visitor.get(path).status
        return visitor.post(path, {"form_token": self.tokens[name], **fields}).status


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("feeds")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ARFEED_STATE", str(tmp_path_factory.mktemp("state")))
        feed = refused_feed(folder)
        feed.sync()
        Feed(folder / "bolt").configure()
        for name, roles in PEOPLE.items():
            add_person(folder, name, *roles)
        with running_board(folder) as board:
            plan = board.logged_in("anna").get("/feeds/acme").text.partition("/plans/")[2].partition('"')[0]
            with board.database() as database, database.writing() as connection:
                # Ended at once: what a run does is not asked here.
                job = approvals._new_job(connection, "acme", "look", "anna")
                connection.exec_driver_sql(
                    "UPDATE board_jobs SET state = 'ended', outcome = 'interrupted', message = ''"
                )
            with feed.records() as history:
                (delivered,) = history.runs()
            yield Scene(board, plan, job, delivered.id)


def is_for_programs(page: Page) -> bool:
    return page.path.startswith(("/api/", "/metrics"))


def expected(page: Page, name: str) -> set[int]:
    """What the table of permissions says, in other words than the site's."""
    if page.access == "anyone":
        return {200, 404, 303, 403, 429}
    if not name:
        return {401} if is_for_programs(page) else {303}
    if page.access == "person":
        return {200, 303, 403, 400, 429}
    roles = {role.partition(":")[0] for role in PEOPLE[name] if role.partition(":")[2] in ("*", "acme")}
    held = {permission for role in roles for permission in PERMISSIONS[role]}  # type: ignore[index]
    if is_for_programs(page):
        # A token has one role of its person's.
        held &= PERMISSIONS[PEOPLE[name][0].partition(":")[0]]  # type: ignore[index]
    if "{feed}" in page.path and "see" not in held:
        return {404}
    allowed = {200, 202, 422} if is_for_programs(page) else {200, 303, 400}
    return allowed if page.access in held else {403}


# Logging out comes last: the others need the sessions.
ORDER = sorted(PAGES, key=lambda page: page.path in ("/logout", "/account/sessions", "/account/password"))


@pytest.mark.parametrize(
    ("page", "name"),
    [
        pytest.param(page, name, id=f"{page.method} {page.path} {name or 'without a session'}")
        for page, name in product(ORDER, ["", *PEOPLE])
        if page.path != "/logout"
    ],
)
def test_every_page_is_for_those_whom_the_table_names(scene: Scene, page: Page, name: str) -> None:
    assert scene.ask(name, page) in expected(page, name)


def test_what_needs_no_session_is_named_once_more() -> None:
    assert {page.path for page in PAGES if page.access == "anyone"} == PUBLIC


def test_no_page_without_a_session_leads_anywhere_but_to_the_login(scene: Scene) -> None:
    for page in PAGES:
        if page.access != "anyone" and page.method == "GET" and not is_for_programs(page):
            answer = scene.visitors[""].get(page.path.format(**scene.fields))
            assert answer.location.startswith("/login?next=%2F"), page
            assert answer.text == "", page


@pytest.mark.parametrize("name", ["vera", "otto", "bolt-only", ""])
def test_nobody_approves_but_an_approver_of_the_feed(scene: Scene, name: str) -> None:
    by_page, by_call = [page for page in PAGES if page.access == "approve" and "approv" in page.path]
    assert scene.ask(name, by_page, invoices="6") in ({303} if not name else {403, 404})
    assert scene.ask(name, by_call, invoices="6") in ({401} if not name else {403, 404})
    with scene.board.database() as database, database.reading() as connection:
        assert approvals.waiting_approvals(connection, scene.fields["plan"]) == []
        # An operator in another test may have asked for a look at the feed or a run of it, with no plan approved.
        job = approvals.pending_job(connection, "acme")
        assert job is None or job.plan is None


def test_a_feed_that_somebody_may_not_see_is_like_one_that_does_not_exist(scene: Scene) -> None:
    visitor = scene.visitors["bolt-only"]
    unseen, missing = visitor.get("/feeds/acme"), visitor.get("/feeds/no-such-feed")
    assert (unseen.status, unseen.text) == (404, missing.text)
    assert "acme" not in visitor.get("/").text
    assert "INV-0001" in scene.visitors["vera"].get("/search?q=inv-0001").text.upper()
    assert "No kept report" in visitor.get("/search?q=INV-0001").text


def test_the_address_of_another_feeds_plan_or_run_shows_nothing(scene: Scene) -> None:
    visitor: Visitor = scene.visitors["bolt-only"]
    for kind in ("plans", "jobs", "runs"):
        identity = scene.fields[kind.removesuffix("s")]
        assert visitor.get(f"/feeds/bolt/{kind}/{identity}").status == 404, kind


def test_a_role_that_is_taken_away_counts_at_once(scene: Scene, tmp_path: Path) -> None:
    add_person(scene.board.folder, "temp", "approver:*")
    visitor = scene.board.logged_in("temp")
    assert visitor.get("/feeds/acme").status == 200
    from arfeed.operations.board.access import people

    with scene.board.database() as database:
        people.add(database, "temp", [people.Grant("viewer", "bolt")], "a test")
        assert visitor.get("/feeds/acme").status == 404
        people.remove(database, "temp", "a test")
    assert visitor.get("/").location.startswith("/login")
