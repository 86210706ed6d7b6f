"""What a terminal shows: tables, progress, logs."""
