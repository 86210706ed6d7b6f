"""Excel workbooks: sheets, and their cells as Excel shows them."""
