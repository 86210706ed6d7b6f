"""The transforms that come with arfeed."""
