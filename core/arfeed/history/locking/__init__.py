"""The lock of a destination and who holds it."""
