"""Finding the header of a table, and proposing what its columns mean."""
