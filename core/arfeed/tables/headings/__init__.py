"""Which heading means which column of an invoice."""
