-- Akaunting 3. MariaDB, MySQL, PostgreSQL or SQLite; every installation has its own `table_prefix`.
-- Nothing holds what is open: it is the amount less its payments, each brought to the document's currency as Akaunting
-- does it, through the default currency and rounded like the document's. Companies share numbers: `company` is the id.
-- Credit notes are a separate app and not listed. Deleted rows stay in the tables with deleted_at.
SELECT
    d.document_number AS invoice_ref,
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
    ), 0) AS balance,
    d.order_number AS po_number
FROM {documents} d
WHERE d.type = 'invoice'
    AND d.status NOT IN ('draft', 'paid', 'cancelled')
    AND d.deleted_at IS NULL
