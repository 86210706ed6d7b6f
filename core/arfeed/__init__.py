"""What a plugin author imports, and nothing else."""

import arfeed.plugins.distributions  # noqa: F401 - before all that looks for entry points
from arfeed.model.currencies import minor_digits
from arfeed.model.errors import (
    ArfeedError,
    ConfigError,
    DestinationError,
    LockedError,
    ProblemsError,
    RefusedError,
    SourceError,
)
from arfeed.model.hooks import hookimpl
from arfeed.model.interfaces import (
    Complete,
    Connector,
    ControlAccount,
    Delivered,
    Destination,
    Document,
    Failure,
    Notifier,
    Objection,
    Plan,
    Receipt,
    Transform,
)
from arfeed.model.schema import MAPPABLE
from arfeed.model.secrets import masked
from arfeed.model.settings import (
    DatabaseUrl,
    DestinationSettings,
    FileSettings,
    Location,
    NotifierSettings,
    Pattern,
    Settings,
    SourceSettings,
    TransformSettings,
)
from arfeed.tables.files.opening import open_binary
from arfeed.tables.files.search import changed_at, find_files
from arfeed.tables.grid import read_grid
from arfeed.tables.headings.proposal import missing_columns, propose
from arfeed.tables.places import place_of
from arfeed.tables.printed.reports import PrintedReport, ReportForm
from arfeed.tables.read import read_arrow, read_header, read_table, read_tables, table
from arfeed.tables.workbook.sheets import sheet_names

__all__ = [
    "MAPPABLE",
    "ArfeedError",
    "Complete",
    "ConfigError",
    "Connector",
    "ControlAccount",
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
    "Notifier",
    "NotifierSettings",
    "Objection",
    "Pattern",
    "Plan",
    "PrintedReport",
    "ProblemsError",
    "Receipt",
    "RefusedError",
    "ReportForm",
    "Settings",
    "SourceError",
    "SourceSettings",
    "Transform",
    "TransformSettings",
    "changed_at",
    "find_files",
    "hookimpl",
    "masked",
    "minor_digits",
    "missing_columns",
    "open_binary",
    "place_of",
    "propose",
    "read_arrow",
    "read_grid",
    "read_header",
    "read_table",
    "read_tables",
    "sheet_names",
    "table",
]
