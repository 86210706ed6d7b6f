"""Columns, settings, what plugins provide, what runs report, hooks, errors, currencies: nothing here imports a room."""
