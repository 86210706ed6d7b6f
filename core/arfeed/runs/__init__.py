"""The story of a run: read, plan, review, deliver, record, and tell how it ended."""
