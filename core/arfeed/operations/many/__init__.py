"""Many feeds of one folder: found, chosen, run each in a process of its own, and summed up."""
