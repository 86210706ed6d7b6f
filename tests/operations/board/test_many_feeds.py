"""Thousands of feeds: pages of a hundred, and a handful of queries however many there are."""

from __future__ import annotations

import os
import re
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
import sqlalchemy as sa

from arfeed.model.errors import LockedError
from arfeed.operations.board import histories
from arfeed.operations.board.access import people
from arfeed.operations.board.access.guard import Place, Visit
from arfeed.operations.board.access.sessions import Session
from arfeed.operations.board.application import Application
from arfeed.operations.board.caching import Ranking
from arfeed.operations.board.feeds import Calendar, Feeds
from arfeed.operations.board.histories import Histories, State
from arfeed.operations.board.lookup import look_at, look_at_all
from arfeed.operations.board.pages import feeds as pages
from arfeed.operations.board.tables import now
from arfeed.operations.fleet.timetable import Timetable, read_timetable
from arfeed.plugins.config import resolved_settings
from support.feeds.feed import Feed, invoices
from support.people.boards import add_person, add_token, counted, database_of, running_board

if TYPE_CHECKING:
    from arfeed.operations.board.work import Worker
    from arfeed.plugins.config import Project


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """230 feeds with one history, of which two have delivered, the first of them twice."""
    folder = tmp_path_factory.mktemp("feeds")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ARFEED_STATE", str(folder / "state"))
        history = f"sqlite:///{folder / 'shared.db'}"
        for number in range(230):
            feed = Feed(folder / f"feed{number:03}", history=history)
            feed.configure()
            if number in (7, 9):
                feed.export(invoices(number))
                feed.approved()
            if number == 7:
                feed.export(invoices(8))
                feed.sync()
        add_person(folder, "anna", "approver:*")
        add_person(folder, "ben", "viewer:feed00*")
    return folder


def test_what_a_shared_history_says_of_all_feeds_takes_a_handful_of_queries(folder: Path) -> None:
    feeds = Feeds(folder).all()
    with counted() as said:
        states = Histories().states_of(feeds.values(), deliveries=True)
    assert len([one for one in said if one.startswith("SELECT")]) <= 8, said
    delivered = {
        name: state.delivery.open_count for name, state in states.items() if isinstance(state, State) and state.delivery
    }
    assert delivered == {"feed007": 8, "feed009": 9}
    with_outcome = {name for name, state in states.items() if isinstance(state, State) and state.outcome}
    assert with_outcome == {"feed007", "feed009"}


def test_a_history_in_a_file_is_looked_into_again_only_once_it_has_changed(folder: Path) -> None:
    feeds, histories = Feeds(folder).all(), Histories()
    os.utime(folder / "shared.db", (1_000_000_000, 1_000_000_000))
    first = histories.states_of(feeds.values(), deliveries=True)
    with counted() as said:
        assert histories.states_of(feeds.values(), deliveries=True) == first
    assert said == []
    file = folder / "shared.db"
    with sa.create_engine(f"sqlite:///{file}").begin() as connection:
        connection.exec_driver_sql("UPDATE outcomes SET message = 'changed'")
    changed = histories.states_of(feeds.values(), deliveries=True)["feed007"]
    assert isinstance(changed, State)
    assert changed.outcome
    assert changed.outcome.message == "changed"


def test_a_hundred_feeds_stand_on_a_page_and_a_name_narrows_them(folder: Path) -> None:
    with running_board(folder) as board:
        anna, ben = board.logged_in("anna"), board.logged_in("ben")
        pages = [anna.get(f"/?page={number}").text for number in (1, 2, 3)]
        assert [page.count('<th scope="row">') for page in pages] == [100, 100, 30]
        assert "Page 2 of 3, 230 feeds" in pages[1]
        assert '<a rel="prev" href="/?page=1">' in pages[1]
        assert '<a rel="next" href="/?page=3">' in pages[1]
        for strange in ("0", "-1", "x", "", "99", "1e9", "%C2%B2", "9" * 5000):
            assert anna.get(f"/?page={strange}").status == 200, strange
        named = anna.get("/?feed=D00&page=1").text
        assert named.count('<th scope="row">') == 10
        assert "delivered" in named
        assert "is called like that" in anna.get("/?feed=no-such").text
        assert ben.get("/").text.count('<th scope="row">') == 10
        assert "feed010" not in ben.get("/?feed=feed01").text


