"""What changed in invoices that stay, and what of it is asked about."""
