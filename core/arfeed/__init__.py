"""What a plugin author imports, and nothing else."""

from arfeed.currencies import minor_digits
from arfeed.errors import (
    ArfeedError,
    ConfigError,
    DestinationError,
    LockedError,
    ProblemsError,
    RefusedError,
    SourceError,
)
from arfeed.hookspecs import hookimpl
from arfeed.intake.files import find_files
from arfeed.intake.read import read_header, read_table, read_tables, table
from arfeed.interfaces import (
    Complete,
    Connector,
    Delivered,
    Destination,
    Document,
    Failure,
    Objection,
    Plan,
    Receipt,
    Transform,
)
from arfeed.settings import (
    DatabaseUrl,
    DestinationSettings,
    FileSettings,
    Location,
    Settings,
    SourceSettings,
    TransformSettings,
)

__all__ = [
    "ArfeedError",
    "Complete",
    "ConfigError",
    "Connector",
    "DatabaseUrl",
    "Delivered",
    "Destination",
    "DestinationError",
    "DestinationSettings",
    "Document",
    "Failure",
    "FileSettings",
    "Location",
    "LockedError",
    "Objection",
    "Plan",
    "ProblemsError",
    "Receipt",
    "RefusedError",
    "Settings",
    "SourceError",
    "SourceSettings",
    "Transform",
    "TransformSettings",
    "find_files",
    "hookimpl",
    "minor_digits",
    "read_header",
    "read_table",
    "read_tables",
    "table",
]
