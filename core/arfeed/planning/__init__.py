"""From invoices and a baseline to a plan."""
