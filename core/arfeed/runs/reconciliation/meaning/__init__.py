"""What the headings of a receiver's export mean: by their names, and by how their values agree with what was sent.

`columns` tells the story. `evidence` holds the export's values beside the last report and says how well they agree,
`search` what was found out so far and who answers what stays open. `balance` finds the column of what is still owed,
`currencies` reads symbols, `closing` sees what closes an invoice beside its balance, `notation` finds decimal mark and
order of dates. `words` are those of such headings.
"""
