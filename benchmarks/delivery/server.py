"""OpenSSH with its own port and keys, at any latency; whoever runs the benchmark logs in."""

import getpass
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

HOST = "127.0.0.1"
CIPHER = "aes128-gcm@openssh.com"

SSHD = """
Port {port}
ListenAddress {host}
HostKey {folder}/host
PidFile {folder}/pid
AuthorizedKeysFile {folder}/user.pub
PermitRootLogin yes
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
StrictModes no
MaxStartups 100
Subsystem sftp internal-sftp
"""

SSH = """
Host *
  Port {port}
  User {user}
  IdentityFile {folder}/user
  IdentitiesOnly yes
  UserKnownHostsFile {known_hosts}
  GlobalKnownHostsFile none
  Ciphers {cipher}
"""


@dataclass(frozen=True, slots=True)
class Server:
    """How to reach the server. `inbox` is the receiver's root."""

    port: int
    user: str
    key: Path
    known_hosts: Path
    config: Path
    inbox: Path

    @property
    def url(self) -> str:
        return f"sftp://{self.user}@{HOST}:{self.port}{self.inbox}"


@contextmanager
def server(folder: Path, milliseconds: int) -> Iterator[Server]:
    """Run a server that answers after a delay, in milliseconds; without one it is reached directly."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
    with _openssh(folder) as port:
        if not milliseconds:
            yield _reached(folder, port)
            return
        seconds = str(milliseconds / 2000)
        relay = [sys.executable, "-m", "benchmarks.delivery.delay", str(port), seconds]
        process = subprocess.Popen(relay, stdout=subprocess.PIPE, text=True)
        try:
            assert process.stdout
            yield _reached(folder, int(process.stdout.readline()))
        finally:
            process.terminate()
            process.wait()


@contextmanager
def _openssh(folder: Path) -> Iterator[int]:
    sshd = shutil.which("sshd", path=os.defpath + ":/usr/sbin:/usr/local/sbin") or sys.exit("sshd is not installed")
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = int(probe.getsockname()[1])
    config = folder / "sshd_config"
    config.write_text(SSHD.format(port=port, host=HOST, folder=folder))
    with folder.joinpath("sshd.log").open("wb") as log:
        process = subprocess.Popen([sshd, "-D", "-e", "-f", config], stderr=log)
    try:
        while socket.socket().connect_ex((HOST, port)):
            if process.poll() is not None:
                sys.exit(folder.joinpath("sshd.log").read_text())
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait()


def _reached(folder: Path, port: int) -> Server:
    user, known_hosts, config = getpass.getuser(), folder / "known_hosts", folder / "ssh_config"
    known_hosts.write_text(f"[{HOST}]:{port} {folder.joinpath('host.pub').read_text()}")
    config.write_text(SSH.format(port=port, user=user, folder=folder, known_hosts=known_hosts, cipher=CIPHER))
    inbox = folder / "inbox"
    inbox.mkdir()
    return Server(port, user, folder / "user", known_hosts, config, inbox)
