"""Files as columns of text: found, opened, their separators, headings and cells told apart; nothing is typed as an invoice."""
