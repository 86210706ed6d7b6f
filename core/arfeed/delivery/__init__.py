"""Delivery: bringing staged files to the receiver's server, whole or not at all."""

from arfeed.delivery.address import destination_id, is_local, local_path
from arfeed.delivery.remote import Remote, open_remote
from arfeed.delivery.server import About, failed_step, passed_steps
from arfeed.delivery.signs import Sign
from arfeed.delivery.uploads import Outcome, Upload, part_name

__all__ = [
    "About",
    "Outcome",
    "Remote",
    "Sign",
    "Upload",
    "destination_id",
    "failed_step",
    "is_local",
    "local_path",
    "open_remote",
    "part_name",
    "passed_steps",
]