def test_an_order_is_worked_out_once_for_all_who_ask_and_anew_once_something_was_done() -> None:
    ranking, begun, go = Ranking[int](), threading.Event(), threading.Event()
    assert ranking.get(lambda: [1]) == [1]
    assert ranking.get(lambda: [2]) == [1]
    ranking.forget()
    assert ranking.get(lambda: [3]) == [3]

    def slow() -> list[int]:
        begun.set()
        go.wait(10)
        return [4]

    ranking.forget()
    answers: list[list[int]] = []
    first = threading.Thread(target=lambda: answers.append(ranking.get(slow)))
    first.start()
    assert begun.wait(10)
    # What was done while it was worked out is not in it.
    ranking.forget()
    go.set()
    first.join(10)
    assert answers == [[4]]
    assert ranking.get(lambda: [5]) == [5]


@pytest.mark.parametrize(
    ("text", "caution"),
    [pytest.param("[guards]\ncaution = 5\n", 5, id="of settings"), pytest.param("# None yet.\n", 20, id="of comments")],
)
def test_a_shared_file_that_changed_is_read_again(tmp_path: Path, text: str, caution: int) -> None:
    Feed(tmp_path / "acme").configure()
    config = tmp_path / "acme/plugins.toml"
    (tmp_path / "common.txt").write_text(text)
    config.write_text('extends = "../common.txt"\n' + config.read_text())
    feeds = Feeds(tmp_path)
    first = feeds.find("acme")
    assert first
    assert first.project, first.mistake
    assert first.project.guards.caution == caution
    (tmp_path / "common.txt").write_text("[guards]\ncaution = 50\n")
    again = feeds.find("acme")
    assert again
    assert again.project
    assert again.project.guards.caution == 50


def test_what_was_written_a_moment_ago_is_not_remembered(folder: Path) -> None:
    feeds, histories = Feeds(folder).all(), Histories()
    os.utime(folder / "shared.db")
    histories.states_of(feeds.values(), deliveries=True)
    with counted() as said:
        histories.states_of(feeds.values(), deliveries=True)
    assert said


def test_a_page_of_a_feed_opens_its_history_once(tmp_path: Path) -> None:
    feed = Feed(tmp_path / "feeds" / "acme")
    for count in (5, 4):
        feed.export(invoices(count))
        feed.approved()
    opened: list[object] = []

    def note(connection: object, record: object) -> None:
        opened.append(connection)

    with database_of(tmp_path / "feeds") as database:
        feeds = Feeds(tmp_path / "feeds")
        application = Application(database, feeds, Histories(), cast("Worker", None), Place(frozenset()), Ranking())
        with database.reading() as connection:
            connection.exec_driver_sql("SELECT 1")
        found = feeds.all()["acme"]
        sa.event.listen(sa.Pool, "connect", note)
        try:
            seen = look_at(application, found, looking_back=True)
        finally:
            sa.event.remove(sa.Pool, "connect", note)
    assert len(opened) == 1
    assert seen.back
    assert [len(seen.deliveries), len(seen.back.past)] == [2, 2]
    # Their receipts may be long, and only whether there is one is shown.
    assert [(run.receipt, kept) for run, kept in seen.deliveries] == [(None, True)] * 2


def test_an_address_that_can_not_be_read_hides_no_other_feed_of_the_history(tmp_path: Path) -> None:
    history = f"sqlite:///{tmp_path / 'shared.db'}"
    for name, url in (("good", None), ("nobody", "sftp://nouser"), ("broken", "https://[bad/x")):
        Feed(tmp_path / name, history=history, destination={"url": url} if url else {}).configure()
    states = Histories().states_of(Feeds(tmp_path).all().values(), deliveries=True)
    assert isinstance(states["good"], State)
    assert all(isinstance(state, str) and state for name, state in states.items() if name != "good")


def test_a_refused_plan_that_can_not_be_read_hides_no_other_feed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARFEED_STATE", str(tmp_path / "state"))
    for name in ("held", "other"):
        feed = Feed(tmp_path / name)
        feed.export(invoices(20))
        feed.approved()
        feed.export(invoices(10))
        feed.sync()
    feeds, histories = Feeds(tmp_path), Histories()
    read = histories.refused_plan

    def refused_plan(project: Project) -> dict[str, Any] | None:
        if project.folder.name == "held":
            raise LockedError("another process has kept it locked")
        return read(project)

    monkeypatch.setattr(histories, "refused_plan", refused_plan)
    with database_of(tmp_path) as database:
        application = Application(database, feeds, histories, cast("Worker", None), Place(frozenset()), Ranking())
        held, other = look_at_all(application, [*feeds.all().values()])
    assert "kept it locked" in held.wrong
    assert other.waiting


