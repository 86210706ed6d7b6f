"""Files as columns of text: found, opened and split into cells; nothing here is an invoice yet.

`files` finds and opens them, `separated` and `workbook` split them, `headings` finds and interprets the header,
`values` reads dates and amounts, and `printed` takes reports with groups and totals apart. `read` (tables with a
header) and `grid` (every cell) are what connectors use.
"""
