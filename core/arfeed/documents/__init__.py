"""The whole story of an invoice's PDF: found, chosen, checked, staged, named."""
