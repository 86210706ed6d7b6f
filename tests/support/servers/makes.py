"""SFTP servers of several makes, on loopback, each with keys and a folder of its own."""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from arfeed.delivery.rehearsal.faults import Faults
from arfeed.delivery.rehearsal.receiver import receiver
from arfeed.model.settings import DestinationSettings
from support.servers.openssh import HOST, answers, end, free_port, make_key, running_openssh, user

_count = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Server:
    """A server under way. Below `login` every test makes a root of its own, which clients find below `seen_as`."""

    user: str
    port: int
    private_key: Path
    known_hosts: Path
    login: Path
    seen_as: str
    faults: Faults = field(default_factory=Faults)
    """Faults that can be switched on; only the rehearsal receiver minds them."""
    pid: int | None = None

    def new_root(self) -> Path:
        root = self.login / f"root-{next(_count)}"
        root.mkdir()
        if os.geteuid() == 0:
            shutil.chown(root, user())
        return root

    def destination(self, root: Path, *, relay: int | None = None) -> dict[str, Any]:
        """Return the settings that lead to a root, through a relay where one is given."""
        return {
            "url": f"sftp://{self.user}@{HOST}:{relay or self.port}{self.seen_as}/{root.name}",
            "private_key": str(self.private_key),
            "known_hosts": str(self._known(relay) if relay else self.known_hosts),
        }

    def settings(self, root: Path, **changes: Any) -> DestinationSettings:
        return DestinationSettings.model_validate({**self.destination(root), **changes})

    def _known(self, port: int) -> Path:
        """Return a file in which the server's key is known at another port as well."""
        file = self.known_hosts.with_name(f"known_hosts-{port}")
        file.write_text(self.known_hosts.read_text().replace(f":{self.port} ", f":{port} "))
        return file

    def listed(self, root: Path, folder: str = "") -> dict[str, int]:
        """Ask OpenSSH's own client for the names and sizes of the files in a folder."""
        options = {
            "IdentityFile": self.private_key,
            "UserKnownHostsFile": self.known_hosts,
            "IdentitiesOnly": "yes",
            "BatchMode": "yes",
        }
        command = ["sftp", "-q", "-F", "none", "-P", str(self.port), "-b", "-"]
        command += [f"-o{name}={value}" for name, value in options.items()]
        where = "/".join(filter(None, [f"{self.seen_as}/{root.name}", folder]))
        batch = f"cd {where}\nls -lan\n"
        ran = subprocess.run([*command, f"{self.user}@{HOST}"], input=batch, capture_output=True, text=True, check=True)
        lines = [line.split(maxsplit=8) for line in ran.stdout.splitlines() if line.startswith("-")]
        return {line[8]: int(line[4]) for line in lines}

    def hashed(self, root: Path) -> dict[str, str]:
        """Let rclone read every file below a root back, by path; return their SHA-256."""
        options = {
            "host": HOST,
            "port": self.port,
            "user": self.user,
            "key-file": self.private_key,
            "known-hosts-file": self.known_hosts,
            "shell-type": "none",
        }
        command = [program("rclone"), "--config", os.devnull, "hashsum", "sha256", "--download"]
        command += [f"--sftp-{name}={value}" for name, value in options.items()]
        where = f":sftp:{self.seen_as}/{root.name}"
        ran = subprocess.run([*command, where], capture_output=True, text=True, check=True)
        pairs = [line.split(maxsplit=1) for line in ran.stdout.splitlines()]
        return {name: digest for digest, name in pairs}


@contextmanager
def openssh_server(*options: str, sftp: str = "", most_files: int | None = None) -> Iterator[Server]:
    with running_openssh(*options, sftp=sftp, most_files=most_files) as at:
        yield Server(at.user, at.port, at.private_key, at.known_hosts, at.login, str(at.login), pid=at.pid)


@contextmanager
def rehearsal_server() -> Iterator[Server]:
    faults = Faults()
    with (
        tempfile.TemporaryDirectory(prefix="arfeed-rehearsal-") as folder,
        receiver("faults", Path(folder), faults=faults) as at,
    ):
        port = int(at.url.rpartition(":")[2])
        yield Server("arfeed", port, at.private_key, at.known_hosts, at.root, "", faults)


