"""The story of an invoice's PDF, from its file at the source to the copy that delivery uploads.

`finding` looks for the PDFs of all invoices: `listing` lists the files that the setting `documents` names, `template`
reads from their names which invoices claim them, `choice` gives each invoice one file, and `merged` explains why
many may have none. `selection` names the PDFs by the destination's rule, finds collisions, and leaves out what was
sent before. `staging` copies and checks those to send, `contents` reads whose they are, and `selection.settle` makes
that the plan's `DocumentPlan`.
"""
