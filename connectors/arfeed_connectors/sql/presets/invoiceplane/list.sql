-- InvoicePlane 1.5 and later. MariaDB or MySQL; MyISAM tables have no snapshot, so a change in mid-read fails the run.
-- There is no column for the currency: say `currency`. Status 2 is sent, 3 viewed; drafts (1) may have no number. 4 is paid, and stays
-- when the payment is lowered afterwards, so that something is left. A client has a name and a surname.
-- A credit invoice has the sign -1, and its amounts are negative whichever way they were stored.
SELECT
    i.invoice_number AS invoice_ref,
    CASE a.invoice_sign WHEN '-1' THEN 'credit_note' ELSE 'invoice' END AS kind,
    c.client_id AS customer_id,
    TRIM(REPLACE(
        REPLACE('<name> <surname>', '<surname>', COALESCE(c.client_surname, '')), '<name>', COALESCE(c.client_name, '')
    )) AS customer_name,
    c.client_email AS customer_email,
    i.invoice_date_created AS issued_on,
    i.invoice_date_due AS due_on,
    CASE a.invoice_sign WHEN '-1' THEN -ABS(a.invoice_total) ELSE a.invoice_total END AS amount,
    CASE a.invoice_sign WHEN '-1' THEN -ABS(a.invoice_balance) ELSE a.invoice_balance END AS balance
FROM {invoices} i
LEFT JOIN {invoice_amounts} a ON a.invoice_id = i.invoice_id
LEFT JOIN {clients} c ON c.client_id = i.client_id
WHERE i.invoice_status_id IN (2, 3)
    OR (i.invoice_status_id = 4 AND (a.invoice_balance > 0 OR (a.invoice_sign = '-1' AND a.invoice_balance <> 0)))
