"""Where secrets come from, and how they are covered in a text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked
from pydantic import SecretStr

from arfeed.model.errors import ConfigError
from arfeed.model.settings import Settings
from arfeed.model.text.secrets import collect_secrets, look_up, mask_secrets


class Drawer(KeyringBackend):
    """A keyring of one password."""

    priority = 1
    locked = False

    def get_password(self, service: str, username: str) -> str | None:
        if self.locked:
            raise KeyringLocked("it is locked")
        return "quux" if (service, username) == ("arfeed", "acme") else None

    def set_password(self, service: str, username: str, password: str) -> None:
        raise NotImplementedError

    def delete_password(self, service: str, username: str) -> None:
        raise NotImplementedError


@pytest.fixture
def drawer() -> Iterator[Drawer]:
    before, drawer = keyring.get_keyring(), Drawer()  # type: ignore[no-untyped-call]
    keyring.set_keyring(drawer)
    yield drawer
    keyring.set_keyring(before)


@pytest.mark.usefixtures("drawer")
def test_a_secret_may_come_from_the_keyring(tmp_path: Path) -> None:
    from arfeed.plugins.config import read_project

    file = tmp_path / "plugins.toml"
    file.write_text(FEED.format(password="${keyring:arfeed/acme}"))
    password = read_project(file).destination.settings.password
    assert password is not None
    assert password.get_secret_value() == "quux"
    file.write_text(FEED.format(password="${keyring:arfeed/other}"))
    with pytest.raises(ConfigError, match="store it with: keyring set arfeed other"):
        read_project(file)


FEED = """
plugins = ["folder", "kolleno"]

[sources.erp]
use = "folder"
path = "*.csv"

[destination]
use = "kolleno"
mode = "open-ar"
url = "sftp://acme@sftp.example.com"
password = "{password}"
"""


def test_a_keyring_that_is_locked_or_not_well_named_is_said(drawer: Drawer) -> None:
    with pytest.raises(LookupError, match="SERVICE/NAME"):
        look_up("keyring:acme")
    drawer.locked = True
    with pytest.raises(LookupError, match="it is locked; unlock it"):
        look_up("keyring:arfeed/acme")


def test_a_variable_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACME", "quux")
    assert look_up("ACME") == "quux"


class Inner(Settings):
    """Settings in settings."""

    tokens: list[SecretStr]


class Outer(Settings):
    """Settings of everything that may hold a secret."""

    url: str
    history: SecretStr
    short: SecretStr
    inner: dict[str, Inner]


def test_every_secret_is_found_wherever_it_is_kept() -> None:
    outer = Outer(
        url="ftp://ada:pass%2Fword@example.com/in",
        history=SecretStr("postgresql://ada:horse@db.example.com/x"),
        short=SecretStr("abc"),
        inner={"a": Inner(tokens=[SecretStr("token-1"), SecretStr("token-2")])},
    )
    assert collect_secrets([outer]) == {
        *("pass%2Fword", "pass/word", "postgresql://ada:horse@db.example.com/x", "horse", "token-1", "token-2")
    }


@pytest.mark.parametrize(
    "text",
    ["p\"/ä'w", "p\\\"/ä'w", "p\\\"/\\u00e4'w", "p%22%2F%C3%A4%27w", "p%22/%C3%A4%27w", "p\"/ä\\'w"],
    ids=["plain", "JSON", "ASCII JSON", "URL", "path of a URL", "Python"],
)
def test_a_secret_is_covered_in_every_spelling(text: str) -> None:
    assert mask_secrets(f"before {text} after", ["p\"/ä'w"]) == "before *** after"


def test_a_secret_within_another_does_not_give_it_away() -> None:
    assert mask_secrets("horse-battery", ["horse", "horse-battery"]) == "***"


def in_secret(url: str, *variables: str) -> frozenset[str]:
    return collect_secrets([Inner(tokens=[SecretStr(url)])], variables)


@pytest.mark.parametrize(
    ("url", "said", "covered"),
    [
        ("https://example.com/hooks/T0KEN-quux", "no hook /hooks/T0KEN-quux here", "no hook *** here"),
        ("https://example.com/hooks/T0KEN-quux", "no hook 'T0KEN-quux'", "no hook '***'"),
        ("https://example.com/hooks/T0KEN%2Fquux", "no hook T0KEN/quux", "no hook ***"),
        ("https://example.com/?id=T0KEN-quux", "no id T0KEN-quux", "no id ***"),
        ("https://example.com/hooks/T0KEN-quux", "the hooks of example.com", "the hooks of example.com"),
        ("https://example.com/services/T0KEN-quux", "other services", "other services"),
        ("mysql://db.example.com/books?password=quux", "denied: quux, books", "denied: ***, books"),
        ("mssql:///?odbc_connect=UID%3Dada%3BPWD%3Dquux%3B", "denied: ada, quux", "denied: ada, ***"),
        ("mssql:///?odbc_connect=UID%3Dada%3BPWD%3D%7Bqu%3Bux%7D%3B", "denied: ada, qu;ux", "denied: ada, ***"),
        ("oracle://db/?service_name=BOOKS-1", "no service BOOKS-1", "no service BOOKS-1"),
        ("postgresql:///erp?host=10.0.0.12", "10.0.0.12 is away", "10.0.0.12 is away"),
        ("sqlite:////srv/acme/history-1.db", "can't open history-1.db", "can't open history-1.db"),
        ("postgresql://db.example.com/books?sslmode=require", "they require", "they require"),
        ("http://[", "a wrong URL", "a wrong URL"),
    ],
    ids=[
        "path",
        "segment",
        "quoted",
        "query",
        "host",
        "word",
        "password",
        "ODBC",
        "ODBC in braces",
        "service",
        "host in the query",
        "file",
        "option",
        "no URL",
    ],
)
def test_the_pieces_of_a_secret_url_are_covered_but_not_the_words_that_messages_need(
    url: str, said: str, covered: str
) -> None:
    assert mask_secrets(said, in_secret(url)) == covered


@pytest.mark.parametrize(
    ("url", "covered"),
    [
        ("https://example.com/hook-of-quuxquux", "no *** at example.com"),
        ("quuxquux@example.com", "no *** at ***"),
        ("postgresql://quuxquux:horse@example.com/x", "no quuxquux at example.com"),
    ],
    ids=["piece of a path", "piece of a password", "user of a database"],
)
def test_a_variable_is_covered_where_a_secret_is_made_of_it(url: str, covered: str) -> None:
    assert mask_secrets("no quuxquux at example.com", in_secret(url, "quuxquux", "example.com")) == covered


def test_the_variables_of_a_feed_are_covered_in_what_its_secrets_are_made_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from arfeed.plugins.config import read_project

    monkeypatch.setenv("ACME", "quuxquux")
    file = tmp_path / "plugins.toml"
    file.write_text(FEED.format(password="before-${ACME}"))
    assert mask_secrets("no quuxquux", read_project(file).secrets) == "no ***"
