-- GnuCash 3 and later, saved as SQLite, PostgreSQL or MySQL (not as XML).
-- What is open is what is left in an invoice's lot, as GnuCash itself counts it: in quantities, which are of the receivable account's
-- currency. Values are of the transaction's, which is another where money came into the register of a bank abroad. Both are fractions.
-- An invoice that was unposted keeps lot and posting, and loses its date. splits.lot_guid has no index, so lots are added up once.
-- The due date is a slot of the posting, the credit-note flag one of the invoice. Invoices to a customer's job are the customer's.
-- Both dates are moments in UTC: due is the local midnight, posted 10:59. arfeed takes the day that it was where they were typed.
SELECT
    i.id AS invoice_ref,
    CASE WHEN (
        SELECT MAX(credit.int64_val) FROM {slots} credit WHERE credit.obj_guid = i.guid AND credit.name = 'credit-note'
    ) = 1 THEN 'credit_note' ELSE 'invoice' END AS kind,
    c.id AS customer_id,
    c.name AS customer_name,
    c.addr_email AS customer_email,
    k.mnemonic AS currency,
    i.date_posted AS issued_on,
    (
        SELECT MAX(due.timespec_val) FROM {slots} due WHERE due.obj_guid = i.post_txn AND due.name = 'trans-date-due'
    ) AS due_on,
    (
        SELECT SUM(p.quantity_num * 1.0 / p.quantity_denom) FROM {splits} p
        WHERE p.tx_guid = i.post_txn AND p.lot_guid = i.post_lot
    ) AS amount,
    b.rest AS balance,
    i.billing_id AS po_number
FROM {invoices} i
LEFT JOIN (
    SELECT s.lot_guid, SUM(s.quantity_num * 1.0 / s.quantity_denom) AS rest
    FROM {splits} s WHERE s.lot_guid IS NOT NULL GROUP BY s.lot_guid
) b ON b.lot_guid = i.post_lot
LEFT JOIN {jobs} j ON i.owner_type = 3 AND j.guid = i.owner_guid
LEFT JOIN {customers} c ON c.guid = CASE i.owner_type WHEN 3 THEN j.owner_guid ELSE i.owner_guid END
LEFT JOIN {commodities} k ON k.guid = i.currency
WHERE i.date_posted IS NOT NULL
    AND (i.owner_type = 2 OR (i.owner_type = 3 AND j.owner_type = 2))
    AND (b.rest IS NULL OR ABS(b.rest) >= 0.00001)
