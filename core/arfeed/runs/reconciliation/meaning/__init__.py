"""What the headings of a receiver's export mean: by their names, and by how their values agree with what was sent.

`columns` tells the story. `evidence` holds the export's values beside the last report and says how well they agree,
`search` what was found out so far and who answers what stays open. `balance` finds the column of what is still owed,
`currencies` reads symbols, `notation` finds decimal mark and order of dates. Then `accounting` accounts for every other
column, or asks: `sent` is what it may agree with, `computed` what follows from that, `kinds` are words of kinds and
signs, and `closing` sees what closes an invoice beside its balance. `words` are those of such headings.
"""
