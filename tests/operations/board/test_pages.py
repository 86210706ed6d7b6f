"""What a page shows is so when it is asked for, and it is read by a handful of queries."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest
import sqlalchemy as sa

from arfeed.history.tables import split_conditions
from arfeed.model.errors import ConfigError
from arfeed.operations.board import application as drawing
from arfeed.operations.board import approvals, questions
from arfeed.operations.board.access import people, sessions
from arfeed.operations.board.access.guard import Place, Visit
from arfeed.operations.board.access.people import parse_grants
from arfeed.operations.board.application import Application
from arfeed.operations.board.caching import Ranking
from arfeed.operations.board.feeds import Feeds
from arfeed.operations.board.histories import Histories
from arfeed.operations.board.pages import feeds as pages
from arfeed.operations.board.site import PAGES
from arfeed.operations.board.tables import now
from support.feeds.feed import Feed, invoices
from support.people.boards import add_person, counted, database_of

if TYPE_CHECKING:
    from arfeed.operations.board.database import Database
    from arfeed.operations.board.work import Worker


@dataclass
class Reader:
    """Anna at the board of a folder, without a process of its own."""

    folder: Path
    database: Database

    def __post_init__(self) -> None:
        worker = cast("Worker", None)
        self.application = Application(
            self.database, Feeds(self.folder), Histories(), worker, Place(frozenset()), Ranking()
        )
        with self.database.reading() as connection:
            self.token = sessions.begin(self.database, people.find(connection, "anna"))

    def visit(self, **query: str) -> Visit:
        return Visit(sessions.find_session(self.database, self.token), "127.0.0.1", query=query)

    def front(self) -> str:
        return bytes(pages.show_feeds(self.application, self.visit(), {}).body).decode()

    def feed(self, name: str) -> str:
        return bytes(pages.feed(self.application, self.visit(), {"feed": name}).body).decode()


@contextmanager
def reading(folder: Path) -> Iterator[Reader]:
    add_person(folder, "anna", "approver:*", "operator:*")
    with database_of(folder) as database:
        yield Reader(folder, database)


@pytest.mark.parametrize("shared", ["sqlite", "postgresql"])
def test_what_has_changed_is_on_the_next_page(tmp_path: Path, request: pytest.FixtureRequest, shared: str) -> None:
    folder = tmp_path / "feeds"
    url = None if shared == "sqlite" else request.getfixturevalue("postgresql")
    acme, other = (Feed(folder / name, **({"history": url} if url else {})) for name in ("acme", "other"))
    for feed in (acme, other):
        feed.configure()
    with reading(folder) as anna:
        assert "nothing delivered yet" in anna.front()
        assert "Nothing was delivered yet" in anna.feed("acme")
        # Another program delivers.
        acme.export(invoices(17))
        acme.approved()
        assert '<span class="mark good">delivered</span>' in anna.front()
        assert '<td class="number">17</td>' in anna.feed("acme")
        # It is refused.
        acme.export(invoices(11))
        assert acme.sync().plan.objections
        front = anna.front()
        assert "waits: 6 would be marked as paid" in front
        assert "1 feed waits" in front
        assert "Somebody has to approve." in anna.feed("acme")
        # A question, and an approval with its run.
        with anna.database.reading() as connection:
            head = approvals.latest_plan(connection, "acme")
            assert head
            plan = approvals.find_plan(connection, "acme", head.id)
            assert plan
        questions.ask_about(anna.database, "acme", "INV-0012", "Paid to whom?", "ben")
        assert "Paid to whom?" in anna.feed("acme")
        wanted = approvals.Demands(6, {}, 1)
        job = approvals.approve(anna.database, plan, wanted, approvals.Word("ben", "", "checked"))
        assert f"/jobs/{job}" in anna.feed("acme")
        # It is delivered, by whomever.
        acme.approved()
        front = anna.front()
        assert "Nothing waits to be approved" in front
        assert "would be marked as paid" not in anna.feed("acme").partition("<h2>")[0]
        # A run fails, and another one does not.
        listed = (acme.folder / "erp.csv").read_text()
        (acme.folder / "erp.csv").write_text("not,an,export\n1,2,3\n")
        assert acme.run("sync").returncode == 4
        assert "1 feed failed or can't be read" in anna.front()
        (acme.folder / "erp.csv").write_text(listed)
        acme.sync()
        assert "failed or can" not in anna.front()
        # A feed is moved in, and one is moved away.
        Feed(tmp_path / "aside" / "newcomer").configure()
        (tmp_path / "aside" / "newcomer").rename(folder / "newcomer")
        assert "/feeds/newcomer" in anna.front()
        other.folder.rename(tmp_path / "aside" / "other")
        assert "/feeds/other" not in anna.front()
        # A right is taken away.
        people.add(anna.database, "anna", parse_grants(["viewer:newcomer"]), "a test")
        front = anna.front()
        assert "/feeds/newcomer" in front
        assert "acme" not in front


def test_ages_go_on_though_nothing_happens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "feeds"
    feed = Feed(folder / "acme")
    feed.export(invoices(5))
    feed.approved()
    with reading(folder) as anna:
        ages = []
        for days in (0, 3, 3, 50):
            monkeypatch.setattr(drawing, "now", lambda later=days: now() + timedelta(days=later))
            (age,) = re.findall(r'<td class="last">(.*?) <small>', anna.front())
            ages.append(age)
    assert len(set(ages)) == 3, ages
    assert ages[1] == ages[2]


def test_a_receipt_is_shown_of_its_own_feed_only_and_as_it_was_written(tmp_path: Path) -> None:
    history = f"sqlite:///{tmp_path / 'shared.db'}"
    for name in ("acme", "other"):
        feed = Feed(tmp_path / "feeds" / name, history=history)
        feed.export(invoices(5))
        feed.approved()
    feeds, histories = Feeds(tmp_path / "feeds").all(), Histories()
    acme, other = feeds["acme"].project, feeds["other"].project
    assert acme
    assert other
    with feed.records() as records:
        (theirs,) = [run.id for run in records.runs() if run.destination == feed.where]
    # Whoever may see the one may not see the other because they share a history.
    assert (histories.receipt_page(acme, theirs), histories.receipt_of(acme, theirs)) == (None, None)
    assert histories.receipt_of(other, theirs)
    assert theirs in str(histories.receipt_page(other, theirs))
    with sa.create_engine(history).begin() as connection:
        connection.exec_driver_sql("UPDATE runs SET receipt = replace(receipt, 'Customer', 'Somebody')")
        connection.exec_driver_sql("UPDATE runs SET open_count = 4")
    for show in (histories.receipt_page, histories.receipt_of):
        with pytest.raises(ConfigError, match="the history was changed from outside"):
            show(other, theirs)


def test_what_belongs_to_one_feed_is_not_found_under_another(tmp_path: Path) -> None:
    """Rights are asked of the feed in the address: what it names otherwise must be that feed's."""
    (tmp_path / ".arfeed").mkdir()
    document = {"planned_at": now().isoformat(), "approval": "1-abc", "objections": ["unexplained"], "missing": []}
    with database_of(tmp_path) as database:
        with database.writing() as connection:
            plan = approvals.keep(connection, "acme", document)
        job = approvals.ask(database, "acme", "look", "anna")
        questions.ask_about(database, "acme", "INV-1", "Paid?", "anna")
        with database.reading() as connection:
            (asked,) = questions.list_questions(connection, "acme")
            for feed, there in (("acme", True), ("other", False)):
                assert (approvals.find_plan(connection, feed, plan) is not None) is there
                assert (approvals.find_job(connection, feed, job) is not None) is there
                assert bool(questions.list_questions(connection, feed)) is there
        assert not questions.answer(database, "other", asked.id, "Yes.", "eve")
        assert questions.answer(database, "acme", asked.id, "Yes.", "otto")


