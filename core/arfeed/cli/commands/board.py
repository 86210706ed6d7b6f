"""`arfeed board`: a web application on which people see every feed, and approve what was refused."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from arfeed.cli.display.output import console, print_json
from arfeed.cli.options import Json
from arfeed.model.errors import ConfigError

if TYPE_CHECKING:
    from arfeed.operations.board.audit import Entry
    from arfeed.operations.board.database import Database

app = typer.Typer(help="Serve a page on which people see every feed, and approve what was refused.")
user = typer.Typer(help="Add, list and remove the people who may use the board.", no_args_is_help=True)
app.add_typer(user, name="user")

Folder = Annotated[
    Path,
    typer.Option("--feeds", metavar="DIR", envvar="ARFEED_FEEDS", help="The folder of the feeds, as for `sync --all`."),
]
DatabaseUrl = Annotated[
    str | None,
    typer.Option(
        "--database",
        metavar="URL",
        envvar="ARFEED_BOARD_DATABASE",
        help="SQLAlchemy URL of the board's database; .arfeed/board.db in the folder of the feeds by default.",
    ),
]
Host = Annotated[str, typer.Option("--host", help="The address to listen at.")]
Port = Annotated[int, typer.Option("--port", min=1, max=65535, help="The port to listen at.")]
Certificate = Annotated[Path | None, typer.Option("--certificate", metavar="FILE", help="Certificate for TLS, as PEM.")]
Key = Annotated[Path | None, typer.Option("--private-key", metavar="FILE", help="The certificate's key.")]
Proxy = Annotated[
    list[str] | None,
    typer.Option("--behind-proxy", metavar="ADDRESS", help="A proxy that speaks TLS; only it may connect. Repeatable."),
]
Url = Annotated[str | None, typer.Option("--url", help="The address that people type: https://board.example.com.")]
HERE = Path()


@app.callback(invoke_without_command=True)
def board(
    context: typer.Context,
    feeds: Folder = HERE,
    database: DatabaseUrl = None,
    host: Host = "127.0.0.1",
    port: Port = 8300,
    certificate: Certificate = None,
    private_key: Key = None,
    behind_proxy: Proxy = None,
    url: Url = None,
) -> None:
    """Serve the board until Ctrl-C. Without TLS or a declared proxy it listens on this machine only."""
    if context.invoked_subcommand:
        return
    _require_extra()
    from arfeed.operations.board import people
    from arfeed.operations.board.application import Application
    from arfeed.operations.board.feeds import Feeds, delivered_by
    from arfeed.operations.board.serving import Listening, address_of, serve
    from arfeed.operations.board.site import make_site
    from arfeed.operations.board.work import Worker

    listening = Listening(host, port, certificate, private_key, behind_proxy or (), url)
    place = listening.place()
    found = Feeds(feeds.absolute())
    count = len(found.all())

    def find_config(name: str) -> Path | None:
        feed = found.find(name)
        return feed.config if feed else None

    with _open(feeds, database) as opened:
        worker = Worker(
            opened,
            find_config,
            lambda name, job: delivered_by(feed.project, job) if (feed := found.find(name)) and feed.project else None,
        )
        address = address_of(listening)
        out = console()
        out.print(f"✓ The board shows {count} {'feed' if count == 1 else 'feeds'}: {address}/", markup=False)
        if token := people.invite_first(opened):
            out.print(
                "Nobody can log in yet. By this link the first person begins; it is good once, and for a day:\n\n"
                f"  {address}/begin/{token}\n",
                markup=False,
            )
        out.print("Ctrl-C ends it.", markup=False)
        sys.stdout.flush()
        serve(make_site(Application(opened, found, worker, place)), listening)


@user.command("add", epilog="Example: arfeed board user add anna --role approver:acme-*")
def add(
    name: Annotated[str, typer.Argument(help="What they log in with.")],
    role: Annotated[
        list[str],
        typer.Option(
            "--role", help="viewer, approver or operator, of all feeds or of a pattern, as in approver:acme-*."
        ),
    ],
    feeds: Folder = HERE,
    database: DatabaseUrl = None,
    password_stdin: Annotated[
        bool,
        typer.Option("--password-stdin", help="Take the password from stdin, instead of printing a one-time link."),
    ] = False,
) -> None:
    """Add a person, or give one other roles; print a one-time link by which they choose a password."""
    _require_extra()
    from arfeed.operations.board import people

    given = people.parse_grants(role)
    with _open(feeds, database) as opened:
        by = _operator()
        token = people.add(opened, name, given, by)
        if password_stdin:
            people.set_password(opened, name, sys.stdin.readline().rstrip("\r\n"), by)
            console().print(f"✓ {name} can log in.", markup=False)
            return
    console().print(
        f"✓ {name} is on the board. By this page of it they choose a password; it is good once, and for a day:\n\n"
        f"  /begin/{token}",
        markup=False,
    )


@user.command("list")
def list_people(feeds: Folder = HERE, database: DatabaseUrl = None, as_json: Json = False) -> None:
    """List everybody with their roles."""
    _require_extra()
    from arfeed.operations.board import people

    with _open(feeds, database) as opened, opened.reading() as connection:
        found = people.listed(connection)
    if as_json:
        print_json(
            [
                {
                    "name": person.name,
                    "roles": [grant._asdict() for grant in person.grants],
                    "has_password": chosen,
                    "locked_until": until.isoformat() if until else None,
                }
                for person, chosen, until in found
            ]
        )
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2))
    for heading in ("name", "roles", "password", "locked until"):
        table.add_column(heading)
    for person, chosen, until in found:
        roles = ", ".join(f"{role} of {pattern}" for role, pattern in person.grants)
        table.add_row(
            person.name, roles, "chosen" if chosen else "not yet", f"{until:%Y-%m-%d %H:%M} UTC" if until else ""
        )
    console().print(table)


@user.command("remove")
def remove(
    name: Annotated[str, typer.Argument(help="Whom to remove.")], feeds: Folder = HERE, database: DatabaseUrl = None
) -> None:
    """Remove a person, and end their sessions. What they did stays in the audit log."""
    _require_extra()
    from arfeed.operations.board import people

    with _open(feeds, database) as opened:
        people.remove(opened, name, _operator())
    console().print(f"✓ {name} is removed.", markup=False)


@app.command("verify")
def verify(
    feeds: Folder = HERE,
    database: DatabaseUrl = None,
    known: Annotated[
        str | None,
        typer.Option("--known", metavar="HASH", help="A hash noted earlier, which must still be in the log."),
    ] = None,
) -> None:
    """Check that the audit log is as it was written; print the hash of its end, to be noted elsewhere."""
    from arfeed.operations.board.audit import verify as check

    lines = _entries(feeds, database)
    if wrong := [*check(lines, known)]:
        raise ConfigError(*wrong, "the audit log was changed from outside; restore a backup of it")
    end = f", ending with {lines[-1].hash}" if lines else ""
    console().print(f"✓ {len(lines)} lines of the audit log are as they were written{end}", markup=False)


@app.command("export")
def export(feeds: Folder = HERE, database: DatabaseUrl = None) -> None:
    """Print the audit log as JSON, the oldest line first."""
    from arfeed.operations.board.audit import as_data

    print_json([as_data(line) for line in _entries(feeds, database)])


def _entries(feeds: Path, url: str | None) -> list[Entry]:
    _require_extra()
    from arfeed.operations.board.audit import entries

    with _open(feeds, url) as opened, opened.reading() as connection:
        return entries(connection)


@contextmanager
def _open(feeds: Path, url: str | None) -> Iterator[Database]:
    from arfeed.operations.board.database import Database

    if url is None and not feeds.is_dir():
        raise ConfigError(f"--feeds {feeds}: there is no such folder")
    with Database(url or f"sqlite:///{feeds.absolute() / '.arfeed' / 'board.db'}") as database:
        yield database


def _operator() -> str:
    return f"{getpass.getuser()} at a terminal"


def _require_extra() -> None:
    if missing := [name for name in ("argon2", "starlette", "uvicorn") if find_spec(name) is None]:
        raise ConfigError(f"the board needs {', '.join(missing)}: pip install 'arfeed[board]'")
