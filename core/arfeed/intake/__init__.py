"""From a source to typed invoices."""
