"""Acme's package is tested where it is installed, as its author would."""

collect_ignore = ["acme"]
