"""The kit for authors of plugins: classes to inherit, and fixtures.

In `conftest.py`: `pytest_plugins = ["arfeed.testing"]`. In a test module: `class TestMine(ConnectorConformance)`.
It needs pytest, which `arfeed[testing]` installs.
"""

# The public face of the kit: an author imports from here only, and the modules behind it may change.
from arfeed.plugins.reference import settings_section
from arfeed.testing.apis.conformance import ApiConformance
from arfeed.testing.commands import Outcome
from arfeed.testing.connectors import ConnectorConformance
from arfeed.testing.destinations import DestinationConformance
from arfeed.testing.documents import invoice_pdf, pdfs_of_every_outcome, text_pdf
from arfeed.testing.fixtures import arfeed_project, receiver, sftp_server
from arfeed.testing.invoices import HOSTILE_NAMES, HOSTILE_REFS, SAMPLE, Invoice, frame, plan
from arfeed.testing.notifiers import NotifierConformance
from arfeed.testing.project import ArfeedProject
from arfeed.testing.reviewers import ReviewerConformance
from arfeed.testing.servers import RehearsedReceiver, SFTPServer
from arfeed.testing.shipments import ShipmentConformance
from arfeed.testing.transforms import TransformConformance

__all__ = [
    "HOSTILE_NAMES",
    "HOSTILE_REFS",
    "SAMPLE",
    "ApiConformance",
    "ArfeedProject",
    "ConnectorConformance",
    "DestinationConformance",
    "Invoice",
    "NotifierConformance",
    "Outcome",
    "RehearsedReceiver",
    "ReviewerConformance",
    "SFTPServer",
    "ShipmentConformance",
    "TransformConformance",
    "arfeed_project",
    "frame",
    "invoice_pdf",
    "pdfs_of_every_outcome",
    "plan",
    "receiver",
    "settings_section",
    "sftp_server",
    "text_pdf",
]
