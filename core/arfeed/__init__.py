"""What a plugin author imports, and nothing else. Each name is imported when it is asked for first."""

import importlib
import typing
import warnings

import arfeed.plugins.distributions  # before all that looks for entry points

if typing.TYPE_CHECKING:
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
    from arfeed.model.outcome import DeliveredRun, ReceiverOutcome, Rejection
    from arfeed.model.parts import Connector, Destination, Document, Notifier, Proposal, Transform
    from arfeed.model.rest.answers import Body, Token
    from arfeed.model.rest.client import Patience, RestClient, Trust, client_credentials
    from arfeed.model.rest.pages import follow_cursor, follow_link, follow_number
    from arfeed.model.results import DeliveredFile, Failure, Objection, Plan, Receipt, Reconciliation
    from arfeed.model.schema import SOURCE_COLUMNS
    from arfeed.model.settings import (
        DestinationSettings,
        FileSettings,
        NotifierSettings,
        Settings,
        SourceSettings,
        TransformSettings,
    )
    from arfeed.model.shipping.api import ApiDestination, ApiRule, ApiSettings, Calls, Held
    from arfeed.model.shipping.destination import ShipmentDestination
    from arfeed.model.shipping.files import (
        Archive,
        Content,
        DoneMarker,
        FixedFile,
        RehearsalRule,
        Shipment,
        TableFile,
        TextFormat,
    )
    from arfeed.model.text.secrets import mask_secrets
    from arfeed.tables.files.opening import open_binary
    from arfeed.tables.files.search import changed_at, find_files
    from arfeed.tables.grid import read_grid
    from arfeed.tables.headings.canonical import find_columns
    from arfeed.tables.headings.proposal import missing_columns, propose_columns
    from arfeed.tables.places import locate
    from arfeed.tables.printed.reports import PrintedReport, ReportForm
    from arfeed.tables.read import read_arrow, read_header, read_table, read_tables, table_from_records
    from arfeed.tables.workbook.sheets import sheet_names

_HOMES = {
    "arfeed.model.currencies": "minor_digits",
    "arfeed.model.errors": "ArfeedError ConfigError DestinationError LockedError ProblemsError RefusedError "
    "SourceError",
    "arfeed.model.fields": "DatabaseUrl Location Pattern",
    "arfeed.model.figures": "Complete ControlAccount",
    "arfeed.model.hooks": "hookimpl",
    "arfeed.model.parts": "Connector Destination Document Notifier Proposal Transform",
    "arfeed.model.results": "DeliveredFile Failure Objection Plan Receipt Reconciliation",
    "arfeed.model.rest.answers": "Body Token",
    "arfeed.model.rest.client": "Patience RestClient Trust client_credentials",
    "arfeed.model.rest.pages": "follow_cursor follow_link follow_number",
    "arfeed.model.schema": "SOURCE_COLUMNS",
    "arfeed.model.text.secrets": "mask_secrets",
    "arfeed.model.settings": "DestinationSettings FileSettings NotifierSettings Settings SourceSettings "
    "TransformSettings",
    "arfeed.model.shipping.api": "ApiDestination ApiRule ApiSettings Calls Held",
    "arfeed.model.shipping.destination": "ShipmentDestination",
    "arfeed.model.shipping.files": "Archive Content DoneMarker FixedFile RehearsalRule Shipment TableFile TextFormat",
    "arfeed.model.outcome": "DeliveredRun ReceiverOutcome Rejection",
    "arfeed.tables.files.opening": "open_binary",
    "arfeed.tables.files.search": "changed_at find_files",
    "arfeed.tables.grid": "read_grid",
    "arfeed.tables.headings.canonical": "find_columns",
    "arfeed.tables.headings.proposal": "missing_columns propose_columns",
    "arfeed.tables.places": "locate",
    "arfeed.tables.printed.reports": "PrintedReport ReportForm",
    "arfeed.tables.read": "read_arrow read_header read_table read_tables table_from_records",
    "arfeed.tables.workbook.sheets": "sheet_names",
}
"""Where the names are at home."""

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
    "ApiDestination",
    "ApiRule",
    "ApiSettings",
    "Archive",
    "ArfeedError",
    "Body",
    "Calls",
    "Complete",
    "ConfigError",
    "Connector",
    "Content",
    "ControlAccount",
    "DatabaseUrl",
    "DeliveredFile",
    "DeliveredRun",
    "Destination",
    "DestinationError",
    "DestinationSettings",
    "Document",
    "DoneMarker",
    "Failure",
    "FileSettings",
    "FixedFile",
    "Held",
    "Location",
    "LockedError",
    "Notifier",
    "NotifierSettings",
    "Objection",
    "Patience",
    "Pattern",
    "Plan",
    "PrintedReport",
    "ProblemsError",
    "Proposal",
    "Receipt",
    "ReceiverOutcome",
    "Reconciliation",
    "RefusedError",
    "RehearsalRule",
    "Rejection",
    "ReportForm",
    "RestClient",
    "Settings",
    "Shipment",
    "ShipmentDestination",
    "SourceError",
    "SourceSettings",
    "TableFile",
    "TextFormat",
    "Token",
    "Transform",
    "TransformSettings",
    "Trust",
    "changed_at",
    "client_credentials",
    "find_columns",
    "find_files",
    "follow_cursor",
    "follow_link",
    "follow_number",
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
        """Return a name from its home; for a former name what replaced it, with a `DeprecationWarning`."""
        if name in _RENAMED:
            warnings.warn(f"arfeed.{name} is now arfeed.{_RENAMED[name]}", DeprecationWarning, stacklevel=2)
            return getattr(arfeed, _RENAMED[name])
        for home, names in _HOMES.items():
            if name in names.split():
                # Kept, so that this is not asked again.
                found = globals()[name] = getattr(importlib.import_module(home), name)
                return found
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__() -> list[str]:
        """Return the public names also before they are imported."""
        return sorted({*globals(), *__all__})
