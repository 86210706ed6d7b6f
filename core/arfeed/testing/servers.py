"""SFTP servers on this machine, made for one test each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from arfeed.delivery.rehearsal.books import Books, read_books
from arfeed.delivery.rehearsal.faults import Faults
from arfeed.delivery.rehearsal.identity import key_at, write_known_hosts
from arfeed.delivery.rehearsal.receiver import receiver as rehearsed
from arfeed.delivery.rehearsal.server import HOST, USER, Door, running


@dataclass(frozen=True, slots=True)
class SFTPServer:
    """A server with an empty root: its URL, how to log in, its root as a folder here, and faults to switch on."""

    url: str
    private_key: Path
    known_hosts: Path
    root: Path
    faults: Faults

    @property
    def settings(self) -> dict[str, str]:
        """What a destination needs to know, as it is written in plugins.toml."""
        return {"url": self.url, "private_key": str(self.private_key), "known_hosts": str(self.known_hosts)}

    @property
    def files(self) -> dict[str, bytes]:
        """The files on the server: contents by path."""
        return files_below(self.root)


@dataclass(frozen=True, slots=True)
class RehearsedReceiver(SFTPServer):
    """The rehearsal's receiver, laid out for kolleno: it marks as paid what a report no longer lists."""

    folder: Path

    @property
    def books(self) -> Books:
        """What the receiver believes at this moment: `open`, `paid_by_absence` and more."""
        return read_books(self.folder)


def files_below(root: Path) -> dict[str, bytes]:
    """Return the contents of all files below a folder, hidden ones too, by their path."""
    return {file.relative_to(root).as_posix(): file.read_bytes() for file in sorted(root.rglob("*")) if file.is_file()}


@contextmanager
def running_server(folder: Path) -> Iterator[SFTPServer]:
    """Run a server that keeps files and does nothing else, for destinations of any layout."""
    root, faults, known_hosts = folder / "root", Faults(), folder / "known_hosts"
    root.mkdir(parents=True)
    door = Door(key_at(folder / "host_ed25519"), key_at(folder / "user_ed25519"), faults)
    # Any free port: tests run in parallel, and on machines where others are taken.
    with running(door, root, lambda _: None) as port:
        # The port is part of an entry, so it is written only once the server has one.
        write_known_hosts(known_hosts, HOST, port, door.host_key)
        yield SFTPServer(f"sftp://{USER}@{HOST}:{port}", folder / "user_ed25519", known_hosts, root, faults)


@contextmanager
def running_receiver(folder: Path) -> Iterator[RehearsedReceiver]:
    """Run the rehearsal's receiver."""
    faults = Faults()
    with rehearsed("test", folder, faults=faults) as one:
        yield RehearsedReceiver(one.url, one.private_key, one.known_hosts, one.root, faults, folder)