def test_a_feed_is_read_again_once_a_file_that_it_extends_is_mended(tmp_path: Path) -> None:
    Feed(tmp_path / "acme").configure()
    config = tmp_path / "acme/plugins.toml"
    config.write_text('extends = "../common.txt"\n' + config.read_text())
    (tmp_path / "common.txt").write_text("[guards\n")
    feeds = Feeds(tmp_path)
    broken = feeds.find("acme")
    assert broken
    assert broken.project is None
    (tmp_path / "common.txt").write_text("[guards]\ncaution = 30\n")
    mended = feeds.find("acme")
    assert mended
    assert mended.project
    assert mended.project.guards.caution == 30


def test_a_feed_that_stays_broken_makes_no_other_list(tmp_path: Path) -> None:
    Feed(tmp_path / "acme").configure()
    Feed(tmp_path / "broken").configure().write_text("[feed\n")
    feeds = Feeds(tmp_path)
    first = feeds.all()
    assert first["broken"].project is None
    feeds._good_until = 0
    assert feeds.all() is first
    assert feeds._good_until > 0


@pytest.mark.skipif(os.name == "nt", reason="names of files are text there")
def test_a_folder_whose_name_is_not_text_is_a_feed_like_any_other(tmp_path: Path) -> None:
    Feed(tmp_path / "acme").configure()
    (tmp_path / "acme").rename(os.fsdecode(os.fsencode(tmp_path) + b"/bad\xff"))
    (name,) = Feeds(tmp_path).all()
    assert name == "bad\ufffd"


def test_a_plan_that_was_taken_over_is_not_taken_over_again_at_each_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARFEED_STATE", str(tmp_path / "state"))
    history = f"sqlite:///{tmp_path / 'shared.db'}"
    for number in range(6):
        feed = Feed(tmp_path / f"feed{number}", history=history)
        feed.export(invoices(20))
        feed.approved()
        feed.export(invoices(10))
        feed.sync()
    feeds = Feeds(tmp_path)
    with database_of(tmp_path) as database:
        worker = cast("Worker", None)
        application = Application(database, feeds, Histories(), worker, Place(frozenset()), Ranking())
        every = [*feeds.all().values()]
        assert all(each.waiting for each in look_at_all(application, every))
        for deliveries in (True, False):
            with counted() as said:
                assert all(each.waiting for each in look_at_all(application, every, deliveries=deliveries))
            assert len([one for one in said if one.startswith("SELECT")]) <= 20, said
            assert not [one for one in said if one.startswith(("BEGIN", "INSERT", "UPDATE"))], said


def test_when_a_fleet_runs_a_feed_next_is_on_the_pages_and_in_the_api(tmp_path: Path) -> None:
    schedules = {
        "daily": 'cron = "0 6 * * *"\ntimezone = "Europe/Athens"\n',
        "by-its-feed": 'cron = "0 12 1 1 *"\nspread = false\n',
        "never": 'cron = "0 6 31 2 *"\n',
    }
    due: dict[str, str | None] = {"none": None, "never": None}
    for name in ("none", *schedules):
        config = Feed(tmp_path / name).configure()
        if name in schedules:
            config.write_text(config.read_text() + f"\n[schedule]\n{schedules[name]}")
        timetable = read_timetable(name, resolved_settings(config))
        if timetable and name != "never":
            # As the fleet itself reckons: the moment within the spread is the same.
            due[name] = f"{timetable.next(now()):%Y-%m-%dT%H:%M:%SZ}"
    add_person(tmp_path, "anna", "viewer")
    token = add_token(tmp_path, "anna", "viewer")
    with running_board(tmp_path) as board:
        anna, program = board.logged_in("anna"), board.program(token)
        front = anna.get("/").text
        for name, at in due.items():
            row = front.partition(f'href="/feeds/{name}"')[2].partition("</tr>")[0]
            page = anna.get(f"/feeds/{name}").text
            assert program.read(f"/api/v1/feeds/{name}")["feed"]["next_run"] == at, name
            assert re.findall('<time datetime="([^"]+)"', row) == ([at] if at else []), name
            assert ("The fleet runs it next in" in page) is (f'<time datetime="{at}"' in page) is (at is not None), name
        gauges = [
            line for line in program.ask("GET", "/metrics").text.splitlines() if "next_run_timestamp_seconds{" in line
        ]
        assert {line.partition('"')[2].partition('"')[0] for line in gauges} == {"daily", "by-its-feed"}


