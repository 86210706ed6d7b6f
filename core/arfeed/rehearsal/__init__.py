"""A receiver to rehearse with: an SFTP server on this machine that marks as paid what a report no longer lists."""

from arfeed.rehearsal.books import Books, read_books
from arfeed.rehearsal.receiver import Receiver, receiver

__all__ = ["Books", "Receiver", "read_books", "receiver"]
