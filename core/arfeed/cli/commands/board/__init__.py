"""`arfeed board` and its commands."""
