"""What the commands of the board share: options, and its database opened."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from arfeed.cli.extras import insist_on_extra
from arfeed.model.errors import ConfigError

if TYPE_CHECKING:
    from arfeed.operations.board.access.settings import BoardFile
    from arfeed.operations.board.database import Database

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
SettingsFile = Annotated[
    Path | None,
    typer.Option(
        "--settings",
        metavar="FILE",
        envvar="ARFEED_BOARD_SETTINGS",
        help="The board's own settings; .arfeed/board.toml in the folder of the feeds by default.",
    ),
]
HERE = Path()


@contextmanager
def open_board(feeds: Path, url: str | None) -> Iterator[Database]:
    """Open the board's database. Raise `ConfigError` if it can't be used, or the extra is not installed."""
    insist_on_extra("board", ("argon2", "cronsim", "prometheus_client", "starlette", "uvicorn"), "the board")
    from arfeed.operations.board.database import Database

    if url is None and not feeds.is_dir():
        raise ConfigError(f"--feeds {feeds}: there is no such folder")
    with Database(url or f"sqlite:///{feeds.absolute() / '.arfeed' / 'board.db'}") as database:
        yield database


def find_settings(feeds: Path, file: Path | None) -> BoardFile:
    """Read the board's own settings; without a file it has none.

    Raise `ConfigError` for mistakes in it, or if what it asks for is not installed.
    """
    from arfeed.operations.board.access.settings import BoardFile, read_settings

    usual = feeds.absolute() / ".arfeed" / "board.toml"
    if file is None and not usual.exists():
        return BoardFile()
    found = read_settings(file or usual)
    if found.oidc:
        insist_on_extra("oidc", ("authlib", "joserfc", "requests"), "[oidc]")
    return found


def current_user() -> str:
    """Return the current user, for the audit log."""
    return f"{getpass.getuser()} at a terminal"