def test_no_page_asks_more_than_a_handful_of_queries(tmp_path: Path) -> None:
    folder = tmp_path / "feeds"
    feed = Feed(folder / "acme", history=f"sqlite:///{tmp_path / 'shared.db'}")
    for count in range(29, 23, -1):
        feed.export(invoices(count))
        feed.approved()
    feed.export(invoices(10))
    feed.sync()
    there = {"feed": "acme", "run": str(feed.receipts()[-1]["run"]), "name": "page.css"}
    asked: dict[str, int] = {}
    with reading(folder) as anna:
        anna.front()
        with anna.database.reading() as connection:
            head = approvals.latest_plan(connection, "acme")
            assert head
        there["plan"], there["job"] = head.id, approvals.ask(anna.database, "acme", "look", "anna")
        for number in range(20):
            questions.ask_about(anna.database, "acme", f"INV-{number + 5:04}", "Paid?", "ben")
        invited = people.add(anna.database, "ben", parse_grants(["viewer"]), "a test")
        there["token"] = invited
        for page in PAGES:
            if page.method != "GET" or "/provider" in page.path:
                continue
            path = {name: there[name] for name in re.findall(r"\{(\w+)\}", page.path)}
            with counted() as said:
                answer = page.answer(anna.application, anna.visit(q="INV-0008"), path)
            assert answer.status_code in (200, 303), page.path
            asked[page.path] = sum(one.startswith("SELECT") for one in said)
    # With the one of the session. Opening a history in a file asks for its version, too.
    assert asked["/feeds/{feed}"] > 5, asked
    assert {path: count for path, count in asked.items() if count > 15} == {}


def test_a_condition_of_many_values_is_one_parameter_in_postgresql(postgresql: str) -> None:
    values = [f"feed{number}" for number in range(70_000)]
    engine = sa.create_engine(sa.make_url(postgresql).set(drivername="postgresql+psycopg"))
    with engine.begin() as connection:
        table = sa.Table("given", sa.MetaData(), sa.Column("name", sa.String(20)))
        table.create(connection)
        connection.execute(sa.insert(table), [{"name": name} for name in ("feed7", "feed69999", "else", "it's")])
        (some,) = split_conditions(table.c.name, [*values, "it's", 'a "b", {c}'], "postgresql")
        found = connection.execute(sa.select(table.c.name).where(some).order_by(table.c.name)).scalars().all()
        assert found == ["feed69999", "feed7", "it's"]
        assert [*split_conditions(table.c.name, [], "postgresql")] == []
    engine.dispose()
