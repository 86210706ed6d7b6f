"""The peers: the command with which each brings a folder of PDFs, or one report, into the receiver's root."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.delivery.server import HOST, Server

SCRIPTS = Path(__file__).parent / "scripts"

Command = Sequence[str | Path]


@dataclass(frozen=True, slots=True)
class Limits:
    """How many times a peer's seconds arfeed may take, by milliseconds of latency: a whole sync, or its transfer."""

    sync: dict[int, float]
    transfer: dict[int, float]


@dataclass(frozen=True, slots=True, eq=False)
class Peer:
    """A contestant. `few`: at latency, so many files are sent and the rest extrapolated, as each costs the same."""

    name: str
    command: Callable[[Server, Path], Command]
    limits: Limits = Limits({}, {})
    few: int | None = None


def shell(text: str) -> Command:
    return ["sh", "-c", text]


def tar(server: Server, source: Path) -> Command:
    return shell(f"tar -C '{source}' -cf - . | ssh -F '{server.config}' {HOST} tar -C '{server.inbox}' -xf -")


def sftp(server: Server, source: Path) -> Command:
    return shell(f"echo \"put '{source}'/* '{server.inbox}/'\" | sftp -q -b - -F '{server.config}' {HOST}")


def scp(server: Server, source: Path) -> Command:
    return ["scp", "-q", "-F", server.config, *source.iterdir(), f"{HOST}:{server.inbox}/"]


def rclone(server: Server, source: Path, *options: str) -> Command:
    return ["rclone", "--config", "/dev/null", "copy", *options, source, _rclone_root(server)]


def rclone_16(server: Server, source: Path) -> Command:
    return rclone(server, source, "--transfers=16", "--sftp-disable-hashcheck", "--sftp-set-modtime=false")


def _rclone_root(server: Server) -> str:
    # Without a shell, as at a receiver: with one, rclone has every file hashed by its own command.
    options = f"host={HOST},port={server.port},user={server.user},key_file={server.key},shell_type=none"
    return f":sftp,{options},known_hosts_file={server.known_hosts},ciphers=aes128-gcm@openssh.com:{server.inbox}"


def lftp(server: Server, source: Path) -> Command:
    script = (
        f"set sftp:connect-program 'ssh -a -x -F {server.config}'; open sftp://{server.user}:@{HOST}:{server.port}; "
        f"mirror -R -P8 '{source}' '{server.inbox}'; quit"
    )
    return ["lftp", "--norc", "-c", script]


def script(name: str) -> Callable[[Server, Path], Command]:
    def command(server: Server, source: Path) -> Command:
        who = (str(server.port), server.user, server.key, server.known_hosts)
        return [sys.executable, SCRIPTS / f"{name}.py", *who, source, server.inbox]

    return command


PDFS = (
    Peer("tar \\| ssh tar, the practical limit", tar, Limits({50: 1.5}, {50: 1.1})),
    Peer("OpenSSH sftp -b", sftp, Limits({0: 2, 50: 0.02}, {0: 1.4}), few=40),
    Peer("OpenSSH scp", scp, few=40),
    Peer("rclone", rclone, few=100),
    Peer("rclone, 16 transfers, tuned", rclone_16, Limits({50: 0.1}, {}), few=200),
    Peer("lftp mirror -P8", lftp, Limits({50: 0.4}, {})),
    Peer("sshfs as it comes, one put of all", script("stock_sshfs")),
    Peer("paramiko, one by one", script("with_paramiko"), few=40),
)


def cat(server: Server, source: Path) -> Command:
    return shell(f"ssh -F '{server.config}' {HOST} 'cat > {server.inbox}/report.csv' < '{source}'/report.csv")


REPORT = (
    Peer("ssh cat, the practical limit", cat, Limits({}, {0: 2, 50: 1.15})),
    Peer("OpenSSH sftp -b", sftp),
    Peer("rclone", rclone),
    Peer("sshfs as it comes", script("stock_sshfs")),
    Peer("paramiko", script("with_paramiko")),
)
