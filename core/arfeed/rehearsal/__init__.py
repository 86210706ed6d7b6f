"""A receiver to rehearse with: an SFTP server on this machine that marks as paid what a report no longer lists."""

from arfeed.rehearsal.books import Books, read_books
from arfeed.rehearsal.faults import Faults
from arfeed.rehearsal.receiver import Receiver, receiver
from arfeed.rehearsal.reports import Headers

__all__ = ["Books", "Faults", "Headers", "Receiver", "read_books", "receiver"]
