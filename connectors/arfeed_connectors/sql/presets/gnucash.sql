-- GnuCash 3 and later, saved as SQLite, PostgreSQL or MySQL (not as XML).
-- What is open is the sum of an invoice's lot; amounts are fractions. The due date is a slot of the posting, the
-- credit-note flag a slot of the invoice. Invoices to a customer's job belong to the customer. Unposted ones have no lot.
-- Dates are texts in SQLite, of one form or another by version; both are read.
SELECT
    i.id AS invoice_ref,
    CASE WHEN MAX(credit.int64_val) = 1 THEN 'credit_note' ELSE 'invoice' END AS kind,
    c.id AS customer_id,
    c.name AS customer_name,
    c.addr_email AS customer_email,
    k.mnemonic AS currency,
    i.date_posted AS issued_on,
    MAX(due.timespec_val) AS due_on,
    SUM(CASE WHEN s.tx_guid = i.post_txn THEN s.value_num * 1.0 / s.value_denom ELSE 0 END) AS amount,
    SUM(s.value_num * 1.0 / s.value_denom) AS balance,
    i.billing_id AS po_number
FROM {invoices} i
LEFT JOIN {splits} s ON s.lot_guid = i.post_lot
LEFT JOIN {jobs} j ON i.owner_type = 3 AND j.guid = i.owner_guid
LEFT JOIN {customers} c ON c.guid = CASE i.owner_type WHEN 3 THEN j.owner_guid ELSE i.owner_guid END
LEFT JOIN {commodities} k ON k.guid = i.currency
LEFT JOIN {slots} due ON due.obj_guid = i.post_txn AND due.name = 'trans-date-due'
LEFT JOIN {slots} credit ON credit.obj_guid = i.guid AND credit.name = 'credit-note'
WHERE i.post_lot IS NOT NULL
    AND (i.owner_type = 2 OR (i.owner_type = 3 AND j.owner_type = 2))
GROUP BY i.guid, i.id, c.id, c.name, c.addr_email, k.mnemonic, i.date_posted, i.billing_id
HAVING SUM(s.value_num * 1.0 / s.value_denom) <> 0 OR COUNT(s.guid) = 0
