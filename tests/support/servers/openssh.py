"""A real OpenSSH server for tests: own port, own keys, nothing of this machine's configuration."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class OpenSSH:
    """A running server. `login` is where a session starts; `new_root()` makes a fresh folder that the user owns."""

    port: int
    user: str
    private_key: Path
    known_hosts: Path
    login: Path
    log: Path
    pid: int = 0

    def url(self, root: Path | None = None) -> str:
        return f"sftp://{self.user}@{HOST}:{self.port}{root or ''}"

    def new_root(self) -> Path:
        root = Path(tempfile.mkdtemp(dir=self.login))
        shutil.chown(root, self.user)
        return root


@contextmanager
def running_openssh(*options: str, sftp: str = "", most_files: int | None = None) -> Iterator[OpenSSH]:
    """Run a server with more lines of sshd_config and options of sftp-server, whose sessions may open so many files.

    Skip the test where there is no sshd, but never in CI.
    """
    sshd = shutil.which("sshd") or shutil.which("sshd", path="/usr/sbin:/usr/local/sbin:/sbin")
    if sshd is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("OpenSSH's sshd is not installed")
    with tempfile.TemporaryDirectory(prefix="arfeed-openssh-") as folder:
        server = _prepare(Path(folder))
        process, server = _start(sshd, server, (*options, _subsystem(server, sftp)), most_files)
        try:
            yield server
        finally:
            end(process)


def make_key(file: Path, passphrase: str = "", kind: str = "ed25519") -> Path:
    """Make an OpenSSH key pair; the public key gets the suffix .pub."""
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-f", file], check=True)
    return file


def user() -> str:
    """Return who logs in: root's sessions would be refused nothing, so nobody's are used instead."""
    return "nobody" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name


def _prepare(folder: Path) -> OpenSSH:
    folder.chmod(0o711)
    make_key(folder / "host")
    user_key = make_key(folder / "user")
    folder.joinpath("authorized_keys").write_text(folder.joinpath("user.pub").read_text())
    folder.joinpath("authorized_keys").chmod(0o644)
    account = user()
    login = folder / "login"
    login.mkdir()
    shutil.chown(login, account)
    return OpenSSH(0, account, user_key, folder / "known_hosts", login, folder / "sshd.log")


def _start(
    sshd: str, server: OpenSSH, options: tuple[str, ...], most_files: int | None
) -> tuple[subprocess.Popen[bytes], OpenSSH]:
    limit = ["prlimit", f"--nofile={most_files}"] if most_files else []
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    for _ in range(5):
        port = free_port()
        folder = server.log.parent
        folder.joinpath("sshd_config").write_text(_config(server, port, options))
        host_key = folder.joinpath("host.pub").read_text()
        server.known_hosts.write_text(f"[{HOST}]:{port} {host_key}")
        with server.log.open("wb") as log:
            process = subprocess.Popen([*limit, sshd, "-D", "-e", "-f", folder / "sshd_config"], stderr=log)
        if answers(process, port):
            return process, replace(server, port=port, pid=process.pid)
    pytest.fail(f"sshd does not start:\n{server.log.read_text()}")


def _subsystem(server: OpenSSH, options: str) -> str:
    return f"Subsystem sftp internal-sftp -d {server.login} {options}"


def _config(server: OpenSSH, port: int, options: tuple[str, ...]) -> str:
    folder = server.log.parent
    lines = (
        f"Port {port}",
        f"ListenAddress {HOST}",
        f"HostKey {folder}/host",
        f"PidFile {folder}/pid",
        f"AuthorizedKeysFile {folder}/authorized_keys",
        f"AllowUsers {server.user}",
        "PasswordAuthentication no",
        "KbdInteractiveAuthentication no",
        "UsePAM no",
        "StrictModes no",
        "LogLevel VERBOSE",
        *options,
    )
    return "\n".join(lines) + "\n"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def end(process: subprocess.Popen[bytes]) -> None:
    """Tell a server to end; kill it where it does not, since some wait for ever for a connection that is still open."""
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def answers(process: subprocess.Popen[bytes], port: int) -> bool:
    for _ in range(200):
        if process.poll() is not None:
            return False
        with socket.socket() as probe:
            if probe.connect_ex((HOST, port)) == 0:
                return True
        time.sleep(0.05)
    process.kill()
    process.wait()
    return False
