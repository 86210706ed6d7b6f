"""Files as columns of text: found, opened and split; nothing here is an invoice yet."""
