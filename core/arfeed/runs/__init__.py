"""The story of a run: read, plan, review, deliver, record, and report how it ended."""
