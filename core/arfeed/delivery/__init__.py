"""Delivery: bringing staged files to the receiver's server, whole or not at all."""
