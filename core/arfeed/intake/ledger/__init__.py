"""What the books say that customers owe, in place of single invoices."""
