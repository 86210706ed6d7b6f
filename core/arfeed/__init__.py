"""What a plugin author imports, and nothing else."""

import typing
import warnings

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
from arfeed.model.fields import DatabaseUrl, Location, Pattern
from arfeed.model.figures import Complete, ControlAccount
from arfeed.model.hooks import hookimpl
from arfeed.model.parts import Connector, Destination, Document, Notifier, Proposal, Transform
from arfeed.model.results import DeliveredFile, Failure, Objection, Plan, Receipt, Reconciliation
from arfeed.model.schema import SOURCE_COLUMNS
from arfeed.model.secrets import mask_secrets
from arfeed.model.settings import (
    DestinationSettings,
    FileSettings,
    NotifierSettings,
    Settings,
    SourceSettings,
    TransformSettings,
)
from arfeed.model.shipping.destination import ShipmentDestination
from arfeed.model.shipping.files import Archive, Content, DoneMarker, RehearsalRule, Shipment, TableFile, TextFormat
from arfeed.tables.files.opening import open_binary
from arfeed.tables.files.search import changed_at, find_files
from arfeed.tables.grid import read_grid
from arfeed.tables.headings.proposal import missing_columns, propose_columns
from arfeed.tables.places import locate
from arfeed.tables.printed.reports import PrintedReport, ReportForm
from arfeed.tables.read import read_arrow, read_header, read_table, read_tables, table_from_records
from arfeed.tables.workbook.sheets import sheet_names

_RENAMED = {
    "table": "table_from_records",
    "masked": "mask_secrets",
    "place_of": "locate",
    "propose": "propose_columns",
    "MAPPABLE": "SOURCE_COLUMNS",
    "Delivered": "DeliveredFile",
}
"""Names of arfeed 0.1.0, and what replaced them."""

__all__ = [
    "SOURCE_COLUMNS",
    "Archive",
    "ArfeedError",
    "Complete",
    "ConfigError",
    "Connector",
    "Content",
    "ControlAccount",
    "DatabaseUrl",
    "DeliveredFile",
    "Destination",
    "DestinationError",
    "DestinationSettings",
    "Document",
    "DoneMarker",
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
    "Proposal",
    "Receipt",
    "Reconciliation",
    "RefusedError",
    "RehearsalRule",
    "ReportForm",
    "Settings",
    "Shipment",
    "ShipmentDestination",
    "SourceError",
    "SourceSettings",
    "TableFile",
    "TextFormat",
    "Transform",
    "TransformSettings",
    "changed_at",
    "find_files",
    "hookimpl",
    "locate",
    "mask_secrets",
    "minor_digits",
    "missing_columns",
    "open_binary",
    "propose_columns",
    "read_arrow",
    "read_grid",
    "read_header",
    "read_table",
    "read_tables",
    "sheet_names",
    "table_from_records",
]

if typing.TYPE_CHECKING:  # a type checker knows the former names with their types
    table = table_from_records
    masked = mask_secrets
    place_of = locate
    propose = propose_columns
    MAPPABLE = SOURCE_COLUMNS
    Delivered = DeliveredFile
else:

    def __getattr__(name: str) -> object:
        """Return what replaced a former name, with a `DeprecationWarning` that names it."""
        if name not in _RENAMED:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        warnings.warn(f"arfeed.{name} is now arfeed.{_RENAMED[name]}", DeprecationWarning, stacklevel=2)
        return globals()[_RENAMED[name]]
