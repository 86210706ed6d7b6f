"""`arfeed board user`: who may use the board."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from arfeed.cli.commands.board.opening import (
    HERE,
    DatabaseUrl,
    Folder,
    SettingsFile,
    current_user,
    find_settings,
    open_board,
)
from arfeed.cli.display.output import console, print_json
from arfeed.cli.options import Json
from arfeed.model.errors import ConfigError

app = typer.Typer(help="Add, list and remove the people who may use the board.", no_args_is_help=True)


@app.command("add", epilog="Example: arfeed board user add anna --role approver:acme-*")
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
    from arfeed.operations.board.access import people

    given = people.parse_grants(role)
    with open_board(feeds, database) as opened:
        by = current_user()
        token = people.add(opened, name, given, by)
        if password_stdin:
            people.set_password(opened, name, sys.stdin.readline().rstrip("\r\n"), by)
            console().print(f"✓ {name} can log in.", markup=False)
            return
    console().print(
        f"✓ {name} is on the board. They choose a password on this page, once and within a day:\n\n  /begin/{token}",
        markup=False,
    )


@app.command("list")
def list_people(feeds: Folder = HERE, database: DatabaseUrl = None, as_json: Json = False) -> None:
    """List everybody with their roles."""
    from arfeed.operations.board.access import people

    with open_board(feeds, database) as opened, opened.reading() as connection:
        found = people.list_people(connection)
    if as_json:
        print_json(
            [
                {
                    "name": person.name,
                    "roles": [grant._asdict() for grant in person.grants],
                    "has_password": chosen,
                    "locked_until": until.isoformat() if until else None,
                    "subjects": subjects,
                }
                for person, chosen, until, subjects in found
            ]
        )
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2))
    for heading in ("name", "roles", "logs in by", "locked until"):
        table.add_column(heading)
    for person, chosen, until, subjects in found:
        ways = [*(["password"] if chosen else []), *(f"provider: {subject}" for subject in subjects)]
        table.add_row(
            escape(person.name),
            escape(", ".join(people.describe(person.grants))),
            escape(", ".join(ways)) or "nothing yet",
            f"{until:%Y-%m-%d %H:%M} UTC" if until else "",
        )
    console().print(table)


@app.command("link", epilog="Example: arfeed board user link anna 00u1a2b3c4")
def link(
    name: Annotated[str, typer.Argument(help="Who on the board.")],
    subject: Annotated[str, typer.Argument(help="What the OpenID provider calls them, as `board export` has it.")],
    feeds: Folder = HERE,
    database: DatabaseUrl = None,
    settings: SettingsFile = None,
) -> None:
    """Let a person of the board come in by the OpenID provider, too."""
    from arfeed.operations.board.access import identities

    with open_board(feeds, database) as opened:
        provider = find_settings(feeds, settings).oidc
        if provider is None:
            raise ConfigError("board.toml names no OpenID provider: add a table [oidc]")
        identities.link(opened, name, provider.issuer, subject, current_user())
    console().print(f"✓ {name} can come in by {provider.title}.", markup=False)


@app.command("remove")
def remove(
    name: Annotated[str, typer.Argument(help="Whom to remove.")], feeds: Folder = HERE, database: DatabaseUrl = None
) -> None:
    """Remove a person, and end their sessions. What they did stays in the audit log."""
    from arfeed.operations.board.access import people

    with open_board(feeds, database) as opened:
        people.remove(opened, name, current_user())
    console().print(f"✓ {name} is removed.", markup=False)
