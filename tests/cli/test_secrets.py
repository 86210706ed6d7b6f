"""Nothing secret in anything that a run prints, logs, keeps or sends, whether it succeeds or fails."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import asyncssh
import pytest
import sqlalchemy as sa

from arfeed.testing import Outcome
from support.feeds.command import write
from support.files.pdfs import pdf
from support.plugins.strangers import install
from support.servers.openssh import OpenSSH, make_key

pytestmark = pytest.mark.openssh

PASSPHRASE, PASSWORD, TOKEN = 'pass"phrase\\quux', "pass/word@quux", "token-quux-ü"
SECRETS = {
    "PASSPHRASE": PASSPHRASE,
    "PASSWORD": PASSWORD,
    "TOKEN": TOKEN,
    "URL": "https://ada:url-quux@erp.example.com/",
}

BLAB = '''
from pydantic import SecretStr

from arfeed import Complete, Connector, SourceSettings, hookimpl, table_from_records
from arfeed_connectors.kolleno import Kolleno

ARFEED_CONTRACT = 1


class Blab(Connector):
    """A source that tells all it knows."""

    name = "blab"

    class Settings(SourceSettings):
        token: SecretStr
        url: str
        fails: bool = False
        reviews: bool = False

    def invoices(self):
        if self.settings.fails:
            raise RuntimeError(self.words())
        row = {"invoice_ref": "INV-1", "customer_name": "Ada", "currency": "GBP", "issued_on": "2026-04-07"}
        yield table_from_records([{**row, "balance": "10.00"}], origin="blab")
        return Complete(rows=1)

    def words(self):
        return f"no luck with {self.settings.token.get_secret_value()!r} at {self.settings.url}"

    def check(self):
        raise RuntimeError(self.words())


class Buggy(Kolleno):
    name = "buggy"

    def document_name(self, ref):
        raise LookupError(self.settings.password.get_secret_value())


@hookimpl
def arfeed_connectors():
    return [Blab]


@hookimpl
def arfeed_destinations():
    return [Buggy]


@hookimpl
def arfeed_review(plan):
    if plan.sources[0].settings.reviews:
        raise RuntimeError(plan.sources[0].settings.token.get_secret_value())
    return []


@hookimpl
def arfeed_delivered(receipt):
    raise RuntimeError("token-quux-ü")
'''

FEED = """
plugins = ["blab", "kolleno"]

[feed]
history = "{history}"

[sources.erp]
use = "blab"
token = "${{TOKEN}}"
url = "${{URL}}"
documents = "pdf/{{invoice_ref}}.pdf"
{source}

[destination]
use = "{use}"
mode = "open-ar"
url = "{url}"
known_hosts = "{known_hosts}"
passphrase = "${{PASSPHRASE}}"
password = "${{PASSWORD}}"
private_key = "{private_key}"
"""

LOUD = """
import logging, sys
logging.basicConfig(level=0, filename="all.log")
import asyncssh
asyncssh.set_debug_level(3)
asyncssh.set_log_level("DEBUG")
asyncssh.set_sftp_log_level("DEBUG")
from arfeed.cli.app import main
main()
"""


@dataclass
class Blabber:
    """A feed full of secrets, and everything that came out of it so far."""

    folder: Path
    site: Path
    values: dict[str, str]
    heard: list[str] = field(default_factory=list)

    def __call__(self, *arguments: str, **changes: str) -> Outcome:
        write(self.folder, FEED.format(**{**self.values, **changes}))
        environment = {**os.environ, **SECRETS, "COLUMNS": "200", "PYTHONPATH": str(self.site)}
        environment["ARFEED_LOG_JSON"] = str(self.folder / "log.json")
        command = [sys.executable, "-c", LOUD, *arguments]
        ran = subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=60)
        self.heard += [ran.stdout, ran.stderr]
        return Outcome(ran.returncode, ran.stdout, ran.stderr)

    def logs(self) -> list[str]:
        return [self.folder.joinpath(name).read_text() for name in ("all.log", "log.json")]

    def everything(self) -> str:
        """Return all that was printed, logged, kept and sent."""
        engine = sa.create_engine(self.values["history"].replace("postgresql:", "postgresql+psycopg:"))
        tables = sa.MetaData()
        tables.reflect(engine)
        with engine.connect() as connection:
            kept = [str(row) for table in tables.sorted_tables for row in connection.execute(sa.select(table))]
        engine.dispose()
        return "\n".join([*self.heard, *self.logs(), *kept])


@pytest.fixture
def blabber(tmp_path: Path, openssh: OpenSSH, postgresql: str) -> Blabber:
    key = tmp_path / "key"
    key.touch(mode=0o600)
    asyncssh.read_private_key(openssh.private_key).write_private_key(key, "openssh", passphrase=PASSPHRASE)
    folder = tmp_path / "feed"
    folder.joinpath("pdf").mkdir(parents=True)
    folder.joinpath("pdf", "INV-1.pdf").write_bytes(pdf())
    values = {
        "history": postgresql.replace("postgres@", "postgres:history-quux@"),
        "source": "",
        "use": "kolleno",
        "url": openssh.url(openssh.new_root()),
        "known_hosts": str(openssh.known_hosts),
        "private_key": str(key),
    }
    return Blabber(folder, install(tmp_path / "site", "blab", BLAB), values)


def test_no_secret_comes_out_of_commands_that_succeed(blabber: Blabber) -> None:
    code = blabber("plan", "--json").json()["approval"]
    assert blabber("sync", "--approve", code).code == 0
    assert "the plugin blab (arfeed-blab 1.2) failed in arfeed_delivered: RuntimeError: ***" in blabber.heard[-1]
    assert blabber("sync", "--json").code == 0
    assert blabber("history", "--json").code == 0
    assert "quux" not in blabber.everything()


def test_no_secret_comes_out_of_commands_that_fail(blabber: Blabber, tmp_path: Path) -> None:
    stranger, empty = make_key(tmp_path / "stranger"), tmp_path / "empty"
    empty.touch()
    assert blabber("plan", "--json", source="reviews = true").code == 3
    assert blabber("check").code == 4
    assert blabber("sync", "--json", source="fails = true").code == 4
    assert blabber("check", "--json", private_key=str(stranger)).code == 5
    assert blabber("sync", known_hosts=str(empty)).code == 5
    assert blabber("sync", url="sftp://acme:url-quux@sftp.example.com").code == 2
    assert blabber("sync", history="postgresql://postgres:history-quux@127.0.0.1:1/none").code == 2
    assert blabber("sync", source='use = "${TOKEN}"').code == 2
    assert "no luck with '***' at https://ada:***@erp.example.com/" in "".join(blabber.heard)
    assert "no luck with '***' at https://ada:***@erp.example.com/" in blabber.logs()[1]
    assert "quux" not in blabber.everything()


def test_no_secret_comes_out_of_what_is_carried_forward(blabber: Blabber) -> None:
    carry = 'on_failure = "carry-forward"'
    code = blabber("plan", "--json", source=carry).json()["approval"]
    assert blabber("sync", "--approve", code, source=carry).code == 0
    assert blabber("sync", "--json", source=f"fails = true\n{carry}").code == 0
    assert "are carried forward" in blabber.heard[-2]
    assert "quux" not in blabber.everything()


def test_no_secret_comes_out_of_a_bug(blabber: Blabber) -> None:
    done = blabber("sync", use="buggy")
    assert done.code == 1
    assert "LookupError: ***" in done.err.splitlines()
    assert "Traceback" in done.err
    assert r"LookupError: ***\n" in blabber.logs()[1]
    assert "quux" not in blabber.everything()
