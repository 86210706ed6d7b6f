"""What is usual in a feed, learned from its own deliveries, and what of a new report is not.

Only rows that are missing without proof are judged. The unit is the customer, not the row: whoever pays, pays several
invoices at once.
"""
