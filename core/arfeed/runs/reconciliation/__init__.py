"""What the receiver believes, read from an export of its own list and compared with the last delivered report."""
