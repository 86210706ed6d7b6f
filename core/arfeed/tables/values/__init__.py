"""Dates and amounts in the notations that exports use."""
