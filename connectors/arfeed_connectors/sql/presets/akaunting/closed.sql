-- Akaunting: what became of invoices, by number, whatever their status; every column is worded as in akaunting.sql.
-- Cancelled is void, and so is what was deleted, whose row stays.
SELECT
    q.invoice_ref,
    CASE WHEN q.stage = 'open' AND ABS(q.rest) < 0.00001 THEN 'paid' ELSE q.stage END AS status,
    q.company,
    q.customer_id,
    q.customer_name,
    q.customer_email,
    q.currency,
    q.issued_on,
    q.due_on,
    q.amount,
    CASE WHEN q.stage = 'open' AND ABS(q.rest) >= 0.00001 THEN q.rest ELSE 0 END AS balance,
    q.po_number
FROM (
    SELECT
        d.document_number AS invoice_ref,
        CASE
            WHEN d.deleted_at IS NOT NULL OR d.status = 'cancelled' THEN 'void'
            WHEN d.status IN ('draft', 'paid') THEN d.status
            ELSE 'open'
        END AS stage,
        d.company_id AS company,
        d.contact_id AS customer_id,
        d.contact_name AS customer_name,
        d.contact_email AS customer_email,
        d.currency_code AS currency,
        d.issued_at AS issued_on,
        d.due_at AS due_on,
        CAST(d.amount AS DECIMAL(20, 4)) AS amount,
        CAST(d.amount AS DECIMAL(20, 4)) - COALESCE((
            SELECT SUM(
                CASE
                    WHEN t.currency_code = d.currency_code THEN CAST(t.amount AS DECIMAL(20, 4))
                    WHEN d.currency_code IN ('BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND')
                        THEN ROUND(CAST(t.amount / t.currency_rate * d.currency_rate AS DECIMAL(30, 10)), 3)
                    WHEN d.currency_code IN ('CLP', 'ISK', 'JPY', 'KRW', 'PYG', 'UGX', 'VND', 'XAF', 'XOF', 'XPF')
                        THEN ROUND(CAST(t.amount / t.currency_rate * d.currency_rate AS DECIMAL(30, 10)), 0)
                    ELSE ROUND(CAST(t.amount / t.currency_rate * d.currency_rate AS DECIMAL(30, 10)), 2)
                END
            ) FROM {transactions} t WHERE t.document_id = d.id AND t.deleted_at IS NULL
        ), 0) AS rest,
        d.order_number AS po_number
    FROM {documents} d
    WHERE d.type = 'invoice'
) q
