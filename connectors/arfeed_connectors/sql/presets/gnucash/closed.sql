-- GnuCash: what became of customers' invoices, by id, posted or not; every column is worded as in gnucash.sql.
-- An invoice that was unposted keeps its lot, but has no date: it is a draft. Vendors' and employees' bills count for
-- themselves and may have the same ids, so they stay out. splits.lot_guid has no index: lots are added up once.
SELECT
    q.invoice_ref,
    q.kind,
    CASE WHEN q.issued_on IS NULL THEN 'draft' WHEN ABS(q.rest) < 0.00001 THEN 'paid' ELSE 'open' END AS status,
    q.customer_id,
    q.customer_name,
    q.customer_email,
    q.currency,
    q.issued_on,
    q.due_on,
    q.amount,
    CASE WHEN q.issued_on IS NULL OR ABS(q.rest) < 0.00001 THEN 0 ELSE q.rest END AS balance,
    q.po_number
FROM (
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
        b.rest AS rest,
        i.billing_id AS po_number
    FROM {invoices} i
    LEFT JOIN (
        SELECT s.lot_guid, SUM(s.quantity_num * 1.0 / s.quantity_denom) AS rest
        FROM {splits} s WHERE s.lot_guid IS NOT NULL GROUP BY s.lot_guid
    ) b ON b.lot_guid = i.post_lot
    LEFT JOIN {jobs} j ON i.owner_type = 3 AND j.guid = i.owner_guid
    LEFT JOIN {customers} c ON c.guid = CASE i.owner_type WHEN 3 THEN j.owner_guid ELSE i.owner_guid END
    LEFT JOIN {commodities} k ON k.guid = i.currency
    WHERE i.owner_type = 2 OR (i.owner_type = 3 AND j.owner_type = 2)
) q
