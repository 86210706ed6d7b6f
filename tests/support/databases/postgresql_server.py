"""A PostgreSQL server with a folder of its own, which a test may restart as it likes."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.servers.openssh import HOST, free_port

_INSTALLED = "/usr/lib/postgresql"


@dataclass(frozen=True, slots=True)
class PostgresqlServer:
    """A server under way: its programs, its folder and its port."""

    programs: Path
    folder: Path
    port: int

    @property
    def url(self) -> str:
        """The URL of its one database."""
        return f"postgresql://postgres@{HOST}:{self.port}/postgres"

    def restart(self) -> None:
        """Cut all connections and start again; return once it answers."""
        self._control("restart")

    def _control(self, what: str) -> None:
        log = self.folder / "log.txt"
        run_as_owner([self.programs / "pg_ctl", what, "-w", "-m", "fast", "-D", self.folder / "data", "-l", log])


def run_as_owner(command: list[str | Path]) -> None:
    """Run one of its programs, as a user who is not root: they refuse to be run by root."""
    user = "postgres" if os.getuid() == 0 else None
    # Into nothing, since the server would inherit a pipe and keep it open.
    subprocess.run(command, user=user, group=user, cwd="/", stdout=subprocess.DEVNULL, check=True)


@contextmanager
def running_postgresql() -> Iterator[PostgresqlServer]:
    """Make a server and start it; skip the test if PostgreSQL is not installed, but never in CI."""
    found = sorted(Path(_INSTALLED).glob("*/bin/initdb"))
    if not found:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"PostgreSQL's initdb is not in {_INSTALLED}")
    # Not in pytest's folder, which the server's user may not enter.
    folder = Path(tempfile.mkdtemp(prefix="arfeed-postgresql-"))
    if os.getuid() == 0:
        owner = pwd.getpwnam("postgres")
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    server = PostgresqlServer(found[-1].parent, folder, free_port())
    data = folder / "data"
    try:
        run_as_owner([server.programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "--no-sync"])
        with (data / "postgresql.conf").open("a", encoding="ascii") as settings:
            settings.write(f"port = {server.port}\nlisten_addresses = '{HOST}'\nunix_socket_directories = '{folder}'\n")
        server._control("start")
        try:
            yield server
        finally:
            server._control("stop")
    finally:
        shutil.rmtree(folder)
