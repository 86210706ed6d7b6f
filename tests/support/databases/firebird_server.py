"""A Firebird server on loopback, with a root of its own: configuration, users, and databases made without it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from support.servers.makes import program
from support.servers.openssh import HOST, answers, free_port

READER, WRITER = "reader", "writer"
PASSWORD = "hidden-word"
_INSTALLED = "lib/*/firebird/3.0"
_USERS = "/usr/share/firebird/3.0/security.sql"


@dataclass(frozen=True, slots=True)
class FirebirdServer:
    """A server under way, and where its databases lie."""

    port: int
    folder: Path

    def new_database(self, name: str, *script: str, dialect: int = 3, charset: str = "UTF8") -> None:
        """Make a database of these statements, which have to grant what the users may do."""
        create = f"CREATE DATABASE '{self._file(name)}' DEFAULT CHARACTER SET {charset}"
        _isql(self.folder, create, *script, dialect=dialect)

    def place(self, name: str) -> str:
        """Return what the driver's own `connect` takes."""
        return f"{HOST}/{self.port}:{self._file(name)}"

    def url(self, who: str, name: str) -> str:
        return f"firebird://{who}:{PASSWORD}@{HOST}:{self.port}/{self._file(name)}"

    def _file(self, name: str) -> Path:
        return self.folder / f"{name}.fdb"


@contextmanager
def firebird_server(folder: Path) -> Iterator[FirebirdServer]:
    """Run one. Skip the test where Firebird is not installed, but never in CI."""
    server, installed = program("firebird"), next(Path("/usr").glob(_INSTALLED))
    port = free_port()
    # Firebird reads everything below one root. Character sets it only takes from files that are really there.
    shutil.copytree(installed / "intl", folder / "intl")
    for name in ("plugins", "plugins.conf", "firebird.msg"):
        folder.joinpath(name).symlink_to(installed / name)
    users = folder / "security3.fdb"
    folder.joinpath("firebird.conf").write_text(
        f"RemoteBindAddress = {HOST}\nRemoteServicePort = {port}\nAuthServer = Srp\nUserManager = Srp\n"
        f"SecurityDatabase = {users}\n"
    )
    folder.joinpath("databases.conf").write_text(f"security.db = {users}\n")
    _isql(
        folder,
        f"CREATE DATABASE '{users}'",
        f"IN '{_USERS}'",
        *(f"CREATE USER {who} PASSWORD '{PASSWORD}'" for who in (READER, WRITER)),
    )
    with folder.joinpath("server.log").open("w") as log:
        running = subprocess.Popen([server], env=_environment(folder), stdout=log, stderr=log)
    try:
        assert answers(running, port), folder.joinpath("server.log").read_text()
        yield FirebirdServer(port, folder)
    finally:
        # Asked to end, it would keep what it has open for a minute (LINGER).
        running.kill()
        running.wait(30)


def _environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "FIREBIRD": str(folder), "FIREBIRD_LOCK": str(folder)}


def _isql(folder: Path, *statements: str, dialect: int = 3) -> None:
    """Run statements as the owner of everything, without a server, which needs no password."""
    lines = ["SET NAMES UTF8;", *(f"{statement};" for statement in statements), "COMMIT;", ""]
    script = folder / "script.sql"
    script.write_text("\n".join(lines), "utf-8")
    command = [program("isql-fb"), "-q", "-b", "-sql_dialect", str(dialect), "-i", str(script)]
    environment = {**_environment(folder), "ISC_USER": "SYSDBA"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
