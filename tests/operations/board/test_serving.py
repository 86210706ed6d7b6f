"""Where the board listens: on this machine, or by TLS, or behind a proxy that is named."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path

import pytest
import trustme

from arfeed import ConfigError
from arfeed.operations.board.access.guard import Place
from arfeed.operations.board.serving import Listening, log_bugs
from support.feeds.feed import Feed
from support.people.boards import Board, add_person, running_board

PEM = Path("board.pem")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    Feed(tmp_path / "feeds" / "acme").configure()
    add_person(tmp_path / "feeds", "anna", "approver:*")
    return tmp_path / "feeds"


@pytest.mark.parametrize(
    ("listening", "why"),
    [
        (Listening("0.0.0.0"), "only by TLS, or behind a proxy"),
        (Listening("192.0.2.7", url="https://board.example.com"), "only by TLS, or behind a proxy"),
        (Listening("::"), "only by TLS, or behind a proxy"),
        (Listening("127.0.0.2"), "only by TLS, or behind a proxy"),
        (Listening("0.0.0.0", certificate=PEM), "belong together"),
        (Listening("0.0.0.0", certificate=PEM, private_key=PEM), "--url is required"),
        (Listening("0.0.0.0", proxies=["10.0.0.7"]), "--url is required"),
        (Listening("0.0.0.0", certificate=PEM, private_key=PEM, proxies=["10.0.0.7"]), "exclude each other"),
        (Listening("0.0.0.0", proxies=["proxy"], url="https://b.example.com"), "give the address that the proxy"),
        (Listening(proxies=["10.0.0.7"], url="http://board.example.com"), "must begin with https"),
        (Listening(url="http://board.example.com"), "must begin with https"),
        (Listening(url="https://board.example.com"), "nothing here speaks TLS"),
        (Listening(url="https://board.example.com/sub"), "scheme and host and nothing else"),
        (Listening(url="https://anna@board.example.com"), "scheme and host and nothing else"),
        (Listening(url="board.example.com"), "scheme and host and nothing else"),
    ],
)
def test_what_would_send_passwords_in_the_clear_is_refused(listening: Listening, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        listening.place()


@pytest.mark.parametrize(
    ("listening", "place"),
    [
        (Listening(port=8300), Place(frozenset({"http://127.0.0.1:8300", "http://localhost:8300"}))),
        (
            Listening("0.0.0.0", certificate=PEM, private_key=PEM, url="https://board.example.com:8300/"),
            Place(frozenset({"https://board.example.com:8300"})),
        ),
        (
            Listening("0.0.0.0", proxies=["10.0.0.0/28"], url="https://Board.example.com"),
            Place(frozenset({"https://board.example.com"}), (ip_network("10.0.0.0/28"),)),
        ),
    ],
)
def test_what_is_safe_is_served(listening: Listening, place: Place) -> None:
    assert listening.place() == place
    assert place.secure is (listening.port != 8300 or listening.url is not None)


def test_the_first_start_without_options_listens_on_this_machine_only() -> None:
    assert Listening().host == "127.0.0.1"


@pytest.fixture
def secure(folder: Path) -> Iterator[Board]:
    authority = trustme.CA()
    certificate, key = folder.parent / "board.crt", folder.parent / "board.key"
    issued = authority.issue_cert("127.0.0.1")
    for number, blob in enumerate(issued.cert_chain_pems):
        blob.write_to_path(certificate, append=number > 0)
    issued.private_key_pem.write_to_path(key)
    context = ssl.create_default_context()
    authority.configure_trust(context)
    with running_board(folder, "--certificate", str(certificate), "--private-key", str(key), scheme="https") as board:
        board.context = context
        yield board


def test_by_tls_cookies_are_bound_to_the_host_and_browsers_stay_with_tls(secure: Board) -> None:
    visitor = secure.visitor()
    answer = visitor.log_in("anna")
    set_ = answer.headers.get_all("Set-Cookie") or []
    (session,) = [line for line in set_ if line.startswith("__Host-arfeed-session=")]
    assert {"Secure", "HttpOnly", "Path=/"} <= set(session.split("; "))
    assert "Domain" not in session
    assert answer.headers["Strict-Transport-Security"] == "max-age=63072000"
    assert visitor.get("/").status == 200
    # A cookie under the plain name, which another host or a plain connection could have set, is none of ours.
    plain = secure.visitor()
    plain.cookies["arfeed-session"] = visitor.cookies["__Host-arfeed-session"]
    assert plain.get("/").status == 303


def test_behind_a_proxy_only_the_proxy_is_answered_and_only_what_came_by_tls(folder: Path) -> None:
    url = "https://board.example.com"
    with running_board(folder, "--behind-proxy", "127.0.0.7", "--url", url) as board:
        proxy, stranger = (board.visitor(address) for address in ("127.0.0.7", "127.0.0.8"))
        said = {"Host": "board.example.com", "X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9"}
        assert proxy.request("GET", "/login", headers=said).status == 200
        assert "__Host-arfeed-form" in proxy.cookies
        assert stranger.request("GET", "/login", headers=said).status == 403
        assert proxy.request("GET", "/login", headers={**said, "X-Forwarded-Proto": "http"}).status == 400
        assert proxy.request("GET", "/login", headers={"Host": "board.example.com"}).status == 400
        # The address that counts is what the proxy saw, not what the client says of itself.
        form = {"form_token": proxy.request("GET", "/login", headers=said).token, "name": "anna", "password": "guess"}
        for number in range(21):
            made_up = f"198.51.100.{number}, 203.0.113.9"
            headers = {**said, "X-Forwarded-For": made_up, "Origin": url}
            last = proxy.post("/login", form, **{name.replace("-", "_"): value for name, value in headers.items()})
        assert last.status == 429
        headers = {**said, "X-Forwarded-For": "203.0.113.10", "Origin": url}
        other = proxy.post("/login", form, **{name.replace("-", "_"): value for name, value in headers.items()})
        assert other.status == 403


def test_a_certificate_that_can_not_be_used_is_said_so(folder: Path, tmp_path: Path) -> None:
    import subprocess
    import sys

    broken = tmp_path / "broken.pem"
    broken.write_text("no certificate")
    command = [sys.executable, "-m", "arfeed", "board", "--feeds", str(folder), "--port", "8399"]
    ran = subprocess.run([*command, "--certificate", broken, "--private-key", broken], capture_output=True, text=True)
    assert (ran.returncode, "it can't be used" in ran.stderr) == (2, True)


def test_a_bug_of_a_page_is_in_the_log_with_its_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    logger = logging.getLogger("arfeed.board")
    before = [*logger.handlers]
    log_bugs()
    try:
        _ = 1 // len(())
    except ZeroDivisionError:
        logger.exception("GET /feeds/{feed} failed")
    finally:
        logger.handlers = before
    said = capsys.readouterr().err
    assert said.startswith("GET /feeds/{feed} failed\nTraceback")
    assert "test_serving.py" in said
