"""Many feeds of one folder: found, chosen, run each in its own process, and summed up."""
