"""What differs between database systems: how each is opened for reading, keeps one moment, is limited and let go."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING

from arfeed_connectors.sql.systems.base import System, backend

if TYPE_CHECKING:
    import sqlalchemy as sa

__all__ = ["System", "backend", "system_of"]

_OWN: Mapping[str, tuple[str, str]] = {
    "postgresql": ("postgresql", "PostgreSQL"),
    "mysql": ("mysql", "MySQL"),
    "mariadb": ("mysql", "MySQL"),
    "sqlite": ("sqlite", "SQLite"),
    "firebird": ("firebird", "Firebird"),
    "duckdb": ("duckdb", "DuckDB"),
    "oracle": ("oracle", "Oracle"),
}
"""Module and class by SQLAlchemy's name of the database."""


def system_of(source: str, url: sa.URL, timeout: int, isolation: str | None = None) -> System:
    """Return the system of the database that a URL names; one that we know nothing of gets what all have in common."""
    # Imported by name, so that a feed loads only the module of its own database.
    module, name = _OWN.get(backend(url.get_backend_name()), ("base", "System"))
    kind: type[System] = getattr(import_module(f"{__name__}.{module}"), name)
    return kind(source, url, timeout, isolation)
