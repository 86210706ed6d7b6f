"""The command line: it parses, calls and prints; nothing is decided here."""

from arfeed.cli.app import main

__all__ = ["main"]
