"""Coming in by an OpenID provider, over real HTTP: one that does all it should, and one that does not."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import sqlalchemy as sa

from arfeed import ConfigError
from arfeed.operations.board.access import identities, people, provider
from arfeed.operations.board.access.people import Grant
from arfeed.operations.board.access.provider import Attempt, Attempts, Claimed
from arfeed.operations.board.access.settings import read_settings
from arfeed.operations.board.audit import entries
from arfeed.operations.board.tables import sessions as sessions_table
from arfeed.testing.commands import run_command
from support.feeds.feed import Feed
from support.people.boards import PASSWORD, Board, Visitor, add_person, add_token, refused_feed, running_board
from support.servers.identity import (
    CLIENT,
    SECRET,
    Provider,
    add_account,
    come,
    lead,
    running_mock,
    running_provider,
    write_settings,
)

SESSION = "arfeed-session"


@pytest.fixture(scope="module")
def running() -> Iterator[Provider]:
    with running_provider() as one:
        yield one


@pytest.fixture
def theirs(running: Provider) -> Provider:
    """The provider of the shared board, which does all it should until a test says otherwise."""
    fresh = Provider(running.issuer)
    for name in vars(fresh):
        setattr(running, name, getattr(fresh, name))
    running.claims = somebody("0001", "Anna.Berg")
    return running


@pytest.fixture(scope="module")
def shared(running: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Board]:
    folder = tmp_path_factory.mktemp("feeds")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ARFEED_STATE", str(tmp_path_factory.mktemp("state")))
        Feed(folder / "acme").configure()
        add_person(folder, "vera", "viewer:*")
        write_settings(folder, running.issuer)
        with running_board(folder) as board:
            yield board


def somebody(subject: str, name: str, *groups: str) -> dict[str, object]:
    return {"sub": subject, "preferred_username": name, "groups": [*groups] or ["finance"]}


def what_was_logged(board: Board) -> list[tuple[str, str, str]]:
    with board.database() as database, database.reading() as connection:
        return [(line.who, line.what, line.about) for line in entries(connection)]


def test_whoever_has_a_role_there_comes_in_by_name(shared: Board, theirs: Provider) -> None:
    visitor = shared.visitor()
    assert "Log in by Example ID" in visitor.get("/login?next=/account").text
    asked = visitor.get("/login/provider").location
    query = parse_qs(urlsplit(asked).query)
    assert query["client_id"] == [CLIENT]
    assert query["response_type"] == ["code"]
    assert query["code_challenge_method"] == ["S256"]
    assert {len(query[name][0]) for name in ("state", "nonce")} == {64}
    assert SECRET not in asked
    answer = come(visitor, "/account")
    assert (answer.status, answer.location) == (303, "/account")
    account = visitor.get("/account").text
    assert "anna.berg" in account
    assert "acme" in account
    assert "Change the password" not in account
    assert visitor.get("/feeds/acme").status == 200
    assert ("anna.berg", "logged in", "anna.berg") in what_was_logged(shared)
    listed = run_command(shared.folder, "board", "user", "list").out
    assert "provider: 0001" in next(line for line in listed.splitlines() if line.startswith("anna.berg"))


WRONG: dict[str, Callable[[Provider], object]] = {
    "another nonce": lambda one: one.instead.update(nonce="of another login"),
    "no nonce": lambda one: one.instead.update(nonce=None),
    "expired": lambda one: one.instead.update(exp=int(time.time()) - 120),
    "no end": lambda one: one.instead.update(exp=None),
    "for another program": lambda one: one.instead.update(aud="another-program"),
    "for another program, asked for by this": lambda one: one.instead.update(aud="another-program", azp=CLIENT),
    "for this and another": lambda one: one.instead.update(aud=[CLIENT, "another"], azp="another"),
    "of another issuer": lambda one: one.instead.update(iss="https://evil.example.com"),
    "of no issuer": lambda one: one.instead.update(iss=None),
    "from the future": lambda one: one.instead.update(nbf=int(time.time()) + 600),
    "of nobody": lambda one: one.instead.update(sub=""),
    "of a subject that is a number": lambda one: one.instead.update(sub=1),
    "of a subject that is too long": lambda one: one.instead.update(sub="x" * 256),
    "another access token": lambda one: one.instead.update(at_hash="AAAAAAAAAAAAAAAAAAAAAA"),
    "unsigned": lambda one: setattr(one, "signing", "none"),
    "signed by what we share": lambda one: setattr(one, "signing", "HS256"),
    "signed by a stranger": lambda one: setattr(one, "strange_key", True),
    "no token": lambda one: one.token.update(id_token=None),
    "no text": lambda one: one.token.update(id_token=7),
    "nonsense": lambda one: one.token.update(id_token="a.b.c"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_proves_nothing_lets_nobody_in(shared: Board, theirs: Provider, wrong: str) -> None:
    WRONG[wrong](theirs)
    visitor = shared.visitor(f"127.0.1.{[*WRONG].index(wrong) + 1}")
    answer = come(visitor)
    assert answer.status == 403, answer.text
    assert "does not prove who you are" in answer.text
    assert SESSION not in visitor.cookies


def test_what_is_said_of_another_subject_is_not_used(shared: Board, running: Provider, theirs: Provider) -> None:
    # A board of its own: where its pages are, a board asks a provider once an hour.
    theirs.claims = {"sub": "0002"}
    theirs.info = somebody("0003", "mallory")
    with running_board(shared.folder) as board:
        assert come(board.visitor()).status == 403
        theirs.info = somebody("0002", "dora")
        visitor = board.visitor()
        assert come(visitor).status == 303
        assert "dora" in visitor.get("/account").text


def test_a_login_is_good_once_and_in_the_browser_that_began_it(shared: Board, theirs: Provider) -> None:
    visitor, other = shared.visitor("127.0.0.11"), shared.visitor("127.0.0.12")
    back = lead(visitor)
    assert "begun elsewhere" in other.get(back).text
    lead(other)
    # With an attempt of theirs, but another's state: a login that somebody wants to foist on them.
    assert other.get(back).status == 400
    cookies = dict(visitor.cookies)
    assert visitor.get(back).status == 303
    assert Visitor(shared.origin, cookies).get(back).status == 400
    # A used code, sent along with a good state.
    again = lead(other)
    used, fresh = (parse_qs(urlsplit(each).query) for each in (back, again))
    replayed = other.get(f"/login/provider/back?state={fresh['state'][0]}&code={used['code'][0]}")
    assert replayed.status == 403
    assert SESSION not in other.cookies


def test_no_two_logins_have_a_state_a_nonce_or_a_verifier_in_common(theirs: Provider, tmp_path: Path) -> None:
    read = read_settings(write_settings(tmp_path, theirs.issuer))
    assert read.oidc
    asked, back = provider.Provider(read.oidc), "http://127.0.0.1:8300/login/provider/back"
    begun = [asked.begin(back, "/") for _ in range(3)]
    secret = [each for _, attempt in begun for each in attempt[:3]]
    assert len({*secret}) == 9
    assert all(len(each) == 64 for each in secret)
    # What proves later that it is the same login never leaves the board, but its hash does.
    for address, attempt in begun:
        query = parse_qs(urlsplit(address).query)
        assert attempt.verifier not in address
        digest = base64.urlsafe_b64encode(hashlib.sha256(attempt.verifier.encode()).digest()).decode().rstrip("=")
        assert query["code_challenge"] == [digest]
        assert (query["state"], query["nonce"], query["redirect_uri"]) == ([attempt.state], [attempt.nonce], [back])


def test_a_login_that_took_too_long_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    attempts, attempt = Attempts(), Attempt("state", "nonce", "verifier", "/")
    late, good = attempts.keep(attempt), attempts.keep(attempt)
    assert attempts.take(good, "state") == attempt
    assert attempts.take(good, "state") is None
    assert attempts.take("no key", "state") is None
    monkeypatch.setattr(provider, "_LASTS", 0.0)
    assert attempts.take(late, "state") is None


def test_a_flood_of_logins_pushes_out_the_oldest_and_fills_no_memory() -> None:
    attempts, attempt = Attempts(), Attempt("state", "nonce", "verifier", "/")
    keys = [attempts.keep(attempt) for _ in range(1_003)]
    assert len(attempts._kept) == 1_000
    assert [attempts.take(key, "state") is None for key in (keys[2], keys[3], keys[-1])] == [True, False, False]


@pytest.mark.parametrize(
    "query",
    ["", "?error=access_denied&state=x", "?state=", "?code=1", "?state=%00&code=%ff", "?iss=https://evil.example"],
)
def test_an_address_that_nobody_began_lets_nobody_in(shared: Board, query: str) -> None:
    visitor = shared.visitor("127.0.0.13")
    assert visitor.get(f"/login/provider/back{query}").status == 400
    assert SESSION not in visitor.cookies


def test_what_the_provider_refused_and_who_else_answers_lets_nobody_in(shared: Board, theirs: Provider) -> None:
    visitor = shared.visitor("127.0.0.14")
    state = parse_qs(urlsplit(lead(visitor)).query)["state"][0]
    denied = visitor.get(f"/login/provider/back?state={state}&error=access_denied&error_description=Call+0900")
    assert denied.status == 403
    assert "did not let you in (access_denied)" in denied.text
    assert "0900" not in denied.text
    # RFC 9207: an answer of another provider that the board might know one day.
    mixed = visitor.get(f"{lead(visitor)}&iss=https://evil.example.com")
    assert mixed.status == 403


@pytest.mark.parametrize(
    ("wanted", "led"),
    [("/feeds/acme", "/feeds/acme"), ("//evil.example.com", "/"), ("https://evil.example.com", "/"), ("/\\evil", "/")],
)
def test_the_way_back_leads_to_pages_of_ours_only(shared: Board, theirs: Provider, wanted: str, led: str) -> None:
    assert come(shared.visitor("127.0.0.15"), wanted).location == led


def test_a_session_that_a_browser_brings_along_is_not_taken_over(shared: Board, theirs: Provider) -> None:
    victim = shared.visitor("127.0.0.16")
    victim.cookies[SESSION] = "chosen-by-somebody-else"
    assert come(victim).status == 303
    assert victim.cookies[SESSION] != "chosen-by-somebody-else"
    before = victim.cookies[SESSION]
    # Somebody who is logged in by a password, and by the provider after that: the first session is over.
    assert come(victim).status == 303
    assert Visitor(shared.origin, {SESSION: before}).get("/").status == 303
    out = victim.fill("/account", "/logout")
    assert out.location == "/login?left=yes"
    assert f'href="{theirs.issuer}/logout"' in victim.get(out.location).text
    assert victim.get("/").status == 303


def test_whoever_has_no_role_may_not_come_in_and_loses_what_they_had(shared: Board, theirs: Provider) -> None:
    theirs.claims = somebody("0010", "eve", "canteen")
    refused = come(shared.visitor("127.0.0.17"))
    assert refused.status == 403
    assert "no role on this board" in refused.text
    theirs.claims = somebody("0010", "eve", "finance", "canteen")
    visitor = shared.visitor("127.0.0.17")
    assert come(visitor).status == 303
    program = shared.program(add_token(shared.folder, "eve", "approver"))
    assert "acme" in program.ask("GET", "/api/v1/feeds").text
    theirs.claims = somebody("0010", "eve", "canteen")
    assert come(shared.visitor("127.0.0.18")).status == 403
    assert visitor.get("/").status == 303
    assert "acme" not in program.ask("GET", "/api/v1/feeds").text
    assert ("", "login refused", "eve") in what_was_logged(shared)


def test_somebody_stays_who_they_are_whatever_they_are_called_there(shared: Board, theirs: Provider) -> None:
    theirs.claims = {**somebody("0020", "carla@example.com"), "email": "carla@example.com"}
    assert come(shared.visitor("127.0.0.19")).status == 303
    theirs.claims = {**somebody("0020", "carla.new@example.org", "audit"), "email": "other@example.org"}
    visitor = shared.visitor("127.0.0.19")
    assert come(visitor).status == 303
    account = visitor.get("/account").text
    assert "carla" in account
    assert "carla.new" not in account
    # The groups of now.
    assert "see all feeds" in account


@pytest.mark.parametrize("name", ["carl", "vera"])
def test_nobody_becomes_somebody_else_by_their_name(shared: Board, theirs: Provider, name: str) -> None:
    theirs.claims = somebody("0030", "carl")
    come(shared.visitor("127.0.0.20"))
    theirs.claims = somebody(f"0031 {name}", f"{name}@example.com")
    refused = come(shared.visitor("127.0.0.20"))
    assert refused.status == 403
    assert f"There is somebody called {name} here already." in refused.text


@pytest.mark.parametrize("name", ["", "@example.com", "安娜", "../..", "<script>"])
def test_a_name_that_is_none_here_is_refused_or_made_one(shared: Board, theirs: Provider, name: str) -> None:
    theirs.claims = somebody(f"0040 {name}", name)
    answer = come(shared.visitor("127.0.0.21"))
    assert answer.status == (303 if name == "<script>" else 403)


def test_a_person_of_the_provider_has_no_password_until_one_is_given(shared: Board, theirs: Provider) -> None:
    theirs.claims = somebody("0050", "frida")
    assert come(shared.visitor("127.0.0.22")).status == 303
    for password in ("", PASSWORD, "None"):
        assert shared.visitor("127.0.0.22").log_in("frida", password).status == 403
    with shared.database() as database:
        people.set_password(database, "frida", PASSWORD, "a test")
    assert shared.visitor("127.0.0.22").log_in("frida").status == 303


def test_a_person_of_the_board_comes_by_the_provider_once_linked(shared: Board, theirs: Provider) -> None:
    add_person(shared.folder, "gitta", "viewer:*")
    link = ("board", "user", "link", "gitta", "0060")
    assert run_command(shared.folder, *link).code == 0
    theirs.claims = somebody("0060", "somebody else")
    visitor = shared.visitor("127.0.0.23")
    assert come(visitor).status == 303
    assert "gitta" in visitor.get("/account").text
    assert shared.visitor("127.0.0.23").log_in("gitta").status == 303
    assert "gitta already" in run_command(shared.folder, *link).err
    assert "nobody called" in run_command(shared.folder, *link[:3], "nobody", "1").err
    with shared.database() as database:
        people.remove(database, "gitta", "a test")
    assert visitor.get("/").status == 303


def test_a_provider_that_is_away_keeps_nobody_from_using_a_password(shared: Board, theirs: Provider) -> None:
    theirs.broken = "/token"
    answer = come(shared.visitor("127.0.0.24"))
    assert answer.status == 503
    assert "Example ID can&#39;t be used to log in at the moment" in answer.text
    theirs.broken = "/.well-known/openid-configuration"
    with running_board(shared.folder) as board:
        assert board.visitor().get("/login/provider").status == 503
        assert board.visitor().log_in("vera").status == 303
        # It is asked again, once it is there again.
        theirs.broken = ""
        assert come(board.visitor()).status == 303


@pytest.mark.parametrize(
    ("broken", "metadata"),
    [
        ("/.well-known/openid-configuration", {}),
        ("/jwks", {}),
        ("", {"issuer": "https://evil.example.com"}),
        ("", {"authorization_endpoint": "javascript:alert(1)"}),
        ("", {"jwks_uri": None}),
    ],
)
def test_a_provider_that_answers_as_none_does_is_not_used(
    theirs: Provider, tmp_path: Path, broken: str, metadata: dict[str, object]
) -> None:
    theirs.broken, theirs.metadata = broken, metadata
    read = read_settings(write_settings(tmp_path, theirs.issuer))
    assert read.oidc
    asked = provider.Provider(read.oidc)
    for _ in range(2):  # half an answer is none the second time either
        with pytest.raises(provider.UnreachableError, match="Example ID can't be used"):
            asked.begin("http://127.0.0.1:8300/login/provider/back", "/")


def test_a_provider_that_hangs_takes_no_more_than_a_few_threads(theirs: Provider, tmp_path: Path) -> None:
    read = read_settings(write_settings(tmp_path, theirs.issuer))
    assert read.oidc
    asked = provider.Provider(read.oidc)
    with ExitStack() as waiting:
        for _ in range(16):
            waiting.enter_context(asked._turn())
        with pytest.raises(provider.UnreachableError):
            asked.begin("http://127.0.0.1:8300/login/provider/back", "/")
    assert asked.begin("http://127.0.0.1:8300/login/provider/back", "/")


def test_an_office_may_begin_many_logins_and_a_flood_may_not(shared: Board, theirs: Provider) -> None:
    visitor = shared.visitor("127.0.0.25")
    begun = [visitor.get("/login/provider").status for _ in range(101)]
    assert (begun[:100], begun[100]) == ([303] * 100, 429)
    # Passwords are counted apart.
    assert visitor.log_in("vera").status == 303


def test_one_person_is_one_however_they_come(theirs: Provider, tmp_path: Path) -> None:
    feed = refused_feed(tmp_path / "feeds")
    feed.sync()
    config = feed.folder / "plugins.toml"
    config.write_text(config.read_text() + "\n[board]\ntwo_people_over = 1\n")
    add_person(tmp_path / "feeds", "anna", "approver")
    write_settings(tmp_path / "feeds", theirs.issuer)
    with running_board(tmp_path / "feeds") as board:
        with board.database() as database:
            identities.link(database, "anna", theirs.issuer, "0001", "a test")
        by_password, by_provider, second = board.logged_in("anna"), board.visitor(), board.visitor()
        assert come(by_provider).status == 303
        theirs.claims = somebody("0002", "Bea")
        assert come(second).status == 303
        plan = "/feeds/acme/plans/" + by_password.get("/feeds/acme").text.partition("/plans/")[2].partition('"')[0]
        for visitor in (by_password, by_provider):
            assert visitor.fill(plan, f"{plan}/approve", invoices="6").location == plan
        job = second.fill(plan, f"{plan}/approve", invoices="6").location
        assert "/jobs/" in job
        second.wait(job)
    with feed.records() as history:
        assert "anna at 20" in str(history.runs()[0].approved_by)
        assert " and bea at 20" in str(history.runs()[0].approved_by)


def test_nobody_begins_as_the_first_once_somebody_came_by_the_provider(theirs: Provider, tmp_path: Path) -> None:
    Feed(tmp_path / "acme").configure()
    write_settings(tmp_path, theirs.issuer)
    with running_board(tmp_path) as board:
        link = next(word for word in board.printed.split() if "/begin/" in word).removeprefix(board.origin)
        assert board.visitor().get(link).status == 200
        assert come(board.visitor()).status == 303
        assert board.visitor().get(link).status == 404


def test_the_provider_of_others_lets_people_in_likewise(tmp_path: Path) -> None:
    Feed(tmp_path / "acme").configure()
    with running_mock() as issuer:
        write_settings(tmp_path, issuer, 'name = "email"\nscopes = ["openid", "email"]')
        add_account(issuer, "0001", email="anna.berg@example.com", groups=["finance"])
        with running_board(tmp_path) as board:
            visitor = board.visitor()
            parts = urlsplit(visitor.get("/login/provider").location)
            form = Visitor(issuer).post(f"{parts.path}?{parts.query}", {"sub": "0001"})
            assert visitor.get(form.location.removeprefix(board.origin)).location == "/"
            assert "anna.berg" in visitor.get("/account").text


def test_a_name_is_given_once_whoever_asks_first(tmp_path: Path) -> None:
    from support.people.boards import database_of

    grants = [Grant("viewer", "*")]
    with database_of(tmp_path) as database:
        assert identities.come_in(database, Claimed("https://a.example", "1", "anna", grants), "192.0.2.1").person
        # Another issuer may give the same subjects to others.
        assert (
            identities.come_in(database, Claimed("https://b.example", "1", "anna", grants), "192.0.2.1").person is None
        )
        with database.reading() as connection:
            assert connection.execute(sa.select(sa.func.count()).select_from(sessions_table)).scalar_one() == 0


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ('issuer = "http://login.example.com"', "oidc.issuer: give the provider's address"),
        ('issuer = "https://login.example.com/?x=1"', "oidc.issuer: give the provider's address"),
        ('client_secret = "${NO_SUCH_SECRET}"', "the environment variable 'NO_SUCH_SECRET' is not set"),
        ('everyone = ["boss"]', "oidc.everyone: boss: there is no such role"),
        ('everyone = "viewer"', "oidc.everyone: give a list of roles"),
        ('isuer = "https://login.example.com"', "oidc.isuer: "),
        ("issuer = ", "it can't be read"),
    ],
)
def test_a_mistake_in_the_settings_is_named_and_no_secret_shown(tmp_path: Path, line: str, why: str) -> None:
    key = line.partition(" ")[0]
    lines = {
        "issuer": 'issuer = "https://login.example.com"',
        "client_id": 'client_id = "board"',
        "client_secret": f'client_secret = "{SECRET}"',
    }
    file = tmp_path / "board.toml"
    file.write_text("[oidc]\n" + "\n".join({**lines, key: line}.values()))
    with pytest.raises(ConfigError) as caught:
        read_settings(file)
    assert why in str(caught.value)
    assert SECRET not in str(caught.value)


def test_the_settings_in_the_docs_are_good(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OIDC_SECRET", SECRET)
    text = (Path(__file__).parents[3] / "docs" / "board.md").read_text(encoding="utf-8")
    block = "[oidc]\n" + text.partition("```ini\n[oidc]\n")[2].partition("```")[0]
    file = tmp_path / "board.toml"
    # Also what stands there as a comment, such as the defaults.
    for each, everyone in ((block, []), (block.replace("\n# ", "\n"), [Grant("viewer", "*")])):
        file.write_text(each)
        read = read_settings(file)
        assert read.oidc
        assert Grant("approver", "acme-*") in read.oidc.grants_of(["finance-uk", "canteen"])
        assert read.oidc.grants_of([]) == everyone


def test_a_secret_comes_from_the_environment_and_is_never_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OIDC_SECRET", SECRET)
    file = tmp_path / "board.toml"
    file.write_text('[oidc]\nissuer = "https://id.example.com"\nclient_id = "b"\nclient_secret = "${OIDC_SECRET}"\n')
    read = read_settings(file)
    assert read.oidc
    assert read.oidc.client_secret.get_secret_value() == SECRET
    assert SECRET not in repr(read)
    assert read.oidc.title == "id.example.com"
