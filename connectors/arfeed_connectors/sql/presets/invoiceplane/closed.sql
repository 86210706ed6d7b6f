-- InvoicePlane: what became of invoices, by number, whatever their status; every column is worded as in invoiceplane.sql.
-- Status 4 is paid; one whose payment was lowered afterwards, or that was marked by hand, is open with what is left.
SELECT
    i.invoice_number AS invoice_ref,
    CASE a.invoice_sign WHEN '-1' THEN 'credit_note' ELSE 'invoice' END AS kind,
    CASE
        WHEN i.invoice_status_id = 1 THEN 'draft'
        WHEN a.invoice_balance = 0 THEN 'paid'
        WHEN i.invoice_status_id = 4 AND a.invoice_sign <> '-1' AND a.invoice_balance < 0 THEN 'paid'
        ELSE 'open'
    END AS status,
    c.client_id AS customer_id,
    TRIM(REPLACE(
        REPLACE('<name> <surname>', '<surname>', COALESCE(c.client_surname, '')), '<name>', COALESCE(c.client_name, '')
    )) AS customer_name,
    c.client_email AS customer_email,
    i.invoice_date_created AS issued_on,
    i.invoice_date_due AS due_on,
    CASE a.invoice_sign WHEN '-1' THEN -ABS(a.invoice_total) ELSE a.invoice_total END AS amount,
    CASE
        WHEN i.invoice_status_id = 1 THEN 0
        WHEN a.invoice_sign = '-1' THEN -ABS(a.invoice_balance)
        WHEN i.invoice_status_id = 4 AND a.invoice_balance < 0 THEN 0
        ELSE a.invoice_balance
    END AS balance
FROM {invoices} i
LEFT JOIN {invoice_amounts} a ON a.invoice_id = i.invoice_id
LEFT JOIN {clients} c ON c.client_id = i.client_id
