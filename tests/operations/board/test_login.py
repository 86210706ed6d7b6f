"""Coming in: passwords, one-time links, sessions, and everybody who tries to without."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from arfeed import ConfigError
from arfeed.operations.board import audit
from arfeed.operations.board.access import people, sessions
from arfeed.operations.board.access.people import Grant
from arfeed.operations.board.access.sessions import RateLimit
from arfeed.operations.board.database import Database
from arfeed.operations.board.tables import invitations, now
from arfeed.operations.board.tables import people as people_table
from arfeed.operations.board.tables import sessions as sessions_table
from support.feeds.feed import Feed
from support.people.boards import PASSWORD, Board, Visitor, add_person, database_of, running_board

SESSION = "arfeed-session"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    add_person(tmp_path, "anna", "approver:*")
    with database_of(tmp_path) as opened:
        yield opened


def try_passwords(database: Database, count: int) -> None:
    for number in range(count):
        assert people.log_in(database, "anna", f"wrong {number}", "192.0.2.1") is None


def test_the_first_person_begins_by_a_link_that_is_good_once(tmp_path: Path) -> None:
    Feed(tmp_path / "acme").configure()
    with running_board(tmp_path) as board:
        link = next(word for word in board.printed.split() if "/begin/" in word)
        path, visitor = link.removeprefix(board.origin), board.visitor()
        chosen = {"name": "anna", "password": PASSWORD, "again": PASSWORD}
        assert visitor.fill(path, path, **{**chosen, "again": "another one entirely"}).status == 400
        assert visitor.fill(path, path, **{**chosen, "password": "short", "again": "short"}).status == 400
        assert visitor.fill(path, path, **{**chosen, "name": "../anna"}).status == 400
        done = visitor.fill(path, path, **chosen)
        assert (done.status, done.location) == (303, "/login")
        assert SESSION not in visitor.cookies
        assert board.visitor().get(path).status == 404
        assert board.visitor().post(path, {**chosen, "name": "eve"}).status == 403
        front = board.logged_in("anna")
        assert "acme" in front.get("/").text
        assert front.get("/audit").status == 200
    with board.database() as database:
        assert people.invite_first(database) is None


def test_the_link_of_the_first_person_is_used_up_for_whoever_came_second(tmp_path: Path) -> None:
    """Both had its page open, so that it was still good when they were asked for a name."""
    (tmp_path / ".arfeed").mkdir()
    with database_of(tmp_path) as database:
        link = people.invite_first(database)
        assert link is not None
        assert people.accept(database, link, "anna", PASSWORD)
        assert not people.accept(database, link, "eve", PASSWORD)
        with database.reading() as connection:
            assert [each.person.name for each in people.list_people(connection)] == ["anna"]


def test_a_link_that_nobody_used_in_time_is_worth_nothing(database: Database) -> None:
    links = {hours: people.add(database, f"ben{hours}", [Grant("viewer", "*")], "a test") for hours in (23, 25)}
    with database.writing() as connection:
        for hours in links:
            until = now() + people.LINK_LASTS - timedelta(hours=hours)
            this = invitations.c.person == f"ben{hours}"
            connection.execute(sa.update(invitations).where(this).values(expires_at=until))
    with database.reading() as connection:
        assert people.check_invitation(connection, links[23]) == (True, "ben23")
        assert people.check_invitation(connection, links[25]) == (False, None)
    assert people.accept(database, links[23], "", PASSWORD)
    assert not people.accept(database, links[25], "", PASSWORD)


def test_a_password_typed_as_a_name_does_not_come_into_the_log(database: Database) -> None:
    assert people.log_in(database, "lantern-on-the-hill", "anna", "192.0.2.1") is None
    with database.reading() as connection:
        assert "lantern" not in repr(audit.entries(connection))
        assert audit.entries(connection)[-1].what == "login refused"


def test_a_name_and_a_password_that_nobody_has_are_refused_in_the_same_words(shared: Board) -> None:
    visitor = shared.visitor()
    wrong, unknown = visitor.log_in("anna", "not her password"), visitor.log_in("mallory", "not her password")
    assert (wrong.status, unknown.status) == (403, 403)
    assert wrong.text == unknown.text
    assert SESSION not in visitor.cookies


def test_a_login_takes_as_long_for_a_name_that_nobody_has(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[str] = []
    verify = people._verify

    def noted(digest: str, password: str) -> bool:
        hashed.append(digest)
        return verify(digest, password)

    monkeypatch.setattr(people, "_verify", noted)
    for name in ("anna", "mallory"):
        assert people.log_in(database, name, "not a password", "192.0.2.1") is None
    assert len(hashed) == 2
    # The same work: algorithm, memory, passes and lanes stand in the hash.
    assert [digest.split("$")[1:4] for digest in hashed] == [["argon2id", "v=19", "m=65536,t=3,p=4"]] * 2


def test_wrong_passwords_lock_somebody_out_for_ever_longer_and_the_right_one_does_not_help(database: Database) -> None:
    spans: list[int] = []
    for _ in range(3):
        try_passwords(database, 5 if not spans else 1)
        assert people.log_in(database, "anna", PASSWORD, "192.0.2.1") is None
        with database.writing() as connection:
            until = connection.execute(sa.select(people_table.c.locked_until)).scalar_one()
            spans.append(round((until - now()) / timedelta(minutes=1)))
            connection.execute(sa.update(people_table).values(locked_until=now() - timedelta(seconds=1)))
    assert spans == [1, 2, 4]
    person = people.log_in(database, "anna", PASSWORD, "192.0.2.1")
    assert person
    assert person.name == "anna"
    try_passwords(database, 4)
    assert people.log_in(database, "anna", PASSWORD, "192.0.2.1")


def test_an_address_that_tries_one_name_after_the_other_has_to_wait(shared: Board) -> None:
    visitor = shared.visitor("127.0.0.9")
    assert [visitor.log_in(f"name{number}", "a guess").status for number in range(20)] == [403] * 20
    late = visitor.log_in("anna")
    assert late.status == 429
    assert SESSION not in visitor.cookies
    assert shared.visitor().log_in("anna").status == 303


def test_right_logins_of_one_address_are_not_counted() -> None:
    limit = RateLimit(most=2)
    for _ in range(10):
        assert limit.allows("192.0.2.1")
        limit.forgive("192.0.2.1")
    assert [limit.allows("192.0.2.1") for _ in range(3)] == [True, True, False]
    assert limit.allows("192.0.2.2")


def test_a_session_that_a_browser_brings_along_is_never_taken_over(shared: Board) -> None:
    victim = shared.visitor()
    victim.cookies[SESSION] = "chosen-by-somebody-else"
    assert victim.log_in("anna").status == 303
    first = victim.cookies[SESSION]
    assert first != "chosen-by-somebody-else"
    # Logging in again gives another token, and ends the one before.
    assert victim.fill("/account", "/login", name="anna", password=PASSWORD).status == 303
    assert victim.cookies[SESSION] != first
    assert Visitor(shared.origin, {SESSION: first}).get("/").status == 303


def test_logging_out_ends_the_session_and_not_only_the_cookie(shared: Board) -> None:
    visitor = shared.logged_in("anna")
    kept = Visitor(shared.origin, dict(visitor.cookies))
    assert kept.get("/").status == 200
    assert visitor.fill("/account", "/logout").location == "/login"
    assert SESSION not in visitor.cookies
    assert kept.get("/").status == 303


def test_another_password_ends_all_sessions(shared: Board) -> None:
    add_person(shared.folder, "carla", "viewer:*")
    one, other = shared.logged_in("carla"), shared.logged_in("carla")
    changed = {"password": PASSWORD, "new": "quite another lantern", "again": "quite another lantern"}
    assert one.fill("/account", "/account/password", **{**changed, "password": "not mine at all"}).status == 403
    assert one.fill("/account", "/account/password", **{**changed, "again": "something else here"}).status == 400
    assert one.fill("/account", "/account/password", **changed).location == "/login"
    assert [visitor.get("/").status for visitor in (one, other)] == [303, 303]
    assert shared.visitor().log_in("carla").status == 403
    assert shared.visitor().log_in("carla", "quite another lantern").status == 303


def test_all_other_sessions_can_be_ended(shared: Board) -> None:
    one, other, anothers = shared.logged_in("anna"), shared.logged_in("anna"), shared.logged_in("vera")
    assert one.fill("/account", "/account/sessions").status == 303
    assert [visitor.get("/").status for visitor in (one, other, anothers)] == [200, 303, 200]


@pytest.mark.parametrize(
    ("used", "created", "alive"),
    [
        pytest.param(timedelta(minutes=29), timedelta(hours=11), True, id="in use"),
        pytest.param(timedelta(minutes=31), timedelta(minutes=31), False, id="idle"),
        pytest.param(timedelta(minutes=1), timedelta(hours=12, minutes=1), False, id="too old"),
    ],
)
def test_a_session_ends_when_it_is_idle_or_old(
    database: Database, used: timedelta, created: timedelta, alive: bool
) -> None:
    with database.reading() as connection:
        token = sessions.begin(database, people.find(connection, "anna"))
    values = {"used_at": now() - used, "created_at": now() - created}
    with database.writing() as connection:
        connection.execute(sa.update(sessions_table).values(**values))
    assert (sessions.find_session(database, token) is not None) is alive
    if alive:  # and it lives on from there
        with database.reading() as connection:
            assert now() - connection.execute(sa.select(sessions_table.c.used_at)).scalar_one() < timedelta(minutes=1)


def test_whoever_is_removed_is_out_at_once(database: Database) -> None:
    with database.reading() as connection:
        token = sessions.begin(database, people.find(connection, "anna"))
    assert sessions.find_session(database, token)
    people.remove(database, "anna", "a test")
    assert sessions.find_session(database, token) is None
    # Nor does an old session become somebody else's who is called the same.
    people.add(database, "anna", [Grant("viewer", "*")], "a test")
    assert sessions.find_session(database, token) is None


def test_the_database_holds_nothing_that_one_could_log_in_by(tmp_path: Path) -> None:
    add_person(tmp_path, "anna", "approver:*")
    with database_of(tmp_path) as database:
        link = people.add(database, "vera", [Grant("viewer", "*")], "a test")
        with database.reading() as connection:
            token = sessions.begin(database, people.find(connection, "anna"))
    content = b"".join(file.read_bytes() for file in (tmp_path / ".arfeed").iterdir())
    for secret in (PASSWORD, link, token):
        assert secret.encode() not in content


@pytest.mark.parametrize(
    ("password", "why"),
    [("eleven char", "12 to 200"), ("x" * 201, "12 to 200"), ("abababababab", "easily"), ("my name is anna", "easily")],
)
def test_a_weak_password_is_refused(database: Database, password: str, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        people.set_password(database, "anna", password, "a test")


@pytest.mark.parametrize("name", ["", "Anna", "anna berg", "-anna", "../anna", "an\nna", "a" * 33, "ännä"])
def test_a_name_that_could_be_taken_for_something_else_is_refused(database: Database, name: str) -> None:
    with pytest.raises(ConfigError, match="is not a name for the board"):
        people.add(database, name, [Grant("viewer", "*")], "a test")


@pytest.mark.parametrize(
    ("wanted", "led"),
    [
        ("/feeds/acme", "/feeds/acme"),
        ("/search?q=INV-0001", "/search?q=INV-0001"),
        ("//evil.example.com/", "/"),
        ("/\\evil.example.com", "/"),
        ("https://evil.example.com/", "/"),
        ("javascript:alert(1)", "/"),
        ("/\r\nSet-Cookie: arfeed-session=x", "/"),
        ("/%0d%0aSet-Cookie:x=y", "/"),
        ("/a@evil.example.com", "/"),
        ("", "/"),
    ],
)
def test_the_login_leads_to_pages_of_ours_only(shared: Board, wanted: str, led: str) -> None:
    answer = shared.visitor().log_in("vera", next=wanted)
    assert (answer.status, answer.location) == (303, led)
    assert [line.partition("=")[0] for line in answer.headers.get_all("Set-Cookie") or []] == [SESSION, "arfeed-form"]


def test_fields_that_a_form_does_not_have_give_nobody_a_role(shared: Board) -> None:
    with shared.database() as database:
        link = people.add(database, "dora", [Grant("viewer", "acme")], "a test")
    more = {"role": "operator", "roles": "operator:*", "pattern": "*", "person": "anna", "name": "anna", "grants": "*"}
    begun = shared.visitor().fill(
        f"/begin/{link}", f"/begin/{link}", **{**more, "password": "dora has a lantern", "again": "dora has a lantern"}
    )
    assert begun.status == 400  # the password holds the name
    chosen = {**more, "password": "quite a good lantern", "again": "quite a good lantern"}
    assert shared.visitor().fill(f"/begin/{link}", f"/begin/{link}", **chosen).location == "/login"
    dora = shared.visitor()
    assert dora.log_in("dora", "quite a good lantern", **{key: more[key] for key in ("role", "roles")}).status == 303
    changed = {
        **more,
        "password": "quite a good lantern",
        "new": "quite another lantern",
        "again": "quite another lantern",
    }
    assert dora.fill("/account", "/account/password", **changed).location == "/login"
    with shared.database() as database, database.reading() as connection:
        assert people.find(connection, "dora").grants == (Grant("viewer", "acme"),)
    assert shared.visitor().log_in("anna").status == 303
