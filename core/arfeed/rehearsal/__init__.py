"""A receiver to rehearse with: an SFTP server on this machine that marks as paid what a report no longer lists."""

from arfeed.rehearsal.books import Books, read_books
from arfeed.rehearsal.faults import Faults
from arfeed.rehearsal.page import destination_block, sftp_command
from arfeed.rehearsal.receiver import Receiver, receiver
from arfeed.rehearsal.reports import Headers
from arfeed.rehearsal.standing import Standing, at_hand, standing

__all__ = [
    "Books",
    "Faults",
    "Headers",
    "Receiver",
    "Standing",
    "at_hand",
    "destination_block",
    "read_books",
    "receiver",
    "sftp_command",
    "standing",
]
