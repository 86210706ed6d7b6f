"""Fixtures that all tests share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import stamina
from hypothesis import settings

from support.databases.servers import MARIADB, POSTGRESQL, new_schema
from support.servers.openssh import OpenSSH, running_openssh

pytest_plugins = ["arfeed.testing"]

# Arrow loads its kernels on first use, which no deadline of a test can know.
settings.register_profile("arfeed", deadline=None, max_examples=40)
settings.register_profile("soak", deadline=None, max_examples=2000)
settings.load_profile("arfeed")


@pytest.fixture(autouse=True)
def state_folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder of the test's own: what this machine delivered last is not the user's."""
    folder = tmp_path_factory.mktemp("state")
    monkeypatch.setenv("ARFEED_STATE", str(folder))
    return folder


@pytest.fixture(autouse=True)
def no_waiting() -> Iterator[None]:
    """Try again at once, and not often."""
    with stamina.set_testing(True, attempts=3, cap=True):
        yield


@pytest.fixture(scope="session")
def openssh() -> Iterator[OpenSSH]:
    """A real sshd; each test takes a `new_root()` of its own."""
    with running_openssh() as server:
        yield server


@pytest.fixture(scope="session")
def postgresql_database() -> Iterator[str]:
    """The URL of a database on a real PostgreSQL server."""
    with POSTGRESQL.new_database() as url:
        yield url


@pytest.fixture
def postgresql(postgresql_database: str) -> str:
    """The URL of an empty place in that database, of the test's own."""
    return new_schema(postgresql_database)


@pytest.fixture
def mariadb_url() -> Iterator[str]:
    """The URL of an empty database on a real MariaDB server, of the test's own."""
    with MARIADB.new_database() as url:
        yield url
