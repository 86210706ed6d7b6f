"""Reading what a PDF itself says: whose invoice it is.

`child` is a separate process that reads text and embedded invoices by PDFium; `process` starts it, limits it and
starts it again. `words` folds what was read, `numbers` and `amounts` find an invoice's number and amounts in it, and
`judging` decides by them. `checking` tells the story for the PDFs of a run.
"""
