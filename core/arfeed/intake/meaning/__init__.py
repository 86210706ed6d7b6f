"""What the rows of a file mean, as its settings say: numbers, words, signs; totals, lines and instalments."""
