"""The receiver's API, as a run sees it."""
