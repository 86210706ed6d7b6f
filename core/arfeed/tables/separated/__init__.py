"""Text files with separators: encoding, separator, quotes and records."""
