"""Delivery: bringing staged files to the receiver's server, whole or not at all."""

from arfeed.delivery.address import destination_id
from arfeed.delivery.publish import Outcome, Upload, part_name
from arfeed.delivery.remote import Remote, open_remote

__all__ = ["Outcome", "Remote", "Upload", "destination_id", "open_remote", "part_name"]
