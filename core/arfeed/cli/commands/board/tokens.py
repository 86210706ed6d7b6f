"""`arfeed board token`: programs that may use the board's API."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer
from rich.table import Table

from arfeed.cli.commands.board.opening import HERE, DatabaseUrl, Folder, current_user, open_board
from arfeed.cli.display.output import console, print_json
from arfeed.cli.options import Json
from arfeed.model.errors import ConfigError

app = typer.Typer(help="Add, list and remove the tokens of programs that use the API.", no_args_is_help=True)


@app.command("add", epilog="Example: arfeed board token add grafana --person anna --role viewer --days 90")
def add(
    name: Annotated[str, typer.Argument(help="What to call the token, such as the program that has it.")],
    person: Annotated[str, typer.Option("--person", help="For whom it acts: it sees and does what they may.")],
    role: Annotated[str, typer.Option("--role", help="viewer, approver or operator: the one of their roles it has.")],
    days: Annotated[int, typer.Option("--days", min=1, max=366, help="How long it is good.")] = 90,
    feeds: Folder = HERE,
    database: DatabaseUrl = None,
) -> None:
    """Add a token and print it, once: only its hash is kept."""
    from arfeed.operations.board.access.people import PERMISSIONS
    from arfeed.operations.board.access.tokens import Token, add_token
    from arfeed.operations.board.tables import now

    if role not in PERMISSIONS:
        raise ConfigError(f"--role {role}: there is no such role; give {', '.join(PERMISSIONS)}")
    moment = now()
    token = Token(name, person, role, moment, moment + timedelta(days=days), None)
    with open_board(feeds, database) as opened:
        text = add_token(opened, token, current_user())
    console().print(
        f"✓ {name} may use the board's API for {person} as {role} until {token.expires_at:%Y-%m-%d %H:%M} UTC. Its "
        f"token, which is not shown again:\n\n  {text}",
        markup=False,
    )


@app.command("list")
def list_tokens(feeds: Folder = HERE, database: DatabaseUrl = None, as_json: Json = False) -> None:
    """List all tokens, without their texts."""
    from arfeed.operations.board.access.tokens import list_tokens

    with open_board(feeds, database) as opened, opened.reading() as connection:
        found = list_tokens(connection)
    if as_json:
        print_json(
            [
                {
                    **token._asdict(),
                    "created_at": token.created_at.isoformat(),
                    "expires_at": token.expires_at.isoformat(),
                    "used_at": token.used_at.isoformat() if token.used_at else None,
                }
                for token in found
            ]
        )
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2))
    for heading in ("name", "person", "role", "good until", "last used"):
        table.add_column(heading)
    for token in found:
        used = f"{token.used_at:%Y-%m-%d %H:%M} UTC" if token.used_at else "never"
        table.add_row(token.name, token.person, token.role, f"{token.expires_at:%Y-%m-%d %H:%M} UTC", used)
    console().print(table)


@app.command("remove")
def remove(
    name: Annotated[str, typer.Argument(help="Which token.")], feeds: Folder = HERE, database: DatabaseUrl = None
) -> None:
    """Remove a token: it is worth nothing from then on."""
    from arfeed.operations.board.access.tokens import remove_token

    with open_board(feeds, database) as opened:
        remove_token(opened, name, current_user())
    console().print(f"✓ The token {name} is removed.", markup=False)