def test_the_next_run_is_worked_out_once_until_it_has_passed(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[datetime] = []
    reckon = Timetable.next

    def noted(timetable: Timetable, after: datetime) -> datetime:
        asked.append(after)
        return reckon(timetable, after)

    monkeypatch.setattr(Timetable, "next", noted)
    calendar = Calendar(Timetable("0 6 * * *", "UTC", 90))
    day = datetime(2026, 4, 4, tzinfo=UTC)
    hours = [calendar.next_run(day + timedelta(hours=hour)) for hour in (0, 5, 6, 7, 8)]
    assert hours == [day + timedelta(hours=6, seconds=90)] * 3 + [day + timedelta(days=1, hours=6, seconds=90)] * 2
    assert len(asked) == 2
    never = Calendar(Timetable("0 6 31 2 *", "UTC", 0))
    assert [never.next_run(day), never.next_run(day)] == [None, None]
    assert len(asked) == 3


def test_no_page_asks_databases_more_than_a_handful_of_questions(folder: Path) -> None:
    asked: dict[str, int] = {}
    with database_of(folder) as database:
        worker = cast("Worker", None)
        application = Application(database, Feeds(folder), Histories(), worker, Place(frozenset()), Ranking())
        with database.reading() as connection:
            visit = Visit(Session(people.find(connection, "anna"), "", ""), "127.0.0.1", query={"q": "INV-0008"})
        application.feeds.all()
        for answer, path in ((pages.show_feeds, {}), (pages.feed, {"feed": "feed007"}), (pages.search, {})):
            with counted() as said:
                text = bytes(answer(application, visit, path).body).decode()
            assert "feed007" in text
            asked[answer.__name__] = len([one for one in said if one.startswith("SELECT")])
    # Whether there are 230 feeds or 23,000, but for the search, which asks for a hundred at a time.
    assert asked["show_feeds"] <= 20, asked
    assert asked["feed"] <= 20, asked
    assert asked["search"] <= 20, asked


def test_a_search_that_takes_too_long_says_what_it_did_not_reach(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    feeds, found = Feeds(folder).all().values(), Histories()
    traces, unread = found.trace(feeds, "inv-0008")
    assert unread == []
    assert [(each.feed, each.what.partition(":")[0]) for each in traces] == [
        ("feed007", "INV-0008 was new"),
        ("feed007", "INV-0008 is still open"),
        ("feed009", "INV-0008 was open already, in the oldest report that is kept"),
        ("feed009", "INV-0008 is still open"),
    ]
    assert traces[1].what.endswith("it stood in 1 of the 2 reports that are kept")
    monkeypatch.setattr(histories, "_LONGEST_SEARCH", -1.0)
    assert found.trace(feeds, "INV-0008") == (
        [],
        ["230 feeds were not reached in -1 seconds: search again, in feeds whose name holds a part that you give."],
    )


def test_a_report_that_can_not_be_read_hides_no_other_from_the_search(tmp_path: Path) -> None:
    history = f"sqlite:///{tmp_path / 'shared.db'}"
    for name in ("damaged", "whole"):
        feed = Feed(tmp_path / name, history=history)
        feed.export(invoices(3))
        feed.approved()
    with sa.create_engine(history).begin() as connection:
        connection.exec_driver_sql(
            "UPDATE reports SET parquet = x'00' WHERE run IN (SELECT id FROM runs WHERE destination LIKE '%damaged%')"
        )
    traces, (unread,) = Histories().trace(Feeds(tmp_path).all().values(), "INV-0002")
    assert {each.feed for each in traces} == {"whole"}
    assert unread.startswith("damaged: feed.history: a report kept there is damaged")


def test_postgresql_finds_the_last_delivery_of_each_feed(tmp_path: Path, postgresql: str) -> None:
    feeds = [Feed(tmp_path / f"feed{number}", history=postgresql) for number in range(3)]
    for number, feed in enumerate(feeds[:2]):
        for count in (5, 4 + number):
            feed.export(invoices(count))
            feed.approved()
    feeds[2].configure()
    with feeds[0].records() as history:
        # The last one of the second was never seen at the receiver again; an earlier one was.
        last = next(run.id for run in history.runs() if run.destination == feeds[1].where)
        engine = sa.create_engine(sa.make_url(postgresql).set(drivername="postgresql+psycopg"))
        with engine.begin() as connection:
            connection.execute(sa.text("UPDATE runs SET state = 'unverified' WHERE id = :run"), {"run": last})
        engine.dispose()
        found = history.last_deliveries({*(feed.where for feed in feeds), "rehearsal://nowhere"})
    assert {record.open_count for record in found.values()} == {4, 5}
    assert found[feeds[1].where].state == "unverified"
    assert found.keys() == {feeds[0].where, feeds[1].where}