@contextmanager
def proftpd_server(*options: str, prepare: Callable[[Path], None] = lambda _: None) -> Iterator[Server]:
    """Run ProFTPD with more lines of its configuration, in which {folder} is a folder of its own, once prepared."""
    with server_folder() as folder:
        keys = subprocess.run(["ssh-keygen", "-e", "-f", folder / "user.pub"], capture_output=True, check=True).stdout
        folder.joinpath("authorized_keys").write_bytes(keys)
        password = folder / "passwd"
        password.touch(0o600)
        password.write_text(f"acme:*:{uid()}:{uid()}::{folder}/login:/bin/false\n")

        prepare(folder)

        def command(port: int) -> list[str]:
            lines = "\n".join([_PROFTPD, *options, ""])
            folder.joinpath("proftpd.conf").write_text(lines.format(folder=folder, port=port, user=user()))
            return [program("proftpd"), "--nodaemon", "--config", str(folder / "proftpd.conf")]

        with started(folder, command) as (port, pid):
            login = folder / "login"
            yield Server("acme", port, folder / "user", folder / "known_hosts", login, str(login), pid=pid)


_PROFTPD = """
ServerName arfeed
ServerType standalone
DefaultServer on
DefaultAddress 127.0.0.1
Port {port}
UseIPv6 off
UseReverseDNS off
User {user}
Group nogroup
ModulePath /usr/lib/proftpd
LoadModule mod_sftp.c
PidFile {folder}/pid
ScoreboardFile {folder}/scoreboard
DelayTable none
WtmpLog off
AuthOrder mod_auth_file.c
AuthUserFile {folder}/passwd
RequireValidShell off
AllowOverwrite on
SystemLog {folder}/log
SFTPEngine on
SFTPHostKey {folder}/host
SFTPAuthorizedUserKeys file:{folder}/authorized_keys
SFTPAuthMethods publickey
"""


@contextmanager
def rclone_server(*options: str) -> Iterator[Server]:
    with server_folder() as folder:
        login = folder / "login"

        def command(port: int) -> list[str]:
            keys = ["--key", str(folder / "host"), "--authorized-keys", str(folder / "user.pub")]
            return [
                program("rclone"),
                "serve",
                "sftp",
                str(login),
                "--addr",
                f"{HOST}:{port}",
                "--dir-cache-time",
                "0s",
                *keys,
                *options,
            ]

        # A rclone of its own account: root would be refused nothing.
        if os.geteuid() == 0:
            shutil.chown(folder / "host", user())
        environment = {"HOME": str(login), "RCLONE_CONFIG": "", "PATH": os.environ["PATH"]}
        with started(folder, command, run_as=user(), environment=environment) as (port, pid):
            yield Server("acme", port, folder / "user", folder / "known_hosts", login, "", pid=pid)


SERVERS: Mapping[str, Callable[[], Any]] = {
    "openssh": openssh_server,
    "rehearsal": rehearsal_server,
    "proftpd": proftpd_server,
    "rclone": rclone_server,
}


def program(name: str) -> str:
    """Return where a program lies; skip the test where it is not installed, but never in CI."""
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin:/sbin")
    if path is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"{name} is not installed")
    return path


@contextmanager
def server_folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="arfeed-server-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        make_key(folder / "host")
        make_key(folder / "user")
        folder.joinpath("login").mkdir()
        if os.geteuid() == 0:
            shutil.chown(folder / "login", user())
        yield folder


@contextmanager
def started(
    folder: Path,
    command: Callable[[int], list[str]],
    run_as: str | None = None,
    environment: Mapping[str, str] | None = None,
) -> Iterator[tuple[int, int]]:
    process, port = _start(folder, command, run_as if os.geteuid() == 0 else None, environment)
    try:
        host_key = folder.joinpath("host.pub").read_text()
        folder.joinpath("known_hosts").write_text(f"[{HOST}]:{port} {host_key}")
        yield port, process.pid
    finally:
        end(process)


def _start(
    folder: Path, command: Callable[[int], list[str]], run_as: str | None, environment: Mapping[str, str] | None
) -> tuple[subprocess.Popen[bytes], int]:
    for _ in range(5):
        port = free_port()
        with folder.joinpath("output").open("wb") as output:
            process = subprocess.Popen(
                command(port),
                stdout=output,
                stderr=output,
                user=run_as,
                group=gid() if run_as else None,
                env=environment,
                cwd=folder / "login",
            )
        if answers(process, port):
            return process, port
    pytest.fail(f"the server does not start:\n{folder.joinpath('output').read_text()}")


def uid() -> int:
    return pwd.getpwnam(user()).pw_uid


def gid() -> int:
    return pwd.getpwnam(user()).pw_gid
