"""`arfeed rehearse`: a receiver on this machine, left running."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Annotated

import typer

from arfeed.cli.display.output import console, print_json
from arfeed.cli.options import Json
from arfeed.model.errors import ConfigError

if TYPE_CHECKING:
    from arfeed.delivery.rehearsal.standing import Standing

Name = Annotated[str, typer.Argument(metavar="[NAME]", help="What it is called, as in rehearsal://NAME.")]
Folder = Annotated[
    Path | None,
    typer.Option("--folder", help="Where it keeps its things: .arfeed/rehearsal/NAME by default."),
]
Port = Annotated[
    int | None,
    typer.Option("--port", min=0, max=65535, help="Its SFTP port: that of the last time, else any free one."),
]
PagePort = Annotated[int | None, typer.Option("--page-port", min=0, max=65535, help="The port of its page: likewise.")]
RefHeader = Annotated[str, typer.Option("--ref-header", help="What the report calls the invoice's number.")]
BalanceHeader = Annotated[str, typer.Option("--balance-header", help="What the report calls the open balance.")]


def rehearse(
    name: Name = "demo",
    folder: Folder = None,
    port: Port = None,
    page_port: PagePort = None,
    ref_header: RefHeader = "invoice_ref",
    balance_header: BalanceHeader = "balance",
    as_json: Json = False,
) -> None:
    """Run a receiver here until Ctrl-C: Kolleno's folders over SFTP, and a page with its books and faults."""
    from arfeed.delivery.rehearsal.reports import Headers
    from arfeed.delivery.rehearsal.standing import run_receiver

    place = folder or Path(".arfeed", "rehearsal", _check_name(name))
    headers = Headers(ref_header, balance_header)
    with (
        _end_requested() as ending,
        run_receiver(name, place.absolute(), headers, port=port, page_port=page_port) as one,
    ):
        if as_json:
            print_json(_as_data(one))
            # Whoever started this waits for the address, and the command goes on for hours.
            sys.stdout.flush()
        _report(name, one, beside_json=as_json)
        while not ending.wait(0.5):  # Windows delivers Ctrl-C only between two waits
            pass
    console(beside_json=as_json).print("The receiver has ended. Started again, it goes on from here.", markup=False)


def _check_name(name: str) -> str:
    # The name becomes a folder and a part of a URL.
    if not name.replace("-", "").replace("_", "").isalnum():
        raise ConfigError(f"{name!r} is not a plain name; use letters, digits, - and _, as in: arfeed rehearse demo")
    return name


@contextmanager
def _end_requested() -> Iterator[Event]:
    """Treat Ctrl-C and SIGTERM as a request to end, not as a failure."""
    ending = Event()
    # Both signals: people press Ctrl-C, and service managers send SIGTERM.
    before = {number: signal.signal(number, lambda *_: ending.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield ending
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _report(name: str, one: Standing, *, beside_json: bool) -> None:
    from arfeed.delivery.rehearsal.page import destination_block, sftp_command

    people = console(beside_json=beside_json)
    people.print(f"✓ The receiver {name} is running; its files are in {one.receiver.folder}", markup=False)
    block = destination_block(one.receiver).replace("\n", "\n  ")
    lines = [
        f"  its books, and its faults to switch: {one.page}",
        "",
        "Feeds reach it by these lines in plugins.toml; those beside the same .arfeed by "
        f'url = "rehearsal://{name}" as well:',
        "",
        f"  {block}",
        "",
        "Any SFTP client may log in:",
        "",
        f"  {sftp_command(one.receiver)}",
        "",
        "Ctrl-C ends it.",
    ]
    people.print("\n".join(lines), markup=False)


def _as_data(one: Standing) -> dict[str, str]:
    at = one.receiver
    return {
        "url": at.url,
        "private_key": str(at.private_key),
        "known_hosts": str(at.known_hosts),
        "folder": str(at.folder),
        "page": one.page,
        "books": f"{one.page}books.json",
        "faults": f"{one.page}faults.json",
    }
