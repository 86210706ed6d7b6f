"""Texts: what characters they hold, what of them is secret, how people are shown them."""
