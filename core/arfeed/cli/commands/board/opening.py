"""What the commands of the board share: options, and its database opened."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from arfeed.model.errors import ConfigError

if TYPE_CHECKING:
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
HERE = Path()


@contextmanager
def open_board(feeds: Path, url: str | None) -> Iterator[Database]:
    """Open the board's database. Raise `ConfigError` if it can't be used, or the extra is not installed."""
    if missing := [name for name in ("argon2", "prometheus_client", "starlette", "uvicorn") if find_spec(name) is None]:
        raise ConfigError(f"the board needs {', '.join(missing)}: pip install 'arfeed[board]'")
    from arfeed.operations.board.database import Database

    if url is None and not feeds.is_dir():
        raise ConfigError(f"--feeds {feeds}: there is no such folder")
    with Database(url or f"sqlite:///{feeds.absolute() / '.arfeed' / 'board.db'}") as database:
        yield database


def current_user() -> str:
    """Return the current user, for the audit log."""
    return f"{getpass.getuser()} at a terminal"
