"""A receiver that is left running, which feeds find by its address or by its name."""

from __future__ import annotations

import errno
import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from arfeed.delivery.rehearsal import layout
from arfeed.delivery.rehearsal.faults import Faults
from arfeed.delivery.rehearsal.receiver import Reads, Receiver, receiver
from arfeed.delivery.rehearsal.server import HOST
from arfeed.delivery.rehearsal.web import Panel, serving
from arfeed.delivery.rehearsal.whole_file import write_whole
from arfeed.model.errors import ConfigError, LockedError


@dataclass(frozen=True, slots=True)
class Standing:
    """A receiver that was left running, and the address of its page."""

    receiver: Receiver
    page: str


@contextmanager
def run_receiver(
    name: str, folder: Path, headers: Reads | None = None, *, port: int | None = None, page_port: int | None = None
) -> Iterator[Standing]:
    """Run a receiver with its page.

    Ports that are not given are those of the last time, since a receiver at another port is another destination. Raise
    `ConfigError` if a port is taken, `LockedError` if a run or another `rehearse` has the folder.
    """
    kept, faults = _kept_ports(folder), Faults()
    with ExitStack() as stack:
        with _port_free("--port", chosen := kept["sftp"] if port is None else port):
            one = stack.enter_context(receiver(name, folder, headers, faults, chosen))
        with _port_free("--page-port", chosen := kept["page"] if page_port is None else page_port):
            web = stack.enter_context(serving(Panel(name, one, faults), chosen))
        ports = {"sftp": int(one.url.rpartition(":")[2]), "page": web}
        write_whole(layout.ports_file(folder), json.dumps(ports).encode())
        write_whole(layout.address_file(folder), one.url.encode())
        # Feeds find a running receiver by this file; one that is left behind would send them to nobody.
        stack.callback(layout.address_file(folder).unlink, missing_ok=True)
        yield Standing(one, f"http://{HOST}:{web}/")


@contextmanager
def at_hand(name: str, folder: Path, headers: Reads | None = None) -> Iterator[Receiver]:
    """Use the receiver that is running in a folder; start one if there is none."""
    with ExitStack() as stack:
        try:
            one = stack.enter_context(receiver(name, folder, headers))
        except LockedError:
            if not (left := _left_running(folder)):
                raise
            one = left
        yield one


def _left_running(folder: Path) -> Receiver | None:
    with suppress(FileNotFoundError):
        return Receiver.at(layout.address_file(folder).read_text(), folder)
    return None


def _kept_ports(folder: Path) -> dict[str, int]:
    with suppress(FileNotFoundError):
        return {"sftp": 0, "page": 0, **json.loads(layout.ports_file(folder).read_bytes())}
    return {"sftp": 0, "page": 0}


@contextmanager
def _port_free(option: str, port: int) -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        if exc.errno not in (errno.EADDRINUSE, errno.EACCES):
            raise
        raise ConfigError(
            f"Port {port} of {HOST} is not available: {exc.strerror or exc}. End the program that has it, "
            f"or name another port with {option} N. For arfeed, a receiver at another SFTP port is another destination."
        ) from exc
